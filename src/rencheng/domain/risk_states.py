"""States of damage event by event and asset by asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk import Standing

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMatrix:
    """How probable each state is of each asset that an event reaches, sparse."""

    states: tuple[str, ...]
    """From mild to worst, without "none"."""
    start: I64
    """Where each event begins in `asset`. (events + 1,)"""
    asset: I32
    """Row in the portfolio. (stored,)"""
    share: F64
    """P[state]; NaN unknown. [1] (stored, states)"""
    standing: U8
    """`Standing` of each asset. (assets,)"""
    counts: Mapping[Standing, int]

    @property
    def event(self) -> I64:
        """Return the event of each entry. (stored,)"""
        return np.repeat(np.arange(self.start.size - 1), np.diff(self.start))
