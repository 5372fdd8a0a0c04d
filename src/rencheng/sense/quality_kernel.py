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
"""So many times faster a fault is forgotten once it is over. Chosen."""
CLEARLY = 0.75
"""Share of what is too much that a value itself must be away, beside its day's mean. Chosen."""
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
def _learnt(away: float, step: float, age: float, early: float, bound: float) -> float:
    """Return by how much a mean moves towards a value that is away from it by `away`.

    The mean of the first days, later that of a month. No value counts for more than `early`, later
    than `bound`: what may be a fault teaches little, and a mended sensor is soon believed.
    """
    if age < WARM_S:
        return min(max(away, -early), early) * step / (max(age, step) + step)
    return min(max(away, -bound), bound) * step / (SLOW_S + step)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _level(limit: Any, past: Any, at: int, v: float) -> None:
    """Remember the mean of a month."""
    if past.begun_at == NEVER:
        past.begun_at, past.level_at, past.level = at, at, v
        return
    step = min((at - past.level_at) / 1e6, GAP * limit.interval)
    bound = np.inf if limit.is_drift_shared else _bound(limit)
    if step > 0:
        age = (past.level_at - past.begun_at) / 1e6
        past.level += _learnt(v - past.level, step, age, 2 * bound, bound)
    past.level_at = at


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _bound(limit: Any) -> float:
    """Return how far a value may pull a mean that it is held against."""
    return float(min(limit.drift_up, limit.drift_down) / 2)


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

    `passed` holds the reasons of the streams' own checks, `reasons` gets the rest. `before` is the
    memory of the batch's streams, one after the other, as it was before the batch.
    """
    stream, at, _, value, _ = readings
    start = np.full(len(rows), -1, np.int64)
    for g in range(len(first) - 1):
        start[stream[first[g]]] = g
    said, who = np.empty(NEIGHBOURS), np.empty(NEIGHBOURS, np.int64)
    now = np.empty(NEIGHBOURS, np.bool_)
    for i in range(len(stream)):
        if passed[i] & LATE:
            continue
        s, v = stream[i], value[i]
        limit, past = rows[s], memory[s]
        known = 0
        if limit.near_abs < np.inf or limit.is_drift_shared or limit.rain_owed < np.inf:
            for k in range(NEIGHBOURS):
                n = near[s, k]
                if n < 0:
                    break
                g = start[n]
                span = (first[g], first[g + 1]) if g >= 0 else (0, 0)
                held = before[g] if g >= 0 else memory[n]
                when, x = _heard(held, at, value, passed, span, at[i], limit.interval)
                if when == NEVER:
                    continue
                said[known], who[known] = x, k
                now[known] = abs(at[i] - when) / 1e6 <= limit.interval / 2
                known += 1
        if limit.near_abs < np.inf and _is_alone(limit, v, said[:known], now[:known]):
            reasons[i] |= NEIGHBOUR
        if limit.rain_owed < np.inf and _is_dry(limit, past, v, said[:known]):
            reasons[i] |= RAIN
        if passed[i]:
            continue
        if _follow(limit, past, at[i], v, said[:known], who[:known], near[s]):
            reasons[i] |= DRIFT


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def follow(rows: Rows, near: NDArray[np.int32], memory: Rows, hours: Readings, first: Ints) -> None:
    """Learn the means behind `drift` again from means of past hours, hour by hour.

    `hours` are sorted by time, then stream; `first` says where each time begins. Only the first,
    second and fourth of `hours` are looked at, and `interval` of the limits must be an hour.
    """
    stream, at, _, value, _ = hours
    now = np.full(len(rows), np.nan)
    said, who = np.empty(NEIGHBOURS), np.empty(NEIGHBOURS, np.int64)
    for g in range(len(first) - 1):
        for i in range(first[g], first[g + 1]):
            now[stream[i]] = value[i]
        for i in range(first[g], first[g + 1]):
            s, known = stream[i], 0
            for k in range(NEIGHBOURS):
                n = near[s, k]
                if n >= 0 and not np.isnan(now[n]):
                    said[known], who[known] = now[n], k
                    known += 1
            _follow(rows[s], memory[s], at[i], value[i], said[:known], who[:known], near[s])
        for i in range(first[g], first[g + 1]):
            now[stream[i]] = np.nan


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _follow(
    limit: Any, past: Any, at: int, v: float, said: Floats, who: Ints, near: NDArray[np.int32]
) -> bool:
    """Remember the means behind drift, and say whether that of a day has left that of a month."""
    r = np.nan
    if not limit.is_drift_shared:
        r = v - past.level if past.begun_at != NEVER else 0.0
    elif len(said) > 0:
        r = _apart(limit, past, at, v, said, who, near)
    _level(limit, past, at, v)
    return bool(not np.isnan(r) and _drifts(limit, past, at, r))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _apart(
    limit: Any, past: Any, at: int, v: float, said: Floats, who: Ints, near: NDArray[np.int32]
) -> float:
    """Return how far a stream is from where its neighbours place it, NaN while two do not.

    Each neighbour has a usual difference, learnt; of three or four the median counts, of two the
    nearer, as one of them may be at fault itself.
    """
    apart, count, bound = np.empty(len(said)), 0, _bound(limit)
    for j in range(len(said)):
        k, d = who[j], v - said[j]
        if past.pair_of[k] != near[k]:
            past.pair_of[k] = near[k]
            past.pair_from[k], past.pair_at[k], past.pair[k] = at, at, d
            continue
        away = d - past.pair[k]
        age = (past.pair_at[k] - past.pair_from[k]) / 1e6
        step = min((at - past.pair_at[k]) / 1e6, GAP * limit.interval)
        if step > 0:
            past.pair[k] += _learnt(away, step, age, np.inf, bound)
        past.pair_at[k] = at
        if age >= WARM_S:
            apart[count] = away
            count += 1
    if count < 2:
        return np.nan
    if count == 2:
        if apart[0] * apart[1] <= 0.0:
            return 0.0
        return float(apart[0] if abs(apart[0]) < abs(apart[1]) else apart[1])
    return float(np.median(apart[:count]))


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
    """Say whether a gauge stayed dry while its neighbours had too much rain; remember it."""
    if v > 0.0:
        past.owed = 0.0
        return False
    if len(said) < 2:
        return False
    usual = said.min() if len(said) == 2 else np.median(said)
    past.owed = past.owed * FAST_S / (FAST_S + limit.interval) + usual
    return bool(past.owed >= limit.rain_owed and usual > 0.0)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _drifts(limit: Any, past: Any, at: int, r: float) -> bool:
    """Say whether the mean of a day of what a stream is apart is too much; remember it."""
    if past.first_at == NEVER:
        past.first_at, past.mean_at, past.fast = at, at, r
        return False
    step = min((at - past.mean_at) / 1e6, GAP * limit.interval)
    age = max((past.mean_at - past.first_at) / 1e6, step)
    fast, least = min(FAST_S, age), 2 * _bound(limit)
    if abs(past.fast) > least and (abs(r) < CLEARLY * least or r * past.fast < 0.0):
        fast /= AWAY
    if step > 0:
        past.fast += (r - past.fast) * step / (fast + step)
    past.mean_at = at
    is_up = past.fast > limit.drift_up and r > CLEARLY * limit.drift_up
    is_down = -past.fast > limit.drift_down and -r > CLEARLY * limit.drift_down
    # Told against pairs that are warm, or against a level that has to be.
    is_warm = limit.is_drift_shared or age >= WARM_S
    return bool(is_warm and (is_up or is_down))
