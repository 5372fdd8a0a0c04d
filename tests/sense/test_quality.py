"""Flags beside the raw value, of whole batches, against a slow twin."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_quality import SlowQuality

from ops_kit import GAUGE
from rencheng.domain.observation import Datastream, Quality, QualityReason, Quantity
from rencheng.domain.quality import QualityLimits, StreamLimits
from rencheng.sense.quality import REASONS, VERSION, judge, verdict, watch

R = QualityReason
START = datetime(2015, 9, 16, tzinfo=UTC).timestamp()
SEPTEMBER = 8


def limits(**stated: object) -> QualityLimits:
    return QualityLimits(version="t", by_quantity={GAUGE.quantity: StreamLimits(**stated)})


def words(bits: int) -> set[QualityReason]:
    return {reason for n, reason in enumerate(REASONS) if bits >> n & 1}


def flags(
    values: list[float],
    stated: QualityLimits | None = None,
    *,
    stream: Datastream = GAUGE,
    seconds: list[float] | None = None,
    received: list[float] | None = None,
) -> list[set[QualityReason]]:
    """Judge one stream's values, a minute apart, and return the reasons of each."""
    watched = watch([stream], stated or limits())
    at = START + np.array(seconds if seconds is not None else 60.0 * np.arange(len(values)))
    heard = at if received is None else START + np.array(received)
    order = np.argsort(at, kind="stable") if received is None else np.arange(len(at))
    memory, found = watched.nothing_heard(), [set[QualityReason]()] * len(values)
    for i in order if received is None else range(len(at)):
        one = np.array([i])
        bits = judge(
            watched, memory, np.zeros(1, int), (at[one] * 1e6).astype(int),
            (heard[one] * 1e6).astype(int), np.array(values, float)[one],
        )  # fmt: skip
        found[i] = words(int(bits[0]))
    return found


def test_a_verdict_says_its_reasons_and_by_which_checks_and_limits() -> None:
    version = watch([GAUGE], limits()).version
    assert version == f"{VERSION}/t"
    assert verdict(0, version).quality is Quality.GOOD
    bits = (1 << REASONS.index(R.RANGE)) | (1 << REASONS.index(R.UNIT))
    assert verdict(bits, version).reasons == (R.RANGE, R.UNIT)


def test_the_order_of_reasons_is_that_of_the_bits_on_disk() -> None:
    names = "range rate stuck late spike drift neighbour rain unit clock"
    assert [reason.value for reason in REASONS] == names.split()


def test_a_value_beyond_the_plausible_is_suspect() -> None:
    assert flags([8.001]) == flags([nan]) == [{R.RANGE}]
    assert flags([8.0]) == [set()]


def test_what_is_plausible_may_differ_by_month() -> None:
    high = [1.0] * 12
    high[SEPTEMBER] = 2.0
    stated = limits(low_by_month=(0.0,) * 12, high_by_month=tuple(high))
    assert flags([1.5], stated) == [set()]
    assert flags([1.5], stated, seconds=[20 * 86400.0]) == [{R.RANGE}]


def test_a_state_is_a_whole_number() -> None:
    assert flags([1.0, 0.5], limits(is_whole=True))[1] == {R.RANGE}


def test_a_change_faster_than_the_world_is_suspect_and_the_value_after_a_spike_is_not() -> None:
    assert flags([0.0, 3.1, 0.1]) == [set(), {R.RATE}, set()]
    assert flags([0.0, 2.9]) == [set(), set()]


def test_a_true_jump_is_believed_once_time_allows_it() -> None:
    assert flags([0.0, 4.5, 4.4], seconds=[0.0, 60.0, 91.0]) == [set(), {R.RATE}, set()]


def test_a_spike_is_suspect_and_a_jump_is_believed_at_its_second_value() -> None:
    stated = limits(spike_up=1.0, spike_down=1.0)
    assert flags([0.0, 2.0, 0.1, -2.0, 0.2], stated) == [set(), {R.SPIKE}, set(), {R.SPIKE}, set()]
    assert flags([0.0, 2.0, 2.1, 2.0], stated) == [set(), {R.SPIKE}, set(), set()]
    assert flags([0.0, 2.0, -2.0], limits(spike_up=1.0))[2] == set()


