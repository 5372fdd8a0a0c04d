"""What measures save in a year, alone and in every set that may stand together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import EventImpact, Portfolio, Standing
from rencheng.domain.risk_measures import (
    Appraisal,
    Chosen,
    Measure,
    MeasureKind,
    Saving,
    SavingGroup,
)
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.impact import impact
from rencheng.model.risk.insurance import insured
from rencheng.model.risk.measures.shield import Shield, held, patterns, shield
from rencheng.model.risk.measures.transforming import Applied, Situation, components, with_measures
from rencheng.model.risk.parts import joined

Bools = NDArray[np.bool_]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Progress = Callable[[int, int], None]

MOST_SETS = 1024
"""Sets of measures on one asset that are run; ten measures that all may stand together. Ours."""


def appraise(
    before: Situation,
    measures: Sequence[Measure],
    where: Sequence[Bools],
    *,
    budget_mb: float = BUDGET_MB,
    progress: Progress | None = None,
    versions: Mapping[str, str] | None = None,
) -> Appraisal:
    """Return what measures save, alone and together.

    Parameters
    ----------
    before
        Hazard, assets and curves as they are.
    measures
        What might be done.
    where
        The assets that each concerns. (assets,) each
    budget_mb
        Memory that each run may take beyond its inputs. [MB]
    progress
        Called with runs done and all runs.
    versions
        What the inputs are, for the record.

    Raises
    ------
    InvalidInputError
        When the rate of an event is unknown.
    TooMuchError
        When more than `MOST_SETS` sets of measures may stand together on one asset, or a run does
        not fit the budget.

    Notes
    -----
    A year's expected loss is a sum over assets, and a measure changes it only at the assets that it
    concerns. So assets with the same measures form a group, every allowed set of these measures is
    run there with the full model, and nothing is added up that interacts: two measures on one house
    save what they save jointly. Different groups share a run. What is unknown (NaN hazard, no
    curve, bad data) saves nothing; an asset of which a measure makes something unknown that was
    known saves nothing by it and is counted. Insurance pays for each asset and event its share of
    the layer on what the other measures leave. Pieces of an area or a line meet hazard and barrier
    by themselves and are one asset before insurance pays. Held against hand cases and against
    running each set alone. Left out: effects on other assets (water that a barrier turns
    elsewhere), damage to the measure itself.
    """
    _need_rates(before)
    insures = any(m.kind is MeasureKind.INSURANCE for m in measures)
    base = _run(before, budget_mb, with_matrix=False)
    usable = base.standing <= Standing.NOT_EXPOSED
    reach = [here & usable for here in where]
    excluded = _excluded(measures, reach, before.portfolio)
    groups, of_asset = _groups(measures, reach, excluded)
    work = _Work(before, measures, reach, base, budget_mb, insures)
    found, runs = work.all(groups, of_asset, progress)
    return Appraisal(
        measures=tuple(measures),
        groups=found,
        excluded=excluded,
        touched=tuple(int(here.sum()) for here in reach),
        darkened=int(work.darkened.sum()),
        known_aal=base.known_aal,
        is_partial=base.is_partial,
        counts=base.counts,
        runs=runs + 1,
        currency=before.portfolio.currency,
        year=before.portfolio.year,
        versions={**base.versions, **(versions or {})},
    )


@dataclass(frozen=True, slots=True)
class _Group:
    touching: tuple[int, ...]
    sets: tuple[Chosen, ...]
    """To run; sets with a relocation need none."""
    gone: tuple[Chosen, ...]


def _groups(
    measures: Sequence[Measure], reach: Sequence[Bools], excluded: frozenset[frozenset[int]]
) -> tuple[list[_Group], I64]:
    """Return groups of assets with the same measures, and the group of each asset; -1 none."""
    if not measures:
        return [], np.full(0, -1)
    rows, which = patterns(reach)
    groups: list[_Group] = []
    number = np.full(len(rows), -1)
    for i, row in enumerate(rows):
        touching = tuple(np.flatnonzero(row).tolist())
        if not touching:
            continue
        number[i] = len(groups)
        sets = _allowed(measures, touching, excluded)
        moves = {k for k in touching if measures[k].kind is MeasureKind.RELOCATION}
        groups.append(
            _Group(
                touching,
                tuple(s for s in sets if s and not s & moves),
                tuple(s for s in sets if s & moves),
            )
        )
    return groups, number[which]


def _allowed(
    measures: Sequence[Measure], touching: tuple[int, ...], excluded: frozenset[frozenset[int]]
) -> list[Chosen]:
    """Return every set of measures that may stand together, the empty one first."""
    sets: list[Chosen] = [frozenset()]
    for one in touching:
        sets += [s | {one} for s in sets if not any(frozenset((one, k)) in excluded for k in s)]
        if len(sets) > MOST_SETS:
            named = ", ".join(measures[k].id for k in touching)
            raise TooMuchError(
                "risk.measure_sets",
                f"more than {MOST_SETS} sets of measures may stand on one asset: {named}",
                hint="Say which exclude each other, or appraise fewer at a time",
                params={"most": MOST_SETS, "measures": named},
            )
    return sets


def _excluded(
    measures: Sequence[Measure], reach: Sequence[Bools], portfolio: Portfolio
) -> frozenset[frozenset[int]]:
    """Return pairs that cannot stand together.

    As stated; and where both put a curve in the same place, or both insure the same asset.
    """
    row = {m.id: i for i, m in enumerate(measures)}
    pairs = {frozenset((i, row[other])) for i, m in enumerate(measures) for other in m.excludes}
    for (i, a), (j, b) in combinations(enumerate(measures), 2):
        both = (components(portfolio, a) & components(portfolio, b)).any()
        insured_twice = a.kind is b.kind is MeasureKind.INSURANCE
        clash = insured_twice or (bool(a.curve and b.curve) and both)
        if clash and (reach[i] & reach[j]).any():
            pairs.add(frozenset((i, j)))
    return frozenset(pairs)


class _Work:
    """Runs of an appraisal."""

    def __init__(
        self,
        before: Situation,
        measures: Sequence[Measure],
        reach: Sequence[Bools],
        base: EventImpact,
        budget_mb: float,
        insures: bool,
    ) -> None:
        touched = np.any(reach, axis=0) if reach else base.standing < 0
        owner = before.owner
        source = held(before.source, before.portfolio, touched[owner], budget_mb)
        self.before = replace(before, source=source)
        self.measures, self.base = measures, base
        self.budget_mb, self.insures = budget_mb, insures
        self.shields: list[Shield | None] = [
            shield(
                source,
                before.portfolio,
                m,
                here[owner],
                built_rate=before.built_rate,
                times=before.times,
            )
            if m.kind is MeasureKind.BARRIER
            else None
            for m, here in zip(measures, reach, strict=True)
        ]
        self.darkened = np.zeros(base.standing.size, dtype=np.bool_)

    def all(
        self, groups: list[_Group], of_asset: I64, progress: Progress | None
    ) -> tuple[tuple[SavingGroup, ...], int]:
        """Return the savings of every set in every group, and how many runs it took."""
        saving: list[dict[Chosen, Saving]] = [{frozenset(): Saving()} for _ in groups]
        counts = np.bincount(of_asset[of_asset >= 0], minlength=len(groups))
        lost = np.bincount(of_asset[of_asset >= 0], self.base.known_eai[of_asset >= 0], len(groups))
        for number, group in enumerate(groups):
            for one in group.gone:
                saving[number][one] = Saving(avoided=float(lost[number]))
        runs = max((len(group.sets) for group in groups), default=0)
        for turn in range(runs):
            here = [k for k, group in enumerate(groups) if turn < len(group.sets)]
            sets = {k: groups[k].sets[turn] for k in here}
            avoided, passed = self._turn(sets, of_asset)
            for k, one in sets.items():
                saving[k][one] = Saving(avoided=float(avoided[k]), transferred=float(passed[k]))
            if progress:
                progress(turn + 1, runs)
        return tuple(
            SavingGroup(touching=g.touching, assets=int(n), saving=s)
            for g, n, s in zip(groups, counts, saving, strict=True)
        ), runs

    def _turn(self, sets: Mapping[int, Chosen], of_asset: I64) -> tuple[F64, F64]:
        """Return what one set in each of some groups avoids and transfers. (groups,) each"""
        rows = np.flatnonzero(np.isin(of_asset, list(sets)))
        group = of_asset[rows]
        applied = [
            Applied(
                measure=m,
                where=np.isin(group, [k for k, one in sets.items() if i in one]),
                shield=self.shields[i],
            )
            for i, m in enumerate(self.measures)
        ]
        applied = [one for one in applied if one.where.any()]
        part = _taken(self.before, rows)
        pieces = [replace(one, where=one.where[part.owner]) for one in applied]
        after = with_measures(part, pieces, budget_mb=self.budget_mb)
        contracts = [one for one in applied if one.measure.kind is MeasureKind.INSURANCE]
        result = _run(after, self.budget_mb, with_matrix=bool(contracts))
        darker = result.dark > self.base.dark[rows]
        self.darkened[rows[darker]] = True
        avoided = np.where(darker, 0.0, self.base.known_eai[rows] - result.known_eai)
        passed = np.where(darker, 0.0, _passed(result, contracts))
        many = int(of_asset.max(initial=-1)) + 1
        sums = [np.bincount(group, each, many).astype(np.float64) for each in (avoided, passed)]
        return sums[0], sums[1]


def _passed(result: EventImpact, contracts: Sequence[Applied]) -> F64:
    """Return what contracts pay for each asset in a year, of what is known. (assets,)"""
    paid = np.zeros(result.standing.size)
    if result.matrix is None:
        return paid
    matrix = result.matrix
    rate = np.repeat(result.rate, np.diff(matrix.start))
    for one in contracts:
        m, here = one.measure, one.where[matrix.asset] & ~np.isnan(matrix.loss)
        loss = matrix.loss[here].astype(np.float64)
        each = insured(loss, m.deductible, m.limit) * m.share * rate[here]
        paid += np.bincount(matrix.asset[here], each, paid.size)
    return paid


def _run(situation: Situation, budget_mb: float, *, with_matrix: bool) -> EventImpact:
    result = impact(
        situation.source,
        situation.portfolio,
        situation.curves,
        budget_mb=budget_mb,
        with_spread=False,
        with_matrix=with_matrix,
    )
    if situation.asset is None:
        return result
    return joined(result, situation.asset, situation.assets)


def _taken(before: Situation, assets: I64) -> Situation:
    """Return the situation of some assets alone, with all their pieces."""
    portfolio, owner = before.portfolio, before.owner
    if before.asset is None:
        rows, asset = assets, None
    else:
        number = np.full(before.assets, -1, dtype=np.int32)
        number[assets] = np.arange(assets.size)
        rows = np.flatnonzero(number[owner] >= 0)
        asset = number[owner[rows]]
    taken = replace(
        portfolio,
        id=tuple(portfolio.id[k] for k in rows),
        point=portfolio.point[rows],
        curve=portfolio.curve[rows],
        value=portfolio.value[rows],
    )
    return replace(before, portfolio=taken, asset=asset, assets=assets.size)


def _need_rates(before: Situation) -> None:
    rate = before.source.head.rate
    if not np.isfinite(rate).all():
        raise InvalidInputError(
            "risk.no_rates",
            f"of {rate.size} events some have no known rate or loss",
            hint="Give the rate of every event per year, or ask for the losses alone",
            params={"events": int(rate.size)},
        )
