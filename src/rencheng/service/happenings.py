"""What happened in a run, as one list: bulletins, alarms, warnings, decisions, tasks, reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isnan

from rencheng.domain.alarm import Level
from rencheng.domain.alert import AlertStatus
from rencheng.domain.city import City
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.identity import Actor
from rencheng.domain.incident import TaskStatus
from rencheng.domain.proposal import ProposalStatus
from rencheng.domain.provenance import Mode, Origin, Text
from rencheng.service import tasks
from rencheng.service.ownership import assets_hidden
from rencheng.service.ports import UnitOfWork
from rencheng.service.situation import may_see_proposal, reports_seen

MOST = 2000
"""Newest objects of each kind that are looked at. No source: our choice."""
REPORT_STRETCH = timedelta(minutes=10)
"""Damage reports of so long a stretch make one line. No source: our choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of the event list."""

    seq: int
    """Number in the order of time, from 1."""
    at: datetime
    kind: str
    """`bulletin`, `alarm`, `alert`, `proposal`, `task`, `report`, `incident`."""
    level: Level | None
    text: Text
    source: str
    origin: Origin
    id: str = ""
    subject: Text | tuple[str, str] | None = None
    """What the sentence is about: another sentence, or a name in Chinese and English."""


def happenings(work: UnitOfWork, actor: Actor, run: str, city: City) -> list[Happening]:
    """Return everything that happened in a run and that the actor may see, oldest first."""
    found = [
        *_bulletins(work, run),
        *_alarms(work, actor, run, city),
        *_incidents(work, run),
        *_alerts(work, run),
        *_proposals(work, actor, run, city),
        *_tasks(work, actor, run),
        *_reports(work, actor, run),
    ]
    found.sort(key=lambda one: (one.at, one.kind, one.id))
    return [replace(one, seq=number) for number, one in enumerate(found, 1)]


def _one(
    at: datetime,
    kind: str,
    text: Text,
    source: str,
    *,
    key: str,
    level: Level | None = None,
    origin: Origin = Origin.OBSERVED,
    subject: Text | tuple[str, str] | None = None,
) -> Happening:
    return Happening(
        seq=0,
        at=at,
        kind=kind,
        level=level,
        text=text,
        source=source,
        origin=origin,
        id=key,
        subject=subject,
    )


def _bulletins(work: UnitOfWork, run: str) -> Iterator[Happening]:
    for one in work.bulletins.list(run, limit=MOST):
        text = Text(f"happening.bulletin.{one.kind.value}", {"issuer": one.issuer})
        if one.kind is BulletinKind.EARTHQUAKE and isnan(one.magnitude):
            text = Text("happening.bulletin.earthquake_unknown", {"issuer": one.issuer})
        elif one.kind is BulletinKind.EARTHQUAKE:
            text = Text(text.key, {"issuer": one.issuer, "magnitude": one.magnitude})
        yield _one(one.issued, "bulletin", text, one.source or one.issuer, key=one.id)


def _alarms(work: UnitOfWork, actor: Actor, run: str, city: City) -> Iterator[Happening]:
    hidden = assets_hidden(actor, city)
    for one in work.alarms.list(run, limit=MOST):
        if one.object in hidden:
            continue
        source, origin = one.rule, Origin.DERIVED
        yield _one(
            one.started, "alarm", one.text, source, key=one.id, level=one.level, origin=origin
        )
        if one.cleared is not None:
            text = Text("happening.alarm.cleared")
            yield _one(
                one.cleared, "alarm", text, source, key=one.id, origin=origin, subject=one.text
            )
        if one.acknowledged is not None:
            text = Text("happening.alarm.acknowledged", {"by": one.acknowledged_by})
            by = one.acknowledged_by
            yield _one(one.acknowledged, "alarm", text, by, key=one.id, subject=one.text)
        if one.judged is not None and one.judgement:
            by = one.judged_by
            text = Text(f"happening.alarm.{one.judgement.value}", {"by": by})
            yield _one(one.judged, "alarm", text, by, key=one.id, subject=one.text)


def _incidents(work: UnitOfWork, run: str) -> Iterator[Happening]:
    for one in work.incidents.list(run, limit=MOST):
        yield _one(
            one.opened,
            "incident",
            Text("happening.incident"),
            "system",
            key=one.id,
            level=one.level,
            origin=Origin.DERIVED,
            subject=(one.name_zh, one.name_en),
        )


def _alerts(work: UnitOfWork, run: str) -> Iterator[Happening]:
    for one in work.alerts.list(run, limit=MOST):
        if one.sent is None:
            continue
        key = "cancelled" if one.status is AlertStatus.CANCELLED else "sent"
        if one.mode is not Mode.LIVE and key == "sent":
            key = "sent_exercise"
        text = Text(f"happening.alert.{key}", {"zones": len(one.zones)})
        yield _one(one.sent, "alert", text, one.approved_by, key=one.id, level=one.level)


def _proposals(work: UnitOfWork, actor: Actor, run: str, city: City) -> Iterator[Happening]:
    for one in work.proposals.list(run, limit=MOST):
        if one.decided is None or not may_see_proposal(actor, one, city):
            continue
        if one.status in (ProposalStatus.ACCEPTED, ProposalStatus.REFUSED):
            text = Text(f"happening.proposal.{one.status.value}", {"by": one.decided_by})
            yield _one(one.decided, "proposal", text, one.decided_by, key=one.id, subject=one.title)


def _tasks(work: UnitOfWork, actor: Actor, run: str) -> Iterator[Happening]:
    for one in tasks.visible(work, actor, run, limit=MOST):
        steps = (
            (TaskStatus.ASSIGNED, one.created),
            (TaskStatus.ACKNOWLEDGED, one.acknowledged),
            (TaskStatus.DONE, one.done),
            (TaskStatus.VERIFIED, one.verified),
        )
        for status, at in steps:
            if at is not None:
                text = Text(f"happening.task.{status.value}")
                key, title = f"{one.id}/{status.value}", (one.title_zh, one.title_en)
                yield _one(at, "task", text, one.organisation, key=key, subject=title)


def _reports(work: UnitOfWork, actor: Actor, run: str) -> Iterator[Happening]:
    """Yield one line for all the reports of a stretch of time."""
    stretches: dict[tuple[int, Origin], list[datetime]] = {}
    for one in reports_seen(work, actor, run):
        stretch = int(one.reported.timestamp() // REPORT_STRETCH.total_seconds())
        stretches.setdefault((stretch, one.origin), []).append(one.reported)
    for (stretch, origin), times in stretches.items():
        text = Text("happening.reports", {"count": len(times)})
        yield _one(max(times), "report", text, "survey", key=f"reports/{stretch}", origin=origin)
