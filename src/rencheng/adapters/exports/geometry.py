"""Ragged arrays as shapely geometries, for some rows or all, without a loop over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.exports.tables import Rows, Table
from rencheng.domain.city import F64, I64, City, Flags, Shapes

DIGITS = 7
"""Decimal places of a degree that leave the house: about 1 cm, as permanent ids have."""
Geometries = NDArray[np.object_]
Box = tuple[float, float, float, float]
"""West, south, east, north. [deg]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What geometry a layer has, the same for all its rows."""

    name: str
    """`Point`, `LineString`, `MultiLineString`, `Polygon`, `MultiPolygon`; `Unknown`: some rows
    have a shape and the others a point; empty: none."""
    is_multi: bool = False


def kind_of(table: Table, city: City) -> Kind:
    """Return what geometry a layer has."""
    if table.shape in ("", "point") or table.shapes is None:
        return Kind(name="Point" if table.shape else "")
    shapes = table.shapes(city)
    parts = np.diff(shapes.shape)
    if table.shape == "line":
        is_multi = bool((parts > 1).any())
        return Kind(name="MultiLineString" if is_multi else "LineString", is_multi=is_multi)
    if parts.size and not parts.any() and table.xy is not None:
        return Kind(name="Point")
    rings = _Rings.of(shapes, np.flatnonzero(parts > 1))
    is_multi = bool((rings.polygons > 1).any())
    if (parts == 0).any() and table.xy is not None:
        return Kind(name="Unknown", is_multi=is_multi)
    return Kind(name="MultiPolygon" if is_multi else "Polygon", is_multi=is_multi)


def geometries(table: Table, city: City, rows: Rows, kind: Kind | None = None) -> Geometries:
    """Return the geometry of some rows; a row without a shape has its point, else None. (n,)"""
    import shapely

    kind = kind or kind_of(table, city)
    found: Geometries = np.full(rows.size, None, dtype=object)
    if not kind.name:
        return found
    shapes = table.shapes(city) if table.shapes is not None else Shapes.none(0)
    is_shaped = np.zeros(rows.size, dtype=np.bool_)
    if kind.name != "Point":
        is_shaped = np.diff(shapes.shape)[rows] > 0
        make = _lines if table.shape == "line" else _polygons
        found[is_shaped] = make(shapes, rows[is_shaped], is_multi=kind.is_multi)
    if table.xy is not None and not is_shaped.all():
        xy = np.round(table.xy(city)[rows[~is_shaped]], DIGITS)
        has_place = np.isfinite(xy).all(axis=1)
        points = np.full(len(xy), None, dtype=object)
        points[has_place] = shapely.points(xy[has_place])
        found[~is_shaped] = points
    return found


def boxes(table: Table, city: City) -> tuple[F64, F64]:
    """Return the lower left and upper right corner of every row; NaN: nowhere. [deg] (rows, 2)"""
    count = table.count(city)
    points = table.xy(city) if table.xy is not None else np.full((count, 2), np.nan)
    if table.shapes is None:
        return points, points
    shapes = table.shapes(city)
    has = np.flatnonzero(np.diff(shapes.shape) > 0)
    if not has.size:
        return points, points
    first = shapes.part[shapes.shape[has]].astype(np.int64)
    low, high = np.array(points, dtype=np.float64), np.array(points, dtype=np.float64)
    end = int(shapes.part[shapes.shape[has[-1] + 1]])
    low[has] = np.minimum.reduceat(shapes.xy[:end], first, axis=0)
    high[has] = np.maximum.reduceat(shapes.xy[:end], first, axis=0)
    return low, high


def extent(low: F64, high: F64) -> Box | None:
    """Return the box around everything, None where nothing lies anywhere."""
    if not low.size or not np.isfinite(low).any():
        return None
    scale = 10.0**DIGITS
    west, south = np.floor(np.nanmin(low, axis=0) * scale) / scale
    east, north = np.ceil(np.nanmax(high, axis=0) * scale) / scale
    return float(west), float(south), float(east), float(north)


def _spread(start: NDArray[Any], count: NDArray[Any]) -> I64:
    """Return start[0], start[0] + 1, … count[0] of them, then the same for the next."""
    end = np.cumsum(count)
    shift = np.repeat(start - (end - count), count)
    return np.asarray(np.arange(end[-1] if end.size else 0) + shift, dtype=np.int64)


def _offsets(count: NDArray[Any]) -> I64:
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Rings:
    """The rings of some polygons; outer ones run anticlockwise, holes clockwise (RFC 7946)."""

    xy: F64
    vertices: I64
    """Vertices of each ring. (rings,)"""
    is_outer: Flags
    polygons: I64
    """Polygons of each shape. (shapes,)"""

    @classmethod
    def of(cls, shapes: Shapes, rows: Rows) -> _Rings:
        count = np.diff(shapes.shape)[rows].astype(np.int64)
        parts = _spread(shapes.shape[rows], count)
        vertices = np.diff(shapes.part)[parts].astype(np.int64)
        start = shapes.part[parts].astype(np.int64)
        xy = shapes.xy[_spread(start, vertices)]
        first = _offsets(vertices)
        turn = _turn(xy, first[:-1], vertices)
        shape = np.repeat(np.arange(rows.size), count)
        leads = _offsets(count)[:-1]
        is_outer = turn * turn[leads][shape] >= 0 if count.size else np.zeros(0, dtype=np.bool_)
        is_outer[leads] = True
        backwards = np.where(is_outer, turn < 0, turn > 0)
        if backwards.any():
            ring = np.repeat(np.arange(parts.size), vertices)
            place = np.arange(len(xy))
            mirrored = first[ring] + first[ring + 1] - 1 - place
            xy = xy[np.where(backwards[ring], mirrored, place)]
        polygons = np.bincount(shape, weights=is_outer, minlength=rows.size).astype(np.int64)
        return cls(np.round(xy, DIGITS), vertices, is_outer, polygons)


def _turn(xy: F64, first: I64, count: I64) -> F64:
    """Return twice the signed area of each ring; positive runs anticlockwise. (rings,)"""
    if not first.size:
        return np.zeros(0)
    near = xy - np.repeat(xy[first], count, axis=0)
    cross = near[:-1, 0] * near[1:, 1] - near[1:, 0] * near[:-1, 1]
    cross = np.append(cross, 0.0)
    cross[(first + count)[:-1] - 1] = 0.0  # the step from one ring to the next
    return np.asarray(np.add.reduceat(cross, first))


def _polygons(shapes: Shapes, rows: Rows, *, is_multi: bool) -> Geometries:
    import shapely

    rings = _Rings.of(shapes, rows)
    if not rows.size:
        return np.empty(0, dtype=object)
    to_vertex = _offsets(rings.vertices)
    to_ring = np.append(np.flatnonzero(rings.is_outer), rings.is_outer.size)
    kind = shapely.GeometryType.POLYGON
    offsets: tuple[NDArray[Any], ...] = (to_vertex, to_ring)
    if is_multi:
        kind, offsets = shapely.GeometryType.MULTIPOLYGON, (*offsets, _offsets(rings.polygons))
    found: Geometries = shapely.from_ragged_array(kind, rings.xy, offsets)
    return found


def _lines(shapes: Shapes, rows: Rows, *, is_multi: bool) -> Geometries:
    import shapely

    if not rows.size:
        return np.empty(0, dtype=object)
    count = np.diff(shapes.shape)[rows].astype(np.int64)
    parts = _spread(shapes.shape[rows], count)
    vertices = np.diff(shapes.part)[parts].astype(np.int64)
    xy = np.round(shapes.xy[_spread(shapes.part[parts], vertices)], DIGITS)
    kind = shapely.GeometryType.LINESTRING
    offsets: tuple[NDArray[Any], ...] = (_offsets(vertices),)
    if is_multi:
        kind, offsets = shapely.GeometryType.MULTILINESTRING, (*offsets, _offsets(count))
    found: Geometries = shapely.from_ragged_array(kind, xy, offsets)
    return found
