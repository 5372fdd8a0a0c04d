"""Sending people to places with room at the least total travel time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rencheng.domain.city import F64


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
        Travel time, not negative; infinity: out of reach. [s] (origins, places)

    Returns
    -------
    assignment
        As many people as possible have a place; among all such assignments the total travel time
        is least. Where several are equally good, the same one every time.

    Notes
    -----
    Linear transport problem, solved exactly by successive shortest paths; whole people come out
    whole. Equal in total time and in people left to the linear programme (HiGHS) in the tests.
    """
    people, room = np.ceil(people - 1e-9), np.maximum(np.floor(room + 1e-9), 0.0)
    if people.sum() == 0 or room.sum() == 0:
        return Assignment(np.zeros(cost_s.shape), people)
    # What is scarce looks for what is not: its ways end soon.
    if people.sum() > room.sum():
        flow = _send(room, people, cost_s.T).T
    else:
        flow = _send(people, room, cost_s)
    return Assignment(flow, people - flow.sum(axis=1))


def _send(people: F64, room: F64, cost_s: F64) -> F64:
    """Return who goes where, as many as there are ways for. (origins, places)"""
    from rencheng.decide.transport_kernel import send

    # Staying is one more place. Leaving one person out costs more than any chain of detours saves.
    is_way = np.isfinite(cost_s)
    longest = cost_s.max(initial=0.0, where=is_way)
    stay = np.full((people.size, 1), (longest + 1.0) * (2 * people.size + 2))
    ways = np.hstack([np.where(is_way, cost_s, np.inf), stay])
    flow = np.zeros(ways.shape)
    send(people, np.append(room, np.inf), ways, flow)
    return flow[:, :-1].copy()
