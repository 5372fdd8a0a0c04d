"""What a city's data lack or contradict, how much of it, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.ground import areas_of, row_of
from rencheng.adapters.cities.needs import FACILITY_NEEDS
from rencheng.adapters.cities.streets import main_part
from rencheng.domain.city import F64, I32, City
from rencheng.domain.errors import Param
from rencheng.domain.observation import Quantity
from rencheng.domain.provenance import Origin, Text

# Difference between the zones and the census that is worth a word. No source: house default.
CENSUS_TOLERANCE = 0.05
_FIRST = 3
_SERVICES = ("power", "water", "telecom", "access")


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A gap or a weakness of the city's data."""

    key: str
    severity: Severity
    text: Text
    count: int
    first: tuple[str, ...]
    """Ids of the first few things concerned."""
    mend: Text


def check_city(city: City) -> list[Finding]:
    """Return what is wrong or missing in a city, errors first.

    Notes
    -----
    An error is data that contradict themselves and would mislead a stage; a warning is a gap that
    weakens results; an info is a limit that a reader must know.
    """
    parts: tuple[Callable[[City], Iterable[Finding | None]], ...] = (
        _coordinates, _zones, _roads, _buildings, _facilities, _networks, _dependencies,
        _sensors, _layers,
    )  # fmt: skip
    found = [finding for part in parts for finding in part(city) if finding]
    rank = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    return sorted(found, key=lambda f: rank.index(f.severity))


def _finding(
    key: str, severity: Severity, ids: Sequence[str], *, count: int | None = None, **params: Param
) -> Finding | None:
    """Return a finding about these ids, None when there are none."""
    number = len(ids) if count is None else count
    if number == 0:
        return None
    return Finding(
        key=key,
        severity=severity,
        text=Text(f"check.{key}", {"n": number, **params}),
        count=number,
        first=tuple(ids[:_FIRST]),
        mend=Text(f"check.{key}.mend"),
    )


def _named(names: Sequence[object] | I32, rows: NDArray[np.bool_]) -> list[str]:
    return [str(names[int(i)]) for i in np.flatnonzero(rows)]


def _coordinates(city: City) -> Iterable[Finding | None]:
    west, south, east, north = city.bbox
    # Registered places may lie a little outside the zones' box. [deg]
    margin = 0.05
    low, high = np.array([west, south]) - margin, np.array([east, north]) + margin

    def outside(xy: F64) -> NDArray[np.bool_]:
        return np.logical_not(np.asarray(((xy >= low) & (xy <= high)).all(axis=1)))

    n = len(city.buildings.zone)
    for key, names, xy in (
        ("zones", city.zones.id, city.zones.centre),
        ("buildings", range(n), city.buildings.xy),
        ("road_nodes", range(len(city.roads.node_xy)), city.roads.node_xy),
        ("facilities", city.facilities.id, city.facilities.xy),
        ("lifelines", city.lifelines.id, city.lifelines.xy),
        ("bus_stops", city.stops.id, city.stops.xy),
    ):
        yield _finding(f"outside_{key}", Severity.ERROR, _named(names, outside(xy)))


def _zones(city: City) -> Iterable[Finding | None]:
    zones = city.zones
    empty = ~(np.nan_to_num(zones.population) > 0)
    yield _finding("zones_empty", Severity.WARNING, _named(zones.id, empty))
    streets = np.bincount(city.roads.zone[city.roads.zone >= 0], minlength=zones.id.size)
    yield _finding("zones_no_street", Severity.WARNING, _named(zones.id, streets == 0))
    unnamed = np.array([not name for name in zones.name])
    yield _finding("zones_unnamed", Severity.INFO, _named(zones.id, unnamed))
    yield _finding("coast_unknown", Severity.WARNING, _named(zones.id, np.isnan(zones.coast_m)))
    people, counted = float(np.nansum(zones.population)), city.facts.get("population_2024")
    if counted and abs(people / counted - 1) > CENSUS_TOLERANCE:
        yield _finding(
            "census", Severity.WARNING, [], count=1, people=round(people), counted=round(counted),
            share=(people / counted - 1) * 100,
        )  # fmt: skip


def _roads(city: City) -> Iterable[Finding | None]:
    roads = city.roads
    joined = np.zeros(len(roads.node_xy), dtype=bool)
    joined[main_part(roads)] = True
    loose = ~(joined[roads.start] & joined[roads.end])
    yield _finding("roads_apart", Severity.WARNING, _named(range(loose.size), loose))
    nameless = np.array([not name for name in roads.name])
    yield _finding("roads_unnamed", Severity.INFO, _named(range(loose.size), nameless))


def _buildings(city: City) -> Iterable[Finding | None]:
    made = city.buildings
    rows = range(made.zone.size)
    elsewhere = city.roads.zone[made.link] != made.zone
    yield _finding("buildings_off_street", Severity.INFO, _named(rows, elsewhere))
    yield _finding("buildings_no_cell", Severity.ERROR, _named(rows, made.cell < 0))
    people = float(np.nansum(city.zones.population))
    night = float(made.occupants[0].sum(dtype=np.float64))
    if abs(night - people) > 0.01 * max(people, 1.0):
        yield _finding(
            "night", Severity.ERROR, [], count=1, night=round(night), people=round(people)
        )


