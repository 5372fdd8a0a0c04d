"""Curves with their beta quantiles, as the compiled loops look them up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.model.risk.lines import knots_of, tabulate

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

NODES_PER_UNIT, REACH = 64, 6
"""Of normal scores, at which quantiles are tabulated: 6 leaves out 1e-9. Ours."""
NODES = 2 * NODES_PER_UNIT * REACH + 1
SCORES: F64 = np.arange(NODES) / NODES_PER_UNIT - REACH


HELD = -1.0
"""Instead of what is below or above: the value at that end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Curves as the loops take them."""

    table: tuple[F64, I32, F64]
    knots: tuple[I64, F64, F64, F64, F64, I64, F64]
    """As `bent_kernel` says."""


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
    none = np.zeros(0)
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
        ),
    )


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
