"""Hazard curves, and the risk that follows from them without any event set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.risk import Standing

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

# A probability of one has no finite frequency; the double next below one takes its place, which is
# once in 0.027 investigation times. Ours; the result says so among its faults.
SUREST = 1.0 - 2.0**-53


class ShareSpread(StrEnum):
    """How the share lost of one asset scatters around the curve's mean."""

    LOGNORMAL = "lognormal"
    BETA = "beta"
    NONE = "none"
    """Not at all: the mean is certain, and a curve's standard deviation plays no part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareMasses:
    """Chances of given shares lost, by intensity: a curve's spread as a table."""

    level: F64
    """Rising; chances are straight between levels, and held beyond them. [unit] (levels,)"""
    share: F64
    """[1] (shares,)"""
    chance: F64
    """Rows sum to 1. [1] (levels, shares)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardCurves:
    """How likely each level of intensity is exceeded at each place within a time."""

    place: F64
    """lon, lat. [deg] (sites, 2)"""
    level: F64
    """Strictly rising. [unit] (levels,)"""
    poe: F64
    """Probability of exceedance within `years`, never rising; NaN unknown. (sites, levels)"""
    years: float
    """Investigation time of `poe`. [yr]"""
    measure: str
    unit: str
    source: str
    faults: tuple[Fault, ...] = ()
    """What is doubtful about places that stay."""

    @property
    def rate(self) -> F64:
        """Return how often each level is exceeded, events arriving as Poisson. [1/yr]

        -ln(1 - poe) / years. (sites, levels)
        """
        return -np.log1p(-np.minimum(self.poe, SUREST)) / self.years


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """How often intensities come that a level stands for."""

    level: F64
    """[unit] (nodes,)"""
    rate: F64
    """[1/yr] (sites, nodes)"""


@dataclass(frozen=True, kw_only=True)
class ClassicalLosses:
    """Losses of assets by hazard curves; losses of several assets together are not in it.

    `known_…` leave out intensities for which a curve says that it does not know.
    """

    id: tuple[str, ...]
    """(assets,)"""
    components: tuple[str, ...]
    value: F64
    """[currency] (assets, components)"""
    pair: I32
    """Row in `ratio` and `rate`; -1 where nothing was assessed. (assets, components)"""
    ratio: F64
    """Shares of the value, rising from 0 to 1; NaN beyond a row's end. (pairs, steps)"""
    rate: F64
    """How often a larger share is lost, of what is known. [1/yr] (pairs, steps)"""
    known_aal: F64
    """Average annual loss; NaN where the asset is not assessed. [currency/yr]
    (assets, components)"""
    dark: F64
    """How often an intensity comes for which the curve does not know. [1/yr]
    (assets, components)"""
    standing: U8
    """`Standing` of each asset. (assets,)"""
    counts: Mapping[Standing, int]
    currency: str
    year: int
    versions: Mapping[str, str]
    faults: tuple[Fault, ...] = ()

    @property
    def aal(self) -> F64:
        """Return the average annual loss; NaN where some of it is unknown. (assets, components)"""
        return np.where(self.dark > 0.0, np.nan, self.known_aal)

    @property
    def unknown(self) -> int:
        """Return how many assets have a loss of which something or all is unknown."""
        dark = (self.dark > 0.0).any(axis=1)
        return int((dark | (self.standing > Standing.NOT_EXPOSED)).sum())

    @cached_property
    def known_total(self) -> float:
        """Return the average annual loss of all, of what is known. [currency/yr]"""
        return float(np.nansum(self.known_aal))

    def probability(self, years: float) -> F64:
        """Return P[a larger share is lost at least once within a time]. (pairs, steps)"""
        return np.asarray(-np.expm1(-self.rate * years), dtype=np.float64)

    def loss_at(self, probability: float, years: float) -> F64:
        """Return the loss that is exceeded with a probability within a time.

        Parameters
        ----------
        probability
            Between 0 and 1; 0.1 with 50 years is the usual return period of 475 years.
        years
            The time. [yr]

        Returns
        -------
        loss
            Straight between the steps of the loss curve; 0 where any loss is rarer; the loss of
            the last step where even it is more likely. NaN where unknown.
            [currency] (assets, components)

        Raises
        ------
        InvalidInputError
            When the probability is none, such as 10 for 10 %, or the time not above zero.
        """
        if not (0.0 < probability < 1.0 and 0.0 < years < np.inf):
            raise InvalidInputError(
                "risk.loss_at",
                f"no loss has the probability {probability:g} within {years:g} years",
                hint="Give a probability between 0 and 1, not percent, and years above zero",
                params={"probability": float(probability), "years": float(years)},
            )
        found = np.array(
            [
                np.interp(-probability, -p[ok], r[ok])
                for p, r, ok in zip(
                    self.probability(years), self.ratio, ~np.isnan(self.ratio), strict=True
                )
            ]
        )
        return self._spread_out(found)

    def expected_largest(self, years: float) -> F64:
        """Return the expected largest loss within a time. [currency] (assets, components)

        The area under the exceedance curve, by trapezoids. For one year it lies at or below the
        average annual loss, in which a year may lose more than once.
        """
        p = self.probability(years)
        width = np.diff(self.ratio, axis=1)
        area = np.nansum((p[:, 1:] + p[:, :-1]) / 2.0 * width, axis=1)
        return self._spread_out(area)

    def _spread_out(self, by_pair: F64) -> F64:
        """Return what holds for pairs as amounts of the assets; NaN where something is unknown."""
        if not by_pair.size:
            return np.where(self.pair < 0, self.known_aal, np.nan)
        found = np.where(self.pair < 0, self.known_aal, by_pair[self.pair] * self.value)
        return np.where(self.dark > 0.0, np.nan, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicalStates:
    """Damage states of assets by hazard curves."""

    id: tuple[str, ...]
    """(assets,)"""
    states: tuple[str, ...]
    """From none to the worst. (states,)"""
    rate: F64
    """How often each state beyond none, or a worse one, is reached; NaN unknown. [1/yr]
    (assets, states - 1)"""
    standing: U8
    counts: Mapping[Standing, int]
    versions: Mapping[str, str]
    faults: tuple[Fault, ...] = ()

    def probability(self, years: float) -> F64:
        """Return the chance that each state is the worst seen within a time; sums to 1.

        An asset is taken as repaired between events. (assets, states)
        """
        reached = -np.expm1(-self.rate * years)
        ends = np.ones((len(reached), 1)) + 0.0 * reached[:, :1]
        return np.asarray(-np.diff(np.hstack([ends, reached, 0.0 * ends]), axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrofitWorth:
    """What retrofitting each asset costs and saves."""

    id: tuple[str, ...]
    aal_before: F64
    """[currency/yr] (assets,)"""
    aal_after: F64
    """[currency/yr] (assets,)"""
    cost: F64
    """[currency] (assets,)"""
    benefit: F64
    """Present value of what is saved over the life. [currency] (assets,)"""
    currency: str
    year: int
    faults: tuple[Fault, ...] = ()

    @property
    def ratio(self) -> F64:
        """Return benefit over cost (BCR); NaN unknown or without cost. (assets,)"""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.cost > 0.0, self.benefit / self.cost, np.nan)


Result = TypeVar("Result", ClassicalLosses, ClassicalStates, RetrofitWorth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches(Generic[Result]):
    """One result under each branch of a logic tree: the same assets, places and standings."""

    results: tuple[Result, ...]
    weight: F64
    """Summing to 1. (branches,)"""
    mean: Result
    """Frequencies and average annual losses in the mean; losses of a return period follow from the
    mean frequency."""
