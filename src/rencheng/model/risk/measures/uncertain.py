"""Measures when hazard, curves, worth, costs and their own effect are uncertain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventHead, EventSource
from rencheng.domain.risk_measures import (
    Appraisal,
    Chosen,
    Estimate,
    Measure,
    MeasureSet,
    UncertainWorth,
)
from rencheng.domain.risk_uncertainty import Design, IntensityFactor, Study
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.measures.appraisal import Progress, appraise
from rencheng.model.risk.measures.shield import held
from rencheng.model.risk.measures.transforming import Situation, changed
from rencheng.model.risk.measures.worth import costs_worth, over_lives
from rencheng.model.risk.uncertain.design import monte_carlo
from rencheng.model.risk.uncertain.lanes import Lanes, lanes
from rencheng.model.risk.uncertain.ranks import rank_stability

Bools = NDArray[np.bool_]
F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

BOUNDS = {"ratio_factor": (0.0, 1.0), "median_factor": (1.0, np.inf)}
"""A measure that would make things worse is drawn as one that changes nothing."""


@dataclass(frozen=True, slots=True)
class _Rated:
    """An event set with other rates."""

    head: EventHead
    source: EventSource

    @property
    def start(self) -> I64:
        """Return where each event begins."""
        return self.source.start

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return what is stored of some events."""
        return self.source.block(first, last)


def appraise_samples(
    before: Situation,
    given: MeasureSet,
    where: Sequence[Bools],
    *,
    budget_mb: float = BUDGET_MB,
    progress: Progress | None = None,
) -> tuple[Appraisal, ...]:
    """Return what measures save and cost in each sample of what is uncertain.

    Parameters
    ----------
    before
        As `appraise` takes it; in it all is as the best estimates say.
    given
        Measures with a study: its inputs of the kinds value, missing, choice, curve, intensity,
        rate, loss, common parts alone; effects of the measures; costs between low and high.
    where
        The assets that each concerns. (assets,) each
    budget_mb
        Memory that each run may take beyond its inputs. [MB]
    progress
        Called with samples done and all samples.

    Returns
    -------
    samples
        Appraisals of the same measures in which costs and effects are those of the sample; none
        where the set has no study. (samples,)

    Raises
    ------
    InvalidInputError, TooMuchError
        As `appraise`.

    Notes
    -----
    Every sample is appraised with the full model, so what interacts stays so. A barrier is built
    once: by the best estimates of rates and intensities, to the height of the rarest event that it
    holds; where the hazard turns out higher it is overtopped sooner. Effects are lognormal on each
    side of their median and cut where a measure would make things worse; costs and upkeep are
    triangular; each is a random number of its own, a hash of seed and name, so that samples do not
    change with the order or number of inputs. Held against the closed form of a lognormal effect
    and of a gamma frequency. Left out: parts of single assets or events (they average out over a
    portfolio and belong to `rencheng risk uncertainty`), dependence between measures' effects.
    """
    if given.study is None:
        return ()
    measures = given.measures
    source = held(
        before.source,
        before.portfolio,
        np.ones(before.portfolio.point.size, dtype=np.bool_),
        budget_mb,
    )
    before = replace(before, source=source, built_rate=source.head.rate)
    study = given.study
    design = monte_carlo(_names(study, measures), study.samples, study.seed, budget_mb)
    drawn = lanes(study, design, list(before.names))
    hazard = replace(
        study, inputs=tuple(one for one in study.inputs if isinstance(one, IntensityFactor))
    )
    times = lanes(hazard, design, ("",)).axis[0]
    found = []
    for s, sample in enumerate(_sampled(measures, design)):
        here = _situation(before, drawn, float(times[s]), s)
        found.append(appraise(here, sample, where, budget_mb=budget_mb))
        if progress:
            progress(s + 1, study.samples)
    return tuple(found)


