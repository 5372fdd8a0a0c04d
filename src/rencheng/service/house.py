"""The house as its use cases see it, and the one way in which every command is done."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from rencheng.domain.alarm import Escalation, Level
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError
from rencheng.domain.finding import DataFinding
from rencheng.domain.identity import Actor
from rencheng.domain.log import Line
from rencheng.domain.provenance import Mode, Text
from rencheng.domain.quality import QualityLimits
from rencheng.domain.rules import Rules
from rencheng.domain.run import LIVE_RUN
from rencheng.service.judging import QualityMemory
from rencheng.service.ports import Channel, Cities, Clock, Event, UnitOfWork
from rencheng.service.rule_memory import RuleMemory
from rencheng.service.waiting import Waiting

T = TypeVar("T")
Words = Callable[[Text, str], str]
"""A sentence and a language to the sentence in that language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an office may set. Values without a source are chosen and can be changed."""

    sender: str = "rencheng.local"
    """CAP sender; no blank, comma, `<` or `&`."""
    languages: tuple[str, ...] = ("zh-CN", "en")
    """Languages that a suggested warning is written in."""
    warning_hours: float = 24.0
    """Longest validity that a suggested warning gets. [h]"""
    incident_magnitude: float = 6.0
    """Magnitude from which an earthquake that concerns the city opens an incident. Chosen."""
    # National Earthquake Emergency Plan of China (2012), 初判 of levels I to IV by magnitude in a
    # densely peopled area: 7.0, 6.0, 5.0, 4.0. Not read in the official text: unverified.
    magnitude_levels: tuple[tuple[float, Level], ...] = (
        (7.0, Level.RED),
        (6.0, Level.ORANGE),
        (5.0, Level.YELLOW),
        (4.0, Level.BLUE),
    )
    retries: int = 8
    """Attempts before a delivery becomes a dead letter. Chosen."""
    history_days: float = 92.0
    """Age from which months of readings are put into one file each. Chosen. [d]"""
    retry_s: float = 2.0
    """Wait before the second attempt; doubled each time. Chosen. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Somebody who gets every warning that is sent, on one channel."""

    id: str
    channel: str
    takes_alarms: bool = False
    """Whether alarms that a person has confirmed go there too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What `bootstrap` wires once: real in production, chosen by the test in tests."""

    work: Callable[[], UnitOfWork]
    now: Clock
    cities: Cities
    words: Words
    channels: tuple[Channel, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    rules: Rules | None = None
    settings: Settings = field(default_factory=Settings)
    findings: Callable[[City], tuple[DataFinding, ...]] = lambda _city: ()
    """What is missing or weak in a city's data."""
    quality: QualityLimits = field(default_factory=QualityLimits)
    heard: QualityMemory = field(default_factory=QualityMemory)
    """What quality control remembers of each stream."""
    waiting: Waiting = field(default_factory=Waiting)
    """What was taken in and is not followed up yet."""
    escalation: Escalation = field(default_factory=Escalation)
    """Who is told of an alarm that nobody looks at, and when."""
    watch: RuleMemory = field(default_factory=RuleMemory)
    """The alarm rules, and what they remember of each run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Under which clock something happens."""

    run: str
    mode: Mode
    at: datetime
    """Time on the run's clock. [UTC]"""
    wall: datetime
    """Wall time. [UTC]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who asks for a change, in which run, under which id of the asker's making."""

    actor: Actor
    run: str
    id: str = ""
    """Makes a retry harmless; empty: each time is a new command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[T]):
    """What a command did: its result, its line in the log, and its event."""

    item: T
    id: str
    event: str
    """Kind of the event; empty: nothing changed, nothing is recorded."""
    action: str = ""
    """Key of the log line under `log.<action>`; empty: no line."""
    organisation: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)


def context(house: House, work: UnitOfWork, run: str) -> Context:
    """Return the clock of a run; the live run is always there."""
    wall = house.now()
    if run == LIVE_RUN:
        return Context(run=run, mode=Mode.LIVE, at=wall, wall=wall)
    found = work.runs.get(run)
    return Context(run=run, mode=found.mode, at=found.now(wall), wall=wall)


def new_id(wall: datetime) -> str:
    """Return a UUID of version 7 (RFC 9562): sorts by time, cannot be guessed."""
    milliseconds = int(wall.timestamp() * 1000)
    number = (milliseconds << 80) | secrets.randbits(80)
    number = (number & ~(0xF << 76)) | (0x7 << 76)
    number = (number & ~(0x3 << 62)) | (0x2 << 62)
    return str(UUID(int=number))


def perform(
    house: House,
    command: Command,
    change: Callable[[UnitOfWork, Context], Done[T]],
    *,
    again: Callable[[UnitOfWork, str], T],
    content: tuple[object, ...],
) -> T:
    """Do a command: one unit of work, one decision, one audit line, one event, one commit.

    Parameters
    ----------
    house, command
        Where, and who asks under which id.
    change
        The decision. It reads under the write lock, so what it sees still holds at the commit.
    again
        Returns what the command with the same id made, from the id in its answer.
    content
        Name and arguments of the command; the same id with other content is a conflict.

    Raises
    ------
    ConflictError
        If the command's id was used for something else before.
    """
    key = f"{command.run}/{command.actor.id}/{command.id}" if command.id else ""
    mark = hashlib.sha256(repr(content).encode()).hexdigest()
    with house.work() as work:
        work.lock()
        earlier = work.answered(key) if key else None
        if earlier is not None:
            told = json.loads(earlier)
            if told["content"] != mark:
                raise ConflictError(
                    "command.reused",
                    f"command {command.id!r} did something else before",
                    hint="Give each command an id of its own",
                    params={"id": command.id},
                )
            return again(work, told["id"])
        ctx = context(house, work, command.run)
        done = change(work, ctx)
        if done.event:
            record(work, ctx, command.actor, done)
        if key:
            work.answer(key, json.dumps({"id": done.id, "content": mark}))
        work.commit()
    return done.item


def record(work: UnitOfWork, ctx: Context, actor: Actor, done: Done[T]) -> None:
    """Write the audit line and the event of a change."""
    record_all(work, ctx, actor, (done,))


def record_all(work: UnitOfWork, ctx: Context, actor: Actor, done: Sequence[Done[T]]) -> None:
    """Write the audit lines and the events of many changes at once, in their order."""
    work.log.append_all(
        [
            Line(
                actor=actor.id,
                action=one.action,
                subject=one.id,
                params=one.params,
                at=ctx.wall,
                sim_at=ctx.at,
                mode=ctx.mode,
                run=ctx.run,
            )
            for one in done
            if one.action
        ]
    )
    work.events.append_all([_event(ctx, one.event, one.id, one.organisation) for one in done])


def tell(work: UnitOfWork, ctx: Context, kind: str, subject: str, organisation: str = "") -> None:
    """Add an event, for whoever watches."""
    work.events.append_all([_event(ctx, kind, subject, organisation)])


def _event(ctx: Context, kind: str, subject: str, organisation: str) -> Event:
    return Event(
        seq=0, kind=kind, id=subject, organisation=organisation, at=ctx.at, mode=ctx.mode,
        run=ctx.run,
    )  # fmt: skip


def require_version(found: int, seen: int, name: str) -> None:
    """Raise `ConflictError` when somebody changed the thing after it was seen."""
    if found != seen:
        raise ConflictError(
            "store.version",
            f"{name} is at version {found}, version {seen} was seen",
            hint="Reload, look at what changed, and act again",
            params={"kind": name, "id": "", "found": found, "seen": seen},
        )


def after_hours(at: datetime, hours: float) -> datetime:
    """Return the time so many hours later."""
    return at + timedelta(hours=hours)
