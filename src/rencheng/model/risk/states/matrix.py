"""States of damage of every asset under every event, kept apart: for what they lead to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventSource, Portfolio
from rencheng.domain.risk_states import StateMatrix
from rencheng.model.risk.blocks import BUDGET_MB, blocks, must_fit
from rencheng.model.risk.states.expected import of_component, same_states
from rencheng.model.risk.stock import counted, settled, stock
from rencheng.model.risk.twin import spread_out

F64 = NDArray[np.float64]


def state_matrix(
    source: EventSource,
    portfolio: Portfolio,
    curves: Sequence[Curve],
    *,
    component: int = 0,
    budget_mb: float = BUDGET_MB,
) -> StateMatrix:
    """Return P[state] of each asset that an event reaches, exact and without sampling.

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

    Raises
    ------
    InvalidInputError
        When curves have different states.
    TooMuchError
        When the matrix, or one event, does not fit the budget.

    Notes
    -----
    The curve's own value, pair by pair: about 200 ns a state where a curve is lognormal.
    `rencheng.model.risk.states.expected.expected_states` adds the same up compiled, without keeping
    it, and is what this is held against; OpenQuake's published cases are the outside judge.
    """
    states = same_states(curves)
    things = stock(of_component(portfolio, component), len(source.head.place))
    start = np.asarray(source.start)
    at_point = np.diff(things.first)
    touched = np.zeros(len(source.head.place), dtype=np.uint8)
    sizes, assets, shares = [np.zeros(1, dtype=np.int64)], [], []
    left = budget_mb * 1e6
    for first, last in blocks(source, things, budget_mb):
        point, x = source.block(first, last)
        touched[point] = 1
        left -= float(at_point[point].sum()) * (4.0 + 24.0 * len(states))
        must_fit(budget_mb - left / 1e6, budget_mb)
        begin = start[first : last + 1] - start[first]
        event, item, at = spread_out((begin, point, x, source.head.rate), things.first)
        found = np.full((item.size, len(states)), np.nan)
        kind = things.curve[item]
        for row, curve in enumerate(curves):
            mine = kind == row
            found[mine] = curve.shares(at[mine])[:, 1:]
        sizes.append(np.bincount(event, minlength=last - first))
        assets.append(things.asset[item])
        shares.append(found)
    standing = settled(things.standing, portfolio.point, touched)
    return StateMatrix(
        states=states,
        start=np.cumsum(np.concatenate(sizes)),
        asset=np.concatenate([np.zeros(0, np.int32), *assets]),
        share=np.concatenate([np.zeros((0, len(states))), *shares]),
        standing=standing,
        counts=counted(standing),
    )
