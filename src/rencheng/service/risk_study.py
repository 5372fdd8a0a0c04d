"""What may be taken as uncertain in a run, and what that comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rencheng.service.jobs import Trouble


class Side(StrEnum):
    """What an uncertain input is of."""

    HAZARD = "hazard"
    EXPOSURE = "exposure"
    CHOICE = "choice"
    PARAMETERS = "parameters"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyInput:
    """An input that a run may vary, as its study file states it."""

    name: str
    kind: str
    """As the file says it, such as `intensity`."""
    side: Side
    numbers: Mapping[str, float]
    """Its distribution, such as `common`."""
    of: Mapping[str, float]
    """Alternatives with their weights; none: it has no alternatives."""
    is_annual: bool
    """Whether it plays a part only where rates are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMenu:
    """What a run of a hazard may vary."""

    hazard: str
    file: str
    """Where it is stated."""
    samples: int
    inputs: tuple[StudyInput, ...]
    has_sensitivity: bool
    """Whether Sobol indices can be had (SALib is installed)."""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyWish:
    """What a run shall vary."""

    inputs: tuple[str, ...]
    """Names of the inputs; what is not named is taken as known."""
    samples: int = 200
    sobol: int = 0
    """Size of the base sample of Sobol indices, a power of 2; 0: none are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRow:
    """A figure over all samples; NaN unknown."""

    key: str
    """`aal`, `pml`, `loss`, `largest_loss`."""
    return_period: float
    """Of `pml` [yr]; NaN for others."""
    plain: float
    """Without any input varied."""
    mean: float
    p05: float
    p50: float
    p95: float
    of_hazard: tuple[float, float] | None = None
    """5 and 95 % of the events alone, no input varied: the samples of one earthquake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRow:
    """How sure the place of a zone is."""

    zone: int
    """Row of the zone in the result; -1: buildings without a zone."""
    mean: float
    """Loss a year, or of one event. [currency]"""
    p05: float
    p95: float
    rank_low: float
    rank: float
    rank_high: float
    in_top: float
    """Share of the samples in which it is among the first `top`. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SobolRow:
    """Which share of the variance of a figure an input causes; NaN: the figure does not vary."""

    output: str
    input: str
    first: float
    first_half: float
    """Half width of the 95 % interval."""
    total: float
    total_half: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """What uncertain inputs make of a run."""

    samples: int
    seed: int
    inputs: tuple[StudyInput, ...]
    rows: tuple[SpreadRow, ...]
    ranks: tuple[RankRow, ...]
    top: int
    tau: tuple[float, float, float]
    """Kendall's tau between the order of a sample and that of the means: 5, 50, 95 %."""
    sobol: tuple[SobolRow, ...]
    sobol_runs: int
    is_pooled: bool
    """Whether buildings of one zone, point and curve were taken together."""
    is_partial: bool
    file: str
