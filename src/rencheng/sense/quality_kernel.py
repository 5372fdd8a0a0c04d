"""The compiled checks of quality control; `quality.judge` says what they mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.domain.observation import QualityReason
from rencheng.sense.quality import FAST_S, NEIGHBOURS, NEVER, REASONS, SLOW_S, WARM_S

Rows = NDArray[Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint16]
# stream row, at [µs], received [µs], value, month
Readings = tuple[Ints, Ints, Ints, Floats, Ints]

RANGE, RATE, STUCK, LATE, SPIKE, DRIFT, NEIGHBOUR, RAIN, UNIT, CLOCK = (
    1 << REASONS.index(reason)
    for reason in (
        QualityReason.RANGE,
        QualityReason.RATE,
        QualityReason.STUCK,
        QualityReason.LATE,
        QualityReason.SPIKE,
        QualityReason.DRIFT,
        QualityReason.NEIGHBOUR,
        QualityReason.RAIN,
        QualityReason.UNIT,
        QualityReason.CLOCK,
    )
)
VALUE = RANGE | RATE | SPIKE
"""Reasons that speak against the number itself."""
AWAY = 30.0
"""So many times slower what may be a fault is learnt, and faster forgotten once over. Chosen."""
GAP = 3.0
"""Intervals after which a value tells nothing of the next one. Chosen."""


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def own(
    limits: tuple[Floats, Floats, Rows, Floats],
    memory: Rows,
    readings: Readings,
    common: float,
    reasons: Bits,
) -> None:
    """Hold readings against their own stream's limits and past."""
    low, high, rows, units = limits
    stream, at, received, value, month = readings
    for i in range(len(stream)):
        s = stream[i]
        limit, past = rows[s], memory[s]
        bits = 0
        v = value[i]
        if not low[s, month[i]] <= v <= high[s, month[i]] or (limit.is_whole and v != np.floor(v)):
            bits |= RANGE
        if _is_slow(limit, past, at[i], received[i], common):
            bits |= CLOCK
        if past.last_at != NEVER and at[i] < past.last_at:
            reasons[i] = bits | LATE
            continue
        if past.last_at != NEVER:
            bits |= _jumps(limit, past, at[i], v)
        past.equal = past.equal + 1 if past.last_at != NEVER and past.last == v else 1
        is_rest = limit.rests_at_zero and v == 0.0
        if limit.stuck_after > 0 and past.equal >= limit.stuck_after and not is_rest:
            bits |= STUCK
        if bits & VALUE and past.good_at != NEVER and past.good != 0.0:
            for factor in units[s]:
                if abs(v * factor - past.good) <= 0.02 * abs(past.good):
                    bits |= UNIT
        past.last_at, past.last = at[i], v
        if bits == 0:
            past.good_at, past.good = at[i], v
        reasons[i] = bits


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _level(limit: Any, past: Any, at: int, v: float, is_away: bool) -> None:
    """Remember the mean of a month; what may be a fault is learnt slower."""
    if past.begun_at == NEVER:
        past.begun_at, past.level_at, past.level = at, at, v
    step = min((at - past.level_at) / 1e6, GAP * limit.interval)
    if step > 0:
        slow = min(SLOW_S, max((past.level_at - past.begun_at) / 1e6, step))
        if is_away:
            slow = SLOW_S * AWAY
        past.level += (v - past.level) * step / (slow + step)
    past.level_at = at


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _is_slow(limit: Any, past: Any, at: int, received: int, common: float) -> bool:
    """Say whether the device's clock lags, and remember how late it was heard."""
    lag = (received - at) / 1e6
    excess = lag - common
    half = limit.interval / 2
    is_slow = (
        past.heard != NEVER
        and excess > limit.lag
        and past.excess > limit.lag
        and abs(excess - past.excess) <= half
        and (received - past.heard) / 1e6 >= half
    )
    past.heard, past.lag, past.excess = received, lag, excess
    return bool(is_slow)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _jumps(limit: Any, past: Any, at: int, v: float) -> int:
    """Return the reasons against a value that is away from the last good one."""
    is_good = past.good_at != NEVER
    base_at, base = (past.good_at, past.good) if is_good else (past.last_at, past.last)
    passed = (at - base_at) / 1e6
    if passed <= 0:
        return 0
    bits = 0
    if abs(v - base) > limit.rate * passed:
        bits |= RATE
    step = v - base
    bound = limit.spike_up if step > 0 else limit.spike_down
    is_back = past.begun_at != NEVER and abs(v - past.level) < abs(base - past.level)
    is_soon = passed <= GAP * limit.interval
    if is_soon and not is_back and abs(step) > bound and abs(v - past.last) > bound / 2:
        bits |= SPIKE
    return bits


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def others(
    rows: Rows,
    near: NDArray[np.int32],
    before: Rows,
    memory: Rows,
    readings: Readings,
    first: Ints,
    passed: Bits,
    reasons: Bits,
) -> None:
    """Hold readings against their neighbours, and their mean of a day against that of a month.

    `passed` holds the reasons of the streams' own checks, `reasons` gets the rest.
    """
    stream, at, _, value, _ = readings
    start = np.full(len(rows), -1, np.int64)
    for g in range(len(first) - 1):
        start[stream[first[g]]] = g
    said, above = np.empty(NEIGHBOURS), np.empty(NEIGHBOURS)
    now = np.empty(NEIGHBOURS, np.bool_)
    for i in range(len(stream)):
        if passed[i] & LATE:
            continue
        s, v = stream[i], value[i]
        limit, past = rows[s], memory[s]
        known = 0
        if limit.near_abs < np.inf or limit.is_drift_shared or limit.rain_owed < np.inf:
            for n in near[s]:
                if n < 0:
                    break
                g = start[n]
                span = (first[g], first[g + 1]) if g >= 0 else (0, 0)
                when, x = _heard(before[n], at, value, passed, span, at[i], limit.interval)
                if when == NEVER:
                    continue
                said[known] = x
                above[known] = x - (before[n].level if before[n].begun_at != NEVER else x)
                now[known] = abs(at[i] - when) / 1e6 <= limit.interval / 2
                known += 1
        if limit.near_abs < np.inf and _is_alone(limit, v, said[:known], now[:known]):
            reasons[i] |= NEIGHBOUR
        if limit.rain_owed < np.inf and _is_dry(limit, past, v, said[:known]):
            reasons[i] |= RAIN
        if passed[i]:
            continue
        r, is_away = v, False
        can_drift = known >= 2 or not limit.is_drift_shared
        if can_drift:
            if limit.is_drift_shared:
                level = past.level if past.begun_at != NEVER else v
                r = v - level - np.median(above[:known])
            least = min(limit.drift_up, limit.drift_down)
            is_warm = past.first_at != NEVER and (past.mean_at - past.first_at) / 1e6 >= WARM_S
            is_away = is_warm and abs(r - past.slow) > least
        _level(limit, past, at[i], v, is_away)
        if can_drift and _drifts(limit, past, at[i], r):
            reasons[i] |= DRIFT


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _heard(
    before: Any,
    at: Ints,
    value: Floats,
    passed: Bits,
    span: tuple[int, int],
    time: int,
    interval: float,
) -> tuple[int, float]:
    """Return the last value of a neighbour that passed its own checks, up to half an interval on.

    NEVER when it is older than two intervals.
    """
    low, high = span
    first = low
    latest = time + np.int64(interval * 0.5e6)
    while low < high:
        middle = (low + high) // 2
        if at[middle] <= latest:
            low = middle + 1
        else:
            high = middle
    oldest = time - np.int64(interval * 2e6)
    j = low - 1
    while j >= first and at[j] >= oldest:
        if passed[j] == 0:
            return at[j], value[j]
        j -= 1
    if before.good_at != NEVER and oldest <= before.good_at <= latest:
        return before.good_at, before.good
    return NEVER, 0.0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _is_alone(limit: Any, v: float, said: Floats, now: NDArray[np.bool_]) -> bool:
    """Say whether two or more neighbours spoke at this time and none agrees."""
    count = 0
    for k in range(len(said)):
        if now[k]:
            count += 1
            if abs(v - said[k]) <= limit.near_abs + limit.near_rel * abs(said[k]):
                return False
    return count >= 2


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _is_dry(limit: Any, past: Any, v: float, said: Floats) -> bool:
    """Say whether a gauge stayed dry while all its neighbours had too much rain; remember it."""
    if v > 0.0:
        past.owed = 0.0
        return False
    if len(said) < 2:
        return False
    past.owed = past.owed * FAST_S / (FAST_S + limit.interval) + said.min()
    return bool(past.owed >= limit.rain_owed and said.min() > 0.0)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _drifts(limit: Any, past: Any, at: int, r: float) -> bool:
    """Say whether the mean of a day has left the mean of a month; remember both."""
    if past.first_at == NEVER:
        past.first_at, past.mean_at, past.fast, past.slow = at, at, r, r
        return False
    step = min((at - past.mean_at) / 1e6, GAP * limit.interval)
    age = max((past.mean_at - past.first_at) / 1e6, step)
    fast, slow = min(FAST_S, age), min(SLOW_S, age)
    least = min(limit.drift_up, limit.drift_down)
    away = abs(r - past.slow)
    if away > least and age >= WARM_S:
        slow = SLOW_S * AWAY
    if away < least / 2 and abs(past.fast - past.slow) > least:
        fast /= AWAY
    if step > 0:
        past.fast += (r - past.fast) * step / (fast + step)
        past.slow += (r - past.slow) * step / (slow + step)
    past.mean_at = at
    gone = past.fast - past.slow
    is_up = gone > limit.drift_up and r - past.slow > limit.drift_up / 2
    is_down = -gone > limit.drift_down and past.slow - r > limit.drift_down / 2
    return bool(age >= WARM_S and (is_up or is_down))
