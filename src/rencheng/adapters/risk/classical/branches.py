"""Hazard curves of several branches of a logic tree: one result of each, mean and quantiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rencheng.adapters.risk.classical.hazard_curves import fault_of
from rencheng.adapters.risk.classical.results import Columns, classical_summary, classical_table
from rencheng.adapters.risk.faults import refuse
from rencheng.adapters.risk.results import write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.risk_classical import (
    Branches,
    ClassicalLosses,
    ClassicalStates,
    HazardCurves,
    RetrofitWorth,
)
from rencheng.model.risk.classical.branches import of_branches, over_branches

Result = TypeVar("Result", ClassicalLosses, ClassicalStates, RetrofitWorth)
QUANTILES = (0.05, 0.5, 0.95)
# Printed weights are rounded. No published source.
ROUNDED = 1e-6


def classical_branches(
    branches: Sequence[tuple[float, HazardCurves]], compute: Callable[[HazardCurves], Result]
) -> Branches[Result]:
    """Return a result under each branch of a logic tree, and their mean.

    Parameters
    ----------
    branches
        Weight and hazard of each; weights sum to 1, places, measure and unit are the same.
    compute
        What is asked of a hazard, such as `risk.classical_losses` with its assets and curves.

    Returns
    -------
    result
        `mean`, and `results` branch by branch; `branch_quantiles` gives quantiles of any figure.

    Raises
    ------
    InvalidInputError
        When weights do not sum to 1 or are negative, or hazards differ in place, measure or unit.

    Examples
    --------
    >>> from rencheng import risk
    >>> wet, dry = (risk.hazard_curves(
    ...     {"lon": [114.3], "lat": [30.6], "poe-0.5": [p], "poe-2": [p / 8]},
    ...     measure="water_depth", unit="m", years=50) for p in (0.4, 0.2))
    >>> house = {"id": ["a"], "lon": [114.3], "lat": [30.6], "value": [1000.0]}
    >>> found = risk.classical_branches(
    ...     [(0.25, wet), (0.75, dry)],
    ...     lambda hazard: risk.classical_losses(
    ...         house, hazard, [risk.curve("jrc.asia.residential")], currency="CNY", year=2024))
    >>> each = [float(one.aal[0, 0]) for one in found.results]
    >>> abs(float(found.mean.aal[0, 0]) - (each[0] + 3 * each[1]) / 4) < 1e-12
    True
    >>> float(risk.branch_quantiles(found, lambda one: one.aal, [0.75])[0, 0, 0]) == each[1]
    True
    """
    weight = np.array([share for share, _ in branches], dtype=float)
    hazards = [one for _, one in branches]
    bad = not len(branches) or (weight < 0.0).any() or not abs(weight.sum() - 1.0) <= ROUNDED
    faults = [fault_of("weights", "branches", [f"{w:g}" for w in weight] or ["-"] if bad else [])]
    other = [
        one.source
        for one in hazards[1:]
        if (one.measure, one.unit) != (hazards[0].measure, hazards[0].unit)
        or not np.array_equal(one.place, hazards[0].place)
    ]
    faults.append(fault_of("other_branch", "branches", other))
    refuse([one for one in faults if one])
    return of_branches(hazards, weight / weight.sum(), compute)


def branch_quantiles(
    found: Branches[Result], figure: Callable[[Result], Any], quantile: Sequence[float] = QUANTILES
) -> Any:
    """Return weighted quantiles over the branches of a figure of each. (quantiles, ...)

    See `rencheng.model.risk.classical.branches.over_branches` for what lies between branches.
    """
    must_be_quantiles(quantile)
    return over_branches([figure(one) for one in found.results], found.weight, quantile)[1]


def must_be_quantiles(quantile: Sequence[float]) -> None:
    """Refuse quantiles beyond 0 to 1."""
    astray = fault_of("quantile", "quantiles", [f"{q:g}" for q in quantile if not 0.0 <= q <= 1.0])
    refuse([astray] if astray else [])


def branches_table(found: Branches[Any], years: float, quantile: Sequence[float]) -> Columns:
    """Return one row for each asset: the mean as it is without branches, then its quantiles.

    The chance of a state is the mean of the branches' chances; a quantile of the column `aal` is
    `aal_q0.05`, of the asset by itself.
    """
    each = [classical_table(one, years) for one in found.results]
    table = classical_table(found.mean, years)
    for name in [name for name, column in table.items() if column.dtype != object]:
        values = [one[name] for one in each]
        mean, spread = over_branches(values, found.weight, quantile)
        if name.startswith("chance_"):
            table[name] = mean
        if name != "cost":
            table |= {f"{name}_q{q:g}": row for q, row in zip(quantile, spread, strict=True)}
    return table


def branches_summary(found: Branches[Any], quantile: Sequence[float]) -> dict[str, Any]:
    """Return what the mean comes to, and under `branches` what each does; ready for JSON."""
    each = [classical_summary(one) for one in found.results]
    totals = ("known_aal", "known_benefit")
    summary = classical_summary(found.mean)
    (name,) = [name for name in totals if name in summary] or [""]
    summary["branches"] = [
        {"weight": float(weight), "hazard": one.get("versions", {}).get("hazard")}
        | {k: one[k] for k in (*totals, "known_bcr", "expected_rate") if k in one}
        for weight, one in zip(found.weight, each, strict=True)
    ]
    if name:
        _, spread = over_branches([one[name] for one in each], found.weight, quantile)
        summary[f"{name}_quantiles"] = {
            f"{q:g}": float(value) for q, value in zip(quantile, spread, strict=True)
        }
    first = {f.key: asdict(f) for one in found.results for f in one.faults}
    return summary | {"faults": list(first.values())}


def write_branches(
    found: Branches[Any], folder: Path, years: float, quantile: Sequence[float] = QUANTILES
) -> dict[str, Any]:
    """Write `assets.csv` and, last, `summary.json`; return what the summary says."""
    must_be_quantiles(quantile)
    summary = branches_summary(found, quantile)
    with results_folder(folder):
        written = write_tables({"assets": branches_table(found, years, quantile)}, folder)
        write_summary(folder, summary, written)
    return summary
