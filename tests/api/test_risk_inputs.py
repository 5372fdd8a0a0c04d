"""Uncertain inputs and measures of a run over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api_kit import Enter, TestClient
from rencheng.bootstrap import Brain
from rencheng.service.risk_jobs import RiskRoom
from risk_console_kit import QUAKE, room_in

INPUTS = ["shaking", "frequency", "worth", "unlisted", "design", "strength", "repair"]
MEASURES = """
schema = "rencheng/measures/1"
version = "1"
source = "made up for a test"
status = "assumption"
jurisdiction = "*"
valid_from = "2026-01-01"
currency = "EUR"
year = 2010
[[measure]]
id = "cheap"
name = "加固 Strengthening"
kind = "retrofit"
ratio_factor = 0.5
cost = [1, 2, 3]
life = 50
source = "made up"
status = "assumption"
[[measure]]
id = "dear"
name = "搬迁 Moving"
kind = "relocation"
where = { use = ["RES1"] }
cost = 9e15
life = 50
source = "made up"
status = "assumption"
"""


@pytest.fixture
def room(brain: Brain, tmp_path: Path) -> RiskRoom:
    brain.risks = room_in(brain.house, tmp_path, brain.models)
    return brain.risks


@pytest.fixture
def planner(room: RiskRoom, enter: Enter) -> TestClient:
    return enter("planner")


def run(client: TestClient, room: RiskRoom, key: str, **more: Any) -> dict[str, Any]:
    made = client.post("risk/jobs", json={"set": key, **more})
    assert made.status_code == 202, made.text
    assert room.desk.turn()
    job = made.json()["id"]
    state = client.get(f"risk/jobs/{job}").json()
    assert state["state"] == "done", state["trouble"]
    return dict(client.get(f"risk/jobs/{job}/summary").json())


def test_what_may_vary_is_listed_with_its_distribution(planner: TestClient) -> None:
    menu = planner.get(f"risk/sets/{QUAKE}/menu").json()
    assert [one["name"] for one in menu["inputs"]] == INPUTS
    assert menu["inputs"][0]["numbers"] == {"common": 0.25}
    assert sum(menu["inputs"][4]["of"].values()) == 1.0


def test_a_year_with_uncertain_inputs_has_quantiles_around_the_plain_figure(
    room: RiskRoom, planner: TestClient
) -> None:
    found = run(planner, room, "source", study={"inputs": INPUTS, "samples": 60})["study"]
    aal = found["rows"][0]
    assert aal["key"] == "aal" and aal["p05"] < aal["p50"] < aal["p95"]
    assert aal["p05"] < aal["plain"] < aal["p95"]
    assert {row["return_period"] for row in found["rows"][1:]} >= {10.0, 100.0}
    assert found["ranks"][0]["rank_low"] <= found["ranks"][0]["rank"]


def test_nothing_uncertain_but_one_input_moves_only_by_it(
    room: RiskRoom, planner: TestClient
) -> None:
    found = run(planner, room, QUAKE, study={"inputs": ["unlisted"], "samples": 40})["study"]
    mean = next(row for row in found["rows"] if row["key"] == "mean_loss")
    assert mean["plain"] <= mean["p05"] <= mean["p95"] <= mean["plain"] / 0.9
    assert found["is_pooled"] in (True, False)
    assert not found["sobol"]


def test_indices_name_the_input_that_matters(room: RiskRoom, planner: TestClient) -> None:
    pytest.importorskip("SALib")
    asked = {"inputs": ["worth", "unlisted"], "samples": 20, "sobol": 64}
    found = run(planner, room, QUAKE, study=asked)["study"]
    total = {row["input"]: row["total"] for row in found["sobol"]}
    assert total["worth"] > 0.8 > 0.2 > total["unlisted"]


def test_inputs_that_are_not_there_are_named(room: RiskRoom, planner: TestClient) -> None:
    made = planner.post("risk/jobs", json={"set": QUAKE, "study": {"inputs": ["nothing"]}}).json()
    assert room.desk.turn()
    trouble = planner.get(f"risk/jobs/{made['id']}").json()["trouble"]
    assert trouble["key"] == "risk.study_inputs"


def test_measures_are_ranked_and_chosen_under_a_budget(room: RiskRoom, planner: TestClient) -> None:
    assert planner.put("risk/measures/own", content=MEASURES.encode()).status_code == 200
    found = run(planner, room, "source", measures={"file": "own", "budget": 1e6})["appraisal"]
    assert [row["ids"] for row in found["rows"]] == [["cheap"], ["dear"]]
    assert found["best"]["ids"] == ["cheap"] and found["best"]["npv"] <= found["bound"] + 1e-6
    cheap = found["rows"][0]
    assert cheap["cost_low"] < cheap["cost"] < cheap["cost_high"]
    assert cheap["avoided"] == pytest.approx(0.5 * found["known_aal"])


UNSURE = MEASURES.replace(
    "ratio_factor = 0.5", "ratio_factor = { median = 0.5, p05 = 0.4, p95 = 0.6 }"
).replace("year = 2010", "year = 2010\nsamples = 300\nseed = 7")


def test_a_measure_of_uncertain_effect_has_quantiles_and_a_probability(
    room: RiskRoom, planner: TestClient
) -> None:
    planner.put("risk/measures/own", content=UNSURE.encode())
    found = run(planner, room, "source", measures={"file": "own"})["appraisal"]
    assert (found["drawn"]["samples"], found["drawn"]["asked"]) == (200, 300)
    cheap, dear = (row["drawn"] for row in found["rows"])
    assert cheap["effect"] == {"ratio_factor": [0.4, 0.5, 0.6]}
    low, middle, high = (one / found["known_aal"] for one in cheap["saving"])
    assert (low, middle, high) == pytest.approx((0.4, 0.5, 0.6), abs=0.02)
    assert cheap["npv"][0] < found["rows"][0]["npv"] < cheap["npv"][2]
    assert (cheap["probability"], dear["probability"]) == (1.0, 0.0)
    assert found["best"]["drawn"] == cheap and cheap["rank"] == [1.0, 1.0, 1.0]
    assert cheap["first"] == 1.0


def test_a_measure_without_uncertain_parts_says_so(room: RiskRoom, planner: TestClient) -> None:
    planner.put("risk/measures/own", content=MEASURES.encode())
    found = run(planner, room, "source", measures={"file": "own"})["appraisal"]
    assert found["drawn"] is None
    assert [row["drawn"] for row in found["rows"]] == [None, None]


def test_a_file_with_faults_is_refused_whole(planner: TestClient) -> None:
    answer = planner.put("risk/measures/own", content=MEASURES.replace("life = 50", "").encode())
    assert answer.status_code == 422
    assert [fault["key"] for fault in answer.json()["faults"]] == ["measures.missing"] * 2
    assert planner.get("risk/measures").json() == []


def test_the_example_can_be_handed_in_as_it_is(planner: TestClient) -> None:
    text = planner.get("risk/measures/example.toml").text
    assert planner.put("risk/measures/example", content=text.encode()).status_code == 200
    assert len(planner.get("risk/measures").json()[0]["names"]) == 3
    assert planner.delete("risk/measures/example").status_code == 204


@pytest.mark.parametrize("body", [b"a=" + b"[" * 5000, b"a=" + b"{a=" * 3000, b"a=" + b"9" * 5000])
def test_measures_that_are_no_toml_are_refused_with_their_file(
    planner: TestClient, body: bytes
) -> None:
    answer = planner.put("risk/measures/own", content=body)
    assert (answer.status_code, answer.json()["key"]) == (422, "files.toml")
    assert "own.toml" in answer.json()["problem"]["zh"]


def test_measures_saved_by_windows_are_taken(planner: TestClient) -> None:
    body = MEASURES.replace("\n", "\r\n").encode("utf-8-sig")
    assert planner.put("risk/measures/own", content=body).status_code == 200
    broken = planner.put("risk/measures/own", content=b"a = 1\nb 2\n").json()
    assert "own.toml:2" in broken["problem"]["en"]


def test_measures_too_large_are_no_matter_of_waiting(planner: TestClient) -> None:
    answer = planner.put("risk/measures/own", content=b"#" * 600_000)
    assert (answer.status_code, answer.json()["key"]) == (413, "risk.measures_large")


def test_measures_of_one_earthquake_are_refused(planner: TestClient) -> None:
    planner.put("risk/measures/own", content=MEASURES.encode())
    answer = planner.post("risk/jobs", json={"set": QUAKE, "measures": {"file": "own"}})
    assert answer.status_code == 422
    assert answer.json()["key"] == "risk.measures_rates"


def test_a_year_has_a_total_between_bounds(room: RiskRoom, planner: TestClient) -> None:
    found = run(planner, room, "source")
    rows = [row for row in found["tail"] if row["known_total"]]
    assert rows
    for row in rows:
        total = row["known_total"]
        assert total["low"] <= total["best"] <= total["high"] <= 10 * total["low"]
        assert total["best"] >= (row["known_loss"] or 0) * (1 - 1e-9)


def test_who_may_not_run_hands_in_no_measures(planner: TestClient, enter: Enter) -> None:
    assert enter("auditor").put("risk/measures/own", content=b"x").status_code == 403
    assert enter("auditor").get("risk/measures").status_code == 200


def test_everything_can_be_taken_along(room: RiskRoom, planner: TestClient) -> None:
    asked = {"inputs": ["worth"], "samples": 20}
    planner.put("risk/measures/own", content=MEASURES.encode())
    run(planner, room, "source", study=asked, measures={"file": "own"})
    job = planner.get("risk/jobs").json()[0]["id"]
    whole = planner.get(f"risk/jobs/{job}/summary.json").json()
    assert whole["run"]["seed"] == 1 and whole["summary"]["study"]["rows"]
    document = planner.get(f"risk/jobs/{job}/rdls.json").json()["datasets"][0]
    assert document["risk_data_type"] == ["loss"]
    for one in document["resources"]:
        assert planner.get(one["download_url"].partition("/api/v1/")[2]).status_code == 200
    for table in ("study", "ranks", "sobol", "measures", "people"):
        lines = planner.get(f"risk/jobs/{job}/{table}.csv").text.splitlines()
        assert lines[0] and (table == "sobol" or len(lines) > 1)
