"""Curves with their beta quantiles, as the compiled loops look them up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.model.risk.lines import Knots, knots_of, tabulate

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

NODES_PER_UNIT, REACH = 64, 6
"""Of normal scores, at which quantiles are tabulated: 6 leaves out 1e-9. Ours."""
NODES = 2 * NODES_PER_UNIT * REACH + 1
SCORES: F64 = np.arange(NODES) / NODES_PER_UNIT - REACH

HELD = -1.0
"""Instead of what is below or above: the value at that end."""
MOST_BUCKETS = 1024
"""Of one curve: its rows then stay in the first cache. Ours."""
MOST_CELLS = 8192
"""Of one curve: its rows then stay in the second cache. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Curves as the loops take them."""

    table: tuple[F64, I32, F64]
    knots: tuple[I64, F64, F64, F64, F64, I64, F64, F64, F64, I64, F64]
    """As `bent_kernel` says."""

    @property
    def size(self) -> int:
        """Return what the tables take. [byte]"""
        return sum(one.nbytes for one in (*self.table, *self.knots))


def curves_with_quantiles(curves: Sequence[Curve], wanted: Collection[int]) -> Curves:
    """Return the curves' lines and knots, and beta quantiles of those `wanted`, by row."""
    all_knots = [knots_of(curve) for curve in curves]
    first, tables, count = np.full(len(curves), -1, dtype=np.int64), [], 0
    for row in sorted(wanted):
        if curves[row].sd is not None:
            first[row] = count
            tables.append(beta_quantile(all_knots[row].mean, all_knots[row].sd, SCORES).ravel())
            count += all_knots[row].x.size
    outside = {Beyond.HOLD: HELD, Beyond.ZERO: 0.0, Beyond.UNKNOWN: np.nan}
    none, near = np.zeros(0), buckets(all_knots)
    return Curves(
        table=tabulate(all_knots),
        knots=(
            np.cumsum([0, *(one.x.size for one in all_knots)]).astype(np.int64),
            np.concatenate([none, *(one.x for one in all_knots)]),
            np.concatenate([none, *(one.mean for one in all_knots)]),
            np.array([outside[one.below] for one in all_knots]),
            np.array([outside[one.above] for one in all_knots]),
            first,
            np.concatenate([none, *tables]),
            *near,
            *cells(all_knots, near[0]),
        ),
    )


def buckets(curves: Sequence[Knots]) -> tuple[F64, F64]:
    """Return curves as buckets of equal width, each with one knot at most.

    Parameters
    ----------
    curves
        Any number, of any lengths.

    Returns
    -------
    head
        Bucket of an intensity: buckets per unit, bucket of 0, last bucket, first row; the last is
        -1 where knots lie too close for `MOST_BUCKETS`. (curves, 4)
    row
        A knot, or any place in the bucket; the value there, the slope below and that above.
        Beyond both ends the end's value goes on. (buckets, 4)

    Notes
    -----
    Exact: the first and the last knot lie in the middle of a bucket, and where rounding takes the
    bucket next to the right one both lines meet there.
    """
    head, rows, at = np.zeros((len(curves), 4)), [np.zeros((0, 4))], 0
    for i, one in enumerate(curves):
        span = float(one.x[-1] - one.x[0])
        # More than the knots are apart, so that rounding brings no two together.
        many = int(min(np.ceil(1.01 * span / float(np.diff(one.x).min())) + 2, MOST_BUCKETS + 1))
        per_unit = (many - 1) / span
        head[i] = per_unit, 0.5 - one.x[0] * per_unit, many - 1, at
        where = np.floor((one.x - one.x[0]) * per_unit + 0.5).astype(np.int64)
        if many > MOST_BUCKETS or (np.diff(where) < 1).any() or where[-1] != many - 1:
            head[i, 2] = -1.0
            continue
        rows.append(_around(one, where))
        at += many
    return head, np.concatenate(rows)


def cells(curves: Sequence[Knots], near: F64) -> tuple[I64, F64]:
    """Return curves whose knots crowd towards zero as cells that follow the bits of an intensity.

    Parameters
    ----------
    curves
        Any number, of any lengths.
    near
        Head of `buckets`; only curves without buckets get cells. (curves, 4)

    Returns
    -------
    head
        Cell of an intensity: bits of a float64 that are dropped, cell of 0, last cell, first row;
        the last is -1 where there are none. (curves, 4)
    row
        As `buckets`. (cells, 4)

    Notes
    -----
    Read as a whole number, a positive float64 rises with its logarithm, in equal steps from one
    power of two to the next. Exact: the ends of cells are numbers themselves. What lies below the
    first cell counts to it.
    """
    head, rows, at = np.full((len(curves), 4), -1, dtype=np.int64), [np.zeros((0, 4))], 0
    for i, one in enumerate(curves):
        if near[i, 2] >= 0.0 or one.x[0] < 0.0:
            continue
        bits = np.ascontiguousarray(one.x + 0.0, dtype=np.float64).view(np.int64)
        for drop in range(51, 30, -1):
            cell = bits >> drop
            where = np.maximum(cell - (cell[0] if one.x[0] > 0.0 else cell[1] - 1), 0)
            if where[-1] >= MOST_CELLS or (np.diff(where) > 0).all():
                break
        if where[-1] < MOST_CELLS and (np.diff(where) > 0).all():
            head[i] = drop, cell[-1] - where[-1], where[-1], at
            rows.append(_around(one, where))
            at += len(rows[-1])
    return head, np.concatenate(rows)


def _around(one: Knots, where: I64) -> F64:
    """Return rows of buckets by the bucket of each knot. (buckets, 4)"""
    many = np.arange(int(where[-1]) + 1)
    line = np.append(np.diff(one.mean) / np.diff(one.x), 0.0)
    of = np.searchsorted(where, many, side="right") - 1
    row = np.column_stack([one.x, one.mean, np.append(0.0, line[:-1]), line])[of]
    row[:, 2] = np.where(where[of] == many, row[:, 2], row[:, 3])
    return row


def beta_quantile(mean: F64, sd: F64, score: F64) -> F64:
    """Return quantiles of beta distributions by their mean and standard deviation.

    Parameters
    ----------
    mean, sd
        [1] (knots,)
    score
        Normal score of the quantile. (nodes,)

    Returns
    -------
    share
        The mean itself where the deviation is zero. [1] (knots, nodes)

    Notes
    -----
    Shape a = m (m (1 - m) / sd² - 1), b = a (1 - m) / m. There is one where 0 < sd² < m (1 - m).
    """
    from scipy.special import betaincinv, ndtr

    found = np.repeat(mean[:, None], score.size, axis=1)
    wide = sd > 0.0
    m = mean[wide, None]
    size = m * (1.0 - m) / sd[wide, None] ** 2 - 1.0
    found[wide] = betaincinv(m * size, (1.0 - m) * size, ndtr(score)[None, :])
    return found
