"""A run of the city again and again with uncertain inputs: quantiles, ranks, Sobol indices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.city.hazard import Hazard
from rencheng.adapters.risk.city.stock import CityStock, Shelves, stock_of
from rencheng.adapters.risk.city.studies import USUAL, chosen, study_path, told
from rencheng.adapters.risk.study.files import Prepared
from rencheng.adapters.risk.study.sensitivity import sobol_indices
from rencheng.domain.city import City
from rencheng.domain.curve import Curve
from rencheng.domain.risk import NO_CURVE_ROW, EventImpact, Portfolio
from rencheng.domain.risk_uncertainty import (
    CurveFactor,
    CurveQuantile,
    Design,
    Ensemble,
    SobolIndices,
    Study,
    UncertainImpact,
    ValueFactor,
)
from rencheng.model.risk.tail import exceedance, loss_at
from rencheng.model.risk.uncertain.memory import Carry
from rencheng.model.risk.uncertain.ranks import rank_stability
from rencheng.model.risk.uncertain.study import Asked
from rencheng.service.risk_runs import RiskRun
from rencheng.service.risk_study import RankRow, SobolRow, SpreadRow, StudySummary, StudyWish

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Progress = Callable[[int, int], None]

TOP = 5
"""Zones that count as the first. Ours."""
LEVELS = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """Buildings as the study takes them, once for each alternative of the curves."""

    folios: Sequence[Portfolio]
    curves: Mapping[str, Curve]
    zone: I64
    """(items,)"""
    is_pooled: bool


def study_of(  # noqa: PLR0913
    city: City,
    hazard: Hazard,
    shelves: Shelves,
    run: RiskRun,
    stock: CityStock,
    base: EventImpact,
    progress: Progress,
) -> StudySummary:
    """Return what uncertain inputs make of a run that asks for it.

    Parameters
    ----------
    city, hazard, shelves, run, stock
        Of the run.
    base
        What it comes to with every input as stated.
    progress
        Called with parts done and all parts; may raise to stop.

    Notes
    -----
    Buildings of one zone, point and curve are taken together, which changes no total: the curve is
    the same for all and the worth adds up. Where an input has a part of each building (`own`,
    `correlation` below 1) every building stands alone. Of an ensemble the members are alternatives
    of the curves (levels of design, regions); the events are the same. Bands of one earthquake run
    over its fields and all samples together.
    """
    wish = run.wish.study
    if wish is None:
        raise ValueError("the run asks for no study")
    state = shelves.state
    study = chosen(state, run.set.hazard, wish, run.wish.seed, is_annual=hazard.is_annual)
    pool = _pool(city, hazard, shelves, run, study, stock)
    share = 0.4 if wish.sobol else 1.0

    def during(first: float, last: float) -> Progress:
        return lambda done, total: progress(
            int(1e6 * (first + (last - first) * done / max(1, total))), 1_000_000
        )

    job = Prepared(
        study=study,
        members=[(hazard.events, folio) for folio in pool.folios],
        curves=pool.curves,
        asked=Asked(
            carry=Carry(assets=False, events=not hazard.is_annual),
            groups=[str(row) for row in pool.zone],
            progress=during(0.0, share),
        ),
        faults=(),
    )
    found = job.sampled()
    indices = _sobol(job, hazard, wish, during(share, 1.0)) if wish.sobol else None
    top, ranks, tau = _ranks(found)
    return StudySummary(
        samples=wish.samples,
        seed=study.seed,
        inputs=tuple(map(told, study.inputs)),
        rows=tuple(_rows(hazard, found, base)),
        ranks=ranks,
        top=top,
        tau=tau,
        sobol=_sobol_rows(indices) if indices else (),
        sobol_runs=indices.runs if indices else 0,
        is_pooled=pool.is_pooled,
        is_partial=found.is_partial or base.is_partial,
        file=_named(study_path(state, run.set.hazard)),
    )


def _named(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _pool(  # noqa: PLR0913
    city: City, hazard: Hazard, shelves: Shelves, run: RiskRun, study: Study, stock: CityStock
) -> _Pool:
    sets = [one for one in study.inputs if isinstance(one, Ensemble)]
    head = hazard.events.head
    variants = sets[0].members if sets else ("",)
    stocks = [
        stock if name in ("", *USUAL) else stock_of(
            city, shelves, hazard.point, hazard=run.set.hazard, measure=head.measure,
            unit=head.unit, variant=name,
        )
        for name in variants
    ]  # fmt: skip
    curves = {curve.id: curve for one in stocks for curve in one.curves}
    row_of = {name: row for row, name in enumerate(curves)}
    value = stock.portfolio.value[:, 0]
    zone = city.buildings.zone.astype(np.int64)
    kept = np.isfinite(value) & (stock.portfolio.curve[:, 0] != NO_CURVE_ROW)
    rows = [_rows_of(one, row_of) for one in stocks]
    key = np.column_stack([zone, stock.portfolio.point, *rows])[kept]
    if any(_is_single(one) for one in study.inputs):
        groups, sums, ids = key, value[kept], [str(i) for i in np.flatnonzero(kept)]
    else:
        groups, which = np.unique(key, axis=0, return_inverse=True)
        sums = np.bincount(which.ravel(), value[kept], len(groups))
        ids = [" ".join(map(str, row)) for row in groups.tolist()]
    folios = [
        replace(
            stock.portfolio, id=tuple(ids), point=groups[:, 1].astype(np.int32),
            curve=groups[:, 2 + i, None].astype(np.int32), value=sums[:, None],
        )
        for i in range(len(stocks))
    ]  # fmt: skip
    return _Pool(
        folios=folios, curves=curves, zone=groups[:, 0], is_pooled=len(groups) < int(kept.sum())
    )


def _rows_of(stock: CityStock, row_of: Mapping[str, int]) -> I64:
    """Return each building's row among the curves of all alternatives."""
    own = np.array([*(row_of[curve.id] for curve in stock.curves), NO_CURVE_ROW], dtype=np.int64)
    at = stock.portfolio.curve[:, 0]
    return own[np.where(at == NO_CURVE_ROW, len(stock.curves), at)]


