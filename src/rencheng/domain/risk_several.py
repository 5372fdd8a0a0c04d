"""Several hazards that strike the same assets in the same events, and what they do together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventImpact, EventSource, Portfolio
from rencheng.domain.risk_parts import Parts

F64 = NDArray[np.float64]


class Rule(StrEnum):
    """How shares lost to several hazards, r₁ … rₙ, make one."""

    MAX = "max"
    """The largest: the hazards harm the same parts. The least that can be, given each."""
    INDEPENDENT = "independent"
    """1 - Π(1 - r): what one leaves, the others harm as if it had been whole."""
    SUM = "sum"
    """Σ r, at most 1: the hazards harm different parts. The most that can be, given each."""
    IN_TURN = "in_turn"
    """As `INDEPENDENT`, in the order given: the second harms what the first left, and is blamed for
    that alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peril:
    """One of several hazards: its event set, and the same assets as it meets them."""

    name: str
    """Such as `earthquake`, `tsunami`."""
    source: EventSource
    portfolio: Portfolio
    """Points and curves are this hazard's; ids, values and components are those of all."""
    curves: Sequence[Curve]
    parts: Parts | None = None
    """Of areas and lines: where each lies among this hazard's points. None: see the portfolio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralImpact:
    """What several hazards do together, and what each is to blame for."""

    whole: EventImpact
    """All hazards together. Where one of them is unknown at an asset, the known ones stand in
    `known_loss`: at least so much is lost."""
    rule: Rule
    hazards: tuple[str, ...]
    by_hazard: F64
    """Contribution of each to an event's known loss; a row sums to it. [currency]
    (events, hazards)"""
    alone: F64
    """Known loss of each event if this hazard came alone. [currency] (events, hazards)"""
    eai_by_hazard: F64
    """Contribution of each to an asset's known expected annual loss; a row sums to it.
    [currency/yr] (assets, hazards)"""

    @property
    def aal_by_hazard(self) -> F64:
        """Return the contribution of each hazard to the known average annual loss. (hazards,)"""
        return np.asarray(self.whole.rate @ self.by_hazard)
