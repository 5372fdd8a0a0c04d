"""Faults put into clean series of small sensor networks by seed, and what is found of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import nan
from zlib import crc32

import numpy as np
from clean_series import F64, MADE, STATED, STATIONS, WARM_DAYS, times
from numpy.typing import NDArray

from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.domain.observation import (
    UNITS,
    Datastream,
    Quantity,
    StreamHealth,
)
from rencheng.domain.provenance import Origin
from rencheng.sense.health import Heard, stream_status
from rencheng.sense.quality import judge, verdict, watch
from rencheng.service.intake import AHEAD

TUNING_SEEDS = range(20)
"""Limits and checks were tried on these."""
JUDGING_SEEDS = range(3000, 3020)
"""Figures are reported on these; nothing was changed after they were seen."""
START = datetime(2026, 3, 1, tzinfo=UTC)
BATCH_S = 1800.0
FAULTS = ("stuck", "offset", "drift", "spike", "unit", "gap", "clock slow", "clock fast")

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
    (Quantity.FREE_BEDS, "spike"): (400.0, 4000.0, False),
    (Quantity.WIND_SPEED, "offset"): (5.0, 15.0, False),
    (Quantity.WIND_SPEED, "drift"): (8.0, 20.0, False),
    (Quantity.WIND_SPEED, "spike"): (120.0, 300.0, False),
    (Quantity.WIND_GUST, "offset"): (8.0, 20.0, False),
    (Quantity.WIND_GUST, "drift"): (12.0, 30.0, False),
    (Quantity.WIND_GUST, "spike"): (150.0, 400.0, False),
    (Quantity.VISIBILITY, "offset"): (9000.0, 15000.0, False),
    (Quantity.VISIBILITY, "drift"): (12000.0, 20000.0, False),
    (Quantity.VISIBILITY, "spike"): (100000.0, 200000.0, False),
    (Quantity.SNOW, "offset"): (1.0, 5.0, False),
    (Quantity.SNOW, "drift"): (2.0, 8.0, False),
    (Quantity.SNOW, "spike"): (20.0, 45.0, False),
    (Quantity.GROUND_TEMPERATURE, "offset"): (6.0, 15.0, True),
    (Quantity.GROUND_TEMPERATURE, "drift"): (8.0, 20.0, True),
    (Quantity.GROUND_TEMPERATURE, "spike"): (18.0, 50.0, True),
    (Quantity.OTHER, "spike"): (4.5, 9.0, False),
}
UNITS_MIXED: dict[Quantity, tuple[tuple[float, float], ...]] = {
    Quantity.WATER_LEVEL: ((100.0, 0.0), (1000.0, 0.0), (1 / 0.3048, 0.0)),
    Quantity.PEAK_ACCELERATION: ((980.665, 0.0), (100.0, 0.0), (9.80665, 0.0)),
    Quantity.WATER_PRESSURE: ((10.0, 0.0), (1000.0, 0.0)),
    Quantity.RAIN: ((100.0, 0.0),),
    Quantity.AIR_TEMPERATURE: ((1.8, 32.0), (1.0, 273.15)),
    Quantity.WIND_SPEED: ((3.6, 0.0), (1 / 0.514444, 0.0)),
    Quantity.WIND_GUST: ((3.6, 0.0), (1 / 0.514444, 0.0)),
    Quantity.VISIBILITY: ((0.001, 0.0), (3.28084, 0.0)),
    Quantity.SNOW: ((100.0, 0.0),),
    Quantity.GROUND_TEMPERATURE: ((1.8, 32.0), (1.0, 273.15)),
}
"""Factor and shift by which a device that is set to another unit is wrong."""
NOT_LOOKED_FOR = {
    (Quantity.FEEDER_STATE, "stuck"): "a state may stay as it is",
    (Quantity.FEEDER_STATE, "unit"): "a state has no unit",
    (Quantity.FREE_BEDS, "stuck"): "a count may stay as it is",
    (Quantity.FREE_BEDS, "offset"): "whole beds more or less look like patients",
    (Quantity.FREE_BEDS, "drift"): "whole beds more or less look like patients",
    (Quantity.FREE_BEDS, "unit"): "a count has no unit",
    (Quantity.OTHER, "offset"): "no limits are stated for it",
    (Quantity.OTHER, "drift"): "no limits are stated for it",
    (Quantity.OTHER, "unit"): "the house does not know it",
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
            id=f"{quantity.value}-{n}", name="", quantity=quantity,
            unit=UNITS.get(quantity, "mg/L"), xy=(-71.3 + 0.03 * n, -29.9), asset="",
            zone=0, interval_s=interval, low=low,
            high=high, rate=rate, stuck_after=stuck, is_vital=False, origin=Origin.SYNTHETIC,
        )
        for n in range(STATIONS)
    ]  # fmt: skip


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
            "unit": (3, 10), "clock slow": (1, 5), "clock fast": (1, 5), "spike": (0, 0),
            }[fault]  # fmt: skip
    least = 5 if fault == "gap" else 1  # what is shorter is no silence yet
    count = max(least, int(rng.uniform(*days) * 86400 / interval))
    first = int(rng.integers(np.searchsorted(t, WARM_DAYS * 86400.0), t.size - count))
    if fault in ("stuck", "unit") and series.quantity in (Quantity.RAIN, Quantity.SNOW):
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
    elif fault == "unit":
        factor, shift = rng.choice(np.array(UNITS_MIXED[series.quantity]))
        value[span] = value[span] * factor + shift
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
    ahead[times(series.quantity) < WARM_DAYS * 86400.0] = 0
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
    last = Heard(
        at=START + timedelta(seconds=float(series.at[row])),
        value=float(series.value[row]),
        is_suspect=False,
        good=float(series.value[row]),
        equal=1,
    )
    end = START + timedelta(seconds=float(series.sent[span[-1]]))
    return stream_status(stream, last, end).health is StreamHealth.SILENT
