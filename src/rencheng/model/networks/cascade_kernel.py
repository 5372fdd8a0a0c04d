"""Event-driven cascade in compiled code; imported by `cascade` when first needed.

Trusts its input: only `cascade.cascade` calls it. A group is *lost* while none of its suppliers
works, *exhausted* when it has been lost for as long as its backup lasts; a node works when it is
whole itself and no group of it is exhausted.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
# Tuples of arrays, as the compiled functions pass them on.
# graph: node → groups that it supplies (start, group), group → node, node → own groups (start)
Graph = tuple[Ints, Ints, Ints, Ints]
# state: node whole, node up; group: number of working suppliers, exhausted, time of exhaustion
State = tuple[Bytes, Bytes, Ints, Bytes, Floats]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _fail(
    first: int, now: float, graph: Graph, state: State, backup: Floats, heap: list[Any]
) -> None:
    """Take `first` out of work and everything that falls with it at once."""
    start, supplies, owner, _ = graph
    _, up, count, exhausted, expiry = state
    up[first] = 0
    stack = [first]
    while len(stack) > 0:
        node = stack.pop()
        for at in range(start[node], start[node + 1]):
            group = supplies[at]
            count[group] -= 1
            if count[group] > 0 or exhausted[group]:
                continue
            if backup[group] > 0.0:
                expiry[group] = now + backup[group]
                heapq.heappush(heap, (expiry[group], group))
                continue
            exhausted[group] = 1
            fallen = owner[group]
            if up[fallen]:
                up[fallen] = 0
                stack.append(fallen)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _holds(node: int, graph: Graph, state: State) -> bool:
    """Return whether each exhausted group of `node` has a working supplier again."""
    own = graph[3]
    count, exhausted = state[2], state[3]
    for group in range(own[node], own[node + 1]):  # noqa: SIM110 - compiled
        if exhausted[group] and count[group] == 0:
            return False
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _rise(first: int, graph: Graph, state: State) -> None:
    """Put the repaired node `first` back, and everything that can work again with it.

    Everything down that it may lift is assumed to work; then whoever lacks supply is taken out
    again. What is left is the greatest fixpoint: a loop comes back when all of it is whole.
    """
    start, supplies, owner, _ = graph
    whole, up, count, exhausted, expiry = state
    whole[first] = 1
    lifted = [first]
    up[first] = 1
    at = 0
    while at < len(lifted):
        node = lifted[at]
        at += 1
        for slot in range(start[node], start[node + 1]):
            group = supplies[slot]
            count[group] += 1
            other = owner[group]
            if count[group] == 1 and whole[other] and not up[other]:
                up[other] = 1
                lifted.append(other)
    stack = [node for node in lifted if not _holds(node, graph, state)]
    for node in stack:
        up[node] = 0
    while len(stack) > 0:
        node = stack.pop()
        for slot in range(start[node], start[node + 1]):
            group = supplies[slot]
            count[group] -= 1
            other = owner[group]
            if count[group] == 0 and exhausted[group] and up[other]:
                up[other] = 0
                stack.append(other)
    for node in lifted:
        if not up[node]:
            continue
        for slot in range(start[node], start[node + 1]):
            group = supplies[slot]
            expiry[group] = np.inf  # backup is full again at once
            exhausted[group] = 0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def _run_one(
    repair: Floats, backup: Floats, graph: Graph, suppliers: Ints, time_h: Floats, out: Bytes
) -> None:
    """Follow one realisation through its events; fill `out` (times, nodes)."""
    nodes, groups = repair.size, backup.size
    whole = np.ones(nodes, np.uint8)
    up = np.ones(nodes, np.uint8)
    exhausted = np.zeros(groups, np.uint8)
    expiry = np.full(groups, np.inf)
    state = (whole, up, suppliers.copy(), exhausted, expiry)
    heap = [(np.inf, 0)]
    broken = np.flatnonzero(repair > 0.0)
    broken = broken[np.argsort(repair[broken])]
    for node in broken:
        whole[node] = 0
        if up[node]:
            _fail(int(node), 0.0, graph, state, backup, heap)
    mended = 0
    for step in range(time_h.size):
        until = time_h[step]
        while True:
            repair_at = repair[broken[mended]] if mended < broken.size else np.inf
            next_at = min(repair_at, heap[0][0])
            if next_at > until or next_at == np.inf:
                break
            if repair_at <= heap[0][0]:
                _rise(broken[mended], graph, state)
                mended += 1
                continue
            group = heapq.heappop(heap)[1]
            if expiry[group] != next_at:
                continue  # supplied in the meantime
            expiry[group] = np.inf
            exhausted[group] = 1
            node = graph[2][group]
            if up[node]:
                _fail(node, next_at, graph, state, backup, heap)
        out[step, :] = up


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def run(
    repair: Floats, backup: Floats, graph: Graph, suppliers: Ints, time_h: Floats, out: Bytes
) -> None:
    """Fill `out` (samples, times, nodes) for all samples, one after the other."""
    for sample in range(repair.shape[0]):
        _run_one(repair[sample], backup[sample], graph, suppliers, time_h, out[sample])
