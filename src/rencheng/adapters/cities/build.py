"""Build a city from its recipe: the one place where all its layers come together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.generate.housing import house
from rencheng.adapters.cities.generate.needs import usual_groups
from rencheng.adapters.cities.generate.networks import (
    Site,
    lay_networks,
    make_lifelines,
    make_mains,
)
from rencheng.adapters.cities.generate.parties import make_organisations, make_stocks, make_teams
from rencheng.adapters.cities.generate.places import (
    add_care,
    add_given,
    add_stations,
    commune_of_zones,
    make_facilities,
    registered,
)
from rencheng.adapters.cities.generate.sensing import make_streams
from rencheng.adapters.cities.given import Given, RawZones
from rencheng.adapters.cities.graph import make_graph
from rencheng.adapters.cities.grid import Mesh, make_cells, make_grid
from rencheng.adapters.cities.ground import Ground, make_shapes, rings_of
from rencheng.adapters.cities.land import Land, survey
from rencheng.adapters.cities.layers import Made, make_layers
from rencheng.adapters.cities.recipe import Recipe, settle
from rencheng.adapters.cities.records import joined, record
from rencheng.adapters.cities.sources import Work, read_sources
from rencheng.adapters.cities.stated import with_statements
from rencheng.adapters.cities.streets import Paths, Streets, build_streets
from rencheng.adapters.cities.zoning import make_zones, middle_of
from rencheng.domain.city import F64, I32, Buildings, BusStops, City, Grid, Terrain, Zones
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.finding import DataFinding

STEPS = ("streets", "buildings", "land", "facilities", "networks", "parties", "layers")
"""Steps after the sources have been read; each source is a step of its own before them."""
Progress = Callable[[str, float, int], None]
NETWORKS = ("power", "water", "drainage")
SERVICES = ("power", "water", "telecom", "access")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A city, and what was found in its sources on the way."""

    city: City
    findings: tuple[DataFinding, ...]


def build_city(recipe: Recipe, state: Path, progress: Progress | Work | None = None) -> City:
    """Build a city from its recipe, its files and the packages fetched into `state`.

    The same recipe and files give the same city, value for value.

    Parameters
    ----------
    progress
        Who is told how far it is; as `Work` it can be stopped too.

    Returns
    -------
    city
        With an empty `version`: storing it gives it one, from its content.

    Raises
    ------
    SourceUnavailableError
        When a package has not been fetched.
    InvalidInputError
        When the recipe or a file does not make a city.
    """
    work = progress if isinstance(progress, Work) else Work(progress=progress)
    return build(recipe, state, work).city


def build(recipe: Recipe, state: Path, work: Work) -> Built:
    """Build a city, and say what its sources had wrong.

    Raises
    ------
    ConflictError
        When the user stopped it; what was read is kept for the next time.
    InvalidInputError, SourceUnavailableError, TooMuchError
        As `build_city` and the readers.
    """
    total = len(recipe.sources) + len(STEPS)
    given = with_statements(read_sources(recipe, state, work, total), state, recipe.id)
    return assemble(recipe, given, work)


