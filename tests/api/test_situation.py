"""The situation page: snapshot, time bar, columns, recovery, assessment, replay."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from api_kit import Enter
from ops_kit import Clock
from rencheng.bootstrap import Brain

COLUMN_LAYERS = ("zones", "facilities", "lifelines", "roads", "grid")


def keys(columns: dict[str, Any]) -> set[str]:
    return {column["key"] for column in columns["columns"]}


def test_before_the_first_turn_nothing_is_pretended(enter: Enter) -> None:
    told = enter("duty").get("situation").json()
    assert (told["cycle"], told["figures"], told["sectors"]) == (None, [], [])
    assert told["phase"] == "ordinary" and told["clock"]["mode"] == "live"
    assert told["streams"]["oldest_vital_s"] is None
    assert enter("planner").get("assessment").json()["key"] == "assessment.not_yet"


def test_after_an_earthquake_every_number_says_why(shaken: Brain, enter: Enter) -> None:
    told = enter("duty").get("situation").json()
    assert len(told["sectors"]) == 6
    assert told["incident"]["kind"] and told["phase"] in ("warning", "emergency")
    assert told["cycle"]["samples"] == 200 and told["open_proposals"] > 0
    assert {figure["key"] for figure in told["figures"]} >= {"dead", "displaced", "people_shaken"}
    for figure in told["figures"]:
        assert figure["why"]["model"] and figure["why"]["as_of"] and figure["unit"]
        band = figure["band"]
        if band["p50"] is not None:
            assert band["p05"] <= band["p50"] <= band["p95"]


def test_what_is_not_known_is_null(shaken: Brain, enter: Enter) -> None:
    figures = {f["key"]: f for f in enter("duty").get("situation").json()["figures"]}
    assert figures["tide_peak"]["band"] == {"p05": None, "p50": None, "p95": None}


def test_the_time_bar_holds_past_and_forecast(shaken: Brain, enter: Enter) -> None:
    told = enter("duty").get("situation/timeline").json()
    assert told["start"] < told["now"] < told["end"]
    assert {series["key"] for series in told["forecast"]} >= {"power", "water"}
    for series in told["forecast"]:
        assert len(series["time"]) == len(series["p50"]) > 5
        assert all(0 <= level <= 1 for level in series["p50"] if level is not None)
    assert {mark["kind"] for mark in told["marks"]} >= {"bulletin", "alarm"}


def test_what_happened_is_told_newest_first_and_page_by_page(shaken: Brain, enter: Enter) -> None:
    client = enter("duty")
    every = client.get("situation/events").json()
    seqs = [event["seq"] for event in every["items"]]
    assert seqs == list(range(every["total"], 0, -1))
    first = client.get("situation/events", params={"limit": 1}).json()
    second = client.get("situation/events", params={"limit": 1, "before": first["next"]}).json()
    assert [*first["items"], *second["items"]] == every["items"][:2]
    for event in every["items"]:
        assert not event["text"]["zh"].startswith("happening.")


@pytest.mark.parametrize("layer", COLUMN_LAYERS)
def test_columns_have_a_number_or_null_for_each_row(
    shaken: Brain, enter: Enter, layer: str
) -> None:
    client = enter("duty")
    told = client.get(f"columns/{layer}").json()
    rows = client.get(f"city/{layer}").json()["total"]
    assert len(told["ids"]) == rows and told["columns"]
    for column in told["columns"]:
        for values in (column["values"], column["low"], column["high"]):
            assert values is None or len(values) == rows
        assert column["unit"] and column["why"]["model"]


def test_zone_columns_are_the_ones_the_map_needs(shaken: Brain, enter: Enter) -> None:
    assert keys(enter("duty").get("columns/zones").json()) >= {
        "pga_g", "damaged_buildings", "collapsed", "dead", "injured", "displaced",
        "people_present", "power_now", "water_now", "power_24h", "water_24h", "power_72h",
        "water_72h", "hospital_minutes", "evacuate",
    }  # fmt: skip


def test_the_forecast_hour_can_be_chosen(shaken: Brain, enter: Enter) -> None:
    client = enter("duty")

    def power(hour: float) -> list[float]:
        told = client.get("columns/zones", params={"hour": hour}).json()
        return next(c["values"] for c in told["columns"] if c["key"] == "power")

    assert sum(power(1)) <= sum(power(600))
    assert client.get("columns/zones", params={"hour": -1}).status_code == 422


def test_the_csv_is_the_same_table(shaken: Brain, enter: Enter) -> None:
    client = enter("duty")
    answer = client.get("columns/zones.csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    table = client.get("columns/zones").json()
    assert [row[0] for row in rows[1:]] == table["ids"]
    at = rows[0].index("pga_g [g]")
    column = next(c for c in table["columns"] if c["key"] == "pga_g")
    assert [float(row[at]) for row in rows[1:]] == column["values"]


def test_a_utility_sees_the_state_of_its_own_assets_only(shaken: Brain, enter: Enter) -> None:
    power, duty = enter("power"), enter("duty")
    sectors = [f["properties"]["sector"] for f in duty.get("city/lifelines").json()["features"]]
    every = duty.get("columns/lifelines").json()["columns"]
    own = power.get("columns/lifelines").json()["columns"]
    for wide, narrow in zip(every, own, strict=True):
        for sector, all_seen, seen in zip(sectors, wide["values"], narrow["values"], strict=True):
            assert seen == (all_seen if sector == "power" else None)
    streams = {one["id"] for one in power.get("sensors").json()["items"]}
    assert {"fdr-1", "tide-1"} <= streams and "bed-1" not in streams
    assert power.get("sensors/bed-1/observations").status_code == 404


def test_recovery_lists_repairs_needs_and_curves(shaken: Brain, enter: Enter) -> None:
    told = enter("duty").get("recovery").json()
    assert {curve["service"] for curve in told["curves"]} >= {"power", "water"}
    assert told["needs"] and told["needs"][0]["standard"]
    ranks = [job["rank"] for job in told["repairs"]]
    assert ranks == sorted(ranks)


def test_the_assessment_has_twelve_items_and_four_levels(shaken: Brain, enter: Enter) -> None:
    told = enter("planner").get("assessment").json()
    assert len(told["items"]) == 12
    assert [level["level"] for level in told["maturity"]] == [1, 2, 3, 4]
    assert all(one["value"] is None for one in told["indicators"] if one["status"] == "missing")


def test_learning_without_reports_says_so(shaken: Brain, enter: Enter) -> None:
    answer = enter("planner").post("models/learn")
    assert answer.status_code == 422 and answer.json()["problem"]["zh"]
    assert enter("duty").post("models/learn").status_code == 403


def test_learning_without_an_earthquake_says_so(enter: Enter) -> None:
    assert enter("planner").post("models/learn").json()["key"] == "learning.no_shaking"


def test_a_replay_becomes_the_active_run_until_it_is_stopped(
    brain: Brain, enter: Enter, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cycle_kit import tiny_scenario

    scenario = tiny_scenario().scenario
    monkeypatch.setattr(type(brain.scenarios), "get", lambda self, key: scenario)
    duty = enter("duty")
    started = duty.post("replay", json={"scenario": scenario.id, "speed": 60}).json()
    assert (started["mode"], started["speed"]) == ("replay", 60)
    clock.forward(seconds=10)
    told = duty.get("situation").json()
    assert told["clock"]["run"] == started["run"]
    assert told["clock"]["now"] > started["now"]
    assert duty.get("situation", params={"run": "live"}).json()["clock"]["mode"] == "live"
    assert duty.patch("replay", json={"speed": 0}).json()["speed"] == 0
    back = duty.patch("replay", json={"jump_to": "2015-09-16T00:00:00Z"})
    assert back.status_code == 422
    assert duty.patch("replay", json={"stop": True}).json()["is_over"]
    assert duty.get("clock").json()["run"] == "live"
    runs = duty.get("runs").json()["items"]
    assert [(one["id"], one["is_active"]) for one in runs] == [
        (started["run"], False),
        ("live", True),
    ]
    past = duty.get("situation", params={"run": started["run"]}).json()
    assert past["clock"]["is_over"]
    assert duty.patch("replay", json={"speed": 1}).status_code in (404, 409)


def test_only_some_may_steer_the_clock(enter: Enter) -> None:
    for who in ("power", "field", "hospital", "auditor"):
        assert enter(who).patch("replay", json={"speed": 0}).status_code == 403


def test_an_unknown_run_is_not_found(enter: Enter) -> None:
    assert enter("duty").get("situation", params={"run": "no"}).status_code == 404


def test_scenarios_are_listed_with_their_sources(enter: Enter) -> None:
    (one,) = enter("duty").get("scenarios").json()
    assert one["sources"] and one["name_zh"]
