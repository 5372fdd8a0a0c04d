"""Alarms: exactly one open alarm for one cause, and nothing unknown clears it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ops_kit import CHIEF, FIELD, Kit
from rencheng.domain.alarm import Finding, Level
from rencheng.domain.errors import NotAllowedError
from rencheng.domain.log import first_broken
from rencheng.domain.observation import Quality
from rencheng.domain.provenance import Text
from rencheng.service.alarm_changes import Changes
from rencheng.service.alarms import acknowledge, clear_alarm, raise_alarm, review
from rencheng.service.house import context

HIGH = Finding(
    rule="tide", rule_version="1", object="sea", level=Level.ORANGE, text=Text("alarm.tide")
)


def open_now(kit: Kit) -> list[str]:
    return kit.see(
        lambda work: [one.object for one in work.alarms.list("live", where={"is_open": "true"})]
    )


def test_two_triggers_at_the_same_instant_give_exactly_one_open_alarm(kit: Kit) -> None:
    start = threading.Barrier(6)

    def trigger() -> None:
        start.wait()
        raise_alarm(kit.house, "live", HIGH)

    threads = [threading.Thread(target=trigger) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert open_now(kit) == ["sea"]
    assert kit.actions() == ["alarm.raised"]


def test_a_cause_that_still_holds_moves_the_last_time_and_the_level(kit: Kit) -> None:
    first = raise_alarm(kit.house, "live", HIGH)
    later = kit.clock.forward(minutes=5)
    again = raise_alarm(kit.house, "live", replace(HIGH, level=Level.RED))
    assert (again.id, again.started, again.last, again.level) == (
        first.id, first.started, later, Level.RED,
    )  # fmt: skip
    assert kit.actions() == ["alarm.raised", "alarm.changed"]


def test_a_suspect_value_cannot_clear_an_alarm(kit: Kit) -> None:
    raise_alarm(kit.house, "live", HIGH)
    clear_alarm(kit.house, "live", "tide", "sea", quality=Quality.SUSPECT)
    assert open_now(kit) == ["sea"]
    clear_alarm(kit.house, "live", "tide", "sea")
    assert open_now(kit) == []


def test_a_cause_that_comes_back_after_it_was_seen_and_cleared_is_a_new_alarm(kit: Kit) -> None:
    first = raise_alarm(kit.house, "live", HIGH)
    acknowledge(kit.house, kit.order(CHIEF), first.id)
    clear_alarm(kit.house, "live", "tide", "sea")
    assert raise_alarm(kit.house, "live", HIGH).id != first.id


def test_a_review_clears_what_no_longer_holds_but_never_what_is_unknown(kit: Kit) -> None:
    for thing in ("a", "b", "c"):
        raise_alarm(kit.house, "live", replace(HIGH, object=thing))
    raise_alarm(kit.house, "live", replace(HIGH, rule="bulletin", object="d"))
    found = [replace(HIGH, object="a"), replace(HIGH, object="e")]
    review(kit.house, "live", found, rules={"tide"}, unknown={"b"})
    assert set(open_now(kit)) == {"a", "b", "d", "e"}


def test_acknowledging_twice_changes_nothing(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    first = acknowledge(kit.house, kit.order(CHIEF, id="c1"), alarm.id)
    assert acknowledge(kit.house, kit.order(CHIEF, id="c1"), alarm.id) == first
    assert acknowledge(kit.house, kit.order(CHIEF), alarm.id) == first
    assert kit.actions() == ["alarm.raised", "alarm.acknowledged"]


def test_not_everybody_acknowledges(kit: Kit) -> None:
    alarm = raise_alarm(kit.house, "live", HIGH)
    with pytest.raises(NotAllowedError):
        acknowledge(kit.house, kit.order(FIELD), alarm.id)


def test_a_flood_is_raised_in_parts_and_its_chain_is_whole(kit: Kit) -> None:
    flood = [replace(HIGH, object=f"s{n}") for n in range(450)]
    review(kit.house, "live", flood, rules={"tide"})
    assert len(open_now(kit)) == 450
    assert kit.actions() == ["alarm.raised"] * 450
    assert kit.see(lambda work: first_broken(work.log.walk())) is None
    assert kit.see(lambda work: len(work.events.since(0))) == 450
    kit.clock.forward(minutes=2)
    review(kit.house, "live", flood[:10], rules={"tide"})
    assert len(open_now(kit)) == 10


def test_what_stands_unchanged_is_written_once_a_minute_at_most(kit: Kit) -> None:
    first = raise_alarm(kit.house, "live", HIGH)
    kit.clock.forward(seconds=59)
    assert raise_alarm(kit.house, "live", HIGH) == first
    later = kit.clock.forward(seconds=1)
    assert raise_alarm(kit.house, "live", HIGH).last == later
    worse = raise_alarm(kit.house, "live", replace(HIGH, level=Level.RED))
    assert worse.level is Level.RED, "a change is written at once"


def test_a_cause_seen_and_cleared_that_returns_in_the_same_moment_is_another(kit: Kit) -> None:
    first = raise_alarm(kit.house, "live", HIGH)
    acknowledge(kit.house, kit.order(CHIEF), first.id)
    with kit.house.work() as work:
        work.lock()
        changes = Changes(work, context(kit.house, work, "live"), [("tide", "sea")])
        changes.cleared(("tide", "sea"))
        again = changes.raised(HIGH)
        changes.write()
        work.commit()
    assert again.id != first.id
    assert [one.is_open for one in kit.see(lambda work: work.alarms.list("live"))] == [True, False]
