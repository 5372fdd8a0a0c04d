"""Alarms: the list, one of them with its history, what people say of them, and the ledger."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from rencheng.api.shapes.common import BandOut, LevelNumber, ModeName, Shape, TextOut
from rencheng.api.shapes.operations import DeliveryOut, LogLineOut

JudgementName = Literal["", "hit", "false", "miss"]
StateName = Literal["all", "listed", "active", "unacknowledged", "cleared", "shelved", "over"]
Reason = Field(min_length=1, max_length=400)


class AlarmOut(Shape):
    """An alarm."""

    id: str
    rule: str
    rule_name: TextOut
    rule_version: str
    object: str
    object_name: TextOut
    level: LevelNumber
    text: TextOut
    started: AwareDatetime
    last: AwareDatetime
    cleared: AwareDatetime | None
    acknowledged: AwareDatetime | None
    acknowledged_by: str
    returns: int
    """How often its cause came back before anybody had seen it."""
    escalated: AwareDatetime | None
    told: list[str]
    """Roles that escalation has told."""
    next_escalation: AwareDatetime | None
    """When the next roles are told, on the run's clock; null: the clock stands."""
    next_roles: list[str]
    judgement: JudgementName
    judged_by: str
    judged: AwareDatetime | None
    reason: str
    pushed: AwareDatetime | None
    """When it was queued for subscribers outside."""
    shelved_until: AwareDatetime | None
    shelved_by: str
    shelf_reason: str
    is_mine: bool
    """Told to a role of the asker, or in the asker's hands."""
    mode: ModeName
    version: int


class AlarmCountsOut(Shape):
    """How many alarms there are, however long the list is."""

    active: dict[LevelNumber, int]
    """By level, shelved ones left out."""
    unacknowledged: int
    cleared: int
    """Cleared and not yet seen."""
    shelved: int
    mine: int
    """Escalated to a role of the asker and still unacknowledged."""
    is_flood: bool
    """More than 10 in 10 minutes (ISA-18.2)."""


class AlarmGroupOut(Shape):
    """All alarms of one rule, or of one object, as one line."""

    key: str
    name: TextOut
    count: int
    active: int
    unacknowledged: int
    newest: AwareDatetime
    next_escalation: AwareDatetime | None
    worst: AlarmOut
    ids: list[str]


class AcknowledgeIn(Shape):
    """Taking note of many alarms at once."""

    ids: list[str] = Field(min_length=1, max_length=2000)


class AcknowledgedOut(Shape):
    """How many of them nobody had seen before."""

    count: int


class ConfirmIn(Shape):
    """Saying that an alarm is true; `level` and `judgement` are those that the person saw."""

    level: LevelNumber
    judgement: JudgementName = ""
    reason: str = Reason
    occurred: AwareDatetime | None = None
    """When the event set in, if it has."""


class RejectIn(Shape):
    """Saying that an alarm is false."""

    level: LevelNumber
    judgement: JudgementName = ""
    reason: str = Reason


class ShelveIn(Shape):
    """Laying an alarm aside until a time on the run's clock."""

    level: LevelNumber
    judgement: JudgementName = ""
    until: AwareDatetime
    reason: str = Reason


class MissIn(Shape):
    """An event that no alarm told of."""

    rule: str = Field(min_length=1, max_length=200)
    object: str = Field(default="", max_length=200)
    occurred: AwareDatetime
    reason: str = Reason


class VerdictOut(Shape):
    """A line of a rule's ledger."""

    id: str
    rule: str
    rule_name: TextOut
    rule_version: str
    object: str
    object_name: TextOut
    judgement: JudgementName
    alarm: str
    """Id of the alarm; empty for a missed event."""
    raised: AwareDatetime | None
    occurred: AwareDatetime | None
    lead_min: float | None
    reason: str
    by: str
    at: AwareDatetime
    is_standing: bool
    """False once a later line on the same alarm took its place."""
    mode: ModeName


class AlarmHistoryOut(Shape):
    """One alarm with everything that happened to it, newest first."""

    alarm: AlarmOut
    lines: list[LogLineOut]
    deliveries: list[DeliveryOut]
    verdicts: list[VerdictOut]


class RuleScoreOut(Shape):
    """How good the alarms of a rule are, by what people said of them."""

    rule: str
    """Empty: all rules together."""
    name: TextOut
    hits: int
    false: int
    misses: int
    pod: BandOut
    """Probability of detection: of hits + misses."""
    far: BandOut
    """False alarm ratio: of hits + false alarms."""
    lead_min: BandOut
    leads: int
    """Hits whose event has a time."""


class RuleNameOut(Shape):
    """A rule that an alarm can come from."""

    rule: str
    name: TextOut


class LedgerOut(Shape):
    """The ledger of all rules: their scores, and the rules that an event can be entered for."""

    scores: list[RuleScoreOut]
    rules: list[RuleNameOut]
