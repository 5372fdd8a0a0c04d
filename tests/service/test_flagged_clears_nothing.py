"""Whatever is flagged, through the whole path: alarms are exactly what good readings make them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ops_kit import DEVICE, T0, Kit, make_kit
from rencheng.domain.alarm import Alarm, Level
from rencheng.domain.city import City
from rencheng.domain.observation import Quality, Quantity
from rencheng.domain.rules import RuleStatus
from rencheng.domain.watch import (
    Condition,
    Input,
    Selection,
    Speaks,
    WatchPack,
    WatchRule,
    WatchStep,
)
from rencheng.service.following import follow_up
from rencheng.service.ingest import ObservationItem, ingest_observations
from rencheng.service.rule_memory import RuleMemory
from tiny_city import make_tiny_city

COMMON: dict[str, Any] = {
    "version": "7", "title_zh": "暴雨", "title_en": "Rain", "jurisdiction": "*",
    "status": RuleStatus.UNVERIFIED, "source": "test", "valid_from": T0.date(),
}  # fmt: skip
RAIN = Selection(quantity=Quantity.RAIN)
STEPS = tuple(
    WatchStep(level=level, conditions=(Condition(select=RAIN, at=at),))
    for level, at in ((Level.RED, 20), (Level.BLUE, 10))
)
RULE = WatchRule(id="test/rain", speaks=Speaks.CITY, input=Input.OBSERVATION, steps=STEPS, **COMMON)
SIMPLE = WatchPack(id="test", rules=(RULE,), **COMMON)


def gauges() -> City:
    city = make_tiny_city()
    gauge = replace(
        city.datastreams[0], quantity=Quantity.RAIN, unit="mm", interval_s=60.0, low=0.0,
        high=500.0, rate=inf, stuck_after=0, id="g0",
    )  # fmt: skip
    return replace(city, datastreams=(gauge,))


VALUES = st.lists(
    st.sampled_from([0.0, 5.0, 12.0, 25.0, -1.0, -999.0, 900.0, 9999.0]), min_size=1, max_size=12
)
"""Dry, below, blue, red, and what no gauge can say."""


def story(values: list[float], folder: Path, *, only_good: bool) -> list[tuple[Level, bool, bool]]:
    """Send one reading a minute, and return after each whether an alarm is open and its level."""
    kit = make_kit(folder, gauges(), watch=RuleMemory(packs=(SIMPLE,)))
    try:
        return [
            state
            for minute, value in enumerate([25.0, *values])
            if not (only_good and not 0.0 <= value <= 500.0)
            for state in [after(kit, minute, value)]
        ]
    finally:
        kit.store.close()


def after(kit: Kit, minute: int, value: float) -> tuple[Level, bool, bool]:
    at = T0 + timedelta(minutes=minute)
    kit.clock.time = at
    one = ObservationItem(
        id=f"{minute}", datastream="g0", value=value, unit="mm", phenomenon_time=at
    )
    ingest_observations(kit.house, kit.order(DEVICE), f"b{minute}", [one])
    follow_up(kit.house)
    (kept,) = kit.see(lambda work: work.observations.series("live", ["g0"], at, at))
    found: list[Alarm] = kit.see(lambda work: work.alarms.list("live"))
    is_good = kept.verdict.quality is Quality.GOOD
    return (
        max((a.level for a in found if a.is_open), default=Level.BLUE),
        is_good,
        any(a.is_open for a in found),
    )


@settings(max_examples=12, deadline=None)
@given(VALUES)
def test_flagged_readings_change_no_alarm(values: list[float]) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        everything = story(values, Path(one), only_good=False)
        good = story(values, Path(two), only_good=True)
    assert [state for state in everything if state[1]] == good
    for earlier, later in zip(everything, everything[1:], strict=False):
        if not later[1]:
            assert (later[0], later[2]) == (earlier[0], earlier[2])
