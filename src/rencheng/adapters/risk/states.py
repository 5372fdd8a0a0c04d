"""States of damage of a table of assets under an event set: exact, or drawn; as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.risk.assets.table import Assets, portfolio, read_assets
from rencheng.adapters.risk.events.table import EventSet, Table, column
from rencheng.adapters.risk.faults import fault, refuse
from rencheng.adapters.risk.results import write_tables
from rencheng.adapters.risk.results_folder import results_folder, write_summary
from rencheng.domain.curve import Curve, CurveKind
from rencheng.domain.errors import Fault
from rencheng.domain.risk import EventSource, Portfolio, Standing, StateImpact, is_nothing
from rencheng.domain.risk_sample import SampledStates
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.states import expected as expectation
from rencheng.model.risk.states import sampling

Columns = dict[str, NDArray[Any]]
Progress = Callable[[int, int], None]


def expected_states(
    assets: Table,
    events: EventSet,
    curves: Sequence[Curve] | Mapping[str, Curve],
    *,
    budget_mb: float = BUDGET_MB,
) -> StateImpact:
    """Return how many assets each event leaves in each state, without sampling.

    Parameters
    ----------
    assets
        Columns `id`, `lon`, `lat` [deg] and `curve`. A mapping or a data frame.
    events
        As `risk.run` takes them.
    curves
        Fragilities by the name that the assets use; all with the same states.
    budget_mb
        Memory that the job may take beyond its inputs. [MB]

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute.
    TooMuchError
        When the job cannot keep within its memory.

    Notes
    -----
    See `rencheng.model.risk.states.expected.expected_states` for the method and what it was held
    against.
    """
    source, folio, fitting, _, _ = _job(assets, events, curves)
    return expectation.expected_states(source, folio, fitting, budget_mb=budget_mb)


def sample_states(
    assets: Table,
    events: EventSet,
    curves: Sequence[Curve] | Mapping[str, Curve],
    plan: sampling.Sampling,
    *,
    progress: Progress | None = None,
) -> SampledStates:
    """Return drawn states of every asset in every realisation of every event, counted.

    Parameters
    ----------
    assets
        Columns `id`, `lon`, `lat` [deg] and `curve`. A mapping or a data frame.
    events
        As `risk.run` takes them.
    curves
        Fragilities by the name that the assets use; all with the same states.
    plan
        Seed, realisations of each event, correlation between assets, groups to count by, memory.
    progress
        Called with events done and all events.

    Returns
    -------
    result
        Its `faults` name rows of assets that could not be assessed.

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute.
    TooMuchError
        When the job cannot keep within its memory.

    Notes
    -----
    See `rencheng.model.risk.states.sampling.sample_states` for the method and what it leaves out.
    """
    source, folio, fitting, faults, versions = _job(assets, events, curves)
    result = sampling.sample_states(
        source, folio, fitting, plan, progress=progress, versions=versions
    )
    return replace(result, faults=faults)


def _job(
    assets: Table, events: EventSet, curves: Sequence[Curve] | Mapping[str, Curve]
) -> tuple[EventSource, Portfolio, list[Curve], tuple[Fault, ...], dict[str, str]]:
    named = curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
    read = _read(assets, named)
    source, reach_m = events.at(read.lonlat)
    head = source.head
    kind = [n for n, c in named.items() if c.kind is not CurveKind.FRAGILITY]
    other = [f"{n} ({c.intensity})" for n, c in named.items() if c.intensity != head.measure]
    faults = [fault("fragility", "curves", kind)] if kind else []
    faults += [fault("other_measure", f"curves, {head.measure}", other)] if other else []
    refuse(faults)
    fitting = [curve.in_unit(head.unit) for curve in named.values()]
    folio, bad = portfolio(read, list(named), head.place, reach_m, currency="", year=0)
    versions = {
        "events": head.source,
        "reach_m": f"{reach_m:.6g}",
        **{f"curve {one.id}": one.version for one in fitting},
    }
    return source, folio, fitting, bad, versions


def _read(assets: Table, curves: Mapping[str, Curve]) -> Assets:
    """Read a table whose values play no part."""
    wanted = [name for name in ("id", "lon", "lat", "curve") if name in assets]
    picked: dict[str, Any] = {name: assets[name] for name in wanted}
    if "id" in picked:
        picked["value"] = np.ones(len(column(assets, "id")))
    return read_assets(picked, curves)


def groups_of(assets: Table, name: str) -> list[str]:
    """Return what to count each asset by: a column of the table.

    Raises
    ------
    InvalidInputError
        When the table has no such column.
    """
    if name not in assets:
        refuse([fault("columns", "assets", [name])])
    return list(map(str, as_texts(column(assets, name))))


def state_tables(result: SampledStates, assets: Sequence[str]) -> Mapping[str, Columns]:
    """Return drawn states as tables `realisations` and `assets`.

    Parameters
    ----------
    result
        Of `sample_states`.
    assets
        Ids, in the order of the table.

    Returns
    -------
    tables
        `realisations`: number of assets in each state by event, draw and group. `assets`: share of
        the realisations that left an asset in each state; NaN unknown.
    """
    many, groups = len(result.event), len(result.groups)
    names = np.array(result.names, dtype=object)
    by_group = result.by_group.reshape(many * groups, -1)
    rows: Columns = {
        "event": np.repeat(names[result.event], groups),
        "draw": np.repeat(np.tile(np.arange(1, result.draws + 1), len(names)), groups),
    }
    if result.groups != ("",):
        rows["group"] = np.tile(np.array(result.groups, dtype=object), many)
    rows |= {name: by_group[:, k] for k, name in enumerate(result.states)}
    rows["unknown"] = result.unknown.ravel()
    standing = np.array([one.name.lower() for one in Standing], dtype=object)
    share = result.share
    return {
        "realisations": rows,
        "assets": {
            "asset": np.array(assets, dtype=object),
            "standing": standing[result.standing],
            **{name: share[:, k] for k, name in enumerate(result.states)},
            "dark": result.dark,
        },
    }


def write_states(result: SampledStates, assets: Sequence[str], folder: Path) -> list[Path]:
    """Write `realisations.csv`, `assets.csv` and, last, `summary.json`; unknown is blank."""
    counts = result.by_realisation
    said = {
        "counts": {one.name.lower(): count for one, count in result.counts.items()},
        "realisations": len(counts),
        "seed": result.seed,
        "correlation": result.correlation,
        "mean": dict(zip(result.states, counts.mean(axis=0).tolist(), strict=True))
        if len(counts) and not is_nothing(result.counts)
        else {},
        "versions": dict(result.versions),
        "faults": [
            {"key": one.key, "problem": one.problem, "hint": one.hint} for one in result.faults
        ],
    }
    with results_folder(folder):
        written = write_tables(state_tables(result, assets), folder)
        return [*written, write_summary(folder, said, written)]
