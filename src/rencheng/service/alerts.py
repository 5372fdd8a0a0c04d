"""Warnings: drafted by one person, released by another, corrected and cancelled in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from rencheng.domain.alert import Alert, AlertStatus, MessageType
from rencheng.domain.errors import ConflictError, Fault, InvalidInputError
from rencheng.domain.identity import SYSTEM, Permission
from rencheng.service.areas import area_hash
from rencheng.service.cap import cap_xml
from rencheng.service.house import (
    Command,
    Context,
    Done,
    House,
    new_id,
    perform,
    require_version,
    tell,
)
from rencheng.service.outbox import queue
from rencheng.service.ports import Delivery, UnitOfWork
from rencheng.service.warning_text import AlertContent, cancel_infos, suggestion

__all__ = [
    "AlertContent", "approve", "cancel", "cap_document", "correct", "deliveries_of", "draft",
    "edit", "faults", "suggestion",
]  # fmt: skip

LONGEST = timedelta(days=31)
"""Longest time from onset to expiry; longer ones in real feeds were mistakes."""


def draft(house: House, command: Command, content: AlertContent) -> Alert:
    """Keep a new draft; it may be incomplete, `faults` says what is missing."""
    command.actor.must(Permission.ALERT_DRAFT)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alert]:
        alert = Alert(
            id=new_id(ctx.wall),
            kind=MessageType.ALERT,
            sender=house.settings.sender,
            references=(),
            correction_of="",
            drafted_by=command.actor.id,
            drafted=ctx.at,
            mode=ctx.mode,
            run=ctx.run,
            **_fields(house, content),
        )
        work.alerts.add(alert)
        return _done(alert, "alert.drafted")

    return _performed(house, command, change, ("alerts.draft", content))


def edit(
    house: House, command: Command, alert_id: str, version: int, content: AlertContent
) -> Alert:
    """Change a draft; who edits it is its drafter from then on, and cannot approve it alone."""
    command.actor.must(Permission.ALERT_DRAFT)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alert]:
        alert = _seen(work, alert_id, version)
        _require_draft(alert)
        changed = replace(
            alert, drafted_by=command.actor.id, drafted=ctx.at, **_fields(house, content)
        )
        return _done(work.alerts.replace(changed), "alert.edited")

    return _performed(house, command, change, ("alerts.edit", alert_id, version, content))


def approve(
    house: House, command: Command, alert_id: str, version: int, *, override: str = ""
) -> Alert:
    """Release a draft as a second person: it is sent, and its correction draft exists at once.

    Raises
    ------
    ConflictError
        If it is no draft, was drafted by the same person (unless `override` says why), its area is
        not what was drafted, or it has expired.
    InvalidInputError
        If it has faults; all are named.
    """
    command.actor.must(Permission.ALERT_APPROVE)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alert]:
        alert = _seen(work, alert_id, version)
        _require_draft(alert)
        _require_edited(alert)
        _require_no_faults(alert)
        present = area_hash(house.cities.current(), alert.zones)
        alert = alert.approve(command.actor.id, ctx.at, area_hash=present, override=override)
        if alert.expires <= ctx.at:
            raise ConflictError(
                "alert.expired", "the warning expires before it could be sent",
                hint="Set a later expiry", params={"expires": alert.expires.isoformat()},
            )  # fmt: skip
        alert = _sent(house, work, ctx, alert)
        _correction(work, ctx, alert)
        if not alert.override_reason:
            return _done(alert, "alert.sent", drafted_by=alert.drafted_by)
        tell(work, ctx, "event", alert.id)
        return _done(alert, "alert.sent_alone", reason=alert.override_reason)

    return _performed(house, command, change, ("alerts.approve", alert_id, version, override))


def correct(house: House, command: Command, alert_id: str) -> Alert:
    """Return the correction draft of a sent warning; a new one if the first was used."""
    command.actor.must(Permission.ALERT_DRAFT)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alert]:
        alert = work.alerts.get(alert_id)
        if alert.status is not AlertStatus.SENT:
            raise ConflictError(
                "alert.not_sent", f"warning {alert.id} is {alert.status}, not sent",
                hint="Only a sent warning is corrected; reload to see its state",
                params={"status": alert.status.value},
            )  # fmt: skip
        waiting = _waiting(work, alert)
        if waiting:
            return Done(item=waiting[0], id=waiting[0].id, event="")
        return _done(_correction(work, ctx, alert), "alert.correction")

    return _performed(house, command, change, ("alerts.correct", alert_id))


def cancel(house: House, command: Command, alert_id: str, version: int, reason: str) -> Alert:
    """Discard a draft, or take back a sent warning: a CAP Cancel leaves for whoever got it.

    Notes
    -----
    Taking back needs one person who may approve, not two: a false warning does harm every minute,
    and its withdrawal is logged with a reason.
    """
    command.actor.must(Permission.ALERT_DRAFT)

    def change(work: UnitOfWork, ctx: Context) -> Done[Alert]:
        alert = _seen(work, alert_id, version)
        if not reason.strip():
            raise InvalidInputError(
                "alert.reason", "a reason is missing", hint="Say in a few words why"
            )
        if alert.status is AlertStatus.DRAFT:
            gone = work.alerts.replace(replace(alert, status=AlertStatus.DISCARDED))
            return _done(gone, "alert.discarded", reason=reason)
        command.actor.must(Permission.ALERT_APPROVE)
        if alert.status is not AlertStatus.SENT or alert.kind is MessageType.CANCEL:
            raise _not_draft(alert)
        _take_back(house, work, ctx, command, alert, reason.strip())
        return _done(work.alerts.get(alert.id), "alert.cancelled", reason=reason)

    return _performed(house, command, change, ("alerts.cancel", alert_id, version, reason))


def cap_document(house: House, alert_id: str) -> bytes:
    """Return a warning as CAP 1.2; one that was not sent carries CAP status Draft."""
    with house.work() as work:
        alert = work.alerts.get(alert_id)
        earlier = [work.alerts.get(key) for key in alert.references]
    return cap_xml(alert, house.cities.current(), words=house.words, earlier=earlier)


def deliveries_of(work: UnitOfWork, alert: Alert) -> list[Delivery]:
    """Return what became of a warning, oldest delivery first."""
    return work.deliveries.list(alert.run, where={"alert": alert.id})[::-1]


def faults(alert: Alert) -> tuple[Fault, ...]:
    """Return everything that forbids sending: the domain's rules, and errors seen in feeds."""
    found = list(alert.faults())

    def add(where: str, key: str, problem: str, hint: str) -> None:
        found.append(Fault(where=where, key=key, problem=problem, hint=hint))

    if alert.expires - alert.onset > LONGEST:
        add("expires", "alert.too_long", "more than a month", "Set an earlier expiry")
    languages = [info.language for info in alert.infos]
    if len(set(languages)) != len(languages):
        add("infos", "alert.language_twice", "a language stands twice", "Remove one")
    for name in ("headline", "description"):
        texts = [getattr(info, name).strip() for info in alert.infos]
        if any(texts) and len(set(texts)) != len(texts):
            add(f"infos.{name}", "alert.untranslated", "same text in two languages", "Translate it")
    for info in alert.infos:
        if info.description.strip() and info.description.strip() == info.instruction.strip():
            where = f"infos[{info.language}].instruction"
            add(where, "alert.same_instruction", "equals the description", "Say what to do")
    return tuple(found)


