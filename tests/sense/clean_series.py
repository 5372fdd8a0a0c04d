"""Clean series of small sensor networks by seed: the events are there, the faults are not.

The sea has surges and now and then a tsunami, the ground shakes, mains burst, feeders trip,
cloudbursts hit one gauge, fronts and squalls pass, fog comes and goes. Everything here is made up;
amplitudes are chosen to be plausible and have no source.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import Quantity

F64 = NDArray[np.float64]
Rng = np.random.Generator

STATIONS, WARM_DAYS, DAYS = 4, 5, 30
# Interval [s], low, high, largest change a second, equal values in a row; as a city states them,
# but for the accelerometer, whose noise never repeats and for which a run of ten is stated here.
STATED: dict[Quantity, tuple[float, float, float, float, int]] = {
    Quantity.WATER_LEVEL: (60.0, -15.0, 20.0, 0.05, 10),
    Quantity.PEAK_ACCELERATION: (60.0, 0.0, 4.0, inf, 10),
    Quantity.WATER_PRESSURE: (300.0, 0.0, 1500.0, 50.0, 6),
    Quantity.FEEDER_STATE: (300.0, 0.0, 1.0, inf, 0),
    Quantity.FREE_BEDS: (3600.0, 0.0, 400.0, inf, 0),
    Quantity.RAIN: (300.0, 0.0, 100.0, inf, 24),
    Quantity.AIR_TEMPERATURE: (600.0, -90.0, 57.0, 0.02, 24),
    Quantity.WIND_SPEED: (600.0, 0.0, 120.0, inf, 24),
    Quantity.WIND_GUST: (600.0, 0.0, 150.0, inf, 24),
    Quantity.VISIBILITY: (600.0, 0.0, 100000.0, inf, 24),
    Quantity.SNOW: (600.0, 0.0, 50.0, inf, 24),
    Quantity.GROUND_TEMPERATURE: (600.0, -90.0, 90.0, 0.03, 24),
    Quantity.OTHER: (300.0, 0.0, 5.0, 0.01, 12),
}


def times(quantity: Quantity) -> F64:
    """Return the times of readings after the start. [s]"""
    return np.arange(0.0, (WARM_DAYS + DAYS) * 86400.0, STATED[quantity][0])


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


def _ground(t: F64, rng: Rng) -> F64:
    shared = 12 + wander(t, 5 * 86400.0, 2.5, rng) - 9 * np.cos(2 * np.pi * t / 86400)
    found = []
    for _ in range(STATIONS):
        level = shared * rng.uniform(0.93, 1.07) + rng.uniform(-2, 2)
        level += wander(t, 6 * 3600.0, 0.5, rng)
        found.append(np.round(level + rng.normal(0, 0.15, t.size), 1))
    return np.array(found)


def _beds(t: F64, rng: Rng) -> F64:
    found = []
    for _ in range(STATIONS):
        level = rng.uniform(60, 200) + wander(t, 2 * 86400.0, 12.0, rng)
        level += 6 * np.sin(2 * np.pi * t / 86400)
        for moment in _moments(t, 0.7, rng):  # many come at once and leave within days
            since = np.maximum(t - moment, 0.0)
            level -= np.where(t >= moment, rng.uniform(20, 60) * np.exp(-since / 2e5), 0.0)
        found.append(np.round(np.clip(level, 0, 400)))
    return np.array(found)


def _wind(t: F64, rng: Rng) -> tuple[F64, list[tuple[int, float, float]]]:
    """Return the mean wind, and squalls: which station, when, how strong."""
    day = 1 + 0.4 * np.sin(2 * np.pi * t / 86400)
    shared = np.exp(1.1 + wander(t, 86400.0, 0.45, rng)) * day
    squalls = [
        (int(rng.integers(0, STATIONS)), float(moment), float(rng.uniform(10, 22)))
        for moment in _moments(t, 2.0, rng)
    ]
    found = []
    for row in range(STATIONS):
        own = shared * rng.uniform(0.8, 1.2) * np.exp(wander(t, 3600.0, 0.15, rng))
        for station, moment, size in squalls:
            if station == row:
                own[(t >= moment) & (t < moment + 1800)] += size
        found.append(own)
    return np.array(found), squalls


def _wind_speed(t: F64, rng: Rng) -> F64:
    return np.round(_wind(t, rng)[0], 1)


def _wind_gust(t: F64, rng: Rng) -> F64:
    speed = _wind(t, rng)[0]
    return np.round(speed * rng.uniform(1.3, 1.9, speed.shape), 1)


def _visibility(t: F64, rng: Rng) -> F64:
    shared = wander(t, 43200.0, 5000.0, rng)
    found = []
    for _ in range(STATIONS):
        level = 18000 + shared + wander(t, 7200.0, 1500.0, rng)
        for moment in _moments(t, 4.0, rng):  # fog over one station
            level[(t >= moment) & (t < moment + rng.uniform(3600, 20000))] = rng.uniform(80, 900)
        found.append(np.round(np.clip(level + rng.normal(0, 150, t.size), 50, 35000), -1))
    return np.array(found)


def _snow(t: F64, rng: Rng) -> F64:
    found = np.zeros((STATIONS, t.size))
    for moment in _moments(t, 9.0, rng):
        hours, mean = rng.uniform(4, 24), rng.gamma(2.0, 0.12)
        wet = (t >= moment) & (t < moment + hours * 3600)
        shape = np.exp(wander(t[wet], 3600.0, 0.5, rng)) if wet.sum() > 1 else 1.0
        for gauge in found:
            own = np.exp(wander(t[wet], 3600.0, 0.3, rng)) if wet.sum() > 1 else 1.0
            gauge[wet] += mean * shape * own
    tipped = np.floor(np.cumsum(found, axis=1) / 0.1) * 0.1
    return np.round(np.diff(tipped, axis=1, prepend=0.0), 1)


def _other(t: F64, rng: Rng) -> F64:
    """Residual chlorine: what the house has no model of."""
    found = []
    for _ in range(STATIONS):
        level = rng.uniform(0.5, 1.0) + wander(t, 86400.0, 0.06, rng)
        level += 0.05 * np.sin(2 * np.pi * t / 86400) + rng.normal(0, 0.01, t.size)
        found.append(np.round(np.maximum(level, 0.0), 3))
    return np.array(found)


MADE: dict[Quantity, Callable[[F64, Rng], F64]] = {
    Quantity.WATER_LEVEL: _water_level,
    Quantity.PEAK_ACCELERATION: _acceleration,
    Quantity.WATER_PRESSURE: _pressure,
    Quantity.FEEDER_STATE: _feeder,
    Quantity.FREE_BEDS: _beds,
    Quantity.RAIN: _rain,
    Quantity.AIR_TEMPERATURE: _temperature,
    Quantity.WIND_SPEED: _wind_speed,
    Quantity.WIND_GUST: _wind_gust,
    Quantity.VISIBILITY: _visibility,
    Quantity.SNOW: _snow,
    Quantity.GROUND_TEMPERATURE: _ground,
    Quantity.OTHER: _other,
}
