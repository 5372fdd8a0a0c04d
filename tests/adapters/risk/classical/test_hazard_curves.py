"""Hazard curves of strangers: every fault has its name, nothing turns into zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.domain.errors import InvalidInputError

GOOD: dict[str, Any] = {"lon": [114.3], "lat": [30.6], "poe-0.1": [0.5], "poe-0.4": [0.1]}
HOW: dict[str, Any] = {"measure": "PGA", "unit": "g", "years": 50.0}


@pytest.mark.parametrize(
    ("key", "change", "how"),
    [
        ("columns", {"lat": None}, {}),
        ("columns", {"poe-0.1": None, "poe-0.4": None}, {}),
        ("level", {"poe-0.4": None}, {}),
        ("level", {"poe-0.05": [0.05]}, {}),
        ("level", {"poe-high": [0.05]}, {}),
        ("level_large", {"poe-40": [0.05]}, {}),
        ("poe", {"poe-0.1": [50.0]}, {}),
        ("poe", {"poe-0.4": [-0.1]}, {}),
        ("poe_rises", {"poe-0.4": [0.6]}, {}),
        ("turned_axes", {"lon": [30.6], "lat": [114.3]}, {}),
        ("site_place", {"lat": [114.3]}, {}),
        ("site_place", {"lon": ["east"]}, {}),
        ("double_place", {k: v * 2 for k, v in GOOD.items()}, {}),
        ("measure", {}, {"measure": "shaking"}),
        ("unit", {}, {"unit": "m"}),
        ("unit", {}, {"unit": ""}),
        ("years", {}, {"years": 0.0}),
        ("years", {}, {"years": float("nan")}),
    ],
)
def test_a_fault_has_its_name(key: str, change: dict[str, Any], how: dict[str, Any]) -> None:
    table = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    with pytest.raises(InvalidInputError) as caught:
        risk.hazard_curves(table, **{**HOW, **how})
    assert f"risk.{key}" in [fault.key for fault in caught.value.faults]


def test_a_full_circle_hides_no_doubled_place() -> None:
    table = {**{k: v * 2 for k, v in GOOD.items()}, "lon": [114.3, 114.3 - 360.0]}
    with pytest.raises(InvalidInputError) as caught:
        risk.hazard_curves(table, **HOW)
    assert [fault.key for fault in caught.value.faults] == ["risk.double_place"]


def test_what_is_unknown_or_certain_stays_and_is_said() -> None:
    table = {
        "lon": [1.0, 2.0, 3.0], "lat": [0.0, 0.0, 0.0],
        "poe-0.1": [1.0, "", 0.5], "poe-0.4": [0.1, 0.1, 0.1],
    }  # fmt: skip
    found = risk.hazard_curves(table, **HOW)
    assert [(f.key, f.count, f.first) for f in found.faults] == [
        ("risk.sure", 1, ("1 0",)),
        ("risk.dark_site", 1, ("2 0",)),
    ]
    assert np.isnan(found.poe[1, 0])
    assert np.isfinite(found.rate[0]).all()


def test_levels_and_curves_may_have_other_units() -> None:
    house = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0]}
    metres = {"lon": [114.3], "lat": [30.6], "poe-0.5": [0.4], "poe-2": [0.05]}
    feet = {
        "lon": [114.3],
        "lat": [30.6],
        f"poe-{0.5 / 0.3048}": [0.4],
        f"poe-{2 / 0.3048}": [0.05],
    }
    curve = risk.curve("jrc.asia.residential")
    one, other = (
        risk.classical_losses(
            house, risk.hazard_curves(table, measure="water_depth", unit=unit, years=50),
            [curve], currency="CNY", year=2024,
        ).aal[0, 0]
        for table, unit in ((metres, "m"), (feet, "ft"))
    )  # fmt: skip
    assert one == pytest.approx(other, rel=1e-9)


def test_a_fragility_is_no_vulnerability_and_the_other_way_round() -> None:
    house = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0], "cost": [5.0]}
    hazard = risk.hazard_curves(GOOD | {}, measure="water_depth", unit="m", years=50)
    with pytest.raises(InvalidInputError, match="1 curves are no fragilities"):
        risk.classical_states(house, hazard, [risk.curve("jrc.asia.residential")])
    with pytest.raises(InvalidInputError, match="1 curves are no vulnerabilities"):
        risk.classical_losses(
            house, hazard, [risk.curve("jonkman.remaining")], currency="CNY", year=2024
        )


def test_a_retrofit_of_nothing_that_is_there_is_refused() -> None:
    house = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0], "cost": [5.0]}
    hazard = risk.hazard_curves(GOOD, measure="water_depth", unit="m", years=50)
    curve, other = risk.curve("jrc.asia.residential"), risk.curve("jrc.europe.residential")
    plan = risk.Retrofit(after=[other], rate=0.03, life=20)
    with pytest.raises(InvalidInputError, match=r"jrc\.europe\.residential"):
        risk.benefit_cost(house, hazard, [curve], plan, currency="CNY", year=2024)


@pytest.mark.parametrize(
    ("chance", "years"), [(10.0, 50.0), (0.0, 50.0), (0.1, 0.0), (0.1, np.nan)]
)
def test_percent_is_no_probability(chance: float, years: float) -> None:
    house = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0]}
    hazard = risk.hazard_curves(GOOD, measure="water_depth", unit="m", years=50)
    curve = risk.curve("jrc.asia.residential")
    found = risk.classical_losses(house, hazard, [curve], currency="CNY", year=2024)
    with pytest.raises(InvalidInputError, match="probability"):
        found.loss_at(chance, years)


def test_a_retrofit_needs_a_column_of_costs() -> None:
    house = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0]}
    hazard = risk.hazard_curves(GOOD, measure="water_depth", unit="m", years=50)
    curve = risk.curve("jrc.asia.residential")
    plan = risk.Retrofit(after=[curve], rate=0.03, life=20)
    with pytest.raises(InvalidInputError, match="cost"):
        risk.benefit_cost(house, hazard, [curve], plan, currency="CNY", year=2024)
