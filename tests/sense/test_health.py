"""Whether a stream can be relied on now."""

from __future__ import annotations

from datetime import timedelta
from math import inf, isnan, nan

from ops_kit import GAUGE, T0
from rencheng.domain.observation import StreamHealth
from rencheng.sense.health import Heard, stream_status


def heard(
    second: float, value: float, *, is_suspect: bool = False, good: float = nan, equal: int = 1
) -> Heard:
    at = T0 + timedelta(seconds=second)
    return Heard(at=at, value=value, is_suspect=is_suspect, good=good, equal=equal)


def test_a_stream_never_heard_is_unknown_not_zero() -> None:
    status = stream_status(GAUGE, None, T0)
    assert status.health is StreamHealth.NEVER
    assert isnan(status.last_value)
    assert isnan(status.last_good_value)
    assert status.age_s == inf


def test_silence_is_three_intervals() -> None:
    for second, health in ((180, StreamHealth.OK), (181, StreamHealth.SILENT)):
        status = stream_status(GAUGE, heard(0, 1.0, good=1.0), T0 + timedelta(seconds=second))
        assert (status.health, status.age_s) == (health, second)


def test_equal_values_in_a_row_are_stuck_whatever_their_verdict() -> None:
    last = heard(180, 1.0, is_suspect=True, good=1.0, equal=GAUGE.stuck_after)
    status = stream_status(GAUGE, last, T0 + timedelta(seconds=200))
    assert status.health is StreamHealth.STUCK
    assert status.last_good_value == 1.0
    fewer = heard(180, 1.0, good=1.0, equal=GAUGE.stuck_after - 1)
    assert stream_status(GAUGE, fewer, T0 + timedelta(seconds=200)).health is StreamHealth.OK


def test_a_suspect_last_value_leaves_the_good_one_to_be_used() -> None:
    last = heard(60, 99.0, is_suspect=True, good=1.0)
    status = stream_status(GAUGE, last, T0 + timedelta(seconds=61))
    assert status.health is StreamHealth.SUSPECT
    assert (status.last_value, status.last_good_value) == (99.0, 1.0)


def test_a_value_ahead_of_the_clock_has_no_negative_age() -> None:
    assert stream_status(GAUGE, heard(30, 1.0), T0).age_s == 0.0
