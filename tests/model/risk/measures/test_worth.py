"""Worth of measures against sums written out year by year."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measure_kit import measure
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_measures import Appraisal, Chosen, Estimate, Measure, Saving, SavingGroup
from rencheng.model.risk.measures.choice import choose
from rencheng.model.risk.measures.worth import ranked, worth


def appraisal(*measures: Measure, saving: dict[Chosen, float]) -> Appraisal:
    sets = {frozenset[int](): Saving()} | {s: Saving(avoided=v) for s, v in saving.items()}
    group = SavingGroup(touching=tuple(range(len(measures))), assets=1, saving=sets)
    return Appraisal(
        measures=measures, groups=(group,), excluded=frozenset(), touched=(1,) * len(measures),
        darkened=0, known_aal=100.0, is_partial=False, counts={}, runs=0, currency="CNY",
        year=2024, versions={},
    )  # fmt: skip


A, B, BOTH = frozenset([0]), frozenset([1]), frozenset([0, 1])


def test_a_levee_by_hand() -> None:
    found = worth(appraisal(measure(cost=100.0, upkeep=2.0, life=3), saving={A: 50.0}), A, 0.25)
    years = 0.8 + 0.64 + 0.512
    assert found.benefit == pytest.approx(50 * years)
    assert found.cost + found.upkeep == pytest.approx(100 + 2 * years)
    assert found.npv == pytest.approx(50 * years - 100 - 2 * years)
    assert found.bcr == pytest.approx(50 * years / (100 + 2 * years))
    assert found.payback == math.inf


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.0, 0.2), st.floats(0, 90))
def test_measures_of_other_lives_are_summed_year_by_year(
    first: int, second: int, rate: float, joint: float
) -> None:
    table = appraisal(
        measure(id="a", life=first, upkeep=1.0), measure(id="b", life=second),
        saving={A: 40.0, B: 50.0, BOTH: joint},
    )  # fmt: skip
    exact = 0.0
    for year in range(1, max(first, second) + 1):
        alive = frozenset(k for k, life in enumerate((first, second)) if year <= life)
        saved = {A: 40.0, B: 50.0, BOTH: joint}[alive]
        exact += (saved - (1.0 if year <= first else 0.0)) / (1 + rate) ** year
    assert worth(table, BOTH, rate).npv == pytest.approx(exact, abs=1e-6)


def test_payback_is_the_year_in_which_what_was_paid_is_back() -> None:
    table = appraisal(measure(cost=100.0, life=20), saving={A: 30.0})
    assert worth(table, A, 0.0).payback == 4
    assert worth(table, A, 0.1).payback == 5  # 30 x 3.1699 = 95.1 after four years
    assert worth(table, A, 0.3).payback == math.inf  # 30 / 0.3 = 100 for ever


def test_costs_within_bounds_make_a_ratio_within_bounds() -> None:
    cost = Estimate(low=50.0, best=100.0, high=200.0)
    found = worth(appraisal(measure(cost=cost, life=10), saving={A: 20.0}), A, 0.0)
    assert found.bcr == pytest.approx(2.0)
    assert found.bcr_low == pytest.approx(200 / cost.quantile(0.95))
    assert found.bcr_high == pytest.approx(200 / cost.quantile(0.05))
    assert found.bcr_low < found.bcr < found.bcr_high


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.floats(0.001, 0.999))
def test_triangular_quantiles_undo_the_distribution(a: float, b: float, c: float, q: float) -> None:
    low, best, high = sorted((a, b, c))
    x = Estimate(low=low, best=best, high=high).quantile(q)
    assert low - 1e-9 <= x <= high + 1e-9
    width = high - low
    if width > 0.1 and best - low > 0.01 and high - best > 0.01:
        below = (x - low) ** 2 / (width * (best - low))
        above = 1 - (high - x) ** 2 / (width * (high - best))
        assert (below if x <= best else above) == pytest.approx(q, abs=1e-6)


def test_the_best_ratio_comes_first_and_what_is_free_before_it() -> None:
    table = appraisal(
        measure(id="poor", cost=10.0), measure(id="free"), measure(id="rich", cost=10.0),
        saving={frozenset([0]): 1.0, frozenset([1]): 1.0, frozenset([2]): 9.0},
    )  # fmt: skip
    assert [one.ids[0] for one in ranked(table, 0.03)] == ["free", "rich", "poor"]
    assert np.isnan(ranked(table, 0.03)[0].bcr)


@pytest.mark.parametrize("rate", [3.0, -0.01, math.nan])
def test_a_rate_in_percent_is_refused(rate: float) -> None:
    table = appraisal(measure(cost=1.0), saving={A: 1.0})
    for asked in (lambda: worth(table, A, rate), lambda: choose(table, 9.0, rate)):
        with pytest.raises(InvalidInputError, match="no share"):
            asked()
