"""Runs of the risk engine over the city: event sets, runs, results."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from rencheng.api.asking import CommandDep
from rencheng.api.problems import broken_out
from rencheng.api.receiving import receive
from rencheng.api.risk_out import job_out, set_out, waiting_before
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.common import BrokenJobOut
from rencheng.api.shapes.risk import RiskJobIn, RiskJobOut, RiskSetIn, RiskSetOut
from rencheng.bootstrap import Brain
from rencheng.domain.identity import Permission
from rencheng.service import risk_jobs
from rencheng.service.risk_measures import MeasureWish
from rencheng.service.risk_runs import NewSet, RiskRun, RunWish
from rencheng.service.risk_study import StudyWish

router = APIRouter(tags=["risk"])
Key = Annotated[str, Path(max_length=100)]


@router.get("/risk/sets")
@needs(Permission.SITUATION_READ)
def sets(brain: BrainDep) -> list[RiskSetOut]:
    """Return the event sets that a run of the served city can be made of."""
    return [set_out(one) for one in brain.risk.sets.all(brain.house.cities.current().id)]


@router.put("/risk/sets/{set_id}")
@needs(Permission.RISK_RUN)
async def upload(
    set_id: Key,
    said: Annotated[RiskSetIn, Query()],
    request: Request,
    brain: BrainDep,
    command: CommandDep,
) -> RiskSetOut:
    """Take a file of events, the body of the request as it is; one of the same id gives way."""
    new = NewSet(id=set_id, **said.model_dump())
    city = brain.house.cities.current().id
    arrived = await run_in_threadpool(risk_jobs.require_new, brain.risk, command, city, new)
    try:
        await receive(request, arrived.write)
        kept = await run_in_threadpool(
            risk_jobs.keep_set, brain.house, brain.risk, command, new, arrived
        )
    finally:
        await run_in_threadpool(arrived.close)
    return set_out(kept)


@router.delete("/risk/sets/{set_id}", status_code=204)
@needs(Permission.RISK_RUN)
def drop(set_id: Key, brain: BrainDep, command: CommandDep) -> Response:
    """Delete a set of the office; results made of it stay."""
    risk_jobs.drop_set(brain.house, brain.risk, command, set_id)
    return Response(status_code=204)


@router.get("/risk/jobs")
@needs(Permission.SITUATION_READ)
def jobs(brain: BrainDep) -> list[RiskJobOut]:
    """Return all runs, newest first."""
    runs = list(brain.risk.runs.all())
    return [job_out(brain, run, waiting_before(runs, run)) for run in runs]


@router.get("/risk/jobs/broken")
@needs(Permission.SITUATION_READ)
def broken(brain: BrainDep) -> list[BrokenJobOut]:
    """Return runs whose record cannot be read, newest first; each can be deleted."""
    return [broken_out(one) for one in brain.risk.runs.broken()]


@router.post("/risk/jobs", status_code=202)
@needs(Permission.RISK_RUN)
def ask(body: RiskJobIn, brain: BrainDep, command: CommandDep) -> RiskJobOut:
    """Ask for a run; the background takes it up when those before it are over."""
    study = None
    if body.study:
        given = body.study
        study = StudyWish(inputs=tuple(given.inputs), samples=given.samples, sobol=given.sobol)
    measures = MeasureWish(**body.measures.model_dump()) if body.measures else None
    wish = RunWish(
        set=body.set,
        hour=body.hour,
        seed=body.seed,
        note=body.note,
        study=study,
        measures=measures,
        speed=body.speed,
    )
    run = risk_jobs.ask(brain.house, brain.risk, command, wish)
    brain.risk.desk.wake()
    return _told(brain, run)


@router.get("/risk/jobs/{job}")
@needs(Permission.SITUATION_READ)
def show(job: Key, brain: BrainDep) -> RiskJobOut:
    """Return one run, with how far it is."""
    return _told(brain, brain.risk.runs.get(job))


@router.post("/risk/jobs/{job}/stop", status_code=202)
@needs(Permission.RISK_RUN)
def stop(job: Key, brain: BrainDep, command: CommandDep) -> RiskJobOut:
    """Stop a run that waits or is under way."""
    return _told(brain, brain.risk.desk.cancel(command, job))


@router.delete("/risk/jobs/{job}", status_code=204)
@needs(Permission.RISK_RUN)
def delete(job: Key, brain: BrainDep, command: CommandDep) -> Response:
    """Delete a run that is over or broken, with its result."""
    brain.risk.desk.delete(command, job)
    return Response(status_code=204)


def _told(brain: Brain, run: RiskRun) -> RiskJobOut:
    return job_out(brain, run, waiting_before(list(brain.risk.runs.all()), run))
