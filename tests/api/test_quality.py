"""Limits over HTTP: learnt, decided on with a reason, seen; reasons of suspect values in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
from fastapi.testclient import TestClient

from ops_kit import DEVICE
from rencheng.bootstrap import Brain
from rencheng.service.house import Command
from rencheng.service.ingest import ObservationItem, ingest_observations

Enter = Callable[..., TestClient]


def heard(brain: Brain, days: int = 30) -> str:
    """Let a tide gauge speak every ten minutes; its last value is beyond what is plausible."""
    now, rng = brain.house.now(), np.random.default_rng(2)
    count = days * 144
    values = np.round(rng.normal(0.0, 0.1, count), 3)
    values[-1] = 99.0
    items = [
        ObservationItem(
            id=f"{n}", datastream="tide-1", value=float(value), unit="m",
            phenomenon_time=now - timedelta(minutes=10 * (count - n)),
        )
        for n, value in enumerate(values)
    ]  # fmt: skip
    ingest_observations(brain.house, Command(actor=DEVICE, run="live"), "history", items)
    return "tide-1"


def test_limits_are_learnt_approved_and_undone(brain: Brain, enter: Enter) -> None:
    stream, now, planner = heard(brain), brain.house.now(), enter("planner")
    body = {
        "streams": [stream],
        "start": (now - timedelta(days=40)).isoformat(),
        "end": now.isoformat(),
    }
    assert enter("duty").post("/quality/limits/learn", json=body).status_code == 403
    draft = planner.post("/quality/limits/learn?run=live", json=body)
    assert draft.status_code == 201, draft.text
    one = draft.json()
    assert one["streams"][0]["limits"][0]["name"] == "stuck_after"
    path = f"/quality/limits/{one['id']}/decision"
    empty = {"version": one["version"], "decision": "approve", "reason": " "}
    assert planner.post(path, json=empty).status_code in (400, 422)
    done = planner.post(path, json=empty | {"reason": "right"}).json()
    assert done["status"] == "approved"
    held = planner.get(f"/quality/streams/{stream}").json()
    assert held["verdict_version"].endswith("+L1")
    assert [limit["name"] for limit in held["limits"] if limit["is_learnt"]] == ["stuck_after"]
    undo = {"version": done["version"], "decision": "undo", "reason": "no"}
    assert planner.post(path, json=undo).json()["status"] == "retired"
    assert planner.get("/quality/limits").json()["total"] == 1


def test_a_suspect_value_says_why_in_both_languages_and_by_which_version(
    brain: Brain, enter: Enter
) -> None:
    stream = heard(brain, days=1)
    series = enter("duty").get(f"/sensors/{stream}/observations?run=live").json()
    flag = series["flags"][-1]
    assert series["value"][flag["index"]] == 99.0 and "range" in flag["reasons"]
    assert flag["version"].startswith("quality")
    words = {text["key"]: text for text in series["reasons"]}
    assert "范围" in words["quality.reason.range"]["zh"]
