"""Which cells or points areas and lines cover, and with which share of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from rencheng.adapters.risk.assets.table import nearest
from rencheng.adapters.risk.events.grids import Frame, GridEvents
from rencheng.adapters.risk.events.table import EARTH_M, EventSet, on_sphere
from rencheng.domain.risk import EventSource
from rencheng.domain.risk_parts import Parts

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Shapes = NDArray[Any]
"""Shapely geometries in lon, lat; None where there is none. (assets,)"""

_CELLS = 100_000
"""Cells that are cut at once. Ours."""
_SLIVER = 1e-9
"""Share of an asset that is no more than rounding. Ours."""
_AREA, _LINE = 2, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Samples:
    """Pieces of assets before they meet an event set."""

    asset: I64
    lonlat: F64
    share: F64


def cover(shapes: Shapes, events: EventSet, step_m: float) -> tuple[EventSource, Parts]:
    """Return an event set and the parts of assets at its points.

    Parameters
    ----------
    shapes
        Valid points, lines and areas in lon, lat [deg], as collections too; None: no place.
    events
        Of grids, areas are cut by the cells, exactly. Of points, an area takes those nearest to the
        middles of squares of `step_m`.
    step_m
        Lines are cut into pieces of at most this length, each of which takes its middle's point.

    Returns
    -------
    source, parts
        Shares are of an area on the sphere, or of the plane for a projected grid; of a length on
        the sphere. The shares of an asset and what is outside sum to 1.

    Notes
    -----
    Straight edges are straight in lon and lat. An asset of several kinds counts its areas alone, or
    its lines where it has none.
    """
    kind = np.where(shapely.is_missing(shapes) | shapely.is_empty(shapes), -1, 0)
    kind = np.maximum(kind, np.where(kind == 0, shapely.get_dimensions(shapes), -1))
    if isinstance(events, GridEvents):
        return _over_cells(shapes, kind, events, step_m)
    pieces = [_lines(shapes, kind, step_m), _points(shapes, kind), _squares(shapes, kind, step_m)]
    asset, lonlat, share = (
        np.concatenate([getattr(one, name) for one in pieces])
        for name in ("asset", "lonlat", "share")
    )
    source, reach_m = events.at(lonlat)
    point = nearest(source.head.place, lonlat, reach_m).astype(np.int64)
    return source, _parts(asset, point, share, kind)


def areas_m2(shapes: Shapes) -> F64:
    """Return the area of each shape on the sphere; 0 of lines, points and none. [m2] (assets,)"""

    def flat(lonlat: F64) -> F64:
        return np.column_stack([np.radians(lonlat[:, 0]), np.sin(np.radians(lonlat[:, 1]))])

    found = shapely.area(shapely.transform(shapes, flat)) * EARTH_M**2
    return np.asarray(np.nan_to_num(found), dtype=np.float64)


def _over_cells(
    shapes: Shapes, kind: I64, events: GridEvents, step_m: float
) -> tuple[EventSource, Parts]:
    frame = events.layers.frame
    found = [(_lines(shapes, kind, step_m)), _points(shapes, kind)]
    assets, keys, shares = [], [], []
    for one in found:
        cell, inside = frame.cells(one.lonlat)
        keys.append(np.where(inside, cell[:, 0] * frame.shape[1] + cell[:, 1], -1))
        assets.append(one.asset)
        shares.append(one.share)
    rows = np.flatnonzero(kind == _AREA)
    for row, shape in zip(rows, _in_frame(shapes[rows], frame), strict=True):
        whole = shapely.area(shape)
        for key, area in _cut(shape, frame):
            keys.append(key)
            shares.append(area / whole)
            assets.append(np.full(key.size, row, dtype=np.int64))
    asset, key, share = (np.concatenate(one) for one in (assets, keys, shares))
    used, point = np.unique(key[key >= 0], return_inverse=True)
    at = np.full(key.size, -1, dtype=np.int64)
    at[key >= 0] = point
    cells = np.column_stack(np.divmod(used, frame.shape[1]))
    source = events.of_cells(cells, frame.centres(cells))
    return source, _parts(asset, at, share, kind)


def _parts(asset: I64, point: I64, share: F64, kind: I64) -> Parts:
    """Return parts with each pair of asset and point once."""
    points = point.max(initial=0) + 1
    pair = (asset * points + point)[point >= 0]
    pair, which = np.unique(pair, return_inverse=True)
    asset, at = np.divmod(pair, points)
    share = np.asarray(np.bincount(which, share[point >= 0], pair.size), dtype=np.float64)
    outside = 1.0 - np.bincount(asset, share, kind.size)
    outside[np.abs(outside) < _SLIVER] = 0.0
    # A sliver that rounding leaves of a neighbour must not make an asset unknown.
    good = share > _SLIVER
    asset, at, kept = asset[good], at[good], share[good]
    kept *= ((1.0 - outside) / np.maximum(np.bincount(asset, kept, kind.size), _SLIVER))[asset]
    outside[kind < 0] = np.nan
    return Parts(
        asset=asset.astype(np.int32),
        point=at.astype(np.int32),
        share=np.asarray(kept, dtype=np.float64),
        outside=np.asarray(outside, dtype=np.float64),
    )


def _in_frame(shapes: Shapes, frame: Frame) -> Shapes:
    """Return areas in the plane of a grid in which equal areas of the ground are equal.

    Of a grid in degrees that is lon and the sine of lat, in which its cells stay rectangles.
    """
    from pyproj import Transformer

    turn = Transformer.from_crs("EPSG:4326", frame.crs, always_xy=True)

    def moved(lonlat: F64) -> F64:
        xy = np.column_stack(turn.transform(*lonlat.T))
        return np.column_stack([xy[:, 0], _upright(xy[:, 1], frame)])

    moved_shapes = np.asarray(shapely.transform(shapes, moved), dtype=object)
    if not frame.is_round:
        return moved_shapes
    west = shapely.bounds(moved_shapes)[:, 0] if len(shapes) else np.zeros(0)
    turns = np.floor((west - frame.x[0]) / 360.0) * 360.0
    return np.array(
        [
            shapely.transform(one, lambda xy, by=by: xy - (by, 0.0)) if by else one
            for one, by in zip(moved_shapes, turns, strict=True)
        ],
        dtype=object,
    )


def _upright(y: F64, frame: Frame) -> F64:
    return np.degrees(np.sin(np.radians(np.clip(y, -90.0, 90.0)))) if frame.is_round else y


def _cut(shape: Any, frame: Frame) -> Iterator[tuple[I64, F64]]:
    """Yield cells, by row x columns + column, and the area of a shape in each."""
    edges = _upright(frame.y, frame)
    west, south, east, north = shapely.bounds(shape)
    left, right = np.searchsorted(frame.x, [west, east], side="right") - [1, 0]
    top, down = np.searchsorted(-edges, [-north, -south], side="right") - [1, 0]
    left, top = max(left, 0), max(top, 0)
    right, down = min(right, frame.shape[1]), min(down, frame.shape[0])
    if left >= right or top >= down:
        return
    shapely.prepare(shape)
    tall = max(1, _CELLS // (right - left))
    for begin in range(top, down, tall):
        rows, columns = np.arange(begin, min(begin + tall, down)), np.arange(left, right)
        row, column = (a.ravel() for a in np.meshgrid(rows, columns, indexing="ij"))
        boxes = shapely.box(frame.x[column], edges[row + 1], frame.x[column + 1], edges[row])
        touched = shapely.intersects(shape, boxes)
        row, column, boxes = row[touched], column[touched], boxes[touched]
        area = shapely.area(boxes)
        edge = ~shapely.contains_properly(shape, boxes)
        area[edge] = shapely.area(shapely.intersection(shape, boxes[edge]))
        yield row * frame.shape[1] + column, area


def _lines(shapes: Shapes, kind: I64, step_m: float) -> _Samples:
    """Return pieces of lines, each of at most `step_m`, by their middles."""
    rows = np.flatnonzero(kind == _LINE)
    lines, of = shapely.get_parts(shapes[rows], return_index=True)
    lines, deeper = shapely.get_parts(lines, return_index=True)  # lines of lines in a collection
    of = of[deeper]
    xy, line = shapely.get_coordinates(lines, return_index=True)
    ends = np.flatnonzero(np.diff(line) == 0)
    begin, end = xy[ends], xy[ends + 1]
    chord = np.linalg.norm(on_sphere(end) - on_sphere(begin), axis=1)
    length = 2.0 * EARTH_M * np.arcsin(np.minimum(chord / (2.0 * EARTH_M), 1.0))
    times = np.maximum(np.ceil(length / step_m), 1.0).astype(np.int64)
    which = np.repeat(np.arange(ends.size), times)
    within = np.arange(which.size) - np.repeat(np.cumsum(times) - times, times)
    at = ((within + 0.5) / times[which])[:, None]
    asset = rows[of[line[ends]]][which]
    total = np.bincount(asset, (length / times)[which], kind.size)
    flat = total[asset] <= 0.0  # a line of no length stands where it begins
    count = np.bincount(asset, minlength=kind.size)
    share = np.where(flat, 1.0 / np.maximum(count[asset], 1), 0.0)
    np.divide((length / times)[which], total[asset], out=share, where=~flat)
    return _Samples(asset=asset, lonlat=begin[which] * (1 - at) + end[which] * at, share=share)


def _points(shapes: Shapes, kind: I64) -> _Samples:
    rows = np.flatnonzero(kind == 0)
    points, of = shapely.get_parts(shapes[rows], return_index=True)
    count = np.bincount(of, minlength=rows.size)
    lonlat = shapely.get_coordinates(points)
    return _Samples(asset=rows[of], lonlat=lonlat, share=1.0 / count[of])


def _squares(shapes: Shapes, kind: I64, step_m: float) -> _Samples:
    """Return areas by the middles of squares; a small one by a point that lies in it."""
    found: list[tuple[int, F64]] = []
    for row in np.flatnonzero(kind == _AREA).tolist():
        inside = [place for place in _middles(shapes[row], step_m) if len(place)]
        found += [(row, place) for place in inside]
        if not inside:
            found.append((row, shapely.get_coordinates(shapely.point_on_surface(shapes[row]))))
    asset = np.repeat([row for row, _ in found], [len(place) for _, place in found])
    lonlat = np.concatenate([np.zeros((0, 2)), *(place for _, place in found)])
    weight = np.cos(np.radians(lonlat[:, 1]))
    asset = asset.astype(np.int64)
    total = np.bincount(asset, weight, kind.size)
    return _Samples(asset=asset, lonlat=lonlat, share=weight / total[asset])


def _middles(shape: Any, step_m: float) -> Iterator[F64]:
    """Yield the middles of squares that lie in an area, row by row from the south."""
    west, south, east, north = shapely.bounds(shape)
    high = np.degrees(step_m / EARTH_M)
    wide = high / max(np.cos(np.radians((south + north) / 2)), 1e-6)
    x = west + wide * (np.arange(max(1, np.ceil((east - west) / wide))) + 0.5)
    y = south + high * (np.arange(max(1, np.ceil((north - south) / high))) + 0.5)
    shapely.prepare(shape)
    for part in np.array_split(y, 1 + x.size * y.size // _CELLS):
        place = np.stack(np.meshgrid(x, part), axis=-1).reshape(-1, 2)
        yield place[shapely.contains_xy(shape, place)]
