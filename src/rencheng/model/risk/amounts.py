"""Expected amounts that come with damage: days out of use, tonnes of debris."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_consequence import RepairCost
from rencheng.domain.risk_loss import StateAmounts

F64 = NDArray[np.float64]


def expected_amount(shares: ArrayLike, amounts: StateAmounts) -> F64:
    """Return the expected amount of things whose damage state is known by probability.

    Parameters
    ----------
    shares
        P[state], "none" first, as `Curve.shares` gives it; NaN unknown. [1] (..., states + 1)
    amounts
        Of the same states.

    Returns
    -------
    amount
        Σ P[state] x amount; NaN where a probability is unknown. [unit of the amounts] (...,)

    Raises
    ------
    InvalidInputError
        When the number of states differs.

    Notes
    -----
    Exact; expectation needs no assumption on how things err together. "none" has no amount. Left
    out: spread of the amount within a state.

    Examples
    --------
    >>> from rencheng.domain.curve import CurveStatus
    >>> days = StateAmounts(id="shop", what="downtime", unit="d", states=("some", "all"),
    ...     amount=(10.0, 100.0), source="by hand", licence="CC0-1.0",
    ...     status=CurveStatus.ASSUMPTION, version="1")
    >>> float(expected_amount([0.5, 0.3, 0.2], days))
    23.0
    """
    probability = np.asarray(shares, dtype=np.float64)
    if probability.shape[-1] != len(amounts.amount) + 1:
        raise InvalidInputError(
            "risk.amount_states",
            f"{probability.shape[-1] - 1} states of damage meet amounts of {len(amounts.amount)}",
            hint="Give probabilities of the same states, none first",
            params={"given": probability.shape[-1] - 1, "wanted": len(amounts.amount)},
        )
    return np.asarray(probability[..., 1:] @ np.asarray(amounts.amount), dtype=np.float64)


def amount_by_ratio(ratio: ArrayLike, amounts: StateAmounts, cost: RepairCost) -> F64:
    """Return the amount of things of which only the share of the value lost is known.

    Parameters
    ----------
    ratio
        Share of the value that is lost, such as that of a flood; NaN unknown. [1] (...,)
    amounts
        By damage state.
    cost
        Share of the value that each of these states costs.

    Returns
    -------
    amount
        Straight between the states' own shares, from nothing at no loss. [unit] (...,)

    Raises
    ------
    InvalidInputError
        When the states differ, or a ratio lies outside [0, 1].

    Notes
    -----
    An assumption of ours: that a thing which lost what a state costs on average is out of use as
    long as one in that state. No publication was found that states it; use damage states where
    there are any.
    """
    share = np.asarray(ratio, dtype=np.float64)
    if amounts.states != cost.states:
        raise InvalidInputError(
            "risk.amount_states",
            f"{len(cost.states)} states of damage meet amounts of {len(amounts.amount)}",
            hint="Give probabilities of the same states, none first",
            params={"given": len(cost.states), "wanted": len(amounts.amount)},
        )
    if ((share < 0.0) | (share > 1.0)).any():
        raise InvalidInputError(
            "risk.amount_ratio",
            "a share of the value lost lies outside 0 to 1",
            hint="Divide losses by the value, and give shares, not percent",
        )
    found = np.interp(share, (0.0, *cost.share), (0.0, *amounts.amount))
    return np.asarray(np.where(np.isnan(share), np.nan, found), dtype=np.float64)
