"""Assets that stand at several points: areas over many cells, lines along many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which share of each asset lies at which point, sparse."""

    asset: I32
    """Row in the portfolio, rising. (parts,)"""
    point: I32
    """Row in the points of the event set. (parts,)"""
    share: F64
    """Of the asset's area or length, above 0. [1] (parts,)"""
    outside: F64
    """Share of each asset that lies beyond every point; NaN where nobody knows where it lies. With
    the shares of its parts it sums to 1. [1] (assets,)"""
