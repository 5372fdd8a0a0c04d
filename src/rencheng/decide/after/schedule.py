"""In which order to repair: least waiting of people, upstream first."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan


@dataclass(frozen=True, slots=True)
class Slot:
    """When a job is worked on, by which crew; NaN: nobody can."""

    crew: int
    start_h: float
    end_h: float


def priority_order(
    hours: Sequence[float], weight: Sequence[float], parent: Sequence[int]
) -> list[int]:
    """Order jobs for one crew so that Σ weight × completion is least and parents come first.

    Parameters
    ----------
    hours
        Work, positive. [h] (jobs,)
    weight
        People who wait for this job, not counting those who also wait for a later one. (jobs,)
    parent
        Job that must come before, -1 none. (jobs,)

    Notes
    -----
    Horn's algorithm for out-trees: the block with the largest ratio of weight to hours joins the
    block of its parent, until all have joined. Without parents it is Smith's rule (weighted
    shortest processing time). Optimal for one crew, checked against brute force in the tests.

    References
    ----------
    .. [1] Horn (1972), Single-machine job sequencing with treelike precedence ordering and linear
       delay penalties, SIAM J. Appl. Math. 23(2), doi:10.1137/0123021.

    Examples
    --------
    >>> priority_order([2.0, 1.0, 1.0], [1.0, 5.0, 1.0], [-1, 0, -1])
    [0, 1, 2]
    """
    jobs = len(hours)
    sequence = {job: [job] for job in range(jobs)} | {-1: []}
    total_weight = {job: float(weight[job]) for job in range(jobs)}
    total_hours = {job: float(hours[job]) for job in range(jobs)}
    block = {job: job for job in range(jobs)} | {-1: -1}
    waiting = set(range(jobs))
    while waiting:
        # Ties fall to the lower row, so that the same input gives the same order.
        best = min(waiting, key=lambda job: (-total_weight[job] / total_hours[job], job))
        waiting.remove(best)
        into = block[parent[best]]
        sequence[into] += sequence[best]
        for job in sequence[best]:
            block[job] = into
        if into != -1:
            total_weight[into] += total_weight[best]
            total_hours[into] += total_hours[best]
    return sequence[-1]


def list_schedule(order: Sequence[int], hours: Sequence[float], crews: int) -> dict[int, Slot]:
    """Give each job in turn to the crew that is free first.

    Parameters
    ----------
    hours
        Drive and work; NaN: cannot be reached, or nobody knows how long. [h] (jobs,)

    Returns
    -------
    slots
        By job. A job without hours, or without any crew, has NaN times.
    """
    free = [(0.0, crew) for crew in range(crews)]
    slots: dict[int, Slot] = {}
    for job in order:
        if not free or isnan(hours[job]):
            slots[job] = Slot(-1, nan, nan)
            continue
        start, crew = heapq.heappop(free)
        slots[job] = Slot(crew, start, start + hours[job])
        heapq.heappush(free, (start + hours[job], crew))
    return slots


def waiting(
    slots: dict[int, Slot], weight: Sequence[float], parent: Sequence[int], horizon_h: float
) -> float:
    """Sum people × hours until their job and all before it are done. [person·h]"""
    done: dict[int, float] = {}

    def done_h(job: int) -> float:
        if job not in done:
            end = slots[job].end_h
            own = horizon_h if isnan(end) else end
            above = done_h(parent[job]) if parent[job] >= 0 else 0.0
            done[job] = min(max(own, above), horizon_h)
        return done[job]

    return sum(weight[job] * done_h(job) for job in slots)
