"""What a year of events costs together, and who bears it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

WIDEST = 10.0
"""Bounds that lie further apart than this factor say nothing, and nothing is told. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A number with the bounds that hold it for certain."""

    best: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualLoss:
    """The distribution of a year's total loss, events arriving as Poisson (AEP).

    On a grid, finer where losses are small. The bounds come from the same sum with every loss
    rounded down and up to the grid: the true probability lies between them.
    """

    loss: F64
    """The grid, from 0, rising. [currency] (points,)"""
    reached: F64
    """Probability that a year's loss is above each grid point. (points,)"""
    reached_low: F64
    """Never above the true probability. (points,)"""
    reached_high: F64
    """Never below it, but for `lost`. (points,)"""
    frequency: float
    """Of events with a loss. [1/yr]"""
    mean: float
    """Average annual loss, sum of rate x loss. [currency/yr]"""
    lost: float
    """Bound of the probability that lies beyond the grid. [1]"""
    single: F64
    """Losses of single events, rising: a year with one costs no less. [currency] (losses,)"""
    single_reached: F64
    """Probability that some event of a year costs more than each. (losses,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One contract: `share` of what lies between deductible and limit, both absolute."""

    deductible: float | F64 = 0.0
    """[currency]"""
    limit: float | F64 = np.inf
    """From the ground up: at most limit - deductible is paid, before the share. [currency]"""
    share: float = 1.0
    """[1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Who bears the losses of an event set under layers for assets, events and years."""

    paid: F64
    """Of each event, by the layers of assets and events; NaN unknown. [currency] (events,)"""
    kept: F64
    """The rest. [currency] (events,)"""
    paid_aal: Between
    """Average a year, the year's layer included. [currency/yr]"""
    kept_aal: Between
    """The rest of the average annual loss. [currency/yr]"""
    year: AnnualLoss | None
    """Distribution of what a year's events pay before the year's layer; None where a loss is
    unknown."""
