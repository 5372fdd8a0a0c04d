"""Limits of a stream from its own history: proposed with their base, never put in force here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import RESTS_AT_ZERO, Datastream, QualityReason, Quantity
from rencheng.domain.quality import (
    LEARNT,
    MONTHLY,
    LearntLimit,
    Numbers,
    QualityLimits,
    StreamLimits,
)
from rencheng.domain.readings import Rows
from rencheng.sense.quality import REASONS, judge, watch

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

LEAST_DAYS = 21.0
"""Span of history below which nothing is learnt. Chosen. [days]"""
LEAST_COUNT = 500
"""Good readings below which nothing is learnt. Chosen."""
LEAST_MONTH_DAYS = 14
"""Days with readings that a month needs for a range of its own. Chosen."""
LEAST_NEAR_DAYS = 14
"""Days with two neighbours that the usual difference needs. Chosen."""
MARGIN = 0.5
"""A learnt range reaches so many times its width beyond the quantiles. Chosen."""
TIMES_RATE, TIMES_SPIKE, TIMES_RUN, TIMES_NEAR = 3.0, 3.0, 3.0, 5.0
"""How many times the rarest usual value a limit is. Chosen."""
RAREST = 0.9995
LONGEST_RUN_S = 2 * 86400.0
"""A run of equal values that would have to be longer than this tells nothing. Chosen. [s]"""
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
_IN_TIME = 0xFFFF & ~sum(
    1 << REASONS.index(one) for one in (QualityReason.LATE, QualityReason.CLOCK)
)
"""Bits of the reasons that a history can be judged by again; the others need to hear it live."""

_WEATHER = ("low_by_month", "high_by_month", "rate", "spike_up", "spike_down", "near_abs")
TAUGHT: Mapping[Quantity, tuple[str, ...]] = {
    Quantity.WATER_LEVEL: ("stuck_after", "drift_up", "drift_down"),
    Quantity.PEAK_ACCELERATION: ("stuck_after", "drift_up", "drift_down"),
    Quantity.WATER_PRESSURE: ("high_by_month", "spike_up", "stuck_after"),
    Quantity.RAIN: ("stuck_after",),
    Quantity.SNOW: ("stuck_after",),
    Quantity.WIND_SPEED: ("stuck_after", "drift_up", "drift_down"),
    Quantity.WIND_GUST: ("stuck_after", "drift_up", "drift_down"),
    Quantity.VISIBILITY: ("stuck_after", "drift_up", "drift_down"),
    Quantity.AIR_TEMPERATURE: (*_WEATHER, "stuck_after", "drift_up", "drift_down"),
    Quantity.GROUND_TEMPERATURE: (*_WEATHER, "stuck_after", "drift_up", "drift_down"),
    Quantity.OTHER: ("stuck_after",),
}
"""What history may teach of each quantity. History holds few disasters: where an extreme value, a
fast change or a fall is the event that is watched for, no learnt limit may call it a fault."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What history says of a stream, and what it cannot say."""

    limits: tuple[LearntLimit, ...]
    left: tuple[tuple[str, str], ...]


