"""The oracle of road access: Dijkstra with a heap of tuples, straight from the road table."""

from __future__ import annotations

import heapq

import numpy as np

from rencheng.domain.city import Roads


def slow_nearest(roads: Roads, targets: list[int], blocked: np.ndarray) -> np.ndarray:
    """Return the time from each node to the nearest target. [s] (nodes,)"""
    into: dict[int, list[tuple[int, float]]] = {}
    for link in range(roads.start.size):
        if blocked[link]:
            continue
        a, b = int(roads.start[link]), int(roads.end[link])
        seconds = float(roads.length_m[link]) / float(roads.speed_m_s[link])
        if roads.direction[link] >= 0:
            into.setdefault(b, []).append((a, seconds))
        if roads.direction[link] <= 0:
            into.setdefault(a, []).append((b, seconds))
    best = np.full(len(roads.node_xy), np.inf)
    queue = [(0.0, target) for target in targets]
    while queue:
        time, node = heapq.heappop(queue)
        if time >= best[node]:
            continue
        best[node] = time
        for other, seconds in into.get(node, []):
            heapq.heappush(queue, (time + seconds, other))
    return best
