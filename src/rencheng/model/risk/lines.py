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

MOST_BUCKETS = 1024
"""Of one curve. Ours."""
ASTRAY = 1 / 16
"""Of a bucket: more than rounding can move an intensity. Ours."""


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
    x = _valid(curve, curve.below, curve.above)
    sd = np.full(x.size, np.nan) if curve.sd is None else np.interp(x, curve.x, curve.sd)
    mean = curve.mean if x is curve.x else np.interp(x, curve.x, curve.mean)
    return Knots(x=x, mean=mean, sd=sd, below=curve.below, above=curve.above)


def knots_of_states(curve: Curve) -> list[Knots]:
    """Return P[state ≥ k] of a tabulated fragility, mildest state first; below its range nothing.

    What holds outside the range is for the caller to look up elsewhere.
    """
    x = _valid(curve, Beyond.ZERO, Beyond.HOLD)
    table = np.zeros((0, 0)) if curve.probability is None else curve.probability
    none = np.full(x.size, np.nan)
    return [
        Knots(x=x, mean=np.interp(x, curve.x, row), sd=none, below=Beyond.ZERO, above=Beyond.HOLD)
        for row in table
    ]


def _valid(curve: Curve, below: Beyond, above: Beyond) -> F64:
    """Return the knots, with those outside the valid range in exchange for its ends.

    Where a rule that does not hold the end's value begins, also what the end is in single
    precision: an intensity that is stored so is still valid.
    """
    low, high = curve.span
    first = [low] if low < curve.low and below is not Beyond.HOLD else []
    last = [high] if high > curve.high and above is not Beyond.HOLD else []
    if curve.x[0] == curve.low and curve.x[-1] == curve.high and not first + last:
        return curve.x
    inside = (curve.x > curve.low) & (curve.x < curve.high)
    return np.concatenate([first, [curve.low], curve.x[inside], [curve.high], last])


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
    if not curves:
        return np.zeros((0, 4)), np.zeros(0, dtype=np.int32), np.zeros((0, 6))
    x, line = np.concatenate([curve.x for curve in curves]), _lines(curves)
    lines = np.array([curve.x.size + 1 for curve in curves])
    last = np.cumsum(lines - 1) - 1
    first = last + 2 - lines
    # A bucket stays wider than what rounding can do to an intensity.
    span = np.maximum(x[last] - x[first], 1e-9 * np.maximum(np.abs(x[first]), np.abs(x[last])))
    gap = np.append(x[1:] - x[:-1], np.inf)
    gap[last] = np.inf
    # One bucket below the first knot and one above the last; no two knots in one if that can be.
    many = np.clip(1.2 * span / np.minimum.reduceat(gap, first) + 3.0, 2 * lines, 8 * lines)
    many = np.minimum(many.astype(np.int64), MOST_BUCKETS)
    per_unit = (many - 2) / span
    begin = np.cumsum(many) - many
    head = np.column_stack([x[first] - 1.0 / per_unit, per_unit, many - 1, begin])
    end = line[~np.isnan(line[:, 1]), 1]  # of every line but the last of each curve
    row = np.repeat(np.arange(lines.size), many)
    at = (end - np.repeat(head[:, 0], lines - 1)) * np.repeat(per_unit, lines - 1)
    at += np.repeat(begin, lines - 1)
    bucket = np.searchsorted(at, np.arange(row.size) - ASTRAY, side="right") + row
    return head, bucket.astype(np.int32), line


def cells_of(table: Table) -> F64:
    """Return for each bucket what its first two lines say, in one line of the cache. (buckets · 8,)

    Where the first ends; mean there and slope before it; the same after it; three spare. A bucket
    that more lines cross holds NaN, for the caller to look up in the table.
    """
    head, bucket, line = table
    store = np.empty(8 * bucket.size + 8)
    cell = store[-store.ctypes.data // 8 % 8 :][: 8 * bucket.size].reshape(-1, 8)
    low, per_unit, _, begin = np.repeat(head, head[:, 2].astype(np.int64) + 1, axis=0).T
    only = np.isnan(line[bucket, 1])
    then = line[bucket + ~only]
    now = line[bucket]
    cell[:, 0] = np.where(only, now[:, 0], now[:, 1])
    cell[:, 1], cell[:, 2] = now[:, 2] + now[:, 3] * (cell[:, 0] - now[:, 0]), now[:, 3]
    cell[:, 3], cell[:, 4] = then[:, 2] + then[:, 3] * (cell[:, 0] - then[:, 0]), then[:, 3]
    crowded = (then[:, 1] - low) * per_unit + begin <= np.arange(bucket.size) + 1.0 + ASTRAY
    cell[crowded, 1:5], cell[:, 5:] = np.nan, 0.0
    return cell.ravel()


def _lines(curves: Sequence[Knots]) -> F64:
    """Return from, to, mean and slope, sd and slope of what is below, between and above. (·, 6)"""
    x = np.concatenate([curve.x for curve in curves])
    many = np.array([curve.x.size for curve in curves])
    last = np.cumsum(many) - 1
    upto = np.arange(x.size) + np.repeat(np.arange(many.size), many)  # the line that ends at a knot
    below, above = upto[last + 1 - many], upto[last] + 1
    line = np.zeros((x.size + many.size, 6))
    line[upto, 1], line[upto + 1, 0] = x, x
    line[below, 0] = x[last + 1 - many]
    line[above - 1, 1] = np.nextafter(x[last], np.inf)
    line[above, 1] = np.nan  # nothing is beyond the end of the last, not even ∞
    inner = np.delete(np.arange(x.size), last)
    width = x[inner + 1] - x[inner]
    for column, ys in ((2, [curve.mean for curve in curves]), (4, [curve.sd for curve in curves])):
        y, ends = np.concatenate(ys), list(zip(curves, ys, strict=True))
        line[upto[inner] + 1, column] = y[inner]
        line[upto[inner] + 1, column + 1] = (y[inner + 1] - y[inner]) / width
        line[below, column] = [_beyond(curve.below, mine[0]) for curve, mine in ends]
        line[above, column] = [_beyond(curve.above, mine[-1]) for curve, mine in ends]
    return line


def _beyond(rule: Beyond, value: float) -> float:
    if rule is Beyond.HOLD:
        return float(value)
    return 0.0 if rule is Beyond.ZERO else float("nan")
