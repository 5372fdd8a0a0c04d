"""Days out of use and debris: table values, exact sums, and as a component of the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rencheng import risk
from rencheng.adapters.files import data_folder
from rencheng.adapters.risk.amounts import debris, downtime
from rencheng.adapters.risk.repair_cost import repair_cost
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.model.risk.amounts import amount_by_ratio, expected_amount
from rencheng.model.risk.consequence import vulnerability_of
from risk_kit import fragility

WOOD = fragility([0.26, 0.55, 1.28, 2.01], [0.64] * 4, id="W1")


@pytest.mark.parametrize(
    ("use", "until", "days"),
    [
        ("RES1", "repair", (2, 30, 90, 180)),
        ("RES1", "recovery", (5, 120, 360, 720)),
        ("RES1", "function", (0, 60, 360, 720)),
        ("COM6", "function", (2, 67.5, 270, 360)),
        ("GOV2", "function", (1, 1.2, 8.1, 10.8)),
    ],
)
def test_days_are_those_of_the_table(use: str, until: str, days: tuple[float, ...]) -> None:
    assert downtime(use, until).amount == pytest.approx(days)


def test_debris_is_the_weight_by_state_in_tonnes() -> None:
    # URML: 35 and 41 short tons a thousand square feet; extensive 55 % and 25 % of them.
    tons = 35 * 0.55 + 41 * 0.25
    assert debris("URML").amount[2] == pytest.approx(tons * 907.18474 / 92.90304 / 1000)
    both = debris("URML", "light").amount[2] + debris("URML", "heavy").amount[2]
    assert debris("URML").amount[2] == pytest.approx(both)
    assert debris("W1", "light", "nonstructural").worst == pytest.approx(
        12.1 * 9.76486e-3, rel=1e-5
    )


def test_every_row_of_the_tables_can_be_read() -> None:
    import tomllib

    tables = [
        tomllib.loads((data_folder() / "curves" / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("downtime", "debris")
    ]
    for use in tables[0]["repair"]:
        assert all(downtime(use, until).worst > 0 for until in ("repair", "recovery", "function"))
    for structure in tables[1]["weight"]["light"]:
        assert debris(structure).worst > 0
        assert debris(structure, part="nonstructural").worst > 0


def test_expected_days_are_a_sum_over_states() -> None:
    days, shares = downtime("RES1"), WOOD.shares([0.0, 0.4, np.nan])
    found = expected_amount(shares, days)
    assert found[0] == 0.0
    assert found[1] == pytest.approx(sum(shares[1, 1:] * np.array(days.amount)))
    assert np.isnan(found[2])


def test_downtime_is_a_component_with_a_curve_of_its_own() -> None:
    days = downtime("RES1")
    curve, pga = vulnerability_of(WOOD, days.as_cost()), np.linspace(0.01, 3, 50)
    exact = expected_amount(WOOD.shares(pga), days)
    assert curve.value(pga) * days.worst == pytest.approx(exact, abs=2e-5 * days.worst)


def test_tonnes_of_an_event_come_out_of_a_run() -> None:
    tonnes, floor_m2 = debris("W1"), 120.0
    curve = vulnerability_of(WOOD, tonnes.as_cost())
    quake = risk.event_table(
        {"event": ["q"], "rate": [0.01], "lon": [0.0], "lat": [0.0], "intensity": [0.6]},
        measure="PGA", unit="g", reach_m=10.0,
    )  # fmt: skip
    houses = {"id": ["a"], "lon": [0.0], "lat": [0.0], "value": [tonnes.worst * floor_m2]}
    found = risk.run(houses, quake, [curve], currency="t", year=2024)
    exact = float(expected_amount(WOOD.shares(0.6), tonnes)) * floor_m2
    assert found.loss[0] == pytest.approx(exact, rel=1e-3)


def test_days_by_ratio_meet_those_of_the_states() -> None:
    days, cost = downtime("RES1"), repair_cost("RES1")
    ratio = [0.0, *cost.share, 0.06, np.nan]
    assert amount_by_ratio(ratio, days, cost)[:-1] == pytest.approx([0.0, *days.amount, 30.0])
    assert np.isnan(amount_by_ratio(ratio, days, cost)[-1])
    with pytest.raises(InvalidInputError, match="outside 0 to 1"):
        amount_by_ratio([45.0], days, cost)


def test_states_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="3 states of damage"):
        expected_amount(np.ones((2, 4)), downtime("RES1"))


@pytest.mark.parametrize("asked", [("RES9",), ("RES1", "lunch")])
def test_what_the_table_has_not_is_said(asked: tuple[str, ...]) -> None:
    with pytest.raises(NotFoundError, match=asked[-1]):
        downtime(*asked)
    with pytest.raises(NotFoundError):
        debris("straw")


def test_a_broken_table_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    text = (data_folder() / "curves" / "downtime.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("RES1 = [2.0, 30.0", "RES1 = [2.0, 1.0"), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"own.toml.*falls"):
        downtime("RES1", "repair", file)
