"""Coverage and uptime of the sensing net: where the city looks, and where it is blind.

What is tied to an asset (a feeder, the mains of a zone, a hospital's beds) is seen where a stream
watches it. What is spread over the open (rain, level, temperature, wind, shaking) is seen within
the reach of a station, the same distance that quality control calls a neighbour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from rencheng.domain.city import F64, I32, I64, City, Flags
from rencheng.domain.net import NetHealth
from rencheng.domain.observation import Datastream, Quantity, StreamHealth

REACH_M = 10_000.0
"""Reach of a station whose quantity states none. Chosen; no source. [m]"""
HOUR_S = 3600.0
BOUND = frozenset({Quantity.FEEDER_STATE, Quantity.WATER_PRESSURE, Quantity.FREE_BEDS})
"""Quantities that tell of an asset, not of the open."""
_METRES = 111_195.0
"""One degree of a great circle of the sphere of 6,371 km. [m]"""


def hours_up(row: I32, hour: I64, interval_s: F64, start: datetime, end: datetime) -> F64:
    """Return the share of the time in which each stream gave good values.

    Parameters
    ----------
    row, hour
        Stream and hour [µs UTC] of every hour in which a good value came. (n,) each
    interval_s
        Expected time between values of each stream [s]; one that is longer than an hour is
        counted in blocks of as many whole hours. (streams,)
    start, end
        The time looked at, whole hours apart at least one. [UTC]

    Returns
    -------
    (streams,) shares, 0 to 1.
    """
    first = int(start.timestamp() // HOUR_S)
    count = max(1, int(end.timestamp() // HOUR_S) - first)
    block = np.maximum(1, np.ceil(interval_s / HOUR_S)).astype(np.int64)
    block = np.minimum(block, count)
    place = hour // int(HOUR_S * 1e6) - first
    inside = (place >= 0) & (place < count)
    stream, place = row[inside].astype(np.int64), place[inside]
    blocks = -(-count // block)
    heard = np.unique(stream * count + place // block[stream])
    found: F64 = np.bincount(heard // count, minlength=len(interval_s)) / blocks
    return found


def net_health(
    city: City,
    healths: Mapping[str, StreamHealth],
    uptime: Mapping[str, float],
    reach: Mapping[Quantity, float],
    *,
    since: datetime,
    at: datetime,
) -> NetHealth:
    """Say which zones the net sees.

    Parameters
    ----------
    city
        Zones, assets and streams.
    healths
        Health of each stream; a stream that is missing was never heard.
    uptime
        Share of hours in which each stream gave good values.
    reach
        How far a station tells of the open, by quantity; others `REACH_M`. [m]
    since, at
        The time that uptime is counted over. [UTC]
    """
    quantities = tuple(q for q in Quantity if any(s.quantity is q for s in city.datastreams))
    shape = (len(quantities), len(city.zones.id))
    expected, seen = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    streams, ok = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    total = np.zeros(shape)
    for row, quantity in enumerate(quantities):
        own = [s for s in city.datastreams if s.quantity is quantity]
        good = [s for s in own if healths.get(s.id) is StreamHealth.OK]
        zones = np.array([s.zone for s in own], dtype=np.int64)
        inside = zones >= 0
        streams[row] = np.bincount(zones[inside], minlength=shape[1])
        ok[row] = np.bincount([s.zone for s in good if s.zone >= 0], minlength=shape[1])
        share = np.array([uptime.get(s.id, 0.0) for s in own])
        total[row] = np.bincount(zones[inside], share[inside], shape[1])
        expected[row] = _expected(city, quantity) | (streams[row] > 0)
        seen[row] = (
            ok[row] > 0
            if quantity in BOUND
            else _reached(city, good, reach.get(quantity) or REACH_M)
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / streams
    return NetHealth(
        at=at,
        since=since,
        quantities=quantities,
        expected=expected,
        seen=seen,
        streams=streams,
        ok=ok,
        uptime=np.where(streams > 0, mean, np.nan),
    )


def _expected(city: City, quantity: Quantity) -> Flags:
    """Return the zones that have something for the quantity to tell of. (zones,)"""
    count = len(city.zones.id)
    if quantity is Quantity.FEEDER_STATE:
        kinds = np.array([kind == "feeder" for kind in city.lifelines.kind], dtype=bool)
        return _held(city.lifelines.zone[kinds], count)
    if quantity is Quantity.FREE_BEDS:
        return _held(city.facilities.zone[np.nan_to_num(city.facilities.beds) > 0], count)
    if quantity is Quantity.OTHER:
        return np.zeros(count, dtype=bool)
    # Water and the open concern every zone in which somebody lives.
    return np.asarray(city.zones.population > 0)


def _held(zone: I32, count: int) -> Flags:
    return np.bincount(zone[zone >= 0], minlength=count) > 0


def _reached(city: City, good: Sequence[Datastream], reach_m: float) -> Flags:
    """Return the zones whose centre lies within reach of a good station. (zones,)"""
    centre = city.zones.centre
    if not good:
        return np.zeros(len(centre), dtype=bool)
    place = np.array([s.xy for s in good])
    flat = np.cos(np.radians(city.zones.centre[:, 1].mean()))
    step = (centre[:, None, :] - place[None, :, :]) * np.array([flat, 1.0]) * _METRES
    return np.asarray(np.hypot(step[..., 0], step[..., 1]).min(axis=1) <= reach_m)
