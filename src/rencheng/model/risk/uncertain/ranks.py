"""How sure an order of assets, zones or measures is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_uncertainty import RankStability

F64 = NDArray[np.float64]


def rank_stability(samples: F64, names: Sequence[str], *, top: int = 10) -> RankStability:
    """Return how often an order holds in the samples.

    Parameters
    ----------
    samples
        What the items are ordered by, the larger the earlier: annual losses, benefits. Samples of
        one design, so that they are paired. (items, samples)
    names
        Of the items.
    top
        How many are the first.

    Raises
    ------
    InvalidInputError
        When there are no two items or no sample, a number is unknown, or `top` is none of 1 to all.

    Notes
    -----
    Equal items share the mean of their ranks, and share a place among the first that only some of
    them can have. τ-b [1]_ is 1 where a sample has the order of the means and -1 where it is
    turned; NaN where all items of a sample are equal. Cost: O(items log items) a sample.

    References
    ----------
    .. [1] Kendall (1945), The treatment of ties in ranking problems, doi:10.1093/biomet/33.3.239;
       counted as Knight (1966), doi:10.1080/01621459.1966.10480879.

    Examples
    --------
    >>> found = rank_stability(np.array([[1.0, 3.0], [2.0, 2.0], [9.0, 9.0]]), "abc", top=1)
    >>> found.id, found.in_top.tolist(), found.tau.round(3).tolist()
    (('c', 'a', 'b'), [1.0, 0.0, 0.0], [0.816, 0.816])
    """
    values = np.asarray(samples, dtype=np.float64)
    items = len(names)
    if values.shape[:1] != (items,) or values.size == 0 or items < 2 or np.isnan(values).any():
        raise InvalidInputError(
            "risk_uncertainty.ranks",
            f"{items} items cannot be ordered by samples of shape {values.shape}",
            hint="Give two items or more, each with samples of which none is unknown",
            params={"items": items},
        )
    if not 1 <= top <= items:
        raise InvalidInputError(
            "risk_uncertainty.top",
            f"the first {top} of {items} items were asked for",
            hint="Ask for one at least and for all at most",
            params={"top": top, "items": items},
        )
    mean = values.mean(axis=1)
    order = np.argsort(-mean, kind="stable")
    rank, in_top = _ranks(values, top)
    return RankStability(
        id=tuple(str(names[i]) for i in order),
        mean=mean[order],
        rank=np.quantile(rank, (0.05, 0.5, 0.95), axis=1).T[order],
        in_top=in_top[order],
        top=top,
        tau=_taus(mean, values),
    )


def _ranks(values: F64, top: int) -> tuple[F64, F64]:
    """Return ranks (items, samples), and the share of samples among the first (items,)."""
    items, many = values.shape
    rank, in_top = np.empty(values.shape), np.zeros(items)
    for s in range(many):
        down, which, counts = np.unique(-values[:, s], return_inverse=True, return_counts=True)
        upto = np.cumsum(counts)
        rank[:, s] = (upto - (counts - 1) / 2.0)[which]
        room = np.clip(top - (upto - counts), 0, counts) / counts
        in_top += room[which]
        del down
    return rank, in_top / many


def _taus(mean: F64, values: F64) -> F64:
    from rencheng.model.risk.uncertain import ranks_kernel as kernel

    tau = np.empty(values.shape[1])
    for s in range(values.shape[1]):
        column = np.ascontiguousarray(values[:, s])
        order = np.lexsort([column, mean])
        tau[s] = kernel.tau_b(mean[order], column[order])
    return tau
