"""The dependency graph: what sources state, then what is usual, without loops or loose ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from rencheng.adapters.cities.generate.needs import Group
from rencheng.adapters.cities.given import RawNeeds
from rencheng.domain.city import Dependencies
from rencheng.domain.errors import Param
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.provenance import Text

Groups = dict[str, list[Group]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The dependencies and what was wrong with those stated."""

    dependencies: Dependencies
    stated: int
    """Needs that a source states."""
    assumed: int
    """Needs filled by the default rule."""
    findings: tuple[DataFinding, ...]


def make_graph(raw: RawNeeds | None, usual: Groups, known: Collection[str]) -> Graph:
    """Put together what is stated and what is usual.

    Parameters
    ----------
    usual
        Groups by node that the default rule gives; a service that a source states for a node is
        not taken from it. Empty: nothing is assumed.
    known
        Every name that a node or supplier may have. A row with another is counted and left out.

    Notes
    -----
    Of needs that run in a circle the one that closes it is dropped and named in a finding.
    """
    groups, findings = _stated(raw, known) if raw is not None else ({}, [])
    stated = sum(map(len, groups.values()))
    assumed = 0
    for node, needs in usual.items():
        said = {service for service, *_ in groups.get(node, ())}
        more = [need for need in needs if need[0] not in said]
        groups.setdefault(node, []).extend(more)
        assumed += len(more)
    order = [*usual, *(node for node in groups if node not in usual)]
    for node in [s for needs in groups.values() for *_, suppliers in needs for s in suppliers]:
        if node not in groups:
            groups[node] = []
            order.append(node)
    ordered, dropped = without_cycles({node: groups[node] for node in order})
    if dropped:
        first = tuple(f"{node} → {supplier}" for node, supplier in dropped[:3])
        findings.append(_finding("needs_cycle", len(dropped), first, edge=first[0]))
    return Graph(
        dependencies=pack(ordered), stated=stated, assumed=assumed, findings=tuple(findings)
    )


def _stated(raw: RawNeeds, known: Collection[str]) -> tuple[Groups, list[DataFinding]]:
    """Return the groups that a source states; rows that name nobody we know are left out."""
    names = set(known)
    rows: dict[tuple[str, str, int], list[int]] = {}
    lost: list[str] = []
    for row, (node, service, group, supplier) in enumerate(
        zip(raw.node, raw.service, raw.group, raw.supplier, strict=True)
    ):
        wrong = [name for name in (node, supplier) if name not in names]
        if wrong:
            lost.append(str(wrong[0]))
        else:
            rows.setdefault((str(node), str(service), int(group)), []).append(row)
    groups: Groups = {}
    for (node, service, _), which in rows.items():
        suppliers = tuple(dict.fromkeys(str(raw.supplier[row]) for row in which))
        low, high = float(raw.backup_low_h[which[0]]), float(raw.backup_high_h[which[0]])
        groups.setdefault(node, []).append((service, low, high, suppliers))
    found = []
    if lost:
        first = tuple(dict.fromkeys(lost))[:3]
        found.append(_finding("needs_dangling", len(lost), first))
    return groups, found


def without_cycles(groups: Mapping[str, list[Group]]) -> tuple[Groups, list[tuple[str, str]]]:
    """Return the nodes with suppliers first, less the needs that close a circle, and those.

    Nodes keep their order as far as suppliers allow. A group of which every supplier is dropped is
    dropped too.

    Examples
    --------
    >>> ordered, dropped = without_cycles(
    ...     {"a": [("power", 0.0, 0.0, ("b",))], "b": [("water", 0.0, 0.0, ("a",))]})
    >>> list(ordered), dropped
    (['b', 'a'], [('b', 'a')])
    """
    state: dict[str, int] = {}  # 1: being visited, 2: done
    order: list[str] = []
    dropped: list[tuple[str, str]] = []
    for root in groups:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter([s for *_, suppliers in groups[root] for s in suppliers]))]
        while stack:
            node, rest = stack[-1]
            supplier = next(rest, None)
            if supplier is None:
                state[node] = 2
                order.append(node)
                stack.pop()
            elif state.get(supplier) == 1:
                dropped.append((node, supplier))
            elif supplier not in state:
                state[supplier] = 1
                below = [s for *_, suppliers in groups[supplier] for s in suppliers]
                stack.append((supplier, iter(below)))
    away = set(dropped)
    ordered: Groups = {}
    for node in order:
        ordered[node] = []
        for service, low, high, suppliers in groups[node]:
            left = tuple(s for s in suppliers if (node, s) not in away)
            if left or not suppliers:
                ordered[node].append((service, low, high, left))
    return ordered, list(dict.fromkeys(dropped))


def pack(groups: Groups) -> Dependencies:
    """Return the graph as columns."""
    node = tuple(groups)
    row = {name: i for i, name in enumerate(node)}
    flat = [group for name in node for group in groups[name]]
    return Dependencies(
        node=node,
        group_start=np.cumsum([0] + [len(groups[n]) for n in node]).astype(np.int32),
        service=tuple(g[0] for g in flat),
        backup_low_h=np.array([g[1] for g in flat], dtype=np.float64),
        backup_high_h=np.array([g[2] for g in flat], dtype=np.float64),
        supplier_start=np.cumsum([0] + [len(g[3]) for g in flat]).astype(np.int32),
        supplier=np.array([row[s] for g in flat for s in g[3]], dtype=np.int32),
    )


def _finding(key: str, count: int, first: tuple[str, ...], **params: Param) -> DataFinding:
    return DataFinding(
        key=key,
        severity=Severity.WARNING,
        layer="dependencies",
        text=Text(f"check.{key}", {"n": count, **params}),
        count=count,
        first=first,
        mend=Text(f"check.{key}.mend"),
    )
