"""Clean series of small sensor networks by seed, faults put into them, and what is found.

Clean means without faults, not without events: the sea has surges and now and then a tsunami, the
ground shakes, mains burst, feeders trip, cloudbursts hit one gauge, fronts pass. Everything here is
made up; amplitudes are chosen to be plausible and have no source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.domain.observation import (
    UNITS,
    Datastream,
    Observation,
    Quantity,
    StreamHealth,
)
from rencheng.domain.provenance import Mode, Origin
from rencheng.sense.health import stream_status
from rencheng.sense.quality import judge, verdict, watch
from rencheng.service.ingest import AHEAD

F64 = NDArray[np.float64]
Rng = np.random.Generator

TUNING_SEEDS = range(10)
"""Limits and checks were tried on these."""
JUDGING_SEEDS = range(1000, 1010)
"""Figures are reported on these; nothing was changed after they were seen."""
STATIONS, WARM_DAYS, DAYS = 4, 5, 30
START = datetime(2026, 3, 1, tzinfo=UTC)
BATCH_S = 1800.0
FAULTS = ("stuck", "offset", "drift", "spike", "gap", "clock slow", "clock fast")

# Interval [s], low, high, largest change a second, equal values in a row; as a city states them,
# but for the accelerometer, whose noise never repeats and for which a run of ten is stated here.
STATED: dict[Quantity, tuple[float, float, float, float, int]] = {
    Quantity.WATER_LEVEL: (60.0, -15.0, 20.0, 0.05, 10),
    Quantity.PEAK_ACCELERATION: (60.0, 0.0, 4.0, inf, 10),
    Quantity.WATER_PRESSURE: (300.0, 0.0, 1500.0, 50.0, 6),
    Quantity.FEEDER_STATE: (300.0, 0.0, 1.0, inf, 0),
    Quantity.RAIN: (300.0, 0.0, 100.0, inf, 24),
    Quantity.AIR_TEMPERATURE: (600.0, -90.0, 57.0, 0.02, 24),
}
# Magnitudes by kind and fault, least and most, in the unit; both signs where True.
SIZES: dict[tuple[Quantity, str], tuple[float, float, bool]] = {
    (Quantity.WATER_LEVEL, "offset"): (0.5, 3.0, True),
    (Quantity.WATER_LEVEL, "drift"): (0.6, 3.0, True),
    (Quantity.WATER_LEVEL, "spike"): (4.0, 12.0, True),
    (Quantity.PEAK_ACCELERATION, "offset"): (0.01, 0.1, False),
    (Quantity.PEAK_ACCELERATION, "drift"): (0.015, 0.1, False),
    (Quantity.PEAK_ACCELERATION, "spike"): (0.05, 2.0, False),
    (Quantity.WATER_PRESSURE, "offset"): (120.0, 400.0, False),
    (Quantity.WATER_PRESSURE, "drift"): (150.0, 500.0, False),
    (Quantity.WATER_PRESSURE, "spike"): (220.0, 1000.0, False),
    (Quantity.FEEDER_STATE, "offset"): (0.1, 3.0, True),
    (Quantity.FEEDER_STATE, "drift"): (0.1, 3.0, True),
    (Quantity.FEEDER_STATE, "spike"): (2.0, 100.0, True),
    (Quantity.RAIN, "offset"): (0.1, 5.0, False),
    (Quantity.RAIN, "drift"): (1.5, 8.0, False),
    (Quantity.RAIN, "spike"): (40.0, 90.0, False),
    (Quantity.AIR_TEMPERATURE, "offset"): (4.0, 12.0, True),
    (Quantity.AIR_TEMPERATURE, "drift"): (5.0, 15.0, True),
    (Quantity.AIR_TEMPERATURE, "spike"): (10.0, 40.0, True),
}
HIDDEN: dict[tuple[Quantity, str], tuple[float, float, bool]] = {
    (Quantity.WATER_LEVEL, "offset"): (0.05, 0.2, True),
    (Quantity.WATER_LEVEL, "spike"): (0.2, 2.0, True),
    (Quantity.PEAK_ACCELERATION, "spike"): (0.002, 0.015, False),
    (Quantity.WATER_PRESSURE, "offset"): (-200.0, -50.0, False),
    (Quantity.WATER_PRESSURE, "spike"): (-200.0, -50.0, False),
    (Quantity.RAIN, "spike"): (2.0, 12.0, False),
    (Quantity.AIR_TEMPERATURE, "offset"): (0.5, 1.5, True),
    (Quantity.AIR_TEMPERATURE, "spike"): (1.0, 6.0, True),
}
"""Magnitudes that are not expected to be found: too small, or just what the event looks like."""


def streams(quantity: Quantity) -> list[Datastream]:
    """Return a network of stations some kilometres apart."""
    interval, low, high, rate, stuck = STATED[quantity]
    return [
        Datastream(
            id=f"{quantity.value}-{n}", name="", quantity=quantity, unit=UNITS[quantity],
            xy=(-71.3 + 0.03 * n, -29.9), asset="", zone=0, interval_s=interval, low=low,
            high=high, rate=rate, stuck_after=stuck, is_vital=False, origin=Origin.SYNTHETIC,
        )
        for n in range(STATIONS)
    ]  # fmt: skip


def times(quantity: Quantity) -> F64:
    """Return the times of readings after the start. [s]"""
    return np.arange(0.0, (WARM_DAYS + DAYS) * 86400.0, STATED[quantity][0])


# Clean series --------------------------------------------------------------------------------


def wander(t: F64, memory_s: float, sd: float, rng: Rng) -> F64:
    """Return noise that forgets itself within `memory_s` (Ornstein–Uhlenbeck)."""
    from scipy.signal import lfilter

    keep = np.exp(-(t[1] - t[0]) / memory_s)
    shocks = rng.normal(0.0, sd * np.sqrt(1 - keep**2), t.size)
    shocks[0] = rng.normal(0.0, sd)
    return lfilter([1.0], [1.0, -keep], shocks)


def _moments(t: F64, per_month: float, rng: Rng) -> F64:
    return np.sort(rng.uniform(0.0, t[-1], rng.poisson(per_month * t[-1] / (30 * 86400.0))))


def _water_level(t: F64, rng: Rng) -> F64:
    surge = wander(t, 18 * 3600.0, 0.15, rng)
    for moment in _moments(t, 0.5, rng):
        surge += rng.uniform(0.5, 1.5) * np.exp(-(((t - moment) / 40000.0) ** 2))
    tsunamis = _moments(t, 0.5, rng)
    phases = rng.uniform(0, 2 * np.pi, 4)
    found = []
    for _ in range(STATIONS):
        lag, factor = rng.uniform(-600, 600), rng.uniform(0.95, 1.05)
        level = rng.uniform(-1, 1) + surge + wander(t, 6 * 3600.0, 0.02, rng)
        for n, (size, hours) in enumerate(((0.5, 12.42), (0.2, 12), (0.15, 23.93), (0.1, 25.82))):
            level += factor * size * np.cos(2 * np.pi * (t + lag) / 3600 / hours + phases[n])
        for moment in tsunamis:
            since = np.maximum(t - moment - lag, 0.0)
            level += 1.5 * factor * np.sin(2 * np.pi * since / 1500) * np.exp(-since / 20000)
        found.append(np.round(level + rng.normal(0, 0.008, t.size), 3))
    return np.array(found)


def _acceleration(t: F64, rng: Rng) -> F64:
    noise = 4e-4 * (1 + 0.5 * np.sin(2 * np.pi * t / 86400))
    found = noise * rng.lognormal(0.0, 0.35, (STATIONS, t.size))
    for moment in _moments(t, 3.0, rng):
        peak, first = 10 ** rng.uniform(-2.5, -0.4), int(np.searchsorted(t, moment))
        for minute, share in enumerate((1.0, 0.35, 0.12, 0.05)):
            if first + minute < t.size:
                site = rng.lognormal(0.0, 0.4, STATIONS)
                found[:, first + minute] += peak * share * site
    return np.round(found, 5)


def _pressure(t: F64, rng: Rng) -> F64:
    found = []
    for _ in range(STATIONS):
        day = 2 * np.pi * (t + rng.uniform(-3600, 3600)) / 86400
        level = rng.uniform(300, 450) + 30 * np.sin(day) + 10 * np.sin(2 * day)
        level += wander(t, 2 * 3600.0, 4.0, rng) + rng.normal(0, 2, t.size)
        for moment in _moments(t, 40.0, rng):  # a pump runs for some hours
            level[(t >= moment) & (t < moment + 10000)] += 20
        for moment in _moments(t, 0.7, rng):  # a main bursts and is mended
            level[(t >= moment) & (t < moment + rng.uniform(3600, 86400))] -= 200
        found.append(np.round(np.maximum(level, 0.0), 1))
    return np.array(found)


def _feeder(t: F64, rng: Rng) -> F64:
    found = np.ones((STATIONS, t.size))
    for state in found:
        for moment in _moments(t, 1.5, rng):
            state[(t >= moment) & (t < moment + rng.uniform(1800, 8 * 3600))] = 0
    return found


def _rain(t: F64, rng: Rng) -> F64:
    found = np.zeros((STATIONS, t.size))
    for moment in _moments(t, 7.0, rng):
        hours, mean = rng.uniform(2, 14), rng.gamma(2.0, 0.15)
        wet = (t >= moment) & (t < moment + hours * 3600)
        shape = np.exp(wander(t[wet], 3600.0, 0.8, rng)) if wet.sum() > 1 else 1.0
        for gauge in found:
            own = np.exp(wander(t[wet], 3600.0, 0.4, rng)) if wet.sum() > 1 else 1.0
            gauge[wet] += mean * shape * own
    for moment in _moments(t, 2.0, rng):  # a cloudburst over one gauge
        wet, at = (t >= moment) & (t < moment + 2700), rng.integers(0, STATIONS)
        share = np.where(np.arange(STATIONS) == at, 1.0, 0.1)[:, None]
        found[:, wet] += rng.uniform(2.0, 6.0) * share
    tipped = np.floor(np.cumsum(found, axis=1) / 0.1) * 0.1
    return np.round(np.diff(tipped, axis=1, prepend=0.0), 1)


def _temperature(t: F64, rng: Rng) -> F64:
    shared = 14 + wander(t, 4 * 86400.0, 3.0, rng) - 6 * np.cos(2 * np.pi * t / 86400)
    fronts = [(moment, rng.uniform(3, 6)) for moment in _moments(t, 3.0, rng)]
    found = []
    for _ in range(STATIONS):
        level = shared + rng.uniform(-2, 2) + wander(t, 6 * 3600.0, 0.4, rng)
        for moment, drop in fronts:
            since = t - moment - rng.uniform(0, 2400)
            level -= drop * np.clip(since / 1200, 0, 1) * np.exp(-np.maximum(since, 0) / 86400)
        found.append(np.round(level + rng.normal(0, 0.1, t.size), 1))
    return np.array(found)


MADE: dict[Quantity, Callable[[F64, Rng], F64]] = {
    Quantity.WATER_LEVEL: _water_level,
    Quantity.PEAK_ACCELERATION: _acceleration,
    Quantity.WATER_PRESSURE: _pressure,
    Quantity.FEEDER_STATE: _feeder,
    Quantity.RAIN: _rain,
    Quantity.AIR_TEMPERATURE: _temperature,
}


@dataclass(frozen=True)
class Series:
    """What a network sends: a row a reading, by stream, then in the order of sending."""

    quantity: Quantity
    stream: NDArray[np.int64]
    at: F64
    """What the device says. [s]"""
    sent: F64
    """When it really was. [s]"""
    value: F64
    is_faulty: NDArray[np.bool_]


def clean(quantity: Quantity, seed: int) -> Series:
    """Return a network's series without faults."""
    t = times(quantity)
    rng = np.random.default_rng([seed, crc32(quantity.value.encode())])
    values = MADE[quantity](t, rng)
    at = np.tile(t, STATIONS)
    rows = np.repeat(np.arange(STATIONS), t.size)
    return Series(quantity, rows, at, at, values.ravel(), np.zeros(at.size, bool))