def assemble(recipe: Recipe, given: Given, work: Work | None = None) -> Built:
    """Make a city of what the sources said: derive, generate what the recipe lets be generated."""
    watch = work or Work()
    total = len(recipe.sources) + len(STEPS)

    def step(key: str) -> None:
        watch.tell(key, len(recipe.sources) + STEPS.index(key), total)

    ground = Ground.around(recipe.epsg, *middle_of(recipe, given))
    if given.roads is None or len(given.roads.start) == 0:
        raise InvalidInputError(
            "city.no_roads",
            "no source gives any street",
            hint="Add a source with the layer roads: without streets nothing can be reached",
        )
    step("streets")
    districts = make_zones(recipe, given, ground)
    land = survey(districts.raw.areas, recipe.coast, ground)
    streets = build_streets(given.roads, land.areas, recipe.speeds_km_h, ground)
    _must_meet(streets)
    step("buildings")
    spots = add_given(registered(recipe, land, ground), given.facilities, recipe, land, ground)
    housed = house(recipe, given, districts, land, streets, spots, ground)
    raw, recipe = housed.raw, settle(recipe, float(np.nansum(housed.raw.population)))
    step("land")
    site = _site(raw, land, streets, housed.buildings, ground)
    mesh, grid, cell = _grid(recipe, raw, land, housed.buildings, ground)
    step("facilities")
    if recipe.missing.facilities == "generate":
        spots = add_stations(spots, recipe, streets, site.centre_m, site.population)
        spots = add_care(spots, recipe, streets, site.centre_m, site.population)
    facilities, places = make_facilities(spots, streets, land, ground)
    commune = commune_of_zones(spots, places, site.centre_m)
    step("networks")
    lifelines, mains, supply, found = _networks(recipe, given, site, facilities.id, ground)
    step("parties")
    zones = _zones(recipe, raw, site, commune, ground)
    usual = {}
    if recipe.missing.dependencies == "generate":
        usual = usual_groups(zones.id, lifelines, facilities, supply, recipe.backups)
    names = {f"zone:{number}:{service}" for number in zones.id for service in SERVICES}
    graph = make_graph(given.dependencies, usual, names.union(lifelines.id, facilities.id))
    city = _city(
        recipe, given, zones=zones, grid=grid, buildings=replace(housed.buildings, cell=cell),
        roads=streets.roads, facilities=facilities, lifelines=lifelines, mains=mains,
        dependencies=graph.dependencies, stops=_stops(given),
        datastreams=make_streams(recipe, given.sensors, site, lifelines, facilities, ground),
        organisations=make_organisations(recipe.organisations, zones.code),
    )  # fmt: skip
    step("layers")
    made = Made(given=given, spots=spots, housed=housed, mesh=mesh, graph=graph)
    findings = (
        *given.findings, *districts.findings, *housed.findings, *spots.faults.findings, *found,
        *graph.findings,
    )  # fmt: skip
    return Built(city=replace(city, layers=make_layers(city, recipe, made)), findings=findings)


def _must_meet(streets: Streets) -> None:
    """Refuse zones and streets that lie in different places: one of them has a wrong system."""
    if (streets.roads.zone < 0).all():
        lon, lat = np.nanmean(streets.roads.node_xy, axis=0).tolist()
        raise InvalidInputError(
            "city.elsewhere",
            f"none of {len(streets.roads.id)} streets lies in a zone; they are about {lon}, {lat}",
            hint="Check the coordinate systems of the sources for zones, boundary and roads",
            params={"n": len(streets.roads.id), "lon": lon, "lat": lat},
        )


def _city(recipe: Recipe, given: Given, **tables: Any) -> City:
    """Put the tables together with what follows from the recipe alone."""
    zones, facilities = tables["zones"], tables["facilities"]
    west, south, east, north = shapely.total_bounds(shapely.points(zones.shapes.xy)).tolist()
    return City(
        id=recipe.id,
        name={"zh-CN": recipe.name_zh, "en": recipe.name_en},
        version="",
        timezone=recipe.timezone,
        bbox=(west, south, east, north),
        terrain=given.terrain or Terrain.none(),
        teams=make_teams(recipe.teams, facilities, tables["organisations"]),
        stocks=make_stocks(recipe.stocks, facilities),
        layers=(),
        facts={key: fact.value for key, fact in recipe.facts.items()},
        fact_sources={key: fact.source for key, fact in recipe.facts.items()},
        **tables,
    )


def _site(
    raw: RawZones, land: Land, streets: Streets, buildings: Buildings, ground: Ground
) -> Site:
    """Return what the networks are laid on."""
    centre_m = _centres(buildings, land, ground)
    return Site(
        streets, Paths.of(streets.roads), land, centre_m, streets.nearest(centre_m),
        raw.id.astype(np.int32), np.nan_to_num(raw.population),
    )  # fmt: skip


