"""Whether a stream can be relied on now."""

from __future__ import annotations

from datetime import timedelta
from math import inf, isnan

from ops_kit import GAUGE, T0
from rencheng.domain.observation import Observation, Quality, StreamHealth, Verdict
from rencheng.domain.provenance import Mode
from rencheng.sense.health import stream_status


def heard(second: float, value: float, quality: Quality = Quality.GOOD) -> Observation:
    time = T0 + timedelta(seconds=second)
    return Observation(
        id=f"o{second}", datastream="tide", value=value, phenomenon_time=time, received=time,
        verdict=Verdict(quality=quality), mode=Mode.REPLAY, run="r",
    )  # fmt: skip


def test_a_stream_never_heard_is_unknown_not_zero() -> None:
    status = stream_status(GAUGE, None, None, [], T0)
    assert status.health is StreamHealth.NEVER
    assert isnan(status.last_value)
    assert isnan(status.last_good_value)
    assert status.age_s == inf


def test_silence_is_three_intervals() -> None:
    last = heard(0, 1.0)
    for second, health in ((180, StreamHealth.OK), (181, StreamHealth.SILENT)):
        status = stream_status(GAUGE, last, last, [last], T0 + timedelta(seconds=second))
        assert (status.health, status.age_s) == (health, second)


def test_equal_values_in_a_row_are_stuck_whatever_their_verdict() -> None:
    recent = [heard(60 * n, 1.0, Quality.SUSPECT if n > 2 else Quality.GOOD) for n in range(4)]
    status = stream_status(GAUGE, recent[-1], recent[2], recent, T0 + timedelta(seconds=200))
    assert status.health is StreamHealth.STUCK
    assert status.last_good_value == 1.0


def test_a_suspect_last_value_leaves_the_good_one_to_be_used() -> None:
    good, bad = heard(0, 1.0), heard(60, 99.0, Quality.SUSPECT)
    status = stream_status(GAUGE, bad, good, [good, bad], T0 + timedelta(seconds=61))
    assert status.health is StreamHealth.SUSPECT
    assert (status.last_value, status.last_good_value) == (99.0, 1.0)


def test_a_value_ahead_of_the_clock_has_no_negative_age() -> None:
    last = heard(30, 1.0)
    assert stream_status(GAUGE, last, last, [last], T0).age_s == 0.0
