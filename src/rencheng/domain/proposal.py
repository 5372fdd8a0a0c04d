"""Proposals: what the program suggests and a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.provenance import Figure, Mode, Text, Why


class ProposalKind(StrEnum):
    """What is proposed."""

    RESPONSE_LEVEL = "response_level"
    EVACUATION = "evacuation"
    MEDICAL = "medical"
    REPAIR = "repair"
    SUPPLIES = "supplies"
    SECTOR_MEASURE = "sector_measure"


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One task that accepting the proposal would give out."""

    kind: str
    duty: str
    """Duty of the organisation that takes it; see `Organisation.duties`."""
    text: Text
    place: str
    xy: tuple[float, float]
    zone: int
    """Row in `Zones`, to find the responsible organisation; -1 city-wide."""
    due_h: float
    """Hours from acceptance. [h]"""
    team: str = ""
    amount: float = float("nan")
    """People, patients, litres …, in `unit`."""
    unit: str = ""
    destination: str = ""
    """Id of the shelter or hospital it leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A suggestion with reasons, expected effect, and who will be told what."""

    id: str
    kind: ProposalKind
    cause: str
    """What it answers; with `kind` unique among the open ones of a run."""
    incident: str
    title: Text
    reasons: tuple[Text, ...]
    effect_with: tuple[Figure, ...]
    effect_without: tuple[Figure, ...]
    actions: tuple[Action, ...]
    details: Mapping[str, str | int | float]
    """Kind-specific facts, such as `level` (1 to 4) of a response level."""
    why: Why
    is_dangerous: bool
    """Whether it needs a second person (evacuation)."""
    cycle: str
    """Id of the cycle that made it."""
    created: datetime
    status: ProposalStatus = ProposalStatus.OPEN
    decided_by: str = ""
    decided: datetime | None = None
    reason: str = ""
    seconded_by: str = ""
    """The first of two persons, while a dangerous proposal waits for the second."""
    mode: Mode
    run: str
    version: int = 1

    def accept(self, by: str, at: datetime) -> Proposal:
        """Accept it; a dangerous one is accepted by the second of two different persons."""
        self._must_be_open()
        if self.is_dangerous and not self.seconded_by:
            return replace(self, seconded_by=by)
        if self.is_dangerous and self.seconded_by == by:
            raise ConflictError(
                "proposal.second_person",
                "the same person cannot approve twice",
                hint="Ask a second person who may decide",
            )
        return replace(self, status=ProposalStatus.ACCEPTED, decided_by=by, decided=at)

    def refuse(self, by: str, at: datetime, reason: str) -> Proposal:
        """Refuse it, saying why."""
        self._must_be_open()
        if not reason.strip():
            raise InvalidInputError(
                "proposal.reason",
                "a reason is missing",
                hint="Say in a few words why",
            )
        return replace(
            self, status=ProposalStatus.REFUSED, decided_by=by, decided=at, reason=reason.strip()
        )

    def _must_be_open(self) -> None:
        if self.status is not ProposalStatus.OPEN:
            raise ConflictError(
                "proposal.decided",
                f"proposal {self.id} is already {self.status}",
                hint="Reload to see who decided and when",
                params={"status": self.status.value, "by": self.decided_by},
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal as the decide stage makes it, before the service gives it an id and a run."""

    kind: ProposalKind
    cause: str
    title: Text
    reasons: tuple[Text, ...]
    effect_with: tuple[Figure, ...]
    effect_without: tuple[Figure, ...]
    actions: tuple[Action, ...]
    details: Mapping[str, str | int | float]
    why: Why
    is_dangerous: bool = False
