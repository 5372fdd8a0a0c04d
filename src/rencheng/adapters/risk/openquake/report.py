"""What a job of OpenQuake comes to: tables by event, asset, tag and return period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.calculation import (
    Amounts,
    consequences,
    damages,
    dearer,
    losses,
    paid,
)
from rencheng.adapters.risk.openquake.classical_job import MODES, run_classical, tables_of
from rencheng.adapters.risk.openquake.job import read_job
from rencheng.adapters.risk.openquake.model import Model, read_model
from rencheng.adapters.risk.openquake.perils import read_perils
from rencheng.adapters.risk.results import write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.errors import Fault
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.periods import loss_by_period, periods_of

Columns = dict[str, NDArray[Any]]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuakeReport:
    """Results of a job."""

    tables: Mapping[str, Columns]
    """`events`, `assets`, `totals`, `by_tag` and `curves`, by name; columns by name."""
    mode: str
    counts: Mapping[str, int]
    """Assets computed, assets left out, events, perils."""
    is_sampled_there: bool
    """Whether OpenQuake would draw samples, of which these are the expectation."""
    faults: tuple[Fault, ...]


def run_job(path: str | Path, *, budget_mb: float = BUDGET_MB) -> OpenQuakeReport:
    """Return the losses, damage and consequences of a job of OpenQuake.

    Parameters
    ----------
    path
        Its `job.ini`: `scenario_risk`, `scenario_damage`, `event_based_risk` or
        `event_based_damage` with ground motion in a file, `multi_risk`, or `classical_risk` or
        `classical_damage` with hazard curves in files.
    budget_mb
        Memory for the computation of each measure. [MB]

    Raises
    ------
    InvalidInputError
        With every fault of the job, or of the first file that has one.
    TooMuchError
        When it cannot keep within its memory.

    Notes
    -----
    Averages are those of OpenQuake: of a scenario over its ground motion fields, else over
    `risk_investigation_time`. Losses and damage are expected ones; nothing is sampled.
    """
    file = Path(path)
    if read_job(file).mode in MODES:
        return _classical(file)
    is_several = read_job(file).mode == "multi_risk"
    models = read_perils(file) if is_several else {"": read_model(file)}
    first = next(iter(models.values()))
    found = {name: _amounts(model, budget_mb) for name, model in models.items()}
    named = {f"{k}_{name}" if name else k: v for name, one in found.items() for k, v in one.items()}
    return OpenQuakeReport(
        tables={
            "events": _events(first, {} if is_several else named),
            "assets": _assets(first, named),
            "totals": _totals(first, named, ()),
            "by_tag": _totals(first, named, first.job.words("aggregate_by")),
            "curves": {} if first.is_scenario else _curves(first, named),
        },
        mode=first.job.mode,
        counts={
            "assets": int(first.exposure.id.size),
            "left_out": sum(f.count for f in first.faults if f.key in _LEFT_OUT),
            "events": first.motion.events,
            "perils": len(models),
        },
        is_sampled_there=not all(one.is_sure for one in named.values()),
        faults=first.faults,
    )


def _classical(file: Path) -> OpenQuakeReport:
    done = run_classical(file)
    return OpenQuakeReport(
        tables=tables_of(done),
        mode=read_job(file).mode,
        counts={
            "assets": int(done.exposure.id.size),
            "left_out": sum(f.count for f in done.faults if f.key in _LEFT_OUT),
            "events": 0,
            "perils": 1,
        },
        is_sampled_there=False,
        faults=done.faults,
    )


_LEFT_OUT = ("openquake.region", "openquake.outside")


def write_report(report: OpenQuakeReport, folder: Path) -> list[Path]:
    """Write a CSV for each table that has rows and, last, `summary.json`; unknown is blank."""
    kept = {
        "mode": report.mode,
        "counts": dict(report.counts),
        "expected_values": True,
        "is_sampled_there": report.is_sampled_there,
        "faults": [
            {"where": f.where, "key": f.key, "problem": f.problem, "count": f.count}
            for f in report.faults
        ],
    }
    with results_folder(folder):
        written = write_tables(report.tables, folder)
        return [*written, write_summary(folder, kept, written)]


def _amounts(model: Model, budget_mb: float) -> dict[str, Amounts]:
    """Return all amounts of a model, by kind of loss and what they are."""
    found: dict[str, Amounts] = {}
    for kind in model.vulnerability:
        found[kind] = losses(model, kind, budget_mb=budget_mb)
        for more in (paid(model, found[kind]), dearer(model, found[kind])):
            if more:
                found[more.name] = more
    for kind in model.fragility:
        states = damages(model, kind, budget_mb=budget_mb)
        after = consequences(model, states, kind)
        found |= {f"{kind}-{name}": one for name, one in {**states, **after}.items()}
    return found


def _events(model: Model, named: Mapping[str, Amounts]) -> Columns:
    if not named:
        return {}
    number = np.arange(model.motion.events)
    return {"event_id": number, **{name: one.by_event for name, one in named.items()}}


def _assets(model: Model, named: Mapping[str, Amounts]) -> Columns:
    given, scale = model.exposure, model.horizon / model.years
    return {
        "id": given.id,
        "lon": given.lonlat[:, 0],
        "lat": given.lonlat[:, 1],
        "taxonomy": given.taxonomy,
        **given.tag,
        **{name: one.by_asset * scale for name, one in named.items()},
    }


def _groups(model: Model, tags: tuple[str, ...]) -> tuple[list[tuple[str, ...]], I64]:
    """Return the combinations of tags that occur, in order, and which of them each asset has."""
    given = model.exposure
    if not tags:
        return [()], np.zeros(given.id.size, dtype=np.int64)
    every = {"taxonomy": given.taxonomy, "id": given.id, **given.tag}
    if "site_id" in tags:
        every["site_id"] = model.motion.sites.id[model.point]
    each = list(zip(*(every[tag].astype(str).tolist() for tag in tags), strict=True))
    names = sorted(set(each))
    row = {name: i for i, name in enumerate(names)}
    return names, np.array([row[one] for one in each], dtype=np.int64)


def _totals(model: Model, named: Mapping[str, Amounts], tags: tuple[str, ...]) -> Columns:
    scale = model.horizon / model.years
    names, of = _groups(model, tags)
    sums = {
        what: (
            np.bincount(of, one.by_asset * scale, len(names)).tolist(),
            np.bincount(of, one.exposed, len(names)).tolist(),
        )
        for what, one in named.items()
    }
    rows = []
    for i, group in enumerate(names):
        for what, (total, exposed) in sums.items():
            share = total[i] / exposed[i] if exposed[i] else np.nan
            rows.append((*group, what, total[i], share))
    return _columns((*tags, "what", "amount", "share"), rows)


def _curves(model: Model, named: Mapping[str, Amounts]) -> Columns:
    asked = model.job.numbers("return_periods")
    if not asked.size:
        asked = periods_of(model.years, model.motion.events).astype(np.float64)
    tags = model.job.words("aggregate_by")
    names, of = _groups(model, tags)
    reached = {
        what: _reached(one, of, len(names), (model.years, asked)) for what, one in named.items()
    }
    rows = []
    for i, group in enumerate(names):
        for what, table in reached.items():
            pairs = zip(asked.tolist(), table[i].tolist(), strict=True)
            rows += [(*group, what, period, amount) for period, amount in pairs]
    return _columns((*tags, "what", "return_period", "amount"), rows)


def _reached(one: Amounts, of: I64, groups: int, when: tuple[float, F64]) -> F64:
    """Return what each group of assets loses once in so many years. (groups, periods)"""
    mine = of[one.asset]
    order = np.argsort(mine, kind="stable")
    start = np.searchsorted(mine[order], np.arange(groups + 1))
    found = np.empty((groups, when[1].size))
    for i in range(groups):
        rows = order[start[i] : start[i + 1]]
        losses = np.bincount(one.event[rows], one.amount[rows], one.events)
        found[i] = loss_by_period(losses, *when)
    return found


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Columns:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    found: Columns = {}
    for name, values in zip(names, columns, strict=True):
        is_number = name in {"amount", "share", "return_period"}
        found[name] = np.array(values, dtype=float if is_number else object)
    return found
