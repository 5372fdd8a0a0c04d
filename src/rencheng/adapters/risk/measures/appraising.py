"""Measures on tables of assets and event sets: appraised, ranked, chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.assets.meeting import assets_of, meet
from rencheng.adapters.risk.assets.money import must_be_in
from rencheng.adapters.risk.assets.table import curves_for
from rencheng.adapters.risk.events.table import EventSet, Table
from rencheng.adapters.risk.measures.files import fault, meant, refuse
from rencheng.adapters.risk.study.faults import refuse as refuse_study
from rencheng.adapters.risk.study.faults import study_faults
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.risk_measures import Appraisal, MeasureSet
from rencheng.domain.risk_money import Money
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.measures import appraisal as model
from rencheng.model.risk.measures.appraisal import Progress
from rencheng.model.risk.measures.transforming import Situation
from rencheng.model.risk.measures.uncertain import appraise_samples as sampled
from rencheng.model.risk.parts import spread_out


def appraise(
    assets: Table,
    events: EventSet,
    curves: Sequence[Curve] | Mapping[str, Curve],
    measures: MeasureSet,
    *,
    currency: str,
    year: int,
    budget_mb: float = BUDGET_MB,
    progress: Progress | None = None,
) -> Appraisal:
    """Return what measures save in a year, alone and in every set that may stand together.

    Parameters
    ----------
    assets, events, curves
        As `run` takes them. Curves that a retrofit puts in place are among them.
    measures
        From `measure_file`.
    currency, year
        Of the values; the costs must be in the same.
    budget_mb
        Memory that each run may take beyond its inputs. [MB]
    progress
        Called with runs done and all runs.

    Returns
    -------
    appraisal
        For `ranked` and `choose`; its `faults` name rows of assets that could not be assessed.

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute: those of `run`; costs in another money; a
        measure that concerns nobody, a curve, component or unit that is not there.
    TooMuchError
        When too many measures may stand together on one asset, or a run does not fit the memory.

    Notes
    -----
    See `rencheng.model.risk.measures.appraisal.appraise` for the method and what it leaves out.
    """
    job = _job(assets, events, curves, measures, Money(currency=currency, year=year))
    found = model.appraise(
        job.situation,
        measures.measures,
        job.where,
        budget_mb=budget_mb,
        progress=progress,
        versions=job.versions,
    )
    return replace(found, faults=job.faults)


def appraise_samples(
    assets: Table,
    events: EventSet,
    curves: Sequence[Curve] | Mapping[str, Curve],
    measures: MeasureSet,
    *,
    currency: str,
    year: int,
    budget_mb: float = BUDGET_MB,
    progress: Progress | None = None,
) -> tuple[Appraisal, ...]:
    """Return what measures save and cost in every sample of what their file calls uncertain.

    Parameters
    ----------
    assets, events, curves, measures, currency, year, budget_mb
        As `appraise`. Curves that a choice names are among them.
    progress
        Called with samples done and all samples.

    Returns
    -------
    samples
        For `uncertain_worth`; none where nothing is uncertain. (samples,)

    Raises
    ------
    InvalidInputError, TooMuchError
        As `appraise`; an input of a curve that is not there, or out of range.

    Notes
    -----
    See `rencheng.model.risk.measures.uncertain.appraise_samples`.
    """
    if measures.study is None:
        return ()
    job = _job(assets, events, curves, measures, Money(currency=currency, year=year))
    return sampled(job.situation, measures, job.where, budget_mb=budget_mb, progress=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """Assets, events, curves and measures, brought together."""

    situation: Situation
    where: Sequence[NDArray[np.bool_]]
    versions: Mapping[str, str]
    faults: tuple[Fault, ...]


def _job(
    assets: Table,
    events: EventSet,
    curves: Sequence[Curve] | Mapping[str, Curve],
    measures: MeasureSet,
    money: Money,
) -> _Job:
    named = curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
    must_be_in(assets, money)
    costs = Money(currency=measures.currency, year=measures.year)
    if costs != money:
        refuse([fault("money", "currency, year", f"{costs} ≠ {money}")])
    if measures.study:
        refuse_study(study_faults(measures.study, named, ()))
    read = assets_of(assets, named)
    met = meet(read, events, list(named), currency=money.currency, year=money.year)
    head = met.source.head
    fitting = curves_for(named, head)
    where = meant(measures, assets, read.components, list(named), head.measure)
    folio, owner = (met.portfolio, None)
    if met.parts is not None:
        folio, owner = spread_out(met.portfolio, met.parts)
    return _Job(
        situation=Situation(
            source=met.source,
            portfolio=folio,
            curves=tuple(fitting),
            names={name: row for row, name in enumerate(named)},
            asset=owner,
            assets=read.id.size,
        ),
        where=where,
        versions={
            **met.versions,
            "measures": f"{measures.version} ({measures.source})",
            **{f"curve {one.id}": one.version for one in fitting},
        },
        faults=met.faults,
    )
