"""Expected states of damage under an event set: exact sums of probabilities, no sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventSource, Portfolio, Standing, StateImpact
from rencheng.model.risk.blocks import BUDGET_MB, blocks
from rencheng.model.risk.lines import Knots, knots_of_states, tabulate
from rencheng.model.risk.stock import counted, settled, stock

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]


def expected_states(
    source: EventSource,
    portfolio: Portfolio,
    curves: Sequence[Curve],
    *,
    component: int = 0,
    budget_mb: float = BUDGET_MB,
) -> StateImpact:
    """Return how many assets each event leaves in each state, and how often each asset is in one.

    Parameters
    ----------
    source
        Sparse intensities; the points of an event rise strictly.
    portfolio
        Assets; what they are worth plays no part.
    curves
        Fragility, in the unit of the event set, all with the same states.
    component
        Column of `portfolio.curve` that is asked.
    budget_mb
        Memory that the job may take beyond its inputs. [MB]

    Returns
    -------
    result
        Assets that an event does not reach are in its state *none*; what is unknown is counted and
        is in no state.

    Raises
    ------
    InvalidInputError
        When curves have different states.
    TooMuchError
        When one event does not fit the budget.

    Notes
    -----
    P[state] is a curve's own, exact; expected numbers need no assumption on how assets err together
    (their spread would). Cost: one erfc a state, about 20 ns.
    """
    from rencheng.model.risk import kernel

    names = same_states(curves)
    head, many = source.head, source.head.rate.size
    alone = replace(
        portfolio,
        value=np.ones((portfolio.point.size, 1)),
        curve=portfolio.curve[:, component : component + 1],
    )
    things = stock(alone, len(head.place))
    expected, unknown = np.zeros((many, len(names))), np.zeros(many, dtype=np.int64)
    by_item = np.zeros((things.asset.size, len(names)))
    touched = np.zeros(len(head.place), dtype=np.uint8)
    fragility, table = _fragility(curves, len(names))
    for first, last in blocks(source, things, budget_mb):
        point, intensity = source.block(first, last)
        start = np.asarray(source.start[first : last + 1], dtype=np.int64)
        kernel.states(
            (start - start[0], point, intensity, head.rate[first:last]),
            (things.first, things.curve),
            fragility,
            table,
            (expected[first:last], unknown[first:last]),
            by_item,
            touched,
        )
    standing = settled(things.standing, portfolio.point, touched)
    counts = counted(standing)
    can = counts[Standing.ASSESSED] + counts[Standing.NOT_EXPOSED]
    by_asset = np.full((portfolio.point.size, len(names)), np.nan)
    by_asset[standing == Standing.NOT_EXPOSED] = 0.0
    by_asset[things.asset] = by_item
    return StateImpact(
        states=("none", *names),
        by_event=np.c_[can - unknown - expected.sum(axis=1), expected],
        unknown=unknown,
        by_asset=by_asset,
        standing=standing,
        counts=counts,
    )


def same_states(curves: Sequence[Curve]) -> tuple[str, ...]:
    """Return the states that all curves have; refuse when they differ."""
    kinds = dict.fromkeys(curve.states for curve in curves)
    if len(kinds) > 1:
        said = "; ".join(", ".join(states) for states in kinds)
        raise InvalidInputError(
            "risk.states",
            f"the curves have {len(kinds)} kinds of states: {said}",
            hint="Run assets whose curves have other states apart",
            params={"kinds": len(kinds), "states": said},
        )
    return next(iter(kinds), ())


def _fragility(
    curves: Sequence[Curve], many: int
) -> tuple[tuple[F64, F64, F64, I32], tuple[F64, I32, F64]]:
    """Return the curves as the compiled loop takes them."""
    size = (len(curves), many)
    log_median, beta, limit = np.zeros(size), np.ones(size), np.zeros((len(curves), 4))
    row = np.full(len(curves), -1, dtype=np.int32)
    lines: list[Knots] = []
    for i, curve in enumerate(curves):
        if curve.median.size:
            log_median[i], beta[i] = np.log(curve.median), curve.beta
        else:
            row[i] = len(lines)
            lines += knots_of_states(curve)
        limit[i] = curve.low, curve.high, _stand_in(curve, low=True), _stand_in(curve, low=False)
    return (log_median, beta, limit, row), tabulate(lines)


def _stand_in(curve: Curve, *, low: bool) -> float:
    """Return the intensity at which the curve does what it says of one outside its range."""
    rule, end = (curve.below, curve.low) if low else (curve.above, curve.high)
    nothing = 0.0 if curve.median.size else float(np.nextafter(curve.low, -np.inf))
    return {Beyond.HOLD: end, Beyond.UNKNOWN: float("nan"), Beyond.ZERO: nothing}[rule]
