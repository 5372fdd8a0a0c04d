"""Areas out of an extract: closed ways, and relations whose ways make rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.formats.osm.extract import MEMBER_WAY, Extract, spread
from rencheng.adapters.cities.given import Geometries
from rencheng.domain.city import F64, I64, Flags
from rencheng.domain.finding import Severity

RING_ROLES = ("", "outer", "inner")
"""Roles of members that are part of an area's edge."""


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas and the rows of the ways or relations that they are made of."""

    row: I64
    area: Geometries
    """Valid polygons or multipolygons. (areas,)"""


def areas_of_ways(extract: Extract, rows: I64, faults: Faults) -> Areas:
    """Return the areas of closed ways; what makes none is noted and left out."""
    first, last = extract.way_first[rows], extract.way_first[rows + 1]
    count = last - first
    node = extract.node_rows(extract.way_ref[spread(first, count)])
    of = np.repeat(np.arange(rows.size), count)
    lost = np.zeros(rows.size, dtype=np.bool_)
    lost[of[node < 0]] = True
    start = np.minimum(first, extract.way_ref.size - 1)
    is_closed = (count > 0) & (extract.way_ref[start] == extract.way_ref[last - 1])
    is_open = ~lost & ~is_closed
    small = ~lost & is_closed & (count < 4)
    xy = np.full((rows.size, 2), np.nan)
    known = node >= 0
    xy[of[known]] = extract.degrees(node[known])
    ids = extract.way_id[rows]
    _note(faults, "osm_area_cut", Severity.WARNING, ids, xy, lost)
    _note(faults, "osm_ring_open", Severity.WARNING, ids, xy, is_open | small)
    kept = ~(lost | is_open | small)
    nodes = kept[of]
    places = extract.degrees(node[nodes])
    rings = shapely.linearrings(places, indices=(np.cumsum(kept) - 1)[of[nodes]])
    areas = np.asarray(shapely.polygons(rings), dtype=object)
    return _mended(rows[kept], areas, ids[kept], xy[kept], faults)


def areas_of_relations(extract: Extract, rows: I64, faults: Faults) -> Areas:
    """Return the areas that the ways of relations enclose; what makes none is noted and left out.

    Notes
    -----
    Ways are noded at their shared ends and every face is taken whose nesting depth is odd, so an
    outer ring in a hole is an island, and a wrong role (outer for inner) does no harm.
    """
    first, last = extract.relation_first[rows], extract.relation_first[rows + 1]
    at = spread(first, last - first)
    of = np.repeat(np.arange(rows.size), last - first)
    roles = np.isin(extract.values, np.array(RING_ROLES, dtype=object))
    edge = (extract.member_kind[at] == MEMBER_WAY) & roles[extract.member_role[at]]
    of, at = of[edge], at[edge]
    way = extract.way_rows(extract.member_id[at])
    begin, end = extract.way_first[way], extract.way_first[way + 1]
    count = np.where(way >= 0, end - begin, 0)
    node = extract.node_rows(extract.way_ref[spread(begin, count)])
    line = np.repeat(np.arange(way.size), count)
    lost = np.zeros(rows.size, dtype=np.bool_)
    lost[of[way < 0]] = True
    lost[of[line[node < 0]]] = True
    kept = (count > 1) & ~lost[of]
    inside = kept[line]
    places = extract.degrees(node[inside])
    lines = shapely.linestrings(places, indices=(np.cumsum(kept) - 1)[line[inside]])
    of, begin, end = of[kept], begin[kept], end[kept]
    xy = np.full((rows.size, 2), np.nan)
    xy[of[::-1]] = shapely.get_coordinates(shapely.get_point(lines, 0))[::-1]
    is_open = _odd_ends(extract, of, begin, end, rows.size)
    empty = ~lost & ~np.isin(np.arange(rows.size), of)
    ids = extract.relation_id[rows]
    _note(faults, "osm_area_cut", Severity.WARNING, ids, xy, lost)
    _note(faults, "osm_ring_open", Severity.WARNING, ids, xy, is_open | empty)
    good = ~(lost | is_open | empty)
    shared = np.asarray(lines, dtype=object)[good[of]]
    edges = shapely.multilinestrings(shared, indices=(np.cumsum(good) - 1)[of[good[of]]])
    areas = np.asarray(shapely.build_area(edges), dtype=object)
    return _mended(rows[good], areas, ids[good], xy[good], faults, edges)


def _odd_ends(extract: Extract, of: I64, begin: I64, end: I64, size: int) -> Flags:
    """Return which relations have a node where an odd number of ways ends: no closed rings."""
    ends = np.concatenate([extract.way_ref[begin], extract.way_ref[end - 1]])
    pair = np.column_stack([np.concatenate([of, of]), ends])
    found, times = np.unique(pair, axis=0, return_counts=True)
    out = np.zeros(size, dtype=np.bool_)
    out[found[times % 2 == 1, 0]] = True
    return out


def _mended(
    rows: I64, areas: Geometries, ids: I64, xy: F64, faults: Faults, edges: Geometries | None = None
) -> Areas:
    """Mend what crosses itself, and leave out what has no area then."""
    broken = ~np.asarray(shapely.is_valid(areas), dtype=np.bool_)
    if edges is not None:
        # Rings that cross without a shared node enclose nothing until they are cut there.
        broken |= np.asarray(shapely.is_empty(areas))
        areas[broken] = shapely.build_area(shapely.node(edges[broken]))
    areas[broken] = [_polygons(g) for g in shapely.make_valid(areas[broken])]
    flat = np.asarray((shapely.area(areas) <= 0) | shapely.is_empty(areas), dtype=np.bool_)
    _note(faults, "osm_ring_mended", Severity.INFO, ids, xy, broken & ~flat)
    _note(faults, "osm_ring_flat", Severity.WARNING, ids, xy, flat)
    return Areas(rows[~flat], areas[~flat])


def _polygons(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of what mending left, without its lines and points."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    kept = [part for part in parts if part.geom_type == "Polygon" and part.area > 0]
    if not kept:
        return shapely.Polygon()
    return kept[0] if len(kept) == 1 else shapely.MultiPolygon(kept)


def _note(
    faults: Faults,
    key: str,
    severity: Severity,
    ids: I64,
    places: F64,
    which: Sequence[bool] | Flags,
) -> None:
    at = np.flatnonzero(which)
    faults.add(key, severity, ids[at], places[at])
