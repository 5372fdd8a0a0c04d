"""Quality control of whole batches: flags beside the values, never a change to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from rencheng.domain.observation import (
    RESTS_AT_ZERO,
    Datastream,
    Quality,
    QualityReason,
    Verdict,
)
from rencheng.domain.quality import QualityLimits

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
Bits = NDArray[np.uint16]

VERSION = "quality 3"
"""Version of the checks below; every verdict carries it, with that of the limits."""
REASONS = tuple(QualityReason)
"""By bit: the first reason is bit 0."""
NEVER = -(2**62)
"""Stands for a time that never was. [µs]"""
NEIGHBOURS = 4
"""Neighbours that a stream is held against, at most. Chosen; no source."""
UNITS_TRIED = 6
FAST_S = 86400.0
"""Memory of the short mean. Chosen: a day, so that tides and days average out. [s]"""
SLOW_S = 30 * 86400.0
"""Memory of the long mean. Chosen. [s]"""
WARM_S = 3 * 86400.0
"""How long a stream is heard before its drift is judged. Chosen. [s]"""
ASKED = 1000
"""Streams whose lag a small batch is held against, at most. Chosen."""
EARTH_M = 6371008.8

LIMITS = np.dtype(
    [
        ("rate", "f8"), ("interval", "f8"), ("stuck_after", "i8"), ("rests_at_zero", "?"),
        ("is_whole", "?"), ("spike_up", "f8"), ("spike_down", "f8"), ("near_abs", "f8"),
        ("near_rel", "f8"), ("drift_up", "f8"), ("drift_down", "f8"), ("is_drift_shared", "?"),
        ("rain_owed", "f8"), ("lag", "f8"),
    ]
)  # fmt: skip
"""Limits of a stream; `interval` and `lag` [s]."""
MEMORY = np.dtype(
    [
        ("last_at", "i8"), ("last", "f8"), ("equal", "i8"), ("good_at", "i8"), ("good", "f8"),
        ("begun_at", "i8"), ("level_at", "i8"), ("level", "f8"), ("heard", "i8"), ("lag", "f8"),
        ("excess", "f8"), ("first_at", "i8"), ("mean_at", "i8"), ("fast", "f8"),
        ("pair_of", "i4", (4,)), ("pair", "f8", (4,)), ("pair_from", "i8", (4,)),
        ("pair_at", "i8", (4,)), ("owed", "f8"),
    ]
)  # fmt: skip
"""What is remembered of a stream: its last value, how many equal ones in a row, the last one that
passed its own checks, its mean of a month, when it was last heard [µs] and how late [s], the mean
of a day of how far it is from that mean or from where its neighbours place it, its usual difference
from each neighbour, and the rain that they had while it said none."""


MEANS = (
    "begun_at", "level_at", "level", "first_at", "mean_at", "fast", "pair_of", "pair", "pair_from",
    "pair_at",
)  # fmt: skip
"""What of the memory is learnt over days."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Streams as arrays: what their values are held against, and who stands near whom."""

    low: F64
    """Lowest plausible value by month. (streams, 12)"""
    high: F64
    limits: NDArray[Any]
    """Of `LIMITS`. (streams,)"""
    near: I32
    """Neighbours of the same quantity, -1 where there are no more. (streams, NEIGHBOURS)"""
    units: F64
    """Factors of other units, NaN where there are no more. (streams, UNITS_TRIED)"""
    version: str
    reach: F64
    """How far away a neighbour may stand. [m] (streams,)"""

    def nothing_heard(self) -> NDArray[Any]:
        """Return the memory of streams that said nothing yet, of `MEMORY`. (streams,)"""
        memory = np.zeros(len(self.limits), MEMORY)
        for key in ("last_at", "good_at", "begun_at", "heard", "first_at"):
            memory[key] = NEVER
        memory["pair_of"] = -1
        memory["lag"] = np.nan
        return memory


def watch(streams: Sequence[Datastream], limits: QualityLimits) -> Watched:
    """Return streams as arrays."""
    return _with(streams, limits, None)


