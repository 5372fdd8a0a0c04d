"""The city as columns: places, people, buildings, roads, networks and what depends on what.

Every table is a frozen set of arrays of one length. Coordinates are lon, lat (WGS84) in degrees;
NaN is unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import Datastream
from rencheng.domain.provenance import Layer
from rencheng.domain.resource import Organisation, Stock, Team

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I16 = NDArray[np.int16]
I8 = NDArray[np.int8]
Flags = NDArray[np.bool_]


class Sector(StrEnum):
    """The six sectors of the control layer."""

    TRANSPORT = "transport"
    MEDICAL = "medical"
    WATER = "water"
    ENERGY = "energy"
    ENVIRONMENT = "environment"
    SERVICES = "services"


class DayTime(IntEnum):
    """Row of `Buildings.occupants`: the three times of day that the casualty tables know."""

    NIGHT = 0
    DAY = 1
    COMMUTE = 2


AGES = ("0-14", "15-64", "65+")
"""Age groups of `Zones.age`, in years."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Lines or polygons, ragged: shape i has parts, a part has vertices (rings are closed)."""

    xy: F64
    """Vertices, lon lat. [deg] (vertices, 2)"""
    part: I32
    """First vertex of each part, and the end. (parts + 1,)"""
    shape: I32
    """First part of each shape, and the end. (shapes + 1,)"""

    @classmethod
    def none(cls, count: int) -> Shapes:
        """Return `count` shapes of which no part is known."""
        return cls(np.empty((0, 2)), np.zeros(1, np.int32), np.zeros(count + 1, np.int32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Census or traffic zones: what people and forecasts are counted in."""

    id: I32
    code: tuple[str, ...]
    """Code of the administrative unit (GB/T 2260 in China), empty where none is known. (zones,)"""
    name: tuple[str, ...]
    population: F64
    """Residents. (zones,)"""
    age: F64
    """Residents by group of `AGES`; NaN unknown. (groups, zones)"""
    area_m2: F64
    centre: F64
    """Point inside the zone. [deg] (zones, 2)"""
    is_coastal: Flags
    """Whether the zone lies in the planning band along the sea. (zones,)"""
    coast_m: F64
    """Distance from the centre to the sea; NaN unknown. [m] (zones,)"""
    road_node: I32
    """Nearest node of the largest connected road graph. (zones,)"""
    shapes: Shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The management grid (网格): small cells with permanent ids, cut from the zones."""

    id: tuple[str, ...]
    zone: I32
    """Row in `Zones`. (cells,)"""
    centre: F64
    population: F64
    shapes: Shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildings:
    """Individual buildings."""

    id: I64
    """Permanent: the source's own number, or a hash of the place. (buildings,)"""
    xy: F64
    zone: I32
    cell: I32
    link: I32
    """Row in `Roads` of the street that the building stands on. (buildings,)"""
    curve: I16
    """Row in `curves`. (buildings,)"""
    curves: tuple[str, ...]
    """Fragility ids in use, such as `LF.C1.L.MC` (structural type, height class, code level)."""
    certainty: F32
    """Probability that the taxonomy's rules give to this curve; NaN unknown. (buildings,)"""
    storeys: I16
    height_m: F32
    """Above ground, as observed; NaN unknown. (buildings,)"""
    use: I8
    """Row in `uses`. (buildings,)"""
    uses: tuple[str, ...]
    """Use classes by HAZUS occupancy, such as `RES1`, `COM1`, `EDU1`."""
    dwellings: I16
    floor_area_m2: F32
    occupants: F32
    """People inside by `DayTime`. (3, buildings)"""
    shapes: Shapes
    """Footprints; a building without one has no part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """The road graph."""

    id: I64
    """Permanent: a hash of the source's way and of the link's two ends. (links,)"""
    node_xy: F64
    start: I32
    end: I32
    direction: I8
    """1 from start to end only, -1 end to start only, 0 both. (links,)"""
    length_m: F32
    speed_m_s: F32
    """Free-flow speed. (links,)"""
    kind: I8
    """Row in `kinds`. (links,)"""
    kinds: tuple[str, ...]
    zone: I32
    """Zone that holds the middle of the link, -1 outside. (links,)"""
    name: tuple[str, ...]
    shapes: Shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Facilities:
    """Places with a public duty: health sites, shelters, fire stations, warehouses."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    kind: tuple[str, ...]
    """`hospital`, `clinic`, `urgent_care`, `primary_care`, `dialysis`, `mental_health`, `shelter`
    (a school), `fire_station`, `ambulance_station`, `warehouse`, `command_centre`. (facilities,)"""
    xy: F64
    zone: I32
    road_node: I32
    beds: F64
    """Beds staffed on an ordinary day; NaN unknown or none known. (facilities,)"""
    shelter_places: F64
    """People a shelter candidate can take for three days; NaN where not a shelter. (facilities,)"""
    has_emergency: Flags
    curve: tuple[str, ...]
    """Fragility id of the main building. (facilities,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifelines:
    """Nodes of the power, water and telecom networks."""

    id: tuple[str, ...]
    sector: tuple[str, ...]
    """`power`, `water`, `telecom` or `drainage`. (assets,)"""
    kind: tuple[str, ...]
    """`generation`, `substation`, `feeder`, `treatment`, `well`, `pump`, `tank`, `exchange`,
    `junction`, `outfall`, `storage`. (assets,)"""
    xy: F64
    zone: I32
    road_node: I32
    serves: F64
    """Residents downstream. (assets,)"""
    curve: tuple[str, ...]
    """Fragility id, such as `EP.S.M.A`; empty: no curve, counted as not assessed. (assets,)"""
    restoration: tuple[str, ...]
    """Row of the restoration table, such as `substation`. (assets,)"""
    capacity: F64
    """What it can give or pass: MW for power, m³/s for water and drains; NaN unknown. (assets,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mains:
    """Power lines, water mains and drains."""

    id: tuple[str, ...]
    sector: tuple[str, ...]
    start: I32
    """Row in `Lifelines`. (mains,)"""
    end: I32
    length_m: F32
    zone: I32
    material: tuple[str, ...]
    """`brittle` or `ductile` for pipes, empty for power lines and where unknown. (mains,)"""
    diameter_m: F32
    """Inner diameter of a pipe; NaN unknown. (mains,)"""
    capacity: F32
    """What a line can carry; NaN unknown. [MW] (mains,)"""
    shapes: Shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Who needs whom: node → groups (all must hold) → suppliers (any one is enough)."""

    node: tuple[str, ...]
    """Ids of lifelines and facilities, and `zone:<id>:<service>` for what residents get."""
    group_start: I32
    """First group of each node, and the end. (nodes + 1,)"""
    service: tuple[str, ...]
    """What the group supplies: `power`, `water`, `telecom`, `access`. (groups,)"""
    backup_low_h: F64
    """Shortest plausible time that the node lasts without the group. [h] (groups,)"""
    backup_high_h: F64
    """Longest plausible time. [h] (groups,)"""
    supplier_start: I32
    """First supplier of each group, and the end. (groups + 1,)"""
    supplier: I32
    """Row in `node`. (suppliers,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusStops:
    """Public transport: stops and departures an ordinary weekday."""

    id: tuple[str, ...]
    name: tuple[str, ...]
    xy: F64
    departures: I32
    """Of all lines; -1 unknown. (stops,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """Heights of the ground on a regular raster in its own projection."""

    z: F32
    """Height; NaN unknown; no rows: no terrain. [m] (rows, columns)"""
    corner: F64
    """x and y of the upper left corner of the first cell, in the projection. (2,)"""
    step: F64
    """Width and height of a cell, in the projection's unit, both positive. (2,)"""
    crs: tuple[str, ...]
    """The projection, such as `EPSG:32633`: one name, or none without terrain. (0 or 1,)"""

    @classmethod
    def none(cls) -> Terrain:
        """Return the terrain of a city that has none."""
        return cls(z=np.empty((0, 0), np.float32), corner=np.zeros(2), step=np.ones(2), crs=())


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """One version of one city."""

    id: str
    name: Mapping[str, str]
    """By language: `zh-CN`, `en`."""
    version: str
    """Content hash of everything below: the same data gives the same version."""
    timezone: str
    bbox: tuple[float, float, float, float]
    """West, south, east, north. [deg]"""
    zones: Zones
    grid: Grid
    buildings: Buildings
    roads: Roads
    facilities: Facilities
    lifelines: Lifelines
    mains: Mains
    dependencies: Dependencies
    stops: BusStops
    terrain: Terrain
    datastreams: tuple[Datastream, ...]
    organisations: tuple[Organisation, ...]
    teams: tuple[Team, ...]
    stocks: tuple[Stock, ...]
    layers: tuple[Layer, ...]
    facts: Mapping[str, float]
    """Census and municipal facts for indicators, by key; each key has a row in `fact_sources`."""
    fact_sources: Mapping[str, str]
