"""What the sources of a city said, before anything is derived or generated.

Coordinates are lon, lat (WGS84) in degrees whatever the source had: readers convert at the edge.
NaN and an empty string are unknown. A table that is None was in no source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import F32, F64, I32, I64, Terrain
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.finding import DataFinding
from rencheng.domain.observation import Datastream
from rencheng.domain.provenance import Layer

Geometries = NDArray[np.object_]
"""Shapely geometries in lon, lat. (n,)"""
Names = NDArray[np.object_]
"""Strings. (n,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawZones:
    """Administrative or statistical units."""

    id: I64
    code: Names
    """GB/T 2260 or national code, empty where none. (zones,)"""
    name: Names
    population: F64
    age: F64
    """By group of `domain.city.AGES`. (groups, zones)"""
    areas: Geometries
    """Valid polygons or multipolygons. (zones,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLinks:
    """Streets cut at their junctions."""

    node_xy: F64
    start: I64
    """Row of `node_xy`. (links,)"""
    end: I64
    direction: NDArray[np.int8]
    """1 from start to end only, -1 end to start only, 0 both. (links,)"""
    kind: Names
    """OSM highway class, such as `primary`. (links,)"""
    name: Names
    speed_km_h: F64
    """As stated; NaN where the source states none. (links,)"""
    lines: Geometries


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBuildings:
    """Buildings as registered or mapped; tags are kept as the source words them."""

    id: I64
    """Permanent number in the source, or `ground.place_ids` of its point. (buildings,)"""
    xy: F64
    """A point inside. (buildings, 2)"""
    areas: Geometries
    """Footprint, None where the source has points only. (buildings,)"""
    use: Names
    """Use tag, such as OSM `building` or `building:use`. (buildings,)"""
    structure: Names
    """Structure or material tag, such as `砖混`, `brick`, a GED4ALL or HAZUS type. (buildings,)"""
    storeys: F32
    height_m: F32
    year: F32
    """Year of construction. (buildings,)"""
    dwellings: F32
    floor_area_m2: F32
    """Of all floors together. (buildings,)"""
    people: F32
    """Residents, where the source counts them. (buildings,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPlaces:
    """Facilities."""

    id: Names
    name: Names
    kind: Names
    """A kind of `domain.city.Facilities`. (places,)"""
    xy: F64
    beds: F64
    shelter_places: F64
    has_emergency: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawStops:
    """Stops with departures of an ordinary weekday."""

    id: Names
    name: Names
    xy: F64
    departures: I64
    """-1 where the source knows places but no timetable. (stops,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawNetwork:
    """Nodes and links of one lifeline network."""

    sector: str
    """`power`, `water` or `drainage`."""
    id: Names
    kind: Names
    """A kind of `domain.city.Lifelines`. (nodes,)"""
    xy: F64
    capacity: F64
    """MW for power, m³/s for water and drainage; NaN unknown. (nodes,)"""
    link_id: Names
    start: I32
    """Row of the nodes. (links,)"""
    end: I32
    lines: Geometries
    material: Names
    """`brittle`, `ductile` or empty. (links,)"""
    diameter_m: F64
    link_capacity: F64
    """What a power line can carry; NaN unknown. [MW] (links,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawNeeds:
    """Dependencies, one row a supplier: rows of one node, service and group are alternatives."""

    node: Names
    """Id of a lifeline, a facility, or `zone:<id>:<service>`. (rows,)"""
    service: Names
    group: I32
    supplier: Names
    backup_low_h: F64
    backup_high_h: F64


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPeople:
    """Residents at points: cells of a population raster or of a table."""

    xy: F64
    people: F64
    age: F64
    """By group of `domain.city.AGES`; NaN unknown. (groups, points)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCounts:
    """Residents by zone without geometry; `readers.table.join_population` gives them to zones."""

    code: Names
    """Code, number or name of the zone. (rows,)"""
    population: F64
    age: F64
    """By group of `domain.city.AGES`; NaN unknown. (groups, rows)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Everything that one source, or all of them together, said."""

    boundary: Any = None
    """Shapely polygon of the city, lon lat."""
    zones: RawZones | None = None
    people: RawPeople | None = None
    counts: RawCounts | None = None
    roads: RawLinks | None = None
    buildings: RawBuildings | None = None
    facilities: RawPlaces | None = None
    stops: RawStops | None = None
    terrain: Terrain | None = None
    power: RawNetwork | None = None
    water: RawNetwork | None = None
    drainage: RawNetwork | None = None
    dependencies: RawNeeds | None = None
    sensors: tuple[Datastream, ...] | None = None
    """With `zone` -1: the build finds it."""
    layers: tuple[Layer, ...] = ()
    """What each layer read is worth; `coverage` is filled in by the build."""
    findings: tuple[DataFinding, ...] = ()
    """Faults of single rows that were left out or mended, with count and first ids."""


def merge(parts: Iterable[Given]) -> Given:
    """Put together what several sources said.

    Raises
    ------
    InvalidInputError
        When two sources give the same layer; `facilities`, `stops` and `sensors` alone may come
        from several.
    """
    whole = Given()
    for part in parts:
        change: dict[str, Any] = {}
        for one in fields(Given):
            here, there = getattr(whole, one.name), getattr(part, one.name)
            if there is None or there == ():
                continue
            if here is None or here == ():
                change[one.name] = there
            elif isinstance(here, tuple):
                change[one.name] = (*here, *there)
            elif isinstance(here, RawPlaces):
                change[one.name] = _joined(here, there)
            elif isinstance(here, RawStops):
                change[one.name] = joined_stops([here, there])
            else:
                raise InvalidInputError(
                    "city.two_sources",
                    f"two sources give the layer {one.name}",
                    hint="Name the layer in `layers` of one source only",
                    params={"layer": one.name},
                )
        whole = replace(whole, **change)
    return whole


def _joined(one: RawPlaces, other: RawPlaces) -> RawPlaces:
    return RawPlaces(
        **{
            column.name: np.concatenate([getattr(one, column.name), getattr(other, column.name)])
            for column in fields(RawPlaces)
        }
    )


def joined_stops(parts: Sequence[RawStops]) -> RawStops:
    """Put together the stops of several timetables."""
    return RawStops(
        **{
            column.name: np.concatenate([getattr(part, column.name) for part in parts])
            for column in fields(RawStops)
        }
    )
