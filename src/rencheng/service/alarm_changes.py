"""Changes of many alarms in one unit of work: read once, decided in memory, written at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from rencheng.domain.alarm import Alarm, Finding
from rencheng.domain.identity import SYSTEM
from rencheng.service.house import Context, Done, new_id, record_all
from rencheng.service.ports import UnitOfWork

Cause = tuple[str, str]
"""Rule and object."""
RENEWED_EVERY = timedelta(minutes=1)
"""How far the time at which an alarm was last found may lie behind, where nothing else changed.

Chosen: a minute says that the cause still holds, and a flood of alarms that stand need not be
written again in each turn.
"""
_AT_ONCE = 200
"""Alarms written in one unit of work, so that nobody waits long for the store. Chosen."""
T = TypeVar("T")


class Changes:
    """The alarms of some causes, under the lock of a unit of work.

    Parameters
    ----------
    work, ctx
        A unit of work that holds the lock, and the clock of the run.
    causes
        Whose alarms are raised or cleared here.
    """

    def __init__(self, work: UnitOfWork, ctx: Context, causes: Iterable[Cause]) -> None:
        self._work, self._ctx = work, ctx
        wanted = list(causes)
        rules, objects = {rule for rule, _ in wanted}, {about for _, about in wanted}
        where = {"is_listed": "true", "rule": tuple(rules), "object": tuple(objects)}
        self._now: dict[Cause, Alarm] = newest(work.alarms.list(ctx.run, where=where))
        self._new: dict[str, Alarm] = {}
        self._changed: dict[str, Alarm] = {}
        self._told: list[Done[Alarm]] = []

    def raised(self, finding: Finding) -> Alarm:
        """Raise or renew the alarm of a cause.

        The same alarm returns when its cause comes back before anybody has seen it; one that was
        seen and cleared is over, and its cause makes a new one.
        """
        ctx, known = self._ctx, self._now.get((finding.rule, finding.object))
        if known is not None and stands(known, finding, ctx.at):
            return known
        if known is None or not known.is_listed:
            alarm = _begun(ctx, finding)
            self._new[alarm.id] = alarm
            return self._keep(alarm, "raised")
        alarm = known.renewed(finding, ctx.at)
        if not known.is_open:
            return self._keep(alarm, "returned")
        return self._keep(alarm, "changed" if alarm.level is not known.level else "")

    def cleared(self, cause: Cause) -> Alarm | None:
        """Clear the open alarm of a cause; None when none is open."""
        known = self._now.get(cause)
        if known is None or not known.is_open:
            return None
        return self._keep(replace(known, cleared=self._ctx.at), "cleared")

    def write(self) -> dict[Cause, Alarm]:
        """Write what changed, with its lines in the log and its events; return the alarms."""
        alarms = self._work.alarms
        for alarm in alarms.replace_all(list(self._changed.values())):
            if self._now[alarm.rule, alarm.object].id == alarm.id:
                self._now[alarm.rule, alarm.object] = alarm
        alarms.add_all(list(self._new.values()))
        if self._told:
            record_all(self._work, self._ctx, SYSTEM, self._told)
        self._new, self._changed, self._told = {}, {}, []
        return self._now

    def _keep(self, alarm: Alarm, action: str) -> Alarm:
        where = self._new if alarm.id in self._new else self._changed
        where[alarm.id] = self._now[alarm.rule, alarm.object] = alarm
        if action:
            self._told.append(told(alarm, action))
        return alarm


def parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the items in lots of what one unit of work writes."""
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def newest(alarms: Iterable[Alarm]) -> dict[Cause, Alarm]:
    """Return by cause the first of these alarms, which are given newest first."""
    found: dict[Cause, Alarm] = {}
    for alarm in alarms:
        found.setdefault((alarm.rule, alarm.object), alarm)
    return found


def stands(alarm: Alarm, finding: Finding, at: datetime) -> bool:
    """Return whether an alarm says already what is found, and said so not long ago."""
    is_same = (alarm.level, alarm.rule_version) == (finding.level, finding.rule_version)
    is_recent = at - alarm.last < RENEWED_EVERY
    return alarm.is_open and is_same and is_recent and alarm.text == finding.text


def told(alarm: Alarm, action: str, **params: str | int | float) -> Done[Alarm]:
    """Return a change of an alarm as it is recorded."""
    about: Mapping[str, str | int | float] = {
        "rule": alarm.rule,
        "object": alarm.object,
        "level": int(alarm.level),
    }
    return Done(
        item=alarm, id=alarm.id, event="alarm", action=f"alarm.{action}", params={**about, **params}
    )


def _begun(ctx: Context, finding: Finding) -> Alarm:
    return Alarm(
        id=new_id(ctx.wall),
        rule=finding.rule,
        rule_version=finding.rule_version,
        object=finding.object,
        level=finding.level,
        text=finding.text,
        started=ctx.at,
        last=ctx.at,
        mode=ctx.mode,
        run=ctx.run,
    )
