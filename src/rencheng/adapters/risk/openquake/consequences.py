"""Consequence models: what each damage state costs, as a share of what stands to be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import floats, nrml, read_bytes, table

F64 = NDArray[np.float64]
_NAMED = ("risk_id", "taxonomy", "consequence", "peril", "loss_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """Shares lost in each state, by consequence and risk id."""

    states: tuple[str, ...]
    """From mild to worst, without "none"."""
    share: Mapping[str, Mapping[str, F64]]
    """Consequence (`losses`, `fatalities`, `homeless` …) → risk id → share. [1] (states,)"""


def read_consequences(paths: Sequence[Path]) -> Consequences:
    """Return the consequences of CSV files, or of one NRML file.

    Parameters
    ----------
    paths
        CSV: columns `risk_id` (or `taxonomy`), `consequence` and one for each state. NRML: a
        `consequenceModel`; its standard deviations are left out.

    Raises
    ------
    InvalidInputError
        With every fault: columns, numbers, shares outside 0 to 1, files with other states.
    """
    found = Found()
    states: tuple[str, ...] = ()
    share: dict[str, dict[str, F64]] = {}
    for path in paths:
        body = read_bytes(path, found)
        is_xml = path.suffix.lower() == ".xml"
        mine, rows = _nrml(body, path, found) if is_xml else _csv(body, path, found)
        if states and mine and mine != states:
            found.add("states", path.name, f"{' '.join(mine)} ≠ {' '.join(states)}")
        states = states or mine
        for kind, name, values in rows:
            if not ((values >= 0) & (values <= 1)).all():
                found.add("ratio", path.name, f"{name}, {kind}")
            if name in share.setdefault(kind, {}):
                found.add("double", path.name, f"{name}, {kind}")
            share[kind][name] = values
    found.refuse()
    return Consequences(states=states, share=share)


Rows = list[tuple[str, str, F64]]


def _csv(body: bytes, path: Path, found: Found) -> tuple[tuple[str, ...], Rows]:
    read = table(body, path.name, found, ["consequence"])
    if not read.columns:
        return (), []
    key = "risk_id" if "risk_id" in read else "taxonomy"
    if key not in read:
        found.add("columns", path.name, "risk_id")
        return (), []
    states = tuple(name for name in read.columns if name not in _NAMED)
    values = np.column_stack([read.numbers(name, found) for name in states])
    names = zip(read.columns["consequence"], read.columns[key], strict=True)
    return states, [(str(k), str(n), row) for (k, n), row in zip(names, values, strict=True)]


def _nrml(body: bytes, path: Path, found: Found) -> tuple[tuple[str, ...], Rows]:
    from rencheng.service.xml import children, text

    root = nrml(body, path.name, "consequenceModel", found)
    if root is None:
        return (), []
    states = tuple(text(root, "limitStates").split())
    rows = []
    for one in children(root, "consequenceFunction"):
        where = f"{path.name}, {one.get('id')}"
        given = {p.get("ls"): floats(p.get("mean"), where, found) for p in children(one, "params")}
        if set(given) != set(states) or any(v.size != 1 for v in given.values()):
            found.add("states", where, sorted(set(states) ^ {str(s) for s in given}) or ["mean"])
            continue
        rows.append(("losses", str(one.get("id")), np.array([given[s][0] for s in states])))
    return states, rows
