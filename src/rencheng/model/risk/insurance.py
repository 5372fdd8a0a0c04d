"""Who bears a loss: deductibles, limits, layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_insurance import Terms

F64 = NDArray[np.float64]


def insured(loss: ArrayLike, deductible: ArrayLike = 0.0, limit: ArrayLike = np.inf) -> F64:
    """Return the part of each loss that an insurer pays.

    Parameters
    ----------
    loss
        From the ground up; NaN unknown. [currency] (...,)
    deductible
        The part of each loss below it stays with the owner. Absolute, not a share. [currency]
    limit
        The part of each loss above it stays with the owner; the most that is paid is
        limit - deductible. Absolute; `inf` when nothing limits. [currency]

    Returns
    -------
    paid
        min(max(loss, deductible), limit) - deductible; the three spread against each other.
        NaN where the loss is unknown. [currency] (...,)

    Raises
    ------
    InvalidInputError
        When a loss or a deductible is negative, a deductible infinite, a limit below it, or one of
        the two is no number.

    Notes
    -----
    The layer between deductible and limit; a contract that names its *cover* instead has
    limit = deductible + cover. Whether a loss is that of an asset, an event or a year is for the
    caller to choose; they differ. Held against hand cases and conservation: what is paid and what
    is kept sum to the loss.

    Examples
    --------
    >>> insured([3.0, 20.0, 101.0], 5.0, 100.0).tolist()
    [0.0, 15.0, 95.0]
    """
    whole, low, high = np.broadcast_arrays(
        np.asarray(loss, float), np.asarray(deductible, float), np.asarray(limit, float)
    )
    faulty = (whole < 0.0) | ~((low >= 0.0) & (high >= low)) | np.isinf(low)
    if faulty.any():
        a, b, c = (float(part[faulty][0]) for part in (whole, low, high))
        raise InvalidInputError(
            "risk.insurance",
            f"a loss of {a:g} with deductible {b:g} and limit {c:g} cannot be insured",
            hint="Give finite amounts of zero or more, and a limit not below the deductible",
            params={"loss": a, "deductible": b, "limit": c},
        )
    return np.asarray(np.minimum(np.maximum(whole, low), high) - low, dtype=np.float64)


def site_paid(loss: F64, borne: F64, terms: Terms) -> tuple[F64, F64]:
    """Return what one level of terms lets pass, and what the owner has borne by then.

    Parameters
    ----------
    loss
        That comes to this level: from the ground up at the lowest, else what the level below lets
        pass; NaN unknown. [currency] (pairs,)
    borne
        By deductibles of the levels below. [currency] (pairs,)
    terms
        Of each pair's asset. (pairs,)

    Returns
    -------
    paid, borne
        (pairs,) each. NaN where the loss is.

    Notes
    -----
    Neither falls as losses rise, nor does loss - paid, however levels follow each other: the known
    part of a loss gives a lower bound of what is paid, and of what the owner keeps.

    The deductible is the amount and the share of the loss together, never more than the loss. With
    what lower levels took it is brought between `least` and `most`; what is brought back is paid
    again. Then paid = min(loss less deductible, cover, cover_share x loss). These are the rules 1,
    5, 10 to 12, 14 to 16 of Oasis' financial module [1]_ in one formula. Left out: deductibles that
    are franchises or of a year, conditions, shares between insurers.

    References
    ----------
    .. [1] Oasis LMF, ktools, *Financial module profiles*, calculation rules.
    """
    own = np.minimum(terms.deductible + terms.deductible_share * loss, loss)
    off = np.minimum(np.clip(borne + own, terms.least, terms.most), loss + borne)
    left = loss + borne - off
    paid = np.minimum(left, np.minimum(terms.cover, _times(terms.cover_share, loss)))
    return np.asarray(paid, dtype=np.float64), np.asarray(off, dtype=np.float64)


def _times(share: F64, loss: F64) -> F64:
    """Return a share of losses; endless where the share is, also of nothing."""
    return np.where(np.isinf(share), np.inf, np.where(np.isinf(share), 0.0, share) * loss)
