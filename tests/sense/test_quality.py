"""Flags beside the raw value: range, rate, stuck, late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from ops_kit import GAUGE, T0
from rencheng.domain.observation import Quality, QualityReason
from rencheng.sense.quality import VERSION, judge


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def reasons(value: float, second: float, recent: list[tuple[datetime, float]], **more: object):
    return set(judge(GAUGE, value, after(second), recent, **more).reasons)


def test_an_ordinary_value_is_good_and_says_by_which_checks() -> None:
    verdict = judge(GAUGE, 0.3, after(60), [(T0, 0.2)])
    assert (verdict.quality, verdict.reasons, verdict.version) == (Quality.GOOD, (), VERSION)


def test_a_value_beyond_the_plausible_is_suspect() -> None:
    assert reasons(8.001, 0, []) == {QualityReason.RANGE}
    assert reasons(nan, 0, []) == {QualityReason.RANGE}
    assert reasons(8.0, 0, []) == set()


def test_a_change_faster_than_the_world_is_suspect() -> None:
    assert reasons(3.1, 60, [(T0, 0.0)]) == {QualityReason.RATE}
    assert reasons(2.9, 60, [(T0, 0.0)]) == set()


def test_a_spike_does_not_condemn_the_value_after_it() -> None:
    recent = [(T0, 0.1), (after(60), 7.9)]
    assert reasons(0.2, 120, recent, last_good=recent[0]) == set()


def test_a_true_jump_is_believed_once_time_allows_it() -> None:
    good = (T0, 0.0)
    assert reasons(4.5, 60, [good], last_good=good) == {QualityReason.RATE}
    assert reasons(4.5, 91, [good, (after(60), 4.4)], last_good=good) == set()


def test_the_nth_equal_value_is_stuck_and_stays_so() -> None:
    same = [(after(60 * n), 1.5) for n in range(20)]
    assert reasons(1.5, 60 * 2, same[:2]) == set()
    assert reasons(1.5, 60 * 3, same[:3]) == {QualityReason.STUCK}
    assert reasons(1.5, 60 * 20, same) == {QualityReason.STUCK}
    assert reasons(1.6, 60 * 20, same) == set()


def test_a_state_may_stay_as_it_is() -> None:
    state = replace(GAUGE, stuck_after=0, rate=inf)
    same = [(after(n), 1.0) for n in range(100)]
    assert judge(state, 1.0, after(100), same).quality is Quality.GOOD


def test_a_value_older_than_the_last_is_late_and_compared_with_nothing() -> None:
    assert reasons(4.5, -60, [(T0, 0.0)]) == {QualityReason.LATE}


@given(st.floats(), st.lists(st.floats(-100, 100), max_size=8))
def test_any_value_gets_a_verdict_with_reasons_exactly_when_suspect(
    value: float, earlier: list[float]
) -> None:
    recent = [(after(n), x) for n, x in enumerate(earlier)]
    verdict = judge(GAUGE, value, after(60), recent)
    assert (verdict.quality is Quality.SUSPECT) == bool(verdict.reasons)