def test_the_nth_equal_value_is_stuck_and_stays_so() -> None:
    said = flags([1.5] * 20 + [1.6])
    assert [R.STUCK in one for one in said] == [False] * 3 + [True] * 17 + [False]


def test_a_state_may_stay_as_it_is_and_a_dry_day_is_not_a_stuck_gauge() -> None:
    assert not any(flags([1.0] * 99, stream=replace(GAUGE, stuck_after=0, rate=inf)))
    gauge = replace(GAUGE, quantity=Quantity.RAIN)
    assert not any(flags([0.0] * 99, stream=gauge))
    assert any(flags([1.0] * 99, stream=gauge))


def test_a_value_older_than_the_last_is_late_and_compared_with_nothing() -> None:
    assert flags([0.0, 4.5], seconds=[0.0, -60.0], received=[0.0, 1.0])[1] == {R.LATE}


def test_a_value_in_another_unit_is_called_so() -> None:
    assert flags([2.0, 200.0, 2.1], limits(other_units=(0.01,)))[1] == {R.RANGE, R.RATE, R.UNIT}
    assert flags([2.0, 250.0], limits(other_units=(0.01,)))[1] == {R.RANGE, R.RATE}


def test_a_slow_clock_is_told_from_a_backlog() -> None:
    at = [0.0, 60.0, 120.0, 180.0]
    slow = [900.0 + second for second in at]
    said = flags([0.1, 0.2, 0.3, 0.4], limits(lag_s=300.0), seconds=at, received=slow)
    assert said == [set(), {R.CLOCK}, {R.CLOCK}, {R.CLOCK}]
    backlog = flags([0.1, 0.2, 0.3, 0.4], limits(lag_s=300.0), seconds=at, received=[999.0] * 4)
    assert not any(backlog)


def test_a_slow_network_is_nobodys_slow_clock() -> None:
    watched = watch([replace(GAUGE, id=f"g{n}") for n in range(4)], limits(lag_s=300.0))
    memory, rows = watched.nothing_heard(), np.arange(4)
    for turn in range(5):
        at = np.full(4, int((START + 60 * turn) * 1e6))
        assert not judge(watched, memory, rows, at, at + 900_000_000, 0.1 * turn + rows).any()


def net(count: int, quantity: Quantity = Quantity.WATER_LEVEL) -> list[Datastream]:
    """Return streams a kilometre apart."""
    return [
        replace(GAUGE, id=f"g{n}", quantity=quantity, xy=(-71.3 + 0.01 * n, -29.9), stuck_after=0)
        for n in range(count)
    ]


def test_neighbours_are_near_alike_and_never_oneself() -> None:
    streams = [*net(3), replace(GAUGE, id="far", xy=(-60.0, -29.9)), *net(1, Quantity.RAIN)]
    near = watch(streams, limits(reach_m=5000.0)).near
    assert [sorted(row[row >= 0].tolist()) for row in near] == [[1, 2], [0, 2], [0, 1], [], []]


def test_a_value_that_no_neighbour_shares_is_suspect_and_one_that_all_share_is_not() -> None:
    watched = watch(net(4), limits(near_abs=0.5, reach_m=9000.0))
    at = np.full(4, int(START * 1e6))
    memory = watched.nothing_heard()
    alone = judge(watched, memory, np.arange(4), at, at, np.array([0.0, 0.1, 2.0, 0.0]))
    assert [words(int(one)) for one in alone] == [set(), set(), {R.NEIGHBOUR}, set()]
    at = at + 60_000_000
    assert not judge(watched, memory, np.arange(4), at, at, np.full(4, 2.0)).any()


def test_a_neighbour_that_has_not_spoken_yet_calms_nobody() -> None:
    watched = watch(net(4), limits(near_abs=0.5, reach_m=9000.0))
    at, memory = np.full(4, int(START * 1e6)), watched.nothing_heard()
    judge(watched, memory, np.arange(4), at, at, np.zeros(4))
    first = judge(watched, memory, np.zeros(1, int), at[:1] + 60_000_000, at[:1], np.full(1, 2.0))
    assert not first.any()


