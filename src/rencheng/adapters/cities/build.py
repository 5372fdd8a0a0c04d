"""Build a city from its recipe: the one place where all its layers come together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.buildings import (
    Plan,
    Sites,
    assign_kinds,
    make_buildings,
    plan_workplaces,
)
from rencheng.adapters.cities.ground import Ground, make_shapes
from rencheng.adapters.cities.homes import plan_homes
from rencheng.adapters.cities.land import Land, cut_grid, make_grid, survey, zone_shapes
from rencheng.adapters.cities.layers import make_layers
from rencheng.adapters.cities.lots import choose_places
from rencheng.adapters.cities.needs import make_dependencies
from rencheng.adapters.cities.networks import Site, lay_networks, make_lifelines, make_mains
from rencheng.adapters.cities.packages import member
from rencheng.adapters.cities.parties import make_organisations, make_stocks, make_teams
from rencheng.adapters.cities.places import (
    Spots,
    add_stations,
    commune_of_zones,
    make_facilities,
    registered,
    zone_of,
)
from rencheng.adapters.cities.recipe import Recipe
from rencheng.adapters.cities.sensing import make_streams
from rencheng.adapters.cities.source import RawStops, RawZones, read_project
from rencheng.adapters.cities.streets import Paths, Streets, build_streets
from rencheng.domain.city import AGES, F64, I32, Buildings, BusStops, City, Grid, Terrain, Zones
from rencheng.domain.errors import InvalidInputError

STEPS = ("read", "streets", "buildings", "land", "facilities", "networks", "parties", "layers")
Progress = Callable[[str, int, int], None]
"""Called with the key of a step that begins, its number from 0, and the number of steps."""


def build_city(recipe: Recipe, state: Path, progress: Progress | None = None) -> City:
    """Build a city from its recipe and the packages fetched into `state`.

    The same recipe and packages give the same city, value for value.

    Returns
    -------
    city
        With an empty `version`: storing it gives it one, from its content.

    Raises
    ------
    SourceUnavailableError
        When a package has not been fetched.
    InvalidInputError
        When the recipe or the file does not make a city.
    """

    def step(key: str) -> None:
        if progress:
            progress(key, STEPS.index(key), len(STEPS))

    step("read")
    package = next(p for p in recipe.packages if p.name == recipe.project.package)
    file = member(state, package.pin, recipe.project.archive)
    raw_zones, raw_links, raw_stops = read_project(file, recipe.project)
    _check_people(raw_zones)
    ground = Ground.of(recipe.epsg)
    step("streets")
    land = survey(raw_zones, recipe.coast, ground)
    streets = build_streets(raw_links, land.areas, recipe.speeds_km_h, ground)
    step("buildings")
    spots = registered(recipe, land, ground)
    buildings, off_street = _buildings(recipe, raw_zones, land, streets, spots, ground)
    site = _site(raw_zones, land, streets, buildings, ground)
    step("land")
    grid, cell = _grid(recipe, raw_zones, land, buildings, ground)
    step("facilities")
    spots = add_stations(spots, recipe, streets, site.centre_m, site.population)
    facilities, places = make_facilities(spots, streets, land, ground)
    commune = commune_of_zones(spots, places, site.centre_m)
    step("networks")
    draft, supply = lay_networks(recipe, site)
    lifelines = make_lifelines(recipe, draft, site, ground)
    mains = make_mains(draft, site)
    step("parties")
    zones = _zones(recipe, raw_zones, site, commune, ground)
    needs = make_dependencies(zones.id, lifelines, facilities, supply, recipe.backups)
    streams = make_streams(recipe, site, lifelines, facilities, ground)
    city = _assemble(
        recipe, zones=zones, grid=grid, buildings=replace(buildings, cell=cell),
        roads=streets.roads, facilities=facilities, lifelines=lifelines, mains=mains,
        dependencies=needs, stops=_stops(raw_stops), datastreams=streams,
        organisations=make_organisations(recipe.organisations, commune),
    )  # fmt: skip
    step("layers")
    return replace(city, layers=make_layers(city, recipe, spots.dropped, off_street))


def _assemble(recipe: Recipe, **tables: Any) -> City:
    """Put the tables together with what follows from the recipe alone."""
    zones, facilities = tables["zones"], tables["facilities"]
    west, south, east, north = shapely.total_bounds(shapely.points(zones.shapes.xy)).tolist()
    return City(
        id=recipe.id,
        name={"zh-CN": recipe.name_zh, "en": recipe.name_en},
        version="",
        timezone=recipe.timezone,
        bbox=(west, south, east, north),
        terrain=Terrain.none(),
        teams=make_teams(recipe.teams, facilities),
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
) -> tuple[Grid, I32]:
    """Return the grid, and the cell of each building."""
    squares = cut_grid(land.areas, raw.id, recipe.grid)
    cell = squares.cell_of(ground.metres(buildings.xy), buildings.zone)
    night = buildings.occupants[0].astype(np.float64)
    living: F64 = np.bincount(
        cell[cell >= 0], weights=night[cell >= 0], minlength=len(squares.id)
    ).astype(float)
    return make_grid(squares, living, ground), cell


def _check_people(raw: RawZones) -> None:
    if not np.nansum(raw.population) > 0:
        raise InvalidInputError(
            "city.no_people",
            "the zones have no population at all",
            hint="Check the column `population` of the table `zones`",
        )


def _buildings(
    recipe: Recipe, raw: RawZones, land: Land, streets: Streets, spots: Spots, ground: Ground
) -> tuple[Buildings, int]:
    """Return the buildings, and how many of them found no street in their zone."""
    roads = streets.roads
    is_coastal = land.touches
    homes = plan_homes(recipe, raw.population, is_coastal)
    main = [roads.kinds.index(k) for k in recipe.lots.main_kinds if k in roads.kinds]
    is_main = np.isin(roads.kind, main) & (roads.zone >= 0)
    length: F64 = np.bincount(
        roads.zone[is_main], weights=roads.length_m[is_main], minlength=len(raw.id)
    ).astype(float)
    sites = _sites(spots, land, streets)
    works = plan_workplaces(recipe, length, sites)
    counts = np.vstack([homes.count, works])
    rng = np.random.default_rng([recipe.seed, 1])
    places = choose_places(counts.sum(axis=0), streets, land.areas, recipe.lots, rng)
    wish = np.array([h.on_main for h in recipe.homes] + [1.0] * len(recipe.workplaces))
    plan = Plan(places, assign_kinds(places, counts, wish, rng))
    made = make_buildings(recipe, plan, sites, raw.population, ground)
    return made, int((~places.is_on_street).sum())


def _sites(spots: Spots, land: Land, streets: Streets) -> Sites:
    """Return the places of registered schools and health sites, with their zone and street."""
    xy: dict[str, F64] = {}
    zone, link = {}, {}
    tree = shapely.STRtree(streets.lines)
    for key, is_mine in (("school", _is_school), ("health", _is_health)):
        chosen = [p for p, ident in zip(spots.place, spots.id, strict=True) if is_mine(ident)]
        xy[key] = np.array(chosen).reshape(-1, 2)
        zone[key] = zone_of(land, xy[key])
        link[key] = tree.nearest(shapely.points(xy[key])).astype(np.int32)
    return Sites(xy, zone, link)


def _is_school(ident: str) -> bool:
    return ident.startswith("school-")


def _is_health(ident: str) -> bool:
    return ident.startswith("health-")


def _centres(buildings: Buildings, land: Land, ground: Ground) -> F64:
    """Return for each zone the home nearest to the middle of its residents. [m] (zones, 2)"""
    xy = ground.metres(buildings.xy)
    home = buildings.dwellings > 0
    centres: F64 = shapely.get_coordinates(shapely.point_on_surface(land.areas))
    for zone in range(len(land.areas)):
        rows = np.flatnonzero(home & (buildings.zone == zone))
        weight = buildings.occupants[0, rows].astype(np.float64)
        if weight.sum() > 0:
            middle = (xy[rows] * weight[:, None]).sum(axis=0) / weight.sum()
            centres[zone] = xy[rows[((xy[rows] - middle) ** 2).sum(axis=1).argmin()]]
    return centres


def _zones(
    recipe: Recipe, raw: RawZones, site: Site, commune: tuple[str, ...], ground: Ground
) -> Zones:
    land = site.land
    away = shapely.distance(shapely.points(site.centre_m), land.coast)
    town = {p.commune: p.name_en.rpartition(" of ")[2] for p in recipe.organisations if p.commune}
    return Zones(
        id=raw.id.astype(np.int32),
        code=commune,
        name=tuple(
            f"{town.get(code, recipe.name_en)} {number}"
            for code, number in zip(commune, raw.id, strict=True)
        ),
        population=raw.population,
        age=np.full((len(AGES), raw.id.size), np.nan),
        area_m2=shapely.area(land.areas),
        centre=ground.degrees(site.centre_m),
        is_coastal=land.touches | (away <= recipe.coast.band_m),
        coast_m=away,
        road_node=site.zone_node,
        shapes=make_shapes(zone_shapes(raw)),
    )


def _stops(raw: RawStops) -> BusStops:
    return BusStops(id=raw.id, name=raw.name, xy=raw.xy, departures=raw.departures.astype(np.int32))
