"""Finds rows by place and by id; made once for each layer and version of a city."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from rencheng.adapters.exports.geometry import (
    Box,
    Kind,
    boxes,
    extent,
    geometries,
    kind_of,
)
from rencheng.adapters.exports.tables import Ids, Rows, Table
from rencheng.domain.city import F64, I64, City


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerIndex:
    """A layer's boxes in the order of their western edges."""

    table: Table
    city: City
    ids: Ids
    kind: Kind
    extent: Box | None
    order: I64
    """Rows by western edge; those that lie nowhere come last. (rows,)"""
    low: F64
    """Lower left corners in this order. [deg] (rows, 2)"""
    high: F64
    widest: float
    """Largest width of a box. [deg]"""

    @classmethod
    def of(cls, table: Table, city: City) -> LayerIndex:
        """Index a layer."""
        low, high = boxes(table, city)
        order = np.argsort(low[:, 0], kind="stable")
        width = high[:, 0] - low[:, 0]
        return cls(
            table=table,
            city=city,
            ids=Ids.of(table, city),
            kind=kind_of(table, city),
            extent=extent(low, high),
            order=order,
            low=low[order],
            high=low[order] if high is low else high[order],
            widest=float(np.nanmax(width, initial=0.0)) if width.size else 0.0,
        )

    def within(self, box: Box) -> Rows:
        """Return the rows whose geometry touches a box, and those that lie nowhere, in order.

        A box whose west is greater than its east crosses the 180th meridian.
        """
        west, south, east, north = box
        if west > east:
            found = self.within((west, south, 180.0, north))
            return np.union1d(found, self.within((-180.0, south, east, north)))
        inside = self.extent
        if inside is None or (
            west <= inside[0] and south <= inside[1] and east >= inside[2] and north >= inside[3]
        ):
            return self.table.all_rows(self.city)
        return self._touching(box)

    def _touching(self, box: Box) -> Rows:
        west, south, east, north = box
        somewhere = self.order.size - int(np.isnan(self.low[:, 0]).sum())
        edges = self.low[:somewhere, 0]
        first = int(np.searchsorted(edges, west - self.widest, side="left"))
        end = int(np.searchsorted(edges, east, side="right"))
        low, high = self.low[first:end], self.high[first:end]
        near = (high[:, 0] >= west) & (high[:, 1] >= south) & (low[:, 1] <= north)
        if self.kind.name != "Point" and near.any():
            near = self._exact(near, first, box)
        flags = np.zeros(self.order.size, dtype=np.bool_)
        flags[self.order[first:end][near]] = True
        flags[self.order[somewhere:]] = True
        return np.flatnonzero(flags)

    def _exact(self, near: np.ndarray, first: int, box: Box) -> np.ndarray:
        """Look closer at those whose box touches the box's edge."""
        import shapely

        end = first + near.size
        inside = (self.low[first:end] >= box[:2]) & (self.high[first:end] <= box[2:])
        doubtful = np.flatnonzero(near & ~inside.all(axis=1))
        shapes = geometries(self.table, self.city, self.order[first:end][doubtful], self.kind)
        near = near.copy()
        near[doubtful] = shapely.intersects(shapes, shapely.box(*box))
        return near


@dataclass(slots=True)
class IndexCache:
    """Indexes of the version that is served; an older version's are let go."""

    _kept: dict[tuple[str, str], LayerIndex] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, table: Table, city: City) -> LayerIndex:
        """Return the index of a layer."""
        key = (city.version, table.name)
        with self._lock:
            if key not in self._kept:
                self._kept = {k: v for k, v in self._kept.items() if k[0] == city.version}
                self._kept[key] = LayerIndex.of(table, city)
            return self._kept[key]
