"""Results as tables and as files."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.quantiles import of_fields
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.errors import TooMuchError
from rencheng.domain.risk import EventImpact, Standing, is_nothing
from rencheng.domain.risk_annual import AnnualLoss
from rencheng.model.risk.annual import annual_loss, annual_loss_at, annual_tail_mean, told
from rencheng.model.risk.tail import exceedance, loss_at, tail_mean

Columns = dict[str, NDArray[Any]]
YEARS = (10, 25, 50, 100, 250, 500, 1000)
"""Return periods that a summary names. [yr] Ours."""


def tables(result: EventImpact, assets: tuple[str, ...]) -> Mapping[str, Columns]:
    """Return a result as tables `events`, `assets`, `exceedance` and `quantiles`.

    Parameters
    ----------
    result
        Of a job.
    assets
        Ids of the portfolio, in its order.

    Returns
    -------
    tables
        Unknown is NaN. `exceedance` is empty where a rate is unknown or no asset could be assessed,
        and rests on known losses alone where a loss is unknown. `quantiles` is of the fields drawn
        of one event, and empty where none were.
    """
    nothing = is_nothing(result.counts)
    is_known = result.standing <= Standing.NOT_EXPOSED
    names = [one.name.lower() for one in Standing]
    events: Columns = {
        "event": np.array(result.names, dtype=object),
        "rate": result.rate,
        "loss": result.loss,
        "known_loss": np.full(result.rate.size, np.nan) if nothing else result.known_loss,
        "unknown": result.unknown,
    }
    if result.spread and not nothing:
        events["sd_independent"] = result.spread.independent
        events["sd_together"] = result.spread.together
    curve: Columns = {}
    if np.isfinite(result.rate).all() and not nothing:
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
            "known_eai": np.where(is_known, result.known_eai, np.nan),
            "unknown_events": result.dark,
        },
        "exceedance": curve,
        "quantiles": of_fields(result),
    }


def summary(result: EventImpact) -> dict[str, Any]:
    """Return what a result comes to, ready for JSON; unknown is None.

    Where no asset could be assessed there is no loss, known or not, and `tail` is empty. `loss` and
    `tail_mean` are of single events (OEP), `annual_…` of a year's total (AEP), `…_low` and `…_high`
    its bounds; where these say nothing (`annual.told`) all three are None, and `withheld` names the
    return period. Both are of the same years: an event that happens 1 / T a year at least is met
    with the probability 1 - exp(-1 / T), and the total is of that probability.
    """
    tail, withheld = [], []
    nothing = is_nothing(result.counts)
    if np.isfinite(result.rate).all() and not nothing:
        steps = exceedance(result.known_loss, result.rate)
        year = _year(result)
        for years in YEARS:
            least: dict[str, float | None] = {
                "loss": loss_at(steps, years),
                "tail_mean": tail_mean(steps, years),
                **_of_a_year(year, years),
            }
            if year and None in (least["annual_loss"], least["annual_tail_mean"]):
                withheld.append(years)
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
        "known_aal": None if nothing else _plain(result.known_aal),
        "annual_sd": _plain(result.annual_sd),
        "known_annual_sd": None if nothing else _plain(result.known_annual_sd),
        "unknown": int(result.unknown.sum()),
        "assets": {one.name.lower(): count for one, count in result.counts.items()},
        "events": len(result.names),
        "drawn": {n: _cell(column[0]) for n, column in of_fields(result).items()} or None,
        "tail": tail,
        "withheld": withheld,
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


def _of_a_year(year: AnnualLoss | None, years: float) -> dict[str, float | None]:
    """Return the total, and the mean beyond, of the years in which such an event is met."""
    asked = -1.0 / math.expm1(-1.0 / years)
    found = {
        "annual_loss": told(annual_loss_at(year, asked)) if year else None,
        "annual_tail_mean": told(annual_tail_mean(year, asked)) if year else None,
    }
    return {
        f"{name}{end}": None if one is None else getattr(one, part)
        for name, one in found.items()
        for end, part in (("", "best"), ("_low", "low"), ("_high", "high"))
    }


def _year(result: EventImpact) -> AnnualLoss | None:
    """Return the distribution of a year's total; None where there are too many events a year."""
    try:
        return annual_loss(result.known_loss, result.rate)
    except TooMuchError:
        return None


def _cell(value: Any) -> Any:
    return value if isinstance(value, str) else _plain(value)


def _plain(number: float | None) -> float | None:
    return float(number) if number is not None and np.isfinite(number) else None


def write(result: EventImpact, assets: tuple[str, ...], folder: Path) -> list[Path]:
    """Write a CSV for each of `tables` that is not empty and, last, `summary.json`.

    Numbers are written so that they read back the same; unknown is blank.
    """
    with results_folder(folder):
        written = write_tables(tables(result, assets), folder)
        return [*written, write_summary(folder, summary(result), written)]


def write_tables(found: Mapping[str, Columns], folder: Path) -> list[Path]:
    """Write each table that has columns as CSV; unknown is blank."""
    written = []
    for name, columns in found.items():
        file = folder / f"{name}.csv"
        if not columns:
            file.unlink(missing_ok=True)
            continue
        with file.open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(columns)
            rows.writerows(zip(*(_cells(column) for column in columns.values()), strict=True))
        written.append(file)
    return written


def _cells(column: NDArray[Any]) -> list[Any]:
    return ["" if cell != cell else cell for cell in column.tolist()]
