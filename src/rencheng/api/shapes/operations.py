"""Warnings, proposals, tasks, log, damage reports: what people do."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from rencheng.api.shapes.common import (
    FaultOut,
    FigureOut,
    LevelNumber,
    ModeName,
    OriginName,
    Shape,
    TextOut,
    WhyOut,
)


class AlertInfoShape(Shape):
    """A warning's text in one language."""

    language: Literal["zh-CN", "en", "es-CL"]
    headline: str = Field(max_length=200)
    description: str = Field(max_length=4000)
    instruction: str = Field(max_length=4000)


class AlertIn(Shape):
    """A draft as the duty officer writes it."""

    event: Literal["earthquake", "tsunami"]
    level: LevelNumber
    urgency: Literal["Immediate", "Expected", "Future"]
    certainty: Literal["Observed", "Likely", "Possible"]
    onset: AwareDatetime
    expires: AwareDatetime
    infos: list[AlertInfoShape] = Field(max_length=4)
    zones: list[int] = Field(max_length=2000)


class AlertOut(Shape):
    """A warning."""

    id: str
    kind: Literal["Alert", "Update", "Cancel"]
    event: str
    level: LevelNumber
    urgency: str
    certainty: str
    sender: str
    onset: AwareDatetime
    expires: AwareDatetime
    infos: list[AlertInfoShape]
    zones: list[int]
    references: list[str]
    correction_of: str
    status: Literal["draft", "approved", "sent", "cancelled", "discarded"]
    drafted_by: str
    drafted: AwareDatetime
    approved_by: str
    approved: AwareDatetime | None
    override_reason: str
    sent: AwareDatetime | None
    deliveries: list[DeliveryOut]
    faults: list[FaultOut]
    audience: int | None
    """Residents in the zones; null unknown."""
    mode: ModeName
    version: int


class DeliveryOut(Shape):
    """What became of a warning on one channel."""

    channel: str
    state: Literal["queued", "sent", "blocked", "expired", "failed"]
    at: AwareDatetime | None
    reason: TextOut | None


class ApproveIn(Shape):
    """Approval; `override` is the reason for acting alone."""

    version: int
    override: str = Field(default="", max_length=400)


class CancelIn(Shape):
    """Cancelling a sent warning, or discarding a draft."""

    version: int
    reason: str = Field(min_length=1, max_length=400)


class ActionOut(Shape):
    """A task that accepting would give out."""

    kind: str
    organisation: str
    organisation_name: TextOut
    text: TextOut
    place: str
    xy: tuple[float, float] | None
    """Null: the place is not known."""
    due_h: float
    team: str
    amount: float | None
    unit: str
    destination: str
    destination_name: str


class ProposalOut(Shape):
    """A proposal."""

    id: str
    kind: Literal["response_level", "evacuation", "medical", "repair", "supplies", "sector_measure"]
    title: TextOut
    reasons: list[TextOut]
    effect_with: list[FigureOut]
    effect_without: list[FigureOut]
    actions: list[ActionOut]
    details: dict[str, str | int | float]
    why: WhyOut
    is_dangerous: bool
    status: Literal["open", "accepted", "refused", "superseded"]
    seconded_by: str
    decided_by: str
    decided: AwareDatetime | None
    reason: str
    created: AwareDatetime
    mode: ModeName
    version: int


class DecideIn(Shape):
    """Accepting or refusing; `version` is the one the person saw."""

    version: int
    decision: Literal["accept", "refuse"]
    reason: str = Field(default="", max_length=400)


class TaskOut(Shape):
    """A task."""

    id: str
    incident: str
    proposal: str
    kind: str
    title_zh: str
    title_en: str
    organisation: str
    organisation_name: TextOut
    team: str
    place: str
    place_name: str
    xy: tuple[float, float] | None
    """Null: the place is not known."""
    created: AwareDatetime
    due: AwareDatetime
    is_overdue: bool
    status: Literal["assigned", "acknowledged", "done", "verified", "unable", "cancelled"]
    acknowledged: AwareDatetime | None
    done: AwareDatetime | None
    verified: AwareDatetime | None
    note: str
    next: list[str]
    """Steps that the asker may take now."""
    mode: ModeName
    version: int


class TaskIn(Shape):
    """A task given by hand."""

    kind: str = Field(min_length=1, max_length=40)
    title: str = Field(min_length=1, max_length=200)
    organisation: str
    place: str = ""
    xy: tuple[float, float] | None = None
    due: AwareDatetime


class StepIn(Shape):
    """The next step of a task."""

    version: int
    status: Literal["acknowledged", "done", "verified", "unable", "cancelled", "assigned"]
    note: str = Field(default="", max_length=400)


class DispatchOut(Shape):
    """A team on the map."""

    team: str
    kind: str
    organisation: str
    task: str
    start: tuple[float, float]
    end: tuple[float, float]
    line: list[tuple[float, float]]
    """Route along open roads; empty when there is none."""
    eta_s: float | None


class LogLineOut(Shape):
    """A line of the log."""

    seq: int
    at: AwareDatetime
    sim_at: AwareDatetime
    actor: str
    text: TextOut
    subject: str
    mode: ModeName
    hash: str


class LogCheckOut(Shape):
    """Whether the chain is whole."""

    lines: int
    is_whole: bool
    first_broken: int | None
    head: str


class NoteIn(Shape):
    """A free log entry."""

    text: str = Field(min_length=1, max_length=1000)


class DamageReportIn(Shape):
    """A damage report from the field: a known building, or a place."""

    building: int | None = None
    xy: tuple[float, float] | None = None
    state: Literal[0, 1, 2, 3, 4]
    note: str = Field(default="", max_length=400)


class DamageReportOut(Shape):
    """A damage report."""

    id: str
    building: int | None
    xy: tuple[float, float]
    state: int
    reporter: str
    reported: AwareDatetime
    origin: OriginName
    note: str
    mode: ModeName


class RepairOut(Shape):
    """One job of the repair order."""

    rank: int
    asset: str
    name: str
    sector: str
    damage: str
    people_served: float | None
    crew: str
    start_h: float
    end_h: float
    is_reachable: bool | None


class NeedOut(Shape):
    """What one item is needed and in stock."""

    item: str
    need: FigureOut
    stock: float | None
    stock_origin: OriginName
    standard: str


class RecoveryOut(Shape):
    """The recovery page beside the curves (which are series of the timeline)."""

    repairs: list[RepairOut]
    needs: list[NeedOut]
    reports: dict[str, int]
    """Number of damage reports by state."""
    curves: list[CurveOut]


class CurveOut(Shape):
    """A service curve over hours after the event."""

    service: str
    hours: list[float]
    p05: list[float | None]
    p50: list[float | None]
    p95: list[float | None]
    observed_hours: list[float]
    observed: list[float | None]
    why: WhyOut


AlertOut.model_rebuild()
RecoveryOut.model_rebuild()
