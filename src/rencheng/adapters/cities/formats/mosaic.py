"""Rasters that came as tiles, read as one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rencheng.adapters.cities.formats.rasters import Raster, Window, box_in, open_raster, strip_rows
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F64
from rencheng.domain.errors import Fault, InvalidInputError

OFF_GRID = 0.05
"""Tiles may lie off the common grid by this share of a cell. Ours."""


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Tiles of one grid; most often a single one."""

    tiles: tuple[Raster, ...]
    at: tuple[tuple[int, int], ...]
    """Row and column of each tile's first cell in the whole."""
    shape: tuple[int, int]
    corner: tuple[float, float]
    """x and y of the upper left corner of the whole."""

    @property
    def first(self) -> Raster:
        """Return the tile that speaks for the others: its unit, type and unknown values."""
        return self.tiles[0]

    @property
    def crs(self) -> str:
        """Return the projection."""
        return self.first.crs

    @property
    def step(self) -> tuple[float, float]:
        """Return width and height of a cell."""
        return self.first.step

    def corner_of(self, window: Window) -> tuple[float, float]:
        """Return x and y of the upper left corner of a window."""
        return (
            self.corner[0] + window.column * self.step[0],
            self.corner[1] - window.row * self.step[1],
        )

    def window_of(self, job: Job) -> Window:
        """Return the whole cells that touch the job's box.

        Raises
        ------
        InvalidInputError
            When the raster lies elsewhere.
        """
        height, width = self.shape
        if job.clip is None:
            return Window(0, 0, height, width)
        west, south, east, north = box_in(self.crs, job.clip)
        columns = (west - self.corner[0]) / self.step[0], (east - self.corner[0]) / self.step[0]
        rows = (self.corner[1] - north) / self.step[1], (self.corner[1] - south) / self.step[1]
        if not all(math.isfinite(edge) for edge in (*columns, *rows)):
            raise self._elsewhere()
        left, right = max(0, math.floor(columns[0])), min(width, math.ceil(columns[1]))
        top, bottom = max(0, math.floor(rows[0])), min(height, math.ceil(rows[1]))
        if right <= left or bottom <= top:
            raise self._elsewhere()
        return Window(top, left, bottom - top, right - left)

    def strips(self, window: Window, job: Job, *, multiple: int = 1) -> Iterator[tuple[int, F64]]:
        """Yield the rows of a window from north to south, with what is unknown as NaN.

        Parameters
        ----------
        window
            Part of the whole.
        job
            Told how far it is; may stop it.
        multiple
            Every strip but the last has a multiple of so many rows.

        Yields
        ------
        row
            First row of the strip, counted from the window's first.
        values
            As the files mean them. (rows, columns)
        """
        rows = strip_rows(window, multiple)
        for first in range(0, window.rows, rows):
            count = min(rows, window.rows - first)
            yield (
                first,
                self._read(Window(window.row + first, window.column, count, window.columns)),
            )
            job.go_on((first + count) / window.rows)

    def _read(self, window: Window) -> F64:
        if len(self.tiles) == 1:
            return self.first.read(window)
        values = np.full((window.rows, window.columns), np.nan)
        for tile, (row, column) in zip(self.tiles, self.at, strict=True):
            top, left = max(window.row, row), max(window.column, column)
            bottom = min(window.row + window.rows, row + tile.shape[0])
            right = min(window.column + window.columns, column + tile.shape[1])
            if bottom <= top or right <= left:
                continue
            part = tile.read(Window(top - row, left - column, bottom - top, right - left))
            here = values[
                top - window.row : bottom - window.row, left - window.column : right - window.column
            ]
            here[...] = np.where(np.isnan(here), part, here)
        return values

    def _elsewhere(self) -> InvalidInputError:
        name = Path(self.first.data.name).name
        return InvalidInputError(
            "raster.elsewhere",
            f"{name} does not touch the city",
            hint="Check the crs of the source, or the box of the city",
            params={"file": name, "crs": self.crs[:60]},
        )


def alone(tile: Raster) -> Mosaic:
    """Return a raster as a mosaic of one tile."""
    return Mosaic((tile,), ((0, 0),), tile.shape, tile.corner)


@contextmanager
def open_mosaic(file: Path, source: Source, job: Job) -> Iterator[Mosaic]:
    """Open a raster and the tiles that the option `also` names, as one.

    Raises
    ------
    InvalidInputError
        When one cannot be used, is not there, or lies on another grid.
    """
    with ExitStack() as stack:
        tiles = tuple(
            stack.enter_context(open_raster(one, source, job)) for one in tiles_of(source, file)
        )
        yield _joined(tiles, source)


def beside(file: Path, name: str) -> list[Path]:
    """Return the files in the same folder that a name fits; `*` stands for any letters."""
    leads_away = any(mark in name for mark in ("/", "\\", "**")) or name in (".", "..")
    return [] if leads_away else sorted(p for p in file.parent.glob(name) if p.is_file())


def tiles_of(source: Source, file: Path) -> tuple[Path, ...]:
    """Return the main file and those of the option `also`: names beside it, joined by `+`.

    Raises
    ------
    InvalidInputError
        When a name fits no file beside the main one.
    """
    found = [file]
    missing = []
    for name in filter(None, (n.strip() for n in str(source.options.get("also", "")).split("+"))):
        files = beside(file, name)
        found += files
        if not files:
            missing.append(name)
    if missing:
        raise InvalidInputError(
            "raster.also",
            f"source {source.id!r}: no file {missing[0]} beside {file.name}",
            hint="Put the tiles beside the first one",
            params={"source": source.id, "count": len(missing), "first": ", ".join(missing[:3])},
            faults=[
                Fault(
                    where="options.also", key="people.age_file", problem=name,
                    hint="Put the file beside the main one", first=(name,),
                )
                for name in missing
            ],
        )  # fmt: skip
    return tuple(dict.fromkeys(found))


def _joined(tiles: tuple[Raster, ...], source: Source) -> Mosaic:
    first = tiles[0]
    left = min(tile.corner[0] for tile in tiles)
    top = max(tile.corner[1] for tile in tiles)
    at, shapes, apart = [], [], []
    for tile in tiles:
        row = (top - tile.corner[1]) / first.step[1]
        column = (tile.corner[0] - left) / first.step[0]
        off = max(abs(row - round(row)), abs(column - round(column)))
        alike = tile.crs == first.crs and np.allclose(tile.step, first.step, rtol=1e-6)
        if not alike or off > OFF_GRID:
            apart.append(Path(tile.data.name).name)
        at.append((round(row), round(column)))
        shapes.append((round(row) + tile.shape[0], round(column) + tile.shape[1]))
    if apart:
        raise InvalidInputError(
            "raster.apart",
            f"source {source.id!r}: {len(apart)} tiles lie on another grid: {apart[:3]}",
            hint="Warp them to one grid first, or take tiles of one publisher and latitude",
            params={"source": source.id, "count": len(apart), "first": ", ".join(apart[:3])},
        )
    whole = (max(rows for rows, _ in shapes), max(columns for _, columns in shapes))
    return Mosaic(tiles, tuple(at), whole, (left, top))
