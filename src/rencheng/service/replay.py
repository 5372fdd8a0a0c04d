"""Replays: starting one, steering its clock, ending it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.identity import SYSTEM, Actor, Permission
from rencheng.domain.provenance import Mode
from rencheng.domain.run import LIVE_RUN, MAX_SPEED, Run
from rencheng.service.house import (
    Command,
    Context,
    Done,
    House,
    new_id,
    perform,
    record,
    tell,
)
from rencheng.service.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An event of the past that can be replayed."""

    id: str
    name_zh: str
    name_en: str
    city: str
    event: str
    start: datetime
    origin: datetime
    end: datetime
    sources: tuple[str, ...]
    synthetic_streams: int
    """Kinds of stream that are made up, because no device's own record is in the scenario."""


class Scenarios(Protocol):
    """Where scenarios come from."""

    def list(self) -> Sequence[Scenario]:
        """Return all scenarios, by id."""
        ...

    def get(self, scenario: str) -> Scenario:
        """Return one scenario, or raise `NotFoundError`."""
        ...


def start_replay(house: House, command: Command, scenario: Scenario, *, speed: float) -> Run:
    """Start the clock of a replay; a replay that is still open ends.

    Parameters
    ----------
    house, command
        Where, and who asks; `command.run` may be any run.
    scenario
        What to replay.
    speed
        Simulated seconds per second; 0 starts paused.

    Raises
    ------
    NotAllowedError
        If the actor may not control replays.
    InvalidInputError
        If the speed is out of bounds or the scenario is of another city.
    """
    command.actor.must(Permission.REPLAY_CONTROL)
    city = house.cities.current()
    _check(scenario, city.id, speed)

    def change(work: UnitOfWork, ctx: Context) -> Done[Run]:
        for run in work.runs.list("", where={"is_over": "false", "mode": Mode.REPLAY.value}):
            _end(work, run, command.actor, ctx.wall)
        run = Run(
            id=f"{scenario.id}-{ctx.wall:%Y%m%dT%H%M%S}-{new_id(ctx.wall)[-4:]}",
            mode=Mode.REPLAY,
            scenario=scenario.id,
            city_version=city.version,
            started=ctx.wall,
            sim_start=scenario.start,
            sim_end=scenario.end,
            anchor_sim=scenario.start,
            anchor_wall=ctx.wall,
            speed=speed,
        )
        work.runs.add(run)
        _note(work, run, command.actor, ctx.wall, "replay.started")
        return Done(item=run, id=run.id, event="")

    return perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda work, key: work.runs.get(key),
        content=("replay.start", scenario.id, speed),
    )


def steer(
    house: House,
    command: Command,
    *,
    speed: float | None = None,
    jump_to: datetime | None = None,
    stop: bool = False,
) -> Run:
    """Change the clock of the replay `command.run`: jump forward, then run on at a speed, or end.

    Raises
    ------
    NotAllowedError
        If the actor may not control replays.
    ConflictError
        If the run is over or is the live one.
    InvalidInputError
        If the speed is out of bounds, or the jump leads back or beyond the end.
    """
    command.actor.must(Permission.REPLAY_CONTROL)
    if command.run == LIVE_RUN:
        raise ConflictError("run.over", "the live run's clock is wall time", hint="Start a replay")

    def change(work: UnitOfWork, ctx: Context) -> Done[Run]:
        run = work.runs.get(command.run)
        steered = run.with_speed(run.speed, ctx.wall)
        if jump_to is not None:
            steered = steered.jumped_to(jump_to, ctx.wall)
        if speed is not None:
            steered = steered.with_speed(speed, ctx.wall)
        if stop:
            return Done(item=_end(work, steered, command.actor, ctx.wall), id=run.id, event="")
        kept = work.runs.replace(steered)
        _note(work, kept, command.actor, ctx.wall, "replay.steered")
        return Done(item=kept, id=run.id, event="")

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.runs.get(key),
        content=("replay.steer", command.run, speed, jump_to, stop),
    )


def finish(house: House, run_id: str) -> None:
    """End a replay of which everything has been delivered; harmless when it is over."""
    with house.work() as work:
        work.lock()
        run = work.runs.get(run_id)
        if not run.is_over:
            _end(work, run, SYSTEM, house.now())
            work.commit()


def hold(house: House, run_id: str, delivered: datetime) -> None:
    """Hold a replay's clock back to what has been delivered, never behind where it was steered to.

    A clock that ran ahead of its own devices would show every one of them as silent.
    """
    with house.work() as work:
        work.lock()
        run, wall = work.runs.get(run_id), house.now()
        at = max(delivered, run.anchor_sim)
        if run.is_over or run.speed == 0.0 or at >= run.now(wall):
            return
        kept = work.runs.replace(replace(run, anchor_sim=at, anchor_wall=wall))
        ctx = Context(run=run.id, mode=run.mode, at=at, wall=wall)
        tell(work, ctx, "clock", kept.id)
        work.commit()


def clock(house: House, run_id: str) -> tuple[datetime, bool, float]:
    """Return the time on a run's clock, whether the run is over, and its speed."""
    with house.work() as work:
        run = work.runs.get(run_id)
        return run.now(house.now()), run.is_over, run.speed


def _check(scenario: Scenario, city: str, speed: float) -> None:
    if not 0.0 <= speed <= MAX_SPEED:
        raise InvalidInputError(
            "run.speed",
            f"speed {speed} is outside 0 to {MAX_SPEED:g}",
            hint="Choose ×1 to ×600, or 0 to pause",
            params={"speed": speed},
        )
    if scenario.city != city:
        raise InvalidInputError(
            "replay.city",
            f"scenario {scenario.id} is of city {scenario.city}, {city} is served",
            hint="Serve the scenario's city, or choose another scenario",
            params={"scenario": scenario.id, "city": scenario.city, "served": city},
        )


def _end(work: UnitOfWork, run: Run, actor: Actor, wall: datetime) -> Run:
    stopped = replace(run, anchor_sim=run.now(wall), anchor_wall=wall, speed=0.0, is_over=True)
    kept = work.runs.replace(stopped)
    _note(work, kept, actor, wall, "replay.ended")
    return kept


def _note(work: UnitOfWork, run: Run, actor: Actor, wall: datetime, action: str) -> None:
    """Write the audit line and the event into the run that they are about."""
    at = run.now(wall)
    params: dict[str, str | int | float] = {
        "scenario": run.scenario,
        "speed": run.speed,
        "time": at.isoformat("T", "seconds"),
    }
    ctx = Context(run=run.id, mode=run.mode, at=at, wall=wall)
    record(work, ctx, actor, Done(item=run, id=run.id, event="clock", action=action, params=params))
