"""A jump of the server's clock is seen, told and cleared; a steady clock is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops_kit import DUTY, Kit, make_kit
from rencheng.adapters.words import both
from rencheng.domain.alarm import Alarm
from rencheng.service.clock_watch import ClockWatch
from rencheng.service.house import Done, context, record
from tiny_city import make_tiny_city


class Steady:
    """Time that goes on whatever the wall clock says."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path, make_tiny_city())


def alarms(kit: Kit) -> list[Alarm]:
    return kit.see(lambda work: work.alarms.list("live"))


def watched(kit: Kit) -> tuple[ClockWatch, Steady]:
    pace = Steady()
    watch = ClockWatch(kit.house, pace)
    assert watch.look() == 0.0
    return watch, pace


@pytest.mark.parametrize(("by", "word"), [(3600.0, "forward"), (-3600.0, "back")])
def test_a_jump_raises_one_alarm_that_clears_after_ten_minutes(
    kit: Kit, by: float, word: str
) -> None:
    watch, pace = watched(kit)
    kit.clock.forward(seconds=by + 30)
    pace.now_s += 30
    assert watch.look() == by
    (alarm,) = alarms(kit)
    assert (alarm.rule, alarm.is_open) == ("clock_jump", True)
    english = both(alarm.text)[1]
    assert word in english and "3,600 s" in english
    for _ in range(20):
        kit.clock.forward(seconds=30)
        pace.now_s += 30
        assert watch.look() == 0.0
    (alarm,) = alarms(kit)
    assert not alarm.is_open and alarm.is_listed, "it stays until somebody has seen it"


def test_a_clock_that_runs_a_little_off_is_silent(kit: Kit) -> None:
    watch, pace = watched(kit)
    for _ in range(100):
        kit.clock.forward(seconds=30.02)
        pace.now_s += 30
        assert watch.look() == 0.0
    assert alarms(kit) == []


def test_a_clock_that_was_set_back_while_the_server_stood_still_is_seen_at_its_start(
    kit: Kit,
) -> None:
    with kit.house.work() as work:
        record(work, context(kit.house, work, "live"), DUTY,
               Done(item=None, id="x", event="event", action="note"))  # fmt: skip
        work.commit()
    kit.clock.forward(hours=-2)
    assert ClockWatch(kit.house, Steady()).look() == -7200.0
    assert len(alarms(kit)) == 1
