"""Buildings and administrative units out of an extract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.formats import osm_tags
from rencheng.adapters.cities.formats.osm.areas import Areas, areas_of_relations, areas_of_ways
from rencheng.adapters.cities.formats.osm.extract import MEMBER_WAY, Extract, spread
from rencheng.adapters.cities.given import Geometries, Names, RawBuildings, RawZones
from rencheng.domain.city import AGES, F32, F64, I64, Flags
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.finding import Severity

AREA_TYPES = ("multipolygon", "boundary")
"""Values of `type` of relations that describe an area."""


@dataclass(frozen=True, slots=True)
class Things:
    """Objects of one topic: nodes first, then areas of ways, then areas of relations."""

    extract: Extract
    node: I64
    way: Areas
    relation: Areas

    def tag(self, key: str) -> Names:
        """Return the values of a tag, empty where there is none. (things,)"""
        x = self.extract
        out: Names = np.concatenate(
            [
                x.tag(x.node_tags, key, self.node),
                x.tag(x.way_tags, key, self.way.row),
                x.tag(x.relation_tags, key, self.relation.row),
            ]
        )
        return out

    def first_tag(self, keys: Sequence[str]) -> Names:
        """Return the first of several tags that each thing carries. (things,)"""
        out: Names = np.full(self.size, "", dtype=object)
        for key in reversed(keys):
            found = self.tag(key)
            out = np.where(found != "", found, out)
        return out

    def read(self, key: str, parse: Callable[[str], float]) -> F64:
        """Return a tag as numbers, NaN where there is none or it cannot be read. (things,)"""
        x = self.extract
        codes = [
            x.codes(x.node_tags, key, self.node),
            x.codes(x.way_tags, key, self.way.row),
            x.codes(x.relation_tags, key, self.relation.row),
        ]
        return x.parsed(np.concatenate(codes), parse)

    @property
    def size(self) -> int:
        """How many there are."""
        return self.node.size + self.way.row.size + self.relation.row.size

    @property
    def areas(self) -> Geometries:
        """Areas, None for nodes. (things,)"""
        none = np.full(self.node.size, None, dtype=object)
        return np.concatenate([none, self.way.area, self.relation.area])

    @property
    def xy(self) -> F64:
        """Nodes, and points inside the areas, to 1e-7 deg. [deg] (things, 2)"""
        both = np.concatenate([self.way.area, self.relation.area])
        inside = shapely.get_coordinates(shapely.point_on_surface(both))
        return np.round(np.concatenate([self.extract.degrees(self.node), inside]), 7)

    @property
    def numbers(self) -> tuple[I64, I64, I64]:
        """Ids of the nodes, ways and relations."""
        x = self.extract
        return x.node_id[self.node], x.way_id[self.way.row], x.relation_id[self.relation.row]


def area_relations(extract: Extract) -> Flags:
    """Return which relations describe an area. (relations,)"""
    return extract.having(extract.relation_tags, "type", extract.relation_id.size, AREA_TYPES)


def read_buildings(extract: Extract, faults: Faults) -> RawBuildings:
    """Return the buildings of an extract.

    Returns
    -------
    buildings
        Permanent id: the way's number, or the relation's number with a minus sign. Floor areas
        and people are unknown.

    Notes
    -----
    Nodes tagged as buildings and `building:part` are left out. Where a way that is a relation's
    outer ring is tagged as a building too, the relation is kept, since it knows the courtyards.
    """
    things = _buildings(extract, faults)
    _, ways, relations = things.numbers
    use, said = things.tag("building"), things.tag("building:use")
    for key, meaning in reversed(osm_tags.USE_KEYS):
        more = things.tag(key)
        said = np.where((said == "") & (use == "yes") & (more != ""), meaning or more, said)
    unknown: F32 = np.full(things.size, np.nan, dtype=np.float32)
    return RawBuildings(
        id=np.concatenate([ways, -relations]).astype(np.int64),
        xy=things.xy,
        areas=things.areas,
        use=np.where(said != "", said, use),
        structure=things.first_tag(osm_tags.STRUCTURE_KEYS),
        storeys=things.read("building:levels", osm_tags.number).astype(np.float32),
        height_m=things.read("height", osm_tags.metres).astype(np.float32),
        year=things.read("start_date", osm_tags.year).astype(np.float32),
        dwellings=things.read("building:flats", osm_tags.number).astype(np.float32),
        floor_area_m2=unknown,
        people=unknown.copy(),
    )


def _buildings(extract: Extract, faults: Faults) -> Things:
    size, tags = extract.way_id.size, extract.way_tags
    on_way = extract.having(tags, "building", size)
    on_way &= ~extract.having(tags, "building", size, osm_tags.NO_BUILDING)
    size, tags = extract.relation_id.size, extract.relation_tags
    on_relation = extract.having(tags, "building", size) & area_relations(extract)
    on_relation &= ~extract.having(tags, "building", size, osm_tags.NO_BUILDING)
    relation = areas_of_relations(extract, np.flatnonzero(on_relation), faults)
    rows = _outer_ways(extract, relation.row)
    twice = rows[on_way[rows]]
    faults.add("osm_building_twice", Severity.INFO, extract.way_id[twice])
    on_way[twice] = False
    ways = np.flatnonzero(on_way)
    again = np.intersect1d(extract.ways_twice, extract.way_id[ways])
    faults.add("osm_way_twice", Severity.WARNING, again)
    nodes = np.empty(0, dtype=np.int64)
    return Things(extract, nodes, areas_of_ways(extract, ways, faults), relation)


def _outer_ways(extract: Extract, relations: I64) -> I64:
    """Return the rows of the ways that are outer rings of relations, each once."""
    first, last = extract.relation_first[relations], extract.relation_first[relations + 1]
    at = spread(first, last - first)
    outer = np.isin(extract.values, np.array(["", "outer"], dtype=object))
    at = at[(extract.member_kind[at] == MEMBER_WAY) & outer[extract.member_role[at]]]
    rows = np.unique(extract.way_rows(extract.member_id[at]))
    return rows[rows >= 0]


def _units(extract: Extract, faults: Faults) -> tuple[Things, Names]:
    """Return the administrative units with an area, and their levels."""
    size = extract.relation_id.size
    rows = extract.having(extract.relation_tags, "boundary", size, ("administrative",))
    rows &= area_relations(extract)
    size = extract.way_id.size
    ways = extract.having(extract.way_tags, "boundary", size, ("administrative",))
    ways &= extract.having(extract.way_tags, "admin_level", size)
    first, last = extract.way_first[:-1], extract.way_first[1:]
    closed = np.zeros(size, dtype=np.bool_)
    some = last - first > 3
    closed[some] = extract.way_ref[first[some]] == extract.way_ref[last[some] - 1]
    # A closed way that is a member already is the relation's edge, not a unit of its own.
    closed[_outer_ways(extract, np.flatnonzero(rows))] = False
    things = Things(
        extract,
        np.empty(0, dtype=np.int64),
        areas_of_ways(extract, np.flatnonzero(ways & closed), faults),
        areas_of_relations(extract, np.flatnonzero(rows), faults),
    )
    return things, things.tag("admin_level")


def read_units(
    extract: Extract, level: int | None, boundary: str, names: Sequence[str], faults: Faults
) -> tuple[RawZones | None, Any]:
    """Return the administrative units of one level, and the boundary of the city.

    Parameters
    ----------
    level
        Value of `admin_level`; None: the finest of which the file holds two whole units or more.
    boundary
        Name or number of the relation that is the city; empty: none is given.

    Raises
    ------
    InvalidInputError
        When the level or the boundary named is not in the file as a whole area.
    """
    things, levels = _units(extract, faults)
    found, times = np.unique(levels[levels != ""].astype(str), return_counts=True)
    there = ", ".join(f"{v}: {n}" for v, n in zip(found, times, strict=True))
    _, ways, relations = things.numbers
    number = np.concatenate([-ways, relations]).astype(np.int64)
    name = things.first_tag(names)
    city = _boundary(things, boundary, number, name) if boundary else None
    if level is None:
        several = [v for v, n in zip(found, times, strict=True) if n > 1 and v.isdigit()]
        if not several:
            return None, city
        level = max(int(v) for v in several)
        faults.add("osm_level_chosen", Severity.INFO, [str(level)], count=1, levels=there)
    at = np.flatnonzero(levels == str(level))
    if at.size == 0:
        raise InvalidInputError(
            "osm.no_level",
            f"no whole administrative unit of level {level}; there are: {there or 'none'}",
            hint="Set `admin_level` to one of these, or give the zones from another file",
            params={"level": level, "levels": there},
        )
    zones = RawZones(
        id=number[at],
        code=things.first_tag(osm_tags.CODE_KEYS)[at],
        name=name[at],
        population=things.read("population", osm_tags.number)[at],
        age=np.full((len(AGES), at.size), np.nan),
        areas=things.areas[at],
    )
    return zones, city


def _boundary(things: Things, wanted: str, number: I64, name: Names) -> Any:
    fits = (number.astype(str) == wanted) | (name == wanted) | (things.tag("name") == wanted)
    at = np.flatnonzero(fits)
    if at.size == 0:
        raise InvalidInputError(
            "osm.no_boundary",
            f"no whole administrative unit is called {wanted!r}",
            hint="Write the name as OpenStreetMap has it, or the number of the relation",
            params={"boundary": wanted},
        )
    areas = things.areas[at]
    return areas[int(np.argmax(shapely.area(areas)))]
