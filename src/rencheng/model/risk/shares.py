"""How the share lost scatters around its mean at one intensity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_classical import ShareSpread

F64 = NDArray[np.float64]


def exceeded(mean: F64, sd: F64, ratio: F64, spread: ShareSpread, curve: str = "") -> F64:
    """Return P[share > ratio] at nodes with a mean and a standard deviation.

    Parameters
    ----------
    mean
        Between 0 and 1; NaN unknown. [1] (nodes,)
    sd
        Where it is 0 the share is the mean for certain. [1] (nodes,)
    ratio
        Shares, from 0 to 1. [1] (ratios,)
    spread
        Family of the distribution.
    curve
        Id of the curve, for the error.

    Returns
    -------
    probability
        NaN where the mean, or the standard deviation that the family needs, is. (nodes, ratios)

    Raises
    ------
    InvalidInputError
        When a standard deviation is negative, or for a beta √(mean (1 - mean)) or more.

    Notes
    -----
    Lognormal: σ² = ln(1 + (sd/mean)²), μ = ln(mean) - σ²/2. Beta, on [0, 1]: α = mean c and
    β = (1 - mean) c with c = mean (1 - mean)/sd² - 1. Both by the method of moments, so that mean
    and standard deviation are kept (the lognormal's with what lies beyond 1).
    """
    from scipy.special import betaincc, ndtr

    m, s, level = mean[:, None], sd[:, None], ratio[None, :]
    certain = np.where(np.isnan(m), np.nan, (level < m).astype(np.float64))
    if spread is ShareSpread.NONE:
        return np.asarray(certain)
    limit = np.sqrt(mean * (1.0 - mean)) if spread is ShareSpread.BETA else np.inf
    wrong = (sd < 0.0) | ((sd >= limit) & (sd > 0.0))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InvalidInputError(
            "risk.share_spread",
            f"{curve}: a {spread} share of {mean[first]:g} cannot deviate by {sd[first]:g}",
            hint="Mend the curve's standard deviations, or take another spread",
            params={
                "curve": curve,
                "spread": str(spread),
                "mean": float(mean[first]),
                "sd": float(sd[first]),
                "count": int(wrong.sum()),
            },
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        if spread is ShareSpread.LOGNORMAL:
            width = np.sqrt(np.log1p((s / m) ** 2))
            found = ndtr(-(np.log(level / m) + width**2 / 2.0) / width)
        else:
            size = m * (1.0 - m) / s**2 - 1.0
            found = betaincc(m * size, (1.0 - m) * size, level)
    found = np.where(np.isnan(s), np.nan, found)
    return np.asarray(np.where(s == 0.0, certain, found), dtype=np.float64)


def exceeded_by_masses(masses: F64, share: F64, ratio: F64) -> F64:
    """Return P[share > ratio] where each node has chances of given shares.

    Parameters
    ----------
    masses
        Chance of each share; rows sum to 1. [1] (nodes, shares)
    share
        [1] (shares,)
    ratio
        [1] (ratios,)

    Returns
    -------
    probability
        (nodes, ratios)

    Examples
    --------
    >>> exceeded_by_masses(np.array([[0.5, 0.3, 0.2]]), np.array([0.0, 0.5, 1.0]),
    ...     np.array([0.0, 0.5, 0.9])).round(9).tolist()
    [[0.5, 0.2, 0.2]]
    """
    return np.asarray(masses @ (share[:, None] > ratio[None, :]).astype(np.float64))
