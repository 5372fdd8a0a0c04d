"""Warnings, proposals, tasks, log lines and reports as answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from rencheng.api.problems import fault_out
from rencheng.api.shapes.common import TextOut
from rencheng.api.shapes.operations import (
    ActionOut,
    AlertInfoShape,
    AlertOut,
    DamageReportOut,
    DeliveryOut,
    LogLineOut,
    ProposalOut,
    TaskOut,
)
from rencheng.api.shapes.situation import IncidentOut
from rencheng.api.telling import figures_out, number, place_xy, point, text_out, why_out
from rencheng.collaborate.routing import responsible
from rencheng.domain.alert import Alert, AlertStatus
from rencheng.domain.city import City
from rencheng.domain.errors import RenchengError
from rencheng.domain.identity import Actor
from rencheng.domain.incident import Incident, Task
from rencheng.domain.learning import DamageReport
from rencheng.domain.log import LogEntry
from rencheng.domain.proposal import Action, Proposal
from rencheng.domain.provenance import Text
from rencheng.service.lookup import Gazetteer
from rencheng.service.ports import Delivery
from rencheng.service.tasks import is_overdue, next_steps


def organisation_name(names: Gazetteer, key: str) -> TextOut:
    """Return the organisation's name in both languages; its id when it is unknown."""
    found = names.organisation(key)
    zh, en = (found.name_zh, found.name_en) if found else (key, key)
    return TextOut(key=f"organisation.{key}", zh=zh, en=en)


def incident_out(incident: Incident) -> IncidentOut:
    """Return an incident."""
    return IncidentOut(
        id=incident.id,
        name_zh=incident.name_zh,
        name_en=incident.name_en,
        kind=incident.kind,
        level=incident.level.value if incident.level else None,
        status=incident.status.value,
        occurred=incident.occurred,
        opened=incident.opened,
        xy=point(incident.xy),
        mode=incident.mode.value,
        version=incident.version,
    )


def audience(city: City, zones: Iterable[int]) -> int | None:
    """Return the residents of the zones with these ids; None when one of them is unknown."""
    wanted = sorted(set(zones))
    rows = np.isin(city.zones.id, wanted)
    if not wanted or int(rows.sum()) != len(wanted):
        return None
    total = float(city.zones.population[rows].sum())
    return round(total) if np.isfinite(total) else None


def delivery_out(delivery: Delivery) -> DeliveryOut:
    """Return what became of a message on one channel."""
    reason = text_out(Text(f"delivery.{delivery.reason}")) if delivery.reason else None
    body = {"channel": delivery.channel, "state": delivery.state, "at": delivery.at}
    return DeliveryOut.model_validate(body | {"reason": reason})


def alert_out(alert: Alert, deliveries: Iterable[Delivery], city: City) -> AlertOut:
    """Return a warning."""
    is_draft = alert.status is AlertStatus.DRAFT
    return AlertOut(
        id=alert.id,
        kind=alert.kind.value,
        event=alert.event,
        level=alert.level.value,
        urgency=alert.urgency,
        certainty=alert.certainty,
        sender=alert.sender,
        onset=alert.onset,
        expires=alert.expires,
        infos=[
            AlertInfoShape.model_construct(
                language=info.language,
                headline=info.headline,
                description=info.description,
                instruction=info.instruction,
            )
            for info in alert.infos
        ],
        zones=[int(zone) for zone in alert.zones],
        references=list(alert.references),
        correction_of=alert.correction_of,
        status=alert.status.value,
        drafted_by=alert.drafted_by,
        drafted=alert.drafted,
        approved_by=alert.approved_by,
        approved=alert.approved,
        override_reason=alert.override_reason,
        sent=alert.sent,
        deliveries=[delivery_out(one) for one in deliveries],
        faults=[fault_out(fault) for fault in alert.faults()] if is_draft else [],
        audience=audience(city, alert.zones),
        mode=alert.mode.value,
        version=alert.version,
    )


def action_out(action: Action, names: Gazetteer) -> ActionOut:
    """Return a task that accepting a proposal would give out, with who would get it."""
    try:
        organisation = responsible(action, names.city.organisations).id
    except RenchengError:
        organisation = ""
    return ActionOut(
        kind=action.kind,
        organisation=organisation,
        organisation_name=organisation_name(names, organisation),
        text=text_out(action.text),
        place=action.place,
        xy=place_xy(action.xy),
        due_h=action.due_h,
        team=action.team,
        amount=number(action.amount),
        unit=action.unit,
        destination=action.destination,
        destination_name=names.name(action.destination) if action.destination else "",
    )


def proposal_out(proposal: Proposal, names: Gazetteer) -> ProposalOut:
    """Return a proposal."""
    return ProposalOut(
        id=proposal.id,
        kind=proposal.kind.value,
        title=text_out(proposal.title),
        reasons=[text_out(reason) for reason in proposal.reasons],
        effect_with=figures_out(proposal.effect_with),
        effect_without=figures_out(proposal.effect_without),
        actions=[action_out(action, names) for action in proposal.actions],
        details=dict(proposal.details),
        why=why_out(proposal.why),
        is_dangerous=proposal.is_dangerous,
        status=proposal.status.value,
        seconded_by=proposal.seconded_by,
        decided_by=proposal.decided_by,
        decided=proposal.decided,
        reason=proposal.reason,
        created=proposal.created,
        mode=proposal.mode.value,
        version=proposal.version,
    )


def task_out(task: Task, names: Gazetteer, actor: Actor, at: datetime) -> TaskOut:
    """Return a task with the steps that the asker may take now."""
    return TaskOut(
        id=task.id,
        incident=task.incident,
        proposal=task.proposal,
        kind=task.kind,
        title_zh=task.title_zh,
        title_en=task.title_en,
        organisation=task.organisation,
        organisation_name=organisation_name(names, task.organisation),
        team=task.team,
        place=task.place,
        place_name=names.name(task.place) if task.place else "",
        xy=place_xy(task.xy),
        created=task.created,
        due=task.due,
        is_overdue=is_overdue(task, at),
        status=task.status.value,
        acknowledged=task.acknowledged,
        done=task.done,
        verified=task.verified,
        note=task.note,
        next=[status.value for status in next_steps(actor, task)],
        mode=task.mode.value,
        version=task.version,
    )


def log_line_out(entry: LogEntry) -> LogLineOut:
    """Return a line of the log."""
    return LogLineOut(
        seq=entry.seq,
        at=entry.at,
        sim_at=entry.sim_at,
        actor=entry.actor,
        text=text_out(Text(f"log.{entry.action}", entry.params)),
        subject=entry.subject,
        mode=entry.mode.value,
        hash=entry.hash,
    )


def report_out(report: DamageReport) -> DamageReportOut:
    """Return a damage report."""
    return DamageReportOut(
        id=report.id,
        building=report.building if report.building >= 0 else None,
        xy=point(report.xy),
        state=int(report.state),
        reporter=report.reporter,
        reported=report.reported,
        origin=report.origin.value,
        note=report.note,
        mode=report.mode.value,
    )
