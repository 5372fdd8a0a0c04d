"""Small cities of any make: a grid of streets, and of everything else only what is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import shapely

from rencheng.adapters.cities.build import Built, assemble
from rencheng.adapters.cities.given import Given, RawBuildings, RawLinks, RawNetwork, RawPeople
from rencheng.adapters.cities.recipe import Missing, Recipe, load_recipe

WEST, SOUTH, STEP = 24.90, 60.16, 0.004
SIDE = 8
"""Crossings along each side of the grid of streets."""


def names(*values: str) -> np.ndarray:
    """Return strings as readers give them."""
    return np.array([*values, None], dtype=object)[:-1]


def recipe(generate: tuple[str, ...] = (), **changes: Any) -> Recipe:
    """Return a recipe that generates these layers and leaves the others missing."""
    choice = {one: "generate" if one in generate else "leave" for one in Missing.__slots__}
    missing = msgspec.convert(choice, Missing)
    own = {"id": "any", "missing": missing, "sources": (), "packages": (), "coast": None}
    plain = load_recipe("helsinki")
    return replace(plain, **{**own, **changes})


def streets() -> RawLinks:
    """Return a grid of two-way streets, about 220 m by 450 m between crossings."""
    at = np.arange(SIDE)
    x, y = (v.ravel() for v in np.meshgrid(at, at))
    xy = np.column_stack([WEST + x * STEP, SOUTH + y * STEP])
    node = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    start = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    end = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    count = len(start)
    return RawLinks(
        node_xy=xy,
        start=start,
        end=end,
        direction=np.zeros(count, dtype=np.int8),
        kind=names(*(("residential", "primary")[k % 2] for k in range(count))),
        name=names(*("" for _ in range(count))),
        speed_km_h=np.full(count, np.nan),
        lines=shapely.linestrings(np.stack([xy[start], xy[end]], axis=1)),
    )


def people(total: float = 20_000.0) -> RawPeople:
    """Return residents at points spread over the city."""
    at = (np.arange(20) + 0.5) / 20 * STEP * (SIDE - 1)
    x, y = (v.ravel() for v in np.meshgrid(at, at))
    xy = np.column_stack([WEST + x, SOUTH + y])
    return RawPeople(
        xy=xy, people=np.full(len(xy), total / len(xy)), age=np.full((3, len(xy)), np.nan)
    )


def buildings(count: int = 200) -> RawBuildings:
    """Return footprints of ten metres, half of them homes."""
    draw = np.random.default_rng(4)
    xy = np.column_stack([WEST, SOUTH]) + draw.random((count, 2)) * STEP * (SIDE - 1)
    half = 0.0001
    unknown = np.full(count, np.nan, dtype=np.float32)
    return RawBuildings(
        id=np.arange(1, count + 1),
        xy=xy,
        areas=shapely.box(xy[:, 0] - half, xy[:, 1] - half, xy[:, 0] + half, xy[:, 1] + half),
        use=names(*(("apartments", "office")[k % 2] for k in range(count))),
        structure=names(*("" for _ in range(count))),
        storeys=np.full(count, 4, dtype=np.float32),
        height_m=unknown,
        year=unknown,
        dwellings=unknown,
        floor_area_m2=unknown,
        people=unknown,
    )


def network(
    sector: str = "power", kinds: tuple[str, ...] = ("generation", "substation", "feeder", "feeder")
) -> RawNetwork:
    """Return a line of nodes from the south-west to the north-east, the first of them a source."""
    count = len(kinds)
    share = np.linspace(0.1, 0.9, count)[:, None]
    xy = np.array([[WEST, SOUTH]]) + share * STEP * (SIDE - 1)
    start = np.arange(count - 1, dtype=np.int32)
    return RawNetwork(
        sector=sector,
        id=names(*(f"{sector[0]}{k}" for k in range(count))),
        kind=names(*kinds),
        xy=xy,
        capacity=np.full(count, np.nan),
        link_id=names(*(f"{sector[0]}-line-{k}" for k in range(count - 1))),
        start=start,
        end=start + 1,
        lines=shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1)),
        material=names(*("" for _ in range(count - 1))),
        diameter_m=np.full(count - 1, np.nan),
        link_capacity=np.full(count - 1, np.nan),
    )


def make(given: Given, generate: tuple[str, ...] = (), **changes: Any) -> Built:
    """Return a city of what is given, with these layers generated."""
    return assemble(recipe(generate, **changes), given)
