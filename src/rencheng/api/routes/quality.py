"""Quality control: what holds for a stream, what its history would teach, and who approved it."""

from __future__ import annotations

from fastapi import APIRouter

from rencheng.api.asking import CommandDep, RunDep
from rencheng.api.paging import SliceDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.common import Page
from rencheng.api.shapes.quality import (
    CountOut,
    LearnIn,
    LearntLimitOut,
    LearntStreamOut,
    LeftLimitOut,
    LimitOut,
    LimitsDecisionIn,
    LimitsVersionOut,
    StreamLimitsOut,
)
from rencheng.bootstrap import Brain
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.identity import Permission
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.quality import LEARNT, LearntStream, LimitsVersion
from rencheng.domain.run import LIVE_RUN
from rencheng.sense.learning import numbers_of
from rencheng.service import limits
from rencheng.service.ownership import assets_hidden

router = APIRouter(tags=["quality"])


@router.get("/quality/streams/{sensor}")
@needs(Permission.CITY_READ)
def stream_limits(sensor: str, brain: BrainDep, run: RunDep, actor: ActorDep) -> StreamLimitsOut:
    """Return what a stream's values are held against now, and how many are suspect."""
    house = brain.house
    city = house.cities.current()
    streams = house.heard.streams(city, house.quality)
    if sensor not in streams.row or sensor in assets_hidden(actor, city):
        raise NotFoundError(
            "sensor.unknown",
            f"no datastream {sensor!r}",
            hint="Choose one of the list of sensors",
            params={"sensor": sensor},
        )
    row = streams.row[sensor]
    stream = city.datastreams[row]
    in_force = house.heard.limits(house.quality)
    learnt = in_force.learnt.get(sensor, {})
    with house.work() as work:
        count, suspect = work.observations.counts(run).get(sensor, (0, 0))
    return StreamLimitsOut(
        stream=sensor,
        quantity=stream.quantity.value,
        unit=stream.unit,
        verdict_version=streams.watched.version,
        limits=[
            LimitOut(
                name=name,
                values=list(numbers_of(stream, in_force.of(stream), name)),
                is_learnt=name in learnt,
            )
            for name in LEARNT
        ],
        neighbours=[streams.ids[n] for n in streams.watched.near[row] if n >= 0],
        count=count,
        suspect=suspect,
    )


@router.get("/quality/limits")
@needs(Permission.DATA_READ)
def versions(brain: BrainDep, part: SliceDep) -> Page[LimitsVersionOut]:
    """Return versions of learnt limits, newest first."""
    with brain.house.work() as work:
        found = part.cut(work.limits.list(LIVE_RUN, limit=part.end))
        total = work.limits.count(LIVE_RUN)
    return part.page([version_out(brain, one) for one in found], total)


@router.post("/quality/limits/learn", status_code=201)
@needs(Permission.MODEL_APPROVE)
def learn(body: LearnIn, brain: BrainDep, command: CommandDep) -> LimitsVersionOut:
    """Learn limits from the history of a run; the result is a draft and changes no verdict."""
    if body.quantity and body.quantity not in set(Quantity):
        raise InvalidInputError(
            "limits.quantity",
            f"no quantity {body.quantity!r}",
            hint="Name one that the city measures",
            params={"quantity": body.quantity},
        )
    lesson = limits.Lesson(
        streams=tuple(body.streams),
        quantity=Quantity(body.quantity) if body.quantity else None,
        start=body.start,
        end=body.end,
    )
    return version_out(brain, limits.propose(brain.house, command, lesson))


@router.post("/quality/limits/{version}/decision")
@needs(Permission.MODEL_APPROVE)
def decide(
    version: str, body: LimitsDecisionIn, brain: BrainDep, command: CommandDep
) -> LimitsVersionOut:
    """Approve or refuse learnt limits, or take those in force out of force, with a reason."""
    if body.decision == "undo":
        done = limits.undo(brain.house, command, version, body.version, reason=body.reason)
    else:
        done = limits.decide(
            brain.house,
            command,
            version,
            body.version,
            approve=body.decision == "approve",
            reason=body.reason,
        )
    return version_out(brain, done)


def version_out(brain: Brain, one: LimitsVersion) -> LimitsVersionOut:
    """Return a version of learnt limits."""
    known = {stream.id: stream for stream in brain.house.cities.current().datastreams}
    return LimitsVersionOut(
        id=one.id,
        number=one.number,
        base=one.base,
        source_run=one.source_run,
        start=one.start,
        end=one.end,
        streams=[_stream_out(stream, known.get(stream.stream)) for stream in one.streams],
        status=one.status.value,
        created=one.created,
        proposed_by=one.proposed_by,
        decided_by=one.decided_by,
        decided=one.decided,
        reason=one.reason,
        mode=one.mode.value,
        version=one.version,
    )


def _stream_out(one: LearntStream, stream: Datastream | None) -> LearntStreamOut:
    return LearntStreamOut(
        stream=one.stream,
        name=stream.name if stream else one.stream,
        quantity=stream.quantity.value if stream else "",
        unit=stream.unit if stream else "",
        count=one.count,
        first=one.first,
        last=one.last,
        limits=[
            LearntLimitOut(name=limit.name, before=list(limit.before), after=list(limit.after))
            for limit in one.limits
        ],
        left=[LeftLimitOut(name=name, why=why) for name, why in one.left],
        flagged_before=[CountOut(reason=key, count=n) for key, n in one.flagged_before],
        flagged_after=[CountOut(reason=key, count=n) for key, n in one.flagged_after],
    )
