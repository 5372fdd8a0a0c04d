"""Everything that can be said of people in one event set, by every model that can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk import EventHead
from rencheng.domain.risk_people import Crowd, PeopleEstimate, PeopleImpact
from rencheng.model.risk.stock import counted

F64 = NDArray[np.float64]

MODEL, VERSION = "people-impact", "1"


def gathered(
    head: EventHead,
    crowd: Crowd,
    estimates: Sequence[PeopleEstimate],
    versions: Mapping[str, str] | None = None,
) -> PeopleImpact:
    """Return estimates side by side, with how each asset ended.

    Parameters
    ----------
    head
        Of the event set.
    crowd
        Who is there.
    estimates
        One of each model, of the same events and assets; never blended.
    versions
        What they rest on.

    Notes
    -----
    An asset's standing is the least good that any model gives it, so that it ends in exactly one.
    """
    standing = np.maximum.reduce([one.standing for one in estimates])
    return PeopleImpact(
        names=head.names,
        rate=head.rate,
        present=_known(crowd.present),
        residents=_known(crowd.residents),
        group=crowd.group,
        estimates=tuple(estimates),
        standing=standing,
        counts=counted(standing),
        versions={MODEL: VERSION, **(versions or {})},
    )


def _known(people: F64) -> float:
    """Return the people of the assets of which they are known; NaN where they are of none."""
    return float("nan") if people.size and np.isnan(people).all() else float(np.nansum(people))
