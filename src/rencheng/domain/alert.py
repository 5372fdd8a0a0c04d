"""Public warnings, in the words of OASIS CAP 1.2."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rencheng.domain.alarm import Level
from rencheng.domain.errors import ConflictError, Fault, InvalidInputError
from rencheng.domain.provenance import Mode


class MessageType(StrEnum):
    """CAP msgType."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class AlertStatus(StrEnum):
    """Where a warning stands in the house (not CAP status, which follows from `mode`)."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"


CAP_STATUS = {
    Mode.LIVE: "Actual",
    Mode.DRILL: "Exercise",
    Mode.TEST: "Test",
    Mode.REPLAY: "Exercise",
}
CAP_SEVERITY = {
    Level.RED: "Extreme",
    Level.ORANGE: "Severe",
    Level.YELLOW: "Moderate",
    Level.BLUE: "Minor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertInfo:
    """The warning in one language."""

    language: str
    headline: str
    description: str
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One warning message."""

    id: str
    kind: MessageType
    event: str
    """`earthquake` or `tsunami`."""
    level: Level
    urgency: str
    certainty: str
    sender: str
    onset: datetime
    expires: datetime
    infos: tuple[AlertInfo, ...]
    zones: tuple[int, ...]
    """Zone ids of the audience; the area that was approved is the area that is sent."""
    area_hash: str
    """Hash of the zones' ids and outlines at drafting."""
    references: tuple[str, ...]
    """Ids of earlier messages that this one updates or cancels."""
    correction_of: str
    drafted_by: str
    drafted: datetime
    status: AlertStatus = AlertStatus.DRAFT
    approved_by: str = ""
    approved: datetime | None = None
    override_reason: str = ""
    sent: datetime | None = None
    mode: Mode
    run: str
    version: int = 1

    def faults(self) -> tuple[Fault, ...]:
        """Return everything that forbids sending, all at once."""
        found: list[Fault] = []

        def add(where: str, key: str, problem: str, hint: str) -> None:
            found.append(Fault(where=where, key=key, problem=problem, hint=hint))

        if not self.zones:
            add("zones", "alert.no_area", "no area is chosen", "Choose at least one zone")
        if self.expires <= self.onset:
            add("expires", "alert.expires", "expires is not after onset", "Set a later expiry")
        if not self.infos:
            add("infos", "alert.no_text", "there is no text", "Write the text")
        for info in self.infos:
            at = f"infos[{info.language}]"
            for name in ("headline", "description", "instruction"):
                if not getattr(info, name).strip():
                    add(f"{at}.{name}", "alert.empty", f"{name} is empty", "Fill it in")
            if len(info.headline) >= 140:  # CAP 1.2 guideline for headline
                add(f"{at}.headline", "alert.headline_long", "140 characters or more", "Shorten it")
            if info.headline.strip() and info.headline.strip() == info.description.strip():
                add(
                    f"{at}.description",
                    "alert.same_text",
                    "equals the headline",
                    "Say what happens",
                )
        if self.kind is not MessageType.ALERT and not self.references:
            add("references", "alert.references", "no earlier message named", "Name it")
        return tuple(found)

    def approve(self, by: str, at: datetime, *, area_hash: str, override: str = "") -> Alert:
        """Approve it as a second person, or alone with a reason that is logged and announced.

        Raises
        ------
        ConflictError
            If it is no draft, the approver drafted it, or the area is not what was drafted.
        InvalidInputError
            If the message has faults; all are named.
        """
        if self.status is not AlertStatus.DRAFT:
            raise ConflictError(
                "alert.not_draft",
                f"warning {self.id} is {self.status}",
                hint="Reload to see its present state",
                params={"status": self.status.value},
            )
        if faults := self.faults():
            raise InvalidInputError(
                "alert.faults",
                f"the warning has {len(faults)} faults",
                hint="Mend them all and approve again",
                params={"count": len(faults)},
                faults=faults,
            )
        if area_hash != self.area_hash:
            raise ConflictError(
                "alert.area",
                "the area differs from what was drafted",
                hint="Draft the warning again with the present area",
            )
        if by == self.drafted_by and not override.strip():
            raise ConflictError(
                "alert.second_person",
                "the person who drafted it cannot approve it",
                hint="Ask a second person, or give a reason for acting alone",
            )
        return replace(
            self,
            status=AlertStatus.APPROVED,
            approved_by=by,
            approved=at,
            override_reason=override.strip() if by == self.drafted_by else "",
        )
