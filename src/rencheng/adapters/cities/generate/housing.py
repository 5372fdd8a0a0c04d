"""The building stock: as a source gives it, else generated, else none; and who lives in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely

from rencheng.adapters.cities.generate.buildings import (
    Plan,
    Sites,
    assign_kinds,
    make_buildings,
    plan_workplaces,
)
from rencheng.adapters.cities.generate.homes import plan_homes
from rencheng.adapters.cities.generate.lots import choose_places
from rencheng.adapters.cities.generate.places import HEALTH, SCHOOLS, Spots, zone_of
from rencheng.adapters.cities.given import Given, RawBuildings, RawZones
from rencheng.adapters.cities.ground import Ground, row_of
from rencheng.adapters.cities.land import Land
from rencheng.adapters.cities.recipe import Recipe, settle
from rencheng.adapters.cities.streets import Streets
from rencheng.adapters.cities.zoning import Districts, estimate_people
from rencheng.domain.city import F64, Buildings, Shapes
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.finding import DataFinding
from rencheng.domain.provenance import Layer, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Housed:
    """Buildings, and the zones with their residents."""

    buildings: Buildings
    raw: RawZones
    zones_from: Origin
    people_from: Origin
    buildings_from: Origin
    off_street: int
    """Generated buildings that found no street in their zone."""
    layers: tuple[Layer, ...]
    """What the stock itself says of types and occupants."""
    findings: tuple[DataFinding, ...]


def house(
    recipe: Recipe, given: Given, districts: Districts, land: Land, streets: Streets,
    spots: Spots, ground: Ground,
) -> Housed:  # fmt: skip
    """Return the building stock and the residents.

    Where nobody counted the residents and the recipe lets them be generated they are estimated:
    from the floor area of the given homes, else from built-up area.

    Raises
    ------
    InvalidInputError
        When buildings are to be generated and there are no residents to house.
    """
    raw, people_from = districts.raw, districts.people_from
    if people_from is Origin.MISSING and given.buildings is not None:
        raw, people_from = _summed(raw, given.buildings, land, ground)
    must_estimate = people_from is Origin.MISSING and recipe.missing.population == "generate"
    layers: tuple[Layer, ...] = ()
    findings: tuple[DataFinding, ...] = ()
    off_street, made_from = 0, Origin.MISSING
    has_stock = given.buildings is not None and len(given.buildings.id) > 0
    if has_stock:
        made_from = Origin.OBSERVED
        if must_estimate:
            first, *_ = _stock(recipe, given, land, streets, np.zeros(raw.id.size), ground)
            found = estimate_people(recipe, raw, land.areas, streets.roads, first)
            raw, people_from = _settled(raw, found)
        buildings, findings, layers = _stock(
            recipe, given, land, streets, raw.population, ground
        )  # fmt: skip
    else:
        if must_estimate:
            found = estimate_people(recipe, raw, land.areas, streets.roads, None)
            raw, people_from = _settled(raw, found)
        if recipe.missing.buildings == "generate":
            made_from = Origin.SYNTHETIC
            _must_have_people(raw)
            sized = settle(recipe, float(np.nansum(raw.population)))
            buildings, off_street = _generated(sized, raw, land, streets, spots, ground)
        else:
            buildings = no_buildings()
    return Housed(
        buildings=buildings,
        raw=raw,
        zones_from=districts.zones_from,
        people_from=people_from,
        buildings_from=made_from,
        off_street=off_street,
        layers=layers,
        findings=findings,
    )


def _summed(
    raw: RawZones, stock: RawBuildings, land: Land, ground: Ground
) -> tuple[RawZones, Origin]:
    """Return the zones with the residents that a source counts building by building."""
    known = np.flatnonzero(stock.people > 0)
    zone = row_of(land.areas, ground.metres(stock.xy[known]))
    inside = zone >= 0
    found: F64 = np.bincount(
        zone[inside], weights=stock.people[known[inside]], minlength=raw.id.size
    ).astype(float)
    if not found.sum() > 0:
        return raw, Origin.MISSING
    return replace(raw, population=found), Origin.DERIVED


def _settled(raw: RawZones, people: F64) -> tuple[RawZones, Origin]:
    if not people.sum() > 0:
        return raw, Origin.MISSING
    return replace(raw, population=people), Origin.SYNTHETIC


def _must_have_people(raw: RawZones) -> None:
    if not np.nansum(raw.population) > 0:
        raise InvalidInputError(
            "city.no_people",
            "the zones have no population at all",
            hint="Give residents by zone, raster or table, or let them be estimated: "
            '[missing] population = "generate"',
        )


def _stock(
    recipe: Recipe, given: Given, land: Land, streets: Streets, population: F64, ground: Ground
) -> tuple[Buildings, tuple[DataFinding, ...], tuple[Layer, ...]]:
    from rencheng.adapters.cities.stock.stock import make_stock
    from rencheng.adapters.cities.stock.taxonomy import load_taxonomy

    assert given.buildings is not None  # noqa: S101 - asked by the caller
    own = recipe.taxonomy.file
    taxonomy = load_taxonomy(Path(recipe.folder) / own if own else "default")
    return make_stock(
        given.buildings, land.areas, streets, population, taxonomy, recipe.people, recipe.seed,
        ground,
    )  # fmt: skip


def _generated(
    recipe: Recipe, raw: RawZones, land: Land, streets: Streets, spots: Spots, ground: Ground
) -> tuple[Buildings, int]:
    """Return buildings along the streets, and how many found no street in their zone."""
    roads = streets.roads
    homes = plan_homes(recipe, raw.population, land.touches)
    main = [roads.kinds.index(k) for k in recipe.lots.main_kinds if k in roads.kinds]
    is_main = np.isin(roads.kind, main) & (roads.zone >= 0)
    length: F64 = np.bincount(
        roads.zone[is_main], weights=roads.length_m[is_main], minlength=len(raw.id)
    ).astype(float)
    # Where no main street is known workplaces stand among the homes.
    length = length if length.sum() > 0 else np.nan_to_num(raw.population)
    sites = _sites(spots, land, streets)
    counts = np.vstack([homes.count, plan_workplaces(recipe, length, sites)])
    rng = np.random.default_rng([recipe.seed, 1])
    places = choose_places(counts.sum(axis=0), streets, land.areas, recipe.lots, rng)
    wish = np.array([h.on_main for h in recipe.homes] + [1.0] * len(recipe.workplaces))
    plan = Plan(places, assign_kinds(places, counts, wish, rng))
    made = make_buildings(recipe, plan, sites, raw.population, ground)
    return made, int((~places.is_on_street).sum())


def _sites(spots: Spots, land: Land, streets: Streets) -> Sites:
    """Return the places of known schools and health sites, with their zone and street."""
    xy: dict[str, F64] = {}
    zone, link = {}, {}
    tree = shapely.STRtree(streets.lines)
    for key, kinds in (("school", SCHOOLS), ("health", HEALTH)):
        chosen = [p for p, kind in zip(spots.place, spots.kind, strict=True) if kind in kinds]
        xy[key] = np.array(chosen).reshape(-1, 2)
        zone[key] = zone_of(land, xy[key])
        link[key] = tree.nearest(shapely.points(xy[key])).astype(np.int32)
    return Sites(xy, zone, link)


def no_buildings() -> Buildings:
    """Return the stock of a city of which no building is known."""
    return Buildings(
        id=np.empty(0, np.int64), xy=np.empty((0, 2)), zone=np.empty(0, np.int32),
        cell=np.empty(0, np.int32), link=np.empty(0, np.int32), curve=np.empty(0, np.int16),
        curves=(), certainty=np.empty(0, np.float32), storeys=np.empty(0, np.int16),
        height_m=np.empty(0, np.float32), use=np.empty(0, np.int8), uses=(),
        dwellings=np.empty(0, np.int16), floor_area_m2=np.empty(0, np.float32),
        occupants=np.empty((3, 0), np.float32), shapes=Shapes.none(0),
    )  # fmt: skip
