"""What is going on: the read side of a run, in domain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from rencheng.collaborate.jurisdiction import may_see
from rencheng.collaborate.routing import responsible
from rencheng.domain.alert import Alert
from rencheng.domain.city import City
from rencheng.domain.errors import RenchengError
from rencheng.domain.identity import Actor
from rencheng.domain.incident import Incident, IncidentStatus
from rencheng.domain.learning import DamageReport
from rencheng.domain.observation import (
    Datastream,
    Observation,
    Quality,
    StreamHealth,
    StreamStatus,
)
from rencheng.domain.proposal import Action, Proposal
from rencheng.domain.provenance import Mode
from rencheng.domain.readings import EPOCH, from_us, to_us
from rencheng.domain.run import LIVE_RUN, Phase, Run
from rencheng.sense.health import Heard, stream_status
from rencheng.sense.quality import equal_in_a_row
from rencheng.service.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorState:
    """A datastream, its health, and how much it has said."""

    stream: Datastream
    status: StreamStatus
    count: int
    suspect: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Health of the sensing net as one line."""

    ok: int
    total: int
    oldest_vital: str
    oldest_vital_s: float
    """Age of the vital stream that has been quiet for longest; infinity: never heard. [s]"""


def active_run(work: UnitOfWork, wall: datetime = EPOCH) -> Run:
    """Return the newest replay, drill or test that is not over, else the live run.

    `wall` gives the live run its times; leave it out where only the id matters.
    """
    found = work.runs.list("", where={"is_over": "false"})
    others = [run for run in found if run.mode is not Mode.LIVE]
    return max(others, key=lambda run: run.started) if others else live_run(wall)


def live_run(wall: datetime) -> Run:
    """Return the run of the wall clock; it is always there and never over."""
    return Run(
        id=LIVE_RUN,
        mode=Mode.LIVE,
        scenario="",
        city_version="",
        started=wall,
        sim_start=wall,
        sim_end=wall,
        anchor_sim=wall,
        anchor_wall=wall,
        speed=1.0,
    )


def run_of(work: UnitOfWork, run: str, wall: datetime) -> Run:
    """Return a run by its id, or raise `NotFoundError`."""
    return live_run(wall) if run == LIVE_RUN else work.runs.get(run)


def sensor_states(work: UnitOfWork, city: City, run: str, at: datetime) -> list[SensorState]:
    """Return every datastream's health at a time of the run's clock."""
    counts = work.observations.counts(run)
    ids = tuple(stream.id for stream in city.datastreams)
    last, good, equal = work.observations.latest_rows(run, ids)
    now = to_us(at)
    is_heard, is_ahead = last["stream"] >= 0, last["at"] > now
    good_value = np.where(good["stream"] >= 0, good["value"], np.nan)
    states = []
    for row, stream in enumerate(city.datastreams):
        heard: Heard | None = None
        if is_heard[row] and is_ahead[row]:
            heard = _heard_before(work, stream, run, at)
        elif is_heard[row]:
            heard = Heard(
                at=from_us(int(last["at"][row])),
                value=float(last["value"][row]),
                is_suspect=bool(last["reasons"][row]),
                good=float(good_value[row]),
                equal=int(equal[row]),
            )
        count, suspect = counts.get(stream.id, (0, 0))
        status = stream_status(stream, heard, at)
        states.append(SensorState(stream=stream, status=status, count=count, suspect=suspect))
    return states


def _heard_before(work: UnitOfWork, stream: Datastream, run: str, at: datetime) -> Heard | None:
    """Return what a stream that speaks of later times too last said up to a time."""
    recent = work.observations.recent(run, stream.id, at, max(1, stream.stuck_after))
    if not recent:
        return None
    good = work.observations.last_good(run, stream.id, at)
    last = recent[-1]
    earlier = [(one.phenomenon_time, one.value) for one in recent[:-1]]
    return Heard(
        at=last.phenomenon_time,
        value=last.value,
        is_suspect=last.verdict.quality is not Quality.GOOD,
        good=good.value if good else float("nan"),
        equal=equal_in_a_row(last.value, earlier),
    )


def streams_line(states: Iterable[SensorState]) -> Streams:
    """Sum up the health of the sensing net."""
    every = list(states)
    vital = [one for one in every if one.stream.is_vital]
    oldest = max(vital, key=lambda one: one.status.age_s, default=None)
    return Streams(
        ok=sum(one.status.health is StreamHealth.OK for one in every),
        total=len(every),
        oldest_vital=oldest.stream.id if oldest else "",
        oldest_vital_s=oldest.status.age_s if oldest else float("inf"),
    )


def observed_series(
    work: UnitOfWork, run: str, streams: Sequence[Datastream], start: datetime, end: datetime
) -> dict[str, list[Observation]]:
    """Return by datastream what was said between two times, oldest first."""
    series: dict[str, list[Observation]] = {stream.id: [] for stream in streams}
    for one in work.observations.series(run, list(series), start, end):
        series[one.datastream].append(one)
    return series


def phase(incident: Incident | None, alerts_in_force: int, open_alarms: Iterable[int]) -> Phase:
    """Return the mode of the city: what the top bar shows.

    Recovery and emergency follow the incident, which people steer; a sent warning or an open red
    or orange alarm makes it warning; otherwise it is an ordinary day.
    """
    if incident is not None and incident.status is IncidentStatus.RECOVERING:
        return Phase.RECOVERY
    if incident is not None and incident.status is IncidentStatus.RESPONDING:
        return Phase.EMERGENCY if incident.level is not None else Phase.WARNING
    if alerts_in_force or any(level <= 2 for level in open_alarms):
        return Phase.WARNING
    return Phase.ORDINARY


def count_tasks(
    work: UnitOfWork, actor: Actor, run: str, where: Mapping[str, str] | None = None
) -> int:
    """Return how many tasks of a run the actor may see, without reading them."""
    asked = dict(where or {})
    if not actor.is_city_wide:
        if not actor.organisation:
            return 0
        asked["organisation"] = actor.organisation
    return work.tasks.count(run, where=asked)


def may_see_alert(actor: Actor, alert: Alert) -> bool:
    """Whether a warning may be seen: drafts are the emergency office's own business."""
    return actor.is_city_wide or alert.sent is not None


def may_see_proposal(actor: Actor, proposal: Proposal, city: City) -> bool:
    """Whether a proposal concerns the actor: city-wide, or one of its tasks is the own."""
    return actor.is_city_wide or any(_is_seen(actor, one, city) for one in proposal.actions)


def proposal_seen(actor: Actor, proposal: Proposal, city: City) -> Proposal:
    """Return a proposal with the actions that the actor may see: all, or the own organisation's."""
    if actor.is_city_wide:
        return proposal
    own = tuple(one for one in proposal.actions if _is_seen(actor, one, city))
    return replace(proposal, actions=own)


def _is_seen(actor: Actor, action: Action, city: City) -> bool:
    try:
        return may_see(actor, responsible(action, city.organisations).id)
    except RenchengError:
        return False


def reports_seen(work: UnitOfWork, actor: Actor, run: str) -> list[DamageReport]:
    """Return the damage reports that the actor may see: all when city-wide, else the own ones."""
    if actor.is_city_wide:
        return work.reports.list(run)
    return work.reports.list(run, where={"reporter": actor.id})