# Faults --------------------------------------------------------------------------------------


def broken(
    series: Series,
    fault: str,
    seed: int,
    sizes: dict[tuple[Quantity, str], tuple[float, float, bool]] = SIZES,
) -> Series:
    """Return the series with one fault in station 0, at a time and of a size by seed."""
    rng = np.random.default_rng([seed, crc32(f"{series.quantity}/{fault}".encode())])
    interval = STATED[series.quantity][0]
    t = times(series.quantity)
    days = {"stuck": (0.5, 2), "offset": (3, 10), "drift": (10, 20), "gap": (0.05, 1),
            "clock slow": (1, 5), "clock fast": (1, 5), "spike": (0, 0)}[fault]  # fmt: skip
    count = max(1, int(rng.uniform(*days) * 86400 / interval))
    first = int(rng.integers(np.searchsorted(t, WARM_DAYS * 86400.0), t.size - count))
    if fault == "stuck" and series.quantity is Quantity.RAIN:
        first = _before_rain(series, first, count)
    span = slice(first, first + count)
    low, high, both = sizes.get((series.quantity, fault), (0.0, 0.0, False))
    size = rng.uniform(low, high) * (rng.choice([-1, 1]) if both else 1)
    value, at = series.value.copy(), series.at.copy()
    is_faulty = series.is_faulty.copy()
    is_faulty[span] = True
    if fault == "stuck":
        value[span] = value[first - 1]
    elif fault == "offset" or fault == "spike":
        value[span] += size
    elif fault == "drift":
        value[span] += size * np.linspace(0, 1, count)
    elif fault == "gap":
        value[span] = nan
    elif fault == "clock slow":
        at[span] -= rng.uniform(4 * interval + 300, 6 * 3600)
    elif fault == "clock fast":
        at[span] += rng.uniform(2 * AHEAD.total_seconds(), 6 * 3600)
    return replace(series, value=value, at=at, is_faulty=is_faulty)


