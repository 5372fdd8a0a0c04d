"""Individual buildings, generated: no register of the city's buildings is public."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rencheng.adapters.cities.generate.assumptions import Era, Home, Presence, Workplace
from rencheng.adapters.cities.generate.homes import I64, share_out, vacant_share
from rencheng.adapters.cities.generate.lots import Places
from rencheng.adapters.cities.ground import Ground, place_ids
from rencheng.adapters.cities.numbering import own_ids
from rencheng.adapters.cities.recipe import Recipe
from rencheng.domain.city import F32, F64, I32, Buildings, Shapes

# HAZUS has no unreinforced masonry designed to a moderate or high code.
_URM_LEVEL = {"HC": "LC", "MC": "LC"}
_TOWER = 8
"""Storeys of a tower."""
_LARGE_SPREAD = 0.35
"""Logarithmic spread of floor areas. No source: house default."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Registered places that get a building of their own, by kind of workplace. [m]"""

    xy: dict[str, F64]
    zone: dict[str, I32]
    link: dict[str, I32]


@dataclass(frozen=True, slots=True)
class Plan:
    """What stands where before it is given walls."""

    places: Places
    kind: np.ndarray
    """Row in homes, then in workplaces. (buildings,)"""


def plan_workplaces(recipe: Recipe, main_length: F64, sites: Sites) -> I64:
    """Return how many free-standing workplaces of each kind go to each zone. (kinds, zones)

    In proportion to the length of main streets; kinds with registered sites are left out.
    """
    return np.array(
        [
            share_out(0 if work.key in sites.xy else work.count, main_length)
            for work in recipe.workplaces
        ]
    )


def assign_kinds(
    places: Places, counts: np.ndarray, on_main: F64, rng: np.random.Generator
) -> np.ndarray:
    """Return the kind of building at each place: those that like main streets choose first.

    Parameters
    ----------
    counts
        Buildings by kind and zone; in each zone they add up to its places. (kinds, zones)
    on_main
        How strongly each kind prefers main streets, 0 to 1. (kinds,)
    """
    kind = np.empty(len(places.zone), dtype=np.int64)
    noise = rng.random(len(kind))
    start = np.searchsorted(places.zone, np.arange(counts.shape[1] + 1))
    eager = np.argsort(-on_main, kind="stable")
    for zone in range(counts.shape[1]):
        free = np.arange(start[zone], start[zone + 1])
        for k in eager:
            n = int(counts[k, zone])
            if n == 0:
                continue
            wish = noise[free] - on_main[k] * places.is_main[free] * 2.0
            order = np.argsort(wish, kind="stable")
            kind[free[order[:n]]] = k
            free = np.sort(free[order[n:]])
            noise[free] = rng.random(len(free))
    return kind


def make_buildings(
    recipe: Recipe, plan: Plan, sites: Sites, population: F64, ground: Ground
) -> Buildings:
    """Give every building its structure, storeys, floor area, dwellings and people.

    Parameters
    ----------
    population
        Residents by zone. (zones,)
    """
    rng = np.random.default_rng([recipe.seed, 2])
    kinds: list[Home | Workplace] = [*recipe.homes, *recipe.workplaces]
    kind, xy, zone, link = _with_sites(recipe, plan, sites)
    n = len(kind)
    storeys = np.empty(n, dtype=np.int16)
    curve = np.empty(n, dtype=object)
    area = np.empty(n)
    level = _levels(recipe.eras, link, rng)
    for k, what in enumerate(kinds):
        rows = np.flatnonzero(kind == k)
        low, high = what.storeys
        storeys[rows] = rng.integers(low, high + 1, rows.size)
        curve[rows] = _curves(what.structures, storeys[rows], level[rows], rng)
        size = getattr(what, "dwellings", 1) * what.area_m2
        area[rows] = size * np.exp(rng.normal(0.0, _LARGE_SPREAD, rows.size))
    size = np.array([getattr(what, "dwellings", 0) for what in kinds])
    dwellings = size[kind].astype(np.int16)
    uses = tuple(dict.fromkeys(what.use for what in kinds))
    use = np.array([uses.index(what.use) for what in kinds], dtype=np.int8)[kind]
    curves = tuple(sorted(set(curve)))
    row = {name: i for i, name in enumerate(curves)}
    where = {"zone": zone, "use": use, "dwellings": dwellings, "area": area}
    lived_in = rng.binomial(dwellings, 1.0 - vacant_share(recipe))
    places = ground.degrees(xy)
    return Buildings(
        # Registers know places with two buildings.
        id=own_ids(place_ids(places)),
        xy=places,
        zone=zone,
        cell=np.full(n, -1, dtype=np.int32),
        link=link,
        curve=np.array([row[name] for name in curve], dtype=np.int16),
        curves=curves,
        certainty=np.full(n, np.nan, dtype=np.float32),
        storeys=storeys,
        height_m=np.full(n, np.nan, dtype=np.float32),
        use=use,
        uses=uses,
        dwellings=dwellings,
        floor_area_m2=area.astype(np.float32),
        occupants=_occupants(where, uses, lived_in, population, recipe.people),
        shapes=Shapes.none(n),
    )


