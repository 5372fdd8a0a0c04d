"""A layer made ready for drawing: projected, in Morton order, under a tree of boxes.

World units: the web-mercator square is cut into 2³⁰ × 2³⁰, x east, y south. One is a tile unit of
zoom 18, 4 cm on the ground at the equator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import F64, I32, I64, Flags, Shapes

WORLD_BITS = 30
EXTENT_BITS = 12
EXTENT = 1 << EXTENT_BITS
"""Tile units along an edge of a tile: the specification's usual 4096."""
LATITUDE_LIMIT = 85.0511287798066
"""Where the square of web mercator closes: atan(sinh(π)). [deg]"""
NODE = 16
"""Boxes below one box of the tree. No source: our choice."""
POINT, LINE, POLYGON = 1, 2, 3
"""Geometry types as the specification numbers them."""


class Drawing(NamedTuple):
    """Arrays of one layer; rows are in Morton order of the middles of their boxes."""

    xy: I32
    """World units. (vertices, 2)"""
    part: I32
    """First vertex of each part, and the end. (parts + 1,)"""
    shape: I32
    """First part of each row, and the end. (rows + 1,)"""
    row: I32
    """Row in the city's table: the feature's id. (rows,)"""
    kind: NDArray[np.uint8]
    """`POINT`, `LINE` or `POLYGON`. (rows,)"""
    least: NDArray[np.uint8]
    """Zoom from which the row is drawn. (rows,)"""
    code: I32
    """Row among the values, by column; -1: the feature has none. (rows, columns)"""
    box: I32
    """West, north, east, south of the rows, then of each level of the tree above. (nodes, 4)"""
    level: I64
    """First box of each level, and the end. (levels + 1,)"""
    value: NDArray[np.uint8]
    """Values, encoded as fields of a tile's layer. (bytes,)"""
    value_start: I64
    """First byte of each value, and the end. (values + 1,)"""


