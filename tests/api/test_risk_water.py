"""Depths of water with flow speeds of the same events over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api_kit import Enter, TestClient
from rencheng.bootstrap import Brain
from rencheng.service.risk_jobs import RiskRoom
from risk_console_kit import QUAKE, depths, room_in
from tiny_city import make_tiny_city

WATER = {
    "file": "water.csv", "name_zh": "百年一遇洪水", "name_en": "Once in 100 years",
    "hazard": "flood", "measure": "water_depth", "unit": "m", "source": "made up for a test",
}  # fmt: skip
SPEED = WATER | {"file": "speed.csv", "measure": "flow_speed", "unit": "m/s"}
PLACES = [*map(tuple, make_tiny_city().buildings.xy.tolist())][:20]
DEEP = depths(*(("t100", 0.01, lon, lat, 0.4) for lon, lat in PLACES))
FAST = depths(*(("t100", 0.01, lon, lat, 4.0) for lon, lat in PLACES))


@pytest.fixture
def room(brain: Brain, tmp_path: Path) -> RiskRoom:
    brain.risks = room_in(brain.house, tmp_path, brain.models)
    return brain.risks


@pytest.fixture
def planner(room: RiskRoom, enter: Enter) -> TestClient:
    client = enter("planner")
    assert client.put("risk/sets/water", params=WATER, content=DEEP).status_code == 200
    assert client.put("risk/sets/speed", params=SPEED, content=FAST).status_code == 200
    return client


def run(client: TestClient, room: RiskRoom, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    made = client.post("risk/jobs", json={"set": "water", **more})
    assert made.status_code == 202, made.text
    assert room.desk.turn()
    job = client.get(f"risk/jobs/{made.json()['id']}").json()
    if job["state"] != "done":
        return job, {}
    return job, dict(client.get(f"risk/jobs/{job['id']}/summary").json())


def classes(summary: dict[str, Any]) -> dict[str, float]:
    rows = [row for row in summary["people"] if row["fate"] in ("h2", "h5")]
    return {row["fate"]: row["mean"] for row in rows}


def notes(summary: dict[str, Any]) -> str:
    return str(summary["notes"])


def test_speed_raises_the_class_of_water(room: RiskRoom, planner: TestClient) -> None:
    _, still = run(planner, room)
    job, moving = run(planner, room, speed="speed")
    assert classes(still)["h2"] > 0 and classes(still)["h5"] == 0
    assert classes(moving)["h2"] == 0
    assert classes(moving)["h5"] == pytest.approx(classes(still)["h2"])
    assert job["speed"]["id"] == "speed"
    assert moving["versions"]["flow speed"]


def test_depth_alone_is_said_to_be_that(room: RiskRoom, planner: TestClient) -> None:
    job, still = run(planner, room)
    _, moving = run(planner, room, speed="speed")
    assert job["speed"] is None
    assert "by depth alone" in notes(still) and "by depth alone" not in notes(moving)
    assert "by depth and flow speed" in notes(moving)


def test_losses_do_not_depend_on_speed(room: RiskRoom, planner: TestClient) -> None:
    _, still = run(planner, room)
    _, moving = run(planner, room, speed="speed")
    assert still["figures"][0]["mean"] == moving["figures"][0]["mean"]


def test_speeds_of_other_events_are_refused(room: RiskRoom, planner: TestClient) -> None:
    other = FAST + FAST.replace(b"t100", b"t500").partition(b"intensity")[2]
    assert planner.put("risk/sets/speed", params=SPEED, content=other).status_code == 200
    job, _ = run(planner, room, speed="speed")
    assert job["state"] == "failed"
    assert job["trouble"]["key"] == "risk.people.other_events"


def test_speeds_that_changed_after_the_question_are_refused(
    room: RiskRoom, planner: TestClient
) -> None:
    made = planner.post("risk/jobs", json={"set": "water", "speed": "speed"}).json()
    planner.put("risk/sets/speed", params=SPEED | {"source": "another"}, content=FAST)
    assert room.desk.turn()
    job = planner.get(f"risk/jobs/{made['id']}").json()
    assert job["trouble"]["key"] == "risk.set_changed"


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"set": "speed"}, "risk.speed_alone"),
        ({"set": "water", "speed": "water"}, "risk.speed_set"),
        ({"set": QUAKE, "speed": "speed"}, "risk.speed_set"),
        ({"set": "water", "speed": "nothing"}, "risk.no_set"),
    ],
)
def test_what_does_not_go_together_is_refused(
    planner: TestClient, asked: dict[str, str], key: str
) -> None:
    answer = planner.post("risk/jobs", json=asked)
    assert answer.status_code in (404, 422)
    assert answer.json()["key"] == key
