"""Expected states of damage under an event set: exact sums of probabilities, no sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventSource, Portfolio, Standing, StateImpact
from rencheng.model.risk.blocks import BUDGET_MB, blocks
from rencheng.model.risk.states.fragility import tables_of
from rencheng.model.risk.stock import counted, met, stock

F64 = NDArray[np.float64]


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
        Memory that the job may take beyond its inputs and the tables of its curves, which are at
        most 32 MB for each four states, three times that while they are made. [MB]

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
    Expected numbers need no assumption on how assets err together (their spread would). Lognormal
    curves by cubics of their own that are within 3e-7 of erfc (tested over the whole range,
    β from 1e-4 to 20), tabulated ones exact. Cost: `benchmarks/states.py` measures it.
    """
    from rencheng.model.risk.states import kernel as states_kernel

    names = same_states(curves)
    head, many = source.head, source.head.rate.size
    things = stock(of_component(portfolio, component), len(head.place))
    wide = 4 * max(1, -(-len(names) // 4))
    reached, unknown = np.zeros((many, wide)), np.zeros(many, dtype=np.int64)
    yearly = np.zeros((things.asset.size, wide))
    seen = np.zeros(things.asset.size, dtype=np.uint8)
    fragility = tables_of(curves, len(names), np.unique(things.curve))
    for first, last in blocks(source, things, budget_mb):
        point, intensity = source.block(first, last)
        start = np.asarray(source.start[first : last + 1], dtype=np.int64)
        states_kernel.expect(
            (start - start[0], point, intensity),
            head.rate[first:last],
            (things.first, things.curve),
            fragility,
            len(names),
            (reached[first:last], unknown[first:last], yearly, seen),
        )
    reached, yearly = reached[:, : len(names)], yearly[:, : len(names)]
    standing = met(things, portfolio.point, seen)
    counts = counted(standing)
    can = counts[Standing.ASSESSED] + counts[Standing.NOT_EXPOSED]
    by_asset = np.full((portfolio.point.size, len(names)), np.nan)
    by_asset[standing == Standing.NOT_EXPOSED] = 0.0
    by_asset[things.asset] = _apart(yearly)
    return StateImpact(
        states=("none", *names),
        by_event=np.c_[can - unknown - reached[:, :1].sum(axis=1), _apart(reached)],
        unknown=unknown,
        by_asset=by_asset,
        standing=standing,
        counts=counts,
    )


def _apart(reached: F64) -> F64:
    """Return what is in each state, of what is in it or a worse one. (..., states)."""
    return np.asarray(-np.diff(reached, axis=1, append=0.0), dtype=np.float64)


def of_component(portfolio: Portfolio, component: int) -> Portfolio:
    """Return the same assets, each with one curve and worth 1."""
    return replace(
        portfolio,
        value=np.ones((portfolio.point.size, 1)),
        curve=portfolio.curve[:, component : component + 1],
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
