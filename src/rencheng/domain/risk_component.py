"""Parts of one building: what each feels, what breaks it, what mending it costs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve

F64 = NDArray[np.float64]


class Scatter(StrEnum):
    """How a cost scatters around its central value."""

    NONE = "none"
    NORMAL = "normal"
    """The central value is the mean, the spread a coefficient of variation; never below zero."""
    LOGNORMAL = "lognormal"
    """The central value is the median, the spread the logarithmic standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What the floors and storeys of a building feel, lognormal."""

    names: tuple[str, ...]
    """Such as `PFA-1-1`: what, floor or storey, direction. (demands,)"""
    median: F64
    """(demands,)"""
    beta: F64
    """Logarithmic standard deviation; 0: certain. (demands,)"""
    correlation: F64 | None = None
    """Of the logarithms; None: independent. (demands, demands)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCost:
    """What mending one unit costs."""

    amount: F64
    """Straight between quantities, held beyond them: many cost less each. (knots,)"""
    quantity: F64
    """Units mended of the component in all its states, rising. (knots,)"""
    scatter: Scatter = Scatter.NONE
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandCost:
    """What one unit costs as the demand grows, without states."""

    x: F64
    """Rising; amounts are held beyond. [unit of the demand] (knots,)"""
    amount: F64
    """(knots,)"""
    scatter: Scatter = Scatter.NONE
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One kind of thing at one place of a building."""

    id: str
    demand: tuple[str, ...]
    """What it feels; of several, such as two directions, the largest counts."""
    factor: float = 1.0
    """Times that demand; 1.2 for accelerations without direction in FEMA P-58."""
    quantity: float = 1.0
    """Of `unit`."""
    unit: str = ""
    """What one is, such as `1 EA` or `100 SF`."""
    blocks: int = 1
    """Equal parts of the quantity, of which each breaks by itself."""
    fragility: Curve | None = None
    """In the unit of the demand; None: the cost follows from the demand alone."""
    parts: tuple[tuple[float, ...], ...] = ()
    """Shares into which each state of the fragility divides; empty: none divides."""
    cost: tuple[UnitCost, ...] = ()
    """Of each state, divided ones one after the other; empty: none."""
    demand_cost: DemandCost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """When the whole building is replaced."""

    cost: float
    when: tuple[str, ...]
    """Components of which any damage means it, such as collapse or drift that stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentLosses:
    """Costs of a building by component, sample by sample."""

    ids: tuple[str, ...]
    """(components,)"""
    chance: tuple[F64, ...]
    """Share of the units found in each state, none first, divided states apart; by component,
    before any replacement. (states,) each"""
    loss: F64
    """Of each component; 0 where the building is replaced. (samples, components)"""
    is_replaced: NDArray[np.bool_]
    """(samples,)"""
    total: F64
    """Of the building: all components, or the replacement. (samples,)"""
