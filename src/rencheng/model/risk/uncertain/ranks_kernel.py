"""Kendall's τ-b, compiled; import it inside a function. Oracle: `scipy.stats.kendalltau`."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _tied(x: F64) -> float:
    """Return pairs of equals in what is sorted."""
    pairs, run = 0.0, 1
    for i in range(1, x.size + 1):
        if i < x.size and x[i] == x[i - 1]:
            run += 1
        else:
            pairs += run * (run - 1) / 2.0
            run = 1
    return pairs


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def tau_b(x: F64, y: F64) -> float:
    """Return τ-b of pairs sorted by x, then by y; NaN where either has only equals."""
    n = x.size
    both, run = 0.0, 1
    for i in range(1, n + 1):
        if i < n and x[i] == x[i - 1] and y[i] == y[i - 1]:
            run += 1
        else:
            both += run * (run - 1) / 2.0
            run = 1
    old, new = y.copy(), np.empty(n)
    swaps, width = 0.0, 1
    while width < n:  # merge sort, counting the exchanges
        for a in range(0, n, 2 * width):
            b, c = min(a + width, n), min(a + 2 * width, n)
            i, j = a, b
            for t in range(a, c):
                if j >= c or (i < b and old[i] <= old[j]):
                    new[t] = old[i]
                    i += 1
                else:
                    new[t] = old[j]
                    swaps += b - i
                    j += 1
        old, new = new, old
        width *= 2
    pairs, in_x, in_y = n * (n - 1) / 2.0, _tied(x), _tied(old)
    room = math.sqrt((pairs - in_x) * (pairs - in_y))
    return (pairs - in_x - in_y + both - 2.0 * swaps) / room if room > 0.0 else np.nan
