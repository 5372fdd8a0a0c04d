"""Lots: the places along the streets of a zone where a building can stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from rencheng.adapters.cities.generate.assumptions import Lots
from rencheng.adapters.cities.ground import Geometries, row_of
from rencheng.adapters.cities.streets import Streets
from rencheng.domain.city import F64, I32, Flags

# How many random places are tried for each building that finds no lot, and among how many of those
# nearest to a street it is chosen. No source: house defaults.
TRIES, NEAREST = 12, 4


@dataclass(frozen=True, slots=True)
class Places:
    """Places, in metres, zone by zone."""

    xy: F64
    zone: I32
    link: I32
    """Nearest street. (places,)"""
    is_main: Flags
    """Whether that street is a main one. (places,)"""
    is_on_street: Flags
    """Whether the place is a lot along a street of its zone. (places,)"""


def frontage(streets: Streets, areas: Geometries, lots: Lots) -> tuple[Places, I32]:
    """Return every lot along the eligible streets, and the row behind the street it is in.

    A lot belongs to the zone that it lies in; lots outside all zones, or whose street belongs to
    another zone, are dropped.
    """
    kinds = streets.roads.kinds
    usable = np.isin(streets.roads.kind, [kinds.index(k) for k in lots.kinds if k in kinds])
    rows = np.flatnonzero(usable & (streets.roads.length_m >= lots.spacing_m))
    count = np.floor(streets.roads.length_m[rows] / lots.spacing_m).astype(np.int64)
    link = np.repeat(rows, count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    along = (step + 0.5) * lots.spacing_m
    lines = streets.lines[link]
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, along + 1.0))
    way = ahead - here
    way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)[:, None]
    side = np.column_stack([-way[:, 1], way[:, 0]])
    offsets = [(depth, row) for row, d in enumerate(lots.rows_m) for depth in (d, -d)]
    xy = np.concatenate([here + depth * side for depth, _ in offsets])
    behind = np.repeat([row for _, row in offsets], len(link)).astype(np.int32)
    links = np.tile(link, len(offsets)).astype(np.int32)
    zone = row_of(areas, xy)
    kept = (zone >= 0) & (zone == streets.roads.zone[links])
    return _places(streets, lots, xy[kept], zone[kept], links[kept]), behind[kept]


def _places(
    streets: Streets, lots: Lots, xy: F64, zone: I32, link: I32, *, on_street: bool = True
) -> Places:
    kinds = streets.roads.kinds
    main = [kinds.index(k) for k in lots.main_kinds if k in kinds]
    is_main = np.isin(streets.roads.kind[link], main)
    return Places(xy, zone, link, is_main, np.full(len(xy), on_street))


def choose_places(
    need: np.ndarray, streets: Streets, areas: Geometries, lots: Lots, rng: np.random.Generator
) -> Places:
    """Return as many places in each zone as are needed, sorted by zone.

    Front rows fill first, in random order. Where the streets of a zone have no lots left (some
    zones have no mapped street at all), the rest stand off the streets, at random but near to
    them; `is_on_street` says which.

    Parameters
    ----------
    need
        Buildings by zone. (zones,)
    """
    front, behind = frontage(streets, areas, lots)
    order = np.lexsort((rng.random(len(behind)), behind, front.zone))
    zone = front.zone[order]
    first = np.searchsorted(zone, np.arange(len(need)))
    rank = np.arange(len(zone)) - first[zone]
    taken = order[rank < need[zone]]
    found = [
        Places(
            front.xy[taken], front.zone[taken], front.link[taken], front.is_main[taken],
            front.is_on_street[taken],
        )
    ]  # fmt: skip
    lack = need - np.bincount(front.zone[taken], minlength=len(need))
    tree = shapely.STRtree(streets.lines)
    for row in np.flatnonzero(lack > 0):
        xy, link = _off_street(areas[row], int(lack[row]), tree, rng)
        of_zone = np.full(len(xy), row, dtype=np.int32)
        found.append(_places(streets, lots, xy, of_zone, link, on_street=False))
    whole = Places(
        *(
            np.concatenate([getattr(p, name) for p in found])
            for name in ("xy", "zone", "link", "is_main", "is_on_street")
        )
    )
    sort = np.lexsort((whole.link, whole.zone))
    return Places(
        whole.xy[sort], whole.zone[sort], whole.link[sort], whole.is_main[sort],
        whole.is_on_street[sort],
    )  # fmt: skip


def _off_street(
    area: shapely.Geometry, count: int, tree: shapely.STRtree, rng: np.random.Generator
) -> tuple[F64, I32]:
    """Return random places inside an area, those nearest to a street, and that street."""
    west, south, east, north = shapely.bounds(area)
    shapely.prepare(area)
    inside = np.empty((0, 2))
    while len(inside) < TRIES * count:
        tried = rng.uniform((west, south), (east, north), size=(4 * TRIES * count, 2))
        inside = np.concatenate([inside, tried[shapely.contains_xy(area, tried)]])
    inside = inside[: TRIES * count]
    points = shapely.points(inside)
    link = tree.nearest(points).astype(np.int32)
    away = shapely.distance(points, tree.geometries[link])
    near = np.argsort(away, kind="stable")[: NEAREST * count]
    chosen = np.sort(rng.choice(near, size=count, replace=False))
    return inside[chosen], link[chosen]
