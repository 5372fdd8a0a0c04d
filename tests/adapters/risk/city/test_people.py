"""People of a city's run: buildings that are alike are counted together, and lose nobody."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rencheng.adapters.risk.city import people
from rencheng.adapters.risk.city.stock import Shelves
from rencheng.domain.city import City
from rencheng.domain.risk import NO_PLACE, OUTSIDE, EventHead, Events
from rencheng.service.risk_runs import PeopleRow
from risk_console_kit import curve


def hazard(city: City, point: Any = None) -> Any:
    """Return five events that reach every zone, and where each building stands among them."""
    zones = city.zones.id.size
    head = EventHead(
        place=city.zones.centre, rate=np.full(5, 0.01), names=tuple("abcde"), measure="PGA",
        unit="g", source="made up",
    )  # fmt: skip
    events = Events(
        head=head, start=np.arange(6) * zones, point=np.tile(np.arange(zones, dtype=np.int32), 5),
        intensity=np.linspace(0.05, 0.9, 5 * zones).astype(np.float32),
    )  # fmt: skip
    point = city.buildings.zone.astype(np.int32) if point is None else point
    return SimpleNamespace(events=events, point=point, speed=None, is_sampled=False, is_annual=True)


def counted(city: City, given: Any, tmp_path: Any) -> dict[tuple[str, str], PeopleRow]:
    run: Any = SimpleNamespace(
        set=SimpleNamespace(hazard="earthquake"), wish=SimpleNamespace(hour=15.0)
    )
    shelves = Shelves(tmp_path, curve)
    rows, notes = people.people_of(city, given, shelves, run, "CL", lambda *_: None)
    assert not notes
    return {(row.model, row.fate): row for row in rows}


def numbers(row: PeopleRow) -> list[float]:
    return [row.mean, row.low, row.high, row.p50, float(row.is_partial)]


def test_buildings_together_hurt_as_many_as_one_by_one(
    tiny_city: City, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooled = counted(tiny_city, hazard(tiny_city), tmp_path)
    rows = people._pools(tiny_city, hazard(tiny_city)).row.size
    monkeypatch.setattr(people, "MOST", -1.0)  # every building is too large to be pooled
    alone = people._pools(tiny_city, hazard(tiny_city)).row.size
    single = counted(tiny_city, hazard(tiny_city), tmp_path)
    assert rows < alone == tiny_city.buildings.id.size
    assert pooled.keys() == single.keys() and len(pooled) > 4
    for key, row in pooled.items():
        np.testing.assert_allclose(numbers(row), numbers(single[key]), rtol=1e-12)


def test_a_building_of_unknown_people_stays_alone_and_makes_nobody_else_unknown(
    tiny_city: City, tmp_path: Any
) -> None:
    inside = tiny_city.buildings.occupants.copy()
    inside[:, 7] = np.nan
    city = replace(tiny_city, buildings=replace(tiny_city.buildings, occupants=inside))
    pools = people._pools(city, hazard(city))
    assert np.isnan(pools.inside).any(axis=0).sum() == 1
    inside[:, 7] = 0.0
    nobody = replace(tiny_city, buildings=replace(tiny_city.buildings, occupants=inside))
    found, other = (counted(one, hazard(one), tmp_path) for one in (city, nobody))
    for key, row in found.items():
        assert row.mean == pytest.approx(other[key].mean, rel=1e-12)


def test_pools_hold_everyone_once_wherever_they_stand(tiny_city: City) -> None:
    point = tiny_city.buildings.zone.astype(np.int32)
    point[::7], point[::11] = OUTSIDE, NO_PLACE
    pools = people._pools(tiny_city, hazard(tiny_city, point))
    inside = tiny_city.buildings.occupants.astype(np.float64)
    for at in np.unique(point):
        mine, here = pools.inside[:, pools.point == at], inside[:, point == at]
        np.testing.assert_allclose(mine.sum(axis=1), here.sum(axis=1), rtol=1e-12)


def test_more_pairs_than_the_console_takes_are_told(
    tiny_city: City, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "MOST_PAIRS", 10)
    shelves, run = Shelves(tmp_path, curve), SimpleNamespace()
    found = people.people_of(tiny_city, hazard(tiny_city), shelves, run, "", lambda *_: None)
    assert found[0] == () and found[1][0].key == "risk.note.many_pairs"
