"""Studies of uncertainty as tables and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.quantiles import LEVELS, spread
from rencheng.adapters.risk.results import write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.errors import Fault
from rencheng.domain.risk import Standing
from rencheng.domain.risk_uncertainty import (
    QUANTILES,
    RankStability,
    SobolIndices,
    UncertainImpact,
)
from rencheng.model.risk.uncertain.ranks import rank_stability

Columns = dict[str, NDArray[Any]]
F64 = NDArray[np.float64]
TOP = 10
"""Of groups, whose chance to be among the first is told. Ours."""


def study_tables(result: UncertainImpact, assets: Sequence[str]) -> Mapping[str, Columns]:
    """Return a study as tables.

    Parameters
    ----------
    result
        Of a study.
    assets
        Ids of the portfolio, in its order.

    Returns
    -------
    tables
        `samples` with the number of each input and the outputs; `quantiles` of the average annual
        loss and of the exceedance curve; `events`, `assets`, `groups` as far as they were carried.
        Columns are called `known_…` where a part is unknown.
    """
    known = "known_" if result.is_partial else ""
    pml = {
        f"{known}pml_{t:g}": row
        for t, row in zip(result.return_periods, result.known_pml, strict=True)
    }
    outputs = {f"{known}aal": result.known_aal, **pml}
    drawn = zip(result.design.names, result.design.uniform.T, strict=True)
    found: dict[str, Columns] = {
        "samples": {
            "sample": np.arange(result.known_aal.size),
            **{f"u_{n}": u for n, u in drawn},
            **outputs,
            "unknown": result.unknown,
        },
        "quantiles": {
            "output": np.array(list(outputs), dtype=object),
            **spread(np.array(list(outputs.values()))),
        },
    }
    if result.known_event_loss is not None and result.event_unknown is not None:
        found["events"] = {
            "event": np.array(result.names, dtype=object),
            **{f"known_{n}": v for n, v in spread(result.known_event_loss).items()},
            "unknown": result.event_unknown,
        }
    if result.known_eai_quantiles is not None:
        names = [one.name.lower() for one in Standing]
        levels = zip(LEVELS, result.known_eai_quantiles.T, strict=True)
        found["assets"] = {
            "id": np.array(assets, dtype=object),
            "standing": np.array([names[s] for s in result.standing], dtype=object),
            **{f"known_eai_{n}": v for n, v in levels},
            "unknown_events": result.dark,
        }
    if len(result.groups) > 1 and np.isfinite(result.known_group_aal).all():
        found["groups"] = group_table(result)
    return found


def group_table(result: UncertainImpact) -> Columns:
    """Return the groups in the order of their mean loss, with how sure that order is."""
    ranks = stability(result)
    row = [result.groups.index(one) for one in ranks.id]
    return {
        "group": np.array(ranks.id, dtype=object),
        **{f"known_{n}": v for n, v in spread(result.known_group_aal[row]).items()},
        "rank_p05": ranks.rank[:, 0],
        "rank_p50": ranks.rank[:, 1],
        "rank_p95": ranks.rank[:, 2],
        f"in_top_{ranks.top}": ranks.in_top,
    }


def stability(result: UncertainImpact) -> RankStability:
    """Return how sure the order of a result's groups is."""
    top = min(TOP, max(1, len(result.groups) // 2))
    return rank_stability(result.known_group_aal, result.groups, top=top)


def sobol_table(indices: SobolIndices) -> Columns:
    """Return Sobol indices, a row for each output and input, in SALib's names."""
    many, inputs = len(indices.outputs), len(indices.inputs)
    return {
        "output": np.repeat(np.array(indices.outputs, dtype=object), inputs),
        "input": np.tile(np.array(indices.inputs, dtype=object), many),
        "S1": indices.first.ravel(),
        "S1_conf": indices.first_confidence.ravel(),
        "ST": indices.total.ravel(),
        "ST_conf": indices.total_confidence.ravel(),
    }


def study_summary(result: UncertainImpact, indices: SobolIndices | None = None) -> dict[str, Any]:
    """Return what a study comes to, ready for JSON; unknown is None."""
    known = "known_" if result.is_partial else ""
    said: dict[str, Any] = {
        "currency": result.currency,
        "year": result.year,
        "samples": int(result.known_aal.size),
        f"{known}aal": _row(spread(result.known_aal[None]), 0),
        "unknown_most": int(result.unknown.max(initial=0)),
        "tail": [
            {"return_period": float(t), f"{known}pml": _row(spread(row[None]), 0)}
            for t, row in zip(result.return_periods, result.known_pml, strict=True)
        ],
        "assets": {one.name.lower(): count for one, count in result.counts.items()},
        "inputs": list(result.design.names),
        "versions": dict(result.versions),
        "faults": [_plain_fault(one) for one in result.faults],
    }
    if len(result.groups) > 1 and np.isfinite(result.known_group_aal).all():
        ranks = stability(result)
        tau = ranks.tau[np.isfinite(ranks.tau)]
        levels = np.quantile(tau, QUANTILES).tolist() if tau.size else [None] * len(QUANTILES)
        said["ranking"] = {
            "groups": len(result.groups),
            "kendall_tau": dict(zip(LEVELS, levels, strict=True)),
        }
    if indices:
        table = sobol_table(indices)
        rows = [
            {name: _plain(column[i]) for name, column in table.items()}
            for i in range(table["S1"].size)
        ]
        origin = {"runs": indices.runs, "origin": indices.origin, "level": indices.confidence}
        said["sobol"] = {**origin, "indices": rows}
    return said


def write_study(
    result: UncertainImpact,
    assets: Sequence[str],
    folder: Path,
    indices: SobolIndices | None = None,
) -> list[Path]:
    """Write a CSV for each table, `sobol.csv` where asked and, last, `summary.json`.

    Numbers are written so that they read back the same; unknown is blank.
    """
    found = dict(study_tables(result, assets))
    if indices:
        found["sobol"] = sobol_table(indices)
    names = ("samples", "quantiles", "events", "assets", "groups", "sobol")
    with results_folder(folder):
        written = write_tables({name: found.get(name, {}) for name in names}, folder)
        return [*written, write_summary(folder, study_summary(result, indices), written)]


def _row(columns: Columns, row: int) -> dict[str, Any]:
    return {name: _plain(column[row]) for name, column in columns.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return float(value) if np.isfinite(value) else None


def _plain_fault(one: Fault) -> dict[str, Any]:
    return {
        "where": one.where, "key": one.key, "problem": one.problem, "hint": one.hint,
        "count": one.count, "first": list(one.first),
    }  # fmt: skip
