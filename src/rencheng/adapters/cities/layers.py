"""What every layer of a built city is worth: origin, source, licence, version, age, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rencheng.adapters.cities.formats.heights import heights_at
from rencheng.adapters.cities.generate.housing import Housed
from rencheng.adapters.cities.generate.places import HEALTH, STATIONS, Spots
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.graph import Graph
from rencheng.adapters.cities.grid import Mesh
from rencheng.adapters.cities.ground import areas_of, row_of
from rencheng.adapters.cities.recipe import Recipe, Register
from rencheng.adapters.words import catalogue
from rencheng.domain.city import City
from rencheng.domain.provenance import Layer, Origin, Text

NEVER = ("bathymetry", "soil", "bridges", "visitors")
"""Layers that a resilience brain wants and that no source gives yet."""
_GIVEN = {
    "stops": "bus_stops", "people": "population", "counts": "population",
    "power": "power_network", "water": "water_network", "drainage": "drainage_network",
}  # fmt: skip
"""Layer of a city that each layer of a source becomes, where the names differ."""
_NETWORKS = ("power", "water", "drainage", "telecom")
Zones = np.ndarray | float
"""Rows of zones in which a layer says something, or the share of zones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What the layers are told from."""

    given: Given
    spots: Spots
    housed: Housed
    mesh: Mesh
    graph: Graph


@dataclass(frozen=True, slots=True)
class _Maker:
    city: City
    recipe: Recipe
    made: Made

    def share(self, zone: Zones) -> float:
        """Return the share of zones in which a layer says something."""
        if isinstance(zone, float):
            return zone
        zones = self.city.zones.id.size
        return float(np.unique(zone[zone >= 0]).size / zones) if zones else 0.0

    def _layer(
        self, name: str, origin: Origin, count: int, zone: Zones, told: Register,
        note: Text | None = None,
    ) -> Layer:  # fmt: skip
        said = self.remark(name) or note
        return Layer(
            name=name, origin=origin, source=told.source, licence=told.licence,
            version=told.version, count=int(count), coverage=self.share(zone),
            notes=said or Text(f"layer.{name}.note"), as_of=told.as_of, crs=told.crs,
        )  # fmt: skip

    def remark(self, name: str) -> Text | None:
        """Return what the recipe remarks on a layer."""
        own = self.recipe.notes.get(name)
        if not own:
            return None
        return Text(own) if own in catalogue() else Text("layer.own.note", {"note": own})

    def given(self, name: str, count: int, zone: Zones, note: Text | None = None) -> Layer | None:
        """Return a layer that sources gave, None when none did; several are named together."""
        said = [one for one in self.made.given.layers if _GIVEN.get(one.name, one.name) == name]
        if not said:
            return None
        told = Register(
            source="; ".join(dict.fromkeys(one.source for one in said)) or "-",
            licence="; ".join(dict.fromkeys(one.licence for one in said if one.licence)) or "-",
            version="; ".join(dict.fromkeys(one.version for one in said)) or "-",
            as_of=min((one.as_of for one in said if one.as_of), default=""),
            crs=_systems(said),
        )
        worst = max((one.origin for one in said), key=list(Origin).index)
        return self._layer(name, worst, count, zone, told, note or Text("layer.given.note"))

    def told(self, name: str, count: int, zone: Zones, register: str, note: Text) -> Layer | None:
        """Return a layer from a register beside the recipe, None without one."""
        told = self.recipe.registers.get(register)
        return self._layer(name, Origin.OBSERVED, count, zone, told, note) if told else None

    def own(
        self, name: str, origin: Origin, count: int, zone: Zones, note: Text | None = None
    ) -> Layer:
        """Return a derived or generated layer: it cites the recipe."""
        version = f"{self.recipe.id}, seed {self.recipe.seed}"
        told = Register(source="rencheng recipe", licence="Apache-2.0", version=version)
        return self._layer(name, origin, count, zone, told, note)

    def missing(self, name: str) -> Layer:
        """Return a layer that is not there."""
        told = Register(source="-", licence="-", version="-")
        return self._layer(name, Origin.MISSING, 0, 0.0, told, Text(f"layer.{name}.gap"))


def _systems(said: Sequence[Layer]) -> str:
    """Return the coordinate system that layers came in; which came in which where they differ."""
    systems = dict.fromkeys(one.crs for one in said)
    if len(systems) == 1:
        return said[0].crs
    return "; ".join(dict.fromkeys(f"{one.source}: {one.crs or 'lon, lat'}" for one in said))


def make_layers(city: City, recipe: Recipe, made: Made) -> tuple[Layer, ...]:
    """Return the layers of a city, the missing ones last."""
    maker = _Maker(city, recipe, made)
    found = [
        *_land(maker), *_stock(maker), *_places(maker), *_networks(maker), *_parties(maker),
        *(maker.missing(name) for name in NEVER),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda layer: layer.origin is Origin.MISSING))


def _land(maker: _Maker) -> list[Layer]:
    city, made, housed = maker.city, maker.made, maker.made.housed
    zones, n = city.zones, city.zones.id.size
    known = float((~np.isnan(zones.population)).mean())
    aged = float(np.isfinite(zones.age).any(axis=0).mean())
    people = round(float(np.nansum(zones.population)))
    roads = maker.given("roads", city.roads.start.size, city.roads.zone)
    given_zones = maker.given("zones", n, 1.0)
    if housed.zones_from is Origin.DERIVED or given_zones is None:
        given_zones = maker.own(
            "zones", Origin.DERIVED, n, 1.0, Text("layer.zones_derived.note")
        )  # fmt: skip
    layers = [given_zones, _people(maker, people, known)]
    layers.append(_population_age(maker, aged))
    layers.append(
        roads or maker.own("roads", Origin.OBSERVED, city.roads.start.size, city.roads.zone)
    )
    inside = row_of(areas_of(zones.shapes), city.stops.xy) if city.stops.id else np.empty(0)
    stops = maker.given("bus_stops", len(city.stops.id), inside)
    layers.append(stops or maker.missing("bus_stops"))
    high = float(np.isfinite(heights_at(city.terrain, zones.centre)).mean())
    terrain = maker.given("terrain", city.terrain.z.size, high) if city.terrain.crs else None
    layers.append(terrain or maker.missing("terrain"))
    kind = maker.recipe.grid.kind
    grid = Text(f"layer.grid_{kind}.note", {"side": round(maker.recipe.grid.side_m)})
    layers.append(maker.own("grid", Origin.DERIVED, len(city.grid.id), city.grid.zone, grid))
    if maker.recipe.coast is None:
        layers.append(maker.missing("coast"))
    else:
        share = float(np.mean(~np.isnan(zones.coast_m)))
        layers.append(maker.own("coast", Origin.DERIVED, int(zones.is_coastal.sum()), share))
    if any(made.spots.commune):
        layers.append(maker.own("communes", Origin.DERIVED, n, 1.0))
    if city.facts:
        told = maker.told("facts", len(city.facts), 1.0, "facts", Text("layer.facts.note"))
        layers.append(told or maker.own("facts", Origin.OBSERVED, len(city.facts), 1.0))
    return layers


def _people(maker: _Maker, people: int, known: float) -> Layer:
    origin = maker.made.housed.people_from
    if origin is Origin.MISSING:
        return maker.missing("population")
    if origin is Origin.SYNTHETIC:
        note = Text("layer.population_estimated.note")
        return maker.own("population", origin, people, known, note)
    said = maker.given("population", people, known)
    if said is None:
        said = maker.given("zones", people, known)
    if said is None:
        return maker.own("population", origin, people, known)
    usual = "layer.population_points.note" if origin is Origin.DERIVED else "layer.given.note"
    note = maker.remark("population") or Text(usual)
    return replace(said, name="population", origin=origin, notes=note)


def _population_age(maker: _Maker, aged: float) -> Layer:
    if not aged:
        return maker.missing("age_groups")
    said = _people(maker, 0, aged)
    count = int(np.isfinite(maker.city.zones.age).any(axis=0).sum())
    return replace(said, name="age_groups", count=count, notes=Text("layer.age_groups.note"))


def _stock(maker: _Maker) -> list[Layer]:
    city, housed = maker.city, maker.made.housed
    n, zone = city.buildings.zone.size, city.buildings.zone
    layers: list[Layer] = []
    if housed.buildings_from is Origin.MISSING:
        return [maker.missing("buildings")]
    if housed.buildings_from is Origin.SYNTHETIC:
        note = Text("layer.buildings.note", {"off_street": housed.off_street})
        layers.append(maker.own("buildings", Origin.SYNTHETIC, n, zone, note))
        layers.append(maker.own("occupants", Origin.SYNTHETIC, n, zone))
    else:
        said = maker.given("buildings", n, zone)
        layers.append(said or maker.own("buildings", Origin.OBSERVED, n, zone))
        guessed = Origin.SYNTHETIC if housed.people_from is Origin.SYNTHETIC else Origin.DERIVED
        for one in housed.layers:
            origin = guessed if one.name == "occupants" else one.origin
            layers.append(replace(one, coverage=maker.share(zone), origin=origin))
        if "occupants" not in {layer.name for layer in housed.layers}:
            layers.append(maker.own("occupants", guessed, n, zone))
    if not np.any(np.diff(city.buildings.shapes.shape) > 0):
        layers.append(maker.missing("building_footprints"))
    return layers


def _places(maker: _Maker) -> list[Layer]:
    city, spots = maker.city, maker.made.spots
    kind = np.array(city.facilities.kind, dtype=object)
    rows = np.arange(kind.size)
    made = np.isin(rows, list(spots.made))
    zone = city.facilities.zone
    ids = np.array([name.split("-")[0] for name in city.facilities.id], dtype=object)
    of_register = ~made & np.isin(ids, ["health", "school"])
    layers: list[Layer | None] = []
    for name, key in (("health_sites", "health"), ("schools", "school")):
        mine = of_register & (ids == key)
        note = Text(f"layer.{name}.note", {"outside": spots.dropped.get(name, 0)})
        layers.append(maker.told(name, mine.sum(), zone[mine], name, note))
    given = ~made & ~of_register if maker.recipe.registers else ~made
    outside = {"outside": spots.dropped.get("facilities", 0)}
    note = Text("layer.facilities.note", outside)
    layers.append(maker.given("facilities", given.sum(), zone[given], note))
    health = np.isin(kind, list(HEALTH))
    if not health.any():
        layers.append(maker.missing("health_sites"))
    elif (health & made).any():
        layers.append(
            maker.own(
                "hospitals_made", Origin.SYNTHETIC, (health & made).sum(), zone[health & made]
            )
        )
    layers.append(_beds(maker, health, made, zone))
    room = city.facilities.shelter_places > 0
    if room.any():
        layers.append(maker.own("shelters", Origin.SYNTHETIC, room.sum(), zone[room]))
    else:
        layers.append(maker.missing("shelters"))
    stations = np.isin(kind, list(STATIONS))
    if not stations.any():
        layers.append(maker.missing("stations"))
    elif (stations & made).any():
        some = stations & made
        layers.append(maker.own("stations", Origin.SYNTHETIC, some.sum(), zone[some]))
    return [layer for layer in layers if layer is not None]


def _beds(maker: _Maker, health: np.ndarray, made: np.ndarray, zone: np.ndarray) -> Layer | None:
    known = health & ~np.isnan(maker.city.facilities.beds)
    if not known.any():
        return maker.missing("beds") if health.any() else None
    if (known & made).any():
        note = Text("layer.beds_made.note")
        return maker.own("beds", Origin.SYNTHETIC, known.sum(), zone[known], note)
    told = maker.recipe.registers.get("beds")
    if told and maker.recipe.beds:
        return maker.told("beds", known.sum(), zone[known], "beds", Text("layer.given.note"))
    said = maker.given("facilities", known.sum(), zone[known], Text("layer.beds_given.note"))
    if said is None:
        return maker.own("beds", Origin.OBSERVED, known.sum(), zone[known])
    return replace(said, name="beds")


def _networks(maker: _Maker) -> list[Layer]:
    city = maker.city
    sector = np.array(city.lifelines.sector, dtype=object)
    mains = np.array(city.mains.sector, dtype=object)
    layers: list[Layer] = []
    for name in _NETWORKS:
        nodes = sector == name
        where: Zones = np.concatenate([city.mains.zone[mains == name], city.lifelines.zone[nodes]])
        where = 1.0 if name == "telecom" and nodes.any() else where
        layer = f"{name}_network"
        note = Text("layer.network_given.note")
        said = maker.given(layer, nodes.sum(), where, note) if nodes.any() else None
        if said is None and nodes.any():
            said = maker.own(layer, Origin.SYNTHETIC, nodes.sum(), where)
        layers.append(said or maker.missing(layer))
    if not {layer.name for layer in layers if layer.origin is Origin.OBSERVED}:
        layers.append(maker.missing("network_records"))
    return layers


def _parties(maker: _Maker) -> list[Layer]:
    city, graph, made = maker.city, maker.made.graph, Origin.SYNTHETIC
    layers: list[Layer] = []
    if not city.dependencies.service:
        layers.append(maker.missing("dependencies"))
    elif graph.stated:
        note = Text(
            "layer.dependencies_stated.note", {"stated": graph.stated, "assumed": graph.assumed}
        )
        served = {name.split(":")[1] for name in city.dependencies.node if name[:5] == "zone:"}
        share = len(served) / max(city.zones.id.size, 1)
        said = maker.given("dependencies", len(city.dependencies.service), share, note)
        if said is None:
            said = maker.own("dependencies", Origin.OBSERVED, graph.stated, share, note)
        layers.append(replace(said, origin=made) if graph.assumed else said)
    else:
        layers.append(maker.own("dependencies", made, len(city.dependencies.service), 1.0))
    layers.append(_sensors(maker))
    for name, table in (
        ("teams", city.teams), ("stocks", city.stocks), ("organisations", city.organisations),
    ):  # fmt: skip
        if len(table):
            layers.append(maker.own(name, made, len(table), 1.0))
    return layers


def _sensors(maker: _Maker) -> Layer:
    streams = maker.city.datastreams
    if not streams:
        return maker.missing("sensors")
    zone = np.array([stream.zone for stream in streams])
    if all(stream.origin is not Origin.SYNTHETIC for stream in streams):
        said = maker.given("sensors", len(streams), zone)
        if said is not None:
            return said
    observed = sum(stream.origin is not Origin.SYNTHETIC for stream in streams)
    note = Text("layer.sensors_mixed.note", {"observed": observed}) if observed else None
    return maker.own("sensors", Origin.SYNTHETIC, len(streams), zone, note)
