"""People in events from tables: every model side by side, every asset accounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import Standing
from risk_kit import fragility, ramp

FRAME = fragility([0.12, 0.19, 0.38, 0.63], [0.64] * 4, id="frame")
ASSETS = {
    "id": ["home", "school", "far"], "lon": [104.0, 104.01, 110.0], "lat": [30.0] * 3,
    "use": ["RES3", "school", "com"], "type": ["C1M", "C2M", "W1"], "curve": ["frame"] * 3,
    "residents": [200, 0, 5], "workers": [0, 30, 5], "pupils": [0, 400, 0],
    "elderly_65": [30, 0, ""],
}  # fmt: skip
NIGHT = risk.Circumstances(hour=2.0, is_weekend=False, country="CN")


def events(x: list[float], measure: str = "PGA", unit: str = "g", **change: Any) -> risk.EventSet:
    table = {"event": ["a", "a", "b"], "rate": [0.01, 0.01, 0.001], "lon": [104.0, 104.01, 104.0],
             "lat": [30.0] * 3, "intensity": x, **change}  # fmt: skip
    return risk.event_table(table, measure=measure, unit=unit)


def test_shaking_asks_hazus_and_the_country_side_by_side() -> None:
    found = risk.people(ASSETS, events([0.3, 0.2, 0.8]), [FRAME], when=NIGHT)
    assert [one.model for one in found.models(risk.Fate.DEAD)] == ["hazus", "pager.CN"]
    dead = found.span(risk.Fate.DEAD)
    hazus, pager = (
        one.central[:, one.column(risk.Fate.DEAD)] for one in found.models(risk.Fate.DEAD)
    )
    assert (dead.low <= np.minimum(hazus, pager)).all()
    assert (dead.high >= np.maximum(hazus, pager)).all()
    assert {one.name: n for one, n in found.counts.items()} == {
        "ASSESSED": 2, "NOT_EXPOSED": 1, "NO_CURVE": 0, "BAD_DATA": 0,
    }  # fmt: skip
    assert found.present == pytest.approx(198.0 + 4.95 + 0.1)


def test_a_map_of_intensity_beside_one_of_acceleration_is_used_as_it_is() -> None:
    sets = [events([0.3, 0.2, 0.8]), events([8.0, 7.0, 9.0], "MMI", "1")]
    found = risk.people(ASSETS, sets, [FRAME], when=NIGHT).of("pager.CN")
    assert found.central[:, 0] == pytest.approx([200 * 5.32e-3, 200 * 8.43e-2], rel=0.01)
    assert [note.key for note in found.notes] == ["people.note.pager"]


def test_annual_numbers_are_rate_times_people() -> None:
    found = risk.people(ASSETS, events([0.3, 0.2, 0.8]), [FRAME], when=NIGHT)
    one = found.of("pager.CN")
    low, central, high = found.annual(one, risk.Fate.DEAD)
    assert central == pytest.approx(0.01 * one.central[0, 0] + 0.001 * one.central[1, 0])
    assert low < central < high
    assert np.nansum(one.yearly) == pytest.approx(central)


def test_a_flood_asks_every_curve_of_drowning_and_more_if_given() -> None:
    own = ramp([0.0, 2.0], [0.0, 0.5], id="own")
    own = replace(own, component="people")
    found = risk.people(ASSETS, events([0.6, 2.5, 0.2], "water_depth", "m"), [own], when=NIGHT)
    assert [one.model for one in found.models(risk.Fate.DEAD)] == [
        "jonkman.remaining", "jonkman.rapid_rise", "worldbank.drowned", "boyd.drowned", "own"
    ]  # fmt: skip
    assert found.of("own").central[1, 0] == pytest.approx(198.0 * 0.05, rel=1e-6)


def test_mortality_of_any_hazard_is_asked() -> None:
    wind = replace(
        ramp([0.0, 100.0], [0.0, 0.1], id="storm"),
        component="people", hazard="wind", intensity="gust_3s", unit="km/h",
    )  # fmt: skip
    found = risk.people(ASSETS, events([20.0, 0.0, 10.0], "gust_3s", "m/s"), [wind], when=NIGHT)
    # 20 m/s are 72 km/h: 0.072 of 198 people.
    assert found.of("storm").central[:, 0] == pytest.approx([14.256, 7.128])


def test_depth_and_speed_of_the_same_points_give_the_class() -> None:
    depth = events([0.6, 2.5, 0.2], "water_depth", "m")
    speed = events([0.6, 3.5, 0.2], "flow_speed", "m/s")
    day = risk.Circumstances(hour=14.0, is_weekend=False)
    found = risk.people(ASSETS, [depth, speed], when=day).of("aidr")
    np.testing.assert_allclose(found.central[0], [0, 0, 150.0, 0, 0, 344.0])
    np.testing.assert_allclose(found.central[1], [150.0, 0, 0, 0, 0, 0])
    other = events([1.0] * 3, "flow_speed", "m/s", event=["a", "a", "c"])
    with pytest.raises(InvalidInputError, match="differ in events"):
        risk.people(ASSETS, [depth, other])


def test_one_measure_is_given_once_and_every_sets_faults_are_told() -> None:
    depth = events([0.6, 2.5, 0.2], "water_depth", "m")
    with pytest.raises(InvalidInputError) as error:
        risk.people(ASSETS, [depth, events([0.1] * 3, "water_depth", "m")])
    assert error.value.faults[0].first == ("water_depth",)
    flow = risk.event_table(
        {"event": ["a", "a", "b"], "rate": [0.01, 0.01, 0.001], "lon": [104.0, 104.01, 104.0],
         "lat": [30.0] * 3, "intensity": [1.0] * 3}, measure="flow_speed", unit="m/s", reach_m=9,
    )  # fmt: skip
    table = {**ASSETS, "lon": [104.0, 104.0102, 110.0]}
    found = risk.people(table, [depth, flow])
    assert [(f.where, f.count) for f in found.faults if f.key == "risk.outside"] == [
        ("water_depth: assets.lon, lat", 1), ("flow_speed: assets.lon, lat", 2),
    ]  # fmt: skip


def test_deaths_where_a_share_evacuated_is_unreadable_are_unknown() -> None:
    table = {**ASSETS, "lon": [104.0, 104.0, 104.0], "evacuated": ["50%", "0.5", ""]}
    found = risk.people(table, events([0.6, 2.5, 0.2], "water_depth", "m"), when=NIGHT)
    drowned = found.of("jonkman.remaining")
    assert np.isnan(drowned.yearly[:, 0]).tolist() == [True, False, False]
    assert [one.name for one in map(Standing, found.standing)] == [
        "BAD_DATA", "ASSESSED", "ASSESSED"
    ]  # fmt: skip
    assert [(f.where, f.first) for f in found.faults] == [("assets.evacuated", ("home",))]


def test_vulnerable_people_are_counted_and_unknown_where_not_given() -> None:
    found = risk.people(ASSETS, events([0.3, 0.2, 0.8]), [FRAME], when=NIGHT)
    assert found.group == ("elderly_65", "pupils")
    present = found.of("presence")
    np.testing.assert_allclose(present.group[0, 0], [29.7, 0.0])
    np.testing.assert_allclose(present.group_unknown[0, 0], [0.0, 0.0])


def test_curves_that_do_not_fit_are_refused_together() -> None:
    with pytest.raises(InvalidInputError) as error:
        risk.people(ASSETS, events([1.0] * 3, "water_depth", "m"), [FRAME, ramp([0, 1], [0, 1])])
    assert [f.key for f in error.value.faults] == ["risk.people.kind", "risk.other_measure"]


def test_bad_rows_are_named_and_end_in_one_standing() -> None:
    table = {
        "id": ["ok", "far", "nowhere", "negative", "straw", "blank"],
        "lon": [104.0, 110.0, "", 104.0, 104.0, 104.0], "lat": [30.0] * 6,
        "residents": [9, 9, 9, -9, 9, ""], "type": ["W1", "W1", "W1", "W1", "straw", "W1"],
    }  # fmt: skip
    found = risk.people(table, events([0.3, 0.2, 0.8]), [FRAME], when=NIGHT)
    assert {one.name: n for one, n in found.counts.items()} == {
        "ASSESSED": 1, "NOT_EXPOSED": 1, "NO_CURVE": 1, "BAD_DATA": 3,
    }  # fmt: skip
    assert [f.key.rpartition(".")[2] for f in found.faults] == [
        "place", "outside", "negative", "unknown", "type"
    ]  # fmt: skip


def test_results_are_tables_and_read_back(tmp_path: Path) -> None:
    found = risk.people(ASSETS, events([0.3, np.nan, 0.8]), [FRAME], when=NIGHT)
    written = risk.write_people(found, tuple(ASSETS["id"]), tmp_path)
    assert [file.name for file in written] == [
        "events.csv", "assets.csv", "exceedance.csv", "summary.json"
    ]  # fmt: skip
    said = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert said["side_by_side"]["dead"]["models"] == ["hazus", "pager.CN"]
    hazus = next(one for one in said["estimates"] if one["model"] == "hazus")
    assert hazus["is_at_least"]
    assert hazus["fates"]["dead"]["annual"]["low"] is None
    tables = risk.people_tables(found, tuple(ASSETS["id"]))
    assert set(tables["events"]["model"]) == {"presence", "hazus", "hazus.shelter", "pager.CN"}
    lines = (tmp_path / "assets.csv").read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith("school,assessed,,")  # unknown is blank


def test_without_rates_there_are_people_and_no_year(tmp_path: Path) -> None:
    found = risk.people(ASSETS, events([0.3, 0.2, 0.8], rate=[""] * 3), [FRAME], when=NIGHT)
    risk.write_people(found, tuple(ASSETS["id"]), tmp_path)
    said = risk.people_summary(found)
    assert not (tmp_path / "exceedance.csv").exists()
    dead = said["estimates"][1]["fates"]["dead"]
    assert dead["annual"]["central"] is None
    assert dead["largest"] > 0.0
