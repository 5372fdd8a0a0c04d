"""Command: incidents, proposals, tasks, dispatch."""

from __future__ import annotations

from fastapi import APIRouter

from rencheng.api.asking import CommandDep, RunDep
from rencheng.api.operations_out import (
    incident_out,
    proposal_out,
    task_out,
)
from rencheng.api.paging import SliceDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.common import Page
from rencheng.api.shapes.operations import (
    DecideIn,
    DispatchOut,
    ProposalOut,
    StepIn,
    TaskIn,
    TaskOut,
)
from rencheng.api.shapes.situation import IncidentOut, IncidentStepIn
from rencheng.api.telling import number, point
from rencheng.domain.identity import Permission
from rencheng.domain.incident import IncidentStatus, TaskStatus
from rencheng.domain.proposal import ProposalStatus
from rencheng.service import incidents, proposals, tasks
from rencheng.service.dispatch import UNDER_WAY
from rencheng.service.house import context
from rencheng.service.situation import count_tasks, may_see_proposal, proposal_seen

router = APIRouter(tags=["command"])
MOST_TRIPS = 300
"""Teams on the map at once, for each state of a task. No source: our choice."""


@router.get("/incidents")
@needs(Permission.SITUATION_READ)
def list_incidents(brain: BrainDep, run: RunDep, part: SliceDep) -> Page[IncidentOut]:
    """Return the run's incidents, newest first."""
    with brain.house.work() as work:
        found = part.cut(work.incidents.list(run, limit=part.end))
        return part.page([incident_out(one) for one in found], work.incidents.count(run))


@router.post("/incidents/{incident}/step")
@needs(Permission.PROPOSAL_DECIDE)
def move_incident(
    incident: str, body: IncidentStepIn, brain: BrainDep, command: CommandDep
) -> IncidentOut:
    """Move an incident on: to recovery, back to response, or to its close."""
    status = IncidentStatus(body.status)
    return incident_out(incidents.set_status(brain.house, command, incident, body.version, status))


@router.get("/proposals")
@needs(Permission.SITUATION_READ)
def list_proposals(
    brain: BrainDep,
    run: RunDep,
    actor: ActorDep,
    part: SliceDep,
    status: ProposalStatus | None = None,
) -> Page[ProposalOut]:
    """Return proposals, newest first; who is not city-wide sees those with own tasks."""
    where = {"status": status.value} if status else None
    names = brain.names()
    with brain.house.work() as work:
        found = work.proposals.list(run, where=where)
    seen = [one for one in found if may_see_proposal(actor, one, names.city)]
    own = [proposal_seen(actor, one, names.city) for one in part.cut(seen)]
    return part.page([proposal_out(one, names) for one in own], len(seen))


@router.get("/proposals/{proposal}")
@needs(Permission.SITUATION_READ)
def show_proposal(proposal: str, brain: BrainDep, actor: ActorDep) -> ProposalOut:
    """Return one proposal."""
    names = brain.names()
    with brain.house.work() as work:
        found = work.proposals.get(proposal)
        if not may_see_proposal(actor, found, names.city):
            found = work.proposals.get(f"{proposal} ")  # the same answer as for an unknown one
    return proposal_out(proposal_seen(actor, found, names.city), names)


@router.post("/proposals/{proposal}/decision")
@needs(Permission.PROPOSAL_DECIDE)
def decide(proposal: str, body: DecideIn, brain: BrainDep, command: CommandDep) -> ProposalOut:
    """Accept or refuse; of two who decide on one version, one wins and the other is told."""
    decided = proposals.decide(
        brain.house,
        command,
        proposal,
        body.version,
        accept=body.decision == "accept",
        reason=body.reason,
    )
    return proposal_out(decided, brain.names())


@router.get("/tasks")
@needs(Permission.TASK_READ)
def list_tasks(
    brain: BrainDep, run: RunDep, actor: ActorDep, part: SliceDep, status: TaskStatus | None = None
) -> Page[TaskOut]:
    """Return tasks, newest first; who is not city-wide sees the own organisation's only."""
    where = {"status": status.value} if status else None
    names = brain.names()
    with brain.house.work() as work:
        at = context(brain.house, work, run).at
        found = part.cut(tasks.visible(work, actor, run, where=where, limit=part.end))
        total = count_tasks(work, actor, run, where)
    return part.page([task_out(one, names, actor, at) for one in found], total)


@router.post("/tasks", status_code=201)
@needs(Permission.TASK_ASSIGN)
def assign(body: TaskIn, brain: BrainDep, command: CommandDep) -> TaskOut:
    """Give out a task by hand."""
    order = tasks.TaskOrder(
        kind=body.kind,
        title=body.title,
        organisation=body.organisation,
        place=body.place,
        xy=body.xy,
        due=body.due,
    )
    task = tasks.assign(brain.house, command, order)
    return task_out(task, brain.names(), command.actor, task.created)


@router.post("/tasks/{task}/step")
@needs(Permission.TASK_READ)
def step(task: str, body: StepIn, brain: BrainDep, command: CommandDep) -> TaskOut:
    """Take the next step of a task; which step whose role may take is the service's rule."""
    status = TaskStatus(body.status)
    moved = tasks.step(brain.house, command, task, body.version, status, body.note)
    with brain.house.work() as work:
        at = context(brain.house, work, moved.run).at
    return task_out(moved, brain.names(), command.actor, at)


@router.get("/dispatches")
@needs(Permission.TASK_READ)
def list_dispatches(brain: BrainDep, run: RunDep, actor: ActorDep) -> list[DispatchOut]:
    """Return teams on their way, with their route along roads that are likely open."""
    with brain.house.work() as work:
        found = [
            task
            for status in UNDER_WAY
            for task in tasks.visible(work, actor, run, where={"status": status}, limit=MOST_TRIPS)
        ]
    trips = brain.dispatcher.trips(brain.house.cities.current(), found, brain.impact(run))
    return [
        DispatchOut(
            team=one.team.id,
            kind=one.team.kind.value,
            organisation=one.team.organisation,
            task=one.task.id,
            start=point(one.start),
            end=point(one.task.xy),
            line=[point(xy) for xy in one.line],
            eta_s=number(one.eta_s),
        )
        for one in trips
    ]
