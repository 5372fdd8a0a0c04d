"""What an event teaches: damage reports, model versions, skill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rencheng.domain.impact import DamageState
from rencheng.domain.provenance import Band, Mode, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageReport:
    """A surveyed building."""

    id: str
    building: int
    """Row in `Buildings`; -1 when the reporter knows only the place."""
    xy: tuple[float, float]
    state: DamageState
    reporter: str
    reported: datetime
    origin: Origin
    mode: Mode
    run: str
    note: str = ""
    version: int = 1


class ModelStatus(StrEnum):
    """Where a model version stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Posterior of one group of curves relative to the published ones."""

    group: str
    """Structural type, such as `C1`, or `all`."""
    median_factor: Band
    """Multiplies every median of the group."""
    beta_factor: Band
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A version of the fragilities, proposed by learning and approved by a person."""

    id: str
    base: str
    """Version of the curve table that it adjusts."""
    adjustments: tuple[Adjustment, ...]
    reports_used: int
    reports_held_out: int
    log_score_before: float
    """Mean logarithmic score on the held-out reports; higher is better."""
    log_score_after: float
    brier_before: float
    """Mean ranked probability score on the held-out reports; lower is better."""
    brier_after: float
    status: ModelStatus
    created: datetime
    decided_by: str = ""
    decided: datetime | None = None
    reason: str = ""
    mode: Mode
    run: str
    version: int = 1
