"""The clock, and replays of past events under it."""

from __future__ import annotations

from fastapi import APIRouter

from rencheng.api.asking import CommandDep, RunDep
from rencheng.api.paging import SliceDep
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.assessment import ClockIn, ReplayIn, ScenarioOut
from rencheng.api.shapes.common import Page
from rencheng.api.shapes.situation import ClockOut, RunOut
from rencheng.api.situation_out import clock_out
from rencheng.bootstrap import Brain
from rencheng.domain.identity import Permission
from rencheng.domain.run import LIVE_RUN, Run
from rencheng.service.replay import start_replay, steer
from rencheng.service.situation import active_run, live_run, run_of

router = APIRouter(tags=["replay"])


@router.get("/clock")
@needs(Permission.SITUATION_READ)
def clock(brain: BrainDep, run: RunDep) -> ClockOut:
    """Return the clock of the active run."""
    with brain.house.work() as work:
        return _told(brain, run_of(work, run, brain.house.now()))


@router.get("/runs")
@needs(Permission.SITUATION_READ)
def runs(brain: BrainDep, part: SliceDep) -> Page[RunOut]:
    """Return every run, newest first and the live one last, so that a past one can be looked at."""
    wall = brain.house.now()
    with brain.house.work() as work:
        active = active_run(work).id
        found = sorted(work.runs.list(""), key=lambda run: run.started, reverse=True)
    found = [run for run in found if run.id != LIVE_RUN] + [live_run(wall)]
    items = [
        RunOut(
            id=run.id,
            mode=run.mode.value,
            scenario=run.scenario,
            started=run.started,
            now=run.now(wall),
            is_over=run.is_over,
            is_active=run.id == active,
        )
        for run in part.cut(found)
    ]
    return part.page(items, len(found))


@router.get("/scenarios")
@needs(Permission.SITUATION_READ)
def scenarios(brain: BrainDep) -> list[ScenarioOut]:
    """Return the past events that can be replayed."""
    return [
        ScenarioOut(
            id=one.id,
            name_zh=one.name_zh,
            name_en=one.name_en,
            start=one.start,
            end=one.end,
            synthetic_streams=one.synthetic_streams,
            sources=list(one.sources),
        )
        for one in brain.scenarios.list()
    ]


@router.post("/replay", status_code=201)
@needs(Permission.REPLAY_CONTROL)
def start(body: ReplayIn, brain: BrainDep, command: CommandDep) -> ClockOut:
    """Start a replay; a replay that is still open ends."""
    scenario = brain.scenarios.get(body.scenario)
    run = start_replay(brain.house, command, scenario, speed=body.speed)
    brain.follow(run)
    return _told(brain, run)


@router.patch("/replay")
@needs(Permission.REPLAY_CONTROL)
def change(body: ClockIn, brain: BrainDep, command: CommandDep) -> ClockOut:
    """Run faster or slower, pause, jump forward, or end."""
    run = steer(brain.house, command, speed=body.speed, jump_to=body.jump_to, stop=body.stop)
    brain.wake()
    return _told(brain, run)


def _told(brain: Brain, run: Run) -> ClockOut:
    return clock_out(run, brain.house.now(), brain.house.cities.current().timezone)
