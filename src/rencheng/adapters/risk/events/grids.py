"""Events on a grid: every event's cells are read once, in pieces, and only those that count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.spool import SpooledEvents
from rencheng.adapters.risk.events.table import stored_faults
from rencheng.adapters.risk.faults import refuse
from rencheng.domain.risk import EventHead, EventSource

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Read = Callable[[int, int, int, int], F64]
"""First row, first column, rows, columns → values from north to south, NaN unknown."""
READ_CELLS = 131_072
"""Cells that are read at once: 1 MB as floats, a few times that while they are. Ours."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where the cells of a grid lie."""

    crs: str
    x: F64
    """Edges of the columns, rising. (columns + 1,)"""
    y: F64
    """Edges of the rows, falling from the north. (rows + 1,)"""

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return self.y.size - 1, self.x.size - 1

    def cells(self, lonlat: F64) -> tuple[I64, NDArray[np.bool_]]:
        """Return row and column of each place from the north, and whether the grid has it."""
        from pyproj import Transformer

        x, y = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(*lonlat.T)
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        known = np.isfinite(x) & np.isfinite(y)
        x, y = np.where(known, x, np.inf), np.where(known, y, -np.inf)
        if self.is_round:  # 350° and -10° are one place
            x[known] = self.x[0] + np.mod(x[known] - self.x[0], 360.0)
        column = np.searchsorted(self.x, x, side="right") - 1
        row = np.searchsorted(-self.y, -y, side="right") - 1
        inside = (row >= 0) & (column >= 0) & (row < self.shape[0]) & (column < self.shape[1])
        cells = np.column_stack([row, column]).astype(np.int64)
        cells[~inside] = 0
        return cells, inside

    @cached_property
    def is_round(self) -> bool:
        """Whether x is a longitude."""
        from pyproj import CRS

        return bool(CRS.from_user_input(self.crs).is_geographic)

    def centres(self, cells: I64) -> F64:
        """Return the middle of cells: lon, lat. [deg] (cells, 2)"""
        from pyproj import Transformer

        x = (self.x[:-1] + self.x[1:])[cells[:, 1]] / 2
        y = (self.y[:-1] + self.y[1:])[cells[:, 0]] / 2
        turn = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        return np.column_stack(turn.transform(x, y))


class Layers(Protocol):
    """One layer of cells for each event, all on one frame."""

    @property
    def frame(self) -> Frame:
        """Where the cells lie."""

    @property
    def block(self) -> tuple[int, int]:
        """Rows and columns that the file keeps together."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the events."""

    @property
    def rate(self) -> F64:
        """How often each happens; NaN unknown. [1/yr] (events,)"""

    def open(self, event: int) -> AbstractContextManager[Read]:
        """Return how cells of an event are read."""


@dataclass(frozen=True, kw_only=True)
class GridEvents:
    """An event set of layers on a grid."""

    layers: Layers
    measure: str
    unit: str
    source: str
    is_nodata_dry: bool = False
    """Whether cells without a value are not reached, instead of unknown."""
    of: str = ""
    """Event of which the layers are fields drawn; empty: each is an event of its own."""

    def at(self, lonlat: F64) -> tuple[EventSource, float]:
        """Return the events at the cells in which places lie. No place is far from itself."""
        place = np.unique(lonlat[~np.isnan(lonlat).any(axis=1)], axis=0)
        cells, inside = self.layers.frame.cells(place)
        return self.of_cells(cells[inside], place[inside]), 0.0

    def of_cells(self, cells: I64, place: F64) -> EventSource:
        """Return the events at cells; each file is read once.

        Parameters
        ----------
        cells
            Row and column from the north. (points, 2)
        place
            What the points are said to lie at. [deg] (points, 2)
        """
        head = EventHead(
            place=place,
            rate=self.layers.rate,
            names=self.layers.names,
            measure=self.measure,
            unit=self.unit,
            source=self.source,
            of=self.of,
        )
        return SpooledEvents(head, self._rows(head, cells))

    def _rows(self, head: EventHead, cells: I64) -> Iterator[tuple[I32, F32]]:
        parts = pieces(cells, self.layers.block, self.layers.frame.shape)
        for event in range(len(head.names)):
            values = np.zeros(len(cells))
            if len(cells):
                with self.layers.open(event) as read:
                    for window, members in parts:
                        found = read(*window)
                        at = cells[members] - window[:2]
                        values[members] = found[at[:, 0], at[:, 1]]
            dry = values == 0.0
            if self.is_nodata_dry:
                dry |= np.isnan(values)
            point = np.flatnonzero(~dry).astype(np.int32)
            x = values[point].astype(np.float32)
            refuse(stored_faults(head, np.array([0, point.size]), point, x, first_event=event))
            yield point, x


def pieces(
    cells: I64, block: tuple[int, int], shape: tuple[int, int]
) -> list[tuple[tuple[int, int, int, int], I64]]:
    """Return windows that hold all cells, none larger than `READ_CELLS`, and the cells of each.

    Parameters
    ----------
    cells
        Row and column. (cells, 2)
    block
        Rows and columns that the file keeps together: windows follow them, so that a block is
        seldom read twice.
    shape
        Rows and columns of the grid.
    """
    if not len(cells):
        return []
    wide = min(max(block[1], 256), shape[1], READ_CELLS)
    tall = max(1, READ_CELLS // wide)
    tall = tall // block[0] * block[0] or tall
    key = cells // (tall, wide)
    order = np.lexsort([key[:, 1], key[:, 0]])
    key = key[order]
    cuts = np.flatnonzero((np.diff(key, axis=0) != 0).any(axis=1)) + 1
    found = []
    for members in np.split(order, cuts):
        top, left = cells[members].min(axis=0)
        down, right = cells[members].max(axis=0) + 1
        found.append(((int(top), int(left), int(down - top), int(right - left)), members))
    return found
