"""Facilities and stops out of an extract."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.formats import osm_tags
from rencheng.adapters.cities.formats.osm.areas import Areas, areas_of_relations, areas_of_ways
from rencheng.adapters.cities.formats.osm.extract import Extract, Tags, spread
from rencheng.adapters.cities.formats.osm.stock import Things, area_relations
from rencheng.adapters.cities.given import Names, RawPlaces, RawStops
from rencheng.domain.city import F64, I64, Flags
from rencheng.domain.finding import Severity

NO_DEPARTURES = -1
"""A map knows no timetable."""


def read_places(extract: Extract, names: Sequence[str], faults: Faults) -> RawPlaces:
    """Return the facilities of an extract, mapped as points or as areas.

    Returns
    -------
    places
        Ids are `osm-n1`, `osm-w1`, `osm-r1` for node, way and relation 1. Beds and places are
        NaN where no tag counts them; `capacity` counts only for shelter candidates.

    Notes
    -----
    A point or area inside an area of the same kind, of the same name or without one, is the same
    facility: the outer one is kept and takes what only the inner one says. A hospital that says
    nothing of emergencies is taken to have an emergency department.
    """
    node_kind = _kinds(extract, extract.node_tags, extract.node_id.size)
    way_kind = _kinds(extract, extract.way_tags, extract.way_id.size)
    relation_kind = _kinds(extract, extract.relation_tags, extract.relation_id.size)
    relation_kind[~area_relations(extract)] = ""
    things = Things(
        extract,
        np.flatnonzero(node_kind != ""),
        areas_of_ways(extract, np.flatnonzero(way_kind != ""), faults),
        areas_of_relations(extract, np.flatnonzero(relation_kind != ""), faults),
    )
    rows = (things.node, things.way.row, things.relation.row)
    kinds = (node_kind, way_kind, relation_kind)
    kind: Names = np.concatenate([k[r] for k, r in zip(kinds, rows, strict=True)])
    is_shelter = kind == "shelter"
    beds = things.read("beds", osm_tags.number)
    beds = np.where(np.isnan(beds), things.read("capacity:beds", osm_tags.number), beds)
    room = np.where(is_shelter, things.read("capacity", osm_tags.number), np.nan)
    says = things.tag("emergency")
    guessed = (kind == "hospital") & ~np.isin(says, np.array(["yes", "no"], dtype=object))
    places = RawPlaces(
        id=_ids(things),
        name=things.first_tag(names),
        kind=kind,
        xy=things.xy,
        beds=beds,
        shelter_places=room,
        has_emergency=np.asarray((says == "yes") | guessed, dtype=np.bool_),
    )
    kept = _once(places, things, faults)
    faults.add(
        "osm_emergency_assumed", Severity.INFO, places.id[guessed & kept], places.xy[guessed & kept]
    )
    return RawPlaces(
        id=places.id[kept], name=places.name[kept], kind=kind[kept], xy=places.xy[kept],
        beds=places.beds[kept], shelter_places=places.shelter_places[kept],
        has_emergency=places.has_emergency[kept],
    )  # fmt: skip


def _kinds(extract: Extract, tags: Tags, size: int) -> Names:
    """Return the kind of facility that each object is, empty for none. (size,)"""
    out: Names = np.full(size, "", dtype=object)
    care = extract.having(tags, "healthcare", size)
    care |= extract.having(tags, "amenity", size, osm_tags.CARE_AMENITIES)
    for key, value, kind in reversed(osm_tags.PLACE_KINDS):
        fits = extract.having(tags, key, size, _with(extract, value))
        if key in osm_tags.HEALTH_ONLY:
            fits &= care
        out[fits] = kind
    return out


def _with(extract: Extract, value: str) -> list[str]:
    """Return the values that are `value`, alone or as one of several."""
    several = (v for v in extract.values if ";" in v)
    return [value, *(v for v in several if value in {p.strip() for p in v.split(";")})]


def _ids(things: Things) -> Names:
    numbers = things.numbers
    found = [f"osm-{k}{n}" for k, of in zip("nwr", numbers, strict=True) for n in of.tolist()]
    out: Names = np.array(found, dtype=object)
    return out


def _once(places: RawPlaces, things: Things, faults: Faults) -> Flags:
    """Return which facilities to keep; what a dropped one knew goes to the one that is kept."""
    areas, points = things.areas, shapely.points(places.xy)
    size = np.nan_to_num(shapely.area(areas))
    inner, outer = shapely.STRtree(areas).query(points, predicate="within")
    name = places.name
    same = (places.kind[inner] == places.kind[outer]) & (inner != outer)
    same &= (name[inner] == name[outer]) | (name[inner] == "") | (name[outer] == "")
    same &= (size[inner] < size[outer]) | ((size[inner] == size[outer]) & (inner > outer))
    inner, outer = inner[same], outer[same]
    # The largest first, so that knowledge ends up in an area that is itself kept.
    order = np.lexsort((-size[outer], inner))
    inner, at = np.unique(inner[order], return_index=True)
    outer = outer[order][at]
    for column in (places.beds, places.shelter_places):
        column[outer] = np.where(np.isnan(column[outer]), column[inner], column[outer])
    name[outer] = np.where(name[outer] == "", name[inner], name[outer])
    places.has_emergency[outer] |= places.has_emergency[inner]
    faults.add("osm_place_twice", Severity.INFO, places.id[inner], places.xy[inner])
    kept = np.ones(places.id.size, dtype=np.bool_)
    kept[inner] = False
    return kept


def read_stops(extract: Extract, names: Sequence[str], faults: Faults) -> RawStops:
    """Return the stops of public transport; a map knows no departures (-1). (stops,)

    A platform drawn as a line or an area lies in the middle of its nodes.
    """
    node = np.flatnonzero(_is_stop(extract, extract.node_tags, extract.node_id.size))
    ways = np.flatnonzero(_is_stop(extract, extract.way_tags, extract.way_id.size))
    first, last = extract.way_first[ways], extract.way_first[ways + 1]
    rows = extract.node_rows(extract.way_ref[spread(first, last - first)])
    of = np.repeat(np.arange(ways.size), last - first)[rows >= 0]
    place = extract.degrees(rows[rows >= 0])
    count = np.bincount(of, minlength=ways.size)
    known = count > 0
    middle: F64 = np.column_stack(
        [np.bincount(of, place[:, i], ways.size)[known] / count[known] for i in (0, 1)]
    )
    none = Areas(np.empty(0, dtype=np.int64), np.empty(0, dtype=object))
    blank = np.full(int(known.sum()), None, dtype=object)
    things = Things(extract, node, Areas(ways[known], blank), none)
    xy = np.round(np.concatenate([extract.degrees(node), middle.reshape(-1, 2)]), 7)
    departures: I64 = np.full(things.size, NO_DEPARTURES, dtype=np.int64)
    faults.add("osm_stops_untimed", Severity.INFO, _ids(things), xy)
    return RawStops(id=_ids(things), name=things.first_tag(names), xy=xy, departures=departures)


def _is_stop(extract: Extract, tags: Tags, size: int) -> Flags:
    out = np.zeros(size, dtype=np.bool_)
    for key, values in osm_tags.STOP_TAGS:
        out |= extract.having(tags, key, size, values)
    return out
