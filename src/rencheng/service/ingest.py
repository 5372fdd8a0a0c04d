"""The door of devices: what is good is kept, what is bad is answered by index and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite

from rencheng.domain.city import City
from rencheng.domain.identity import Permission
from rencheng.domain.observation import Datastream, Observation, Quality, Verdict
from rencheng.service.batches import OLDEST, IngestResult, Rejection, require_size, taken_in
from rencheng.service.bulletins import BulletinItem, ingest_bulletin
from rencheng.service.damage_reports import DamageReportItem, ingest_damage_reports
from rencheng.service.house import Command, Context, House
from rencheng.service.ports import UnitOfWork

__all__ = [
    "BulletinItem",
    "DamageReportItem",
    "IngestResult",
    "ObservationItem",
    "Rejection",
    "ingest_bulletin",
    "ingest_damage_reports",
    "ingest_observations",
]

AHEAD = timedelta(seconds=60)
"""How far a device's clock may run ahead of the run's clock. Chosen; no source."""

Params = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationItem:
    """One value as a device sends it."""

    id: str
    datastream: str
    value: float
    unit: str
    phenomenon_time: datetime


def ingest_observations(
    house: House,
    command: Command,
    batch: str,
    items: Sequence[ObservationItem | Rejection],
    *,
    datastreams: tuple[str, ...] = (),
) -> IngestResult:
    """Keep a batch of observations, each with a verdict beside its raw value.

    Parameters
    ----------
    house, command
        Where, and which device asks; its `id` is not used, the batch has one.
    batch
        Id of the batch, made by the sender. A second time it gets the same answer.
    items
        The values; a `Rejection` in place of one that could not even be read.
    datastreams
        Streams that the sender may write; empty: all.

    Returns
    -------
    IngestResult
        How many were accepted (suspect ones included), how many were known already, and what was
        refused. Durable when it returns.

    Raises
    ------
    NotAllowedError
        If the sender is no device.
    TooMuchError
        If the batch is larger than one batch may be.
    ConflictError
        If the batch's id was used for other values, or the run is over.
    """
    command.actor.must(Permission.INGEST)
    require_size(items)
    city = house.cities.current()

    def keep(work: UnitOfWork, ctx: Context) -> IngestResult:
        rejected, good = _sorted_out(city, items, ctx, datastreams)
        keys = [(item.datastream, item.phenomenon_time, item.id) for item in good]
        known = work.observations.known(ctx.run, keys)
        new = {key: item for key, item, is_old in zip(keys, good, known, strict=True) if not is_old}
        kept = _judged(house, work, city, ctx, list(new.values()))
        return IngestResult(
            accepted=len(kept),
            duplicate=len(good) - len(kept),
            suspect=sum(item.verdict.quality is Quality.SUSPECT for item in kept),
            rejected=rejected,
        )

    return taken_in(house, command, f"observations/{batch}", items, keep)


def _sorted_out(
    city: City,
    items: Sequence[ObservationItem | Rejection],
    ctx: Context,
    allowed: tuple[str, ...],
) -> tuple[tuple[Rejection, ...], list[ObservationItem]]:
    streams = {stream.id: stream for stream in city.datastreams}
    rejected: list[Rejection] = []
    good: list[ObservationItem] = []
    for index, item in enumerate(items):
        if isinstance(item, Rejection):
            rejected.append(replace(item, index=index))
        elif fault := _fault(item, streams, ctx, allowed):
            rejected.append(Rejection(index=index, id=item.id, key=fault[0], params=fault[1]))
        else:
            good.append(item)
    return tuple(rejected), good


def _fault(
    item: ObservationItem,
    streams: Mapping[str, Datastream],
    ctx: Context,
    allowed: tuple[str, ...],
) -> tuple[str, Params] | None:
    """Return why an item cannot be kept, None when it can."""
    stream = streams.get(item.datastream)
    if not item.id:
        return "no_id", {}
    if stream is None:
        return "unknown_datastream", {"datastream": item.datastream}
    if allowed and stream.id not in allowed:
        return "not_allowed", {"datastream": stream.id}
    if item.unit != stream.unit:
        return "unit", {"datastream": stream.id, "unit": item.unit, "expected": stream.unit}
    if not isfinite(item.value):
        return "not_a_number", {"datastream": stream.id}
    if item.phenomenon_time.tzinfo is None:
        return "no_zone", {"datastream": stream.id}
    if item.phenomenon_time > ctx.at + AHEAD:
        time, now = item.phenomenon_time.isoformat(), ctx.at.isoformat(timespec="seconds")
        return "future", {"datastream": stream.id, "time": time, "now": now}
    if item.phenomenon_time < ctx.at - OLDEST:
        return "past", {"datastream": stream.id, "time": item.phenomenon_time.isoformat()}
    return None


def _judged(
    house: House, work: UnitOfWork, city: City, ctx: Context, items: Sequence[ObservationItem]
) -> list[Observation]:
    """Judge new values in the order in which they were so in the world, and keep them."""
    if not items:
        return []
    said = [(item.datastream, item.phenomenon_time, item.value) for item in items]
    verdicts, keep = house.heard.judged(work, city, house.quality, ctx.run, said, ctx.at)
    kept = [_observation(item, one, ctx) for item, one in zip(items, verdicts, strict=True)]
    work.observations.add(kept)
    keep()
    return kept


def _observation(item: ObservationItem, verdict: Verdict, ctx: Context) -> Observation:
    return Observation(
        id=item.id,
        datastream=item.datastream,
        value=float(item.value),
        phenomenon_time=item.phenomenon_time,
        received=ctx.at,
        verdict=verdict,
        mode=ctx.mode,
        run=ctx.run,
    )
