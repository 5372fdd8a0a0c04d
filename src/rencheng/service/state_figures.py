"""Figures of the city's state that alarm rules read, as streams of the house's own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, nan

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.hazard import StationRecord
from rencheng.domain.impact import CityState
from rencheng.domain.observation import Datastream, Quantity, StreamHealth, StreamStatus
from rencheng.domain.provenance import Origin
from rencheng.domain.readings import ROW, Rows, to_us
from rencheng.domain.watch import STATE_FIGURES, figure_stream
from rencheng.sense.rules.compiled import Ground

GROUND, SEA, POWER, WATER = "ground", "sea", "power", "water"
"""Objects of the figures that speak of the whole city."""
LOOKED_BACK = timedelta(hours=1)
"""How far back shaking and tide count: longer than the run's clock moves between two turns. Chosen.
"""
AGREE_WITHIN = timedelta(minutes=10)
"""How close in time two accelerometers must have recorded the same shaking. Chosen."""
BACKGROUND_G = 0.01
"""What stays below is no record of shaking; strong-motion stations usually start there. Assumed."""
TIDE_READINGS = 3
"""So many readings must be so far off: one alone neither raises an alarm nor sets its level."""
LEAST_KNOWN = 0.5
"""Share of the watched feeders, or points, that must be known before a share of them is. Chosen."""
INTERVAL_S = 1200.0
"""Expected time between two turns on the run's clock; a fast replay moves far between them. [s]"""
_RESTING = tuple(figure_stream(figure, "") for figure in ("silent", "stuck"))
"""Figures about single streams, of which most are 0 most of the time."""
_LEAST_STREAMS = 2
_WHOLE = {
    "shaking": (GROUND, ""),
    "tide": (SEA, ""),
    "power_out": (POWER, Quantity.FEEDER_STATE),
    "water_out": (WATER, Quantity.WATER_PRESSURE),
}