def _grid(
    recipe: Recipe, raw: RawZones, land: Land, buildings: Buildings, ground: Ground
) -> tuple[Mesh, Grid, I32]:
    """Return the grid, and the cell of each building."""
    rule = recipe.grid
    options = {
        "prefix": rule.prefix, "side_m": rule.side_m, "smallest_m2": rule.smallest_m2,
        "resolution": rule.resolution,
    }  # fmt: skip
    mesh = make_cells(rule.kind, land.areas, raw.id, options, ground)
    cell = mesh.cell_of(ground.metres(buildings.xy), buildings.zone)
    night = buildings.occupants[0].astype(np.float64)
    living: F64 = np.bincount(
        cell[cell >= 0], weights=night[cell >= 0], minlength=len(mesh.id)
    ).astype(float)
    return mesh, make_grid(mesh, living, ground), cell


def _networks(
    recipe: Recipe, given: Given, site: Site, taken: tuple[str, ...], ground: Ground
) -> tuple[Any, ...]:
    """Return nodes, lines, who supplies whom, and what was wrong with those given."""
    rule = recipe.missing
    wanted = {
        name
        for name in ("power", "water", "telecom")
        if getattr(rule, name) == "generate" and getattr(given, name, None) is None
    }
    draft, supply = lay_networks(recipe, site, wanted)
    lifelines, mains = make_lifelines(recipe, draft, site, ground), make_mains(draft, site)
    records = [
        record(raw, site, ground)
        for raw in (getattr(given, name) for name in NETWORKS)
        if raw is not None and len(raw.id)
    ]
    found = [finding for one in records for finding in one.findings]
    return (*joined(lifelines, mains, supply, records, taken), found)


def _centres(buildings: Buildings, land: Land, ground: Ground) -> F64:
    """Return for each zone the home nearest to the middle of its residents. [m] (zones, 2)"""
    xy = ground.metres(buildings.xy)
    centres: F64 = shapely.get_coordinates(shapely.point_on_surface(land.areas))
    homes = np.flatnonzero(buildings.dwellings > 0)
    homes = homes[np.argsort(buildings.zone[homes], kind="stable")]
    first = np.searchsorted(buildings.zone[homes], np.arange(len(land.areas) + 1))
    for zone in range(len(land.areas)):
        rows = homes[first[zone] : first[zone + 1]]
        weight = buildings.occupants[0, rows].astype(np.float64)
        if weight.sum() > 0:
            middle = (xy[rows] * weight[:, None]).sum(axis=0) / weight.sum()
            centres[zone] = xy[rows[((xy[rows] - middle) ** 2).sum(axis=1).argmin()]]
    return centres


def _zones(
    recipe: Recipe, raw: RawZones, site: Site, commune: tuple[str, ...], ground: Ground
) -> Zones:
    land = site.land
    away = np.full(len(land.areas), np.nan)
    if land.coast is not None:
        away = shapely.distance(shapely.points(site.centre_m), land.coast)
    band_m = recipe.coast.band_m if recipe.coast else 0.0
    town = {p.commune: p.name_en.rpartition(" of ")[2] for p in recipe.organisations if p.commune}
    code = tuple(
        str(own) or guessed for own, guessed in zip(raw.code, commune, strict=True)
    )  # fmt: skip
    return Zones(
        id=raw.id.astype(np.int32),
        code=code,
        name=tuple(
            str(name) or f"{town.get(where, recipe.name_en)} {number}"
            for name, where, number in zip(raw.name, code, raw.id, strict=True)
        ),
        population=raw.population,
        age=raw.age,
        area_m2=shapely.area(land.areas),
        centre=ground.degrees(site.centre_m),
        is_coastal=land.touches | (away <= band_m),
        coast_m=away,
        road_node=site.zone_node,
        shapes=make_shapes([rings_of(area) for area in raw.areas]),
    )


def _stops(given: Given) -> BusStops:
    raw = given.stops
    if raw is None:
        return BusStops(id=(), name=(), xy=np.empty((0, 2)), departures=np.empty(0, dtype=np.int32))
    return BusStops(
        id=tuple(map(str, raw.id)),
        name=tuple(map(str, raw.name)),
        xy=raw.xy,
        departures=raw.departures.astype(np.int32),
    )
