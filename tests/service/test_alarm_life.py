"""The life of an alarm: seen, escalated, confirmed or rejected, shelved, returned."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops_kit import CHIEF, DUTY, FIELD, PLANNER, Kit
from rencheng.adapters.escalation import load_escalation
from rencheng.adapters.store import open_store
from rencheng.domain.alarm import Alarm, Finding, Judgement, Level
from rencheng.domain.errors import ConflictError, InvalidInputError, NotAllowedError
from rencheng.domain.provenance import Mode, Text
from rencheng.service.alarms import acknowledge, acknowledge_all, clear_alarm, raise_alarm
from rencheng.service.delivery import deliver
from rencheng.service.escalation import Seen, escalate, shelve, unshelve
from rencheng.service.house import House, Subscriber
from rencheng.service.verdicts import MissedEvent, confirm, enter_miss, reject, standing

HIGH = Finding(
    rule="tide",
    rule_version="1",
    object="sea",
    level=Level.ORANGE,
    text=Text("alarm.tide_anomaly", {"value": 0.7}),
)
SEEN = Seen(Level.ORANGE)


@pytest.fixture
def kit(kit: Kit) -> Kit:
    """Return a house with the steps that we bring, and one subscriber who takes alarms."""
    subscribers = (
        Subscriber(id="radio", channel="outside"),
        Subscriber(id="office", channel="outside", takes_alarms=True),
        Subscriber(id="console", channel="console", takes_alarms=True),
    )
    kit.house = replace(kit.house, escalation=load_escalation(), subscribers=subscribers)
    return kit


def the_alarm(kit: Kit, run: str = "live") -> Alarm:
    (alarm,) = kit.see(lambda work: work.alarms.list(run))
    return alarm


def queued(kit: Kit, run: str = "live") -> list[tuple[str, str]]:
    found = kit.see(lambda work: work.deliveries.list(run))
    return sorted((one.subscriber, one.state) for one in found)


def test_fifty_writers_at_once_leave_one_open_alarm_and_lose_no_update(kit: Kit) -> None:
    start, failed = threading.Barrier(50), []

    def write(number: int) -> None:
        start.wait()
        try:
            level = Level.RED if number == 7 else Level.YELLOW
            text = Text(HIGH.text.key, {"n": number})
            raise_alarm(kit.house, "live", replace(HIGH, level=level, text=text))
        except Exception as error:  # noqa: BLE001 a thread must not swallow it
            failed.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert the_alarm(kit).version == 50
    assert kit.actions().count("alarm.raised") == 1


def test_a_cause_that_comes_back_before_anybody_saw_it_is_the_same_alarm(kit: Kit) -> None:
    first = raise_alarm(kit.house, "live", HIGH)
    clear_alarm(kit.house, "live", "tide", "sea")
    assert the_alarm(kit).is_listed
    kit.clock.forward(minutes=11)
    assert escalate(kit.house) == 0
    again = raise_alarm(kit.house, "live", HIGH)
    assert (again.id, again.returns, again.cleared) == (first.id, 1, None)
    assert escalate(kit.house) == 1
    assert kit.actions()[-2:] == ["alarm.returned", "alarm.escalated"]


def test_what_was_seen_and_cleared_leaves_the_list(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    acknowledge(kit.house, kit.order(DUTY), alarm.id)
    clear_alarm(kit.house, "live", "tide", "sea")
    assert not the_alarm(kit).is_listed


def test_a_level_worse_than_what_was_seen_asks_for_a_new_look(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    acknowledge(kit.house, kit.order(DUTY), alarm.id)
    kit.clock.forward(minutes=60)
    raise_alarm(kit.house, "live", replace(HIGH, level=Level.RED))
    assert (the_alarm(kit).acknowledged, escalate(kit.house)) == (None, 0)
    kit.clock.forward(minutes=10)
    assert escalate(kit.house) == 1


def test_a_level_that_swings_within_what_was_seen_disturbs_nobody(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    acknowledge(kit.house, kit.order(DUTY), alarm.id)
    for level in (Level.BLUE, Level.ORANGE, Level.YELLOW, Level.ORANGE):
        raise_alarm(kit.house, "live", replace(HIGH, level=level))
    assert the_alarm(kit).acknowledged_by == "duty"


def test_nobody_looks_so_more_people_are_told_each_step_once(kit: Kit) -> None:
    raise_alarm(kit.house, "live", HIGH)
    told = []
    for minutes in (9, 1, 1, 19, 30):
        kit.clock.forward(minutes=minutes)
        told.append(escalate(kit.house))
    assert told == [0, 1, 0, 1, 0]
    assert set(the_alarm(kit).told) == {"duty_officer", "analyst", "commander"}
    assert kit.actions() == ["alarm.raised", "alarm.escalated", "alarm.escalated"]
    assert queued(kit).count(("role:commander", "queued")) == 1
    deliver(kit.house)
    assert {one.about for one in kit.inside.sent} == {"alarm"}
    assert kit.outside.sent == []


def test_a_restart_forgets_no_clock_and_repeats_no_step(kit: Kit, tmp_path: Path) -> None:
    raise_alarm(kit.house, "live", HIGH)
    kit.clock.forward(minutes=10)
    assert escalate(kit.house) == 1
    kit.store.close()
    kit.store = open_store(tmp_path / "state.db")
    kit.house = replace(kit.house, work=kit.store)
    assert escalate(kit.house) == 0
    kit.clock.forward(minutes=45)
    assert escalate(kit.house) == 1


def test_a_replay_escalates_on_its_own_clock_and_stays_inside(kit: Kit) -> None:
    run = kit.replay("r1", mode=Mode.DRILL)
    alarm = raise_alarm(kit.house, run, HIGH)
    kit.clock.forward(minutes=12)
    assert escalate(kit.house) == 1
    confirm(kit.house, kit.order(DUTY, run), alarm.id, SEEN, "seen on camera")
    assert ("office", "blocked") in queued(kit, run)
    deliver(kit.house)
    assert kit.outside.sent == []
    assert {one.mode for one in kit.inside.sent} == {Mode.DRILL}


def test_only_a_confirmed_alarm_leaves_and_only_to_who_takes_alarms(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    acknowledge(kit.house, kit.order(DUTY), alarm.id)
    assert queued(kit) == []
    confirm(kit.house, kit.order(DUTY), alarm.id, SEEN, "two gauges agree")
    deliver(kit.house)
    (sent,) = kit.outside.sent
    told: dict[str, Any] = json.loads(sent.payload)
    assert (sent.subscriber, told["state"], told["level"], told["reason"]) == (
        "office", "confirmed", 2, "two gauges agree",
    )  # fmt: skip
    assert set(told["text"]) == {"zh-CN", "en"}


def test_who_was_told_of_a_false_alarm_is_told_that_it_is_false(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    confirm(kit.house, kit.order(DUTY), alarm.id, SEEN, "it looks true")
    again = Seen(Level.ORANGE, Judgement.HIT)
    reject(kit.house, kit.order(CHIEF), alarm.id, again, "a boat touched the gauge")
    deliver(kit.house)
    assert [json.loads(one.payload)["state"] for one in kit.outside.sent] == [
        "confirmed", "withdrawn",
    ]  # fmt: skip
    ledger = kit.see(lambda work: work.verdicts.list("live"))
    assert [(one.judgement.value, one.is_standing) for one in ledger] == [
        ("false", True), ("hit", False),
    ]  # fmt: skip


def test_two_who_judge_at_once_do_not_overwrite_each_other(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    confirm(kit.house, kit.order(DUTY), alarm.id, SEEN, "true")
    with pytest.raises(ConflictError):
        reject(kit.house, kit.order(CHIEF), alarm.id, SEEN, "false")


def test_a_judgement_needs_a_reason_and_a_right(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    with pytest.raises(InvalidInputError):
        confirm(kit.house, kit.order(DUTY), alarm.id, SEEN, "  ")
    with pytest.raises(NotAllowedError):
        confirm(kit.house, kit.order(FIELD), alarm.id, SEEN, "true")
    with pytest.raises(NotAllowedError):
        reject(kit.house, kit.order(PLANNER), alarm.id, SEEN, "false")


def test_the_ledger_knows_hits_with_lead_time_and_events_that_were_missed(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    at = kit.clock.forward(minutes=20)
    confirm(kit.house, kit.order(DUTY), alarm.id, SEEN, "the wave came", occurred=at)
    missed = MissedEvent(rule="tide", object="pier", occurred=at, reason="seen by the harbour")
    enter_miss(kit.house, kit.order(PLANNER, id="m1"), missed)
    enter_miss(kit.house, kit.order(PLANNER, id="m1"), missed)
    ledger = kit.see(lambda work: standing(work, "live"))
    assert [one.judgement for one in ledger] == [Judgement.MISS, Judgement.HIT]
    assert ledger[1].lead_s == 1200.0


def test_an_event_in_the_future_is_no_event(kit: Kit) -> None:
    later = kit.clock() + timedelta(minutes=1)
    missed = MissedEvent(rule="tide", object="pier", occurred=later, reason="x")
    with pytest.raises(InvalidInputError):
        enter_miss(kit.house, kit.order(DUTY), missed)


def test_a_shelved_alarm_waits_until_its_end_and_its_clock_starts_anew(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    end = kit.clock() + timedelta(hours=1)
    shelve(kit.house, kit.order(DUTY), alarm.id, SEEN, end, "works on the pier")
    kit.clock.forward(minutes=59)
    assert (escalate(kit.house), the_alarm(kit).shelf_reason) == (0, "works on the pier")
    kit.clock.forward(minutes=2)
    assert (escalate(kit.house), the_alarm(kit).shelved_until) == (0, None)
    kit.clock.forward(minutes=10)
    assert escalate(kit.house) == 1
    assert kit.actions() == [
        "alarm.raised", "alarm.shelved", "alarm.unshelved", "alarm.escalated",
    ]  # fmt: skip


def test_a_shelved_alarm_that_gets_worse_comes_back_by_itself(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    end = kit.clock() + timedelta(hours=1)
    shelve(kit.house, kit.order(DUTY), alarm.id, SEEN, end, "works on the pier")
    raise_alarm(kit.house, "live", HIGH)
    assert the_alarm(kit).shelved_until == end
    raise_alarm(kit.house, "live", replace(HIGH, level=Level.RED))
    assert the_alarm(kit).shelved_until is None


def test_nothing_is_shelved_for_longer_than_allowed(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    with pytest.raises(InvalidInputError):
        shelve(kit.house, kit.order(DUTY), alarm.id, SEEN, kit.clock() + timedelta(days=2), "x")
    end = kit.clock() + timedelta(hours=1)
    shelve(kit.house, kit.order(DUTY), alarm.id, SEEN, end, "x")
    assert unshelve(kit.house, kit.order(DUTY), alarm.id).shelved_until is None


def test_a_flood_is_acknowledged_in_one_act_and_each_alarm_has_its_line(kit: Kit) -> None:
    keys = [raise_alarm(kit.house, "live", replace(HIGH, object=f"o{n}")).id for n in range(12)]
    order = kit.order(DUTY, id="a1")
    assert acknowledge_all(kit.house, order, [*keys, keys[0]]) == 12
    assert acknowledge_all(kit.house, order, [*keys, keys[0]]) == 12
    assert acknowledge_all(kit.house, kit.order(CHIEF), keys) == 0
    assert kit.actions().count("alarm.acknowledged") == 12


def test_a_flood_escalates_in_several_passes_the_most_serious_first(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rencheng.service.escalation.AT_ONCE", 2)
    for level in (Level.BLUE, Level.RED, Level.YELLOW):
        raise_alarm(kit.house, "live", replace(HIGH, object=level.name, level=level))
    kit.clock.forward(minutes=10)
    assert escalate(kit.house) == 2
    told = kit.see(lambda work: {one.object for one in work.alarms.list("live") if one.told})
    assert told == {"RED", "YELLOW"}
    assert [escalate(kit.house), escalate(kit.house)] == [1, 0]


def test_a_house_without_steps_tells_nobody(kit: Kit) -> None:
    plain: House = replace(kit.house, escalation=replace(kit.house.escalation, steps=()))
    raise_alarm(plain, "live", HIGH)
    kit.clock.forward(hours=5)
    assert escalate(plain) == 0
