"""Shortest ways on the road graph, with links closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from rencheng.domain.city import City, Flags, Roads

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RoadGraph:
    """Arcs in the order of a sparse matrix; parallel arcs stay apart.

    `is_reversed` graphs lead from the destination back to where people start.
    """

    nodes: int
    start: I32
    """First arc of each node, and the end. (nodes + 1,)"""
    head: I32
    """Node at the end of each arc. (arcs,)"""
    link: I64
    """Row in `Roads` of each arc. (arcs,)"""
    seconds: F64
    """Free-flow travel time of each arc. [s] (arcs,)"""

    def matrix(self, closed: Flags | None = None) -> Any:
        """Return the travel times as a sparse matrix; closed links (links,) take for ever."""
        seconds = self.seconds
        if closed is not None:
            seconds = np.where(closed[self.link], np.inf, seconds)
        return csr_array((seconds, self.head, self.start), shape=(self.nodes, self.nodes))


def road_graph(roads: Roads, *, is_reversed: bool = False) -> RoadGraph:
    """Return the arcs of a city's roads, one-way streets in their direction only."""
    rows = np.arange(roads.start.size)
    ahead, back = rows[roads.direction >= 0], rows[roads.direction <= 0]
    tail = np.concatenate([roads.start[ahead], roads.end[back]]).astype(np.int64)
    head = np.concatenate([roads.end[ahead], roads.start[back]]).astype(np.int64)
    link = np.concatenate([ahead, back])
    if is_reversed:
        tail, head = head, tail
    order = np.lexsort((head, tail))
    nodes = len(roads.node_xy)
    seconds = roads.length_m.astype(np.float64) / roads.speed_m_s
    return RoadGraph(
        nodes=nodes,
        start=np.searchsorted(tail[order], np.arange(nodes + 1)).astype(np.int32),
        head=head[order].astype(np.int32),
        link=link[order],
        seconds=seconds[link[order]],
    )


def travel_times(
    city: City,
    from_nodes: NDArray[np.integer],
    to_nodes: NDArray[np.integer],
    *,
    blocked_share: F64 | None = None,
    closed_from: float = 0.5,
) -> F64:
    """Return driving times between road nodes on the streets that are probably open.

    Parameters
    ----------
    blocked_share
        Share of samples in which each link is blocked; None: all open. (links,)
    closed_from
        A link counts as closed from this share on.

    Returns
    -------
    seconds
        Infinity: no way; NaN: a node is unknown (below 0). [s] (from, to)

    Notes
    -----
    Free-flow speeds: no congestion and no slower driving over damaged roads, so times are lower
    bounds.
    """
    closed = None if blocked_share is None else blocked_share >= closed_from
    seconds = np.full((len(from_nodes), len(to_nodes)), np.nan)
    starts, known = np.asarray(from_nodes) >= 0, np.asarray(to_nodes) >= 0
    if starts.any() and known.any():
        sources, where = np.unique(np.asarray(from_nodes)[starts], return_inverse=True)
        found = dijkstra(road_graph(city.roads).matrix(closed), indices=sources)
        seconds[np.ix_(starts, known)] = found[where][:, np.asarray(to_nodes)[known]]
    return seconds


def route(city: City, blocked: Flags | None, from_node: int, to_node: int) -> tuple[F64, float]:
    """Return the quickest way between two road nodes that avoids blocked links.

    Returns
    -------
    line
        Vertices of the way; empty where there is none. [deg] (vertices, 2)
    seconds
        Free-flow driving time; infinity: no way. [s]
    """
    nothing = np.empty((0, 2))
    if from_node < 0 or to_node < 0:
        return nothing, float("nan")
    graph = road_graph(city.roads)
    seconds, before = dijkstra(graph.matrix(blocked), indices=from_node, return_predecessors=True)
    if not np.isfinite(seconds[to_node]):
        return nothing, float("inf")
    line = [city.roads.node_xy[[from_node]]]
    ways: list[F64] = []
    node = to_node
    while node != from_node:
        previous = int(before[node])
        ways.append(_arc_line(city.roads, graph, (previous, node), blocked))
        node = previous
    return np.concatenate(line + ways[::-1]), float(seconds[to_node])


def _arc_line(roads: Roads, graph: RoadGraph, ends: tuple[int, int], blocked: Flags | None) -> F64:
    """Return the vertices of the quickest open arc between two nodes, without the first."""
    arcs = np.arange(graph.start[ends[0]], graph.start[ends[0] + 1])
    arcs = arcs[graph.head[arcs] == ends[1]]
    if blocked is not None:
        arcs = arcs[~blocked[graph.link[arcs]]]
    link = int(graph.link[arcs[np.argmin(graph.seconds[arcs])]])
    shapes = roads.shapes
    first, last = shapes.part[shapes.shape[link]], shapes.part[shapes.shape[link + 1]]
    line = shapes.xy[first:last]
    if roads.start[link] != ends[0]:
        line = line[::-1]
    return line[1:]
