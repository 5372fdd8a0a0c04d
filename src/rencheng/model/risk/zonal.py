"""What each event does to each zone: losses of the assets that stand in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventImpact, Events, LossMatrix, Portfolio, Standing
from rencheng.model.risk.impact import impact

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

# Entries of the loss matrix of one pass, about 12 bytes each. Ours.
PASS = 8_000_000
_NO_BOUND = 1e9


def losses_by_zone(
    events: Events,
    portfolio: Portfolio,
    curves: Sequence[Curve],
    zone: I32,
    zones: int,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> F32:
    """Return the loss of each event in each zone. [currency] (events, zones)

    Parameters
    ----------
    events
        In memory; points of an event rise strictly.
    portfolio, curves
        As `impact` takes them.
    zone
        Row of each asset's zone; -1 in none. (assets,)
    zones
        How many there are.
    progress
        Called with events done and all events.

    Returns
    -------
    loss
        Of what was assessed; NaN where something of it is unknown. A zone in which no asset could
        be assessed, or is known not to be exposed, is NaN: nobody knows.

    Notes
    -----
    The matrix of `impact` in passes of events, added up by zone; the sum over zones is the event's
    own loss up to float32 rounding of single entries, when every asset stands in a zone.
    """
    many = events.head.rate.size
    found = np.zeros((many, zones), dtype=np.float32)
    on_point = np.bincount(portfolio.point[portfolio.point >= 0], minlength=len(events.head.place))
    reached = np.concatenate([[0], np.cumsum(on_point[events.point])])[events.start]
    standing: NDArray[np.uint8] | None = None
    first = 0
    while first < many:
        last = int(np.searchsorted(reached, reached[first] + PASS, side="right")) - 1
        last = min(max(last, first + 1), many)
        result = impact(
            part_of(events, first, last), portfolio, curves,
            budget_mb=_NO_BOUND, with_spread=False, with_matrix=True,
        )  # fmt: skip
        standing = _merged(standing, result)
        if result.matrix is not None:
            found[first:last] = _summed(result.matrix, zone, zones)
        if progress:
            progress(last, many)
        first = last
    if standing is not None:
        known = zone[(standing <= Standing.NOT_EXPOSED) & (zone >= 0)]
        found[:, np.bincount(known, minlength=zones) == 0] = np.nan
    return found


def part_of(events: Events, first: int, last: int) -> Events:
    """Return the events `first` to `last` - 1 as a set of their own, without a copy."""
    begin, end = int(events.start[first]), int(events.start[last])
    head = replace(
        events.head, rate=events.head.rate[first:last], names=events.head.names[first:last]
    )
    return Events(
        head=head,
        start=events.start[first : last + 1] - begin,
        point=events.point[begin:end],
        intensity=events.intensity[begin:end],
    )


def _merged(before: NDArray[np.uint8] | None, result: EventImpact) -> NDArray[np.uint8]:
    """Return the standing over several passes: assessed in one is assessed."""
    if before is None:
        return result.standing
    return np.minimum(before, result.standing)


def _summed(matrix: LossMatrix, zone: I32, zones: int) -> F32:
    events = matrix.start.size - 1
    of = np.repeat(np.arange(events), np.diff(matrix.start))
    at = zone[matrix.asset]
    inside = at >= 0
    flat = np.bincount(
        of[inside] * zones + at[inside], matrix.loss[inside], minlength=events * zones
    )
    return flat.reshape(events, zones).astype(np.float32)
