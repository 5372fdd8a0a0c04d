"""Warnings: draft, approve by a second person, correct, cancel."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from rencheng.api.asking import CommandDep, RunDep
from rencheng.api.operations_out import alert_out
from rencheng.api.paging import SliceDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.common import Page
from rencheng.api.shapes.operations import AlertIn, AlertInfoShape, AlertOut, ApproveIn, CancelIn
from rencheng.bootstrap import Brain
from rencheng.domain.alarm import Level
from rencheng.domain.alert import Alert, AlertInfo
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.identity import Permission
from rencheng.service import alerts
from rencheng.service.situation import may_see_alert

router = APIRouter(tags=["alerts"])


@router.get("/alerts")
@needs(Permission.SITUATION_READ)
def list_alerts(
    brain: BrainDep,
    run: RunDep,
    actor: ActorDep,
    part: SliceDep,
    status: Annotated[str | None, Query(max_length=20)] = None,
) -> Page[AlertOut]:
    """Return the warnings of the run, newest first; drafts only for who is city-wide."""
    where = {"status": status} if status else None
    city = brain.house.cities.current()
    with brain.house.work() as work:
        every = work.alerts.list(run, where=where)
        found = [one for one in every if may_see_alert(actor, one)]
        items = [alert_out(one, alerts.deliveries_of(work, one), city) for one in part.cut(found)]
        return part.page(items, len(found))


@router.get("/alerts/suggestion")
@needs(Permission.ALERT_DRAFT)
def suggest(
    brain: BrainDep, run: RunDep, event: Annotated[Literal["earthquake", "tsunami"], Query()]
) -> AlertIn:
    """Return a draft filled in from what is known now; nothing is kept."""
    content = alerts.suggestion(brain.house, run, event)
    return AlertIn.model_construct(
        event=content.event,
        level=content.level.value,
        urgency=content.urgency,
        certainty=content.certainty,
        onset=content.onset,
        expires=content.expires,
        infos=[
            AlertInfoShape.model_construct(
                language=info.language,
                headline=info.headline,
                description=info.description,
                instruction=info.instruction,
            )
            for info in content.infos
        ],
        zones=[int(zone) for zone in content.zones],
    )


@router.post("/alerts", status_code=201)
@needs(Permission.ALERT_DRAFT)
def draft(body: AlertIn, brain: BrainDep, command: CommandDep) -> AlertOut:
    """Keep a draft; nothing leaves the house."""
    return _told(brain, alerts.draft(brain.house, command, _content(body)))


@router.put("/alerts/{alert}")
@needs(Permission.ALERT_DRAFT)
def edit(
    alert: str,
    body: AlertIn,
    brain: BrainDep,
    command: CommandDep,
    version: Annotated[str, Header(alias="If-Match", max_length=20)],
) -> AlertOut:
    """Change a draft; `If-Match` is the version that the person saw."""
    number = _version(version)
    return _told(brain, alerts.edit(brain.house, command, alert, number, _content(body)))


@router.post("/alerts/{alert}/approve")
@needs(Permission.ALERT_APPROVE)
def approve(alert: str, body: ApproveIn, brain: BrainDep, command: CommandDep) -> AlertOut:
    """Approve and send it, as a second person or with a reason for acting alone."""
    done = alerts.approve(brain.house, command, alert, body.version, override=body.override)
    return _told(brain, done)


@router.post("/alerts/{alert}/correct")
@needs(Permission.ALERT_DRAFT)
def correct(alert: str, brain: BrainDep, command: CommandDep) -> AlertOut:
    """Return the waiting correction of a sent warning."""
    return _told(brain, alerts.correct(brain.house, command, alert))


@router.post("/alerts/{alert}/cancel")
@needs(Permission.ALERT_DRAFT)
def cancel(alert: str, body: CancelIn, brain: BrainDep, command: CommandDep) -> AlertOut:
    """Discard a draft, or cancel a sent warning (which needs the right to approve)."""
    return _told(brain, alerts.cancel(brain.house, command, alert, body.version, body.reason))


@router.get("/alerts/{alert}.cap.xml", response_class=Response)
@needs(Permission.SITUATION_READ)
def cap(alert: str, brain: BrainDep, actor: ActorDep) -> Response:
    """Return the warning as an OASIS CAP 1.2 document."""
    with brain.house.work() as work:
        if not may_see_alert(actor, work.alerts.get(alert)):
            work.alerts.get(f"{alert} ")  # the same answer as for an unknown one
    document = alerts.cap_document(brain.house, alert)
    return Response(document, media_type="application/cap+xml")


def _told(brain: Brain, alert: Alert) -> AlertOut:
    with brain.house.work() as work:
        deliveries = alerts.deliveries_of(work, alert)
    return alert_out(alert, deliveries, brain.house.cities.current())


def _content(body: AlertIn) -> alerts.AlertContent:
    return alerts.AlertContent(
        event=body.event,
        level=Level(body.level),
        urgency=body.urgency,
        certainty=body.certainty,
        onset=body.onset,
        expires=body.expires,
        infos=tuple(
            AlertInfo(
                language=info.language,
                headline=info.headline,
                description=info.description,
                instruction=info.instruction,
            )
            for info in body.infos
        ),
        zones=tuple(body.zones),
    )


def _version(text: str) -> int:
    digits = text.strip().strip('"')
    if not digits.isdigit():
        raise InvalidInputError(
            "http.if_match",
            "If-Match is not a version number",
            hint="Send the version that the person saw",
        )
    return int(digits)
