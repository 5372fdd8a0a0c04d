"""The sensing net of a run: uptime out of the history, coverage out of what is healthy now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.net import NetHealth
from rencheng.domain.readings import from_us, to_us
from rencheng.sense.net import hours_up, net_health
from rencheng.service.house import House, context
from rencheng.service.ports import UnitOfWork
from rencheng.service.situation import SensorState, sensor_states

SPAN = timedelta(days=7)
"""Time that uptime is counted over. Chosen."""
_AGAIN = timedelta(minutes=5)
"""The history is asked anew after this, in wall time, once another hour has begun. Chosen."""
_RUNS = 8
_ALL_REASONS = 0xFFFF
_MOST = 20_000_000
"""Rows of the history that are looked at, the youngest first. Chosen."""


@dataclass(frozen=True, slots=True)
class _Counted:
    wall: datetime
    end: datetime
    since: datetime
    streams: int
    share: dict[str, float]


@dataclass(slots=True)
class Net:
    """Answers from the history that change by the hour, remembered by run."""

    house: House
    _counted: dict[str, _Counted] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def health(self, run: str) -> tuple[NetHealth, list[SensorState]]:
        """Return how well the net sees the city now, and the state of each stream."""
        house = self.house
        city = house.cities.current()
        with house.work() as work:
            ctx = context(house, work, run)
            states = sensor_states(work, city, run, ctx.at)
            counted = self._uptime(work, city, run, ctx.at, ctx.wall)
        limits = house.quality.by_quantity
        found = net_health(
            city,
            {one.stream.id: one.status.health for one in states},
            counted.share,
            {quantity: one.reach_m for quantity, one in limits.items()},
            since=counted.since,
            at=ctx.at,
        )
        return found, states

    def _uptime(
        self, work: UnitOfWork, city: City, run: str, at: datetime, wall: datetime
    ) -> _Counted:
        end = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        with self._lock:
            held = self._counted.get(run)
            if (
                held is not None
                and held.streams == len(city.datastreams)
                and (held.end == end or wall - held.wall < _AGAIN)
            ):
                return held
            ids = tuple(one.id for one in city.datastreams)
            row, hour, _ = work.observations.hours(
                run, ids, to_us(end - SPAN), to_us(end) - 1, against=_ALL_REASONS, most=_MOST
            )
            since = end - SPAN
            if len(hour):  # a net that was set up yesterday is not down for six days
                since = max(since, from_us(int(hour.min())))
            share = hours_up(row, hour, _intervals(city), since, end)
            for older in list(self._counted)[: len(self._counted) + 1 - _RUNS]:
                del self._counted[older]
            made = self._counted[run] = _Counted(
                wall, end, since, len(ids), dict(zip(ids, share.tolist(), strict=True))
            )
            return made


def _intervals(city: City) -> F64:
    return np.array([one.interval_s for one in city.datastreams], dtype=np.float64)
