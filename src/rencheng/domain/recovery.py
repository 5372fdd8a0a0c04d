"""What recovery needs: repair jobs in order, supplies, and times of restoration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import DamageState
from rencheng.domain.proposal import Draft
from rencheng.domain.provenance import Figure, Origin
from rencheng.domain.rules import RuleStatus


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """When the hazard struck, and how the ground moved."""

    origin_time: datetime
    shaking: Shaking


@dataclass(frozen=True, slots=True, kw_only=True)
class MainsRepair:
    """How water mains break when shaken, and how fast they are mended."""

    brittle: float
    """Factor of the repair rate of brittle mains; `ductile` likewise."""
    ductile: float
    break_share: float
    """Share of the repairs that are breaks; the rest are leaks."""
    breaks_per_day: float
    """Breaks that one worker mends in a day; `leaks_per_day` likewise. [1/day]"""
    leaks_per_day: float
    workers_per_resident: float
    """Used where the city names no water repair team."""
    served_median: float
    """Breaks per kilometre at which half of the customers have water. [1/km]"""
    served_beta: float
    """Logarithmic standard deviation of that share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorationTable:
    """How long damaged things stay out of work, by kind and `DamageState`."""

    kind: tuple[str, ...]
    mean_d: NDArray[np.float64]
    """Mean time out of work; 0: stays in work. [day] (kinds, 5)"""
    sd_d: NDArray[np.float64]
    """Standard deviation of that time. [day] (kinds, 5)"""
    status: tuple[RuleStatus, ...]
    source: tuple[str, ...]
    unknown_backup_h: tuple[float, float]
    """Shortest and longest backup time where the city does not know it. [h]"""
    debris_h: tuple[float, float]
    """Mean and standard deviation of the time until a blocked street is open again. [h]"""
    has_crew_limits: bool
    """Whether repairs wait for one of the city's repair teams; else all start at once."""
    access_limit_min: float
    """Travel time to a hospital that still counts as access. [min]"""
    mains: MainsRepair
    version: str

    def row(self, kind: str) -> int:
        """Return the row of `kind`, -1 when there is none."""
        return self.kind.index(kind) if kind in self.kind else -1