def _is_single(one: object) -> bool:
    """Return whether an input differs from building to building."""
    if isinstance(one, CurveQuantile):
        return one.correlation < 1.0
    return isinstance(one, ValueFactor | CurveFactor) and one.own > 0.0


def _rows(hazard: Hazard, found: UncertainImpact, base: EventImpact) -> list[SpreadRow]:
    if hazard.is_annual:
        steps = exceedance(base.known_loss, base.rate)
        made = [_spread("aal", nan, base.known_aal, found.known_aal)]
        for years, losses in zip(found.return_periods, found.known_pml, strict=True):
            made.append(_spread("pml", float(years), loss_at(steps, float(years)), losses))
        return made
    loss = found.known_event_loss
    if loss is None or not loss.size:
        return []
    if hazard.is_sampled:
        low, high = np.quantile(base.known_loss, (0.05, 0.95))
        row = _spread("loss", nan, float(np.median(base.known_loss)), loss.ravel())
        mean = _spread("mean_loss", nan, float(base.known_loss.mean()), loss.mean(axis=0))
        return [replace(row, of_hazard=(float(low), float(high))), mean]
    worst = int(np.argmax(base.known_loss))
    return [_spread("largest_loss", nan, float(base.known_loss[worst]), loss[worst])]


def _spread(key: str, years: float, plain: float, samples: F64) -> SpreadRow:
    """Return quantiles of samples; unknown where one has no answer."""
    is_known = bool(np.isfinite(samples).all())
    low, middle, high = np.quantile(samples, LEVELS).tolist() if is_known else (nan, nan, nan)
    return SpreadRow(
        key=key, return_period=years, plain=plain, p05=low, p50=middle, p95=high,
        mean=float(samples.mean()) if is_known else nan,
    )  # fmt: skip


def _ranks(
    found: UncertainImpact,
) -> tuple[int, tuple[RankRow, ...], tuple[float, float, float]]:
    """Return how sure the order of the zones is; none of events without rates."""
    sums = found.known_group_aal
    if len(found.groups) < 2 or not np.isfinite(sums).all():
        return 0, (), (nan, nan, nan)
    top = min(TOP, max(1, len(found.groups) // 2))
    ranks = rank_stability(sums, found.groups, top=top)
    row = {name: i for i, name in enumerate(found.groups)}
    low, _, high = np.quantile(sums, LEVELS, axis=1)
    rows = tuple(
        RankRow(
            zone=int(name), mean=float(ranks.mean[i]), p05=float(low[row[name]]),
            p95=float(high[row[name]]), rank_low=float(ranks.rank[i, 0]),
            rank=float(ranks.rank[i, 1]), rank_high=float(ranks.rank[i, 2]),
            in_top=float(ranks.in_top[i]),
        )
        for i, name in enumerate(ranks.id)
    )  # fmt: skip
    tau = ranks.tau[np.isfinite(ranks.tau)]
    low_t, mid_t, high_t = np.quantile(tau, LEVELS).tolist() if tau.size else (nan, nan, nan)
    return top, rows, (low_t, mid_t, high_t)


def _sobol(job: Prepared, hazard: Hazard, wish: StudyWish, progress: Progress) -> SobolIndices:
    asked = replace(
        job.asked, groups=(), progress=progress,
        carry=Carry(events=not (hazard.is_annual or hazard.is_sampled), assets=False),
    )  # fmt: skip
    quiet = replace(job, asked=asked)

    def model(uniform: F64) -> Mapping[str, F64]:
        found = quiet.impact(Design(names=job.study.names, uniform=uniform, origin="Sobol"))
        if found.known_event_loss is not None:
            return {"largest_loss": found.known_event_loss.max(axis=0)}
        if hazard.is_sampled:
            return {"mean_loss": found.known_aal}
        outputs = {"aal": found.known_aal}
        for years, loss in zip(found.return_periods, found.known_pml, strict=True):
            if np.isfinite(loss).all():
                outputs[f"pml_{years:g}"] = loss
        return outputs

    return sobol_indices(model, job.study.names, base=wish.sobol, seed=job.study.seed)


def _sobol_rows(found: SobolIndices) -> tuple[SobolRow, ...]:
    return tuple(
        SobolRow(
            output=output, input=name, first=float(found.first[o, i]),
            first_half=float(found.first_confidence[o, i]), total=float(found.total[o, i]),
            total_half=float(found.total_confidence[o, i]),
        )
        for o, output in enumerate(found.outputs)
        for i, name in enumerate(found.inputs)
    )  # fmt: skip