def learn(
    stream: Datastream, limits: StreamLimits, rows: Rows, near: Sequence[Rows] = ()
) -> Taught:
    """Return the limits that a stream's history teaches.

    Parameters
    ----------
    stream
        The stream; its declared range is never widened.
    limits
        What holds now.
    rows
        Its readings, by time, good and suspect; only good ones teach. (n,)
    near
        Readings of its neighbours of the same quantity over the same time.

    Returns
    -------
    Taught
        Limits that would change, and why the others stay: `few` readings or days, the value itself
        may be the `event`, the stream says a `state`, or too few `neighbours`.

    Notes
    -----
    Ranges lie half their own width beyond the 0.5 % and 99.5 % quantiles of each month, the rate
    and the spike are three times what one change in two thousand exceeds, a run of equal values
    three times the longest but the rarest, drift and the difference from neighbours five times
    their robust spread (median absolute deviation). The factors are chosen; how many faults are
    found and how many readings are flagged with them is measured (docs/explanation/quality.md).
    """
    names = TAUGHT.get(stream.quantity, ())
    good = rows[rows["reasons"] == 0]
    left = [(name, "state" if not names else "event") for name in LEARNT if name not in names]
    span = (int(good["at"][-1]) - int(good["at"][0])) / DAY_US if len(good) else 0.0
    if len(good) < LEAST_COUNT or span < LEAST_DAYS:
        return Taught((), tuple(left + [(name, "few") for name in names]))
    found: dict[str, Numbers] = {}
    at, value = good["at"].astype(np.int64), good["value"].astype(np.float64)
    found |= _ranges(stream, limits, at, value)
    found |= _changes(stream, at, value)
    found |= _runs(stream, value)
    if limits.is_drift_shared:
        found |= _apart(at, value, [one[one["reasons"] == 0] for one in near])
    learnt = []
    for name in names:
        if name not in found:
            why = "neighbours" if name in ("near_abs", "drift_up", "drift_down") else "few"
            left.append((name, why))
            continue
        before = numbers_of(stream, limits, name)
        if not _is_alike(before, found[name]):
            learnt.append(LearntLimit(name=name, before=before, after=found[name]))
    return Taught(tuple(learnt), tuple(left))


def numbers_of(stream: Datastream, limits: StreamLimits, name: str) -> Numbers:
    """Return a limit that holds, as numbers; none where the check is not made."""
    if name in MONTHLY:
        low, high = limits.low_by_month, limits.high_by_month
        one = (low or (stream.low,) * 12) if name == "low_by_month" else high or (stream.high,) * 12
        return tuple(one)
    value: float | int | None = getattr(limits, name)
    if value is None:
        value = stream.rate if name == "rate" else stream.stuck_after
    if value == inf or (name == "stuck_after" and value == 0):
        return ()
    return (float(value),)


def back_test(
    streams: Sequence[Datastream], limits: QualityLimits, rows: Rows
) -> list[Counter[str]]:
    """Judge a history again and count what is flagged, by stream and reason.

    Parameters
    ----------
    streams
        The streams, neighbours included.
    rows
        Readings sorted by stream and time; `stream` is the place in `streams`. (n,)

    Returns
    -------
    counts
        By stream; `any` counts flagged readings. Lateness and clocks are left out, which a history
        cannot show again.
    """
    watched = watch(streams, limits)
    stream = rows["stream"].astype(np.int64)
    at, received = (np.ascontiguousarray(rows[name]) for name in ("at", "received"))
    value = np.ascontiguousarray(rows["value"])
    bits = judge(watched, watched.nothing_heard(), stream, at, received, value) & _IN_TIME
    counts: list[Counter[str]] = [Counter() for _ in streams]
    for row in np.unique(stream[bits > 0]):
        own = bits[(stream == row) & (bits > 0)]
        counts[row]["any"] = len(own)
        for n, reason in enumerate(REASONS):
            if many := int((own >> n & 1).sum()):
                counts[row][reason.value] = many
    return counts


def with_learnt(
    limits: QualityLimits, learnt: Mapping[str, Mapping[str, Numbers]]
) -> QualityLimits:
    """Return limits with more learnt ones over those that were learnt before."""
    merged = {stream: dict(of) for stream, of in limits.learnt.items()}
    for stream, of in learnt.items():
        merged[stream] = merged.get(stream, {}) | dict(of)
    return replace(limits, learnt=merged)


