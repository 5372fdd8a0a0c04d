"""Fragilities as the compiled loops over states of damage take them."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.model.risk.lines import Knots, knots_of_states, tabulate

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Fragility = tuple[F64, F64, F64, I32, tuple[F64, I32, F64]]

PER_SIGMA, SIGMAS = 32, 6.5
"""Nodes of the table of Φ, and how far it reaches: cubics between them are within 2e-8. Ours."""


def tables_of(curves: Sequence[Curve], many: int) -> Fragility:
    """Return slope and shift of every state, limits, and lines of what is tabulated.

    See `states_kernel` for the parts. Limits are empty where no curve has any.
    """
    size = (-(-many // 4) * 4, len(curves))
    slope, shift = np.zeros(size), np.full(size, np.inf)
    limit = np.zeros((len(curves), 4))
    row = np.full(len(curves), -1, dtype=np.int32)
    lines: list[Knots] = []
    for i, curve in enumerate(curves):
        if curve.median.size:
            slope[:many, i], shift[:many, i] = 1.0 / curve.beta, np.log(curve.median) / curve.beta
        else:
            row[i] = len(lines)
            lines += knots_of_states(curve)
        limit[i] = curve.low, curve.high, _stand_in(curve, low=True), _stand_in(curve, low=False)
    if all(curve.median.size and curve.low <= 0 and curve.high == np.inf for curve in curves):
        limit = np.zeros((0, 4))
    return slope, shift, limit, row, tabulate(lines)


def _stand_in(curve: Curve, *, low: bool) -> float:
    """Return the intensity at which the curve does what it says of one outside its range."""
    rule, end = (curve.below, curve.low) if low else (curve.above, curve.high)
    nothing = 0.0 if curve.median.size else float(np.nextafter(curve.low, -np.inf))
    return {Beyond.HOLD: end, Beyond.UNKNOWN: float("nan"), Beyond.ZERO: nothing}[rule]


def normal_table() -> F64:
    """Return cubics (Hermite) of Φ between nodes: coefficients from the constant up. (4, nodes)."""
    z = np.arange(-SIGMAS * PER_SIGMA, SIGMAS * PER_SIGMA + 1) / PER_SIGMA
    p = np.array([0.5 * erfc(-x / sqrt(2.0)) for x in z])
    d = np.array([exp(-x * x / 2) for x in z]) / sqrt(2.0 * pi) / PER_SIGMA
    rise, last = np.append(np.diff(p), 0.0), np.append(d[1:], 0.0)
    square, cube = 3.0 * rise - 2.0 * d - last, d + last - 2.0 * rise
    table = np.stack([p, d, square, cube])
    table[:, 0], table[:, -1] = 0.0, (1.0, 0.0, 0.0, 0.0)
    return np.ascontiguousarray(table)
