"""Synthetic observations of a scenario: what the city's sensors would have said.

Everything is drawn from one seed, so the same city and scenario give the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np
from numpy.random import Generator

from rencheng.adapters.replay.driver import Item
from rencheng.adapters.replay.scenarios import ScenarioFile
from rencheng.domain.city import F64, City
from rencheng.domain.observation import Datastream, Quantity

_DELAY_S = 2.0
"""Between a value's time and its arrival. [s]"""
# Travel of the strongest shaking to the city, about 200 km at 3.3 km/s. Assumed.
_SHAKING_AFTER_S = 62.0
# Peaks of the minutes after the strongest one, relative to it. Assumed.
_CODA = (1.0, 0.35, 0.12, 0.05)
# Head that water at rest in an emptied pipe leaves on the gauge. Assumed. [kPa]
_REST_KPA = 15.0
_DIGITS = {
    Quantity.PEAK_ACCELERATION: 5,
    Quantity.WATER_LEVEL: 3,
    Quantity.FEEDER_STATE: 0,
    Quantity.WATER_PRESSURE: 1,
    Quantity.FREE_BEDS: 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One hidden course of events, which the streams betray and the program must infer."""

    pga_g: Mapping[str, float]
    """Peak acceleration by accelerometer."""
    time_h: F64
    """Hours after the origin time. (times,)"""
    up: Mapping[str, F64]
    """Whether a dependency node works, by node. (times,)"""

    def at(self, node: str, seconds: F64) -> F64:
        """Return whether `node` works at times after the origin; before it everything does."""
        if node not in self.up:
            return np.ones(seconds.size)
        index = np.searchsorted(self.time_h, seconds / 3600.0, side="right") - 1
        return np.where(index < 0, 1.0, self.up[node][np.maximum(index, 0)])


@dataclass(frozen=True, slots=True)
class _Draw:
    """What the values of one stream are drawn from."""

    stream: Datastream
    seconds: F64
    file: ScenarioFile
    truth: Truth
    city: City
    rng: Generator


def observations(city: City, file: ScenarioFile, truth: Truth) -> list[Item]:
    """Return every synthetic observation, in no particular order.

    The scenario knows no weather: streams of rain and air temperature stay silent.
    """
    items: list[Item] = []
    roles = _faulty(city, file)
    for stream in (s for s in city.datastreams if s.quantity in _VALUES):
        rng = np.random.default_rng([file.seed, crc32(stream.id.encode())])
        seconds = _times(stream, file, rng)
        values = _VALUES[stream.quantity](_Draw(stream, seconds, file, truth, city, rng))
        values = _with_faults(stream, seconds, values, file, roles)
        digits = _DIGITS[stream.quantity]
        values = np.clip(values, stream.low, stream.high).round(digits)
        origin = file.scenario.origin
        for second, value in zip(seconds, values, strict=True):
            if not np.isnan(value):
                items.append(_item(stream, origin + timedelta(seconds=float(second)), value))
    return items


def tide_level(seconds: F64, tide: Mapping[str, Any]) -> F64:
    """Return tide and tsunami together, without noise. [m]

    Parameters
    ----------
    seconds
        After the origin time. [s]
    tide
        The scenario's section `tide`; the waves' highest crest is `peak_m` above the tide.
    """
    hours = seconds / 3600.0
    level = np.zeros(seconds.size)
    for size, period, phase in zip(
        tide["constituents_m"], tide["periods_h"], tide["phases_deg"], strict=True
    ):
        level += size * np.cos(2 * np.pi * hours / period - np.deg2rad(phase))
    return level + _waves(seconds, tide)


def _waves(seconds: F64, tide: Mapping[str, Any]) -> F64:
    since = seconds - tide["arrival_s"]
    top = tide["peak_after_s"] - tide["arrival_s"]
    # An envelope that rises and fades, one at the highest crest; a cosine with a crest there.
    rise = 1.0 - np.exp(-np.maximum(since, 0.0) / tide["rise_s"])
    fade = np.exp(-np.maximum(since - top, 0.0) / tide["decay_s"])
    envelope = np.minimum(rise / (1.0 - np.exp(-top / tide["rise_s"])), 1.0) * fade
    carrier = np.cos(2 * np.pi * (since - top) / tide["wave_period_s"])
    return np.where(since >= 0.0, tide["peak_m"] * envelope * carrier, 0.0)


def _times(stream: Datastream, file: ScenarioFile, rng: Generator) -> F64:
    """Return the times of a stream after the origin: dense while it is busy, sparse otherwise."""
    settings, scenario = file.sections["streams"], file.scenario
    start = (scenario.start - scenario.origin).total_seconds()
    end = (scenario.end - scenario.origin).total_seconds()
    dense = stream.interval_s
    sparse = dense * settings["quiet_stretch"]
    busy = (settings["busy_from_s"], settings["busy_to_s"])
    second = start + rng.uniform(0.0, dense)
    said = []
    while second < end:
        said.append(second)
        is_busy = second + sparse > busy[0] and second < busy[1]
        second += dense if is_busy else sparse
    times = np.array(said)
    if stream.quantity is Quantity.PEAK_ACCELERATION:
        # A strong-motion station is triggered: it also reports the shaking as it happens.
        times = np.append(times, _SHAKING_AFTER_S + 60.0 * np.arange(len(_CODA)))
    return np.unique(times.round())


def _acceleration(draw: _Draw) -> F64:
    noise_g = float(draw.file.sections["streams"]["noise_g"])
    values: F64 = noise_g * draw.rng.lognormal(0.0, 0.4, draw.seconds.size)
    for step, share in enumerate(_CODA):
        hit = np.isclose(draw.seconds, round(_SHAKING_AFTER_S + 60.0 * step))
        values[hit] += share * draw.truth.pga_g.get(draw.stream.id, np.nan)
    return values


def _water_level(draw: _Draw) -> F64:
    tide = draw.file.sections["tide"]
    return tide_level(draw.seconds, tide) + draw.rng.normal(0.0, tide["noise_m"], draw.seconds.size)


def _feeder(draw: _Draw) -> F64:
    return draw.truth.at(_node(draw.stream, "power"), draw.seconds)


def _pressure(draw: _Draw) -> F64:
    settings = draw.file.sections["streams"]
    works = draw.truth.at(_node(draw.stream, "water"), draw.seconds) >= 0.5
    usual = settings["pressure_kpa"] * draw.rng.uniform(0.8, 1.2)
    daily = 1.0 + 0.06 * np.cos(2 * np.pi * draw.seconds / 86400.0 + draw.rng.uniform(0.0, 6.28))
    # Pressure drains from the moment the supply stops, and is back at once with it.
    last_up = np.maximum.accumulate(np.where(works, draw.seconds, draw.seconds[0]))
    drained = np.exp(-(draw.seconds - last_up) / (3600.0 * settings["tank_drain_h"]))
    level: F64 = _REST_KPA + (usual * daily - _REST_KPA) * drained
    return level + draw.rng.normal(0.0, 2.0, draw.seconds.size)


def _beds(draw: _Draw) -> F64:
    settings = draw.file.sections["streams"]
    beds = draw.city.facilities.beds[draw.city.facilities.id.index(draw.stream.asset)]
    free = settings["beds_free_share"] * beds * draw.rng.uniform(0.7, 1.3)
    hours = np.maximum(draw.seconds, 0.0) / 3600.0
    # The injured of the night fill the beds; transfers and discharges empty them again from day 2.
    taken = 1.0 - np.exp(-hours / settings["beds_taken_h"])
    back = np.clip((hours - 24.0) / 48.0, 0.0, 1.0)
    wanted = draw.rng.uniform(0.6, 1.3)
    left = free * (1.0 - wanted * taken * (1.0 - 0.7 * back))
    return np.where(
        draw.truth.at(draw.stream.asset, draw.seconds) >= 0.5, np.maximum(left, 0.0), 0.0
    )


_VALUES = {
    Quantity.PEAK_ACCELERATION: _acceleration,
    Quantity.WATER_LEVEL: _water_level,
    Quantity.FEEDER_STATE: _feeder,
    Quantity.WATER_PRESSURE: _pressure,
    Quantity.FREE_BEDS: _beds,
}


def _node(stream: Datastream, service: str) -> str:
    is_zone = stream.asset.startswith("zone:")
    return f"{stream.asset}:{service}" if is_zone else stream.asset


def _faulty(city: City, file: ScenarioFile) -> Mapping[str, str]:
    """Choose the stream of each fault, by stream id; a stuck one must be one that can be found."""
    faults = file.sections["faults"]

    def of(quantity: Quantity, *, can_stick: bool = False) -> list[str]:
        return [
            s.id
            for s in city.datastreams
            if s.quantity is quantity and (s.stuck_after > 0 or not can_stick)
        ]

    roles: dict[str, str] = {}
    accelerometers = of(Quantity.PEAK_ACCELERATION)
    if len(accelerometers) > 2:
        roles[accelerometers[-1]] = "spike"
    wanted = (("stuck_quantity", "stuck", True), ("silent_quantity", "silent", False))
    for key, role, can_stick in wanted:
        able = of(Quantity(faults[key]), can_stick=can_stick)
        free = [stream for stream in able if stream not in roles]
        if len(able) > 1 and free:
            roles[free[0]] = role
    return roles


def _with_faults(
    stream: Datastream, seconds: F64, values: F64, file: ScenarioFile, roles: Mapping[str, str]
) -> F64:
    faults, role = file.sections["faults"], roles.get(stream.id)
    values = values.copy()
    if role == "stuck":
        first = int(np.searchsorted(seconds, faults["stuck_after_s"]))
        values[first:] = values[max(first - 1, 0)]
    elif role == "silent":
        values[seconds > faults["silent_after_s"]] = np.nan
    elif role == "spike":
        values[int(np.searchsorted(seconds, faults["spike_after_s"]))] = faults["spike_g"]
    return values


def _item(stream: Datastream, time: datetime, value: float) -> Item:
    body = {
        "id": f"{stream.id}@{int(time.timestamp())}",
        "datastream": stream.id,
        "value": float(value),
        "unit": stream.unit,
        "phenomenon_time": time.isoformat(),
    }
    return Item(time + timedelta(seconds=_DELAY_S), "observation", body)
