"""Nodes and lines of the lifelines: what is cut off, loose or impossible."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.domain.city import F64, I64, City, Flags
from rencheng.domain.finding import Severity

_SECTORS = ("power", "water", "telecom", "drainage")
_LAID = ("power", "water", "drainage")
# Where a network is fed from, or where it ends.
_SOURCES = {
    "power": ("generation", "substation"),
    "water": ("treatment", "well", "tank"),
    "drainage": ("outfall", "treatment"),
}
# What is taken for a slip: the largest power station has 22,500 MW (Three Gorges); no pipe of a
# city is wider than 5 m; no city's works pass more than 200 m³/s. House defaults, no source.
_MOST = {"power": 25_000.0, "water": 200.0, "drainage": 1_000.0}
_MOST_LINE_MW, _WIDEST_M = 15_000.0, 5.0


def networks(city: City, notes: Notes) -> None:
    """Note nodes without curve or line, impossible capacities, and lines that lead nowhere."""
    nodes = city.lifelines
    sector = np.array(nodes.sector, dtype=object)
    bare = np.array([not curve for curve in nodes.curve], dtype=bool)
    for name in _SECTORS:
        mine = sector == name
        layer = f"{name}_network"
        notes.rows(layer, "no_curve", Severity.WARNING, bare & mine, nodes.id, nodes.xy)
        with np.errstate(invalid="ignore"):
            wild = (nodes.capacity < 0) | (nodes.capacity > _MOST.get(name, np.inf))
        notes.rows(layer, "capacity_wild", Severity.ERROR, wild & mine, nodes.id, nodes.xy)
    twice = _again(nodes.id)
    notes.rows("power_network", "lifelines_id_twice", Severity.ERROR, twice, nodes.id, nodes.xy)
    for name in _LAID:
        _mains(city, notes, name)
    kinds = list(nodes.kind)
    for name, kind in (("power", "generation"), ("water", "treatment")):
        single = [kind] if kinds.count(kind) == 1 else []
        notes.ids(f"{name}_network", "single_source", Severity.INFO, single)


def _again(names: tuple[str, ...]) -> Flags:
    first: dict[str, int] = {}
    return np.array([first.setdefault(n, row) != row for row, n in enumerate(names)], dtype=bool)


def _mains(city: City, notes: Notes, sector: str) -> None:
    mains, layer = city.mains, f"{sector}_network"
    rows = np.flatnonzero(np.array(mains.sector, dtype=object) == sector)
    names = [mains.id[row] for row in rows]
    if sector != "drainage" or rows.size:
        laid = np.bincount(mains.zone[rows][mains.zone[rows] >= 0], minlength=city.zones.id.size)
        notes.rows(
            layer, f"no_{sector}_mains", Severity.INFO, laid == 0, city.zones.id, city.zones.centre
        )
    if rows.size == 0:
        return
    start, end = mains.start[rows].astype(np.int64), mains.end[rows].astype(np.int64)
    count = len(city.lifelines.id)
    loose = (start < 0) | (end < 0) | (start >= count) | (end >= count)
    middle = _middles(city, np.where(loose, 0, start), np.where(loose, 0, end))
    middle[loose] = np.nan
    notes.rows(layer, "mains_loose", Severity.ERROR, loose, names, middle)
    zero = ~(mains.length_m[rows] > 0)
    notes.rows(layer, "mains_zero", Severity.WARNING, zero & ~loose, names, middle)
    with np.errstate(invalid="ignore"):
        width, load = mains.diameter_m[rows], mains.capacity[rows]
        odd = (width <= 0) | (width > _WIDEST_M)
        wild = (load < 0) | (load > _MOST_LINE_MW)
    notes.rows(layer, "mains_diameter", Severity.ERROR, odd, names, middle)
    notes.rows(layer, "mains_capacity", Severity.ERROR, wild, names, middle)
    _shape(city, notes, sector, start[~loose], end[~loose])


def _middles(city: City, start: I64, end: I64) -> F64:
    xy = city.lifelines.xy
    if len(xy) == 0:
        return np.full((len(start), 2), np.nan)
    found: F64 = (xy[start] + xy[end]) / 2
    return found


def _shape(city: City, notes: Notes, sector: str, start: I64, end: I64) -> None:
    """Note nodes that no source reaches along the lines, alone, or at a dead end."""
    nodes, layer = city.lifelines, f"{sector}_network"
    count = len(nodes.id)
    mine = np.array([one == sector for one in nodes.sector], dtype=bool)
    source = mine & np.isin(np.array(nodes.kind, dtype=object), _SOURCES[sector])
    graph = coo_array((np.ones(start.size, dtype=np.int8), (start, end)), shape=(count, count))
    _, part = connected_components(graph, directed=False)
    degree = np.bincount(np.concatenate([start, end]), minlength=count)
    fed = np.isin(part, part[source])
    alone = mine & (degree == 0)
    apart = mine & ~fed & (degree > 0)
    dead = mine & ~source & (degree == 1)
    notes.rows(layer, "nodes_alone", Severity.INFO, alone, nodes.id, nodes.xy)
    notes.rows(layer, "mains_apart", Severity.WARNING, apart, nodes.id, nodes.xy)
    notes.rows(layer, "mains_dead_end", Severity.INFO, dead, nodes.id, nodes.xy)