def _fields(house: House, content: AlertContent) -> dict[str, Any]:
    return {
        "event": content.event,
        "level": content.level,
        "urgency": content.urgency,
        "certainty": content.certainty,
        "onset": content.onset,
        "expires": content.expires,
        "infos": content.infos,
        "zones": content.zones,
        "area_hash": area_hash(house.cities.current(), content.zones),
    }


def _sent(house: House, work: UnitOfWork, ctx: Context, alert: Alert) -> Alert:
    """Freeze the moment of sending and queue the message for every subscriber."""
    alert = work.alerts.replace(replace(alert, status=AlertStatus.SENT, sent=ctx.at))
    earlier = [work.alerts.get(key) for key in alert.references]
    payload = cap_xml(alert, house.cities.current(), words=house.words, earlier=earlier).decode()
    queue(house, work, ctx, house.subscribers, ("alert", alert.id, payload), alert.expires)
    return alert


def _correction(work: UnitOfWork, ctx: Context, alert: Alert) -> Alert:
    made = replace(
        alert,
        id=new_id(ctx.wall),
        kind=MessageType.UPDATE,
        references=tuple(sorted({*alert.references, *(one.id for one in _chain(work, alert))})),
        correction_of=alert.id,
        drafted_by=SYSTEM.id,
        drafted=ctx.at,
        status=AlertStatus.DRAFT,
        approved_by="",
        approved=None,
        override_reason="",
        sent=None,
        version=1,
    )
    work.alerts.add(made)
    return made


