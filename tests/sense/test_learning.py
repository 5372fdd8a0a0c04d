"""Limits from history: what a stream teaches, what it must not teach."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from clean_series import MADE, times
from fault_series import clean, streams

from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.quality import StreamLimits
from rencheng.domain.readings import ROW, Rows
from rencheng.sense.learning import Taught, back_test, learn, numbers_of, with_learnt

STATED = load_quality_limits()
START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1e6)


def history(quantity: Quantity, seed: int = 3, days: float = 35.0) -> Rows:
    """Return a clean network's rows by stream and time."""
    series = clean(quantity, seed)
    rows = np.zeros(series.at.size, ROW)
    rows["stream"], rows["value"] = series.stream, series.value
    rows["at"] = START + (series.at * 1e6).astype(np.int64)
    rows["received"] = rows["at"] + 2_000_000
    return rows[series.at < days * 86400.0]


def taught(
    quantity: Quantity, rows: Rows, stream: Datastream | None = None, near: int = 3
) -> Taught:
    own = stream or streams(quantity)[0]
    others = [rows[rows["stream"] == n] for n in range(1, near + 1)]
    return learn(own, STATED.of(own), rows[rows["stream"] == 0], others)


def names(found: Taught) -> set[str]:
    return {one.name for one in found.limits}


def test_a_thermometer_teaches_its_range_rate_runs_and_neighbours() -> None:
    found = taught(Quantity.AIR_TEMPERATURE, history(Quantity.AIR_TEMPERATURE))
    assert names(found) >= {"low_by_month", "high_by_month", "rate", "drift_up", "near_abs"}
    high = next(one for one in found.limits if one.name == "high_by_month").after
    assert 15 < high[2] < 57 and high[7] == 57.0


@pytest.mark.parametrize(
    "quantity", [Quantity.WATER_LEVEL, Quantity.PEAK_ACCELERATION, Quantity.RAIN]
)
def test_what_is_watched_for_is_never_learnt_to_be_a_fault(quantity: Quantity) -> None:
    found = taught(quantity, history(quantity))
    watched_for = {"low_by_month", "high_by_month", "rate", "spike_up", "spike_down", "near_abs"}
    assert not names(found) & watched_for
    assert {("high_by_month", "event"), ("rate", "event")} <= set(found.left)


def test_a_state_teaches_nothing_and_a_short_history_neither() -> None:
    assert not taught(Quantity.FEEDER_STATE, history(Quantity.FEEDER_STATE)).limits
    few = taught(Quantity.AIR_TEMPERATURE, history(Quantity.AIR_TEMPERATURE, days=10))
    assert not few.limits and ("rate", "few") in few.left


def test_a_stream_without_two_neighbours_teaches_no_difference_from_them() -> None:
    found = taught(Quantity.AIR_TEMPERATURE, history(Quantity.AIR_TEMPERATURE), near=1)
    assert "drift_up" not in names(found) and ("drift_up", "neighbours") in found.left


def test_suspect_readings_teach_nothing_and_a_fault_unseen_teaches_little() -> None:
    rows = history(Quantity.AIR_TEMPERATURE)
    spoilt = rows.copy()
    own = np.flatnonzero(spoilt["stream"] == 0)
    spoilt["value"][own[100:120]] = 50.0
    spoilt["reasons"][own[100:120]] = 1
    high = {
        name: next(one.after[2] for one in taught(Quantity.AIR_TEMPERATURE, of).limits
                   if one.name == "high_by_month")
        for name, of in (("clean", rows), ("flagged", spoilt))
    }  # fmt: skip
    assert high["flagged"] == pytest.approx(high["clean"], abs=0.5)
    spoilt["reasons"] = 0
    unseen = taught(Quantity.AIR_TEMPERATURE, spoilt)
    top = next(one.after[2] for one in unseen.limits if one.name == "high_by_month")
    assert top == pytest.approx(high["clean"], abs=2.0)


def test_a_declared_range_is_never_widened() -> None:
    narrow = replace(streams(Quantity.AIR_TEMPERATURE)[0], low=5.0, high=20.0)
    found = taught(Quantity.AIR_TEMPERATURE, history(Quantity.AIR_TEMPERATURE), narrow)
    for one in found.limits:
        if one.name == "low_by_month":
            assert min(one.after) >= 5.0
        if one.name == "high_by_month":
            assert max(one.after) <= 20.0


def test_the_back_test_counts_what_limits_flag_in_the_same_history() -> None:
    rows, net = history(Quantity.AIR_TEMPERATURE), streams(Quantity.AIR_TEMPERATURE)
    found = taught(Quantity.AIR_TEMPERATURE, rows)
    learnt = {net[0].id: {one.name: one.after for one in found.limits}}
    limits = with_learnt(STATED, learnt)
    assert back_test(net, limits, rows)[0]["any"] <= 2
    broken = rows.copy()
    broken["value"][np.flatnonzero(broken["stream"] == 0)[3000]] = 45.0
    counts = back_test(net, limits, broken)
    assert counts[0]["range"] == 1 and counts[1] == {}
    assert back_test(net, STATED, broken)[0]["range"] == 0


def test_what_holds_is_told_as_numbers() -> None:
    one = streams(Quantity.AIR_TEMPERATURE)[0]
    assert numbers_of(one, StreamLimits(), "rate") == (one.rate,)
    assert numbers_of(one, StreamLimits(), "spike_up") == ()
    assert numbers_of(one, StreamLimits(stuck_after=7), "stuck_after") == (7.0,)
    assert numbers_of(one, StreamLimits(), "low_by_month") == (one.low,) * 12


def test_every_quantity_of_the_benchmark_has_times() -> None:
    assert all(len(times(quantity)) > 100 for quantity in MADE)