def grown(watched: Watched, streams: Sequence[Datastream], limits: QualityLimits) -> Watched:
    """Return streams as arrays, of which the first ones are watched already."""
    return _with(streams, limits, watched)


def _with(streams: Sequence[Datastream], limits: QualityLimits, known: Watched | None) -> Watched:
    count, held = len(streams), len(known.limits) if known is not None else 0
    rows = np.zeros(count, LIMITS)
    low, high, reach = np.empty((count, 12)), np.empty((count, 12)), np.zeros(count)
    units = np.full((count, UNITS_TRIED), np.nan)
    if known is not None:
        rows[:held], low[:held], high[:held] = known.limits, known.low, known.high
        units[:held], reach[:held] = known.units, known.reach
    for i in range(held, count):
        stream = streams[i]
        own = limits.of(stream)
        low[i], high[i] = own.low_by_month or stream.low, own.high_by_month or stream.high
        units[i, : len(own.other_units)] = own.other_units
        reach[i] = own.reach_m
        rows[i] = (
            stream.rate if own.rate is None else own.rate, stream.interval_s,
            stream.stuck_after if own.stuck_after is None else own.stuck_after,
            stream.quantity in RESTS_AT_ZERO,
            own.is_whole, own.spike_up, own.spike_down, own.near_abs, own.near_rel, own.drift_up,
            own.drift_down, own.is_drift_shared, own.rain_owed, own.lag_s,
        )  # fmt: skip
    version = f"{VERSION}/{limits.version}" if limits.version else VERSION
    return Watched(low, high, rows, _near(streams, reach), units, version, reach)


def _near(streams: Sequence[Datastream], reach: F64) -> I32:
    """Return the nearest streams of the same quantity within reach, other places first to last."""
    near = np.full((len(streams), NEIGHBOURS), -1, np.int32)
    lon, lat = np.radians(np.array([s.xy for s in streams], dtype=float).reshape(-1, 2)).T
    place = EARTH_M * np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )
    kind = np.array([s.quantity.value for s in streams])
    for quantity in np.unique(kind):
        of = np.flatnonzero(kind == quantity)
        if len(of) < 2 or not (reach[of] > 0).any():
            continue
        k = min(NEIGHBOURS + 1, len(of))
        distance, found = cKDTree(place[of]).query(place[of], k=k)
        others = of[found].astype(np.int32)
        is_far = (others == of[:, None]) | (distance > reach[of, None])
        others[is_far] = -1
        order = np.argsort(is_far, axis=1, kind="stable")[:, :NEIGHBOURS]
        near[of, : order.shape[1]] = np.take_along_axis(others, order, axis=1)
    return near


