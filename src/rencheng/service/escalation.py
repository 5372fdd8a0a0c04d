"""The clocks of alarms: who is told when nobody looks, and alarms that are laid aside for a while.

Where a clock stands is kept in the alarm's own row and counted on the run's clock, so that a
restart neither forgets a step nor tells it twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rencheng.domain.alarm import Alarm, EscalationStep, Judgement, Level
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.identity import SYSTEM, Permission
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.service.alarms import performed, told
from rencheng.service.house import Command, Context, Done, House, Subscriber, context, record
from rencheng.service.outbox import queue
from rencheng.service.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person saw of an alarm before acting on it."""

    level: Level
    judgement: Judgement = Judgement.NONE


CONSOLE = "console"
"""Channel of the notices that escalation sends."""
AT_ONCE = 200
"""Alarms of a run in one pass, the most serious first: a flood must not hold up other writers."""
NOTICE_STANDS = timedelta(hours=24)
"""How long a notice may wait in the outbox. No source: our choice."""


def escalate(house: House) -> int:
    """Tell whoever is due to be told, in every run that is not over; put back what was shelved.

    Returns
    -------
    count
        Steps that were taken.

    Notes
    -----
    Each step is one audit line, one event and one notice for each role, in one commit. After an
    outage only the latest step that is due is told: it names everybody that the skipped ones do.
    """
    with house.work() as work:
        runs = work.runs.list("", where={"is_over": "false"})
        due = [
            run
            for run in dict.fromkeys((LIVE_RUN, *(one.id for one in runs)))
            if _due(house, work, context(house, work, run))
        ]
    count = 0
    for run in due:
        with house.work() as work:
            work.lock()
            ctx = context(house, work, run)
            waiting = sorted(_due(house, work, ctx), key=lambda one: (one.level, one.started))
            for alarm in waiting[:AT_ONCE]:
                count += _moved_on(house, work, ctx, alarm)
            work.commit()
    return count


def shelve(
    house: House, command: Command, alarm_id: str, seen: Seen, until: datetime, reason: str
) -> Alarm:
    """Lay an alarm aside until a time on the run's clock; a rise of its level brings it back.

    Raises
    ------
    InvalidInputError
        If the reason is missing, or the end is not within the longest time allowed.
    ConflictError
        If the alarm changed since it was seen, or is over.
    """
    command.actor.must(Permission.ALARM_CONFIRM)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alarm]:
        alarm = work.alarms.get(alarm_id)
        require_seen(alarm, seen)
        require_reason(reason)
        longest = house.escalation.longest_shelf_s
        if not ctx.at < until <= ctx.at + timedelta(seconds=longest):
            raise InvalidInputError(
                "alarm.shelf_end",
                f"an alarm is shelved for at most {longest:.0f} s",
                hint="Choose an earlier end",
                params={"hours": longest / 3600},
            )
        if not alarm.is_listed:
            raise ConflictError(
                "alarm.over", f"alarm {alarm.id} is over", hint="Reload to see its present state"
            )
        kept = work.alarms.replace(alarm.shelved(command.actor.id, until, reason.strip()))
        minutes = (until - ctx.at).total_seconds() / 60
        return told(kept, "shelved", reason=reason.strip(), minutes=minutes)

    return performed(house, command, change, ("alarms.shelve", alarm_id, seen, until, reason))


def unshelve(house: House, command: Command, alarm_id: str) -> Alarm:
    """Put a shelved alarm back before its time."""
    command.actor.must(Permission.ALARM_CONFIRM)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alarm]:
        alarm = work.alarms.get(alarm_id)
        if alarm.shelved_until is None:
            return Done(item=alarm, id=alarm.id, event="")
        return told(work.alarms.replace(alarm.unshelved(ctx.at)), "unshelved")

    return performed(house, command, change, ("alarms.unshelve", alarm_id))


def require_seen(alarm: Alarm, seen: Seen) -> None:
    """Raise `ConflictError` when what a person acts on is not what stands there now.

    The version does not tell: a rule that goes on finding the same thing changes it each time.
    """
    if (alarm.level, alarm.judgement) != (seen.level, seen.judgement):
        raise ConflictError(
            "alarm.changed",
            f"alarm {alarm.id} is at level {alarm.level} and judged {alarm.judgement!r} now",
            hint="Reload, look at what changed, and act again",
        )


def require_reason(reason: str) -> None:
    """Raise `InvalidInputError` when no reason is given."""
    if not reason.strip():
        raise InvalidInputError(
            "alarm.reason", "a reason is missing", hint="Say in a few words why"
        )


def notice(house: House, alarm: Alarm, state: str) -> str:
    """Return what leaves the house about an alarm: JSON with the sentence in each language."""
    return json.dumps(
        {
            "schema": "rencheng/alarm/1",
            "state": state,
            "id": alarm.id,
            "rule": alarm.rule,
            "rule_version": alarm.rule_version,
            "object": alarm.object,
            "level": int(alarm.level),
            "text": {lang: _said(house, alarm.text, lang) for lang in house.settings.languages},
            "started": alarm.started.isoformat(),
            "mode": alarm.mode.value,
            "judged_by": alarm.judged_by,
            "reason": alarm.reason,
        },
        ensure_ascii=False,
    )


def _said(house: House, text: Text, language: str) -> str:
    """Return the sentence, or its key when its values do not fit: a notice must leave anyway."""
    try:
        return house.words(text, language)
    except (KeyError, IndexError, ValueError):
        return text.key


def _due(house: House, work: UnitOfWork, ctx: Context) -> list[Alarm]:
    listed = work.alarms.list(ctx.run, where={"is_listed": "true"})
    return [alarm for alarm in listed if _is_due(house, alarm, ctx.at)]


def _is_due(house: House, alarm: Alarm, at: datetime) -> bool:
    if alarm.shelved_until is not None:
        return alarm.shelved_until <= at
    coming = alarm.next_step(house.escalation)
    return coming is not None and coming[0] <= at


def _moved_on(house: House, work: UnitOfWork, ctx: Context, alarm: Alarm) -> int:
    """Put back a shelved alarm, or take the latest step that is due; return the steps taken."""
    if alarm.shelved_until is not None:
        back = work.alarms.replace(alarm.unshelved(ctx.at))
        record(work, ctx, SYSTEM, told(back, "unshelved"))
        return 0
    step, roles = None, alarm.told
    while (coming := alarm.next_step(house.escalation)) is not None and coming[0] <= ctx.at:
        step = coming[1]
        roles = tuple(dict.fromkeys((*roles, *step.roles)))
        alarm = _after(alarm, step, ctx.at, roles)
    if step is None:
        return 0
    alarm = work.alarms.replace(alarm)
    minutes = step.after_s / 60
    line = told(alarm, "escalated", minutes=minutes, roles=", ".join(roles))
    record(work, ctx, SYSTEM, line)
    if any(channel.name == CONSOLE for channel in house.channels):
        seats = [Subscriber(id=f"role:{role}", channel=CONSOLE) for role in roles]
        text = notice(house, alarm, "escalated")
        queue(house, work, ctx, seats, ("alarm", alarm.id, text), ctx.at + NOTICE_STANDS)
    return 1


def _after(alarm: Alarm, step: EscalationStep, at: datetime, roles: tuple[str, ...]) -> Alarm:
    return replace(alarm, escalated_s=step.after_s, escalated=at, told=roles)
