"""The list of alarms as a duty officer reads it: filtered, counted, and grouped in a flood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rencheng.domain.alarm import Alarm, Escalation, Level
from rencheng.domain.identity import Actor
from rencheng.service.ports import UnitOfWork

# ISA-18.2 and EEMUA 191 call it a flood when one operator gets more than 10 alarms in 10 minutes.
FLOOD_ALARMS = 10
FLOOD_WITHIN = timedelta(minutes=10)


class ListState(StrEnum):
    """Which alarms a list shows."""

    ALL = "all"
    LISTED = "listed"
    """Active, or cleared and not yet seen; not shelved."""
    ACTIVE = "active"
    UNACKNOWLEDGED = "unacknowledged"
    CLEARED = "cleared"
    """Cleared and not yet seen."""
    SHELVED = "shelved"
    OVER = "over"
    """Cleared and seen."""


class GroupBy(StrEnum):
    """By what alarms become one line."""

    RULE = "rule"
    OBJECT = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """What a list asks for."""

    state: ListState = ListState.ALL
    level: Level | None = None
    is_mine: bool = False
    rule: str = ""
    object: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmGroup:
    """Alarms of one rule or one object, as one line."""

    key: str
    worst: Alarm
    """The one to look at first."""
    count: int
    active: int
    unacknowledged: int
    newest: datetime
    due: datetime | None
    """When the next of them escalates."""
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCounts:
    """How many alarms there are, however long the list is."""

    active: dict[Level, int]
    """By level; shelved ones are not counted."""
    unacknowledged: int
    cleared: int
    """Cleared and not yet seen."""
    shelved: int
    mine: int
    """Escalated to a role of the asker, and still not seen by anybody."""
    is_flood: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a list, and what belongs to them."""

    actor: Actor
    hidden: frozenset[str]
    """Objects of others, whose alarms are not shown."""
    escalation: Escalation

    def has(self, alarm: Alarm) -> bool:
        """Say whether an alarm is the reader's business: told to a role, or in own hands."""
        roles = {*self.escalation.first, *alarm.told}
        own = (alarm.acknowledged_by, alarm.judged_by, alarm.shelved_by)
        return bool(self.actor.roles & roles) or self.actor.id in own


def alarms_of(work: UnitOfWork, run: str, reader: Reader, asked: AlarmFilter) -> list[Alarm]:
    """Return the alarms that somebody may see and asks for, newest first."""
    where = {"rule": asked.rule} if asked.rule else {}
    if asked.state not in (ListState.ALL, ListState.OVER):
        where["is_listed"] = "true"
    return [
        one
        for one in work.alarms.list(run, where=where)
        if one.object not in reader.hidden
        and _is_asked(one, asked)
        and (not asked.is_mine or reader.has(one))
    ]


def urgent_first(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Order a list: what nobody has seen before what is in hand, then by level, then by time."""
    return sorted(
        alarms,
        key=lambda one: (
            one.acknowledged is not None,
            not one.is_open,
            int(one.level),
            -one.started.timestamp(),
        ),
    )


def grouped(alarms: Iterable[Alarm], by: GroupBy, escalation: Escalation) -> list[AlarmGroup]:
    """Make one line of all alarms of a rule or of an object, the most urgent line first."""
    parts: dict[str, list[Alarm]] = {}
    for one in urgent_first(alarms):
        parts.setdefault(one.rule if by is GroupBy.RULE else one.object, []).append(one)
    return [_group(key, part, escalation) for key, part in parts.items()]


def counted(alarms: Sequence[Alarm], actor: Actor, at: datetime) -> AlarmCounts:
    """Count listed alarms: shelved ones apart."""
    out = [one for one in alarms if one.shelved_until is None]
    return AlarmCounts(
        active=dict(Counter(one.level for one in out if one.is_open)),
        unacknowledged=sum(one.acknowledged is None for one in out),
        cleared=sum(not one.is_open for one in out),
        shelved=len(alarms) - len(out),
        mine=sum(one.acknowledged is None and bool(actor.roles & {*one.told}) for one in out),
        is_flood=sum(at - one.started <= FLOOD_WITHIN for one in out) > FLOOD_ALARMS,
    )


def _group(key: str, part: Sequence[Alarm], escalation: Escalation) -> AlarmGroup:
    coming = [step[0] for one in part if (step := one.next_step(escalation))]
    return AlarmGroup(
        key=key,
        worst=part[0],
        count=len(part),
        active=sum(one.is_open for one in part),
        unacknowledged=sum(one.acknowledged is None for one in part),
        newest=max(one.started for one in part),
        due=min(coming, default=None),
        ids=tuple(one.id for one in part),
    )


def _is_asked(alarm: Alarm, asked: AlarmFilter) -> bool:
    if asked.level is not None and alarm.level is not asked.level:
        return False
    if asked.object and alarm.object != asked.object:
        return False
    is_out = alarm.shelved_until is None
    match asked.state:
        case ListState.ALL:
            return True
        case ListState.LISTED:
            return is_out and alarm.is_listed
        case ListState.ACTIVE:
            return is_out and alarm.is_open
        case ListState.UNACKNOWLEDGED:
            return is_out and alarm.acknowledged is None
        case ListState.CLEARED:
            return is_out and not alarm.is_open and alarm.acknowledged is None
        case ListState.SHELVED:
            return not is_out and alarm.is_listed
        case ListState.OVER:
            return not alarm.is_listed
