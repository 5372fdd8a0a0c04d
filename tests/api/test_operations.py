"""Warnings, proposals, tasks, log: what people do, and what each may see of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from api_kit import Enter, give
from ops_kit import Clock
from rencheng.bootstrap import Brain


def text(language: str) -> dict[str, str]:
    zh = language == "zh-CN"
    return {
        "language": language,
        "headline": "海啸预警" if zh else "Tsunami warning",
        "description": "三小时内可能有海啸。" if zh else "A tsunami may come within three hours.",
        "instruction": "请立即前往高处。" if zh else "Go to high ground now.",
    }


def alert(clock: Clock, **changes: Any) -> dict[str, Any]:
    return {
        "event": "tsunami",
        "level": 1,
        "urgency": "Immediate",
        "certainty": "Likely",
        "onset": clock().isoformat(),
        "expires": (clock() + timedelta(hours=3)).isoformat(),
        "infos": [text("zh-CN"), text("en")],
        "zones": [101, 104],
    } | changes


def test_a_utility_sees_its_own_tasks_only(enter: Enter, clock: Clock) -> None:
    give(enter, clock, "power_utility")
    give(enter, clock, "water_utility")
    seen = {who: enter(who).get("tasks").json() for who in ("power", "water", "duty", "hospital")}
    assert {who: told["total"] for who, told in seen.items()} == {
        "power": 1, "water": 1, "duty": 2, "hospital": 0,
    }  # fmt: skip
    assert seen["power"]["items"][0]["organisation"] == "power_utility"
    assert seen["power"]["items"][0]["place_name"]


def test_a_task_of_others_does_not_exist_for_a_utility(enter: Enter, clock: Clock) -> None:
    task = give(enter, clock, "water_utility")
    body = {"version": task["version"], "status": "acknowledged"}
    assert enter("power").post(f"tasks/{task['id']}/step", json=body).status_code == 404
    assert enter("water").post(f"tasks/{task['id']}/step", json=body).status_code == 200


def test_a_retry_sends_nobody_twice(enter: Enter, clock: Clock) -> None:
    first, again = (give(enter, clock, "power_utility", "k1") for _ in range(2))
    assert first["id"] == again["id"]
    assert enter("duty").get("tasks").json()["total"] == 1


def test_the_next_steps_are_those_the_asker_may_take(enter: Enter, clock: Clock) -> None:
    task = give(enter, clock, "power_utility")
    assert "acknowledged" in enter("power").get("tasks").json()["items"][0]["next"]
    assert "acknowledged" not in enter("auditor").get("tasks").json()["items"][0]["next"]
    body = {"version": task["version"], "status": "verified"}
    assert enter("power").post(f"tasks/{task['id']}/step", json=body).status_code in (403, 409)


def test_two_on_one_task_one_wins_and_the_other_is_told(enter: Enter, clock: Clock) -> None:
    task = give(enter, clock, "power_utility")
    body = {"version": task["version"], "status": "acknowledged"}
    power = enter("power")
    answers = [power.post(f"tasks/{task['id']}/step", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]


def test_a_warning_needs_a_second_person(enter: Enter, clock: Clock) -> None:
    chief, deputy = enter("chief"), enter("deputy")
    draft = chief.post("alerts", json=alert(clock)).json()
    assert (draft["status"], draft["audience"], draft["faults"]) == ("draft", 200, [])
    path, body = f"alerts/{draft['id']}/approve", {"version": draft["version"]}
    assert enter("duty").post(path, json=body).status_code == 403
    refused = chief.post(path, json=body)
    assert (refused.status_code, refused.json()["key"]) == (409, "alert.second_person")
    sent = deputy.post(path, json=body).json()
    assert (sent["status"], sent["approved_by"]) == ("sent", "deputy")
    assert "xml" in deputy.get(f"alerts/{draft['id']}.cap.xml").headers["content-type"]


def test_the_correction_exists_when_the_warning_is_sent(enter: Enter, clock: Clock) -> None:
    draft = enter("duty").post("alerts", json=alert(clock)).json()
    chief = enter("chief")
    chief.post(f"alerts/{draft['id']}/approve", json={"version": draft["version"]})
    found = chief.get("alerts", params={"status": "draft"}).json()["items"]
    assert [one["correction_of"] for one in found] == [draft["id"]]
    assert chief.post(f"alerts/{draft['id']}/correct").json()["id"] == found[0]["id"]


def test_editing_needs_the_version_that_was_seen(enter: Enter, clock: Clock) -> None:
    duty = enter("duty")
    draft = duty.post("alerts", json=alert(clock)).json()
    path, body = f"alerts/{draft['id']}", alert(clock, zones=[101])
    assert duty.put(path, json=body).status_code == 422
    seen = {"If-Match": f'"{draft["version"]}"'}
    assert duty.put(path, json=body, headers=seen).json()["zones"] == [101]
    assert duty.put(path, json=body, headers=seen).status_code == 409
    assert duty.put(path, json=body, headers={"If-Match": "*"}).status_code == 422


def test_a_discarded_draft_stays_on_the_record(enter: Enter, clock: Clock) -> None:
    duty = enter("duty")
    draft = duty.post("alerts", json=alert(clock)).json()
    body = {"version": draft["version"], "reason": "wrong area"}
    assert duty.post(f"alerts/{draft['id']}/cancel", json=body).json()["status"] == "discarded"
    assert duty.get("alerts").json()["total"] == 1


def test_an_empty_area_is_never_widened(enter: Enter, clock: Clock) -> None:
    duty = enter("duty")
    answer = duty.post("alerts", json=alert(clock, zones=[]))
    faults = answer.json()["faults"]
    assert "alert.no_area" in {fault["key"] for fault in faults}
    if answer.status_code == 201:
        path = f"alerts/{answer.json()['id']}/approve"
        body = {"version": answer.json()["version"]}
        assert enter("chief").post(path, json=body).status_code == 422


def test_an_alarm_is_acknowledged_by_name(shaken: Brain, enter: Enter) -> None:
    duty = enter("duty")
    alarms = duty.get("alarms").json()["items"]
    assert alarms
    told = duty.post(f"alarms/{alarms[0]['id']}/acknowledge").json()
    assert told["acknowledged_by"] == "duty"
    assert enter("power").post(f"alarms/{alarms[0]['id']}/acknowledge").status_code == 403


def test_a_refusal_needs_a_reason_and_a_dangerous_proposal_two_persons(
    shaken: Brain, enter: Enter
) -> None:
    chief, deputy = enter("chief"), enter("deputy")
    found = chief.get("proposals", params={"status": "open"}).json()["items"]
    assert found
    plain = next(one for one in found if not one["is_dangerous"])
    path = f"proposals/{plain['id']}/decision"
    refusal = {"version": plain["version"], "decision": "refuse"}
    assert chief.post(path, json=refusal).status_code == 422
    assert chief.post(path, json=refusal | {"reason": "not now"}).json()["status"] == "refused"
    late = deputy.post(path, json={"version": plain["version"], "decision": "accept"})
    assert late.status_code == 409
    for one in (one for one in found if one["is_dangerous"]):
        path, body = f"proposals/{one['id']}/decision", {"decision": "accept"}
        first = chief.post(path, json=body | {"version": one["version"]}).json()
        assert (first["status"], first["seconded_by"]) == ("open", "chief")
        alone = chief.post(path, json=body | {"version": first["version"]})
        assert alone.json()["key"] == "proposal.second_person"
        both = deputy.post(path, json=body | {"version": first["version"]}).json()
        assert both["status"] == "accepted"


def test_accepting_a_proposal_gives_out_its_tasks(shaken: Brain, enter: Enter) -> None:
    chief = enter("chief")
    found = chief.get("proposals", params={"status": "open"}).json()["items"]
    one = next(one for one in found if one["actions"] and not one["is_dangerous"])
    chief.post(
        f"proposals/{one['id']}/decision", json={"version": one["version"], "decision": "accept"}
    )
    tasks = chief.get("tasks").json()["items"]
    assert {task["proposal"] for task in tasks} == {one["id"]}
    assert chief.get("dispatches").status_code == 200


def test_a_proposal_for_others_does_not_exist_for_a_utility(shaken: Brain, enter: Enter) -> None:
    everything = enter("chief").get("proposals").json()["items"]
    power = enter("power")
    seen = {one["id"] for one in power.get("proposals").json()["items"]}
    for one in everything:
        is_own = any(action["organisation"] == "power_utility" for action in one["actions"])
        assert (one["id"] in seen) == is_own
        answer = power.get(f"proposals/{one['id']}")
        assert answer.status_code == (200 if is_own else 404)
        actions = answer.json().get("actions", [])
        assert {action["organisation"] for action in actions} <= {"power_utility"}


def test_the_log_says_who_did_what_and_proves_itself(enter: Enter, clock: Clock) -> None:
    give(enter, clock, "power_utility")
    auditor = enter("auditor")
    lines = auditor.get("log").json()["items"]
    assert "duty" in {line["actor"] for line in lines}
    assert all(line["text"]["zh"] and not line["text"]["en"].startswith("log.") for line in lines)
    check = auditor.get("log/check").json()
    assert check["is_whole"] and check["head"] == lines[0]["hash"]
    assert auditor.post("log", json={"text": "x"}).status_code == 403


@pytest.mark.parametrize(
    "path", [f"log?before={2**63}", "tasks?status=lost", "proposals?status=lost"]
)
def test_a_question_that_cannot_be_meant_is_refused(enter: Enter, path: str) -> None:
    assert enter("duty").get(path).status_code == 422


def test_the_log_is_read_page_by_page(enter: Enter) -> None:
    duty = enter("duty")
    for number in range(5):
        duty.post("log", json={"text": f"note {number}"})
    first = duty.get("log", params={"limit": 3}).json()
    second = duty.get("log", params={"limit": 3, "before": first["next"]}).json()
    seqs = [line["seq"] for line in first["items"] + second["items"]]
    assert seqs == sorted(set(seqs), reverse=True) and len(seqs) == 6


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"building": 3, "state": 2}, 201),
        ({"xy": [-71.27, -29.945], "state": 0}, 201),
        ({"state": 2}, 422),
        ({"building": 60, "state": 2}, 422),
        ({"building": 3, "state": 5}, 422),
    ],
)
def test_damage_is_reported_of_a_building_or_a_place(
    enter: Enter, body: dict[str, Any], status: int
) -> None:
    answer = enter("field").post("damage-reports", json=body)
    assert answer.status_code == status, answer.text


def test_reports_of_others_are_for_the_emergency_office(enter: Enter) -> None:
    enter("field").post("damage-reports", json={"building": 3, "state": 2})
    totals = {w: enter(w).get("damage-reports").json()["total"] for w in ("field", "power", "duty")}
    assert totals == {"field": 1, "power": 0, "duty": 1}


def test_a_draft_warning_is_the_emergency_offices_own(enter: Enter, clock: Clock) -> None:
    draft = enter("duty").post("alerts", json=alert(clock)).json()
    power, path = enter("power"), f"alerts/{draft['id']}.cap.xml"
    assert (power.get("alerts").json()["total"], power.get(path).status_code) == (0, 404)
    enter("chief").post(f"alerts/{draft['id']}/approve", json={"version": draft["version"]})
    assert [one["id"] for one in power.get("alerts").json()["items"]] == [draft["id"]]
    assert power.get(path).status_code == 200


def test_the_situation_counts_the_askers_own_open_tasks(enter: Enter, clock: Clock) -> None:
    for organisation in ("power_utility", "water_utility", "water_utility"):
        give(enter, clock, organisation)
    counts = {who: enter(who).get("situation").json()["open_tasks"] for who in ("power", "duty")}
    assert counts == {"power": 1, "duty": 3}