def judge(
    watched: Watched, memory: NDArray[Any], stream: I64, at: I64, received: I64, value: F64
) -> Bits:
    """Say of a batch of readings how far to trust each, and remember what the next batch needs.

    Parameters
    ----------
    watched
        What the streams' values are held against.
    memory
        What is remembered of each stream, of `MEMORY`; changed in place. (streams,)
    stream
        Row of each reading's stream; sorted by it, then by `at`. (n,)
    at
        When it was so in the world. [µs UTC] (n,)
    received
        When it was heard. [µs UTC] (n,)
    value
        Raw values, in their streams' units; NaN is suspect. (n,)

    Returns
    -------
    reasons
        Bits of `REASONS`; 0: good. (n,)

    Notes
    -----
    A stream's own checks: `range` by month, `rate` against the last good value, `spike` (away from
    the last good value, and from the last one if that was suspect, so that a true jump is believed
    at its second reading, and a return towards the month's mean at once), `stuck`, `late` (older
    than what was heard; compared with nothing), `clock` (two readings in a row, heard one interval
    apart, lag alike behind the other streams' usual lag; a backlog sent at once does not), and
    `unit` beside one of the first three, when another unit would put the value within 2 % of the
    last good one.

    Checks against others follow, with the neighbours' values of the same batch or before that
    passed their own checks: `neighbour` when two or more neighbours spoke within half an interval
    and none agrees, `rain` when it rains on every neighbour and the gauge has said none for too
    long, and `drift` when the mean of a day lies away from the mean of a month and the value itself
    does so by half of that: the mean of the value, or of how far it stands above the month's mean
    compared with the median of what its neighbours stand above theirs. A neighbour that has not
    spoken yet is not waited for.

    The tests of single streams follow the gross-range, rate-of-change, spike and flat-line tests
    of the IOOS manuals for real-time data (QARTOD) in kind; the rest is our own. How many injected
    faults are found is measured by `benchmarks/faults.py`. Cost: see `benchmarks/quality.py`.
    """
    from rencheng.sense import quality_kernel

    reasons = np.zeros(len(stream), np.uint16)
    if not len(stream):
        return reasons
    month = (at.astype("M8[us]").astype("M8[M]").astype(np.int64) % 12).astype(np.int64)
    first = np.append(np.flatnonzero(np.diff(stream, prepend=-1)), len(stream)).astype(np.int64)
    before = memory[stream[first[:-1]]]
    common = usual_lag(memory, at, received, first)
    limits = (watched.low, watched.high, watched.limits, watched.units)
    readings = (stream, at, received, value, month)
    quality_kernel.own(limits, memory, readings, common, reasons)
    own = reasons.copy()
    quality_kernel.others(
        watched.limits, watched.near, before, memory, readings, first, own, reasons
    )
    return reasons


def relearn(
    watched: Watched, memory: NDArray[Any], stream: I64, hour: I64, mean: F64
) -> NDArray[Any]:
    """Learn the means behind `drift` from hourly means, as after a start of the service.

    Parameters
    ----------
    watched
        What the streams' values are held against.
    memory
        Of `MEMORY`; the means in it are replaced where there are hours, the rest stays. (streams,)
    stream, hour, mean
        Row of each stream, begin of each hour [µs] and the mean of the values that passed their own
        checks in it, in any order. (n,)

    Returns
    -------
    memory
        A copy with the means.
    """
    from rencheng.sense import quality_kernel

    if not len(stream):
        return memory.copy()
    order = np.lexsort((stream, hour))
    stream, hour, mean = stream[order].astype(np.int64), hour[order], mean[order]
    limits = watched.limits.copy()
    limits["interval"] = 3600.0
    learnt = watched.nothing_heard()
    first = np.append(np.flatnonzero(np.diff(hour, prepend=NEVER)), len(hour)).astype(np.int64)
    readings = (stream, hour + 1_800_000_000, hour, mean, stream)
    quality_kernel.follow(limits, watched.near, learnt, readings, first)
    fresh, heard = memory.copy(), np.unique(stream)
    for name in MEANS:
        fresh[name][heard] = learnt[name][heard]
    return fresh


def usual_lag(memory: NDArray[Any], at: I64, received: I64, first: I64) -> float:
    """Return how late streams are heard now, so that a slow network is no slow clock. [s]"""
    last = first[1:] - 1
    if len(last) >= 3:
        return max(0.0, float(np.median((received[last] - at[last]) / 1e6)))
    # A batch of one or two asks some of the other streams; all of them when those are silent.
    for lags in (memory["lag"][:: len(memory) // ASKED + 1], memory["lag"]):
        known = lags[~np.isnan(lags)]
        if len(known) >= 3:
            return max(0.0, float(np.median(known)))
    return 0.0


def verdict(bits: int, version: str) -> Verdict:
    """Return reasons in words."""
    reasons = tuple(reason for i, reason in enumerate(REASONS) if bits >> i & 1)
    quality = Quality.SUSPECT if reasons else Quality.GOOD
    return Verdict(quality=quality, reasons=reasons, version=version)


def equal_in_a_row(value: float, recent: Sequence[tuple[datetime, float]]) -> int:
    """Return how many equal values end with `value`, itself included."""
    count = 1
    for _, earlier in reversed(recent):
        if earlier != value:
            break
        count += 1
    return count
