"""Appraised measures as tables and as files."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.risk import is_nothing
from rencheng.domain.risk_measures import Appraisal, Choice, UncertainWorth, Worth
from rencheng.domain.risk_uncertainty import QUANTILES
from rencheng.model.risk.measures.choice import choose
from rencheng.model.risk.measures.uncertain import uncertain_worth
from rencheng.model.risk.measures.worth import RATES, ranked

Row = dict[str, Any]
_OF_SAVINGS = (
    "known_aal", "left_known_aal", "chosen", "saving_if_each_stood_alone", "bound", "bound_linear",
    "greedy",
)  # fmt: skip
_NO_SAVING = ("avoided_a_year", "transferred_a_year", "benefit_present", "npv", "bcr", "bcr_low",
              "bcr_high", "payback_years")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureReport:
    """Everything that is told of an appraisal at one discount rate and budget."""

    appraisal: Appraisal
    alone: tuple[Worth, ...]
    """Each measure by itself, the best ratio first."""
    choice: Choice
    by_rate: tuple[Choice, ...]
    """The choice again at each of `RATES`."""
    uncertain: UncertainWorth | None = None
    """Each measure alone, and the chosen together, in every sample; None where nothing is drawn."""


def report(
    appraisal: Appraisal,
    *,
    budget: float,
    discount_rate: float,
    samples: Sequence[Appraisal] = (),
) -> MeasureReport:
    """Return measures ranked, chosen under a budget, and chosen again at other discount rates.

    Parameters
    ----------
    appraisal
        From `appraise`.
    budget
        For costs at the start; `inf`: no limit. [currency]
    discount_rate
        Real, as a share. [1/yr]
    samples
        From `appraise_samples`: what is chosen by the best estimates is looked at in each.
    """
    choice = choose(appraisal, budget, discount_rate)
    drawn = samples and not is_nothing(appraisal.counts)
    return MeasureReport(
        appraisal=appraisal,
        alone=tuple(ranked(appraisal, discount_rate)),
        choice=choice,
        uncertain=uncertain_worth(samples, discount_rate, appraisal.rows(*choice.best.ids))
        if drawn
        else None,
        by_rate=tuple(choose(appraisal, budget, rate) for rate in RATES),
    )


def measure_rows(told: MeasureReport) -> list[Row]:
    """Return one row for each measure, the best ratio first.

    Without a rank and what it saves where no asset could be assessed.
    """
    nothing = is_nothing(told.appraisal.counts)
    measures = {m.id: (k, m) for k, m in enumerate(told.appraisal.measures)}
    rows = []
    for place, one in enumerate(told.alone, 1):
        k, measure = measures[one.ids[0]]
        rows.append(
            {
                "rank": "" if nothing else place,
                "id": measure.id,
                "name": measure.name,
                "kind": str(measure.kind),
                "assets": told.appraisal.touched[k],
                "is_chosen": int(measure.id in told.choice.best.ids and not nothing),
                **worth_row(one),
                **(dict.fromkeys(_NO_SAVING, "") if nothing else {}),
                "status": str(measure.status),
                "source": measure.source,
            }
        )
    return rows


def worth_row(one: Worth) -> Row:
    """Return the figures of a set of measures."""
    return {
        "avoided_a_year": one.saving.avoided,
        "transferred_a_year": one.saving.transferred,
        "cost": one.cost,
        "upkeep_present": one.upkeep,
        "benefit_present": one.benefit,
        "npv": one.npv,
        "bcr": one.bcr,
        "bcr_low": one.bcr_low,
        "bcr_high": one.bcr_high,
        "payback_years": one.payback,
    }


def measure_summary(told: MeasureReport) -> Row:
    """Return what a report comes to, ready for JSON; unknown or endless is None.

    Where no asset could be assessed nobody knows what any measure saves: there is no choice.
    """
    found, choice = told.appraisal, told.choice
    nothing = is_nothing(found.counts)
    said = {
        "currency": found.currency,
        "year": found.year,
        "discount_rate": choice.best.discount_rate,
        "budget": _plain(choice.budget),
        "known_aal": found.known_aal,
        "is_partial": found.is_partial,
        "left_known_aal": choice.left_aal,
        "chosen": _worth(choice.best),
        "saving_if_each_stood_alone": choice.summed_saving,
        "bound": _plain(choice.bound),
        "bound_linear": _plain(choice.relaxed),
        "greedy": _worth(choice.greedy),
        "by_discount_rate": [_worth(one.best) for one in told.by_rate],
        "excluded": sorted(
            sorted(found.measures[k].id for k in pair) for pair in found.excluded
        ),
        "assets": {one.name.lower(): count for one, count in found.counts.items()},
        "made_unknown": found.darkened,
        "uncertain": _uncertain(told.uncertain),
        "runs": found.runs,
        "versions": dict(found.versions),
        "faults": [
            {"where": f.where, "key": f.key, "problem": f.problem, "hint": f.hint,
             "count": f.count, "first": list(f.first)}
            for f in found.faults
        ],
    }  # fmt: skip
    if nothing:
        said |= dict.fromkeys(_OF_SAVINGS)
        said["by_discount_rate"] = []
    return said


def uncertain_rows(found: UncertainWorth) -> list[Row]:
    """Return one row for each measure alone, and one for the chosen together.

    Quantiles over the samples by their percentage; ranks are by the ratio, 1 the best. Blank where
    nothing is paid, or there are not two measures to rank.
    """
    ranks = found.ranks
    place = {name: i for i, name in enumerate(ranks.id)} if ranks else {}
    parts = (("saved_a_year", found.saving), ("npv", found.npv), ("bcr", found.bcr))
    spread = {name: np.quantile(all_of_it, QUANTILES, axis=1) for name, all_of_it in parts}
    rows = []
    for k, ids in enumerate(found.ids):
        row: Row = {"measures": " ".join(ids)}
        for name, quantiles in spread.items():
            row |= {
                f"{name}_p{100 * q:02.0f}": float(x)
                for q, x in zip(QUANTILES, quantiles[:, k], strict=True)
            }
        row["probability_worth_it"] = float(found.probability[k])
        at = place.get(ids[0]) if len(ids) == 1 else None
        for i, name in enumerate(("rank_p05", "rank_p50", "rank_p95")):
            row[name] = nan if ranks is None or at is None else float(ranks.rank[at, i])
        row["share_first"] = nan if ranks is None or at is None else float(ranks.in_top[at])
        rows.append(row)
    return rows


def _uncertain(found: UncertainWorth | None) -> Row | None:
    if found is None:
        return None
    rows = [
        {name: one if isinstance(one, str) else _plain(one) for name, one in row.items()}
        for row in uncertain_rows(found)
    ]
    taus = np.zeros(0) if found.ranks is None else found.ranks.tau
    taus = taus[~np.isnan(taus)]
    return {
        "samples": found.saving.shape[1],
        "discount_rate": found.discount_rate,
        "sets": rows,
        "rank_tau": np.quantile(taus, (0.05, 0.5, 0.95)).tolist() if taus.size else None,
    }


def _worth(one: Worth) -> Row:
    figures = {name: _plain(number) for name, number in worth_row(one).items()}
    return {"measures": list(one.ids), "discount_rate": one.discount_rate, **figures}


def _plain(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def write_measures(told: MeasureReport, folder: Path) -> list[Path]:
    """Write `measures.csv`, `discount_rates.csv`, `uncertainty.csv` and, last, `summary.json`.

    Unknown is blank, never is `inf`.
    """
    rates = [
        {"discount_rate": one.best.discount_rate, "measures": " ".join(one.best.ids)}
        | worth_row(one.best)
        | {"bound": one.bound}
        for one in (() if is_nothing(told.appraisal.counts) else told.by_rate)
    ]
    with results_folder(folder):
        files = [
            _csv(folder / "measures.csv", measure_rows(told)),
            _csv(folder / "discount_rates.csv", rates),
            *(
                [_csv(folder / "uncertainty.csv", uncertain_rows(told.uncertain))]
                if told.uncertain
                else []
            ),
        ]
        return [*files, write_summary(folder, measure_summary(told), files)]


def _csv(file: Path, rows: Sequence[Row]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, list(rows[0]) if rows else [])
        table.writeheader()
        for row in rows:
            table.writerow({k: "" if v != v else v for k, v in row.items()})
    return file
