"""Studies of uncertainty and Sobol indices, as a program asks for them.

`study` takes tables; `study_at` assets that stand at the points of an event set already, as those
of a city do. Both take `Asked`: what to keep, `budget_mb`, `threads`, `progress(done, all)` after
each block of assets and `is_stopped()` before each, which ends the job with a ConflictError
`STOPPED`. The result has samples; `results.study_summary` has their quantiles for JSON,
`results.study_tables` for tables and files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.table import EventSet, Table
from rencheng.adapters.risk.faults import rows_fault
from rencheng.adapters.risk.study.faults import refuse, study_faults
from rencheng.adapters.risk.study.files import Prepared, StudyFile, prepare
from rencheng.adapters.risk.study.sensitivity import sobol_indices
from rencheng.domain.curve import Curve
from rencheng.domain.risk import EventSource, Portfolio
from rencheng.domain.risk_uncertainty import Design, SobolIndices, Study, UncertainImpact
from rencheng.model.risk.uncertain.memory import Carry
from rencheng.model.risk.uncertain.study import STOPPED, Asked

__all__ = ["STOPPED", "Asked", "Carry", "sobol", "study", "study_at"]

F64 = NDArray[np.float64]
Curves = Sequence[Curve] | Mapping[str, Curve]
Sets = EventSet | Mapping[str, EventSet]


def study(
    assets: Table,
    events: Sets,
    curves: Curves,
    study: Study | StudyFile,
    *,
    currency: str,
    year: int,
    asked: Asked | None = None,
) -> UncertainImpact:
    """Return what events may do to assets when inputs are uncertain.

    Parameters
    ----------
    assets
        As `run` takes them, areas and lines too; a column `group` may name each asset's zone, whose
        totals are kept.
    events
        One set, or the members of the study's `Ensemble` by name.
    curves
        By the names that assets and study use, alternatives among them; a sequence goes by ids.
    study
        Its inputs, samples and seed; or a file of `study_file`.
    currency, year
        Of the values.
    asked
        What to carry, memory, threads, progress, stop.

    Returns
    -------
    result
        Its `faults` name rows of assets that could not be assessed.

    Raises
    ------
    InvalidInputError
        With every fault of the study at once: names, weights, numbers, curves.
    TooMuchError
        When the samples do not fit the memory.
    ConflictError
        `STOPPED`, when `asked.is_stopped` says so.

    Notes
    -----
    See `rencheng.model.risk.uncertain.study.uncertain_impact` for the method, its judges and what
    it leaves out.
    """
    named = _named(curves)
    given = asked or Asked()
    job = prepare(assets, events, named, study, currency=currency, year=year, asked=given)
    found = job.sampled()
    ids = job.members[0][1].id
    dark = rows_fault("unknown_in_some", "assets", found.dark > 0, ids)
    return replace(found, faults=(*found.faults, *dark))


def study_at(
    source: EventSource,
    portfolio: Portfolio,
    curves: Mapping[str, Curve],
    study: Study | StudyFile,
    *,
    asked: Asked | None = None,
) -> UncertainImpact:
    """Return what events may do to assets that stand at their points already.

    Parameters
    ----------
    source
        Events in one unit.
    portfolio
        Rows of points and of `curves`, in their order.
    curves
        In the unit of the events, alternatives of the study among them.
    study
        As `study` takes it, without an ensemble.
    asked
        As `study`; `groups` names a group of each asset, such as its zone.

    Raises
    ------
    InvalidInputError, TooMuchError, ConflictError
        As `study`.
    """
    file = study if isinstance(study, StudyFile) else StudyFile(study=study)
    refuse([*file.faults, *study_faults(file.study, curves, ())])
    given = asked or Asked()
    job = Prepared(
        study=file.study,
        members=[(source, portfolio)],
        curves=curves,
        asked=given,
        faults=(),
    )
    return job.sampled()


def sobol(
    assets: Table,
    events: Sets,
    curves: Curves,
    study: Study | StudyFile,
    *,
    currency: str,
    year: int,
    base: int = 512,
    asked: Asked | None = None,
) -> SobolIndices:
    """Return which share of the variance of losses each input of a study causes.

    Parameters
    ----------
    assets, events, curves, study, currency, year
        As `study` takes them; its samples and return periods that some run cannot answer play no
        part.
    base
        Size of the base sample, a power of 2; losses are worked out base x (inputs + 2) times.
    asked
        Memory, threads, progress.

    Returns
    -------
    indices
        Of the outputs `aal` and `pml_100` (years), `known_…` where something is unknown. An
        input's own parts of assets and events count to it.

    Raises
    ------
    SourceUnavailableError
        When SALib is not installed.
    InvalidInputError
        As `study`, and when `base` is no power of 2.
    """
    quiet = replace(asked or Asked(), carry=Carry(events=False, assets=False))
    named = _named(curves)
    job = prepare(assets, events, named, study, currency=currency, year=year, asked=quiet)

    def model(uniform: F64) -> Mapping[str, F64]:
        found = job.impact(Design(names=job.study.names, uniform=uniform, origin="Sobol' sequence"))
        known = "known_" if found.is_partial else ""
        outputs = {f"{known}aal": found.known_aal}
        for years, loss in zip(found.return_periods, found.known_pml, strict=True):
            if np.isfinite(loss).all():
                outputs[f"{known}pml_{years:g}"] = loss
        return outputs

    return sobol_indices(model, job.study.names, base=base, seed=job.study.seed)


def _named(curves: Curves) -> Mapping[str, Curve]:
    return curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
