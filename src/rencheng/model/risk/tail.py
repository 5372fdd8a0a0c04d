"""How often a loss is reached, and what the worst years cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import Exceedance

F64 = NDArray[np.float64]

# Sums of rates and 1 / return period are held equal within this share. Ours.
_SAME = 1e-12


def exceedance(loss: F64, rate: F64) -> Exceedance:
    """Return how often each loss is reached or passed.

    Parameters
    ----------
    loss
        Of each event. [currency] (events,)
    rate
        How often each happens. [1/yr] (events,)

    Returns
    -------
    curve
        One step for each different loss above zero; none when nothing is lost.

    Raises
    ------
    InvalidInputError
        When a rate is unknown or negative, or a loss is unknown.

    Notes
    -----
    Of single events (OEP); the sum of a year's events is not formed. The probability takes events
    to arrive as Poisson: 1 - exp(-frequency). The area under loss against frequency is the average
    annual loss.

    Examples
    --------
    >>> curve = exceedance(np.array([5.0, 0.0, 20.0, 5.0]), np.array([0.1, 0.5, 0.01, 0.04]))
    >>> curve.loss.tolist(), curve.frequency.round(9).tolist()
    ([20.0, 5.0], [0.01, 0.15])
    """
    if not ((rate >= 0.0) & np.isfinite(rate)).all() or not np.isfinite(loss).all():
        raise InvalidInputError(
            "risk.no_rates",
            f"of {rate.size} events some have no known rate or loss",
            hint="Give the rate of every event per year, or ask for the losses alone",
            params={"events": int(rate.size)},
        )
    steps, which = np.unique(loss[loss > 0.0], return_inverse=True)
    often = np.bincount(which, rate[loss > 0.0], steps.size)[::-1].cumsum()
    with np.errstate(divide="ignore"):
        period = 1.0 / often
    return Exceedance(
        loss=steps[::-1].copy(),
        frequency=often,
        probability=-np.expm1(-often),
        return_period=period,
    )


def period(years: float) -> float:
    """Return a return period that can be one.

    Raises
    ------
    InvalidInputError
        When it is not above zero.
    """
    if not years > 0.0:
        raise InvalidInputError(
            "risk.return_period",
            f"a return period of {years:g} years cannot be",
            hint="Give years above zero",
            params={"years": float(years)},
        )
    return years


def loss_at(curve: Exceedance, return_period: float) -> float:
    """Return the loss that is reached once in so many years (PML). [currency]

    The largest loss that is seen at least that often; 0 when any loss is rarer; NaN when the period
    is longer than that of the largest loss, of which the set cannot speak.

    Examples
    --------
    >>> curve = exceedance(np.array([5.0, 20.0]), np.array([0.1, 0.01]))
    >>> [loss_at(curve, years) for years in (5, 10, 100, 1000)]
    [0.0, 5.0, 20.0, nan]
    """
    q = (1.0 - _SAME) / period(return_period)
    if curve.loss.size == 0 or q > curve.frequency[-1]:
        return 0.0
    if 1.0 / return_period < curve.frequency[0] * (1.0 - _SAME):
        return float("nan")
    return float(curve.loss[np.searchsorted(curve.frequency, q)])


def tail_mean(curve: Exceedance, return_period: float) -> float:
    """Return the mean of the losses that are reached less often than once in so many years (TVaR).

    Events count with the share of their rate that lies in the tail; [currency]. NaN as `loss_at`.

    Examples
    --------
    >>> curve = exceedance(np.array([5.0, 20.0]), np.array([0.1, 0.01]))
    >>> round(tail_mean(curve, 50), 9)  # half of the tail of 0.02 is the loss of 20
    12.5
    """
    q = 1.0 / period(return_period)
    if curve.loss.size and q < curve.frequency[0] * (1.0 - _SAME):
        return float("nan")
    upto = np.minimum(curve.frequency, q)
    return float(np.sum(curve.loss * np.diff(upto, prepend=0.0)) / q)
