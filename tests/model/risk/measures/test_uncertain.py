"""Uncertain measures: closed forms of a lognormal effect and a gamma frequency, hand cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from measure_kit import measure
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import Events
from rencheng.domain.risk_measures import EffectSpread, Estimate, Measure, MeasureKind, MeasureSet
from rencheng.domain.risk_uncertainty import (
    CurveFactor,
    IntensityFactor,
    RateFactor,
    Study,
    UncertainInput,
    ValueFactor,
)
from rencheng.model.risk.measures.appraisal import appraise
from rencheng.model.risk.measures.discounting import present_worth
from rencheng.model.risk.measures.transforming import Situation
from rencheng.model.risk.measures.uncertain import appraise_samples, uncertain_worth
from risk_kit import assets, event_set, ramp

LINE = ramp([0.0, 10.0], [0.0, 1.0], id="line")
MANY = 300
RATE = 0.04
YEARLY = 0.1 * 1000 * 0.1 + 0.01 * 1000 * 0.3
"""Of one house worth 1,000 in water of 1 m once in 10 years and of 3 m once in 100."""
HALF = EffectSpread(median=0.5, p05=0.25, p95=1.0)
SIGMA = np.log(2.0) / stats.norm.ppf(0.95)


def situation(events: Events | None = None) -> Situation:
    waters = event_set([{0: 1.0}, {0: 3.0}], 1, [0.1, 0.01]) if events is None else events
    return Situation(
        source=waters, portfolio=assets([0], [[1000.0]]), curves=(LINE,), names={"line": 0}
    )


def samples(*given: Measure, inputs: tuple[UncertainInput, ...] = (), many: int = MANY) -> Any:
    whole = MeasureSet(
        measures=given, currency="CNY", year=2024, version="1", source="made up for a test",
        study=Study(inputs=inputs, samples=many, seed=1),
    )  # fmt: skip
    return appraise_samples(situation(), whole, [np.ones(1, dtype=bool)] * len(given))


def uniform(found: np.ndarray, law: Any) -> bool:
    """Whether samples are such as the law's: Kolmogorov-Smirnov, at one in a thousand."""
    return bool(stats.kstest(found, law).pvalue > 1e-3)


def test_a_lognormal_effect_makes_the_ratio_that_its_law_says() -> None:
    cost = 0.4 * YEARLY * float(present_worth(RATE, 20))
    found = uncertain_worth(
        samples(measure(ratio_factor=0.5, effect={"ratio_factor": HALF}, cost=cost, life=20)), RATE
    )
    left = 1.0 - 0.4 * found.bcr[0]  # the share of the loss that is left
    assert left.max() <= 1.0  # cut: no measure makes it worse
    law = stats.lognorm(SIGMA, scale=0.5)
    kept = left[left < 1.0 - 1e-9]
    assert uniform(kept, lambda x: law.cdf(x) / law.cdf(1.0))
    # Worth more than it costs where more than 0.4 is spared, so where less than 0.6 is left.
    expected = law.cdf(0.6)
    error = 4 * np.sqrt(expected * (1 - expected) / MANY)
    assert found.probability[0] == pytest.approx(expected, abs=error)
    assert np.median(found.bcr[0]) == pytest.approx(0.5 / 0.4, rel=0.1)


def test_two_sides_of_an_effect_have_their_own_spread() -> None:
    one = EffectSpread(median=3.0, p05=2.0, p95=9.0)
    drawn = samples(measure(kind=MeasureKind.BARRIER, lowers=3.0, unit="m", effect={"lowers": one}))
    low, middle, high = np.quantile([s.measures[0].lowers for s in drawn], (0.05, 0.5, 0.95))
    assert (low, middle, high) == (
        pytest.approx(2.0, rel=0.1), pytest.approx(3.0, rel=0.1), pytest.approx(9.0, rel=0.4)
    )  # fmt: skip


def test_a_gamma_frequency_makes_a_gamma_benefit() -> None:
    given = measure(ratio_factor=0.5, cost=1.0, life=20)
    found = uncertain_worth(samples(given, inputs=(RateFactor(name="rate", cv=0.5),)), RATE)
    assert uniform(found.saving[0] / (0.5 * YEARLY), stats.gamma(4.0, scale=0.25).cdf)


