"""Limits of quality control from history: proposed by the program, put in force by a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, InvalidInputError, NotFoundError
from rencheng.domain.identity import Permission
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.quality import (
    LearntStream,
    LimitsStatus,
    LimitsVersion,
    Numbers,
    QualityLimits,
)
from rencheng.domain.readings import Rows, from_us, to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.sense.learning import back_test, learn, with_learnt
from rencheng.service.house import Command, Context, Done, House, new_id, perform
from rencheng.service.ports import UnitOfWork

MOST_STREAMS = 500
"""Streams of one proposal: more than a person can look through. Chosen."""
LONGEST = timedelta(days=800)
"""Longest period that is read: two years and some, every month twice. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What is to be learnt from."""

    streams: tuple[str, ...] = ()
    quantity: Quantity | None = None
    start: datetime
    end: datetime


def propose(house: House, command: Command, lesson: Lesson) -> LimitsVersion:
    """Learn limits from the history of a run and keep them as a draft; nothing changes by it.

    Parameters
    ----------
    house, command
        Where, and who asks; the run is the one whose history is read.
    lesson
        Streams by name, or all of a quantity, and the period.

    Raises
    ------
    NotAllowedError
        If the asker may not decide on models.
    InvalidInputError
        If no stream or too many are named, the period is none, or history teaches nothing new.
    """
    command.actor.must(Permission.MODEL_APPROVE)
    city = house.cities.current()
    chosen = _chosen(city, lesson)
    stated = house.heard.limits(house.quality)
    learnt, held = _learnt(house, city, chosen, stated, command.run, lesson)
    if not any(one.limits for one in learnt):
        raise InvalidInputError(
            "limits.nothing",
            f"the history of {len(chosen)} streams teaches no other limits",
            hint="Take a longer period; what holds stays in force",
            params={"count": len(chosen)},
        )

    def change(work: UnitOfWork, ctx: Context) -> Done[LimitsVersion]:
        for earlier in work.limits.list(LIVE_RUN, where={"status": LimitsStatus.PROPOSED.value}):
            work.limits.replace(replace(earlier, status=LimitsStatus.RETIRED))
        now = in_force(work)
        draft = LimitsVersion(
            id=new_id(ctx.wall),
            number=work.limits.count(LIVE_RUN) + 1,
            base=now.id if now else "",
            source_run=command.run,
            start=lesson.start,
            end=lesson.end,
            streams=learnt,
            held=held,
            status=LimitsStatus.PROPOSED,
            created=ctx.wall,
            proposed_by=command.actor.id,
            mode=ctx.mode,
        )
        work.limits.add(draft)
        return _done(draft, "limits.proposed")

    return perform(
        house, command, change, again=_again, content=("limits.propose", lesson, command.run)
    )


def decide(
    house: House, command: Command, version: str, seen: int, *, approve: bool, reason: str
) -> LimitsVersion:
    """Put learnt limits in force, or refuse them; either with a reason.

    Raises
    ------
    ConflictError
        If it was decided before, was changed since it was read, or was learnt beside limits that
        are not in force any more.
    """
    command.actor.must(Permission.MODEL_APPROVE)
    _require_reason(reason)

    def change(work: UnitOfWork, ctx: Context) -> Done[LimitsVersion]:
        draft = work.limits.get(version)
        if draft.status is not LimitsStatus.PROPOSED or draft.version != seen:
            raise ConflictError(
                "limits.decided",
                f"version {draft.number} of the limits is {draft.status.value}",
                hint="Reload to see who decided and when",
                params={"number": draft.number, "status": draft.status.value},
            )
        before = in_force(work)
        if approve and draft.base != (before.id if before else ""):
            raise ConflictError(
                "limits.other_base",
                "other limits were put in force since these were learnt",
                hint="Learn again",
                params={"number": draft.number},
            )
        if approve and before is not None:
            work.limits.replace(replace(before, status=LimitsStatus.RETIRED))
        status = LimitsStatus.APPROVED if approve else LimitsStatus.REFUSED
        return _done(work.limits.replace(_decided(draft, status, command, ctx, reason)))

    done = perform(
        house,
        command,
        change,
        again=_again,
        content=("limits.decide", version, seen, approve, reason),
    )
    take_up(house)
    return done


def undo(house: House, command: Command, version: str, seen: int, *, reason: str) -> LimitsVersion:
    """Take limits out of force; those that held before them, or the stated ones, hold again.

    Returns
    -------
    LimitsVersion
        The version that was taken out of force.

    Raises
    ------
    ConflictError
        If the version is not the one in force, or was changed since it was read.
    """
    command.actor.must(Permission.MODEL_APPROVE)
    _require_reason(reason)

    def change(work: UnitOfWork, ctx: Context) -> Done[LimitsVersion]:
        now = work.limits.get(version)
        if now.status is not LimitsStatus.APPROVED or now.version != seen:
            raise ConflictError(
                "limits.not_in_force",
                f"version {now.number} of the limits is {now.status.value}",
                hint="Reload to see which version is in force",
                params={"number": now.number, "status": now.status.value},
            )
        taken = work.limits.replace(_decided(now, LimitsStatus.RETIRED, command, ctx, reason))
        if now.base:
            work.limits.replace(replace(work.limits.get(now.base), status=LimitsStatus.APPROVED))
        return _done(taken, "limits.undone")

    done = perform(
        house, command, change, again=_again, content=("limits.undo", version, seen, reason)
    )
    take_up(house)
    return done


def in_force(work: UnitOfWork) -> LimitsVersion | None:
    """Return the learnt limits that hold, None while only the stated ones do."""
    found = work.limits.list(LIVE_RUN, where={"status": LimitsStatus.APPROVED.value}, limit=1)
    return found[0] if found else None


def take_up(house: House) -> None:
    """Judge by the learnt limits that are in force, as after a start."""
    with house.work() as work:
        house.heard.learn(in_force(work))


def _again(work: UnitOfWork, key: str) -> LimitsVersion:
    return work.limits.get(key)


def _chosen(city: City, lesson: Lesson) -> list[Datastream]:
    if not lesson.start < lesson.end <= lesson.start + LONGEST:
        raise InvalidInputError(
            "limits.period",
            "the period is none, or longer than can be read",
            hint="Name a start and an end at most 800 days apart",
            params={"days": LONGEST.days},
        )
    known = {stream.id: stream for stream in city.datastreams}
    missing = [name for name in lesson.streams if name not in known]
    if missing:
        raise NotFoundError(
            "sensor.unknown",
            f"no datastream {missing[0]!r}",
            hint="Choose one of the list of sensors",
            params={"sensor": missing[0]},
        )
    chosen = [known[name] for name in dict.fromkeys(lesson.streams)]
    if not lesson.streams and lesson.quantity is not None:
        chosen = [one for one in city.datastreams if one.quantity is lesson.quantity]
    if not 0 < len(chosen) <= MOST_STREAMS:
        raise InvalidInputError(
            "limits.streams",
            f"{len(chosen)} streams are chosen; 1 to {MOST_STREAMS} can be learnt at a time",
            hint="Name streams, or a quantity that the city measures",
            params={"count": len(chosen), "most": MOST_STREAMS},
        )
    return chosen


def _learnt(
    house: House,
    city: City,
    chosen: Sequence[Datastream],
    stated: QualityLimits,
    run: str,
    lesson: Lesson,
) -> tuple[tuple[LearntStream, ...], Mapping[str, Mapping[str, Numbers]]]:
    """Return what each stream's history teaches, and everything learnt that would hold."""
    streams = house.heard.streams(city, house.quality)
    found: list[LearntStream] = []
    fresh: dict[str, dict[str, Numbers]] = {}
    for stream in chosen:
        row = streams.row[stream.id]
        near = [city.datastreams[n] for n in streams.watched.near[row] if n >= 0]
        group = [stream, *near]
        with house.work() as work:
            rows = work.observations.rows(
                run, [one.id for one in group], to_us(lesson.start), to_us(lesson.end)
            )
        rows = rows[np.lexsort((rows["at"], rows["stream"]))]
        own = rows[rows["stream"] == 0]
        taught = learn(
            stream, stated.of(stream), own,
            [rows[rows["stream"] == n] for n in range(1, len(group))],
        )  # fmt: skip
        values = {one.name: one.after for one in taught.limits}
        trial = with_learnt(stated, {stream.id: values})
        before = back_test(group, stated, rows)[0] if values else Counter[str]()
        after = back_test(group, trial, rows)[0] if values else Counter[str]()
        if values:
            fresh[stream.id] = values
        found.append(
            LearntStream(
                stream=stream.id,
                count=len(own),
                first=_time(own, 0),
                last=_time(own, -1),
                limits=taught.limits,
                left=taught.left,
                flagged_before=tuple(sorted(before.items())),
                flagged_after=tuple(sorted(after.items())),
            )
        )
    return tuple(found), with_learnt(stated, fresh).learnt


def _time(rows: Rows, place: int) -> datetime | None:
    if not len(rows):
        return None
    return from_us(int(rows["at"][place]))


def _decided(
    version: LimitsVersion, status: LimitsStatus, command: Command, ctx: Context, reason: str
) -> LimitsVersion:
    return replace(
        version,
        status=status,
        decided_by=command.actor.id,
        decided=ctx.wall,
        reason=reason.strip(),
    )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInputError(
            "limits.reason", "a reason is missing", hint="Say in a few words why"
        )


def _done(version: LimitsVersion, action: str = "") -> Done[LimitsVersion]:
    return Done(
        item=version,
        id=version.id,
        event="model",
        action=action or f"limits.{version.status.value}",
        params={
            "number": version.number,
            "streams": sum(bool(one.limits) for one in version.streams),
            "reason": version.reason,
        },
    )
