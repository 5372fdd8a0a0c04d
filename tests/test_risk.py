"""Losses from tables: exact, every asset accounted for, every fault named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.domain.errors import InvalidInputError
from risk_kit import fragility, ramp

HOUSE = ramp([0.0, 1.0, 3.0], [0.0, 0.4, 1.0], id="house")
FLOODS = {
    "event": ["small", "small", "large", "large"], "rate": [0.1, 0.1, 0.01, 0.01],
    "lon": [10.0, 10.01, 10.0, 10.01], "lat": [50.0] * 4, "intensity": [0.5, 0.0, 3.0, 1.0],
}  # fmt: skip
ASSETS = {
    "id": ["a", "b", "c"], "lon": [10.0, 10.0101, 10.0], "lat": [50.0, 50.0, 50.0],
    "value": [100.0, 1000.0, 10.0], "curve": ["house"] * 3,
}  # fmt: skip


def floods(**change: Any) -> risk.EventSet:
    return risk.event_table({**FLOODS, **change}, measure="water_depth", unit="m")


def run(assets: dict[str, Any], **other: Any) -> risk.EventImpact:
    said = {"events": floods(), "curves": [HOUSE], "currency": "EUR", "year": 2020, **other}
    return risk.run(assets, said.pop("events"), said.pop("curves"), **said)


def test_tables_go_in_and_come_out() -> None:
    result = run(ASSETS)
    assert result.loss.tolist() == pytest.approx([22.0, 510.0])
    assert result.aal == pytest.approx(2.2 + 5.1)
    found = risk.tables(result, tuple(ASSETS["id"]))
    assert found["assets"]["standing"].tolist() == ["assessed"] * 3
    assert found["assets"]["eai"].tolist() == pytest.approx([3.0, 4.0, 0.3])
    assert found["exceedance"]["loss"].tolist() == pytest.approx([510.0, 22.0])
    assert result.versions["curve house"] == "1"


def test_a_data_frame_is_a_table() -> None:
    pandas = pytest.importorskip("pandas", reason="the extra `data` is not installed")
    frame = pandas.DataFrame(ASSETS)
    assert run(frame).loss.tolist() == pytest.approx([22.0, 510.0])


def test_a_curve_in_feet_meets_a_set_in_metres() -> None:
    feet = HOUSE.in_unit("ft")
    assert run(ASSETS, curves=[feet]).loss.tolist() == pytest.approx([22.0, 510.0])


def test_assets_may_name_curves_by_taxonomy_and_by_component() -> None:
    table = {**ASSETS, "value_contents": [10.0, 0.0, 0.0], "curve_contents": ["shop", "", ""]}
    table["value_structure"] = table.pop("value")
    table["curve_structure"] = ["wood"] * 3
    shop = ramp([0.0, 1.0], [0.0, 1.0], id="shop")
    result = run(table, curves={"wood": HOUSE, "shop": shop})
    assert result.loss.tolist() == pytest.approx([22.0 + 5.0, 510.0 + 10.0])


def test_every_asset_is_accounted_for_and_every_fault_is_named() -> None:
    table = {
        "id": ["ok", "far", "turned", "nowhere", "negative", "unread", "straw", "blank"],
        "lon": [10.0, 11.0, 50.0, "", 10.0, 10.0, 10.0, 10.0],
        "lat": [50.0, 50.0, 110.0, 50.0, 50.0, 50.0, 50.0, 50.0],
        "value": ["1", "1", "1", "1", "-1", "much", "1", "1"],
        "curve": ["house"] * 6 + ["straw", ""],
    }
    result = run(table)
    assert {one.name: n for one, n in result.counts.items()} == {
        "ASSESSED": 1, "NOT_EXPOSED": 1, "NO_CURVE": 2, "BAD_DATA": 4,
    }  # fmt: skip
    assert [(f.key.removeprefix("risk."), f.count) for f in result.faults] == [
        ("turned", 1), ("place", 1), ("value", 2), ("curve", 2), ("outside", 1),
    ]  # fmt: skip
    assert result.faults[3].first == ("straw (straw)", "blank ()")
    assert result.is_partial and np.isnan([result.aal, result.annual_sd]).all()
    assert result.loss[0] == pytest.approx(0.2)  # of what was assessed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": ["a", "a", "b"]}, "double_id"),
        ({"id": ["a", "", "b"]}, "double_id"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        run({**ASSETS, **change})
    assert [f.key for f in error.value.faults] == [f"risk.{said}"]


def test_columns_and_curves_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInputError) as error:
        run({"id": ["a"], "lat": [1.0]})
    assert error.value.faults[0].first == ("lon", "value")
    wood = fragility([0.2], [0.5], id="wood")
    with pytest.raises(InvalidInputError) as error:
        run(ASSETS, curves=[HOUSE, wood])
    assert [f.key for f in error.value.faults] == ["risk.kind", "risk.other_measure"]


def test_an_unknown_flood_leaves_the_average_unknown(tmp_path: Path) -> None:
    result = run(ASSETS, events=floods(intensity=[0.5, np.nan, 3.0, 1.0]))
    risk.write(result, tuple(ASSETS["id"]), tmp_path)
    said = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert said["aal"] is None
    assert said["known_aal"] == pytest.approx(7.3)
    assert said["unknown"] == 1
    assert said["annual_sd"] is None
    assert said["tail"][0]["loss"] is said["tail"][0]["tail_mean"] is None
    assert said["tail"][0]["known_loss"] is not None
    assert "known_loss" in (tmp_path / "exceedance.csv").read_text(encoding="utf-8")
    lines = (tmp_path / "events.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith("small,0.1,,22.0,1")


def test_results_read_back_the_same(tmp_path: Path) -> None:
    result = run(ASSETS)
    risk.write(result, tuple(ASSETS["id"]), tmp_path)
    table = np.genfromtxt(tmp_path / "exceedance.csv", delimiter=",", names=True)
    curve = risk.exceedance(result.loss, result.rate)
    assert (table["loss"] == curve.loss).all()
    assert (table["return_period"] == curve.return_period).all()


def test_without_rates_there_are_losses_and_no_average(tmp_path: Path) -> None:
    run_once = run(ASSETS, events=floods(rate=[""] * 4))
    assert run_once.loss.tolist() == pytest.approx([22.0, 510.0])
    assert np.isnan(run_once.aal)
    risk.write(run_once, tuple(ASSETS["id"]), tmp_path)
    assert not (tmp_path / "exceedance.csv").exists()


def test_the_summary_tells_events_and_years_apart() -> None:
    often = risk.summary(run(ASSETS, events=floods(rate=[2.0, 2.0, 0.05, 0.05])))
    ten = next(one for one in often["tail"] if one["return_period"] == 10)
    assert ten["loss"] == pytest.approx(22.0)  # of one event; the large one comes once in twenty
    assert ten["annual_loss"] > 4 * 22.0  # of a year
    beyond = risk.summary(run(ASSETS, events=floods(rate=[1e7] * 4)))
    assert beyond["tail"][0]["annual_loss"] is None


def test_a_value_beyond_any_worth_is_a_fault_and_no_overflow() -> None:
    result = run({**ASSETS, "value": [100.0, 1e308, 1e18]})
    assert [(f.key, f.first) for f in result.faults] == [("risk.value_large", ("b",))]
    assert result.counts[risk.Standing.BAD_DATA] == 1
    assert np.isnan(result.aal) and np.isfinite(result.known_annual_sd)