def _before_rain(series: Series, first: int, count: int) -> int:
    """Return a start after which the other gauges have rain: a dry spell betrays nothing."""
    others = series.value.reshape(STATIONS, -1)[1:].min(axis=0)
    ahead = np.convolve(others, np.ones(count), "full")[count - 1 :][: others.size]
    ahead[np.arange(others.size) < WARM_DAYS * 288] = 0
    ahead[others.size - count :] = 0
    wet = np.flatnonzero(ahead >= 25.0)
    if not wet.size:
        wet = np.array([int(np.argmax(ahead))])
    return max(1, int(wet[np.argmin(np.abs(wet - first))]))


# Judging -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What quality control said of a series."""

    is_found: bool
    false_flags: int
    """Values flagged outside the fault, in any station, in the days that are judged."""
    reasons: tuple[str, ...]
    """Reasons within the fault."""


def judged(series: Series) -> Found:
    """Judge a series as it comes in, batch by batch, and look for its fault."""
    known = streams(series.quantity)
    watched = watch(known, load_quality_limits())
    memory = watched.nothing_heard()
    start = START.timestamp()
    is_kept = ~np.isnan(series.value)
    refused = is_kept & (series.at > series.sent + AHEAD.total_seconds())
    is_kept &= ~refused
    bits = np.zeros(series.at.size, np.uint16)
    batch = np.floor(series.sent / BATCH_S)
    order = np.lexsort((series.at, series.stream, batch))
    order = order[is_kept[order]]
    for part in np.split(order, np.flatnonzero(np.diff(batch[order])) + 1):
        bits[part] = judge(
            watched,
            memory,
            series.stream[part],
            ((start + series.at[part]) * 1e6).astype(np.int64),
            ((start + series.sent[part] + 2.0) * 1e6).astype(np.int64),
            series.value[part],
        )
    is_flagged, is_judged = bits > 0, series.sent >= WARM_DAYS * 86400.0
    within = np.bitwise_or.reduce(bits[series.is_faulty], initial=0)
    is_silent = _is_silent(series, known[0], is_kept)
    names = [reason.value for reason in verdict(int(within), "").reasons]
    names += ["silent"] * is_silent + ["refused"] * bool(refused[series.is_faulty].any())
    return Found(
        is_found=bool(names),
        false_flags=int((is_flagged & ~series.is_faulty & is_judged).sum()),
        reasons=tuple(names),
    )


def _is_silent(series: Series, stream: Datastream, is_kept: NDArray[np.bool_]) -> bool:
    """Say whether the stream's health says silent at the end of the fault, of a whole silence."""
    span = np.flatnonzero(series.is_faulty)
    if not span.size or is_kept[span].any():
        return False
    row = span[0] - 1
    last = Observation(
        id="", datastream=stream.id, value=float(series.value[row]),
        phenomenon_time=START + timedelta(seconds=float(series.at[row])),
        received=START + timedelta(seconds=float(series.sent[row])), verdict=verdict(0, ""),
        mode=Mode.TEST, run="",
    )  # fmt: skip
    end = START + timedelta(seconds=float(series.sent[span[-1]]))
    return stream_status(stream, last, last, [last], end).health is StreamHealth.SILENT
