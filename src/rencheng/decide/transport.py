"""Sending people to places with room at the least total travel time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from rencheng.domain.city import F64

NEAREST = 40
"""Places tried first for each origin where there are too many ways to try all at once."""
MANY = 20_000
"""Ways from origins to places that are solved at once in about a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who goes where, and who has no place."""

    flow: F64
    """People. (origins, places)"""
    left: F64
    """People for whom no room is left within reach. (origins,)"""


def assign(people: F64, room: F64, cost_s: F64) -> Assignment:
    """Assign people to places.

    Parameters
    ----------
    people
        People at each origin; fractions are rounded up. (origins,)
    room
        Places; fractions are rounded down. (places,)
    cost_s
        Travel time; infinity: out of reach. [s] (origins, places)

    Returns
    -------
    assignment
        As many people as possible have a place; among all such assignments the total travel time
        is least.

    Notes
    -----
    Linear transport problem solved by HiGHS; whole people come out whole because the constraint
    matrix is totally unimodular. With more than `MANY` ways each origin first tries its nearest
    places only; if all find room there, the total may lie a little above the least one.
    """
    people, room = np.ceil(people - 1e-9), np.floor(room + 1e-9)
    if people.sum() == 0 or room.sum() == 0:
        return Assignment(np.zeros(cost_s.shape), people)
    everywhere = np.ones(cost_s.shape, dtype=bool)
    if cost_s.size <= MANY:
        return _solve(people, room, cost_s, everywhere)
    nearest = np.argsort(cost_s, axis=1, kind="stable")[:, :NEAREST]
    is_near = np.zeros(cost_s.shape, dtype=bool)
    np.put_along_axis(is_near, nearest, True, axis=1)
    found = _solve(people, room, cost_s, is_near)
    return _solve(people, room, cost_s, everywhere) if found.left.sum() > 0 else found


def _solve(people: F64, room: F64, cost_s: F64, is_near: np.ndarray) -> Assignment:
    origin, place = np.nonzero(is_near & np.isfinite(cost_s) & (room > 0)[None, :])
    if origin.size == 0:
        return Assignment(np.zeros(cost_s.shape), people.copy())
    cost = cost_s[origin, place]
    # Leaving one person out costs more than any chain of detours could save.
    penalty = (cost.max() + 1.0) * (2 * cost_s.shape[0] + 2)
    arcs, origins = origin.size, people.size
    leave = np.arange(origins)
    sent = coo_array(
        (
            np.ones(arcs + origins),
            (np.concatenate([origin, leave]), np.arange(arcs + origins)),
        ),
        shape=(origins, arcs + origins),
    ).tocsr()
    taken = coo_array(
        (np.ones(arcs), (place, np.arange(arcs))), shape=(room.size, arcs + origins)
    ).tocsr()
    from scipy.optimize import linprog  # half a second of import that a start can do without

    answer = linprog(
        np.concatenate([cost, np.full(origins, penalty)]),
        A_ub=taken,
        b_ub=room,
        A_eq=sent,
        b_eq=people,
        method="highs",
    )
    flow = np.zeros(cost_s.shape)
    flow[origin, place] = np.round(answer.x[:arcs])
    return Assignment(flow, np.round(answer.x[arcs:]))
