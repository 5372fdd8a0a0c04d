"""Reports of damaged buildings, from the field and from outside programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.identity import Permission
from rencheng.domain.impact import DamageState
from rencheng.domain.learning import DamageReport
from rencheng.domain.provenance import Origin
from rencheng.service.batches import OLDEST, IngestResult, Rejection, require_size, taken_in
from rencheng.service.bulletins import scoped
from rencheng.service.house import Command, Context, Done, House, new_id, perform
from rencheng.service.ports import UnitOfWork

AHEAD = timedelta(seconds=60)
"""How far a reporter's clock may run ahead. Chosen; no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageReportItem:
    """A report as it comes in; empty `id`: the house makes one."""

    id: str = ""
    building: int
    """Row in `Buildings`; -1 unknown."""
    xy: tuple[float, float]
    """Where; NaN when the building says it."""
    state: DamageState
    reporter: str = ""
    reported: datetime
    origin: Origin = Origin.OBSERVED
    note: str = ""


def add(house: House, command: Command, item: DamageReportItem) -> DamageReport:
    """Keep the report of a signed-in person, who is its reporter."""
    command.actor.must(Permission.DAMAGE_REPORT)
    city = house.cities.current()

    def change(work: UnitOfWork, ctx: Context) -> Done[DamageReport]:
        own = replace(item, reporter=command.actor.id, id=item.id or new_id(ctx.wall))
        if fault := _fault(city, own, ctx):
            raise InvalidInputError(
                "report.invalid",
                f"the report cannot be kept: {fault}",
                hint="Name a building of the city, or a place inside it",
                params={"why": fault},
            )
        report = _report(city, own, ctx)
        work.reports.add(report)
        params = {"state": int(report.state), "building": report.building}
        return Done(item=report, id=report.id, event="report", action="report.added", params=params)

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.reports.get(key),
        content=("damage_reports.add", item),
    )


def ingest_damage_reports(
    house: House,
    command: Command,
    batch: str,
    items: Sequence[DamageReportItem | Rejection],
) -> IngestResult:
    """Keep a batch of reports; what is bad is answered by index and reason.

    Parameters
    ----------
    house, command
        Where, and which program asks.
    batch
        Id of the batch, made by the sender. A second time it gets the same answer.
    items
        The reports, each with an id; a `Rejection` in place of one that could not be read.
    """
    command.actor.must(Permission.INGEST)
    require_size(items)
    city = house.cities.current()

    def keep(work: UnitOfWork, ctx: Context) -> IngestResult:
        rejected: list[Rejection] = []
        accepted = duplicate = 0
        for index, item in enumerate(items):
            if isinstance(item, Rejection):
                rejected.append(replace(item, index=index))
            elif fault := (_fault(city, item, ctx) if item.id else "no_id"):
                rejected.append(Rejection(index=index, id=item.id, key=fault))
            elif work.reports.find(scoped(ctx.run, item.id)):
                duplicate += 1
            else:
                work.reports.add(_report(city, item, ctx))
                accepted += 1
        return IngestResult(
            accepted=accepted, duplicate=duplicate, suspect=0, rejected=tuple(rejected)
        )

    return taken_in(house, command, f"reports/{batch}", items, keep)


def _fault(city: City, item: DamageReportItem, ctx: Context) -> str:
    """Return the key of what is wrong with a report under `ingest.`, empty when nothing is."""
    if item.building >= len(city.buildings.zone) or item.building < -1:
        return "unknown_building"
    west, south, east, north = city.bbox
    is_placed = west <= item.xy[0] <= east and south <= item.xy[1] <= north
    is_named = item.building >= 0 and not np.isfinite(item.xy).any()
    if not is_placed and not is_named:
        return "outside"
    if item.reported.tzinfo is None:
        return "report_no_zone"
    if item.reported > ctx.at + AHEAD:
        return "report_future"
    if item.reported < ctx.at - OLDEST:
        return "report_past"
    return ""


def _report(city: City, item: DamageReportItem, ctx: Context) -> DamageReport:
    xy = item.xy
    if item.building >= 0 and not np.isfinite(xy).all():
        xy = (
            float(city.buildings.xy[item.building, 0]),
            float(city.buildings.xy[item.building, 1]),
        )
    return DamageReport(
        id=scoped(ctx.run, item.id),
        building=item.building,
        xy=xy,
        state=item.state,
        reporter=item.reporter,
        reported=item.reported.astimezone(UTC),
        origin=item.origin,
        mode=ctx.mode,
        run=ctx.run,
        note=item.note,
    )
