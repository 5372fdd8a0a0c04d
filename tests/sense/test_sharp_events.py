"""What an event looks like is never called a fault, and what was learnt survives a start."""

from __future__ import annotations

import numpy as np
import pytest
from clean_series import STATED, STATIONS, times
from fault_series import START, clean, streams

from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.domain.observation import Quantity
from rencheng.sense.quality import judge, relearn, watch

LIMITS = load_quality_limits()
DAYS = 8


def flagged(quantity: Quantity, change: np.ndarray, seed: int) -> int:
    """Add an event to calm days in all stations, and count the flags from its begin on.

    `change` holds what each station reads more than usual from day 7 on. (stations, n)
    """
    series = clean(quantity, seed)
    value = series.value.reshape(STATIONS, -1).copy()
    first = int(7 * 86400 / STATED[quantity][0])
    during = slice(first, first + change.shape[1])
    value[:, during] = np.round(np.maximum(value[:, during] + change, STATED[quantity][1]), 3)
    count = int(DAYS * 86400 / STATED[quantity][0])
    watched = watch(streams(quantity), LIMITS)
    memory, found = watched.nothing_heard(), 0
    at = ((START.timestamp() + times(quantity)) * 1e6).astype(np.int64)
    for begin in range(0, count, 30):
        part = slice(begin, min(begin + 30, count))
        n = part.stop - part.start
        row, when = np.repeat(np.arange(STATIONS), n), np.tile(at[part], STATIONS)
        bits = judge(watched, memory, row, when, when + 2_000_000, value[:, part].ravel())
        late = np.tile(np.arange(part.start, part.stop) >= first, STATIONS)
        found += int((bits[late] > 0).sum())
    return found


def shared(shape: np.ndarray, *factors: float) -> np.ndarray:
    return np.array(factors)[:, None] * shape


@pytest.mark.parametrize("seed", range(3))
def test_a_tsunami_is_no_fault_at_any_gauge(seed: int) -> None:
    minutes = np.arange(240.0)
    draw_down = -2.5 * np.sin(2 * np.pi * minutes / 30) * np.exp(-minutes / 200)
    change = np.array([np.roll(draw_down, lag) * (np.arange(240) >= lag) for lag in (0, 4, 7, 11)])
    assert flagged(Quantity.WATER_LEVEL, change, seed) == 0


@pytest.mark.parametrize("seed", range(3))
def test_strong_shaking_is_no_fault_where_it_is_felt_most(seed: int) -> None:
    shaking = 0.45 * np.array([1.0, 0.5, 0.2, 0.05])
    assert flagged(Quantity.PEAK_ACCELERATION, shared(shaking, 1.0, 0.3, 0.6, 0.15), seed) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_cloudburst_over_one_gauge_is_no_fault_at_any_gauge(seed: int) -> None:
    burst = np.array([2.0, 6.0, 9.0, 12.0, 12.0, 8.0, 5.0, 2.0])
    assert flagged(Quantity.RAIN, shared(burst, 1.0, 0.1, 0.0, 0.2), seed) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_burst_main_is_no_fault_at_its_gauge_even_when_it_runs_dry(seed: int) -> None:
    burst = np.full(60, -1000.0)
    change = np.zeros((STATIONS, 60))
    change[0] = burst
    assert flagged(Quantity.WATER_PRESSURE, change, seed) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_squall_and_a_front_are_no_faults(seed: int) -> None:
    gust = 30.0 * np.array([0.5, 1.0, 0.7, 0.3])
    assert flagged(Quantity.WIND_GUST, shared(gust, 1.0, 0.0, 0.0, 0.0), seed) == 0
    front = -9.0 * np.clip(np.arange(60) / 3, 0, 1) * np.exp(-np.arange(60) / 60)
    change = np.array([np.roll(front, lag) * (np.arange(60) >= lag) for lag in (0, 1, 2, 3)])
    assert flagged(Quantity.AIR_TEMPERATURE, change, seed) == 0


@pytest.mark.parametrize(
    "quantity", [Quantity.AIR_TEMPERATURE, Quantity.WATER_LEVEL, Quantity.WATER_PRESSURE]
)
def test_hourly_means_bring_back_what_drift_is_judged_by(quantity: Quantity) -> None:
    series, watched = clean(quantity, 4), watch(streams(quantity), LIMITS)
    row, at = series.stream, ((START.timestamp() + series.at) * 1e6).astype(np.int64)
    lived = watched.nothing_heard()
    judge(watched, lived, row, at, at, series.value)
    hour = at // 3_600_000_000
    key = row * 10**9 + hour - hour.min()
    _, where, place = np.unique(key, return_index=True, return_inverse=True)
    mean = np.bincount(place, series.value) / np.bincount(place)
    anew = relearn(watched, watched.nothing_heard(), row[where], hour[where] * 3_600_000_000, mean)
    bound = min(watched.limits["drift_up"][0], watched.limits["drift_down"][0])
    assert (anew["pair_of"] == lived["pair_of"]).all()
    assert np.abs(anew["pair"] - lived["pair"]).max() < bound / 4
    assert np.abs(anew["fast"] - lived["fast"]).max() < bound / 4
    if not watched.limits["is_drift_shared"][0]:
        assert np.abs(anew["level"] - lived["level"]).max() < bound / 4
