"""What each layer is as a table. Column names carry the unit where it could be mistaken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rencheng.adapters.exports.tables import Column, Rows, Table, Values, pick
from rencheng.domain.city import AGES, City, DayTime
from rencheng.domain.errors import NotFoundError

OF_KIND = {
    "shelter": ("schools", "shelters", "facilities"),
    "fire_station": ("stations", "facilities"),
    "warehouse": ("stations", "facilities"),
    "command_centre": ("stations", "facilities"),
}
"""Layers that a facility may come from by kind; every other kind is a health site."""
HEALTH = ("health_sites", "facilities")


def _is_asked(name: str, values: Callable[[City], Values]) -> Column:
    return Column(name=name, values=values, is_queryable=True)


def _zone(values: Callable[[City], Values]) -> Column:
    return Column(name="zone", values=values, keys=lambda c: c.zones.id, is_queryable=True)


def _always(*names: str) -> Callable[[City, Rows], list[tuple[str, ...]]]:
    return lambda _city, rows: [names] * rows.size


def _by_kind(city: City, rows: Rows) -> list[tuple[str, ...]]:
    return [OF_KIND.get(kind, HEALTH) for kind in pick(city.facilities.kind, rows)]


def _lifelines_by_sector(city: City, rows: Rows) -> list[tuple[str, ...]]:
    return [(f"{sector}_network",) for sector in pick(city.lifelines.sector, rows)]


def _mains_by_sector(city: City, rows: Rows) -> list[tuple[str, ...]]:
    return [(f"{sector}_network",) for sector in pick(city.mains.sector, rows)]


def _occupants(when: DayTime) -> Callable[[City], Values]:
    return lambda c: c.buildings.occupants[when]


def _age(group: int) -> Callable[[City], Values]:
    return lambda c: c.zones.age[group]


ZONES = Table(
    name="zones",
    count=lambda c: c.zones.id.size,
    ids=lambda c: c.zones.id,
    shape="polygon",
    xy=lambda c: c.zones.centre,
    shapes=lambda c: c.zones.shapes,
    layers=_always("zones"),
    rests_on=("zones", "population", "age_groups", "coast", "communes"),
    columns=(
        _is_asked("id", lambda c: c.zones.id),
        _is_asked("code", lambda c: c.zones.code),
        _is_asked("name", lambda c: c.zones.name),
        Column(name="population", values=lambda c: c.zones.population),
        *(
            Column(name=f"age_{name.replace('-', '_').replace('+', '_up')}", values=_age(group))
            for group, name in enumerate(AGES)
        ),
        Column(name="area_m2", values=lambda c: c.zones.area_m2),
        _is_asked("is_coastal", lambda c: c.zones.is_coastal),
        Column(name="coast_m", values=lambda c: c.zones.coast_m),
    ),
)
GRID = Table(
    name="grid",
    count=lambda c: len(c.grid.id),
    ids=lambda c: c.grid.id,
    shape="polygon",
    xy=lambda c: c.grid.centre,
    shapes=lambda c: c.grid.shapes,
    layers=_always("grid"),
    rests_on=("grid", "population"),
    columns=(
        _is_asked("id", lambda c: c.grid.id),
        _zone(lambda c: c.grid.zone),
        Column(name="population", values=lambda c: c.grid.population),
    ),
)
BUILDINGS = Table(
    name="buildings",
    count=lambda c: c.buildings.id.size,
    ids=lambda c: c.buildings.id,
    shape="polygon",
    xy=lambda c: c.buildings.xy,
    shapes=lambda c: c.buildings.shapes,
    layers=_always("buildings"),
    rests_on=("buildings", "building_types", "building_footprints", "occupants"),
    columns=(
        Column(name="id", values=lambda c: c.buildings.id),
        _zone(lambda c: c.buildings.zone),
        Column(
            name="cell",
            values=lambda c: c.buildings.cell,
            keys=lambda c: c.grid.id,
            is_queryable=True,
        ),
        Column(name="road", values=lambda c: c.buildings.link, keys=lambda c: c.roads.id),
        Column(
            name="use",
            values=lambda c: c.buildings.use,
            keys=lambda c: c.buildings.uses,
            is_queryable=True,
        ),
        Column(
            name="curve",
            values=lambda c: c.buildings.curve,
            keys=lambda c: c.buildings.curves,
            is_queryable=True,
        ),
        Column(name="certainty", values=lambda c: c.buildings.certainty),
        _is_asked("storeys", lambda c: c.buildings.storeys),
        Column(name="height_m", values=lambda c: c.buildings.height_m),
        Column(name="dwellings", values=lambda c: c.buildings.dwellings),
        Column(name="floor_area_m2", values=lambda c: c.buildings.floor_area_m2),
        *(
            Column(name=f"occupants_{when.name.lower()}", values=_occupants(when))
            for when in DayTime
        ),
    ),
)
ROADS = Table(
    name="roads",
    count=lambda c: c.roads.id.size,
    ids=lambda c: c.roads.id,
    shape="line",
    shapes=lambda c: c.roads.shapes,
    layers=_always("roads"),
    rests_on=("roads",),
    columns=(
        Column(name="id", values=lambda c: c.roads.id),
        _is_asked("name", lambda c: c.roads.name),
        Column(
            name="kind",
            values=lambda c: c.roads.kind,
            keys=lambda c: c.roads.kinds,
            is_queryable=True,
        ),
        Column(name="direction", values=lambda c: c.roads.direction),
        Column(name="length_m", values=lambda c: c.roads.length_m),
        Column(name="speed_m_s", values=lambda c: c.roads.speed_m_s),
        _zone(lambda c: c.roads.zone),
        Column(name="start_node", values=lambda c: c.roads.start),
        Column(name="end_node", values=lambda c: c.roads.end),
    ),
)
FACILITIES = Table(
    name="facilities",
    count=lambda c: len(c.facilities.id),
    ids=lambda c: c.facilities.id,
    shape="point",
    xy=lambda c: c.facilities.xy,
    layers=_by_kind,
    rests_on=("health_sites", "schools", "shelters", "stations", "beds", "facilities"),
    columns=(
        _is_asked("id", lambda c: c.facilities.id),
        _is_asked("name", lambda c: c.facilities.name),
        _is_asked("kind", lambda c: c.facilities.kind),
        _zone(lambda c: c.facilities.zone),
        Column(name="beds", values=lambda c: c.facilities.beds),
        Column(name="shelter_places", values=lambda c: c.facilities.shelter_places),
        _is_asked("has_emergency", lambda c: c.facilities.has_emergency),
        Column(name="curve", values=lambda c: c.facilities.curve),
    ),
)
NETWORKS = ("power_network", "water_network", "telecom_network", "drainage_network")
LIFELINES = Table(
    name="lifelines",
    count=lambda c: len(c.lifelines.id),
    ids=lambda c: c.lifelines.id,
    shape="point",
    xy=lambda c: c.lifelines.xy,
    layers=_lifelines_by_sector,
    rests_on=NETWORKS,
    columns=(
        _is_asked("id", lambda c: c.lifelines.id),
        _is_asked("sector", lambda c: c.lifelines.sector),
        _is_asked("kind", lambda c: c.lifelines.kind),
        _zone(lambda c: c.lifelines.zone),
        Column(name="serves", values=lambda c: c.lifelines.serves),
        Column(name="curve", values=lambda c: c.lifelines.curve),
        Column(name="restoration", values=lambda c: c.lifelines.restoration),
        Column(name="capacity", values=lambda c: c.lifelines.capacity),
    ),
)
MAINS = Table(
    name="mains",
    count=lambda c: len(c.mains.id),
    ids=lambda c: c.mains.id,
    shape="line",
    shapes=lambda c: c.mains.shapes,
    layers=_mains_by_sector,
    rests_on=NETWORKS,
    columns=(
        _is_asked("id", lambda c: c.mains.id),
        _is_asked("sector", lambda c: c.mains.sector),
        Column(name="start", values=lambda c: c.mains.start, keys=lambda c: c.lifelines.id),
        Column(name="end", values=lambda c: c.mains.end, keys=lambda c: c.lifelines.id),
        Column(name="length_m", values=lambda c: c.mains.length_m),
        _zone(lambda c: c.mains.zone),
        _is_asked("material", lambda c: c.mains.material),
        Column(name="diameter_m", values=lambda c: c.mains.diameter_m),
        Column(name="capacity", values=lambda c: c.mains.capacity),
    ),
)
STOPS = Table(
    name="stops",
    count=lambda c: len(c.stops.id),
    ids=lambda c: c.stops.id,
    shape="point",
    xy=lambda c: c.stops.xy,
    layers=_always("bus_stops", "stops"),
    rests_on=("bus_stops", "stops"),
    columns=(
        _is_asked("id", lambda c: c.stops.id),
        _is_asked("name", lambda c: c.stops.name),
        Column(
            name="departures",
            values=lambda c: np.ma.masked_less(c.stops.departures, 0),
        ),
    ),
)
SENSORS = Table(
    name="sensors",
    count=lambda c: len(c.datastreams),
    ids=lambda c: [one.id for one in c.datastreams],
    shape="point",
    xy=lambda c: np.array([one.xy for one in c.datastreams], dtype=np.float64).reshape(-1, 2),
    origins=lambda c, rows: [c.datastreams[row].origin.value for row in rows.tolist()],
    rests_on=("sensors",),
    columns=(
        _is_asked("id", lambda c: [one.id for one in c.datastreams]),
        _is_asked("name", lambda c: [one.name for one in c.datastreams]),
        _is_asked("quantity", lambda c: [one.quantity.value for one in c.datastreams]),
        Column(name="unit", values=lambda c: [one.unit for one in c.datastreams]),
        _is_asked("asset", lambda c: [one.asset for one in c.datastreams]),
        _zone(lambda c: np.array([one.zone for one in c.datastreams], dtype=np.int64)),
        Column(
            name="interval_s",
            values=lambda c: np.array([one.interval_s for one in c.datastreams], dtype=np.float64),
        ),
        Column(
            name="is_vital",
            values=lambda c: np.array([one.is_vital for one in c.datastreams], dtype=np.bool_),
        ),
    ),
)


def _suppliers(city: City) -> Rows:
    """Return the group of each supplier. (suppliers,)"""
    needs = city.dependencies
    return np.repeat(np.arange(len(needs.service)), np.diff(needs.supplier_start)).astype(np.int64)


def _needy(city: City) -> Rows:
    """Return the node of each supplier. (suppliers,)"""
    needs = city.dependencies
    node = np.repeat(np.arange(len(needs.node)), np.diff(needs.group_start)).astype(np.int64)
    return node[_suppliers(city)] if node.size else node


DEPENDENCIES = Table(
    name="dependencies",
    count=lambda c: c.dependencies.supplier.size,
    ids=lambda c: np.arange(c.dependencies.supplier.size),
    shape="",
    layers=_always("dependencies"),
    rests_on=("dependencies",),
    columns=(
        Column(name="node", values=_needy, keys=lambda c: c.dependencies.node),
        Column(name="service", values=_suppliers, keys=lambda c: c.dependencies.service),
        Column(name="group", values=_suppliers),
        Column(
            name="supplier",
            values=lambda c: c.dependencies.supplier,
            keys=lambda c: c.dependencies.node,
        ),
        Column(name="backup_low_h", values=_suppliers, keys=lambda c: c.dependencies.backup_low_h),
        Column(
            name="backup_high_h", values=_suppliers, keys=lambda c: c.dependencies.backup_high_h
        ),
    ),
)
MAP_LAYERS = {
    table.name: table
    for table in (
        ZONES, GRID, BUILDINGS, ROADS, FACILITIES, LIFELINES, MAINS, STOPS, SENSORS
    )
}  # fmt: skip
"""Layers with geometry, by name."""
TABLES = {**MAP_LAYERS, DEPENDENCIES.name: DEPENDENCIES}
"""Everything that is exported, by name."""


def table_of(name: str) -> Table:
    """Return a layer's table.

    Raises
    ------
    NotFoundError
        When the city has no such layer.
    """
    if name not in TABLES:
        raise NotFoundError(
            "export.no_layer",
            f"a city has no layer {name!r}",
            hint=f"Use some of {', '.join(TABLES)}",
            params={"layer": name, "layers": ", ".join(TABLES)},
        )
    return TABLES[name]
