"""Fragilities as the compiled loops over states of damage take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, erfc, exp, log2, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.model.risk.lines import Knots, Table, knots_of_states, tabulate

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
Cells = tuple[I32, F32]
Ends = tuple[F64, F64]
Slow = tuple[I32, F64, F64, Table]
Fragility = tuple[Cells, Ends, Slow]

PER_SIGMA, SIGMAS = 32, 6.5
"""Nodes of the table of Φ, and how far it reaches: cubics between them are within 2e-8. Ours."""
WIDTH, WIDEST, REACH = 1 / 6, 1 / 16, 5.5
"""Widest cell in β and in ln x, and how far from the median cells go in β: within 3e-7. Ours."""
LEAST, GREATEST = -87.0, 88.0
"""ln of what a float32 holds."""
MOST, MOST_OF_ONE = 500_000, 4096
"""Cells of all curves, 64 bytes each for four states, and of one. Ours."""
CELLS, EXACT = -1, -2
"""Rows of curves with cells, and of lognormal ones that would need too many or reach too far."""


def tables_of(curves: Sequence[Curve], many: int, used: Iterable[int]) -> Fragility:
    """Return cells, what holds outside the valid range, and the curves that have no cells.

    See `states.kernel` for the parts, of which those that nothing needs are empty. `many` states;
    `used` are the curves that an asset has.
    """
    wide = 4 * max(1, -(-many // 4))
    head = np.zeros((len(curves), 4), dtype=np.int32)
    row = np.full(len(curves), CELLS, dtype=np.int32)
    median, beta = np.ones((len(curves), wide)), np.ones((len(curves), wide))
    lines: list[Knots] = []
    cells: list[F32] = [np.zeros((1, 4 * wide), dtype=np.float32)]
    at, normal = 1, normal_table()
    for i in used:
        curve = curves[i]
        if not curve.median.size:
            row[i] = len(lines)
            lines += knots_of_states(curve)
            continue
        median[i, :many], beta[i, :many] = curve.median, curve.beta
        shift, base, size = _span(curve)
        if not 0 < size <= MOST_OF_ONE or at + size > MOST:
            row[i] = EXACT
            continue
        head[i] = base << shift, (base + size - 1) << shift, shift, at - base
        cells.append(_cells(curve, normal, (shift, base, size), wide))
        at += size
    limit, beyond = np.zeros((len(curves), 2)), np.zeros((len(curves), 2, many))
    for i in used:
        limit[i] = curves[i].span
        beyond[i] = curves[i].value(np.nextafter(limit[i], [-np.inf, np.inf]))
    if not any(_ends(curves[i]) for i in used):
        limit, beyond = limit[:0], beyond[:0]
    if (row == CELLS).all():
        row = row[:0]
    store = _aligned(np.concatenate(cells))
    return (head, store), (limit, beyond), (row, np.log(median), beta, tabulate(lines))


def constants(reached: F64) -> Fragility:
    """Return what `tables_of` does, for P[state ≥ k] of each asset whatever the intensity."""
    assets, many = reached.shape
    wide = 4 * max(1, -(-many // 4))
    head = np.zeros((assets, 4), dtype=np.int32)
    head[:, 3] = np.arange(assets)
    cell = np.zeros((assets, wide // 4, 4, 4))
    padded = np.zeros((assets, wide))
    padded[:, :many] = reached
    cell[:, :, 0] = padded.reshape(assets, -1, 4)
    (_, _), ends, slow = tables_of((), many, ())
    return (head, _aligned(cell)), ends, slow


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


def _ends(curve: Curve) -> bool:
    """Whether a curve says something of intensities outside its range that cells do not."""
    low = curve.low > 0.0 or curve.below is Beyond.UNKNOWN
    return bool(low or curve.high < np.inf or not curve.median.size)


def _span(curve: Curve) -> tuple[int, int, int]:
    """Return the bits of a float32 within a cell, the first cell, and how many there are.

    None where they would reach beyond what a float32 holds.
    """
    width = min(WIDEST, WIDTH * float(curve.beta.min()))
    shift = 23 - min(23, ceil(log2(1.0 / width)))
    log, far = np.log(curve.median), REACH * curve.beta
    ends = np.array([(log - far).min(), (log + far).max()])
    if ends[0] < LEAST or ends[1] > GREATEST:
        return shift, 0, 0
    first, last = (int(v) >> shift for v in np.exp(ends).astype(np.float32).view(np.int32))
    return shift, first, last - first + 1


def _cells(curve: Curve, normal: F64, span: tuple[int, int, int], wide: int) -> F32:
    """Return cubics through four values (Chebyshev) in each cell, by the bits within it."""
    shift, base, size = span
    edge = (base + np.arange(size + 1)) << shift
    x = edge.astype(np.int32).view(np.float32).astype(np.float64)
    part = 0.5 + 0.5 * np.cos((2 * np.arange(4) + 1) * pi / 8)
    log = np.log(x[:-1, None] + (x[1:] - x[:-1])[:, None] * part)
    value = _share((log[:, :, None] - np.log(curve.median)) / curve.beta, normal)
    value[0], value[-1] = 0.0, 1.0
    power = (
        np.linalg.inv(np.vander(part, increasing=True)) * 2.0 ** (-shift * np.arange(4))[:, None]
    )
    cell = np.zeros((size, 4, wide))
    cell[:, :, : curve.median.size] = power @ value
    cell[[0, -1], 1:] = 0.0
    return cell.astype(np.float32).reshape(size, 4, -1, 4).swapaxes(1, 2).reshape(size, -1)


def _share(z: F64, normal: F64) -> F64:
    """Return Φ by its table."""
    a, b, c, d = normal
    t = np.clip((z + SIGMAS) * PER_SIGMA, 0.0, a.size - 1.0)
    i = t.astype(np.int64)
    f = t - i
    return np.asarray(a[i] + f * (b[i] + f * (c[i] + f * d[i])), dtype=np.float64)


def _aligned(values: F64 | F32) -> F32:
    """Return the same numbers, from the beginning of a line of the cache. (numbers,)"""
    store = np.empty(values.size + 16, dtype=np.float32)
    found = store[-store.ctypes.data // 4 % 16 :][: values.size]
    found[:] = values.ravel()
    return found
