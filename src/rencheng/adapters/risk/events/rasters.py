"""Rasters as layers of an event set: a file for each event, or a file with a band for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.risk.events.grids import Frame, Read
from rencheng.adapters.risk.events.table import name_faults, numbers
from rencheng.adapters.risk.events.unit_words import unit_of
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.adapters.risk.tables import read_table

F64 = NDArray[np.float64]
RASTERS = (".tif", ".tiff", ".asc")
RATES = "rates.csv"
"""Beside rasters: columns `event` (a file's name without its ending) and `rate` [1/yr]."""


@dataclass(frozen=True, kw_only=True)
class RasterLayers:
    """Rasters, all on one grid."""

    layers: tuple[tuple[Path, int], ...]
    """File and band of each event."""
    names: tuple[str, ...]
    rate: F64
    measure: str
    unit: str

    @cached_property
    def frame(self) -> Frame:
        """Where the cells lie.

        Raises
        ------
        InvalidInputError
            When a raster lies on another grid than the first, or states another unit; one of
            several has several bands.
        """
        grids, units = [], []
        for file, band in self.layers:
            with _raster(file, band) as raster:
                grids.append((raster.crs, raster.corner, raster.step, raster.shape))
                said = raster.data.units[raster.band - 1]
            if said and unit_of(self.measure, said) != (self.unit, 1.0):
                units.append(f"{self.unit} ≠ {said} ({file.name})")
        crs, corner, step, shape = grids[0]
        other = [f.name for (f, _), g in zip(self.layers, grids, strict=True) if g != grids[0]]
        refuse(
            [
                *([fault("grid", self.layers[0][0].parent.name, other)] if other else []),
                *([fault("unit", "events.unit", units)] if units else []),
            ]
        )
        return Frame(
            crs=crs,
            x=corner[0] + step[0] * np.arange(shape[1] + 1),
            y=corner[1] - step[1] * np.arange(shape[0] + 1),
        )

    @cached_property
    def block(self) -> tuple[int, int]:
        """Rows and columns that the first file keeps together."""
        with _raster(*self.layers[0]) as raster:
            rows, columns = raster.data.block_shapes[raster.band - 1]
        return int(rows), int(columns)

    @contextmanager
    def open(self, event: int) -> Iterator[Read]:
        """Open the raster of an event."""
        from rencheng.adapters.cities.formats.rasters import Window

        with _raster(*self.layers[event]) as raster:
            yield lambda *window: raster.read(Window(*window))


def _raster(file: Path, band: int) -> Any:
    from rencheng.adapters.cities.formats.rasters import open_raster

    return open_raster(file, Source(id=file.name, kind="raster"), Job(), band=band or None)


def folder_layers(folder: Path, measure: str, unit: str) -> RasterLayers:
    """Return the rasters of a folder, by name; of a single one, its bands as `file_layers`.

    Raises
    ------
    InvalidInputError
        When there is none, two share a name, or `rates.csv` has a rate that is none, or names a
        raster twice or one that is not there.
    """
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in RASTERS)
    if not files:
        refuse([fault("empty", folder.name, [folder.name])])
    if len(files) == 1:
        return _bands(files[0], folder / RATES, measure, unit)
    names = tuple(f.stem for f in files)
    refuse(_misnamed(folder.name, names))
    rates = _rates(folder / RATES, names)
    return RasterLayers(
        layers=tuple((f, 0) for f in files),
        names=names,
        rate=np.array([rates.get(name, np.nan) for name in names]),
        measure=measure,
        unit=unit,
    )


def file_layers(file: Path, measure: str, unit: str) -> RasterLayers:
    """Return the bands of one raster as events, called as their descriptions or by number.

    Their rates stand in a table beside it, `<name>.rates.csv`.
    """
    return _bands(file, file.with_suffix(f".{RATES}"), measure, unit)


def _bands(file: Path, table: Path, measure: str, unit: str) -> RasterLayers:
    with _raster(file, 1) as raster:
        said = [text or str(row) for row, text in enumerate(raster.data.descriptions, start=1)]
    names = tuple(said) if len(said) > 1 else (file.stem,)
    refuse(_misnamed(file.name, names))
    rates = _rates(table, names)
    return RasterLayers(
        layers=tuple((file, band) for band in range(1, len(names) + 1)),
        names=names,
        rate=np.array([rates.get(name, np.nan) for name in names]),
        measure=measure,
        unit=unit,
    )


def _misnamed(where: str, names: tuple[str, ...]) -> list[Any]:
    known, counts = np.unique(np.array(names, dtype=object), return_counts=True)
    return [*rows_fault("double_event", where, counts > 1, known), *name_faults(where, names)]


def _rates(file: Path, events: tuple[str, ...]) -> Mapping[str, float]:
    if not file.exists():
        return {}
    rows = read_table(file)
    missing = [n for n in ("event", "rate") if n not in rows]
    if missing:
        refuse([fault("columns", file.name, missing)])
    rate, unread = numbers(rows["rate"])
    names = as_texts(rows["event"])
    bad = (rate < 0) | np.isinf(rate)
    bad[unread] = True
    known, counts = np.unique(names, return_counts=True)
    refuse(
        [
            *rows_fault("rate", file.name, bad, names),
            *rows_fault("double_event", file.name, counts > 1, known),
            *rows_fault("rate_event", file.name, ~np.isin(known, events), known),
        ]
    )
    return dict(zip(names.tolist(), rate.tolist(), strict=True))
