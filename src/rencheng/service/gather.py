"""Gather what one turn of the loop looks at from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from math import isnan
from zlib import crc32

from rencheng.domain.alarm import Judgement
from rencheng.domain.alert import AlertStatus, MessageType
from rencheng.domain.city import City
from rencheng.domain.hazard import Bulletin, StationRecord
from rencheng.domain.impact import FragilityTable
from rencheng.domain.observation import Quality, Quantity, StreamHealth, StreamStatus
from rencheng.domain.provenance import Mode
from rencheng.domain.readings import from_us, to_us
from rencheng.domain.run import Phase
from rencheng.model.learning.fragility import adjusted
from rencheng.service import incidents, situation
from rencheng.service.cycle import CycleInputs, Models, last_word
from rencheng.service.foreign import map_of
from rencheng.service.house import Context
from rencheng.service.learning import in_force
from rencheng.service.ports import UnitOfWork
from rencheng.service.records import records

# Strong-motion stations usually start to record at about this acceleration; what stays below it is
# background, not a record of the event. Assumed.
TRIGGER_G = 0.01
_RECORDING = timedelta(minutes=10)
"""How long after the origin a value can be the event's peak."""
_TIDE_BEFORE = timedelta(hours=4)
_TIDE_ORDINARY = timedelta(hours=12)
_LOG_EVERY = 10
"""The log's chain is recomputed in every so many turns."""
_TRUSTED = (StreamHealth.OK, StreamHealth.SILENT)


def inputs_of(
    work: UnitOfWork,
    city: City,
    models: Models,
    ctx: Context,
    *,
    samples: int,
    is_arriving: bool = False,
) -> CycleInputs:
    """Read everything that one turn looks at, as of the run's clock.

    Parameters
    ----------
    is_arriving
        Whether something came in lately, in wall time; see `settled`.
    """
    bulletins = work.bulletins.list(ctx.run)[::-1]
    at = settled(work, city, ctx, bulletins, is_arriving=is_arriving)
    states = situation.sensor_states(work, city, ctx.run, at)
    statuses = {one.stream.id: one.status for one in states}
    word = last_word(bulletins, at, partial(incidents.is_within_reach, city, models.rules))
    turns = work.cycles.count(ctx.run)
    return CycleInputs(
        city=city,
        models=replace(models, table=_table(work, ctx.run, models)),
        at=at,
        phase=phase_now(work, ctx.run, at),
        statuses=statuses,
        bulletins=bulletins,
        station_records=peaks(work, city, ctx.run, word, statuses, at),
        tide=tide_readings(work, city, ctx.run, word, at),
        own=records(
            work,
            ctx.run,
            city,
            streams_ok=sum(s.health is StreamHealth.OK for s in statuses.values()),
            is_log_checked=turns % _LOG_EVERY == 0,
        ),
        seed=seed_of(ctx.run),
        shaking_map=map_of(work, ctx.run, word, at) if word else None,
        samples=samples,
    )


def seed_of(run: str) -> int:
    """Return the seed of a run: the same run gives the same numbers again.

    Examples
    --------
    >>> seed_of("live") == seed_of("live")
    True
    """
    return crc32(run.encode())


def settled(
    work: UnitOfWork,
    city: City,
    ctx: Context,
    bulletins: Iterable[Bulletin],
    *,
    is_arriving: bool,
) -> datetime:
    """Return the time that a turn speaks of: now, or in a replay what has been delivered.

    A second of delivery at ×600 is ten minutes of the run's clock, and a jump takes many seconds
    to deliver; looking at "now" would make every stream seem silent. When nothing arrives any
    more the turn speaks of now, so that silence shows.
    """
    if ctx.mode is not Mode.REPLAY:
        return ctx.at
    run = work.runs.get(ctx.run)
    last, _, _ = work.observations.latest_rows(ctx.run, tuple(s.id for s in city.datastreams))
    # Forecasts and clocks that run ahead say nothing of what was delivered.
    told = last["at"][(last["stream"] >= 0) & (last["at"] <= to_us(ctx.at))]
    times = [from_us(int(told.max()))] if len(told) else []
    times += [b.issued for b in bulletins]
    newest = min(max(times, default=ctx.at), ctx.at)
    is_near = newest >= ctx.at - timedelta(seconds=3.0 * run.speed)
    return newest if is_arriving or is_near else ctx.at


def phase_now(work: UnitOfWork, run: str, at: datetime) -> Phase:
    """Return the mode of the city as people and alarms have it; false alarms do not count."""
    alerts = work.alerts.list(run, where={"status": AlertStatus.SENT.value})
    in_force = sum(a.kind is not MessageType.CANCEL and a.expires > at for a in alerts)
    alarms = work.alarms.list(run, where={"is_open": "true"})
    return situation.phase(
        incidents.current(work, run),
        in_force,
        [int(alarm.level) for alarm in alarms if alarm.judgement is not Judgement.FALSE],
    )


def peaks(
    work: UnitOfWork,
    city: City,
    run: str,
    word: Bulletin | None,
    statuses: Mapping[str, StreamStatus],
    at: datetime,
) -> tuple[StationRecord, ...]:
    """Return the event's peak acceleration at each accelerometer that can be relied on.

    Only good values of the ten minutes after the origin count, from 0.01 g up, and none of a
    stream that is stuck or suspect: a sensor that repeats "calm" must not calm the forecast.
    """
    if word is None:
        return ()
    end = min(word.origin_time + _RECORDING, at)
    found = strong_motion(work, city, run, word.origin_time, end)
    best: dict[str, StationRecord] = {}
    for record in found:
        status = statuses.get(record.datastream)
        is_trusted = status is not None and status.health in _TRUSTED
        known = best.get(record.datastream)
        if is_trusted and record.pga_g >= TRIGGER_G and (not known or record.pga_g > known.pga_g):
            best[record.datastream] = record
    return tuple(best[stream] for stream in sorted(best))


def strong_motion(
    work: UnitOfWork, city: City, run: str, start: datetime, end: datetime
) -> list[StationRecord]:
    """Return the good peak accelerations of a span of time, oldest first."""
    streams = {s.id: s for s in city.datastreams if s.quantity is Quantity.PEAK_ACCELERATION}
    return [
        StationRecord(
            datastream=o.datastream,
            xy=streams[o.datastream].xy,
            pga_g=o.value,
            time=o.phenomenon_time,
        )
        for o in work.observations.series(run, streams, start, end)
        if o.verdict.quality is Quality.GOOD
    ]


def tide_readings(
    work: UnitOfWork, city: City, run: str, word: Bulletin | None, at: datetime
) -> list[tuple[datetime, float]]:
    """Return the good values of the tide gauge: from before the event on, or the last hours."""
    gauges = [s.id for s in city.datastreams if s.quantity is Quantity.WATER_LEVEL]
    if not gauges:
        return []
    start = word.origin_time - _TIDE_BEFORE if word else at - _TIDE_ORDINARY
    # One gauge: the levels of two would not share a datum.
    series = work.observations.series(run, gauges[:1], start, at)
    return [
        (o.phenomenon_time, o.value)
        for o in series
        if o.verdict.quality is Quality.GOOD and not isnan(o.value)
    ]


def _table(work: UnitOfWork, run: str, models: Models) -> FragilityTable:
    version = in_force(work, run)
    return adjusted(models.table, version) if version else models.table
