"""Alarms: one open alarm for one cause, raised and cleared by rules, acknowledged by people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from rencheng.domain.alarm import Alarm, Finding
from rencheng.domain.identity import Permission
from rencheng.domain.observation import Quality
from rencheng.service.alarm_changes import Changes, newest, parts, stands
from rencheng.service.alarm_changes import told as told
from rencheng.service.house import Command, Context, Done, House, context, perform, record_all
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

    What stands already is only read. A flood is written a part at a time, each part whole, so that
    nobody waits long for the store; a part that is missing after a failure comes with the next
    review.

    Parameters
    ----------
    house, run
        Where.
    findings
        What holds now; the last one of a cause counts.
    rules
        Ids of the rules that were asked; alarms of other rules are left alone.
    unknown
        Objects that nothing is known about now; their alarms stay: unknown never clears.
    """
    wanted = {(finding.rule, finding.object): finding for finding in findings}
    asked = sorted({*rules, *(rule for rule, _ in wanted)})
    with house.work() as work:
        at = context(house, work, run).at
        listed = work.alarms.list(run, where={"is_listed": "true", "rule": asked})
    now = newest(listed)
    over = [
        cause
        for cause, alarm in now.items()
        if alarm.is_open and alarm.rule in rules and alarm.object not in unknown
        and cause not in wanted
    ]  # fmt: skip
    due = [
        cause
        for cause, finding in wanted.items()
        if cause not in now or not stands(now[cause], finding, at)
    ]
    for part in parts([*over, *due]):
        with house.work() as work:
            work.lock()
            changes = Changes(work, context(house, work, run), part)
            for cause in part:
                if cause in wanted:
                    changes.raised(wanted[cause])
                else:
                    changes.cleared(cause)
            changes.write()
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
        noted = []
        for key in wanted:
            alarm = work.alarms.get(key)
            changed = alarm.acknowledge(command.actor.id, ctx.at)
            if changed is not alarm:
                noted.append(changed)
        kept = work.alarms.replace_all(noted)
        record_all(work, ctx, command.actor, [told(one, "acknowledged") for one in kept])
        return Done(item=len(kept), id=str(len(kept)), event="")

    return perform(
        house,
        command,
        change,
        again=lambda _, count: int(count),
        content=("alarms.acknowledge_all", *wanted),
    )


def raised(work: UnitOfWork, ctx: Context, finding: Finding) -> Alarm:
    """Raise or renew an alarm within a unit of work that holds the lock."""
    cause = (finding.rule, finding.object)
    changes = Changes(work, ctx, (cause,))
    changes.raised(finding)
    return changes.write()[cause]


def cleared(
    work: UnitOfWork, ctx: Context, rule: str, object_: str, *, quality: Quality = Quality.GOOD
) -> Alarm | None:
    """Clear an alarm within a unit of work that holds the lock."""
    cause = (rule, object_)
    if quality is not Quality.GOOD:
        return _open(work, ctx.run, rule, object_)
    changes = Changes(work, ctx, (cause,))
    if changes.cleared(cause) is None:
        return None
    return changes.write()[cause]


def _open(work: UnitOfWork, run: str, rule: str, object_: str) -> Alarm | None:
    where = {"rule": rule, "object": object_, "is_open": "true"}
    found = work.alarms.list(run, where=where, limit=1)
    return found[0] if found else None


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
