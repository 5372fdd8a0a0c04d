"""Who needs whom: gaps, circles and times that cannot be."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.adapters.cities.generate.usual_needs import default_needs
from rencheng.domain.city import F64, City, Flags
from rencheng.domain.finding import Severity
from rencheng.domain.provenance import Origin

_LAYER = "dependencies"
_SERVICES = ("power", "water", "telecom", "access")


def needs(city: City, notes: Notes) -> None:
    """Note what is missing from the dependency graph, circles, and backup times out of order."""
    graph = city.dependencies
    if not graph.node:
        return
    nodes = set(graph.node)
    lost = [
        f"zone:{number}:{service}"
        for number in city.zones.id
        for service in _SERVICES
        if f"zone:{number}:{service}" not in nodes
    ]
    notes.ids(_LAYER, "zone_nodes", Severity.WARNING, lost)
    where = _places(city)
    assets = (*city.lifelines.id, *city.facilities.id)
    absent = [name for name in assets if name not in nodes]
    notes.ids(_LAYER, "not_in_graph", Severity.WARNING, absent, _at(where, absent))
    of_group = np.repeat(np.arange(len(graph.node)), np.diff(graph.group_start))
    size = np.diff(graph.supplier_start)
    owner = [graph.node[row] for row in of_group]
    xy = _at(where, owner)
    notes.rows(_LAYER, "no_supplier", Severity.ERROR, size == 0, owner, xy)
    low, high = graph.backup_low_h, graph.backup_high_h
    notes.rows(_LAYER, "backup_order", Severity.ERROR, ~(low <= high), owner, xy)
    notes.rows(_LAYER, "backup_negative", Severity.ERROR, low < 0, owner, xy)
    _gaps(city, notes, where)
    circle = _circles(city, of_group)
    notes.rows(_LAYER, "needs_circle", Severity.ERROR, circle, graph.node, _at(where, graph.node))
    origins = {layer.name: layer.origin for layer in city.layers}
    if origins.get(_LAYER) is Origin.SYNTHETIC:
        notes.fact(_LAYER, "backups_assumed", Severity.WARNING, int((high > 0).sum()))


def _gaps(city: City, notes: Notes, where: dict[str, tuple[float, float]]) -> None:
    """Note facilities of which the graph does not say what their kind usually needs."""
    graph = city.dependencies
    has = {
        name: set(graph.service[graph.group_start[row] : graph.group_start[row + 1]])
        for row, name in enumerate(graph.node)
    }
    gaps = [
        (name, need.service)
        for name, kind in zip(city.facilities.id, city.facilities.kind, strict=True)
        for need in default_needs(kind)
        if need.service not in has.get(name, set()) and need.service != "access"
    ]
    notes.ids(
        _LAYER, "need_unstated", Severity.WARNING, [f"{name}: {what}" for name, what in gaps],
        _at(where, [name for name, _ in gaps]),
    )  # fmt: skip


def _circles(city: City, of_group: np.ndarray) -> Flags:
    """Return the nodes that need themselves, directly or through others. (nodes,)"""
    graph = city.dependencies
    n = len(graph.node)
    user = np.repeat(of_group, np.diff(graph.supplier_start))
    ones = np.ones(len(user), dtype=np.int8)
    _, part = connected_components(
        coo_array((ones, (user, graph.supplier)), shape=(n, n)), connection="strong"
    )
    in_circle = np.bincount(part)[part] > 1
    in_circle[user[user == graph.supplier]] = True
    found: Flags = in_circle
    return found


def _places(city: City) -> dict[str, tuple[float, float]]:
    """Return lon, lat of every asset and of every service of every zone. [deg]"""
    found: dict[str, tuple[float, float]] = {}
    for names, xy in (
        (city.lifelines.id, city.lifelines.xy), (city.facilities.id, city.facilities.xy),
    ):  # fmt: skip
        found |= dict(zip(names, map(tuple, xy.tolist()), strict=True))
    for number, xy in zip(city.zones.id, city.zones.centre.tolist(), strict=True):
        found |= {f"zone:{number}:{service}": tuple(xy) for service in _SERVICES}
    return found


def _at(where: dict[str, tuple[float, float]], names: list[str] | tuple[str, ...]) -> F64:
    unknown = (np.nan, np.nan)
    return np.array([where.get(name, unknown) for name in names], dtype=float).reshape(-1, 2)
