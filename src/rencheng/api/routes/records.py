"""The log, and what was found on the ground."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from rencheng.api.asking import CommandDep, RunDep
from rencheng.api.operations_out import log_line_out, report_out
from rencheng.api.paging import BeforeQuery, SliceDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.common import Page
from rencheng.api.shapes.operations import (
    DamageReportIn,
    DamageReportOut,
    LogCheckOut,
    LogLineOut,
    NoteIn,
)
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.identity import Permission
from rencheng.domain.impact import DamageState
from rencheng.domain.provenance import Origin
from rencheng.service import audit, damage_reports
from rencheng.service.house import context, new_id
from rencheng.service.ingest import DamageReportItem
from rencheng.service.situation import reports_seen

router = APIRouter(tags=["records"])


@router.get("/log")
@needs(Permission.LOG_READ)
def lines(
    brain: BrainDep,
    run: RunDep,
    actor: ActorDep,
    before: BeforeQuery = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Page[LogLineOut]:
    """Return log lines, newest first; `next` is the `before` of the following page."""
    found = audit.lines(brain.house, actor, run, before=before, limit=limit + 1)
    items = [log_line_out(entry) for entry in found[:limit]]
    more = str(items[-1].seq) if len(found) > limit else None
    total = len(items) if more is None and before is None else None
    return Page(items=items, total=total, next=more)


@router.post("/log", status_code=201)
@needs(Permission.LOG_WRITE)
def note(body: NoteIn, brain: BrainDep, command: CommandDep) -> LogLineOut:
    """Write a free line into the log."""
    return log_line_out(audit.note(brain.house, command, body.text))


@router.get("/log/check")
@needs(Permission.LOG_READ)
def check(brain: BrainDep, actor: ActorDep) -> LogCheckOut:
    """Walk the whole chain of every run and say whether a line was altered, moved or lost."""
    found = audit.check(brain.house, actor)
    return LogCheckOut(
        lines=found.lines,
        is_whole=found.first_broken is None,
        first_broken=found.first_broken,
        head=found.head,
    )


@router.get("/damage-reports")
@needs(Permission.SITUATION_READ)
def list_reports(
    brain: BrainDep, run: RunDep, actor: ActorDep, part: SliceDep
) -> Page[DamageReportOut]:
    """Return damage reports, newest first; who is not city-wide sees the own ones."""
    with brain.house.work() as work:
        found = reports_seen(work, actor, run)
    return part.page([report_out(one) for one in part.cut(found)], len(found))


@router.post("/damage-reports", status_code=201)
@needs(Permission.DAMAGE_REPORT)
def report(body: DamageReportIn, brain: BrainDep, command: CommandDep) -> DamageReportOut:
    """Report the damage of a building, or at a place."""
    house = brain.house
    buildings = house.cities.current().buildings
    xy, row = body.xy, -1 if body.building is None else body.building
    if row >= len(buildings.zone) or row < -1 or (row < 0 and xy is None):
        raise InvalidInputError(
            "report.place",
            "neither a known building nor a place is named",
            hint="Choose a building on the map, or a place",
        )
    if xy is None:
        xy = (float(buildings.xy[row, 0]), float(buildings.xy[row, 1]))
    with house.work() as work:
        at: datetime = context(house, work, command.run).at
    item = DamageReportItem(
        id=command.id or new_id(house.now()),
        building=row,
        xy=xy,
        state=DamageState(body.state),
        reporter=command.actor.id,
        reported=at,
        origin=Origin.OBSERVED,
        note=body.note,
    )
    return report_out(damage_reports.add(house, command, item))