def test_a_gauge_that_stays_dry_in_everybodys_rain_is_suspect() -> None:
    stated = QualityLimits(
        by_quantity={Quantity.RAIN: StreamLimits(rain_owed=10.0, reach_m=9000.0)}
    )
    watched = watch(net(3, Quantity.RAIN), stated)
    memory, said = watched.nothing_heard(), []
    for turn in range(6):
        at = np.full(3, int((START + 60 * turn) * 1e6))
        bits = judge(watched, memory, np.arange(3), at, at, np.array([0.0, 3.0, 2.9 + turn / 9]))
        said.append([words(int(one)) for one in bits])
    assert [one[0] for one in said[:3]] == [set()] * 3
    assert said[5] == [{R.RAIN}, set(), set()]


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_mean_that_leaves_that_of_the_month_is_drift(is_shared: bool) -> None:
    stated = limits(drift_up=0.5, is_drift_shared=is_shared, reach_m=9000.0)
    streams = [replace(one, interval_s=3600.0) for one in net(3)]
    watched = watch(streams, stated)
    memory, rows = watched.nothing_heard(), np.arange(3)
    flagged = np.zeros((480, 3), bool)
    for hour in range(480):
        at = np.full(3, int((START + 3600 * hour) * 1e6))
        shift = np.array([0.0, 0.0, max(0.0, 0.01 * (hour - 240))])
        flagged[hour] = judge(watched, memory, rows, at, at, 0.01 * rows + shift) > 0
    assert not flagged[:, :2].any() and not flagged[:300].any()
    assert flagged[400:, 2].all()


QUANTITIES = (Quantity.WATER_LEVEL, Quantity.RAIN, Quantity.FEEDER_STATE)
STATED = QualityLimits(
    by_quantity={
        Quantity.WATER_LEVEL: StreamLimits(
            spike_up=2.0, near_abs=1.0, near_rel=0.1, drift_up=0.5, drift_down=0.5, lag_s=100.0,
            is_drift_shared=True, reach_m=9000.0, other_units=(0.1, 10.0),
        ),
        Quantity.RAIN: StreamLimits(rain_owed=3.0, reach_m=9000.0, drift_up=0.7),
        Quantity.FEEDER_STATE: StreamLimits(is_whole=True, spike_down=1.0, lag_s=50.0),
    }
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_the_compiled_checks_agree_with_their_slow_twin(seed: int, cuts: int) -> None:
    rng = np.random.default_rng(seed)
    streams = [one for kind in QUANTITIES for one in net(4, kind)]
    streams = [
        replace(one, stuck_after=int(rng.integers(0, 4)), interval_s=float(rng.choice([60, 20000])))
        for one in streams
    ]
    watched = watch(streams, STATED)
    memory, twin = watched.nothing_heard(), SlowQuality(streams, STATED, watched.near.tolist())
    for cut in range(cuts):
        count = int(rng.integers(1, 120))
        row = rng.integers(0, len(streams), count)
        step = np.array([streams[r].interval_s for r in row])
        at = START + np.round(step * (cut * 8 + rng.integers(0, 20, count) / 2))
        order = np.lexsort((at, row))
        row, at = row[order], at[order]
        heard = at + rng.choice([0.0, 60.0, 500.0], count)
        value = rng.choice([0.0, 0.3, 1.0, 1.02, 1.1, 3.0, 9.0, 11.0, nan], count)
        month = [datetime.fromtimestamp(one, UTC).month - 1 for one in at]
        fast = judge(
            watched, memory, row, (at * 1e6).astype(int), (heard * 1e6).astype(int), value
        )  # fmt: skip
        slow = twin.judge(
            list(zip(row.tolist(), at.tolist(), heard.tolist(), value.tolist(), month, strict=True))
        )
        assert [words(int(one)) for one in fast] == [words(one) for one in slow]


def test_one_reading_copies_nothing_of_the_streams_that_said_nothing() -> None:
    watched = watch([replace(GAUGE, id=str(n)) for n in range(3000)], limits())
    memory, at = watched.nothing_heard(), np.array([int(START * 1e6)])
    judge(watched, memory, np.zeros(1, int), at, at, np.zeros(1))
    tracemalloc.start()
    judge(watched, memory, np.ones(1, int), at, at, np.zeros(1))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < memory.nbytes / 10
