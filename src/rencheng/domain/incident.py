"""Incidents, and the tasks given out to meet them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rencheng.domain.alarm import Level
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.provenance import Mode


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    RESPONDING = "responding"
    RECOVERING = "recovering"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that happened and has to be dealt with."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    """`earthquake_tsunami` here; the national code is not known (GB/T 35561)."""
    level: Level | None
    """Response level in force; None until a person has approved one."""
    status: IncidentStatus
    occurred: datetime
    opened: datetime
    xy: tuple[float, float]
    event: str
    """Id shared by the bulletins of the event."""
    mode: Mode
    run: str
    version: int = 1


class TaskStatus(StrEnum):
    """Where a task stands."""

    ASSIGNED = "assigned"
    ACKNOWLEDGED = "acknowledged"
    DONE = "done"
    VERIFIED = "verified"
    UNABLE = "unable"
    CANCELLED = "cancelled"


STEPS: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.ASSIGNED: frozenset(
        {TaskStatus.ACKNOWLEDGED, TaskStatus.UNABLE, TaskStatus.CANCELLED}
    ),
    TaskStatus.ACKNOWLEDGED: frozenset({TaskStatus.DONE, TaskStatus.UNABLE, TaskStatus.CANCELLED}),
    TaskStatus.DONE: frozenset({TaskStatus.VERIFIED, TaskStatus.ACKNOWLEDGED}),
    TaskStatus.UNABLE: frozenset({TaskStatus.ASSIGNED, TaskStatus.CANCELLED}),
    TaskStatus.VERIFIED: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
}
"""Allowed next states. Done → acknowledged is a verifier sending it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing for one organisation to do by one time."""

    id: str
    incident: str
    proposal: str
    """Id of the proposal it came from; empty when given by hand."""
    kind: str
    """`evacuate`, `ambulance`, `repair_power`, `repair_water`, `inspect`, `supply`, …"""
    title_zh: str
    title_en: str
    organisation: str
    team: str
    place: str
    """Id of a facility, lifeline, or `zone:<id>`."""
    xy: tuple[float, float]
    created: datetime
    due: datetime
    status: TaskStatus = TaskStatus.ASSIGNED
    acknowledged: datetime | None = None
    done: datetime | None = None
    verified: datetime | None = None
    note: str = ""
    mode: Mode
    run: str
    version: int = 1

    def moved_to(self, status: TaskStatus, at: datetime, note: str = "") -> Task:
        """Take the next step.

        Raises
        ------
        ConflictError
            If the present state does not lead there.
        InvalidInputError
            If a reason is due (unable, sent back) and none is given.
        """
        if status not in STEPS[self.status]:
            raise ConflictError(
                "task.step",
                f"task {self.id} is {self.status}, which does not lead to {status}",
                hint="Reload to see its present state",
                params={"status": self.status.value, "wanted": status.value},
            )
        sent_back = self.status is TaskStatus.DONE and status is TaskStatus.ACKNOWLEDGED
        if (status is TaskStatus.UNABLE or sent_back) and not note.strip():
            raise InvalidInputError(
                "task.reason",
                "a reason is missing",
                hint="Say in a few words why",
            )
        stamp = {
            TaskStatus.ACKNOWLEDGED: "acknowledged",
            TaskStatus.DONE: "done",
            TaskStatus.VERIFIED: "verified",
        }.get(status)
        changes: dict[str, object] = {"status": status, "note": note or self.note}
        if stamp and not sent_back:
            changes[stamp] = at
        return replace(self, **changes)  # type: ignore[arg-type]