def _with_sites(recipe: Recipe, plan: Plan, sites: Sites) -> tuple[np.ndarray, F64, I32, I32]:
    """Add the buildings of registered sites behind the others; return kind, place, zone, street."""
    kind, xy = [plan.kind], [plan.places.xy]
    zone, link = [plan.places.zone], [plan.places.link]
    for k, work in enumerate(recipe.workplaces, start=len(recipe.homes)):
        if work.key in sites.xy:
            kind.append(np.full(len(sites.xy[work.key]), k))
            xy.append(sites.xy[work.key])
            zone.append(sites.zone[work.key])
            link.append(sites.link[work.key])
    return (
        np.concatenate(kind),
        np.concatenate(xy),
        np.concatenate(zone).astype(np.int32),
        np.concatenate(link).astype(np.int32),
    )


def _levels(eras: tuple[Era, ...], link: I32, rng: np.random.Generator) -> np.ndarray:
    """Return the code level of each building: a street was built up in one era."""
    share = np.array([era.share for era in eras])
    streets, row = np.unique(link, return_inverse=True)
    era = rng.choice(len(eras), size=streets.size, p=share / share.sum())
    return np.array([e.level for e in eras], dtype=object)[era][row]


def _curves(
    structures: dict[str, float], storeys: np.ndarray, level: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return fragility ids such as `LF.C2.M.HC`; the height class follows the storeys."""
    names = list(structures)
    share = np.array([structures[name] for name in names])
    picked = rng.choice(len(names), size=storeys.size, p=share / share.sum())
    found = []
    for which, floors, code in zip(picked, storeys, level, strict=True):
        kind, _, height = names[which].partition(".")
        if height:
            # HAZUS height classes: low 1-3, mid 4-7, high 8+ storeys (RM1 and URM end at M).
            height = "L" if floors <= 3 else "M" if floors <= 7 or kind in ("RM1", "URM") else "H"
        built = _URM_LEVEL.get(code, code) if kind == "URM" else code
        # Chile had hardly any towers before the code of 1972. No source: house default.
        built = "MC" if floors >= _TOWER and built in ("LC", "PC") else built
        found.append(".".join(filter(None, ("LF", kind, height, built))))
    return np.array(found, dtype=object)


def _occupants(
    where: dict[str, np.ndarray],
    uses: tuple[str, ...],
    lived_in: np.ndarray,
    population: F64,
    people: Presence,
) -> F32:
    """Return people inside by night, day and commute. (3, buildings)

    Residents are spread over the inhabited dwellings of their zone; by night everybody of the
    city is in some building, and those at work by night are missing at home.
    """
    use = np.array(uses, dtype=object)[where["use"]]
    total = float(np.nansum(population))
    groups = {
        "commercial": np.isin(use, ["COM1", "COM4", "COM6", "GOV1"]),
        "education": use == "EDU1",
        "industry": use == "IND2",
    }
    inside = np.zeros((3, use.size))
    for name, rows in groups.items():
        if rows.any():
            most = total * getattr(people, f"{name}_share")
            share = np.where(rows, where["area"], 0.0)
            share = share / share.sum() * most
            inside += np.array(getattr(people, name))[:, None] * share
    homes = where["dwellings"] > 0
    zones = population.size
    weight = np.where(homes, lived_in, 0).astype(float)
    by_zone = np.bincount(where["zone"], weights=weight, minlength=zones)
    empty = homes & (by_zone[where["zone"]] == 0)
    weight[empty] = where["dwellings"][empty]
    by_zone = np.bincount(where["zone"], weights=weight, minlength=zones)
    residents = (
        weight / np.maximum(by_zone, 1.0)[where["zone"]] * np.nan_to_num(population[where["zone"]])
    )
    at_home = np.array(people.home)
    at_home[0] -= inside[0].sum() / total
    found: F32 = (inside + at_home[:, None] * residents).astype(np.float32)
    return found
