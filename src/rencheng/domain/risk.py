"""Event sets, what stands in their way, and what they do to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

OUTSIDE, NO_PLACE = -1, -2
"""Instead of a point's row: the asset lies beyond every point; nobody knows where it lies."""
NO_CURVE_ROW = -1
"""Instead of a curve's row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventHead:
    """What is known of an event set before its intensities are read."""

    place: F64
    """Where the points lie: lon, lat. [deg] (points, 2)"""
    rate: F64
    """How often each event happens; NaN unknown. [1/yr] (events,)"""
    names: tuple[str, ...]
    """Id of each event. (events,)"""
    measure: str
    """What the intensity is, such as `PGA` or `water_depth`."""
    unit: str
    """Its unit, such as `g` or `m`."""
    source: str
    """Where the set comes from."""
    of: str = ""
    """Event of which these are fields drawn, one as likely as the other; empty: each is an event of
    its own."""


class EventSource(Protocol):
    """An event set that is read piece by piece, so that it may be larger than the memory."""

    @property
    def head(self) -> EventHead:
        """Points, rates, names, unit."""

    @property
    def start(self) -> I64:
        """Where each event begins among all intensities that are stored. (events + 1,)"""

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return point and intensity of what is stored of the events `first` to `last` - 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Sparse intensities of events at points, in memory or memory-mapped.

    What is not stored is no exposure at all; what is stored as NaN is unknown. The points of an
    event rise strictly.
    """

    head: EventHead
    start: I64
    """Where each event begins in `point`. (events + 1,)"""
    point: I32
    """Row in `head.place`. (stored,)"""
    intensity: F32
    """In `head.unit`; NaN unknown. (stored,)"""

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return point and intensity of the events `first` to `last` - 1, without a copy."""
        part = slice(int(self.start[first]), int(self.start[last]))
        return self.point[part], self.intensity[part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """What may be harmed, with its worth by component."""

    id: tuple[str, ...]
    """(assets,)"""
    point: I32
    """Row in the points of the event set, `OUTSIDE` or `NO_PLACE`. (assets,)"""
    curve: I32
    """Row in the curves, or `NO_CURVE_ROW`. (assets, components)"""
    value: F64
    """Worth; NaN unknown. [currency] (assets, components)"""
    components: tuple[str, ...]
    """Such as `structure`, `contents`."""
    currency: str
    year: int
    """Price level of the values."""


class Standing(IntEnum):
    """How an asset ended; every asset ends in exactly one."""

    ASSESSED = 0
    """It has a place, worth and curves, and an event reaches it. Where the intensity, or the curve
    there, is unknown, so is its loss in that event; that may be so in every event that reaches it.
    Such assets are counted beside the standings, as `dark` has them."""
    NOT_EXPOSED = 1
    """No event reaches it: a loss of zero that is known."""
    NO_CURVE = 2
    """A component that is worth something has no curve: no part of the asset is in any total."""
    BAD_DATA = 3
    """Its place or a value is unknown or impossible: no part of it is in any total."""


def left_out(counts: Mapping[Standing, int]) -> int:
    """Return how many assets are in no total: without a curve, or with bad data."""
    return counts.get(Standing.NO_CURVE, 0) + counts.get(Standing.BAD_DATA, 0)


def is_nothing(counts: Mapping[Standing, int]) -> bool:
    """Whether there are assets, and all are left out: then no total is known, not even as zero."""
    return 0 < left_out(counts) == sum(counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceedance:
    """How often a loss is reached, from the largest to the smallest."""

    loss: F64
    """Falling. [currency] (steps,)"""
    frequency: F64
    """How often a loss of at least this is seen. [1/yr] (steps,)"""
    probability: F64
    """That at least one such event happens in a year, events arriving as Poisson. (steps,)"""
    return_period: F64
    """1 / frequency. [yr] (steps,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossMatrix:
    """Loss of each event at each asset that it reaches, sparse."""

    start: I64
    """Where each event begins in `asset`. (events + 1,)"""
    asset: I32
    """Row in the portfolio. (stored,)"""
    loss: F32
    """All components together; NaN unknown. [currency] (stored,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How uncertain the loss of each event is, by the curves' standard deviations alone.

    NaN where something of the loss, or its standard deviation, is unknown.
    """

    independent: F64
    """Standard deviation when no two assets or components err together. [currency] (events,)"""
    together: F64
    """Standard deviation when all err together. [currency] (events,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventImpact:
    """What an event set does to a portfolio.

    `known_…` leave out what is unknown, so they say *at least so much*; the figures of the same
    name without it are NaN where something is unknown. Where `is_nothing(counts)` they are sums of
    nothing and mean nothing: reports leave them out.
    """

    names: tuple[str, ...]
    rate: F64
    """[1/yr] (events,)"""
    known_loss: F64
    """Of what is known. [currency] (events,)"""
    unknown: I64
    """Components of assets of which an event's loss is unknown. (events,)"""
    known_eai: F64
    """Expected annual loss of each asset, of what is known. [currency/yr] (assets,)"""
    dark: I64
    """Events of which an asset's loss is unknown, by component. (assets,)"""
    standing: U8
    """`Standing` of each asset. (assets,)"""
    counts: Mapping[Standing, int]
    known_aal: float
    """Average annual loss of what is known. [currency/yr]"""
    known_annual_sd: float
    """Standard deviation of a year's loss, of what is known, events arriving as Poisson.
    [currency]"""
    spread: Spread | None
    matrix: LossMatrix | None
    currency: str
    year: int
    versions: Mapping[str, str]
    """What the result rests on: program, event set, curves."""
    faults: tuple[Fault, ...] = ()
    """What was wrong with the input: counted, with the first ids and how to mend it."""
    of: str = ""
    """Event of which these are fields drawn, as `EventHead` has it."""
    lit: NDArray[np.bool_] | None = None
    """Whether an asset's loss, or a part of it, is known in any event that reaches it; None: nobody
    kept it. (assets,)"""

    @property
    def loss(self) -> F64:
        """Return the loss of each event, of the assets that were assessed. (events,)

        NaN where something of it is unknown, or no asset could be assessed at all. Assets without
        curve or with bad data are not in it; `counts` says how many.
        """
        return np.where((self.unknown > 0) | is_nothing(self.counts), np.nan, self.known_loss)

    @property
    def eai(self) -> F64:
        """Return the expected annual loss of each asset; NaN where it is unknown. (assets,)

        Known are the assessed in whose way no event is unknown, and those that no event reaches.
        """
        known = (self.standing <= Standing.NOT_EXPOSED) & (self.dark == 0)
        return np.where(known, self.known_eai, np.nan)

    @property
    def aal(self) -> float:
        """Return the average annual loss of all assets; NaN when some of it is unknown."""
        return float("nan") if self.is_partial else self.known_aal

    @property
    def annual_sd(self) -> float:
        """Return the standard deviation of a year's loss; NaN when some of it is unknown."""
        return float("nan") if self.is_partial else self.known_annual_sd

    @property
    def is_partial(self) -> bool:
        """Whether totals are *at least so much*.

        Something of what was assessed is unknown, or an asset was left out.
        """
        return bool((self.unknown > 0).any()) or left_out(self.counts) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateImpact:
    """Expected numbers of assets in each state of damage, without sampling.

    State 0 is *no damage*.
    """

    states: tuple[str, ...]
    """Names of the states, from none to the worst. (states,)"""
    by_event: F64
    """Expected number of assets in each state, of what is known. (events, states)"""
    unknown: I64
    """Assets of which an event's state is unknown. (events,)"""
    by_asset: F64
    """How often each asset is found in each state beyond none. [1/yr] (assets, states)"""
    standing: U8
    """`Standing` of each asset. (assets,)"""
    counts: Mapping[Standing, int]
