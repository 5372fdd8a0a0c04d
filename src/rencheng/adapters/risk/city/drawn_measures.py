"""Measures of a city in every sample of what their file calls uncertain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.city.studies import told
from rencheng.domain.risk_measures import (
    Appraisal,
    EffectSpread,
    Measure,
    MeasureKind,
    MeasureSet,
    UncertainWorth,
)
from rencheng.model.risk.measures.transforming import Situation
from rencheng.model.risk.measures.uncertain import appraise_samples
from rencheng.service.risk_measures import DrawnSummary, DrawnWorth, Range

Bools = NDArray[np.bool_]
F64 = NDArray[np.float64]
Progress = Callable[[int, int], None]

MOST_SAMPLES = 200
"""Samples of measures at the console; what a file asks for beyond is told. Quantiles of 5 and 95 %
then stand on ten samples beyond them. No source: our choice."""
MOST_ROWS, FEW_SAMPLES = 20_000, 50
"""Rows of buildings up to which all are drawn, and samples beyond. No source: our choice."""
LEVELS = (0.05, 0.5, 0.95)


def drawn_samples(
    before: Situation, given: MeasureSet, where: Sequence[Bools], progress: Progress
) -> tuple[Appraisal, ...]:
    """Return appraisals with what is uncertain drawn; none where the file calls nothing uncertain.

    Parameters
    ----------
    before
        Hazard, buildings and curves; one building a row.
    given, where
        Measures, and the buildings that each concerns. (buildings,) each
    progress
        Called with samples done and all samples; may raise to stop.

    Notes
    -----
    Buildings at one point with one curve and the same measures are taken together, which changes
    no total: what is lost and left is in proportion to the worth. Those of an insurance with a
    deductible or a limit, which each building meets by itself, stand alone. At most `MOST_SAMPLES`
    are drawn, or `FEW_SAMPLES` where more than `MOST_ROWS` rows are left.
    """
    if given.study is None:
        return ()
    single = np.zeros(before.portfolio.point.size, dtype=np.bool_)
    for one, here in zip(given.measures, where, strict=True):
        if _is_single(one):
            single |= here
    before, where = pooled(before, where, single)
    most = MOST_SAMPLES if before.portfolio.point.size <= MOST_ROWS else FEW_SAMPLES
    study = replace(given.study, samples=min(given.study.samples, most))
    return appraise_samples(before, replace(given, study=study), where, progress=progress)


def pooled(
    before: Situation, where: Sequence[Bools], single: Bools
) -> tuple[Situation, list[Bools]]:
    """Return buildings at one point with one curve and the same measures as one, but the single."""
    folio = before.portfolio
    kept = np.isfinite(folio.value).all(axis=1)
    alone = np.where(single, np.arange(single.size), -1)
    key = np.column_stack([folio.point, folio.curve, *where, alone])[kept]
    groups, which = np.unique(key, axis=0, return_inverse=True)
    value = np.zeros((len(groups), folio.value.shape[1]))
    np.add.at(value, which.ravel(), folio.value[kept])
    last = 1 + folio.curve.shape[1]
    together = replace(
        folio,
        id=tuple(map(str, range(len(groups)))),
        point=groups[:, 0].astype(np.int32),
        curve=groups[:, 1:last].astype(np.int32),
        value=value,
    )
    return replace(before, portfolio=together), [*groups[:, last:-1].astype(np.bool_).T]


def drawn_summary(given: MeasureSet, found: UncertainWorth | None) -> DrawnSummary | None:
    """Return what was drawn, and how sure the order of the measures is; None where nothing was."""
    if found is None or given.study is None:
        return None
    tau = found.ranks.tau if found.ranks else np.zeros(0)
    tau = tau[np.isfinite(tau)]
    return DrawnSummary(
        samples=found.saving.shape[1],
        asked=given.study.samples,
        seed=given.study.seed,
        inputs=tuple(map(told, given.study.inputs)),
        tau=_range(tau) if tau.size else None,
    )


def drawn_worth(
    found: UncertainWorth | None, ids: tuple[str, ...], effect: dict[str, EffectSpread]
) -> DrawnWorth | None:
    """Return quantiles of what a set of measures is worth; None of one that was not drawn."""
    if found is None or ids not in found.ids:
        return None
    k, ranks = found.ids.index(ids), found.ranks
    place = ranks.id.index(ids[0]) if ranks and len(ids) == 1 else -1
    is_paid = bool(np.isfinite(found.bcr[k]).all())
    return DrawnWorth(
        saving=_range(found.saving[k]),
        npv=_range(found.npv[k]),
        bcr=_range(found.bcr[k]) if is_paid else None,
        probability=float(found.probability[k]),
        rank=_three(ranks.rank[place]) if ranks and place >= 0 else None,
        first=float(ranks.in_top[place]) if ranks and place >= 0 else None,
        effect={name: (one.p05, one.median, one.p95) for name, one in effect.items()},
    )


def _is_single(one: Measure) -> bool:
    """Return whether each building meets a measure by itself."""
    return one.kind is MeasureKind.INSURANCE and (one.deductible > 0.0 or isfinite(one.limit))


def _range(samples: F64) -> Range:
    return _three(np.quantile(samples, LEVELS))


def _three(numbers: F64) -> Range:
    low, middle, high = numbers.tolist()
    return low, middle, high