def _facilities(city: City) -> Iterable[Finding | None]:
    places = city.facilities
    hospital = np.array([kind == "hospital" for kind in places.kind])
    if not hospital.any():
        yield _finding("no_hospital", Severity.ERROR, [], count=1)
    unknown = hospital & np.isnan(places.beds)
    yield _finding("beds_unknown", Severity.WARNING, _named(places.id, unknown))
    is_shelter = np.nan_to_num(places.shelter_places) > 0
    dry = is_shelter & ~city.zones.is_coastal[places.zone]
    room = float(places.shelter_places[dry].sum())
    coastal = float(np.nansum(city.zones.population[city.zones.is_coastal]))
    if room < coastal:
        yield _finding(
            "shelter_room", Severity.WARNING, [], count=1, room=round(room), people=round(coastal)
        )
    wet = is_shelter & city.zones.is_coastal[places.zone]
    yield _finding("shelter_coastal", Severity.INFO, _named(places.id, wet))


def _networks(city: City) -> Iterable[Finding | None]:
    bare = np.array([not curve for curve in city.lifelines.curve])
    yield _finding("no_curve", Severity.WARNING, _named(city.lifelines.id, bare))
    for sector in ("power", "water"):
        laid = {
            int(z) for z, s in zip(city.mains.zone, city.mains.sector, strict=True) if s == sector
        }
        dry = np.array([z not in laid for z in range(city.zones.id.size)])
        yield _finding(f"no_{sector}_mains", Severity.INFO, _named(city.zones.id, dry))
    kinds = list(city.lifelines.kind)
    single = [k for k in ("generation", "treatment") if kinds.count(k) == 1]
    yield _finding("single_source", Severity.INFO, single)


def _dependencies(city: City) -> Iterable[Finding | None]:
    graph = city.dependencies
    nodes = set(graph.node)
    lost = [
        f"zone:{number}:{service}"
        for number in city.zones.id
        for service in _SERVICES
        if f"zone:{number}:{service}" not in nodes
    ]
    yield _finding("zone_nodes", Severity.ERROR, lost)
    absent = [name for name in (*city.lifelines.id, *city.facilities.id) if name not in nodes]
    yield _finding("not_in_graph", Severity.WARNING, absent)
    size = np.diff(graph.supplier_start)
    yield _finding("no_supplier", Severity.ERROR, _named(graph.service, size == 0))
    has: dict[str, set[str]] = {}
    for row, name in enumerate(graph.node):
        has[name] = set(graph.service[graph.group_start[row] : graph.group_start[row + 1]])
    gaps = [
        f"{name}: {service}"
        for name, kind in zip(city.facilities.id, city.facilities.kind, strict=True)
        for service in FACILITY_NEEDS.get(kind, ())
        if service not in has.get(name, set()) and service != "access"
    ]
    yield _finding("need_unstated", Severity.WARNING, gaps)
    low, high = graph.backup_low_h, graph.backup_high_h
    yield _finding("backup_order", Severity.ERROR, _named(graph.service, ~(low <= high)))
    origins = {layer.name: layer.origin for layer in city.layers}
    if origins.get("dependencies") is Origin.SYNTHETIC:
        yield _finding("backups_assumed", Severity.WARNING, [], count=int((high > 0).sum()))


def _sensors(city: City) -> Iterable[Finding | None]:
    streams = city.datastreams
    ids = [stream.id for stream in streams]
    if streams:
        xy = np.array([stream.xy for stream in streams])
        outside = row_of(areas_of(city.zones.shapes), xy) < 0
        yield _finding("sensors_outside", Severity.INFO, _named(ids, outside))
    watched = {stream.asset for stream in streams}
    known = {*city.lifelines.id, *city.facilities.id, "", *(f"zone:{i}" for i in city.zones.id)}
    astray = [s.id for s in streams if s.asset not in known]
    yield _finding("sensors_astray", Severity.ERROR, astray)
    blind = [
        name
        for name, kind in zip(city.facilities.id, city.facilities.kind, strict=True)
        if kind == "hospital" and name not in watched
    ]
    yield _finding("hospitals_unwatched", Severity.WARNING, blind)
    quantities = {stream.quantity for stream in streams}
    silent = [q.value for q in Quantity if q not in quantities]
    yield _finding("quantities_unwatched", Severity.WARNING, silent)


def _layers(city: City) -> Iterable[Finding | None]:
    for layer in city.layers:
        if layer.origin is Origin.MISSING:
            yield Finding(
                key=f"missing_{layer.name}",
                severity=Severity.WARNING,
                text=Text(f"layer.{layer.name}.note"),
                count=1,
                first=(layer.name,),
                mend=Text(f"layer.{layer.name}.mend"),
            )
    made = [layer.name for layer in city.layers if layer.origin is Origin.SYNTHETIC]
    yield _finding("synthetic", Severity.INFO, made)
