"""What recovery needs: repair jobs in order, and supplies."""

from __future__ import annotations

from dataclasses import dataclass

from rencheng.domain.impact import DamageState
from rencheng.domain.proposal import Draft
from rencheng.domain.provenance import Figure, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairJob:
    """One job of the repair order."""

    rank: int
    asset: str
    sector: str
    state: DamageState
    """Most likely damage state."""
    people_served: float
    """Residents who wait for it; NaN unknown."""
    team: str
    start_h: float
    """Hours from now. [h]"""
    end_h: float
    is_reachable: bool
    """Whether the team can drive there in at least half of the samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one item is needed for the first three days, and what is in stock."""

    item: str
    need: Figure
    stock: float
    """NaN unknown."""
    stock_origin: Origin
    standard: str
    """Published standard and its figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Everything that the decide stage hands over."""

    drafts: tuple[Draft, ...]
    repairs: tuple[RepairJob, ...]
    needs: tuple[Need, ...]
