"""Results of classical risk as tables and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.results import YEARS, write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.risk import Standing
from rencheng.domain.risk_classical import ClassicalLosses, ClassicalStates, RetrofitWorth

Columns = dict[str, NDArray[Any]]


def classical_table(
    result: ClassicalLosses | ClassicalStates | RetrofitWorth, years: float = 50.0
) -> Columns:
    """Return one row for each asset; unknown is NaN.

    Parameters
    ----------
    result
        Losses give `aal` by component and `loss_<return period>`, all components added: the loss
        that a year exceeds with the chance of that return period, as if components lost together.
        States give how often each is reached and the chance of each as the worst within `years`.
        Retrofits give losses before and after, benefit, cost and ratio.
    years
        For states. [yr]
    """
    rows: Columns = {"id": np.array(result.id, dtype=object)}
    if isinstance(result, RetrofitWorth):
        return rows | {
            "aal_before": result.aal_before,
            "aal_after": result.aal_after,
            "benefit": result.benefit,
            "cost": result.cost,
            "bcr": result.ratio,
        }
    names = [one.name.lower() for one in Standing]
    rows["standing"] = np.array([names[s] for s in result.standing], dtype=object)
    if isinstance(result, ClassicalStates):
        reached = zip(result.states[1:], result.rate.T, strict=True)
        chance = zip(result.states, result.probability(years).T, strict=True)
        return (
            rows
            | {f"rate_{name}": column for name, column in reached}
            | {f"chance_{name}": column for name, column in chance}
        )
    for name, known, whole in zip(result.components, result.known_aal.T, result.aal.T, strict=True):
        rows |= {f"aal_{name}": whole, f"known_aal_{name}": known}
    for period in YEARS:
        rows[f"loss_{period}"] = result.loss_at(-np.expm1(-1.0 / period), 1.0).sum(axis=1)
    return rows


def classical_summary(result: ClassicalLosses | ClassicalStates | RetrofitWorth) -> dict[str, Any]:
    """Return what a result comes to, ready for JSON; unknown is None."""
    said: dict[str, Any] = {"faults": [asdict(one) for one in result.faults]}
    if isinstance(result, RetrofitWorth):
        known = np.isfinite(result.benefit) & np.isfinite(result.cost)
        benefit, cost = (float(v[known].sum()) for v in (result.benefit, result.cost))
        return said | {
            "currency": result.currency,
            "year": result.year,
            "known_benefit": benefit,
            "known_cost": cost,
            "known_bcr": benefit / cost if cost > 0.0 else None,
            "unknown": int((~known).sum()),
        }
    said |= {
        "assets": {one.name.lower(): many for one, many in result.counts.items()},
        "versions": dict(result.versions),
    }
    if isinstance(result, ClassicalStates):
        return said | {
            "expected_rate": dict(
                zip(result.states[1:], np.nansum(result.rate, axis=0).tolist(), strict=True)
            ),
            "unknown": int(np.isnan(result.rate).any(axis=1).sum()),
        }
    return said | {
        "currency": result.currency,
        "year": result.year,
        "known_aal": result.known_total,
        "aal": None if result.unknown else result.known_total,
        "unknown": result.unknown,
    }


def write_classical(
    result: ClassicalLosses | ClassicalStates | RetrofitWorth, folder: Path, years: float = 50.0
) -> Mapping[str, Any]:
    """Write `assets.csv` and, last, `summary.json`; return what the summary says.

    Numbers are written so that they read back the same; unknown is blank.
    """
    summary = classical_summary(result)
    with results_folder(folder):
        written = write_tables({"assets": classical_table(result, years)}, folder)
        write_summary(folder, summary, written)
    return summary