def _take_back(
    house: House, work: UnitOfWork, ctx: Context, command: Command, alert: Alert, reason: str
) -> None:
    """Cancel a warning together with the messages of its chain that are still in force."""
    chain = _chain(work, alert)
    expires = max(one.expires for one in chain)
    if expires <= ctx.at:
        raise ConflictError(
            "alert.over", f"warning {alert.id} has expired, there is nothing to take back",
            hint="Draft an all-clear if people still have to be told",
        )  # fmt: skip
    message = replace(
        alert,
        id=new_id(ctx.wall),
        kind=MessageType.CANCEL,
        urgency="Past",
        certainty="Unlikely",
        onset=ctx.at,
        expires=expires,
        infos=cancel_infos(house, ctx, alert, reason),
        references=tuple(sorted(one.id for one in chain)),
        correction_of="",
        drafted_by=command.actor.id,
        drafted=ctx.at,
        approved_by=command.actor.id,
        approved=ctx.at,
        override_reason="",
        status=AlertStatus.APPROVED,
        sent=None,
        version=1,
    )
    work.alerts.add(message)
    _sent(house, work, ctx, message)
    for one in chain:
        work.alerts.replace(replace(one, status=AlertStatus.CANCELLED))
        for waiting in _waiting(work, one):
            work.alerts.replace(replace(waiting, status=AlertStatus.DISCARDED))


def _chain(work: UnitOfWork, alert: Alert) -> list[Alert]:
    """Return the sent messages of a warning that are in force: it, what it updates, its updates."""
    family = {alert.id, *alert.references}
    return [
        one
        for one in work.alerts.list(alert.run, where={"status": AlertStatus.SENT.value})
        if one.kind is not MessageType.CANCEL and (one.id in family or alert.id in one.references)
    ]


def _waiting(work: UnitOfWork, alert: Alert) -> list[Alert]:
    where = {"correction_of": alert.id, "status": AlertStatus.DRAFT.value}
    return work.alerts.list(alert.run, where=where)


def _seen(work: UnitOfWork, alert_id: str, version: int) -> Alert:
    alert = work.alerts.get(alert_id)
    require_version(alert.version, version, "Alert")
    return alert


def _require_draft(alert: Alert) -> None:
    if alert.status is not AlertStatus.DRAFT:
        raise _not_draft(alert)


def _not_draft(alert: Alert) -> ConflictError:
    return ConflictError(
        "alert.not_draft", f"warning {alert.id} is {alert.status}",
        hint="Reload to see its present state", params={"status": alert.status.value},
    )  # fmt: skip


def _require_edited(alert: Alert) -> None:
    """Refuse a correction that no person has written: two people must stand behind it."""
    if alert.drafted_by == SYSTEM.id:
        raise ConflictError(
            "alert.unedited", f"nobody has written correction {alert.id} yet",
            hint="Edit it first; a second person then approves it",
        )  # fmt: skip


def _require_no_faults(alert: Alert) -> None:
    if found := faults(alert):
        raise InvalidInputError(
            "alert.faults", f"the warning has {len(found)} faults",
            hint="Mend them all and approve again", params={"count": len(found)}, faults=found,
        )  # fmt: skip


def _done(alert: Alert, action: str, **params: str) -> Done[Alert]:
    return Done(
        item=alert, id=alert.id, event="alert", action=action,
        params={"kind": alert.kind.value, "event": alert.event, **params},
    )  # fmt: skip


def _performed(
    house: House,
    command: Command,
    change: Callable[[UnitOfWork, Context], Done[Alert]],
    content: tuple[object, ...],
) -> Alert:
    return perform(
        house, command, change, again=lambda work, key: work.alerts.get(key), content=content
    )