def uncertain_worth(
    samples: Sequence[Appraisal], discount_rate: float, chosen: Chosen = frozenset()
) -> UncertainWorth:
    """Return what each measure alone, and a set of them, is worth in every sample.

    Parameters
    ----------
    samples
        From `appraise_samples`; one at least.
    discount_rate
        Real, as a share. [1/yr]
    chosen
        Rows of measures that stand together; of fewer than two it adds nothing.

    Raises
    ------
    InvalidInputError
        When there is no sample, or two of the chosen exclude each other.
    """
    if not samples:
        raise InvalidInputError(
            "risk.measure_samples",
            "no sample of what is uncertain was drawn",
            hint="State in the file of measures what is uncertain, and how many samples",
        )
    measures = samples[0].measures
    sets = [frozenset([k]) for k in range(len(measures))]
    sets += [chosen] if len(chosen) > 1 else []
    size = (len(sets), len(samples))
    saving, benefit, costs = np.zeros(size), np.zeros(size), np.zeros(size)
    for s, one in enumerate(samples):
        for k, rows in enumerate(sets):
            taken = [one.measures[m] for m in sorted(rows)]
            saving[k, s] = one.saving(rows).total
            benefit[k, s] = over_lives(one.measures, rows, discount_rate, one.saving)
            costs[k, s] = costs_worth(taken, discount_rate)
    found = UncertainWorth(
        ids=tuple(tuple(measures[m].id for m in sorted(rows)) for rows in sets),
        discount_rate=discount_rate,
        saving=saving,
        benefit=benefit,
        costs=costs,
        ranks=None,
    )
    alone = found.bcr[: len(measures)]
    if len(measures) < 2 or np.isnan(alone).any():
        return found
    names = [m.id for m in measures]
    return replace(found, ranks=rank_stability(alone, names, top=1))


def _names(study: Study, measures: Sequence[Measure]) -> tuple[str, ...]:
    """Return the names of all that is drawn."""
    own = [f"{m.id}.{part}" for m in measures for part in (*m.effect, "cost", "upkeep")]
    return (*study.names, *own)


def _sampled(measures: Sequence[Measure], design: Design) -> Iterator[tuple[Measure, ...]]:
    """Yield the measures of each sample, with effects and costs that are drawn."""
    column = {name: k for k, name in enumerate(design.names)}
    for row in design.uniform:
        found = []
        for m in measures:
            changes: dict[str, float] = {}
            for name, spread in m.effect.items():
                low, high = BOUNDS.get(name, (0.0, np.inf))
                value = spread.quantile(float(row[column[f"{m.id}.{name}"]]))
                changes[name] = min(max(value, low), high)
            costs = {
                name: _sure(one.quantile(float(row[column[f"{m.id}.{name}"]])))
                for name, one in (("cost", m.cost), ("upkeep", m.upkeep))
            }
            found.append(replace(m, effect={}, **costs, **changes))  # type: ignore[arg-type]
        yield tuple(found)


def _sure(number: float) -> Estimate:
    return Estimate(low=number, best=number, high=number)


def _situation(before: Situation, drawn: Lanes, times: float, s: int) -> Situation:
    """Return hazard, assets and curves of one sample."""
    head = before.source.head
    classes = np.arange(len(before.curves))
    rows = drawn.row[drawn.start[classes] + drawn.choice[classes, s]]
    curves = tuple(
        changed(before.curves[row], 1.0 / float(drawn.axis[k, s]), 1.0)
        for k, row in enumerate(rows)
    )
    factor = np.append(drawn.worth[:, s] * drawn.total[:, s], 1.0)  # the last: without a curve
    portfolio = replace(
        before.portfolio, value=before.portfolio.value * factor[before.portfolio.curve]
    )
    rated = replace(head, rate=head.rate * drawn.often[s])
    return replace(
        before,
        source=_Rated(rated, before.source),
        portfolio=portfolio,
        curves=curves,
        times=times,
    )
