"""How many buildings of each kind every zone has, so that dwellings agree with the census."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.recipe import Recipe
from rencheng.domain.city import F64, Flags
from rencheng.domain.errors import InvalidInputError

I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stock:
    """Buildings to be placed: one row for each kind, one column for each zone."""

    count: I64
    """(kinds, zones)"""
    dwellings: I64
    """Dwellings by zone. (zones,)"""


def share_out(total: int, weight: F64) -> I64:
    """Split a whole number in proportion to weights, largest remainders first. (parts,)

    Examples
    --------
    >>> share_out(10, np.array([1.0, 1.0, 1.0])).tolist()
    [4, 3, 3]
    """
    weight = np.nan_to_num(np.asarray(weight, dtype=float))
    if total <= 0 or weight.sum() <= 0:
        return np.zeros(weight.size, dtype=np.int64)
    exact = total * weight / weight.sum()
    whole: I64 = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def census_dwellings(recipe: Recipe, population: F64) -> int:
    """Return the dwellings of the zones: the census's, in proportion to the people in the zones.

    Without a census among the recipe's facts its assumption on people in a dwelling is taken.

    The zones hold fewer people than the communes of the census, so they get the same share of the
    dwellings; persons per dwelling and the share of vacant ones stay as counted.
    """
    people = float(np.nansum(population))
    facts = recipe.facts
    if "dwellings" not in facts or "population_2024" not in facts:
        occupied = people / recipe.housing.people_per_dwelling
        return round(occupied / (1.0 - recipe.housing.vacant_share))
    return round(facts["dwellings"].value * people / facts["population_2024"].value)


def vacant_share(recipe: Recipe) -> float:
    """Return the share of private dwellings that the census found vacant, else an assumption."""
    facts = recipe.facts
    if "dwellings" not in facts or "dwellings_vacant" not in facts:
        return recipe.housing.vacant_share
    return facts["dwellings_vacant"].value / facts["dwellings"].value


def plan_homes(recipe: Recipe, population: F64, is_coastal: Flags) -> Stock:
    """Return how many homes of each kind stand in each zone.

    The kinds' shares of the dwellings are the recipe's, tilted in coastal zones; what a zone's
    dwellings leave over after whole buildings becomes homes of the smallest kind.
    """
    dwellings = share_out(census_dwellings(recipe, population), population)
    kinds = recipe.homes
    size = np.array([k.dwellings for k in kinds])
    smallest = int(size.argmin())
    if size[smallest] != 1:
        raise InvalidInputError(
            "city.no_single_home",
            "no kind of home in the recipe has a single dwelling",
            hint="Give one kind of [[homes]] `dwellings = 1`, so that dwellings add up",
        )
    tilt: F64 = np.array([[k.share * (k.coastal if c else 1.0) for c in is_coastal] for k in kinds])
    wanted = tilt / tilt.sum(axis=0) * dwellings
    count = np.floor(wanted / size[:, None]).astype(np.int64)
    count[smallest] += dwellings - (count * size[:, None]).sum(axis=0)
    return Stock(count, dwellings)
