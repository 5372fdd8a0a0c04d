"""How many people are at an asset at an hour of the day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_people import PresenceTable

F64 = NDArray[np.float64]

NIGHT, DAY, COMMUTE = range(3)
# HAZUS 6.1 Earthquake Technical Manual, Table 12-2, knows 2:00, 14:00 and 17:00 alone. Night lasts
# from 20 to 5, day from 9 to 15 and commute in between in the data sets of simcenter-dlml; the
# straight lines between them are ours.
_HOURS = (0.0, 5.0, 7.0, 9.0, 15.0, 17.0, 20.0, 24.0)
_WHEN = (NIGHT, NIGHT, COMMUTE, DAY, DAY, COMMUTE, NIGHT, NIGHT)
WEEKEND = 2.0 / 7.0
"""Share of days that are a weekend."""


def mix(hour: float | None = None, *, is_weekend: bool | None = None) -> F64:
    """Return how much of weekday and weekend, of night, day and commute an hour is.

    Parameters
    ----------
    hour
        Of the local clock, 0 up to 24; None: no hour is known, all are as likely. [h]
    is_weekend
        None: not known, 2 days of 7 are.

    Returns
    -------
    weight
        Sums to 1. (2, 3)

    Raises
    ------
    InvalidInputError
        When the hour is not on the clock.

    Examples
    --------
    >>> mix(14.0, is_weekend=False).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    >>> (mix(is_weekend=False)[0] * 24).round(3).tolist()
    [11.5, 8.0, 4.5]
    """
    corner = np.eye(3)[list(_WHEN)]
    if hour is None:
        width = np.diff(_HOURS)[:, None]
        period = (width * (corner[1:] + corner[:-1]) / 2.0).sum(axis=0) / 24.0
    elif 0.0 <= hour < 24.0:
        period = np.array([np.interp(hour, _HOURS, corner[:, k]) for k in range(3)])
    else:
        raise InvalidInputError(
            "risk.people.hour",
            f"hour {hour} is not on the clock",
            hint="Give the local hour, from 0 up to 24",
            params={"hour": hour},
        )
    rest = WEEKEND if is_weekend is None else float(is_weekend)
    return np.outer([1.0 - rest, rest], period)


def present(count: F64, table: PresenceTable, weight: F64) -> tuple[F64, F64]:
    """Return the people indoors and outdoors close to each asset.

    Parameters
    ----------
    count
        Who lives, works, learns or stays there, in the order of the table's uses. (uses, assets)
    table
        Shares that are there.
    weight
        From `mix`. (2, 3)

    Returns
    -------
    indoors, outdoors
        NaN where a count is; a count of 0 is nobody. (assets,) each

    Notes
    -----
    Left out: visitors, people on the way, and that a city's people are conserved between homes
    and works; HAZUS spreads a census tract's people over uses, here each asset brings its own.
    """
    share = [np.einsum("udp,dp->u", part, weight) for part in (table.indoors, table.outdoors)]
    return np.asarray(share[0] @ count), np.asarray(share[1] @ count)


def stated(occupants: F64, weight: F64) -> F64:
    """Return the people of a table that states them by night, day and commute; NaN unknown.

    Parameters
    ----------
    occupants
        Those inside, weekends not told apart; a period that plays no part may be NaN. (3, assets)
    weight
        From `mix`. (2, 3)
    """
    period = weight.sum(axis=0)
    known = np.where((period == 0.0)[:, None], 0.0, occupants)
    return np.asarray(period @ known)
