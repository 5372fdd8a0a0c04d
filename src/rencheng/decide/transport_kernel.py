"""The transport problem, solved in compiled code; imported by `transport` when first needed.

It trusts its input: only `transport.assign` calls it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def send(people: F64, room: F64, cost: F64, flow: F64) -> None:
    """Fill `flow` (origins, places) with the cheapest way to send everybody.

    Whole `people`; `room` is used up in place and is endless in the last place, which everybody
    can reach. Successive shortest paths from one origin after another, Dijkstra on costs reduced by
    prices: what is owed at an origin less what a place is worth is never above the cost of the way
    between them, and equal to it where somebody goes. A place with room left is worth nothing, so
    the nearest of them ends the search. Ties go to the lower row.
    """
    origins, places = cost.shape
    owed, worth = np.zeros(origins), np.zeros(places)
    at_origin, at_place = np.empty(origins), np.empty(places)
    before = np.empty(places, np.int64)  # origin from which a place was reached
    moved = np.empty(origins, np.int64)  # place that an origin's people may leave
    seen, settled = np.empty(origins, np.bool_), np.empty(places, np.bool_)
    queue = np.empty(origins, np.int64)
    for source in range(origins):
        left = people[source]
        while left > 0:
            at_place[:] = np.inf
            settled[:], seen[:] = False, False
            queue[0], at_origin[source], seen[source] = source, 0.0, True
            relaxed, known = 0, 1
            while True:
                while relaxed < known:
                    i = queue[relaxed]
                    relaxed += 1
                    for j in range(places):
                        reduced = at_origin[i] + max(0.0, cost[i, j] + owed[i] - worth[j])
                        if not settled[j] and reduced < at_place[j]:
                            at_place[j], before[j] = reduced, i
                end, nearest = -1, np.inf
                for j in range(places):
                    if not settled[j] and at_place[j] < nearest:
                        end, nearest = j, at_place[j]
                if room[end] > 0:
                    break
                settled[end] = True
                for i in range(origins):
                    if flow[i, end] > 0 and not seen[i]:
                        seen[i], at_origin[i], moved[i] = True, nearest, end
                        queue[known] = i
                        known += 1
            for k in range(known):
                owed[queue[k]] += at_origin[queue[k]] - nearest
            for j in range(places):
                if settled[j]:
                    worth[j] += at_place[j] - nearest
            sent, j = min(left, room[end]), end
            while before[j] != source:
                i = before[j]
                j = moved[i]
                sent = min(sent, flow[i, j])
            room[end] -= sent
            left -= sent
            j = end
            while True:
                i = before[j]
                flow[i, j] += sent
                if i == source:
                    break
                j = moved[i]
                flow[i, j] -= sent
