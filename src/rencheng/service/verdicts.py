"""What people say of alarms: true or false, with a reason, kept in a ledger for each rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rencheng.domain.alarm import Alarm, Judgement, RuleVerdict
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.identity import Permission
from rencheng.service.alarms import performed, told
from rencheng.service.escalation import Seen, notice, require_reason, require_seen
from rencheng.service.house import Command, Context, Done, House, new_id, perform
from rencheng.service.outbox import queue
from rencheng.service.ports import UnitOfWork

PUSH_STANDS = timedelta(hours=1)
"""How long a confirmed alarm may wait to be handed over; then it is old news. Our choice."""
CONFIRMED, WITHDRAWN = "confirmed", "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedEvent:
    """An event that no alarm told of."""

    rule: str
    """The rule that should have found it."""
    object: str
    occurred: datetime
    reason: str
    """What happened, and how it is known."""


def confirm(
    house: House,
    command: Command,
    alarm_id: str,
    seen: Seen,
    reason: str,
    *,
    occurred: datetime | None = None,
) -> Alarm:
    """Say that an alarm is true: it counts as a hit of its rule, and may leave the house.

    Parameters
    ----------
    seen
        Level and judgement that the person saw.
    occurred
        When the event set in, if it has: the lead time of the hit.

    Notes
    -----
    While its cause holds it is queued for every subscriber who takes alarms, once; a drill's or
    replay's reaches no channel that leads outside. Nothing unconfirmed is ever queued for them.
    """
    command.actor.must(Permission.ALARM_CONFIRM)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alarm]:
        alarm = work.alarms.get(alarm_id)
        require_seen(alarm, seen)
        require_reason(reason)
        _require_past(occurred, ctx)
        judged = alarm.judge(Judgement.HIT, command.actor.id, ctx.at, reason.strip())
        if alarm.is_open and alarm.pushed is None:
            judged = _pushed(house, work, ctx, judged, CONFIRMED)
        kept = work.alarms.replace(judged)
        _enter(work, ctx, kept, occurred)
        return told(kept, "confirmed", reason=kept.reason)

    content = ("alarms.confirm", alarm_id, seen, reason, occurred)
    return performed(house, command, change, content)


def reject(house: House, command: Command, alarm_id: str, seen: Seen, reason: str) -> Alarm:
    """Say that an alarm is false; whoever was told of it outside is told of that too."""
    command.actor.must(Permission.ALARM_CONFIRM)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alarm]:
        alarm = work.alarms.get(alarm_id)
        require_seen(alarm, seen)
        require_reason(reason)
        judged = alarm.judge(Judgement.FALSE, command.actor.id, ctx.at, reason.strip())
        if alarm.pushed is not None:
            judged = _pushed(house, work, ctx, judged, WITHDRAWN)
        kept = work.alarms.replace(judged)
        _enter(work, ctx, kept, None)
        return told(kept, "rejected", reason=kept.reason)

    return performed(house, command, change, ("alarms.reject", alarm_id, seen, reason))


def enter_miss(house: House, command: Command, missed: MissedEvent) -> RuleVerdict:
    """Enter an event that no alarm told of in the ledger of the rule that should have."""
    command.actor.must(Permission.VERDICT_WRITE)

    def change(work: UnitOfWork, ctx: Context) -> Done[RuleVerdict]:
        require_reason(missed.reason)
        _require_past(missed.occurred, ctx)
        if not missed.rule.strip():
            raise InvalidInputError("verdict.rule", "no rule is named", hint="Choose a rule")
        key = new_id(ctx.wall)
        verdict = RuleVerdict(
            id=key,
            rule=missed.rule.strip(),
            rule_version="",
            object=missed.object.strip(),
            judgement=Judgement.MISS,
            subject=key,
            raised=None,
            occurred=missed.occurred,
            reason=missed.reason.strip(),
            by=command.actor.id,
            at=ctx.at,
            mode=ctx.mode,
            run=ctx.run,
        )
        work.verdicts.add(verdict)
        params: dict[str, str | int | float] = {
            "rule": verdict.rule,
            "object": verdict.object,
            "reason": verdict.reason,
        }
        return Done(item=verdict, id=key, event="alarm", action="verdict.missed", params=params)

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.verdicts.get(key),
        content=("verdicts.miss", missed),
    )


def standing(work: UnitOfWork, run: str) -> tuple[RuleVerdict, ...]:
    """Return the ledger of a run as it stands, newest line first."""
    return tuple(work.verdicts.list(run, where={"is_standing": "true"}))


def _pushed(house: House, work: UnitOfWork, ctx: Context, alarm: Alarm, state: str) -> Alarm:
    takers = [one for one in house.subscribers if one.takes_alarms]
    text = notice(house, alarm, state)
    queue(house, work, ctx, takers, ("alarm", alarm.id, text), ctx.at + PUSH_STANDS)
    return replace(alarm, pushed=ctx.at if state == CONFIRMED else None)


def _enter(work: UnitOfWork, ctx: Context, alarm: Alarm, occurred: datetime | None) -> None:
    """Write the alarm's line; an earlier one on it stands no longer, but stays."""
    for one in work.verdicts.list(ctx.run, where={"subject": alarm.id, "is_standing": "true"}):
        work.verdicts.replace(replace(one, is_standing=False))
    work.verdicts.add(
        RuleVerdict(
            id=new_id(ctx.wall),
            rule=alarm.rule,
            rule_version=alarm.rule_version,
            object=alarm.object,
            judgement=alarm.judgement,
            subject=alarm.id,
            raised=alarm.started,
            occurred=occurred,
            reason=alarm.reason,
            by=alarm.judged_by,
            at=ctx.at,
            mode=ctx.mode,
            run=ctx.run,
        )
    )


def _require_past(occurred: datetime | None, ctx: Context) -> None:
    if occurred is not None and occurred > ctx.at:
        raise InvalidInputError(
            "verdict.future", "the event lies in the future", hint="Give the time it set in"
        )
