"""Curves with their beta quantiles, as the compiled loops look them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.model.risk.lines import Knots, knots_of, tabulate

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

NODES_PER_UNIT, REACH = 64, 6
"""Of normal scores, at which quantiles are tabulated: 6 leaves out 1e-9. Ours; as `kernel`."""
NODES = 2 * NODES_PER_UNIT * REACH + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Curves as the loops take them: lines, and quantiles where a curve has a deviation."""

    table: tuple[F64, I32, F64]
    node_first: I64
    node: F64


def quantile_curves(curves: Sequence[Curve]) -> Curves:
    """Return the curves' lines, and the quantiles of those with a standard deviation."""
    knots = [knots_of(curve) for curve in curves]
    table = tabulate(knots)
    first, nodes, base, lines = np.full(len(curves), -1, dtype=np.int64), [], 0, 0
    for row, (curve, one) in enumerate(zip(curves, knots, strict=True)):
        if curve.sd is not None:
            first[row] = lines * NODES - base
            nodes.append(_lines(one))
            base += nodes[-1].shape[0]
        lines += one.x.size + 1
    return Curves(
        table=table, node_first=first, node=np.concatenate([*nodes, np.zeros((0, 2))])
    )  # fmt: skip


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


def _lines(curve: Knots) -> F64:
    """Return value and slope of every line at every node. (lines x nodes, 2)"""
    score = (np.arange(NODES) / NODES_PER_UNIT) - REACH
    y = beta_quantile(curve.mean, curve.sd, score)
    line = np.zeros((curve.x.size + 1, NODES, 2))
    line[1:, :, 0] = y
    line[1:-1, :, 1] = np.diff(y, axis=0) / np.diff(curve.x)[:, None]
    for rule, row, end in ((curve.below, 0, 0), (curve.above, -1, -1)):
        line[row, :, 0] = {Beyond.HOLD: y[end], Beyond.ZERO: 0.0, Beyond.UNKNOWN: np.nan}[rule]
    return line.reshape(-1, 2)
