"""Results as tables and as files."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import TooMuchError
from rencheng.domain.risk import EventImpact, Standing
from rencheng.domain.risk_annual import AnnualLoss
from rencheng.model.risk.annual import annual_loss, annual_loss_at, annual_tail_mean
from rencheng.model.risk.tail import exceedance, loss_at, tail_mean

Columns = dict[str, NDArray[Any]]
YEARS = (10, 25, 50, 100, 250, 500, 1000)
"""Return periods that a summary names. [yr] Ours."""


def tables(result: EventImpact, assets: tuple[str, ...]) -> Mapping[str, Columns]:
    """Return a result as tables `events`, `assets` and `exceedance`.

    Parameters
    ----------
    result
        Of a job.
    assets
        Ids of the portfolio, in its order.

    Returns
    -------
    tables
        Unknown is NaN. `exceedance` is empty where a rate is unknown, and rests on known losses
        alone where a loss is.
    """
    names = [one.name.lower() for one in Standing]
    events: Columns = {
        "event": np.array(result.names, dtype=object),
        "rate": result.rate,
        "loss": result.loss,
        "known_loss": result.known_loss,
        "unknown": result.unknown,
    }
    if result.spread:
        events["sd_independent"] = result.spread.independent
        events["sd_together"] = result.spread.together
    curve: Columns = {}
    if np.isfinite(result.rate).all():
        steps = exceedance(result.known_loss, result.rate)
        curve = {
            "known_loss" if result.is_partial else "loss": steps.loss,
            "frequency": steps.frequency,
            "probability": steps.probability,
            "return_period": steps.return_period,
        }
    return {
        "events": events,
        "assets": {
            "id": np.array(assets, dtype=object),
            "standing": np.array([names[s] for s in result.standing], dtype=object),
            "eai": result.eai,
            "known_eai": result.known_eai,
            "unknown_events": result.dark,
        },
        "exceedance": curve,
    }


def summary(result: EventImpact) -> dict[str, Any]:
    """Return what a result comes to, ready for JSON; unknown is None.

    `loss` and `tail_mean` are of single events (OEP), `annual_…` of a year's total (AEP).
    """
    tail = []
    if np.isfinite(result.rate).all():
        steps = exceedance(result.known_loss, result.rate)
        year = _year(result)
        for years in YEARS:
            least = {
                "loss": loss_at(steps, years),
                "tail_mean": tail_mean(steps, years),
                "annual_loss": annual_loss_at(year, years).best if year else math.nan,
                "annual_tail_mean": annual_tail_mean(year, years).best if year else math.nan,
            }
            whole = dict.fromkeys(least, None) if result.is_partial else least
            tail.append(
                {"return_period": years}
                | {name: _plain(number) for name, number in whole.items()}
                | {f"known_{name}": _plain(number) for name, number in least.items()}
            )
    return {
        "currency": result.currency,
        "year": result.year,
        "aal": _plain(result.aal),
        "known_aal": _plain(result.known_aal),
        "annual_sd": _plain(result.annual_sd),
        "known_annual_sd": _plain(result.known_annual_sd),
        "unknown": int(result.unknown.sum()),
        "assets": {one.name.lower(): count for one, count in result.counts.items()},
        "events": len(result.names),
        "tail": tail,
        "versions": dict(result.versions),
        "faults": [
            {
                "where": f.where,
                "key": f.key,
                "problem": f.problem,
                "hint": f.hint,
                "count": f.count,
                "first": list(f.first),
            }
            for f in result.faults
        ],
    }


def _year(result: EventImpact) -> AnnualLoss | None:
    """Return the distribution of a year's total; None where there are too many events a year."""
    try:
        return annual_loss(result.known_loss, result.rate)
    except TooMuchError:
        return None


def _plain(number: float | None) -> float | None:
    return float(number) if number is not None and np.isfinite(number) else None


def write(result: EventImpact, assets: tuple[str, ...], folder: Path) -> list[Path]:
    """Write `events.csv`, `assets.csv`, `exceedance.csv` and, last, `summary.json`.

    Numbers are written so that they read back the same; unknown is blank.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, columns in tables(result, assets).items():
        file = folder / f"{name}.csv"
        if not columns:
            file.unlink(missing_ok=True)
            continue
        with file.open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(columns)
            rows.writerows(zip(*(_cells(column) for column in columns.values()), strict=True))
        written.append(file)
    file = folder / "summary.json"
    file.write_text(
        json.dumps(summary(result), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    return [*written, file]


def _cells(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind != "f":
        return list(column)
    return ["" if number != number else number for number in column.tolist()]
