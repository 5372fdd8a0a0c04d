"""What each kind of asset usually needs, and the form in which a city gathers what it really needs.

Hardly any city has its dependencies written down. The defaults stand in `data/dependencies`; the
form is the defaults, or what is known, for every asset of a city, for its owner to correct.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rencheng.adapters.files import data_folder, read_ours
from rencheng.domain.city import City
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.provenance import Origin

SCHEMA = "rencheng.dependency-defaults/1"
COLUMNS = (
    "node", "name", "service", "supplier", "group", "backup_low_h", "backup_high_h", "source",
    "remark",
)  # fmt: skip
"""Columns of the form, and of the table that a source of kind `dependencies` reads."""
SERVICES = ("power", "water", "telecom", "access")
SHAPES = ("uniform",)
ASSUMPTION = "assumption"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualNeed:
    """What one kind of asset needs, and how long it lasts without it."""

    service: str
    low_h: float
    high_h: float
    shape: str
    """How the time lies between the two: `uniform`."""
    source: str
    remark: str = ""
    is_used: bool = True
    """Whether a generated graph holds it; else it is only asked for in the form."""


def default_needs(kind: str) -> tuple[UsualNeed, ...]:
    """Return what an asset of a kind needs in a generated graph, empty for a kind without a row.

    Parameters
    ----------
    kind
        A kind of `Facilities` or `Lifelines`, or `zone`.
    """
    return tuple(need for need in asked_needs(kind) if need.is_used)


def asked_needs(kind: str) -> tuple[UsualNeed, ...]:
    """Return what the form asks of an asset of a kind: the default needs, and those unknown."""
    return _defaults().get(kind, ())


@cache
def _defaults() -> Mapping[str, tuple[UsualNeed, ...]]:
    return load_defaults(data_folder() / "dependencies" / "defaults.toml")


def load_defaults(file: Path) -> Mapping[str, tuple[UsualNeed, ...]]:
    """Read a table of usual needs, by kind of asset.

    Raises
    ------
    InvalidInputError
        When the file is no such table, or rows are impossible; all of them are named.
    """
    table = read_ours(file)
    if table.get("schema") != SCHEMA:
        raise _refused(file.name, [_fault("schema", f"{table.get('schema')!r}, not {SCHEMA!r}")])
    faults: list[Fault] = []
    found: dict[str, dict[str, UsualNeed]] = {}
    for row, entry in enumerate(table.get("need", []), start=1):
        where = f"need[{row}]"
        need = _need(entry, where, faults)
        if need is None:
            continue
        for kind in (entry["asset"], *entry.get("same", ())):
            if need.service in found.setdefault(kind, {}):
                faults.append(_fault(where, f"{kind} {need.service} stands twice"))
            found[kind][need.service] = need
    if faults:
        raise _refused(file.name, faults)
    return {kind: tuple(needs.values()) for kind, needs in found.items()}


def _need(entry: Mapping[str, Any], where: str, faults: list[Fault]) -> UsualNeed | None:
    try:
        need = UsualNeed(
            service=str(entry["service"]),
            low_h=float(entry["low_h"]),
            high_h=float(entry["high_h"]),
            shape=str(entry.get("shape", "uniform")),
            source=str(entry["source"]),
            remark=str(entry.get("remark", "")),
            is_used=bool(entry.get("used", True)),
        )
        str(entry["asset"])
    except (KeyError, TypeError, ValueError) as error:
        faults.append(_fault(where, f"{type(error).__name__}: {error}"))
        return None
    if not 0 <= need.low_h <= need.high_h < float("inf"):
        faults.append(_fault(where, f"low_h {need.low_h}, high_h {need.high_h}"))
    if need.service not in (*SERVICES, "telecom_power"):
        faults.append(_fault(where, f"service {need.service!r}"))
    if need.shape not in SHAPES:
        faults.append(_fault(where, f"shape {need.shape!r}"))
    if not need.source:
        faults.append(_fault(where, "no source"))
    return need


def template_rows(city: City, *, with_zones: bool = False) -> tuple[dict[str, str], ...]:
    """Return the form: one row for each supplier of each need of each asset, pre-filled.

    What the city's graph says comes first, with its suppliers and times; a need that the graph
    does not hold follows with the usual times and an empty supplier. Rows of one node, service and
    group are alternatives: any one of them is enough.

    Parameters
    ----------
    with_zones
        Also what residents get, nodes `zone:<id>:<service>`: a table that is to stand for the
        whole graph needs them.

    Returns
    -------
    rows
        By the names of `COLUMNS`, all strings; empty: for the owner to fill in.
    """
    graph = city.dependencies
    row_of = {name: row for row, name in enumerate(graph.node)}
    origin = next((one for one in city.layers if one.name == "dependencies"), None)
    is_made = origin is None or origin.origin in (Origin.SYNTHETIC, Origin.MISSING)
    source = ASSUMPTION if origin is None or is_made else origin.source
    rows: list[dict[str, str]] = []
    for node, name, kind in _assets(city, with_zones=with_zones):
        known = _known(city, row_of[node], node, name, source) if node in row_of else []
        rows += known
        stated = {row["service"] for row in known}
        rows += [
            _row(node, name, need.service, "", 0, (need.low_h, need.high_h), need.source,
                 need.remark)
            for need in asked_needs(kind)
            if need.service not in stated and need.service in SERVICES
        ]  # fmt: skip
    return tuple(rows)


def template_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows of the form as CSV text with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _assets(city: City, *, with_zones: bool) -> Iterable[tuple[str, str, str]]:
    """Return id, name and kind of everything that the form asks about."""
    places, lifelines, zones = city.facilities, city.lifelines, city.zones
    yield from zip(places.id, places.name, places.kind, strict=True)
    yield from ((name, "", kind) for name, kind in zip(lifelines.id, lifelines.kind, strict=True))
    if with_zones:
        for number, name in zip(zones.id, zones.name, strict=True):
            yield from ((f"zone:{int(number)}:{what}", name, "") for what in SERVICES)


def _known(city: City, row: int, node: str, name: str, source: str) -> list[dict[str, str]]:
    """Return the rows of one node of the graph, one for each supplier."""
    graph = city.dependencies
    count: dict[str, int] = {}
    rows = []
    for group in range(graph.group_start[row], graph.group_start[row + 1]):
        service = graph.service[group]
        number = count.get(service, 0)
        count[service] = number + 1
        times = (float(graph.backup_low_h[group]), float(graph.backup_high_h[group]))
        suppliers = graph.supplier[graph.supplier_start[group] : graph.supplier_start[group + 1]]
        for supplier in [graph.node[int(one)] for one in suppliers] or [""]:
            rows.append(_row(node, name, service, supplier, number, times, source, ""))
    return rows


def _row(
    node: str, name: str, service: str, supplier: str, group: int, times: tuple[float, float],
    source: str, remark: str,
) -> dict[str, str]:  # fmt: skip
    low, high = ("" if value != value else f"{value:g}" for value in times)
    values = (node, name, service, supplier, str(group), low, high, source, remark)
    return dict(zip(COLUMNS, values, strict=True))


def _fault(where: str, problem: str) -> Fault:
    return Fault(
        where=where,
        key="needs.row",
        problem=problem,
        hint="Give asset, service, 0 <= low_h <= high_h, source",
        first=(problem,),
    )


def _refused(name: str, faults: list[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "needs.table",
        f"{name}: {len(faults)} faults, first {faults[0].where}: {faults[0].problem}",
        hint="Mend the rows that are named",
        params={"file": name, "n": len(faults), "first": faults[0].where},
        faults=faults,
    )
