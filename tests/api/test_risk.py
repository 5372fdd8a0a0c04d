"""The risk page over HTTP: who may, what a run comes to, its tables, and "why?"."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from api_kit import Enter, TestClient
from ops_kit import Clock
from rencheng.adapters.risk.city.run_shelf import FolderRuns
from rencheng.bootstrap import Brain
from rencheng.service.risk_jobs import RiskRoom
from risk_console_kit import QUAKE, depths, room_in

WATER = {
    "file": "water.csv", "name_zh": "百年一遇洪水", "name_en": "Once in 100 years",
    "hazard": "flood", "measure": "water_depth", "unit": "m", "source": "made up for a test",
}  # fmt: skip
ASSESSED = {"assessed", "not_exposed", "no_curve", "bad_data"}


@pytest.fixture
def room(brain: Brain, tmp_path: Path) -> RiskRoom:
    brain.risks = room_in(brain.house, tmp_path, brain.models)
    return brain.risks


@pytest.fixture
def planner(room: RiskRoom, enter: Enter) -> TestClient:
    return enter("planner")


def ask(client: TestClient, key: str, **more: Any) -> dict[str, Any]:
    answer = client.post("risk/jobs", json={"set": key, **more})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def done(client: TestClient, room: RiskRoom, key: str, **more: Any) -> str:
    made = ask(client, key, **more)
    assert room.desk.turn()
    found = client.get(f"risk/jobs/{made['id']}").json()
    assert found["state"] == "done", found["trouble"]
    return str(made["id"])


@pytest.mark.parametrize("name", ["power", "field", "hospital", "auditor"])
def test_who_may_not_run_reads_all_the_same(
    room: RiskRoom, planner: TestClient, enter: Enter, name: str
) -> None:
    job, reader = done(planner, room, QUAKE), enter(name)
    assert reader.get(f"risk/jobs/{job}/summary").status_code == 200
    assert reader.post("risk/jobs", json={"set": QUAKE}).status_code == 403
    assert reader.delete(f"risk/jobs/{job}").status_code == 403
    assert reader.put("risk/sets/a?file=a.csv").status_code in (403, 422)
    assert reader.delete("risk/sets/source").status_code == 403


def test_nobody_reads_nothing(room: RiskRoom, enter: Enter) -> None:
    for path in ("risk/sets", "risk/jobs", "risk/jobs/x/summary"):
        assert enter("nobody").get(path).status_code == 403
        assert enter().get(path).status_code == 401


def test_scenarios_and_sources_of_the_city_are_listed(planner: TestClient) -> None:
    sets = {one["id"]: one for one in planner.get("risk/sets").json()}
    assert sets[QUAKE]["kind"] == "scenario"
    assert sets["source"]["origin"] == "synthetic"
    assert "coquimbo_interface" not in sets


def test_a_scenario_gives_bands_of_loss_and_people(room: RiskRoom, planner: TestClient) -> None:
    job = done(planner, room, QUAKE)
    found = planner.get(f"risk/jobs/{job}/summary").json()
    assert sum(found["counts"].values()) == 60
    assert set(found["counts"]) == ASSESSED
    figures = {one["key"]: one["band"] for one in found["figures"]}
    assert 0 <= figures["loss"]["p05"] <= figures["loss"]["p50"] <= figures["loss"]["p95"]
    assert figures["loss"]["p95"] <= found["value"]
    assert {"damaged", "collapsed", "dead", "displaced"} <= figures.keys()
    assert found["tail"] == []


def test_every_model_of_people_stands_for_itself(room: RiskRoom, planner: TestClient) -> None:
    job = done(planner, room, QUAKE)
    people = planner.get(f"risk/jobs/{job}/summary").json()["people"]
    dead = {row["model"]: row["mean"] for row in people if row["fate"] == "dead"}
    assert "hazus" in dead
    assert all(value >= 0 for value in dead.values())


def test_water_of_the_office_is_run_with_curves_by_use(room: RiskRoom, planner: TestClient) -> None:
    body = depths(("t100", 0.01, -71.3, -29.95, 2.0), ("t100", 0.01, -71.295, -29.95, 1.0))
    answer = planner.put("risk/sets/water", params=WATER, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_own"]
    job = done(planner, room, "water")
    found = planner.get(f"risk/jobs/{job}/summary").json()
    assert found["counts"]["assessed"] + found["counts"]["not_exposed"] == 60
    assert {"h1", "h3"} <= {row["fate"] for row in found["people"]}
    assert planner.delete("risk/sets/water").status_code == 204
    assert planner.get(f"risk/jobs/{job}/zones").status_code == 200


def test_shaking_of_the_office_hurts_people_too(room: RiskRoom, planner: TestClient) -> None:
    body = depths(("a", 0.01, -71.3, -29.95, 0.4), ("b", 0.1, -71.3, -29.95, 0.1))
    asked = WATER | {"file": "pga.csv", "hazard": "earthquake", "measure": "PGA", "unit": "g"}
    assert planner.put("risk/sets/pga", params=asked, content=body).status_code == 200
    job = done(planner, room, "pga")
    keys = {one["key"] for one in planner.get(f"risk/jobs/{job}/summary").json()["figures"]}
    assert {"aal", "dead", "collapsed"} <= keys


def test_a_file_is_refused_with_every_fault_before_it_is_kept(planner: TestClient) -> None:
    asked = WATER | {"file": "water.exe", "name_zh": "", "unit": "", "source": ""}
    answer = planner.put("risk/sets/water", params=asked, content=b"x")
    assert answer.status_code == 422
    keys = {fault["key"] for fault in answer.json()["faults"]}
    assert keys >= {"risk.set_missing", "risk.set_ending"}
    assert "water" not in {one["id"] for one in planner.get("risk/sets").json()}


def test_a_file_too_large_or_not_what_it_says_is_refused_and_the_old_one_stays(
    room: RiskRoom, planner: TestClient
) -> None:
    good = depths(("a", 0.1, -71.3, -29.95, 1.0))
    before = planner.put("risk/sets/water", params=WATER, content=good).json()
    empty = planner.put("risk/sets/water", params=WATER, content=b"")
    assert (empty.status_code, empty.json()["key"]) == (422, "risk.set_file")
    assert "water.csv" in empty.json()["faults"][0]["problem"]["zh"]
    room.sets.largest = 10
    large = planner.put("risk/sets/water", params=WATER, content=good)
    assert (large.status_code, large.json()["key"]) == (413, "risk.file_large")
    assert before in planner.get("risk/sets").json()


def test_a_file_whose_rows_are_wrong_says_so_when_it_is_run(
    room: RiskRoom, planner: TestClient
) -> None:
    planner.put("risk/sets/water", params=WATER, content=depths(("a", 0.1, 500.0, 0.0, -1.0)))
    made = ask(planner, "water")
    assert room.desk.turn()
    found = planner.get(f"risk/jobs/{made['id']}").json()
    assert found["state"] == "failed"
    assert {fault["key"] for fault in found["trouble"]["faults"]} >= {"risk.negative"}


def test_rates_give_a_year_and_its_tail(room: RiskRoom, planner: TestClient) -> None:
    job = done(planner, room, "source")
    found = planner.get(f"risk/jobs/{job}/summary").json()
    curve = planner.get(f"risk/jobs/{job}/exceedance").json()
    aal = next(one for one in found["figures"] if one["key"] == "aal")
    steps = list(zip(curve["loss"], [0.0, *curve["frequency"]], curve["frequency"], strict=False))
    assert aal["mean"] == pytest.approx(sum(loss * (b - a) for loss, a, b in steps))
    assert aal["unit"] == "EUR/a"
    assert [row["return_period"] for row in found["tail"]][:2] == [10, 25]


def test_where_no_building_has_a_curve_the_loss_is_unknown_and_not_zero(
    room: RiskRoom, planner: TestClient
) -> None:
    asked = WATER | {"hazard": "tsunami"}
    body = depths(("a", 0.01, -71.3, -29.95, 2.0), ("a", 0.01, -71.295, -29.95, 1.0))
    assert planner.put("risk/sets/fast", params=asked, content=body).status_code == 200
    found = planner.get(f"risk/jobs/{done(planner, room, 'fast')}/summary").json()
    assert found["is_partial"] and found["counts"]["no_curve"] == 60
    assert next(one for one in found["figures"] if one["key"] == "aal")["mean"] is None


def test_zones_add_up_to_the_event(room: RiskRoom, planner: TestClient) -> None:
    job = done(planner, room, "source")
    events = planner.get(f"risk/jobs/{job}/events?sort=loss&descending=true").json()
    worst = events["items"][0]
    zones = planner.get(f"risk/jobs/{job}/zones?event={worst['name']}").json()
    loss = next(c for c in zones["columns"] if c["key"] == "loss")
    assert sum(loss["values"]) == pytest.approx(worst["loss"], rel=1e-3)
    assert zones["event"] == worst["name"]


def test_a_building_says_why(room: RiskRoom, planner: TestClient) -> None:
    job = done(planner, room, QUAKE)
    first = planner.get(f"risk/jobs/{job}/assets?limit=1").json()["items"][0]
    why = planner.get(f"risk/jobs/{job}/assets/{first['id']}/why?event=001").json()
    share = why["answer"]["value"][0]
    assert why["asset"]["loss"] == pytest.approx(share * why["asset"]["value"], rel=1e-4)
    worth = why["cost"]["per_m2"] * why["asset"]["area_m2"]
    assert why["asset"]["value"] == pytest.approx(worth, rel=1e-4)
    assert why["vulnerability"]["source"]
    assert why["fragility"]["median"]
    assert sum(why["states"]) == pytest.approx(1.0, abs=1e-3)


def test_buildings_are_found_and_put_in_order_on_the_server(
    room: RiskRoom, planner: TestClient
) -> None:
    job = done(planner, room, QUAKE)
    page = planner.get(f"risk/jobs/{job}/assets?limit=10&sort=value&descending=true").json()
    values = [one["value"] for one in page["items"]]
    assert values == sorted(values, reverse=True)
    assert (page["total"], page["all"], page["next"]) == (60, 60, "10")
    use = page["items"][0]["use"]
    found = planner.get(f"risk/jobs/{job}/assets?q={use}").json()
    assert {one["use"] for one in found["items"]} == {use}


def test_the_same_request_again_asks_for_one_run(planner: TestClient) -> None:
    again = [
        planner.post("risk/jobs", json={"set": QUAKE}, headers={"Idempotency-Key": "k"}).json()
        for _ in range(2)
    ]
    assert again[0]["id"] == again[1]["id"]
    assert len(planner.get("risk/jobs").json()) == 1


def test_a_run_that_waits_can_be_stopped_and_deleted(planner: TestClient, clock: Clock) -> None:
    first = ask(planner, QUAKE)
    clock.forward(seconds=1)
    second = ask(planner, QUAKE, seed=2)
    assert second["waiting"] == 1
    assert planner.delete(f"risk/jobs/{second['id']}").status_code == 409
    stopped = planner.post(f"risk/jobs/{second['id']}/stop").json()
    assert stopped["state"] == "stopped"
    assert planner.delete(f"risk/jobs/{second['id']}").status_code == 204
    assert [one["id"] for one in planner.get("risk/jobs").json()] == [first["id"]]


def test_tables_leave_as_csv(room: RiskRoom, planner: TestClient) -> None:
    job = done(planner, room, QUAKE)
    for table, rows in (("events", 200), ("zones", 6), ("assets", 60)):
        answer = planner.get(f"risk/jobs/{job}/{table}.csv")
        lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert len(lines) == rows + 1
        assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("path", ["zones?event=x", "assets/999999/why", "assets/%20/why"])
def test_what_is_not_there_is_said(room: RiskRoom, planner: TestClient, path: str) -> None:
    job = done(planner, room, QUAKE)
    answer = planner.get(f"risk/jobs/{job}/{path}")
    assert answer.status_code == 404
    assert answer.json()["problem"]["zh"]


def test_a_run_outlives_the_server(room: RiskRoom, planner: TestClient, tmp_path: Path) -> None:
    job = done(planner, room, QUAKE)
    before = planner.get(f"risk/jobs/{job}/summary").json()
    kept = FolderRuns(tmp_path).result(job)
    assert kept.summary.value == pytest.approx(before["value"])
    assert kept.arrays["zone_loss"].shape == (200, 6)
