"""Alarms: one open alarm for one cause, active or cleared, acknowledged or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from rencheng.domain.provenance import Mode, Text


class Level(IntEnum):
    """Levels of warning and response; 1 is the highest (红 red), 4 the lowest (蓝 blue)."""

    RED = 1
    ORANGE = 2
    YELLOW = 3
    BLUE = 4


class Judgement(StrEnum):
    """What a person says of an alarm, or of an event that no alarm told of."""

    NONE = ""
    HIT = "hit"
    FALSE = "false"
    MISS = "miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found, before the service turns it into an alarm."""

    rule: str
    rule_version: str
    object: str
    level: Level
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """Who is told when an alarm has waited for somebody to look for so long."""

    after_s: float
    """Since the clock of the alarm started. [s]"""
    roles: tuple[str, ...]
    """Roles that are told."""
    least: Level = Level.BLUE
    """The lowest level that the step holds for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """How long alarms may wait for a look, and how long they may be shelved; data of the office."""

    version: str = ""
    first: tuple[str, ...] = ("duty_officer",)
    """Roles whose business an alarm is from its start."""
    steps: tuple[EscalationStep, ...] = ()
    """The earliest first."""
    longest_shelf_s: float = 8 * 3600.0
    """Longest time for which an alarm may be shelved. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something a rule found; `rule` and `object` name the cause.

    Notes
    -----
    After ISA-18.2 and EEMUA 191: an alarm that cleared before anybody saw it stays in the list
    until somebody has. When its cause comes back meanwhile, it is the same alarm that returns, and
    its clock has not stopped; once seen and cleared it is over, and a later return is a new alarm.
    """

    id: str
    rule: str
    rule_version: str
    object: str
    level: Level
    text: Text
    started: datetime
    last: datetime
    cleared: datetime | None = None
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    mode: Mode
    run: str
    version: int = 1
    returns: int = 0
    """How often its cause came back before anybody saw it."""
    seen_level: Level | None = None
    """The most serious level that has been acknowledged."""
    clock_start: datetime | None = None
    """When its present clock of escalation started; None: with `started`."""
    escalated_s: float = 0.0
    """`after_s` of the last step that was told; 0: none yet. [s]"""
    escalated: datetime | None = None
    """When the last step was told."""
    told: tuple[str, ...] = ()
    """Roles that escalation has told."""
    judgement: Judgement = Judgement.NONE
    judged_by: str = ""
    judged: datetime | None = None
    reason: str = ""
    """Why it was confirmed or rejected."""
    pushed: datetime | None = None
    """When it was queued for subscribers outside; None: it was not, or was taken back."""
    shelved_until: datetime | None = None
    shelved_by: str = ""
    shelf_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the cause still holds."""
        return self.cleared is None

    @property
    def is_listed(self) -> bool:
        """Whether it stands in the list: its cause holds, or nobody has seen it yet."""
        return self.cleared is None or self.acknowledged is None

    @property
    def is_escalating(self) -> bool:
        """Whether its clock runs: the cause holds, nobody has seen it, it is not shelved."""
        return self.is_open and self.acknowledged is None and self.shelved_until is None

    def acknowledge(self, by: str, at: datetime) -> Alarm:
        """Take note of it; a second acknowledgement changes nothing."""
        if self.acknowledged:
            return self
        return replace(self, acknowledged=at, acknowledged_by=by, seen_level=self.level)

    def renewed(self, finding: Finding, at: datetime) -> Alarm:
        """Say that the cause still holds, or holds again.

        A level more serious than what somebody has seen asks for a new look: acknowledgement,
        rejection and shelf end, and the clock starts again. A level that swings within what was
        seen disturbs nobody.
        """
        again = replace(
            self,
            level=finding.level,
            text=finding.text,
            rule_version=finding.rule_version,
            last=max(self.last, at),
            cleared=None,
            returns=self.returns + (self.cleared is not None),
        )
        seen = self.seen_level
        if seen is None and self.shelved_until is not None:
            seen = self.level
        if seen is None or finding.level >= seen:
            return again
        is_false = self.judgement is Judgement.FALSE
        return replace(
            again.unshelved(at),
            acknowledged=None,
            acknowledged_by="",
            seen_level=None,
            judgement=Judgement.NONE if is_false else self.judgement,
        )

    def shelved(self, by: str, until: datetime, reason: str) -> Alarm:
        """Lay it aside until a time; its clock stands still."""
        return replace(self, shelved_until=until, shelved_by=by, shelf_reason=reason)

    def unshelved(self, at: datetime) -> Alarm:
        """Put it back; its clock starts anew."""
        return replace(
            self,
            shelved_until=None,
            shelved_by="",
            shelf_reason="",
            clock_start=at,
            escalated_s=0.0,
            escalated=None,
        )

    def judge(self, judgement: Judgement, by: str, at: datetime, reason: str) -> Alarm:
        """Say whether it is true; who judges it has seen it."""
        return replace(
            self.acknowledge(by, at), judgement=judgement, judged_by=by, judged=at, reason=reason
        )

    def next_step(self, escalation: Escalation) -> tuple[datetime, EscalationStep] | None:
        """Return when which step comes next; None when the clock stands or no step is left."""
        if not self.is_escalating:
            return None
        start = self.clock_start or self.started
        for step in escalation.steps:
            if step.after_s > self.escalated_s and self.level <= step.least:
                return start + timedelta(seconds=step.after_s), step
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """A line of a rule's ledger: an alarm that was true or false, or an event it missed."""

    id: str
    rule: str
    rule_version: str
    object: str
    judgement: Judgement
    subject: str
    """Id of the alarm; of a missed event, the id of this line."""
    raised: datetime | None
    """When the alarm was raised; None for a missed event."""
    occurred: datetime | None
    """When the event set in; None when nobody said."""
    reason: str
    by: str
    at: datetime
    is_standing: bool = True
    """False once a later line on the same alarm took its place."""
    mode: Mode
    run: str
    version: int = 1

    @property
    def lead_s(self) -> float:
        """From the alarm to the event; negative when it came late, NaN when unknown. [s]"""
        if self.judgement is not Judgement.HIT or self.raised is None or self.occurred is None:
            return float("nan")
        return (self.occurred - self.raised).total_seconds()
