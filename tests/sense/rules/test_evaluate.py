"""Alarm rules hold what they say, in any batches, at any speed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng.domain.alarm import Level
from rencheng.domain.city import City
from rencheng.domain.observation import Quantity
from rencheng.domain.readings import ROW
from rencheng.domain.rules import RuleStatus
from rencheng.domain.watch import (
    WINDOWED,
    Condition,
    Input,
    Measure,
    Selection,
    Speaks,
    WatchRule,
    WatchStep,
)
from rencheng.sense.rules.compiled import Compiled, compiled
from rencheng.sense.rules.evaluate import passed, watch
from rencheng.sense.rules.memory import RuleState, carried, nothing_seen
from sense.rules.slow import US, Slow
from tiny_city import make_tiny_city

T0 = 1_700_000_000 * US
RAIN = Selection(quantity=Quantity.RAIN)


def rained_on(count: int = 4) -> City:
    city = make_tiny_city()
    gauge = replace(city.datastreams[0], quantity=Quantity.RAIN, unit="mm", interval_s=60.0)
    streams = [replace(gauge, id=f"g{i}", zone=i % 2) for i in range(count)]
    codes = ("440305001", "440305002", "", "", "", "")
    return replace(city, datastreams=tuple(streams), zones=replace(city.zones, code=codes))


def rule(*steps: tuple[Level, tuple[Condition, ...]], speaks: Speaks = Speaks.STREAM) -> WatchRule:
    return WatchRule(
        id="test/rule", version="1", title_zh="规则", title_en="Rule", speaks=speaks,
        input=Input.OBSERVATION, steps=tuple(WatchStep(level=a, conditions=b) for a, b in steps),
        jurisdiction="*", status=RuleStatus.UNVERIFIED, source="test",
        valid_from=date(2026, 1, 1),
    )  # fmt: skip


def rows(*said: tuple[int, float, float], reasons: int = 0) -> np.ndarray:
    """Readings of (stream, seconds, value)."""
    found = np.zeros(len(said), ROW)
    for row, (stream, at, value) in zip(found, said, strict=True):
        row["stream"], row["at"], row["value"] = stream, T0 + int(at * US), value
        row["reasons"] = reasons
    return found


class Watcher:
    def __init__(self, *rules: WatchRule, city: City | None = None) -> None:
        self.rules: Compiled = compiled(rules, city or rained_on())
        self.state: RuleState = nothing_seen(self.rules)

    def hear(self, *said: tuple[int, float, float], reasons: int = 0) -> list[int]:
        return [
            int(e) for e in watch(self.rules, self.state, rows(*said, reasons=reasons))["after"]
        ]

    def pass_to(self, at: float) -> list[int]:
        return [int(e) for e in passed(self.rules, self.state, T0 + int(at * US))["after"]]


def test_the_most_serious_step_reached_is_the_level() -> None:
    high, low = Condition(select=RAIN, at=10), Condition(select=RAIN, at=5)
    w = Watcher(rule((Level.RED, (high,)), (Level.BLUE, (low,))))
    assert w.hear((0, 0, 6)) == [1]
    assert w.hear((0, 60, 12)) == [0]
    assert w.hear((0, 120, 7)) == [1]
    assert w.hear((0, 180, 1)) == [-1]


def test_a_suspect_value_neither_raises_nor_lowers_nor_clears() -> None:
    w = Watcher(rule((Level.RED, (Condition(select=RAIN, at=10),))))
    assert w.hear((0, 0, 50), reasons=4) == []
    assert w.hear((0, 60, 50)) == [0]
    assert w.hear((0, 120, 0), reasons=1) == []


def test_a_late_value_does_not_rewrite_the_present() -> None:
    w = Watcher(rule((Level.RED, (Condition(select=RAIN, at=10),))))
    assert w.hear((0, 60, 50)) == [0]
    assert w.hear((0, 30, 0)) == []


def test_it_must_last_and_time_alone_completes_it() -> None:
    w = Watcher(rule((Level.RED, (Condition(select=RAIN, at=10, lasting_s=120),))))
    assert w.hear((0, 0, 50), (0, 60, 50)) == []
    assert w.pass_to(110) == []
    assert w.pass_to(130) == [0]


def test_a_silent_stream_completes_nothing() -> None:
    w = Watcher(rule((Level.RED, (Condition(select=RAIN, at=10, lasting_s=600),))))
    assert w.hear((0, 0, 50)) == []
    assert w.pass_to(700) == []
    assert w.hear((0, 701, 50)) == [], "nobody knows what was in the silence"


def test_it_clears_beyond_the_clear_value_and_after_its_time() -> None:
    one = Condition(select=RAIN, at=10, clear=5, clear_after_s=120)
    w = Watcher(rule((Level.RED, (one,))))
    assert w.hear((0, 0, 11)) == [0]
    assert w.hear((0, 60, 7), (0, 120, 4), (0, 180, 6), (0, 240, 4)) == []
    assert w.hear((0, 300, 4), (0, 360, 4)) == [-1]


def test_rain_of_three_hours_is_added_up_and_falls_again() -> None:
    one = Condition(select=RAIN, at=50, measure=Measure.SUM, window_s=10800)
    w = Watcher(rule((Level.ORANGE, (one,))))
    said = [(0, 60.0 * i, 0.5) for i in range(180)]
    assert w.hear(*said[:99]) == []
    assert w.hear(*said[99:]) == [0]
    dry = [(0, 10800 + 60.0 * i, 0.0) for i in range(180)]
    assert w.hear(*dry) == [-1]


def test_a_window_known_in_part_raises_but_does_not_clear() -> None:
    one = Condition(select=RAIN, at=50, measure=Measure.SUM, window_s=3600)
    w = Watcher(rule((Level.ORANGE, (one,))))
    assert w.hear((0, 0, 60)) == [0]
    assert w.hear((0, 7200, 0)) == []


def test_two_of_four_within_ten_minutes_make_one_alarm() -> None:
    one = Condition(select=RAIN, at=10, at_least=2, within_s=600)
    w = Watcher(rule((Level.RED, (one,)), speaks=Speaks.CITY))
    assert w.hear((0, 0, 50), (0, 60, 0)) == []
    assert w.hear((1, 900, 50)) == []
    assert w.hear((2, 1200, 50), (3, 1210, 50)) == [0]
    assert w.hear((1, 1260, 0), (2, 1260, 0), (3, 1270, 0)) == []
    assert w.pass_to(1700) == []
    assert w.pass_to(1900) == [-1]


def test_agreement_does_not_come_back_out_of_what_was_said_long_ago() -> None:
    one = Condition(select=RAIN, at=10, at_least=2, within_s=600)
    w = Watcher(rule((Level.RED, (one,)), speaks=Speaks.CITY))
    assert w.hear((2, 1200, 50), (3, 1210, 50)) == [0]
    assert w.hear((2, 1260, 0)) == []
    assert w.pass_to(1900) == [-1]
    assert w.hear((3, 2000, 0)) == [], "the last of them ends, and nobody agrees with anybody"
    assert w.hear((0, 2100, 50), (1, 2600, 50)) == [0]


def test_streams_that_run_ahead_of_each_other_agree_within_the_time_only() -> None:
    one = Condition(select=RAIN, at=10, at_least=2, within_s=600)
    w = Watcher(rule((Level.RED, (one,)), speaks=Speaks.CITY))
    assert w.hear((0, 2000, 50)) == []
    assert w.hear((1, 1300, 50)) == [], "700 seconds apart"
    assert w.hear((2, 1500, 50)) == [0], "500 seconds before the one that is ahead"


def test_a_share_is_taken_of_what_is_known_and_never_of_too_little() -> None:
    one = Condition(select=RAIN, at=0.0, is_below=True, share=0.5, least_known=0.5)
    w = Watcher(rule((Level.RED, (one,)), speaks=Speaks.CITY))
    assert w.hear((0, 0, 0)) == [], "one of four is known"
    assert w.hear((1, 1, 1), (2, 2, 1)) == []
    assert w.hear((3, 3, 0)) == [0]


def test_silence_is_seen_by_time_and_ended_by_a_good_value_only() -> None:
    w = Watcher(rule((Level.YELLOW, (Condition(select=RAIN, at=300, measure=Measure.SILENCE),))))
    assert w.hear((0, 0, 1)) == []
    assert w.pass_to(299) == []
    assert w.pass_to(301) == [0], "streams never heard of are unknown, not silent"
    assert w.hear((0, 310, 1), reasons=2) == []
    assert w.hear((0, 320, 1)) == [-1]


def test_the_difference_from_another_stream_needs_both() -> None:
    one = Condition(
        select=Selection(streams=("g0",)), at=1, measure=Measure.DIFFERENCE, minus="g1",
        window_s=600,
    )  # fmt: skip
    w = Watcher(rule((Level.RED, (one,))))
    assert w.hear((0, 0, 5)) == []
    assert w.hear((1, 10, 3)) == [0]
    assert w.hear((1, 70, 4.5)) == [-1]
    assert w.hear((0, 1000, 9)) == [], "the other one is too old"


def test_a_fall_over_a_day_and_a_low_value_together() -> None:
    fall = Condition(select=RAIN, at=-8, is_below=True, measure=Measure.CHANGE, window_s=7200)
    cold = Condition(select=RAIN, at=4, is_below=True)
    w = Watcher(rule((Level.BLUE, (fall, cold))))
    assert w.hear((0, 0, 20), (0, 3600, 11)) == []
    assert w.hear((0, 3660, 4)) == [0]


def test_alarms_speak_of_the_zone_or_district_that_the_streams_stand_in() -> None:
    one = Condition(select=RAIN, at=10, at_least=2)
    for speaks, said in ((Speaks.ZONE, (0, 2)), (Speaks.DISTRICT, (0, 1))):
        w = Watcher(rule((Level.RED, (one,)), speaks=speaks))
        assert w.hear(*((s, 0, 50) for s in said)) == [0]
        about = [w.rules.about(i)[1] for i in range(len(w.rules.slot_rule))]
        assert about == (["zone:101", "zone:102"] if speaks is Speaks.ZONE else ["district:440305"])


def test_streams_that_are_added_change_nothing_for_the_others() -> None:
    one = rule(
        (Level.RED, (Condition(select=RAIN, at=50, measure=Measure.SUM, window_s=3600),)),
        speaks=Speaks.ZONE,
    )
    w = Watcher(one)
    w.hear(*((0, 60 * i, 1) for i in range(45)))
    more = compiled([one], rained_on(7))
    state = carried(w.rules, w.state, more)
    assert [
        int(e) for e in watch(more, state, rows(*((0, 60 * i, 1) for i in range(45, 51))))["after"]
    ] == [0]


@st.composite
def condition(draw: st.DrawFn) -> Condition:
    measure = draw(st.sampled_from(Measure))
    named = draw(st.sampled_from([(), ("g0", "g2"), ("g*",)]))
    is_below = measure is not Measure.SILENCE and draw(st.booleans())
    at = (
        draw(st.sampled_from([100, 300]))
        if measure is Measure.SILENCE
        else draw(st.integers(-3, 9))
    )
    margin = draw(st.sampled_from([None, 1, 3]))
    window = 600.0 if measure is Measure.DIFFERENCE or measure in WINDOWED else 0.0
    return Condition(
        select=Selection(quantity=Quantity.RAIN, streams=named), measure=measure, at=at,
        is_below=is_below, window_s=window,
        clear=None if margin is None else at + (margin if is_below else -margin),
        lasting_s=draw(st.sampled_from([0, 0, 90, 200])),
        clear_after_s=draw(st.sampled_from([0, 0, 100])),
        at_least=draw(st.sampled_from([1, 1, 2])),
        within_s=draw(st.sampled_from([0, 0, 150])),
        share=draw(st.sampled_from([0, 0, 0.5])),
        least_known=draw(st.sampled_from([0.0, 0.5, 0.8])),
        minus="g3" if measure is Measure.DIFFERENCE else "",
    )  # fmt: skip


STEPS = st.lists(st.lists(condition(), min_size=1, max_size=2), min_size=1, max_size=2)
# Waits at the borders of windows and of what must last, and any others.
WAITS = st.sampled_from([1, 30, 89, 90, 91, 99, 100, 101, 149, 150, 151, 299, 300, 301, 600])
WAIT = WAITS | st.integers(1, 200)
SAID = st.lists(st.tuples(st.integers(0, 4), WAIT, st.integers(-4, 12)), max_size=60)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(steps=STEPS, speaks=st.sampled_from(Speaks), said=SAID, cut=st.integers(1, 7))
def test_the_compiled_rules_say_what_the_slow_ones_say(
    steps: list[list[Condition]], speaks: Speaks, said: list[tuple[int, int, int]], cut: int
) -> None:
    levels = (Level.RED, Level.BLUE)
    one = rule(*((levels[i], tuple(s)) for i, s in enumerate(steps)), speaks=speaks)
    city = rained_on()
    slow, fast, whole = Slow([one], city), Watcher(one), Watcher(one)
    at, waiting = 0, []
    for number, (stream, wait, value) in enumerate(said):
        at += wait
        if stream == 4:
            whole.hear(*waiting)
            waiting = []
            slow.pass_time(T0 + at * US)
            fast.pass_to(at)
            whole.pass_to(at)
        else:
            slow.hear(stream, T0 + at * US, float(value))
            fast.hear((stream, at, value))
            waiting.append((stream, at, value))
        if number % cut == 0:
            whole.hear(*waiting)
            waiting = []
        found = {fast.rules.about(i)[1]: int(s) for i, s in enumerate(fast.state.slots["step"])}
        assert found == {name: step for (_, name), step in slow.level.items()}
    whole.hear(*waiting)
    assert np.array_equal(whole.state.slots["step"], fast.state.slots["step"])


def test_streams_that_watch_the_same_thing_speak_of_it_together() -> None:
    city = rained_on(4)
    assets = ("pump-1", "pump-1", "pump-2", "")
    streams = tuple(
        replace(one, asset=asset) for one, asset in zip(city.datastreams, assets, strict=True)
    )
    both = rule((Level.RED, (Condition(select=RAIN, at=20, at_least=2),)), speaks=Speaks.OBJECT)
    watcher = Watcher(both, city=replace(city, datastreams=streams))
    assert [watcher.rules.about(slot)[1] for slot in range(2)] == ["pump-1", "pump-2"]
    watcher.hear((0, 0, 25), (2, 0, 25), (1, 60, 25))
    assert watcher.state.slots["step"].tolist() == [0, -1]
