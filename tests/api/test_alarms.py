"""Alarms over HTTP: lists, groups, history, what people say of them, the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from api_kit import Enter
from ops_kit import Clock
from rencheng.bootstrap import Brain
from rencheng.domain.alarm import Finding, Level
from rencheng.domain.provenance import Text
from rencheng.service.alarms import clear_alarm, raise_alarm
from rencheng.service.escalation import escalate

HIGH = Finding(
    rule="tide_anomaly",
    rule_version="1",
    object="sea",
    level=Level.ORANGE,
    text=Text("alarm.tide_anomaly", {"value": 0.7}),
)
BODY = {"level": 2, "reason": "two gauges agree"}


@pytest.fixture
def alarm(brain: Brain) -> str:
    return raise_alarm(brain.house, "live", HIGH).id


def test_a_list_says_who_is_told_next_and_when(alarm: str, enter: Enter, clock: Clock) -> None:
    (told,) = enter("duty").get("alarms?state=listed").json()["items"]
    assert told["id"] == alarm
    assert told["next_escalation"].startswith((clock() + timedelta(minutes=10)).isoformat()[:19])
    assert told["next_roles"] == ["duty_officer", "analyst"]
    assert told["rule_name"]["zh"] != "tide_anomaly"


def test_filters_by_state_level_and_own_business(
    brain: Brain, alarm: str, enter: Enter, clock: Clock
) -> None:
    raise_alarm(brain.house, "live", replace(HIGH, object="pier", level=Level.BLUE))
    clear_alarm(brain.house, "live", "tide_anomaly", "pier")
    chief = enter("chief")

    def ids(query: str) -> list[str]:
        return [one["object"] for one in chief.get(f"alarms?{query}").json()["items"]]

    assert ids("state=cleared") == ["pier"]
    assert ids("state=active") == ["sea"]
    assert ids("state=listed&level=4") == ["pier"]
    assert ids("state=listed&mine=true") == []
    clock.forward(minutes=31)
    escalate(brain.house)
    assert ids("state=listed&mine=true") == ["sea"]
    assert chief.get("situation").json()["alarm_counts"]["mine"] == 1


def test_an_alarm_tells_its_history(alarm: str, enter: Enter) -> None:
    duty = enter("duty")
    duty.post(f"alarms/{alarm}/acknowledge")
    done = duty.post(f"alarms/{alarm}/confirm", json=BODY)
    assert done.status_code == 200, done.text
    told = duty.get(f"alarms/{alarm}").json()
    assert [line["text"]["key"] for line in told["lines"]] == [
        "log.alarm.confirmed", "log.alarm.acknowledged", "log.alarm.raised",
    ]  # fmt: skip
    assert [one["judgement"] for one in told["verdicts"]] == ["hit"]
    assert {one["channel"] for one in told["deliveries"]} == {"console"}


def test_what_changed_since_it_was_seen_is_not_judged(alarm: str, enter: Enter) -> None:
    duty = enter("duty")
    assert duty.post(f"alarms/{alarm}/reject", json=BODY | {"level": 4}).status_code == 409
    assert duty.post(f"alarms/{alarm}/reject", json=BODY | {"reason": ""}).status_code == 422
    assert duty.post(f"alarms/{alarm}/reject", json=BODY).json()["judgement"] == "false"
    assert duty.post(f"alarms/{alarm}/confirm", json=BODY).status_code == 409


@pytest.mark.parametrize("act", ["confirm", "reject", "shelve"])
def test_not_everybody_judges(alarm: str, enter: Enter, clock: Clock, act: str) -> None:
    body = BODY | ({"until": clock().isoformat()} if act == "shelve" else {})
    assert enter("power").post(f"alarms/{alarm}/{act}", json=body).status_code == 403
    assert enter("auditor").post(f"alarms/{alarm}/{act}", json=body).status_code == 403


def test_a_shelved_alarm_leaves_the_list_and_comes_back(
    alarm: str, enter: Enter, clock: Clock
) -> None:
    duty, until = enter("duty"), (clock() + timedelta(hours=1)).isoformat()
    duty.post(f"alarms/{alarm}/shelve", json=BODY | {"until": until}).raise_for_status()
    assert duty.get("alarms?state=listed").json()["items"] == []
    assert duty.get("alarms/counts").json()["shelved"] == 1
    assert len(duty.get("alarms?state=shelved").json()["items"]) == 1
    assert duty.post(f"alarms/{alarm}/unshelve").json()["shelved_until"] is None


def test_a_flood_is_one_line_and_one_act(brain: Brain, enter: Enter) -> None:
    for number in range(30):
        raise_alarm(brain.house, "live", replace(HIGH, object=f"o{number}"))
    duty = enter("duty")
    (group,) = duty.get("alarms/groups?by=rule").json()["items"]
    assert (group["count"], group["unacknowledged"]) == (30, 30)
    assert duty.get("alarms/counts").json()["is_flood"]
    assert len(duty.get("alarms/groups?by=object").json()["items"]) == 30
    assert duty.post("alarms/acknowledge", json={"ids": group["ids"]}).json() == {"count": 30}
    assert duty.get("alarms/counts").json()["unacknowledged"] == 0


def test_the_ledger_counts_and_the_assessment_reads_it(
    brain: Brain, alarm: str, enter: Enter, clock: Clock
) -> None:
    at = clock.forward(minutes=20).isoformat()
    duty, planner = enter("duty"), enter("planner")
    duty.post(f"alarms/{alarm}/confirm", json=BODY | {"occurred": at}).raise_for_status()
    miss = {"rule": "tide_anomaly", "object": "pier", "occurred": at, "reason": "seen"}
    assert planner.post("verdicts", json=miss).status_code == 201
    assert enter("power").post("verdicts", json=miss).status_code == 403
    told = planner.get("verdicts/rules").json()
    score = told["scores"][1]
    assert (score["rule"], score["hits"], score["misses"], score["leads"]) == (
        "tide_anomaly", 1, 1, 1,
    )  # fmt: skip
    assert (score["pod"]["p50"], score["far"]["p50"], score["lead_min"]["p50"]) == (0.5, 0.0, 20.0)
    assert {"bulletin.tsunami", "state/strong_shaking"} <= {one["rule"] for one in told["rules"]}
    assert planner.get("verdicts?rule=tide_anomaly").json()["total"] == 2
    brain.runner.turn("live")
    assert planner.get("assessment").json()["warnings"] == told["scores"]


def test_somebody_elses_alarm_is_not_there(brain: Brain, enter: Enter) -> None:
    hospital = next(
        key
        for key, kind in zip(
            brain.house.cities.current().facilities.id,
            brain.house.cities.current().facilities.kind,
            strict=True,
        )
        if kind == "hospital"
    )
    key = raise_alarm(brain.house, "live", replace(HIGH, object=hospital)).id
    assert enter("duty").get(f"alarms/{key}").status_code == 200
    assert enter("power").get(f"alarms/{key}").status_code == 404
    assert enter("power").get("alarms/groups").json()["items"] == []