def _ranges(stream: Datastream, limits: StreamLimits, at: I64, value: F64) -> dict[str, Numbers]:
    month = at.astype("M8[us]").astype("M8[M]").astype(np.int64) % 12
    low = list(limits.low_by_month or (stream.low,) * 12)
    high = list(limits.high_by_month or (stream.high,) * 12)
    is_known = False
    for one in range(12):
        own = month == one
        if len(np.unique(at[own] // DAY_US)) < LEAST_MONTH_DAYS:
            continue
        bottom, top = np.quantile(value[own], (0.005, 0.995))
        reach = MARGIN * (top - bottom)
        low[one] = max(stream.low, _rounded(bottom - reach))
        high[one] = min(stream.high, _rounded(top + reach))
        is_known = True
    return {"low_by_month": tuple(low), "high_by_month": tuple(high)} if is_known else {}


def _changes(stream: Datastream, at: I64, value: F64) -> dict[str, Numbers]:
    passed, step = np.diff(at) / 1e6, np.diff(value)
    near = (passed > 0) & (passed <= 3 * stream.interval_s)
    if near.sum() < LEAST_COUNT:
        return {}
    found: dict[str, Numbers] = {}
    rate = float(np.quantile(np.abs(step[near]) / passed[near], RAREST))
    if rate > 0:
        found["rate"] = (_rounded(TIMES_RATE * rate),)
    for name, steps in (("spike_up", step[near]), ("spike_down", -step[near])):
        usual = float(np.quantile(np.maximum(steps, 0.0), RAREST))
        if usual > 0:
            found[name] = (_rounded(TIMES_SPIKE * usual),)
    return found


def _runs(stream: Datastream, value: F64) -> dict[str, Numbers]:
    """Return the run of equal values that is too long, none where it tells nothing."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(value) != 0]))
    length = np.diff(np.append(starts, len(value)))
    if stream.quantity in RESTS_AT_ZERO:
        length = length[value[starts] != 0]
    if len(length) < LEAST_COUNT / 5:
        return {}
    usual = float(np.quantile(length, RAREST))
    most = max(4, ceil(TIMES_RUN * usual))
    return {"stuck_after": (float(most),)} if most * stream.interval_s <= LONGEST_RUN_S else {}


def _apart(at: I64, value: F64, near: Sequence[Rows]) -> dict[str, Numbers]:
    """Return how far a stream may be from its neighbours: a day's mean, and one value."""
    hour, mean = _by_hour(at, value)
    pairs, plain = [], []
    for one in near:
        hours, means = _by_hour(one["at"].astype(np.int64), one["value"].astype(np.float64))
        both, ours, theirs = np.intersect1d(hour, hours, return_indices=True)
        if len(both) < 24 * LEAST_NEAR_DAYS:
            continue
        apart = np.full(len(hour), np.nan)
        apart[ours] = mean[ours] - means[theirs]
        plain.append(np.abs(apart))
        pairs.append(apart - np.nanmedian(apart))
    if len(pairs) < 2:
        return {}
    stacked = np.array(pairs)
    known = (~np.isnan(stacked)).sum(axis=0) >= 2
    apart = np.nanmedian(stacked[:, known], axis=0)
    day, daily = _by_hour(hour[known], apart, DAY_US)
    if len(day) < LEAST_NEAR_DAYS:
        return {}
    # 1.4826 times the median absolute deviation is the standard deviation of a normal variable.
    spread = 1.4826 * float(np.median(np.abs(daily - np.median(daily))))
    usual = max(spread, float(np.quantile(np.abs(daily), 0.95)) / 2)
    found: dict[str, Numbers] = {}
    if usual > 0:
        drift = (_rounded(TIMES_NEAR * usual),)
        found = {"drift_up": drift, "drift_down": drift}
    nearest = np.nanmin(np.array(plain)[:, known], axis=0)
    if (rarest := float(np.quantile(nearest, 0.999))) > 0:
        found["near_abs"] = (_rounded(TIMES_NEAR / 2 * rarest),)
    return found


def _by_hour(at: I64, value: F64, length: int = HOUR_US) -> tuple[I64, F64]:
    """Return hours (or longer spans) with readings, and the mean of each. [µs]"""
    hours, place = np.unique(at // length * length, return_inverse=True)
    count = np.bincount(place, minlength=len(hours))
    return hours, np.bincount(place, weights=value, minlength=len(hours)) / np.maximum(count, 1)


def _rounded(value: float) -> float:
    """Return three significant digits: more would pretend to a knowledge that history lacks."""
    return float(f"{value:.3g}")


def _is_alike(before: Numbers, after: Numbers) -> bool:
    """Say whether limits differ by less than a twentieth, which is not worth a decision."""
    if len(before) != len(after):
        return False
    return bool(np.allclose(before, after, rtol=0.05, atol=1e-12))
