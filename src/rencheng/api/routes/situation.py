"""The situation page: snapshot, time bar, event list, clock, and recovery."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from rencheng.api.alarms_out import alarm_out, counts_out, titles_of
from rencheng.api.asking import RunDep
from rencheng.api.operations_out import incident_out
from rencheng.api.paging import BeforeQuery
from rencheng.api.routes.alarms import counts_of, reader_of
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.common import Page
from rencheng.api.shapes.operations import RecoveryOut
from rencheng.api.shapes.situation import EventOut, SituationOut, TimelineOut
from rencheng.api.situation_out import (
    clock_out,
    cycle_out,
    event_out,
    forecast_series,
    need_out,
    repair_out,
    sector_out,
    series_out,
    service_curves,
    streams_out,
)
from rencheng.api.telling import figures_out
from rencheng.domain.identity import Permission
from rencheng.domain.incident import TaskStatus
from rencheng.domain.observation import Quantity
from rencheng.domain.proposal import ProposalStatus
from rencheng.service import incidents
from rencheng.service.alarm_list import AlarmFilter, ListState, alarms_of, urgent_first
from rencheng.service.gather import phase_now
from rencheng.service.happenings import happenings
from rencheng.service.observed import thinned
from rencheng.service.ownership import assets_hidden
from rencheng.service.situation import (
    count_tasks,
    may_see_proposal,
    observed_series,
    reports_seen,
    run_of,
    sensor_states,
    streams_line,
)

router = APIRouter(tags=["situation"])

AHEAD = timedelta(hours=72)
"""How far the time bar reaches beyond the origin time. No source: our choice."""
BEHIND = timedelta(hours=24)
POINTS = 400
MARKED = {"bulletin", "alarm", "incident", "alert", "proposal"}
KEY_STREAMS = {Quantity.WATER_LEVEL: 1, Quantity.PEAK_ACCELERATION: 3}
"""Vital streams on the time bar, and at most how many of each."""
UNDER_WAY = set(TaskStatus) - {TaskStatus.VERIFIED, TaskStatus.CANCELLED}
MOST_ALARMS = 200
"""Alarms in the snapshot, the most urgent ones. No source: our choice."""


@router.get("/situation")
@needs(Permission.SITUATION_READ)
def situation(brain: BrainDep, run: RunDep, actor: ActorDep) -> SituationOut:
    """Return everything that the situation page shows beside the map."""
    city, wall = brain.house.cities.current(), brain.house.now()
    reader, names, turn = reader_of(brain, actor), brain.names(), brain.turn(run)
    titles = titles_of(brain.house)
    with brain.house.work() as work:
        found = run_of(work, run, wall)
        at = found.now(wall)
        alarms = urgent_first(alarms_of(work, run, reader, AlarmFilter(state=ListState.LISTED)))
        incident = incidents.current(work, run)
        opened = work.proposals.list(run, where={"status": ProposalStatus.OPEN.value})
        return SituationOut(
            seq=work.events.last(),
            clock=clock_out(found, wall, city.timezone),
            phase=phase_now(work, run, at).value,
            figures=figures_out(turn.figures) if turn else [],
            alarms=[alarm_out(one, names, reader, titles) for one in alarms[:MOST_ALARMS]],
            alarm_counts=counts_out(counts_of(brain, work, run, reader)),
            incident=incident_out(incident) if incident else None,
            sectors=[sector_out(board) for board in turn.boards] if turn else [],
            cycle=cycle_out(turn, is_running=brain.runner.is_running) if turn else None,
            streams=streams_out(streams_line(sensor_states(work, city, run, at))),
            open_proposals=sum(may_see_proposal(actor, one, city) for one in opened),
            open_tasks=sum(
                count_tasks(work, actor, run, {"status": status}) for status in UNDER_WAY
            ),
        )


@router.get("/situation/timeline")
@needs(Permission.SITUATION_READ)
def timeline(brain: BrainDep, run: RunDep, actor: ActorDep) -> TimelineOut:
    """Return the time bar: what happened, what a few key streams said, and what is forecast."""
    city, wall = brain.house.cities.current(), brain.house.now()
    hidden, impact = assets_hidden(actor, city), brain.impact(run)
    with brain.house.work() as work:
        found = run_of(work, run, wall)
        at = found.now(wall)
        start = at - BEHIND if found.sim_start == wall else found.sim_start
        end = max(found.sim_end, at, impact.origin_time + AHEAD if impact else at)
        streams = []
        for quantity, most in KEY_STREAMS.items():
            vital = [one for one in city.datastreams if one.quantity is quantity and one.is_vital]
            streams += [one for one in vital if one.id not in hidden][:most]
        series = observed_series(work, run, streams, start, at)
        marks = [one for one in happenings(work, actor, run, city) if one.kind in MARKED]
    return TimelineOut(
        start=start,
        end=end,
        now=at,
        marks=[event_out(one) for one in marks if one.at <= at],
        observed=[series_out(one, thinned(series[one.id], POINTS)) for one in streams],
        forecast=forecast_series(impact, end) if impact else [],
    )


@router.get("/situation/events")
@needs(Permission.SITUATION_READ)
def events(
    brain: BrainDep,
    run: RunDep,
    actor: ActorDep,
    before: BeforeQuery = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Page[EventOut]:
    """Return what happened, newest first; `next` is the `before` of the following page."""
    with brain.house.work() as work:
        every = happenings(work, actor, run, brain.house.cities.current())
    older = [one for one in every if before is None or one.seq < before]
    items = [event_out(one) for one in reversed(older[-limit:])]
    more = str(items[-1].seq) if len(older) > limit else None
    return Page(items=items, total=len(every), next=more)


@router.get("/recovery")
@needs(Permission.SITUATION_READ)
def recovery(brain: BrainDep, run: RunDep, actor: ActorDep) -> RecoveryOut:
    """Return repair order, supplies, damage reports, and the service curves beside observations."""
    city, turn = brain.house.cities.current(), brain.turn(run)
    hidden, names = assets_hidden(actor, city), brain.names()
    impact = turn.impact if turn else None
    observed = brain.observed.of(run, turn) if turn else {}
    with brain.house.work() as work:
        reports = reports_seen(work, actor, run)
    jobs = turn.decisions.repairs if turn else ()
    return RecoveryOut(
        repairs=[repair_out(job, names) for job in jobs if job.asset not in hidden],
        needs=[need_out(need) for need in turn.decisions.needs] if turn else [],
        reports={
            state.lower(): count
            for state, count in sorted(Counter(one.state.name for one in reports).items())
        },
        curves=service_curves(impact, observed) if impact else [],
    )
