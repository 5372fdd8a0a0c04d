"""How long a way takes on foot and by car, along streets that are not blocked."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from rencheng.domain.city import F64, I32, City, Flags, Roads
from rencheng.domain.impact import Impact
from rencheng.domain.rules import OperationRules

EARTH_M = 6_371_008.8
"""Mean radius, WGS84. [m]"""


def straight_m(a: F64, b: F64) -> F64:
    """Return great-circle distances between points lon, lat. [m] (a, b)

    Examples
    --------
    >>> one_degree = straight_m(np.array([[0.0, 0.0]]), np.array([[0.0, 1.0]]))
    >>> round(float(one_degree[0, 0]) / 1000, 1)
    111.2
    """
    lon_a, lat_a = np.radians(a).T
    lon_b, lat_b = np.radians(b).T
    half = (
        np.sin((lat_b[None] - lat_a[:, None]) / 2) ** 2
        + np.cos(lat_a)[:, None]
        * np.cos(lat_b)[None]
        * np.sin((lon_b[None] - lon_a[:, None]) / 2) ** 2
    )
    distance: F64 = 2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return distance


def walking(roads: Roads, speed_m_s: float) -> csr_array:
    """Return the street graph for walkers, who may go both ways, in seconds. (nodes, nodes)"""
    seconds = roads.length_m.astype(np.float64) / speed_m_s
    return _graph(
        np.concatenate([roads.start, roads.end]),
        np.concatenate([roads.end, roads.start]),
        np.concatenate([seconds, seconds]),
        roads.node_xy.shape[0],
    )


def driving(roads: Roads, is_open: Flags) -> csr_array:
    """Return the graph of the open links for cars at free speed, in seconds. (nodes, nodes)

    Which links are open is for the caller to say, such as those open in most samples.
    """
    seconds = roads.length_m.astype(np.float64) / np.maximum(roads.speed_m_s, 0.1)
    forth = is_open & (roads.direction >= 0)
    back = is_open & (roads.direction <= 0)
    return _graph(
        np.concatenate([roads.start[forth], roads.end[back]]),
        np.concatenate([roads.end[forth], roads.start[back]]),
        np.concatenate([seconds[forth], seconds[back]]),
        roads.node_xy.shape[0],
    )


def open_streets(city: City, impact: Impact, rules: OperationRules) -> csr_array:
    """Return the driving graph of the links that are open in enough samples. (nodes, nodes)"""
    return driving(city.roads, impact.access.blocked_share <= 1.0 - rules.usable_share)


def _graph(start: I32, end: I32, seconds: F64, nodes: int) -> csr_array:
    """Build the matrix; parallel links stay apart, and whoever travels takes the quicker."""
    order = np.argsort(start, kind="stable")
    first = np.searchsorted(start[order], np.arange(nodes + 1)).astype(np.int32)
    arcs = np.maximum(seconds[order], 1e-3), end[order].astype(np.int32), first
    return csr_array(arcs, shape=(nodes, nodes))


def travel_s(graph: csr_array, sources: I32, targets: I32, limit_s: float = np.inf) -> F64:
    """Return travel times between nodes; infinity: no way within the limit. [s] (sources, targets)

    Notes
    -----
    Dijkstra of SciPy, once for each different source, or for each different target on the turned
    graph where there are fewer of them.
    """
    if sources.size == 0 or targets.size == 0:
        return np.full((sources.size, targets.size), np.inf)
    if np.unique(targets).size < np.unique(sources).size:
        return travel_s(graph.T.tocsr(), targets, sources, limit_s).T
    nodes, row = np.unique(sources, return_inverse=True)
    from_each = dijkstra(graph, directed=True, indices=nodes, limit=limit_s)
    times: F64 = np.atleast_2d(from_each)[row][:, targets]
    return times
