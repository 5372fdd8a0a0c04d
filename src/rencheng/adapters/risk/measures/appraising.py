"""Measures on tables of assets and event sets: appraised, ranked, chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rencheng.adapters.risk.assets.meeting import assets_of, meet
from rencheng.adapters.risk.assets.money import must_be_in
from rencheng.adapters.risk.assets.table import curves_for
from rencheng.adapters.risk.events.table import EventSet, Table
from rencheng.adapters.risk.measures.files import fault, meant, refuse
from rencheng.domain.curve import Curve
from rencheng.domain.risk_measures import Appraisal, MeasureSet
from rencheng.domain.risk_money import Money
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.measures.appraisal import Progress
from rencheng.model.risk.measures.appraisal import appraise as appraise_situation
from rencheng.model.risk.measures.transforming import Situation
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
    named = curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
    money = Money(currency=currency, year=year)
    must_be_in(assets, money)
    costs = Money(currency=measures.currency, year=measures.year)
    if costs != money:
        refuse([fault("money", "currency, year", f"{costs} ≠ {money}")])
    read = assets_of(assets, named)
    met = meet(read, events, list(named), currency=currency, year=year)
    head = met.source.head
    fitting = curves_for(named, head)
    where = meant(measures, assets, read.components, list(named), head.measure)
    folio, owner = (met.portfolio, None)
    if met.parts is not None:
        folio, owner = spread_out(met.portfolio, met.parts)
    found = appraise_situation(
        Situation(
            source=met.source,
            portfolio=folio,
            curves=tuple(fitting),
            names={name: row for row, name in enumerate(named)},
            asset=owner,
            assets=read.id.size,
        ),
        measures.measures,
        where,
        budget_mb=budget_mb,
        progress=progress,
        versions={
            **met.versions,
            "measures": f"{measures.version} ({measures.source})",
            **{f"curve {one.id}": one.version for one in fitting},
        },
    )
    return replace(found, faults=met.faults)
