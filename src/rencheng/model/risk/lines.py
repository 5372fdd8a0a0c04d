"""Curves of straight pieces as tables that a compiled loop looks up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Table = tuple[F64, I32, F64]

BUCKETS_PER_KNOT = 8
"""So that a bucket seldom holds two knots. Ours: more would fill the cache."""
MOST_BUCKETS = 1024
"""Of one curve. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knots:
    """A curve of straight pieces over the range in which it is valid."""

    x: F64
    """Strictly rising, two at least. (knots,)"""
    mean: F64
    """(knots,)"""
    sd: F64
    """Standard deviation, straight between knots as the mean is; NaN not published. (knots,)"""
    below: Beyond
    """What holds below the first knot."""
    above: Beyond
    """What holds above the last knot."""


def knots_of(curve: Curve) -> Knots:
    """Return a vulnerability curve from the lowest to the highest intensity it is valid for."""
    x = _valid(curve)
    sd = np.full(x.size, np.nan) if curve.sd is None else np.interp(x, curve.x, curve.sd)
    mean = curve.mean if x is curve.x else np.interp(x, curve.x, curve.mean)
    return Knots(x=x, mean=mean, sd=sd, below=curve.below, above=curve.above)


def knots_of_states(curve: Curve) -> list[Knots]:
    """Return P[state ≥ k] of a tabulated fragility, mildest state first; below its range nothing.

    What holds outside the range is for the caller to look up elsewhere.
    """
    x, table = _valid(curve), np.zeros((0, 0)) if curve.probability is None else curve.probability
    none = np.full(x.size, np.nan)
    return [
        Knots(x=x, mean=np.interp(x, curve.x, row), sd=none, below=Beyond.ZERO, above=Beyond.HOLD)
        for row in table
    ]


def _valid(curve: Curve) -> F64:
    """Return the knots, with those outside the valid range in exchange for its ends."""
    if curve.x[0] == curve.low and curve.x[-1] == curve.high:
        return curve.x
    inside = (curve.x > curve.low) & (curve.x < curve.high)
    return np.concatenate([[curve.low], curve.x[inside], [curve.high]])


def tabulate(curves: Sequence[Knots]) -> Table:
    """Return the lines of every curve, and buckets of equal width that lead to them.

    Parameters
    ----------
    curves
        Any number, of any lengths.

    Returns
    -------
    table
        `head`, `bucket`, `line`; see `kernel`.

    Notes
    -----
    Exact: a bucket gives the first line that an intensity in it can need, and the lookup steps on
    from there. A value at a knot belongs to the line that begins there; at the last knot it is the
    knot's, whatever holds above. Cost: O(knots + buckets) once.
    """
    head = np.zeros((len(curves), 4))
    buckets, lines = [], []
    at_line = at_bucket = 0
    for row, curve in enumerate(curves):
        line = _lines(curve)
        many = min(MOST_BUCKETS, BUCKETS_PER_KNOT * len(line))
        # A bucket stays wider than what rounding can do to an intensity.
        span = max(curve.x[-1] - curve.x[0], 1e-9 * float(np.abs(curve.x).max())) or 1.0
        # One bucket below the first knot and one above the last.
        per_unit = (many - 2) / span
        low = curve.x[0] - 1.0 / per_unit
        head[row] = low, per_unit, many - 1, at_bucket
        # Rounding may put an intensity one bucket too high, so each looks from half a bucket lower.
        edge = low + (np.arange(many) - 0.5) / per_unit
        edge[0] = -np.inf
        buckets.append(at_line + np.searchsorted(line[:, 1], edge, side="right"))
        lines.append(line)
        at_line += len(line)
        at_bucket += many
    if not curves:
        return head, np.zeros(0, dtype=np.int32), np.zeros((0, 6))
    return head, np.concatenate(buckets).astype(np.int32), np.concatenate(lines)


def _lines(curve: Knots) -> F64:
    """Return from, to, mean and slope, sd and slope of what is below, between and above. (·, 6)"""
    x = curve.x
    line = np.zeros((x.size + 1, 6))
    line[0, 0], line[1:, 0] = x[0], x
    line[:-1, 1], line[-1, 1] = x, np.nan  # nothing is beyond the end of the last, not even ∞
    line[-2, 1] = np.nextafter(x[-1], np.inf)
    width = x[1:] - x[:-1]
    for column, y in ((2, curve.mean), (4, curve.sd)):
        line[1:-1, column] = y[:-1]
        line[1:-1, column + 1] = (y[1:] - y[:-1]) / width
        line[0, column] = _beyond(curve.below, y[0])
        line[-1, column] = _beyond(curve.above, y[-1])
    return line


def _beyond(rule: Beyond, value: float) -> float:
    if rule is Beyond.HOLD:
        return float(value)
    return 0.0 if rule is Beyond.ZERO else float("nan")
