"""Files of a run's result: what is synthetic, partly known or of any script says so in each."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api_kit import Enter, TestClient
from rencheng.bootstrap import Brain
from rencheng.service.risk_jobs import RiskRoom
from risk_console_kit import QUAKE, depths, room_in
from tiny_city import make_tiny_city

WATER = {
    "file": "water.csv", "name_zh": "洪水", "name_en": "Floods", "hazard": "flood",
    "measure": "water_depth", "unit": "m", "source": "made up for a test",
}  # fmt: skip
XY = [(float(lon), float(lat)) for lon, lat in make_tiny_city().buildings.xy[:20]]
PARTLY = [(at, 1.0 if row < 10 else float("nan")) for row, at in enumerate(XY)]
TABLES = ("events", "zones", "assets", "exceedance", "people")


@pytest.fixture
def room(brain: Brain, tmp_path: Path) -> RiskRoom:
    brain.risks = room_in(brain.house, tmp_path, brain.models)
    return brain.risks


@pytest.fixture
def planner(room: RiskRoom, enter: Enter) -> TestClient:
    return enter("planner")


def done(client: TestClient, room: RiskRoom, key: str) -> str:
    job = str(client.post("risk/jobs", json={"set": key}).json()["id"])
    assert room.desk.turn()
    state = client.get(f"risk/jobs/{job}").json()
    assert state["state"] == "done", state["trouble"]
    return job


def floods(
    client: TestClient, room: RiskRoom, *rows: tuple[str, float, float, float, float]
) -> str:
    assert client.put("risk/sets/water", params=WATER, content=depths(*rows)).status_code == 200
    return done(client, room, "water")


def table(client: TestClient, job: str, name: str) -> list[dict[str, Any]]:
    text = client.get(f"risk/jobs/{job}/{name}.csv").text.removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def test_synthetic_losses_say_so_in_every_file(
    room: RiskRoom, planner: TestClient, tmp_path: Path
) -> None:
    pyogrio = pytest.importorskip("pyogrio", reason="the extra `data` is not installed")
    job = done(planner, room, "source")
    for name in TABLES:
        rows = table(planner, job, name)
        assert rows
        assert {(row["origin"], row["is_synthetic"]) for row in rows} == {("synthetic", "True")}
    file = tmp_path / "zones.gpkg"
    file.write_bytes(planner.get(f"risk/jobs/{job}/zones.gpkg").content)
    said = pyogrio.read_info(file)["layer_metadata"]
    assert (said["origin"], said["set_origin"]) == ("synthetic", "synthetic")
    assert said["set_source"] and said["buildings_origin"] and said["buildings_source"]
    rdls = planner.get(f"risk/jobs/{job}/rdls.json").json()["datasets"][0]
    assert rdls["details"].startswith("Origin of the losses: synthetic (events: synthetic, build")
    assert rdls["sources"][0]["lineage"] == "generated from a seed"


def test_zones_leave_exact_and_are_rounded_for_the_screen_alone(
    room: RiskRoom, planner: TestClient
) -> None:
    job = done(planner, room, "source")
    exact = room.runs.result(job).arrays["zone_value"]
    shown = planner.get(f"risk/jobs/{job}/zones").json()["columns"]
    left = [float(row["value [EUR]"]) for row in table(planner, job, "zones")]
    assert left == exact.astype(float).tolist()
    assert next(c["values"] for c in shown if c["key"] == "value") != left


def test_the_curve_of_what_is_partly_known_is_called_so(
    room: RiskRoom, planner: TestClient
) -> None:
    job = floods(planner, room, *(("a", 0.1, *at, depth) for at, depth in PARTLY))
    assert planner.get(f"risk/jobs/{job}/exceedance").json()["is_partial"]
    names = table(planner, job, "exceedance")[0].keys()
    assert {"known_loss [EUR]", "known_loss_low [EUR]", "known_loss_high [EUR]"} <= names
    assert not any(name.startswith("loss") for name in names)
    whole = done(planner, room, "source")
    assert "loss [EUR]" in table(planner, whole, "exceedance")[0]


def test_buildings_with_an_unknown_loss_are_counted_beside_the_standings(
    room: RiskRoom, planner: TestClient
) -> None:
    again = [(at, depth if row != 12 else 1.0) for row, (at, depth) in enumerate(PARTLY)]
    rows = [("a", 0.1, *at, depth) for at, depth in PARTLY]
    job = floods(planner, room, *rows, *(("b", 0.1, *at, depth) for at, depth in again))
    found = planner.get(f"risk/jobs/{job}/summary").json()
    faults = {one["key"]: one for one in found["faults"]}
    some, every = (faults[f"risk.unknown_in_{n}"]["count"] for n in ("some", "all"))
    assert some >= 1 and every >= 1
    assert some + every < found["counts"]["assessed"]
    dark = np.isnan(room.runs.result(job).arrays["asset_mean"])
    assert some + every == dark.sum() - found["counts"]["bad_data"] - found["counts"]["no_curve"]
    assert "每个事件" in faults["risk.unknown_in_all"]["problem"]["zh"]


@pytest.mark.parametrize("event", ["汶川", 'a"b', "ω–1"])
def test_an_event_of_any_script_is_drawn_on_the_map(
    room: RiskRoom, planner: TestClient, event: str
) -> None:
    named = event.replace('"', '""')
    job = floods(planner, room, (f'"{named}"', 0.1, -71.3, -29.95, 1.0))
    answer = planner.get(f"state/risk/{job}/buildings.bin", params={"event": event})
    assert answer.status_code == 200
    assert answer.headers["etag"].isascii()
    assert answer.headers["etag"].count('"') == 2


def test_events_of_a_result_have_marks_of_their_own(room: RiskRoom, planner: TestClient) -> None:
    job = done(planner, room, QUAKE)
    path = f"state/risk/{job}/buildings.bin"
    tags = {planner.get(path, params={"event": one}).headers["etag"] for one in ("", "001", "002")}
    assert len(tags) == 3
    assert json.loads(planner.get(f"risk/jobs/{job}/summary.json").content)["summary"]["origin"]
