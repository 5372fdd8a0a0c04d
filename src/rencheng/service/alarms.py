"""Alarms: one open alarm for one cause, raised and cleared by rules, acknowledged by people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from rencheng.domain.alarm import Alarm, Finding
from rencheng.domain.errors import ConflictError
from rencheng.domain.identity import SYSTEM, Permission
from rencheng.domain.observation import Quality
from rencheng.service.house import (
    Command,
    Context,
    Done,
    House,
    context,
    new_id,
    perform,
    record,
)
from rencheng.service.ports import UnitOfWork


def raise_alarm(house: House, run: str, finding: Finding) -> Alarm:
    """Raise the alarm of a cause, or note that its cause still holds.

    Two triggers at the same instant give one alarm: the store refuses a second open one.
    """
    with house.work() as work:
        work.lock()
        alarm = raised(work, context(house, work, run), finding)
        work.commit()
    return alarm


def clear_alarm(
    house: House, run: str, rule: str, object_: str, *, quality: Quality = Quality.GOOD
) -> Alarm | None:
    """Clear the open alarm of a cause; a suspect value leaves it open.

    Returns
    -------
    Alarm
        The alarm as it is now; None when none was open.
    """
    with house.work() as work:
        work.lock()
        alarm = cleared(work, context(house, work, run), rule, object_, quality=quality)
        work.commit()
    return alarm


def review(
    house: House,
    run: str,
    findings: Iterable[Finding],
    *,
    rules: Collection[str],
    unknown: Collection[str] = (),
) -> None:
    """Bring the open alarms of `rules` in line with what they find now.

    Parameters
    ----------
    house, run
        Where.
    findings
        What holds now.
    rules
        Ids of the rules that were asked; alarms of other rules are left alone.
    unknown
        Objects that nothing is known about now; their alarms stay: unknown never clears.
    """
    with house.work() as work:
        work.lock()
        ctx = context(house, work, run)
        holding = set()
        for finding in findings:
            raised(work, ctx, finding)
            holding.add((finding.rule, finding.object))
        for alarm in work.alarms.list(run, where={"is_open": "true"}):
            asked = alarm.rule in rules and alarm.object not in unknown
            if asked and (alarm.rule, alarm.object) not in holding:
                cleared(work, ctx, alarm.rule, alarm.object)
        work.commit()


def acknowledge(house: House, command: Command, alarm_id: str) -> Alarm:
    """Take note of an alarm; a second acknowledgement changes nothing."""
    command.actor.must(Permission.ALARM_ACKNOWLEDGE)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alarm]:
        alarm = work.alarms.get(alarm_id)
        noted = alarm.acknowledge(command.actor.id, ctx.at)
        if noted is alarm:
            return Done(item=alarm, id=alarm.id, event="")
        return told(work.alarms.replace(noted), "acknowledged")

    return performed(house, command, change, ("alarms.acknowledge", alarm_id))


def acknowledge_all(house: House, command: Command, alarm_ids: Sequence[str]) -> int:
    """Take note of many alarms at once, as in a flood; one log line for each, or none at all.

    Returns
    -------
    count
        How many were new to everybody; the others had been acknowledged before.
    """
    command.actor.must(Permission.ALARM_ACKNOWLEDGE)
    wanted = list(dict.fromkeys(alarm_ids))

    def change(work: UnitOfWork, ctx: Context) -> Done[int]:
        count = 0
        for key in wanted:
            alarm = work.alarms.get(key)
            noted = alarm.acknowledge(command.actor.id, ctx.at)
            if noted is not alarm:
                noted = work.alarms.replace(noted)
                record(work, ctx, command.actor, told(noted, "acknowledged"))
                count += 1
        return Done(item=count, id=str(count), event="")

    return perform(
        house,
        command,
        change,
        again=lambda _, count: int(count),
        content=("alarms.acknowledge_all", *wanted),
    )


def raised(work: UnitOfWork, ctx: Context, finding: Finding) -> Alarm:
    """Raise or renew an alarm within a unit of work.

    The same alarm returns when its cause comes back before anybody has seen it; one that was seen
    and cleared is over, and its cause makes a new one.
    """
    known = _newest(work, ctx.run, finding)
    if known is None or not known.is_listed:
        alarm = Alarm(
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
        try:
            work.alarms.add(alarm)
        except ConflictError:
            known = _newest(work, ctx.run, finding)
            if known is None:
                raise
        else:
            _record(work, ctx, alarm, "raised")
            return alarm
    changed = work.alarms.replace(known.renewed(finding, ctx.at))
    if not known.is_open:
        _record(work, ctx, changed, "returned")
    elif changed.level is not known.level:
        _record(work, ctx, changed, "changed")
    return changed


def cleared(
    work: UnitOfWork, ctx: Context, rule: str, object_: str, *, quality: Quality = Quality.GOOD
) -> Alarm | None:
    """Clear an alarm within a unit of work."""
    alarm = _open(work, ctx.run, rule, object_)
    if alarm is None or quality is not Quality.GOOD:
        return alarm
    alarm = work.alarms.replace(replace(alarm, cleared=ctx.at))
    _record(work, ctx, alarm, "cleared")
    return alarm


def _open(work: UnitOfWork, run: str, rule: str, object_: str) -> Alarm | None:
    where = {"rule": rule, "object": object_, "is_open": "true"}
    found = work.alarms.list(run, where=where, limit=1)
    return found[0] if found else None


def _newest(work: UnitOfWork, run: str, finding: Finding) -> Alarm | None:
    where = {"rule": finding.rule, "object": finding.object}
    found = work.alarms.list(run, where=where, limit=1)
    return found[0] if found else None


def told(alarm: Alarm, action: str, **params: str | int | float) -> Done[Alarm]:
    """Return a change of an alarm as it is recorded."""
    about: dict[str, str | int | float] = {
        "rule": alarm.rule,
        "object": alarm.object,
        "level": int(alarm.level),
    }
    return Done(
        item=alarm, id=alarm.id, event="alarm", action=f"alarm.{action}", params=about | params
    )


def performed(
    house: House,
    command: Command,
    change: Callable[[UnitOfWork, Context], Done[Alarm]],
    content: tuple[object, ...],
) -> Alarm:
    """Do a command on one alarm."""
    return perform(
        house, command, change, again=lambda work, key: work.alarms.get(key), content=content
    )


def _record(work: UnitOfWork, ctx: Context, alarm: Alarm, action: str) -> None:
    record(work, ctx, SYSTEM, told(alarm, action))
