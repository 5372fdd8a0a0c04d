"""Ways along open streets in compiled code; imported by `access` when first needed.

It trusts its input: only `access` calls it. Serial, with the GIL released. A sample closes few of
the streets, so the ways of an ordinary day are found once and a sample finds anew only those that
led over a closed link or to a hospital out of work.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]
# Tuples of arrays, as the compiled functions pass them on.
# graph: first arc of each node and the end, head, link and time of each arc
Graph = tuple[I32, I32, I64, F64]
# heap: times and nodes; a node may be in it more than once, and only its least time counts
Heap = tuple[F64, I32]
# tree: nodes in the order of their times, and for each node the one before it and the link between
# (-1 where the way ends)
Tree = tuple[I32, I32, I64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def push(times: F64, nodes: I32, size: int, time: float, node: int) -> None:
    """Put a node into a heap of `size`."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if times[above] <= time:
            break
        times[at], nodes[at] = times[above], nodes[above]
        at = above
    times[at], nodes[at] = time, node


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def drop(times: F64, nodes: I32, size: int) -> None:
    """Take the first out of a heap of `size`, which leaves one less."""
    time, node = times[size - 1], nodes[size - 1]
    at, below = 0, 1
    while below < size - 1:
        if below + 1 < size - 1 and times[below + 1] < times[below]:
            below += 1
        if times[below] >= time:
            break
        times[at], nodes[at] = times[below], nodes[below]
        at, below = below, 2 * below + 1
    times[at], nodes[at] = time, node


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def settle(size: int, closed: Flags, graph: Graph, heap: Heap, tree: Tree, seconds: F64) -> int:
    """Go on from the nodes in a heap until no way gets shorter: Dijkstra. Returns how many went."""
    start, head, link, takes = graph
    times, nodes = heap
    order, before, over = tree
    done = 0
    while size > 0:
        now, node = times[0], nodes[0]
        drop(times, nodes, size)
        size -= 1
        if now > seconds[node]:
            continue
        order[done] = node
        done += 1
        for arc in range(start[node], start[node + 1]):
            if closed[link[arc]]:
                continue
            other, then = head[arc], now + takes[arc]
            if then < seconds[other]:
                seconds[other], before[other], over[other] = then, node, link[arc]
                push(times, nodes, size, then, other)
                size += 1
    return done


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def nearest(sources: I64, closed: Flags, graph: Graph, heap: Heap, tree: Tree, seconds: F64) -> int:
    """Fill `seconds` (nodes,) with the time from the nearest source; infinity: no way.

    Returns how many nodes are reached.
    """
    seconds[:] = np.inf
    size = 0
    for node in sources:
        if seconds[node] > 0.0:
            seconds[node], tree[1][node], tree[2][node] = 0.0, -1, -1
            push(heap[0], heap[1], size, 0.0, node)
            size += 1
    return settle(size, closed, graph, heap, tree, seconds)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def again(
    whole: Flags,
    closed: Flags,
    graph: Graph,
    usual: tuple[int, I32, I32, I64, F64],
    room: tuple[Heap, Tree, Flags],
    seconds: F64,
) -> None:
    """Fill `seconds` as `nearest` from the `whole` of the sources (nodes,), from the usual ways.

    `usual`: how many nodes are reached, their tree and times with all sources and no link closed.
    """
    start, head, link, takes = graph
    many, order, before, over, known = usual
    heap, tree, lost = room
    times, nodes = heap
    seconds[:] = known
    for k in range(many):
        node = order[k]
        if before[node] < 0:
            lost[node] = not whole[node]
        else:
            lost[node] = closed[over[node]] or lost[before[node]]
        if lost[node]:
            seconds[node] = np.inf
    size = 0
    for k in range(many):
        node = order[k]
        if lost[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            other = head[arc]
            if lost[other] and not closed[link[arc]]:
                then = seconds[node] + takes[arc]
                if then < seconds[other]:
                    seconds[other] = then
                    push(times, nodes, size, then, other)
                    size += 1
    settle(size, closed, graph, heap, tree, seconds)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def root(part: I32, node: int) -> int:
    """Return the node that stands for a node's part, and shorten the way to it."""
    while part[node] != node:
        part[node] = part[part[node]]
        node = part[node]
    return node


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def join(tail: I32, head: I32, links: I64, closed: Flags, part: I32) -> None:
    """Make one part (nodes,) of what hangs together by open ones of `links`, driven both ways."""
    for at in links:
        if not closed[at]:
            one, other = root(part, tail[at]), root(part, head[at])
            part[max(one, other)] = min(one, other)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def each(hospital: I64, zone: I64, links: int, graph: Graph, found: F64) -> None:
    """Fill `found` (hospitals, zones) with the times from zones (nodes, -1 unknown) on open links.

    NaN where a zone's node is unknown.
    """
    nodes = graph[0].size - 1
    seconds, closed = np.empty(nodes), np.zeros(links, np.bool_)
    heap = np.empty(graph[1].size + nodes), np.empty(graph[1].size + nodes, np.int32)
    tree = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int64)
    for h in range(hospital.size):
        nearest(hospital[h : h + 1], closed, graph, heap, tree, seconds)
        for z in range(zone.size):
            found[h, z] = seconds[zone[z]] if zone[z] >= 0 else np.nan


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def follow(
    closed: Flags,
    whole: Flags,
    graph: Graph,
    ends: tuple[I32, I32],
    places: tuple[I64, I64, F64],
    found: tuple[F64, Flags],
) -> None:
    """Follow samples: time from zones to the nearest whole hospital, hospitals that are reached.

    `closed` (samples, links), `whole` (samples, hospitals); `ends` of the links; `places`: nodes of
    zones (-1 unknown) and hospitals, residents of zones; `found`: times (samples, zones), hospitals
    in the part of the streets with most residents (samples, hospitals).
    """
    zone, hospital, people = places
    after, reached = found
    samples, links = closed.shape
    nodes, room = graph[0].size - 1, graph[1].size + graph[0].size
    seconds, known = np.empty(nodes), np.empty(nodes)
    heap = np.empty(room), np.empty(room, np.int32)
    tree = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int64)
    order, before, over = tree[0].copy(), tree[1].copy(), tree[2].copy()
    many = nearest(hospital, np.zeros(links, np.bool_), graph, heap, (order, before, over), known)
    usual = many, order, before, over, known
    lost, works = np.zeros(nodes, np.bool_), np.zeros(nodes, np.bool_)
    ever = np.zeros(links, np.bool_)
    for sample in range(samples):
        ever |= closed[sample]
    always, some = np.flatnonzero(~ever), np.flatnonzero(ever)
    joined, living = np.arange(nodes).astype(np.int32), np.empty(nodes)
    join(ends[0], ends[1], always, ever, joined)
    for sample in range(samples):
        works[:] = False
        for h in range(hospital.size):
            works[hospital[h]] |= whole[sample, h]
        again(works, closed[sample], graph, usual, (heap, tree, lost), seconds)
        part = joined.copy()
        join(ends[0], ends[1], some, closed[sample], part)
        living[:] = 0.0
        for z in range(zone.size):
            after[sample, z] = seconds[zone[z]] if zone[z] >= 0 else np.nan
            if zone[z] >= 0:
                living[root(part, zone[z])] += people[z]
        most = np.argmax(living)
        for h in range(hospital.size):
            reached[sample, h] = root(part, hospital[h]) == most