def test_worth_and_curve_scale_and_shift() -> None:
    worth = ValueFactor(name="worth", classes=("line",), median=2.0)
    later = CurveFactor(name="curve", median=2.0)
    found = samples(measure(kind=MeasureKind.RELOCATION), inputs=(worth, later), many=3)
    # Twice the worth, and the same share at twice the depth: on a straight line the same loss.
    assert [s.saving(frozenset([0])).avoided for s in found] == pytest.approx([YEARLY] * 3)


def test_nothing_uncertain_is_the_appraisal_itself() -> None:
    given = [measure(id="a", ratio_factor=0.5), measure(id="b", kind=MeasureKind.BARRIER,
                                                         design_period=50.0)]  # fmt: skip
    sure = appraise(situation(), given, [np.ones(1, dtype=bool)] * 2)
    for one in samples(*given, many=2):
        assert [g.saving for g in one.groups] == [g.saving for g in sure.groups]
        assert one.known_aal == sure.known_aal


def test_a_barrier_is_built_once_and_overtopped_where_the_hazard_is_higher() -> None:
    wall = measure(kind=MeasureKind.BARRIER, design_period=20.0)
    often = 0.1 * 1000 * 0.1
    rarer = samples(wall, inputs=(RateFactor(name="rate", cv=2.0),), many=50)
    for one in rarer:  # always the same event, however often it comes
        assert one.saving(frozenset([0])).avoided / one.known_aal == pytest.approx(often / YEARLY)
    deeper = samples(wall, inputs=(IntensityFactor(name="depth", median=1.2),), many=1)
    assert deeper[0].saving(frozenset([0])).avoided == 0.0
    lower = samples(wall, inputs=(IntensityFactor(name="depth", median=0.3),), many=1)
    assert lower[0].saving(frozenset([0])).avoided == pytest.approx(0.3 * YEARLY)


def test_a_wall_takes_off_metres_of_the_water_that_comes() -> None:
    wall = measure(kind=MeasureKind.BARRIER, lowers=50.0, unit="cm")
    found = samples(wall, inputs=(IntensityFactor(name="depth", median=2.0),), many=1)
    assert found[0].saving(frozenset([0])).avoided == pytest.approx(0.11 * 1000 * 0.05, rel=1e-6)


def test_how_sure_a_rank_is_follows_the_law_of_the_effect() -> None:
    # Moving away is worth 1 always; proofing at half the cost more than 1 if above half is spared.
    given = [
        measure(id="move", kind=MeasureKind.RELOCATION, cost=100.0),
        measure(id="proof", ratio_factor=0.5, effect={"ratio_factor": HALF}, cost=50.0),
    ]
    found = uncertain_worth(samples(*given), RATE)
    assert found.ranks is not None
    first = dict(zip(found.ranks.id, found.ranks.in_top.tolist(), strict=True))
    assert first["proof"] == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / MANY))
    assert sum(first.values()) == pytest.approx(1.0)


def test_costs_are_drawn_between_low_and_high() -> None:
    dear = measure(cost=Estimate(low=1.0, best=2.0, high=6.0), ratio_factor=0.5)
    found = uncertain_worth(samples(dear), RATE)
    assert uniform(found.costs[0], stats.triang(0.2, loc=1.0, scale=5.0).cdf)


def test_samples_do_not_depend_on_how_many_or_on_what_else_is_drawn() -> None:
    uncertain = measure(id="x", ratio_factor=0.5, effect={"ratio_factor": HALF})
    few = samples(uncertain, many=5)
    more = samples(measure(id="y", ratio_factor=0.9), uncertain, many=9)
    for a, b in zip(few, more, strict=False):
        assert a.measures[0].ratio_factor == b.measures[1].ratio_factor


def test_without_samples_nothing_is_told() -> None:
    with pytest.raises(InvalidInputError, match="no sample"):
        uncertain_worth((), RATE)
