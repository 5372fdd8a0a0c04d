"""Measures against losses, what they save, and which to choose under a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, nan
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import CurveStatus
from rencheng.domain.errors import Fault, InvalidInputError, NotFoundError
from rencheng.domain.risk import Standing
from rencheng.domain.risk_uncertainty import RankStability, Study

F64 = NDArray[np.float64]
Chosen = frozenset[int]
"""Rows of measures."""
EFFECTS = ("median_factor", "ratio_factor", "lowers", "design_period")
"""Fields of a measure that may be uncertain."""
# Quantile of the standard normal at 95 %.
_Z95 = 1.6448536269514722


class MeasureKind(StrEnum):
    """How a measure works."""

    RETROFIT = "retrofit"
    """Changes the curves of assets."""
    BARRIER = "barrier"
    """Lowers the hazard, or keeps it out."""
    RELOCATION = "relocation"
    """Takes assets out of the hazard's way."""
    INSURANCE = "insurance"
    """Passes losses on; what is lost stays the same."""
    WARNING = "warning"
    """Lowers the loss of components that can be saved in time, such as contents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number that is known within bounds; triangular between them."""

    low: float
    best: float
    high: float

    def quantile(self, share: float) -> float:
        """Return the value that is not passed with the probability `share`.

        Examples
        --------
        >>> [Estimate(low=0.0, best=1.0, high=2.0).quantile(q) for q in (0.0, 0.125, 0.5, 1.0)]
        [0.0, 0.5, 1.0, 2.0]
        """
        width, rise = self.high - self.low, self.best - self.low
        if width == 0.0:
            return self.best
        if share * width <= rise:
            return self.low + float(np.sqrt(share * width * rise))
        return self.high - float(np.sqrt((1.0 - share) * width * (self.high - self.best)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSpread:
    """A positive number by three quantiles: lognormal on each side of its median."""

    median: float
    p05: float
    p95: float

    def quantile(self, share: float) -> float:
        """Return the value that is not passed with the probability `share`, between 0 and 1.

        Examples
        --------
        >>> one = EffectSpread(median=2.0, p05=1.0, p95=8.0)
        >>> [round(one.quantile(q), 9) for q in (0.05, 0.5, 0.95)]
        [1.0, 2.0, 8.0]
        """
        z = NormalDist().inv_cdf(share)
        edge = self.p05 if z < 0.0 else self.p95
        return float(self.median * (edge / self.median) ** (abs(z) / _Z95))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure: whom it concerns, what it does, what it costs."""

    id: str
    name: str
    kind: MeasureKind
    where: Mapping[str, tuple[str, ...]]
    """Columns of the asset table with the values that are meant; empty: every asset."""
    cost: Estimate
    """At the start. [currency]"""
    upkeep: Estimate
    """Every year; of an insurance the premium. [currency/yr]"""
    life: int
    """It is not renewed afterwards. [yr]"""
    excludes: tuple[str, ...] = ()
    """Ids of measures that cannot stand beside it."""
    components: tuple[str, ...] = ()
    """That it works on; empty: all."""
    curve: str = ""
    """Retrofit: the curve that takes the place of the present one."""
    median_factor: float = 1.0
    """Retrofit: intensities of the curve are multiplied with it. [1]"""
    ratio_factor: float = 1.0
    """Retrofit, warning: mean and standard deviation of the share lost are. [1]"""
    lowers: float = inf
    """Barrier: taken off the intensity; `inf`: all of it. [unit]"""
    unit: str = ""
    """Of `lowers`."""
    design_period: float = inf
    """Barrier: return period up to which it holds. [yr]"""
    deductible: float = 0.0
    """Insurance, each asset and event. [currency]"""
    limit: float = inf
    """Insurance, each asset and event, from the ground up. [currency]"""
    share: float = 1.0
    """Insurance: of the layer. [1]"""
    effect: Mapping[str, EffectSpread] = field(default_factory=dict)
    """Which of `EFFECTS` are uncertain; the field itself is the median."""
    source: str
    status: CurveStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureSet:
    """A file of measures."""

    measures: tuple[Measure, ...]
    currency: str
    year: int
    """Price level of the costs."""
    version: str
    source: str
    study: Study | None = None
    """What else is uncertain, and how often it is drawn; None: nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a set of measures saves in a year."""

    avoided: float = 0.0
    """Loss that no longer happens. [currency/yr]"""
    transferred: float = 0.0
    """Loss that somebody else bears. [currency/yr]"""

    @property
    def total(self) -> float:
        """Return what the owner is spared. [currency/yr]"""
        return self.avoided + self.transferred


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingGroup:
    """Assets that the same measures concern, and what each set of these saves there."""

    touching: tuple[int, ...]
    """Rows of the measures."""
    assets: int
    saving: Mapping[Chosen, Saving]
    """By every allowed set of the measures, run jointly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """What measures save, alone and together; costs and discounting come afterwards."""

    measures: tuple[Measure, ...]
    groups: tuple[SavingGroup, ...]
    excluded: frozenset[frozenset[int]]
    """Pairs of measures that cannot stand together."""
    touched: tuple[int, ...]
    """Assets that each measure concerns."""
    darkened: int
    """Assets of which a measure makes a loss unknown: their saving is counted as none."""
    known_aal: float
    """Without any measure. [currency/yr]"""
    is_partial: bool
    """Whether something is unknown: then AAL and savings are of what is known."""
    counts: Mapping[Standing, int]
    runs: int
    """Times that the portfolio was computed."""
    currency: str
    year: int
    versions: Mapping[str, str]
    faults: tuple[Fault, ...] = ()

    def rows(self, *ids: str) -> Chosen:
        """Return the rows of measures by their ids.

        Raises
        ------
        NotFoundError
            When a measure is not there.
        """
        known = {m.id: row for row, m in enumerate(self.measures)}
        missing = [one for one in ids if one not in known]
        if missing:
            raise NotFoundError(
                "risk.measure_unknown",
                f"no measure was appraised under {', '.join(missing)}",
                hint=f"Name some of {', '.join(known)}",
                params={"missing": ", ".join(missing), "known": ", ".join(known)},
            )
        return frozenset(known[one] for one in ids)

    def saving(self, chosen: Chosen) -> Saving:
        """Return what measures save together, in a year in which all of them stand.

        Raises
        ------
        InvalidInputError
            When two of them exclude each other.
        """
        for pair in self.excluded:
            if pair <= chosen:
                named = " and ".join(sorted(self.measures[k].id for k in pair))
                raise InvalidInputError(
                    "risk.measure_pair",
                    f"{named} cannot stand together",
                    hint="Choose one of them",
                    params={"measures": named},
                )
        parts = [group.saving[chosen & frozenset(group.touching)] for group in self.groups]
        return Saving(
            avoided=float(sum(part.avoided for part in parts)),
            transferred=float(sum(part.transferred for part in parts)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a set of measures is worth over its life, at one discount rate."""

    ids: tuple[str, ...]
    discount_rate: float
    """[1/yr]"""
    saving: Saving
    """In the first year."""
    cost: float
    """At the start, best estimate. [currency]"""
    upkeep: float
    """Present value over the lives. [currency]"""
    benefit: float
    """Present value of the savings. [currency]"""
    npv: float
    """Benefit - cost - upkeep. [currency]"""
    bcr: float
    """Benefit / (cost + upkeep); NaN where nothing is paid. [1]"""
    bcr_low: float = nan
    """With costs at their 95 % quantile, all together. [1]"""
    bcr_high: float = nan
    """With costs at their 5 % quantile. [1]"""
    payback: float = nan
    """Whole years until discounted savings have paid the cost; `inf`: not within the life. [yr]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The measures to take under a budget."""

    budget: float
    """For costs at the start. [currency]"""
    best: Worth
    """Of the chosen set, its savings run jointly."""
    summed_saving: float
    """What the chosen would save if each stood alone, added up. [currency/yr]"""
    bound: float
    """No allowed set within the budget is worth more: the solver's own bound. [currency]"""
    relaxed: float
    """The same with fractions of measures allowed (linear relaxation). [currency]"""
    greedy: Worth
    """What taking the best ratio again and again comes to."""
    left_aal: float
    """Average annual loss that the owner still bears, of what is known. [currency/yr]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainWorth:
    """What sets of measures are worth in every sample of what is uncertain."""

    ids: tuple[tuple[str, ...], ...]
    """Each measure alone in the order of the file, then the set asked for, if it is of several."""
    discount_rate: float
    """[1/yr]"""
    saving: F64
    """In the first year. [currency/yr] (sets, samples)"""
    benefit: F64
    """Present value of the savings. [currency] (sets, samples)"""
    costs: F64
    """Cost and present value of the upkeep. [currency] (sets, samples)"""
    ranks: RankStability | None
    """Of single measures by their ratio; None with fewer than two, or where one costs nothing."""

    @property
    def npv(self) -> F64:
        """Return benefit - costs. [currency] (sets, samples)"""
        return self.benefit - self.costs

    @property
    def bcr(self) -> F64:
        """Return benefit / costs; NaN where nothing is paid. [1] (sets, samples)"""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.costs > 0.0, self.benefit / self.costs, nan)

    @property
    def probability(self) -> F64:
        """Return the share of the samples in which the benefit is above the costs. [1] (sets,)"""
        return np.asarray((self.npv > 0.0).mean(axis=1), dtype=np.float64)