class Window(NamedTuple):
    """What a tile shows of the world, and how finely."""

    west: int
    """World units of the left upper corner."""
    north: int
    size: int
    """World units along an edge."""
    zoom: int
    step: float
    """Tile units in a world unit."""
    shift: int
    """Binary places of that: step = 2⁻ˢʰⁱᶠᵗ."""
    buffer: float
    """How far geometry reaches beyond the edge. [tile unit]"""
    tolerance: int
    """Vertices nearer than this to the one before, in x and in y, are left out. [tile unit]"""
    least: float
    """Polygons whose box is smaller than this are left out. [tile unit²]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One property of a layer's features."""

    key: str
    code: I32
    """Row in `values`; -1: the feature has none. (rows,)"""
    values: tuple[bytes, ...]
    """Encoded by `wire.value`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A layer of a city before it is made ready."""

    kind: int
    """What `shapes` are: `LINE` or `POLYGON`; `POINT` without them."""
    xy: F64 | None
    """Point of a row that has no shape; lon lat. [deg] (rows, 2)"""
    shapes: Shapes | None
    columns: Sequence[Column]
    least: NDArray[np.uint8]
    """Zoom from which a row is drawn. (rows,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """Vertices of every row; a row without a shape has its point as one part of one vertex."""

    xy: F64
    part_size: I64
    first_part: I64
    parts: I64
    first: I64
    """First vertex. (rows,)"""
    size: I64
    """Vertices; 0: the row has no place. (rows,)"""
    is_point: Flags


def to_world(lonlat: F64) -> I32:
    """Return world units of lon, lat; beyond the edge of the square, the edge. (n, 2)"""
    lat = np.radians(np.clip(lonlat[:, 1], -LATITUDE_LIMIT, LATITUDE_LIMIT))
    size = 1 << WORLD_BITS
    world = np.empty((len(lonlat), 2), dtype=np.int32)
    x = (lonlat[:, 0] + 180.0) / 360.0
    y = 0.5 - np.arctanh(np.sin(lat)) / (2.0 * np.pi)
    world[:, 0] = np.clip(x * size, 0, size - 1)
    world[:, 1] = np.clip(y * size, 0, size - 1)
    return world


def to_lonlat(world: F64) -> F64:
    """Return lon, lat of world units. [deg] (n, 2)"""
    share = np.asarray(world, dtype=np.float64) / (1 << WORLD_BITS)
    lon = share[..., 0] * 360.0 - 180.0
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * share[..., 1]))))
    return np.stack([lon, lat], axis=-1)


def make_drawing(source: Source) -> Drawing:
    """Project, order and index a layer; a row without a place, or with one not finite, is left out.

    Notes
    -----
    A million buildings of five vertices each take about a second and 80 MB.
    """
    pieces = _pieces(source)
    finite = np.isfinite(pieces.xy[:, 0]) & np.isfinite(pieces.xy[:, 1])
    world = to_world(pieces.xy if finite.all() else np.where(finite[:, None], pieces.xy, 0.0))
    usable = pieces.size > 0
    if not finite.all():
        bad = np.concatenate([[0], np.cumsum(~finite)])
        usable &= bad[pieces.first + pieces.size] == bad[pieces.first]
    kept = np.flatnonzero(usable)
    taken = world[_spread(pieces.first[kept], pieces.size[kept])]
    box = _boxes(taken, pieces.size[kept])
    order = np.argsort(_morton(box), kind="stable")
    kept = kept[order]
    tree, level = _tree(box[order])
    value, value_start, codes = _values(source.columns, kept)
    return Drawing(
        xy=world[_spread(pieces.first[kept], pieces.size[kept])],
        part=_ends(pieces.part_size[_spread(pieces.first_part[kept], pieces.parts[kept])]),
        shape=_ends(pieces.parts[kept]),
        row=kept.astype(np.int32),
        kind=np.where(pieces.is_point[kept], POINT, source.kind).astype(np.uint8),
        least=source.least[kept].astype(np.uint8),
        code=codes,
        box=tree,
        level=level,
        value=value,
        value_start=value_start,
    )


def _pieces(source: Source) -> _Pieces:
    rows = len(source.least)
    shapes = source.shapes if source.shapes is not None else Shapes.none(rows)
    part, shape = shapes.part.astype(np.int64), shapes.shape.astype(np.int64)
    parts = np.diff(shape)
    is_point = parts == 0
    bare = np.flatnonzero(is_point)
    extra = np.empty((0, 2)) if source.xy is None else np.asarray(source.xy)[bare]
    rank = np.cumsum(is_point) - 1
    first_part = np.where(is_point, len(part) - 1 + rank, shape[:-1])
    first = np.where(is_point, len(shapes.xy) + rank, part[shape[:-1]])
    alone = 0 if source.xy is None else 1
    return _Pieces(
        xy=np.concatenate([shapes.xy, extra]) if len(extra) else np.asarray(shapes.xy),
        part_size=np.concatenate([np.diff(part), np.ones(len(extra), dtype=np.int64)]),
        first_part=first_part,
        parts=np.where(is_point, alone, parts),
        first=np.minimum(first, len(shapes.xy) + len(extra)),
        size=np.where(is_point, alone, part[shape[1:]] - part[shape[:-1]]),
        is_point=is_point,
    )


def _spread(first: I64, size: I64) -> I64:
    """Return the indices of runs: first[0], first[0] + 1, …, first[1], …"""
    end = np.cumsum(size)
    shift = first - (end - size)
    return np.repeat(shift, size) + np.arange(end[-1] if len(end) else 0)


def _ends(size: I64) -> I32:
    """Return the first index of each run, and the end, of runs that follow each other."""
    return np.concatenate([[0], np.cumsum(size)]).astype(np.int32)


def _boxes(world: I32, size: I64) -> I32:
    """Return west, north, east, south of runs of vertices. (runs, 4)"""
    if len(size) == 0:
        return np.empty((0, 4), dtype=np.int32)
    begin = np.cumsum(size) - size
    least = np.minimum.reduceat(world, begin, axis=0)
    most = np.maximum.reduceat(world, begin, axis=0)
    return np.concatenate([least, most], axis=1)


def _morton(box: I32) -> NDArray[np.uint32]:
    """Return the place of each box's middle on the Z curve over the layer's own extent. (rows,)"""
    if len(box) == 0:
        return np.empty(0, dtype=np.uint32)
    middle = (box[:, :2].astype(np.int64) + box[:, 2:]) // 2
    middle -= middle.min(axis=0)
    span = max(int(middle.max()), 1)
    cell = (middle * 65535 // span).astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        cell = (cell | (cell << np.uint32(shift))) & np.uint32(mask)
    curve: NDArray[np.uint32] = cell[:, 0] | (cell[:, 1] << np.uint32(1))
    return curve


def _tree(box: I32) -> tuple[I32, I64]:
    """Return the boxes of all levels, and where each level begins."""
    levels = [box]
    while len(levels[-1]) > NODE:
        below = levels[-1]
        begin = np.arange(0, len(below), NODE)
        least = np.minimum.reduceat(below[:, :2], begin, axis=0)
        most = np.maximum.reduceat(below[:, 2:], begin, axis=0)
        levels.append(np.concatenate([least, most], axis=1))
    begin = np.cumsum([0] + [len(one) for one in levels])
    return np.concatenate(levels), begin.astype(np.int64)


def _values(
    columns: Sequence[Column], kept: I64
) -> tuple[NDArray[np.uint8], I64, NDArray[np.int32]]:
    """Return the values of all columns in one table, and the rows' codes in it."""
    code = np.full((len(kept), len(columns)), -1, dtype=np.int32)
    sizes: list[int] = []
    whole: list[bytes] = []
    for i, column in enumerate(columns):
        mine = column.code[kept]
        code[:, i] = np.where(mine >= 0, mine + len(whole), -1)
        whole += column.values
        sizes += [len(value) for value in column.values]
    start = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
    return np.frombuffer(b"".join(whole), dtype=np.uint8), start, code
