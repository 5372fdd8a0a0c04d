"""What is uncertain about a loss, and what that makes of the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault
from rencheng.domain.risk import Standing, left_out

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Shares of the samples that lie below, as every result states them. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFactor:
    """The worth of assets is so many times what the table says: exposure."""

    name: str
    classes: tuple[str, ...] = ()
    """Curves as the assets name them; none: all."""
    median: float = 1.0
    common: float = 0.0
    """Logarithmic standard deviation of the part that all these assets share. [1]"""
    own: float = 0.0
    """Logarithmic standard deviation of each asset's own part. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingShare:
    """A share of the worth that stands there is not in the table; it is lost as the rest is.

    It raises totals, and no asset's own figure.
    """

    name: str
    classes: tuple[str, ...] = ()
    low: float = 0.0
    """Of what stands there; evenly from here … [1]"""
    high: float = 0.0
    """… to here, below 1. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveChoice:
    """Which of several curves holds for a class: one choice for all its assets."""

    name: str
    of: str
    """The curve as the assets name it."""
    curves: tuple[str, ...]
    """Names of the alternatives, itself among them if it may hold."""
    weights: tuple[float, ...]
    """That sum to 1. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveFactor:
    """The intensity that does a stated harm is so many times what the curve says."""

    name: str
    classes: tuple[str, ...] = ()
    median: float = 1.0
    common: float = 0.0
    """Logarithmic standard deviation of the part that all these assets share. [1]"""
    own: float = 0.0
    """Logarithmic standard deviation of each asset's own part. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveQuantile:
    """The share lost scatters around the curve with its published standard deviation, as beta.

    An asset keeps its quantile in all events.
    """

    name: str
    classes: tuple[str, ...] = ()
    correlation: float = 0.0
    """Between the normal scores of two assets: 0 each its own, 1 all the same. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityFactor:
    """Intensities are so many times what the event set says: hazard."""

    name: str
    median: float = 1.0
    common: float = 0.0
    """Logarithmic standard deviation of the part that all events share. [1]"""
    between: float = 0.0
    """Logarithmic standard deviation of each event's own part. [1]"""
    within: float = 0.0
    """Logarithmic standard deviation at each point of each event, no two alike. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Which of several event sets holds."""

    name: str
    members: tuple[str, ...]
    weights: tuple[float, ...]
    """That sum to 1. [1]"""


class Family(StrEnum):
    """How a frequency scatters around its mean."""

    GAMMA = "gamma"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFactor:
    """All events happen so many times as often as stated; 1 on average."""

    name: str
    cv: float
    """Standard deviation over mean. [1]"""
    family: Family = Family.GAMMA


@dataclass(frozen=True, slots=True, kw_only=True)
class LossFactor:
    """Losses are so many times what the model says: its own error, demand surge."""

    name: str
    classes: tuple[str, ...] = ()
    median: float = 1.0
    common: float = 0.0
    """Logarithmic standard deviation. [1]"""


UncertainInput = (
    ValueFactor
    | MissingShare
    | CurveChoice
    | CurveFactor
    | CurveQuantile
    | IntensityFactor
    | Ensemble
    | RateFactor
    | LossFactor
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything that is taken as uncertain; what is not named is taken as known."""

    inputs: tuple[UncertainInput, ...]
    samples: int = 1000
    seed: int = 0
    return_periods: tuple[float, ...] = (10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)
    """At which the exceedance curve is asked. [yr]"""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the inputs, each a random number of its own."""
        return tuple(one.name for one in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Samples of a study: one number in (0, 1) for each input.

    All that an input draws follows from its number: the shared part is its quantile, and the parts
    of assets and events hash it with their ids.
    """

    names: tuple[str, ...]
    uniform: F64
    """[1] (samples, inputs)"""
    origin: str
    """How it was drawn, with its seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainImpact:
    """What an event set may do to a portfolio, sample by sample.

    `known_…` leave out what is unknown, so they say *at least so much*; the figures of the same
    name without it are NaN in samples where something is unknown, and in all where an asset was
    left out: without curve, or with bad data.
    """

    design: Design
    names: tuple[str, ...]
    """Events; none when members of an ensemble have different ones."""
    known_aal: F64
    """[currency/yr] (samples,)"""
    unknown: I64
    """Components of assets, over all events, of which the loss is unknown. (samples,)"""
    return_periods: F64
    """[yr] (periods,)"""
    known_pml: F64
    """Loss reached by single events once in each period; NaN beyond the set's largest.
    [currency] (periods, samples)"""
    known_event_loss: F64 | None
    """[currency] (events, samples)"""
    event_unknown: I64 | None
    """Most components of which an event's loss is unknown in a sample. (events,)"""
    known_eai_quantiles: F64 | None
    """Of each asset at `QUANTILES`. [currency/yr] (assets, 5)"""
    known_asset_eai: F32 | None
    """[currency/yr] (assets, samples)"""
    dark: I64
    """Most events of which an asset's loss is unknown in a sample, by component. (assets,)"""
    groups: tuple[str, ...]
    known_group_aal: F64
    """Of the assets of each group. [currency/yr] (groups, samples)"""
    standing: U8
    """`Standing` of each asset. (assets,)"""
    counts: Mapping[Standing, int]
    currency: str
    year: int
    versions: Mapping[str, str]
    faults: tuple[Fault, ...] = ()

    @property
    def aal(self) -> F64:
        """Return the average annual loss; NaN in samples with something unknown. (samples,)"""
        return np.where(self._is_open, np.nan, self.known_aal)

    @property
    def pml(self) -> F64:
        """Return the loss at each period; NaN in samples with something unknown."""
        return np.where(self._is_open, np.nan, self.known_pml)

    @property
    def is_partial(self) -> bool:
        """Whether something is unknown in any sample: then quantiles are *at least so much*."""
        return bool(self._is_open.any())

    @property
    def _is_open(self) -> NDArray[np.bool_]:
        """Whether something is unknown in each sample. (samples,)"""
        return (self.unknown > 0) | (left_out(self.counts) > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankStability:
    """How sure a ranking is; rank 1 is the largest, equals share the mean of their ranks."""

    id: tuple[str, ...]
    """In the order of the mean, largest first. (items,)"""
    mean: F64
    """Over the samples. (items,)"""
    rank: F64
    """5 %, 50 % and 95 % of each item's rank. (items, 3)"""
    in_top: F64
    """Share of the samples in which the item is among the first `top`. [1] (items,)"""
    top: int
    tau: F64
    """Kendall's τ-b between each sample's order and that of the means. [1] (samples,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SobolIndices:
    """Which share of the variance of an output each input causes."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    first: F64
    """By the input alone. [1] (outputs, inputs)"""
    first_confidence: F64
    """Half width of the interval. [1] (outputs, inputs)"""
    total: F64
    """With everything in which it takes part. [1] (outputs, inputs)"""
    total_confidence: F64
    """Half width of the interval. [1] (outputs, inputs)"""
    second: F64 | None
    """By two inputs together beyond each alone; upper triangle, else NaN.
    (outputs, inputs, inputs)"""
    second_confidence: F64 | None
    confidence: float
    """Level of the intervals, such as 0.95. [1]"""
    runs: int
    """How often the model was run."""
    origin: str
    """Sampling, its seed and the version of SALib."""
