"""Repairs that wait for a crew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rencheng.domain.city import City
from rencheng.domain.resource import Team, TeamKind
from rencheng.model.recovery.crews import with_crews


def crews(city: City, count: int) -> City:
    one = Team(id="", organisation="", kind=TeamKind.REPAIR_POWER, facility="", capacity=4)
    return replace(city, teams=tuple(replace(one, id=f"t{i}") for i in range(count)))


def work(city: City, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (20, len(city.dependencies.node))
    return np.where(rng.random(shape) < 0.5, rng.exponential(30.0, shape), 0.0)


def power(city: City) -> list[int]:
    node = city.dependencies.node.index
    pairs = zip(city.lifelines.id, city.lifelines.sector, strict=True)
    return [node(asset) for asset, sector in pairs if sector == "power"]


def test_one_crew_does_one_thing_after_the_other(tiny_city: City) -> None:
    hours, rows = work(tiny_city), power(tiny_city)
    ended = with_crews(crews(tiny_city, 1), hours)
    assert ended[:, rows].max(axis=1) == pytest.approx(hours[:, rows].sum(axis=1))


def test_more_crews_are_never_slower_and_none_is_faster_than_its_work(tiny_city: City) -> None:
    hours = work(tiny_city)
    before = np.full_like(hours, np.inf)
    for count in (1, 2, 3, 6):
        ended = with_crews(crews(tiny_city, count), hours)
        assert (ended <= before + 1e-9).all() and (ended >= hours).all()
        before = ended


def test_enough_crews_are_no_limit(tiny_city: City) -> None:
    hours = work(tiny_city)
    assert np.array_equal(with_crews(crews(tiny_city, 7), hours), hours)
    assert np.array_equal(with_crews(replace(tiny_city, teams=()), hours), hours)
