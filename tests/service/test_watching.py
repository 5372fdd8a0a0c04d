"""Rules and alarms together: one alarm for one cause, over batches, failures and starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ops_kit import T0, Kit, make_kit
from rencheng.adapters.words import both
from rencheng.domain.alarm import Alarm, Level
from rencheng.domain.city import City
from rencheng.domain.errors import SourceUnavailableError
from rencheng.domain.observation import Observation, Quality, QualityReason, Quantity, Verdict
from rencheng.domain.provenance import Mode
from rencheng.domain.readings import ROW, to_us
from rencheng.domain.rules import RuleStatus
from rencheng.domain.watch import (
    Condition,
    Input,
    Measure,
    Selection,
    Speaks,
    WatchPack,
    WatchRule,
    WatchStep,
)
from rencheng.service import watching
from rencheng.service.house import context
from rencheng.service.rule_changes import settle
from rencheng.service.rule_memory import RuleMemory
from tiny_city import make_tiny_city

RAIN = Selection(quantity=Quantity.RAIN)


def pack(*steps: tuple[Level, Condition], speaks: Speaks = Speaks.CITY) -> WatchPack:
    common: dict[str, Any] = {
        "version": "7", "title_zh": "暴雨", "title_en": "Rain", "jurisdiction": "*",
        "status": RuleStatus.UNVERIFIED, "source": "test", "valid_from": T0.date(),
    }  # fmt: skip
    rule = WatchRule(
        id="test/rain", speaks=speaks, input=Input.OBSERVATION,
        steps=tuple(WatchStep(level=level, conditions=(one,)) for level, one in steps), **common,
    )  # fmt: skip
    return WatchPack(id="test", rules=(rule,), **common)


def gauges(count: int = 3) -> City:
    city = make_tiny_city()
    gauge = replace(
        city.datastreams[0], quantity=Quantity.RAIN, unit="mm", interval_s=60.0, name="Gauge",
        low=0.0, high=500.0, rate=np.inf, stuck_after=0,
    )  # fmt: skip
    return replace(city, datastreams=tuple(replace(gauge, id=f"g{i}") for i in range(count)))


SIMPLE = pack(
    (Level.RED, Condition(select=RAIN, at=20)), (Level.BLUE, Condition(select=RAIN, at=10))
)


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    made = make_kit(tmp_path, gauges(), watch=RuleMemory(packs=(SIMPLE,)))
    yield made
    made.store.close()


def hear(kit: Kit, *said: tuple[int, float, float], reasons: int = 0, kept: bool = True) -> int:
    """Let readings of (stream, seconds, value) come in."""
    city = kit.house.cities.current()
    rows = np.zeros(len(said), ROW)
    items = []
    for number, (stream, at, value) in enumerate(said):
        time = T0 + timedelta(seconds=at)
        rows[number]["stream"], rows[number]["at"] = stream, to_us(time)
        rows[number]["value"], rows[number]["reasons"] = value, reasons
        suspect = Verdict(quality=Quality.SUSPECT, reasons=(QualityReason.RANGE,))
        items.append(
            Observation(
                id=f"{stream}/{at}", datastream=f"g{stream}", value=value, phenomenon_time=time,
                received=time, mode=Mode.LIVE, run="live",
                verdict=suspect if reasons else Verdict(quality=Quality.GOOD),
            )
        )  # fmt: skip
    kit.clock.time = max(kit.clock(), *(item.phenomenon_time for item in items))
    if kept:
        kit.keep(lambda work: work.observations.add(items))
    ctx = kit.see(lambda work: context(kit.house, work, "live"))
    return watching.watched(kit.house, "live", city, rows, ctx)


def alarms(kit: Kit) -> list[Alarm]:
    return list(reversed(kit.see(lambda work: work.alarms.list("live"))))


def restart(kit: Kit, *packs: WatchPack) -> Kit:
    house = replace(kit.house, watch=RuleMemory(packs=packs or (SIMPLE,)))
    return replace(kit, house=house)


def test_one_cause_makes_one_alarm_that_follows_its_level(kit: Kit) -> None:
    assert hear(kit, (0, 0, 12)) == 1
    assert hear(kit, (0, 60, 13), (1, 60, 15)) == 0, "nothing changed"
    assert hear(kit, (1, 120, 25)) == 1
    (alarm,) = alarms(kit)
    assert (alarm.rule, alarm.rule_version, alarm.object) == ("test/rain", "7", "city")
    assert alarm.level is Level.RED
    hear(kit, (1, 180, 0), (0, 180, 0))
    assert not alarms(kit)[0].is_open


def test_the_alarm_says_what_was_measured_where_in_both_languages(kit: Kit) -> None:
    hear(kit, (1, 0, 25))
    zh, en = both(alarms(kit)[0].text)
    assert "暴雨" in zh and "25 mm" in zh
    assert "Rain" in en and "25 mm" in en and "1 of 3" in en


def test_what_rose_and_fell_within_one_batch_is_told_all_the_same(kit: Kit) -> None:
    assert hear(kit, (0, 0, 25), (0, 60, 0)) == 1
    (alarm,) = alarms(kit)
    assert alarm.level is Level.RED
    assert not alarm.is_open


def test_a_suspect_reading_touches_no_alarm(kit: Kit) -> None:
    hear(kit, (0, 0, 25))
    assert hear(kit, (0, 60, 0), reasons=1) == 0
    assert alarms(kit)[0].is_open


def test_nothing_is_lost_while_the_store_cannot_be_written(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise SourceUnavailableError("store.down", "it is down", hint="Wait")

    hear(kit, (1, 0, 0))
    with monkeypatch.context() as patched:
        patched.setattr(watching, "Changes", down)
        with pytest.raises(SourceUnavailableError):
            hear(kit, (0, 0, 25))
    assert alarms(kit) == []
    assert hear(kit, (1, 60, 0)) == 1, "the next batch brings it"
    assert alarms(kit)[0].level is Level.RED


def test_after_a_start_an_open_alarm_is_neither_raised_again_nor_lost(kit: Kit) -> None:
    hear(kit, (0, 0, 25))
    again = restart(kit)
    assert hear(again, (1, 30, 0)) == 0
    assert len(alarms(kit)) == 1 and alarms(kit)[0].is_open
    assert hear(again, (0, 60, 0)) == 1
    assert not alarms(kit)[0].is_open


def test_a_start_long_after_leaves_what_it_cannot_judge(kit: Kit) -> None:
    hear(kit, (0, 0, 25))
    kit.clock.forward(days=3)
    again = restart(kit)
    assert hear(again, (1, 3 * 86400, 0)) == 0
    assert alarms(kit)[0].is_open, "gauge 0 has not been heard since"


def test_what_a_killed_program_took_in_is_raised_at_the_next_start(kit: Kit) -> None:
    hear(kit, (0, 0, 1))
    unwatched = restart(kit, replace(SIMPLE, is_on=False))
    hear(unwatched, (0, 60, 25))
    assert alarms(kit) == []
    city = kit.house.cities.current()
    assert watching.time_passed(restart(kit).house, "live", city, kit.clock()) == 1
    assert alarms(kit)[0].level is Level.RED


def test_a_window_is_made_anew_from_history(tmp_path: Path) -> None:
    one = Condition(select=RAIN, at=50, measure=Measure.SUM, window_s=3600)
    sums = pack((Level.ORANGE, one))
    kit = make_kit(tmp_path, gauges(), watch=RuleMemory(packs=(sums,)))
    hear(kit, *((0, 60 * i, 1) for i in range(45)))
    again = restart(kit, sums)
    hear(again, *((0, 60 * i, 1) for i in range(45, 50)))
    assert [alarm.level for alarm in alarms(kit)] == [Level.ORANGE]
    kit.store.close()


def test_a_sensor_silent_since_before_the_start_is_found(tmp_path: Path) -> None:
    one = Condition(select=RAIN, at=600, measure=Measure.SILENCE)
    silent = pack((Level.YELLOW, one), speaks=Speaks.STREAM)
    kit = make_kit(tmp_path, gauges(), watch=RuleMemory(packs=(silent,)))
    hear(kit, (0, 0, 1))
    again = restart(kit, silent)
    city, later = kit.house.cities.current(), kit.clock.forward(days=2)
    assert watching.time_passed(again.house, "live", city, later) == 1
    (alarm,) = alarms(kit)
    assert alarm.object == "g0"
    assert hear(again, (0, 2 * 86400 + 60, 1)) == 1
    assert not alarms(kit)[0].is_open
    kit.store.close()


def test_alarms_of_a_rule_that_left_its_pack_are_cleared(kit: Kit) -> None:
    hear(kit, (0, 0, 25))
    other = replace(SIMPLE, rules=(replace(SIMPLE.rules[0], id="test/other"),))
    settle(restart(kit, other).house)
    assert not alarms(kit)[0].is_open


def test_streams_registered_meanwhile_are_watched_and_the_others_go_on(kit: Kit) -> None:
    hear(kit, (0, 0, 12))
    more = replace(kit.house, cities=type(kit.house.cities)(gauges(5)))
    grown = replace(kit, house=more)
    assert hear(grown, (4, 60, 30)) == 1
    assert [alarm.level for alarm in alarms(kit)] == [Level.RED]


def test_alarms_of_a_sensor_that_was_taken_away_are_cleared(tmp_path: Path) -> None:
    each = pack((Level.RED, Condition(select=RAIN, at=20)), speaks=Speaks.STREAM)
    kit = make_kit(tmp_path, gauges(), watch=RuleMemory(packs=(each,)))
    hear(kit, (2, 0, 25))
    gone = gauges()
    retired = replace(gone.datastreams[2], interval_s=np.inf)
    fewer = replace(gone, datastreams=(*gone.datastreams[:2], retired))
    later = replace(kit, house=replace(kit.house, cities=type(kit.house.cities)(fewer)))
    assert hear(later, (0, 60, 0)) == 1
    assert not alarms(kit)[0].is_open
    kit.store.close()
