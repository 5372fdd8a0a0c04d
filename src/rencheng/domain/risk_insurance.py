"""Who bears the losses of assets: the terms of their insurance, and what it pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk import EventImpact

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

PROPERTY, SITE = "pd", "all"
"""Levels above the components: property damage without interruption, and all of an asset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What each asset's insurance says at one level, for each event; arrays go by asset.

    First the deductible is taken off the loss, then the cover is the most that is paid.
    """

    deductible: F64
    """Amount that stays with the owner. [currency] (assets,)"""
    deductible_share: F64
    """Share of the loss that stays with the owner. [1] (assets,)"""
    least: F64
    """What stays with the owner of this level and those below is at least so much. [currency]
    (assets,)"""
    most: F64
    """… and at most so much; `inf`: no bound. [currency] (assets,)"""
    cover: F64
    """The most that is paid; `inf`: all. [currency] (assets,)"""
    cover_share: F64
    """The most that is paid, of the loss that comes to this level; `inf`: all. [1] (assets,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insured:
    """What events cost, and who pays for it."""

    whole: EventImpact
    """From the ground up: what is lost, whoever bears it."""
    known_paid: F64
    """By the insurance in each event, at least: of what is known of each asset's loss. [currency]
    (events,)"""
    known_kept: F64
    """By the owners in each event, at least: the rest of what is known. [currency] (events,)"""
    known_paid_eai: F64
    """By the terms of the assets, each year; layers of events are not in it. [currency/yr]
    (assets,)"""
    known_kept_eai: F64
    """The rest, each year. [currency/yr] (assets,)"""
    known_paid_aal: float
    """Of all events, each year, their layers included. [currency/yr]"""
    known_kept_aal: float
    """The rest, each year. [currency/yr]"""
    terms: Mapping[str, str]
    """What was applied, in words."""

    @property
    def paid(self) -> F64:
        """Return what is paid in each event; NaN where the loss is unknown. (events,)"""
        return np.where(np.isnan(self.whole.loss), np.nan, self.known_paid)

    @property
    def kept(self) -> F64:
        """Return what the owners bear in each event; NaN where the loss is unknown. (events,)"""
        return np.where(np.isnan(self.whole.loss), np.nan, self.known_kept)
