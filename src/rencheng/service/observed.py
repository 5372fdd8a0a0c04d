"""What the sensors say of a service over time, beside what the model says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.observation import Datastream, Observation, Quality, Quantity
from rencheng.perceive.state import LEAST_PRESSURE_KPA
from rencheng.sense.health import SILENT_AFTER
from rencheng.service.cycle import CycleResult
from rencheng.service.house import House

WATCHED = {"power": Quantity.FEEDER_STATE, "water": Quantity.WATER_PRESSURE}
LEAST = {Quantity.FEEDER_STATE: 0.5, Quantity.WATER_PRESSURE: LEAST_PRESSURE_KPA}
"""Value from which a watched point has the service, as `perceive.state` reads it."""
POINTS = 120
"""Most points of one observed curve."""


class ObservedServices:
    """The observed curves beside a turn of the loop, read once for everybody who asks."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._last: tuple[tuple[str, str], dict[str, tuple[F64, F64]]] = (("", ""), {})

    def of(self, run: str, turn: CycleResult) -> dict[str, tuple[F64, F64]]:
        """Return by service the hours and shares of `share_served`; none before an event."""
        key, curves = self._last
        if turn.impact is None:
            return {}
        if key == (run, turn.id):
            return curves
        city, start = self._house.cities.current(), turn.impact.origin_time
        curves = {}
        with self._house.work() as work:
            for service in WATCHED:
                streams = watched_streams(city, service)
                series: dict[str, list[Observation]] = {stream.id: [] for stream in streams}
                for one in work.observations.series(run, list(series), start, turn.at):
                    series[one.datastream].append(one)
                curves[service] = share_served(streams, series, start, turn.at)
        self._last = ((run, turn.id), curves)
        return curves


def watched_streams(city: City, service: str) -> list[Datastream]:
    """Return the datastreams that watch a service; none for a service without sensors."""
    quantity = WATCHED.get(service)
    return [stream for stream in city.datastreams if stream.quantity is quantity]


def share_served(
    streams: Sequence[Datastream],
    series: Mapping[str, Sequence[Observation]],
    start: datetime,
    end: datetime,
) -> tuple[F64, F64]:
    """Return hours after `start`, and the share of watched points that have the service.

    Returns
    -------
    hours, share
        NaN at a time at which no point is known: a value counts until its stream is silent.
    """
    length = max(0.0, (end - start).total_seconds())
    hours = np.linspace(0.0, length / 3600.0, POINTS)
    up = np.full((len(streams), POINTS), np.nan)
    for row, stream in enumerate(streams):
        good = [one for one in series.get(stream.id, ()) if one.verdict.quality is Quality.GOOD]
        if not good:
            continue
        heard = np.array([(one.phenomenon_time - start).total_seconds() for one in good])
        value = np.array([one.value for one in good])
        last = np.searchsorted(heard, hours * 3600.0, side="right") - 1
        age = hours * 3600.0 - heard[np.maximum(last, 0)]
        is_known = (last >= 0) & (age <= SILENT_AFTER * stream.interval_s)
        has_service = value[np.maximum(last, 0)] >= LEAST[stream.quantity]
        up[row] = np.where(is_known, has_service, np.nan)
    known = (~np.isnan(up)).sum(axis=0)
    served = np.nansum(up, axis=0)
    share = np.where(known > 0, served / np.maximum(known, 1), np.nan)
    return hours, share


def thinned(found: Sequence[Observation], most: int) -> list[Observation]:
    """Return at most about `most` observations, keeping the lowest and highest of each stretch."""
    if len(found) <= most:
        return list(found)
    size = -(-2 * len(found) // most)
    kept: list[Observation] = []
    for first in range(0, len(found), size):
        stretch = found[first : first + size]
        ends = {
            id(one): one
            for one in (
                min(stretch, key=lambda one: one.value),
                max(stretch, key=lambda one: one.value),
            )
        }
        kept += sorted(ends.values(), key=lambda one: one.phenomenon_time)
    return kept
