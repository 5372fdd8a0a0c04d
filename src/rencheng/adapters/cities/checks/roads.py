"""The road graph: what does not hang together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.adapters.cities.streets import main_part
from rencheng.domain.city import F64, I64, City, Roads
from rencheng.domain.finding import Severity

# Faster than this no street is. [m/s] 180 km/h; house default, no source.
_FASTEST = 50.0
# Streets are measured to a metre at best; the build takes shorter ones as 1 m long.
_SHORTEST_M = 1.0


def roads(city: City, notes: Notes) -> None:
    """Note links apart from the main graph, without length, name or plausible speed, or double."""
    table = city.roads
    if table.start.size == 0:
        return
    middle = middles(table)
    joined = np.zeros(len(table.node_xy), dtype=bool)
    joined[main_part(table)] = True
    loose = ~(joined[table.start] & joined[table.end])
    notes.rows("roads", "roads_apart", Severity.WARNING, loose, table.id, middle)
    parts, largest = _parts(table)
    notes.fact("roads", "road_islands", Severity.WARNING, parts - 1, share=(1 - largest) * 100)
    nameless = np.array([not name for name in table.name], dtype=bool)
    notes.rows("roads", "roads_unnamed", Severity.INFO, nameless, table.id, middle)
    ends = table.node_xy
    zero = (table.start == table.end) | (ends[table.start] == ends[table.end]).all(axis=1)
    zero &= table.length_m <= _SHORTEST_M
    notes.rows("roads", "roads_zero", Severity.WARNING, zero, table.id, middle)
    wild = ~((table.speed_m_s > 0) & (table.speed_m_s <= _FASTEST))
    notes.rows("roads", "roads_speed", Severity.ERROR, wild, table.id, middle)
    notes.rows("roads", "roads_twice", Severity.INFO, _doubles(table), table.id, middle)
    streets = np.bincount(table.zone[table.zone >= 0], minlength=city.zones.id.size)
    notes.rows(
        "roads", "zones_no_street", Severity.WARNING, streets == 0, city.zones.id,
        city.zones.centre,
    )  # fmt: skip


def middles(table: Roads) -> F64:
    """Return the middle between the ends of each link. [deg] (links, 2)"""
    found: F64 = (table.node_xy[table.start] + table.node_xy[table.end]) / 2
    return found


def _parts(table: Roads) -> tuple[int, float]:
    """Return how many parts hang together, one-way signs ignored, and the links' share in one."""
    n = len(table.node_xy)
    ones = np.ones(table.start.size, dtype=np.int8)
    graph = coo_array((ones, (table.start, table.end)), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    links = np.bincount(part[table.start])
    return int((links > 0).sum()), float(links.max() / links.sum())


def _doubles(table: Roads) -> np.ndarray:
    """Return the links that repeat an earlier one: same ends and, to a decimetre, same length."""
    low = np.minimum(table.start, table.end).astype(np.int64)
    high = np.maximum(table.start, table.end).astype(np.int64)
    length: I64 = np.round(table.length_m * 10).astype(np.int64)
    order = np.lexsort((length, high, low))
    same = np.zeros(low.size, dtype=bool)
    a, b = order[:-1], order[1:]
    same[b] = (low[a] == low[b]) & (high[a] == high[b]) & (length[a] == length[b])
    return same