Params = dict[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """What the figures are made of."""

    at: datetime
    city: City
    statuses: Mapping[str, StreamStatus]
    records: Sequence[StationRecord]
    """Good peak accelerations of the time looked back, any order."""
    state: CityState


@dataclass(frozen=True, slots=True)
class Said:
    """One figure about one object."""

    value: float
    """In the unit of the figure; NaN unknown."""
    params: Params
    """What its sentence names besides."""


@dataclass(frozen=True, slots=True)
class StatePlace:
    """The house's own streams of state figures, as rules know a place."""

    datastreams: tuple[Datastream, ...]
    zones: Ground
    ids: tuple[str, ...]
    """Of the streams."""
    resting: F64
    """What each is while nothing is kept of it: 0 for what is mostly so, else NaN. (streams,)"""


def state_place(city: City) -> StatePlace:
    """Return the streams of state figures of a city; those of streams come last, in their order."""
    facilities = city.facilities
    found = [_own(figure, about, about, -1) for figure, (about, _) in _WHOLE.items()]
    found += [
        _own("free_beds", facilities.id[row], facilities.name[row], int(facilities.zone[row]))
        for row in np.flatnonzero(facilities.beds > 0).tolist()
    ]
    for one in city.datastreams:
        found.append(_own("stuck", one.id, one.name, one.zone))
        if one.is_vital:
            found.append(_own("silent", one.id, one.name, one.zone))
    resting = [0.0 if one.id.startswith(_RESTING) else nan for one in found]
    ids = tuple(one.id for one in found)
    return StatePlace(tuple(found), city.zones, ids, np.array(resting))


def figures(sensed: Sensed) -> dict[str, Said]:
    """Return what is known of each figure, by the id of the house's own stream of it.

    Notes
    -----
    Every figure is made of good values alone, so a flagged value can neither raise nor clear.

    `shaking`: peak acceleration that at least two accelerometers recorded within ten minutes of
    each other, the largest of the last hour. `tide`: how far the sea is off the level before, the
    third largest of the last hour. `power_out`, `water_out`: share of the known feeders without
    power, of the known points without pressure. `free_beds`: share of a hospital's beds. `silent`,
    `stuck`: 1 while a vital stream is silent, or a stream is stuck.
    """
    found = {}
    for figure, about, said in (*_whole(sensed), *_beds(sensed), *_streams(sensed)):
        found[figure_stream(figure, about)] = said
    return found


def rows_of(place: StatePlace, said: Mapping[str, Said], at: datetime) -> Rows:
    """Return what is known as readings of the house's own streams. (n,)"""
    values = np.array(
        [said[one.id].value if one.id in said else nan for one in place.datastreams], dtype=float
    )
    known = np.flatnonzero(np.isfinite(values))
    rows = np.zeros(len(known), ROW)
    rows["stream"], rows["value"] = known, values[known]
    rows["at"] = rows["received"] = to_us(at)
    return rows


def _own(figure: str, about: str, name: str, zone: int) -> Datastream:
    return Datastream(
        id=figure_stream(figure, about), name=name, quantity=Quantity.OTHER,
        unit=STATE_FIGURES[figure], xy=(0.0, 0.0), asset=about, zone=zone, interval_s=INTERVAL_S,
        low=-inf, high=inf, rate=inf, stuck_after=0, is_vital=False, origin=Origin.OBSERVED,
    )  # fmt: skip


def _whole(sensed: Sensed) -> Iterator[tuple[str, str, Said]]:
    yield "shaking", GROUND, _shaking(sensed)
    yield "tide", SEA, _tide(sensed)
    for figure in ("power_out", "water_out"):
        about, quantity = _WHOLE[figure]
        yield figure, about, _share_out(sensed, quantity, about)


def _shaking(sensed: Sensed) -> Said:
    since = sensed.at - LOOKED_BACK
    recent = [r for r in sensed.records if since <= r.time <= sensed.at]
    heard = {r.datastream for r in recent}
    if len(heard) < _LEAST_STREAMS:
        return Said(nan, {})
    strong = sorted((r for r in recent if r.pga_g >= BACKGROUND_G), key=lambda r: r.time)
    best = 0.0
    for place, record in enumerate(strong):
        peaks: dict[str, float] = {}
        for other in strong[place:]:
            if other.time - record.time > AGREE_WITHIN:
                break
            peaks[other.datastream] = max(peaks.get(other.datastream, 0.0), other.pga_g)
        ranked = sorted(peaks.values(), reverse=True)
        if len(ranked) >= _LEAST_STREAMS:
            best = max(best, ranked[_LEAST_STREAMS - 1])
    return Said(best, {"streams": len(heard)})


def _tide(sensed: Sensed) -> Said:
    since = sensed.at - LOOKED_BACK
    recent = [
        abs(float(height))
        for time, height in zip(sensed.state.tide_time, sensed.state.tide_anomaly_m, strict=True)
        if since <= time <= sensed.at
    ]
    if len(recent) < TIDE_READINGS:
        return Said(nan, {})
    return Said(sorted(recent)[-TIDE_READINGS], {})


def _share_out(sensed: Sensed, quantity: str, service: str) -> Said:
    assets = {s.asset for s in sensed.city.datastreams if s.quantity == quantity and s.asset}
    nodes = {f"{a}:{service}" if a.startswith("zone:") else a for a in assets}
    pairs = zip(sensed.state.node, sensed.state.up, strict=True)
    up = np.array([v for n, v in pairs if n in nodes], dtype=float)
    known: F64 = up[~np.isnan(up)]
    if not known.size or known.size / up.size < LEAST_KNOWN:
        return Said(nan, {})
    down = int((known < 0.5).sum())
    return Said(down / known.size, {"down": down, "known": known.size, "all": up.size})


def _beds(sensed: Sensed) -> Iterator[tuple[str, str, Said]]:
    facilities, free = sensed.city.facilities, sensed.state.free_beds
    for row in np.flatnonzero(facilities.beds > 0).tolist():
        beds = float(facilities.beds[row])
        params: Params = {"name": facilities.name[row], "free": float(free[row]), "beds": beds}
        yield "free_beds", facilities.id[row], Said(float(free[row]) / beds, params)


def _streams(sensed: Sensed) -> Iterator[tuple[str, str, Said]]:
    for one in sensed.city.datastreams:
        status = sensed.statuses.get(one.id)
        if status is None:
            continue
        is_stuck = status.health is StreamHealth.STUCK
        yield "stuck", one.id, Said(is_stuck, {"name": one.name, "last": status.last_value})
        if one.is_vital:
            is_silent = status.health is StreamHealth.SILENT
            minutes = status.age_s / 60.0
            yield "silent", one.id, Said(is_silent, {"name": one.name, "minutes": minutes})
