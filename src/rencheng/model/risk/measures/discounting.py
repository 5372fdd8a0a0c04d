"""What savings of coming years are worth today."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rencheng.domain.errors import InvalidInputError

F64 = NDArray[np.float64]

_NOTHING = 1e-15
"""Rate times life at which discounting changes no digit of a double."""


class Timing(StrEnum):
    """When in a year its saving counts."""

    YEAR_END = "year_end"
    """At the end of each whole year, interest compounded once a year."""
    CONTINUOUS = "continuous"
    """Flowing through the year, interest compounded at every moment."""


def present_worth(rate: ArrayLike, life: ArrayLike, timing: Timing = Timing.YEAR_END) -> F64:
    """Return what one unit a year over a life is worth today.

    Parameters
    ----------
    rate
        Discount rate, real, as a share: 0.03 is 3 %; NaN unknown. With `CONTINUOUS` it is the
        continuous rate, ln(1 + yearly rate). [1/yr] (...,)
    life
        Over how many years; whole years with `YEAR_END`; `inf` for ever. [yr] (...,)
    timing
        When in a year the unit counts.

    Returns
    -------
    factor
        Rate and life spread against each other. [yr] (...,)

    Raises
    ------
    InvalidInputError
        When a rate is -1 or less, or a life is negative or, with `YEAR_END`, no whole number.

    Notes
    -----
    (1 - (1 + r)^-n) / r [1]_ and (1 - e^(-r t)) / r [2]_; both are the life itself at a rate of
    zero, and both are computed without cancellation for small rates. Left out: rates that change
    over the years (see `present_value`), tax, inflation: savings and rate are both in prices of one
    year. Held against sums written out year by year.

    References
    ----------
    .. [1] Uniform series present worth, as in any text of engineering economics; end of year is
       also the default of United States OMB Circular A-94 (1992), appendix B.
    .. [2] The same sum as an integral; OpenQuake's classical benefit-cost ratio has this form.

    Examples
    --------
    >>> float(present_worth(0.05, 2).round(6))  # 1 / 1.05 + 1 / 1.05**2
    1.85941
    >>> float(present_worth(0.05, 50, Timing.CONTINUOUS).round(6)), float(present_worth(0, 50))
    (18.3583, 50.0)
    """
    r, years = np.broadcast_arrays(np.asarray(rate, float), np.asarray(life, float))
    faulty = (r <= -1.0) | (years < 0.0)
    if timing is Timing.YEAR_END:
        faulty |= np.isfinite(years) & (years != np.floor(years))
    if faulty.any():
        raise unusable(r[faulty][0], years[faulty][0])
    force = r if timing is Timing.CONTINUOUS else np.log1p(r)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = -np.expm1(-force * years) / r
        # Below the last digit it is the life itself, and the product may have lost its digits.
        is_life = (r == 0.0) | (years == 0.0) | (np.abs(r * years) < _NOTHING)
    factor = np.where(is_life, years, factor)
    return np.where(np.isnan(r) | np.isnan(years), np.nan, factor)


def present_value(stream: ArrayLike, rate: ArrayLike) -> F64:
    """Return what amounts of coming years are worth today.

    Parameters
    ----------
    stream
        Amount at the end of each year, the first after a year; costs are negative. (..., years)
    rate
        Discount rate of each year, or one for all. [1/yr] (years,) or ()

    Returns
    -------
    value
        Of each stream, in the stream's unit. (...,)

    Raises
    ------
    InvalidInputError
        When a rate is -1 or less.

    Examples
    --------
    >>> float(present_value([100.0, 100.0], [0.0, 0.25]))  # 100 + 100 / (1.00 * 1.25)
    180.0
    """
    amounts = np.asarray(stream, float)
    rates = np.broadcast_to(np.asarray(rate, float), amounts.shape[-1:])
    if (rates <= -1.0).any():
        raise unusable(float(rates.min()), float(rates.size))
    return np.asarray(np.sum(amounts / np.cumprod(1.0 + rates), axis=-1), dtype=np.float64)


def unusable(rate: float, life: float) -> InvalidInputError:
    """Return the error of a rate and a life that make no sense."""
    return InvalidInputError(
        "risk.discounting",
        f"a discount rate of {rate:g} over {life:g} years cannot be used",
        hint="Give the rate as a share above -1 and a life of whole years, zero or more",
        params={"rate": float(rate), "life": float(life)},
    )
