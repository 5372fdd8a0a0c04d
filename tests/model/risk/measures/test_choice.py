"""The choice under a budget against trying every set."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measure_kit import measure
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_measures import Appraisal, Choice, Chosen, Saving, SavingGroup
from rencheng.model.risk.measures.choice import choose
from rencheng.model.risk.measures.worth import worth


def made_up(seed: int, many: int, *, groups: int = 4) -> Appraisal:
    """Savings that interact in any way, lives that differ, some pairs that exclude each other."""
    rng = np.random.default_rng(seed)
    measures = tuple(
        measure(
            id=f"m{k}", cost=float(rng.integers(0, 40)), life=int(rng.integers(1, 40)),
            upkeep=float(rng.integers(0, 2)),
        )
        for k in range(many)
    )  # fmt: skip
    pairs = [frozenset(p) for p in combinations(range(many), 2) if rng.random() < 0.15]
    found = []
    for _ in range(groups):
        touching = tuple(np.flatnonzero(rng.random(many) < 0.5).tolist())
        sets = [s for s in subsets(touching) if not any(p <= s for p in pairs)]
        saving = {s: Saving(avoided=float(rng.integers(0, 8)) if s else 0.0) for s in sets}
        found.append(SavingGroup(touching=touching, assets=1, saving=saving))
    return Appraisal(
        measures=measures, groups=tuple(found), excluded=frozenset(pairs),
        touched=(1,) * many, darkened=0, known_aal=100.0, is_partial=False, counts={}, runs=0,
        currency="CNY", year=2024, versions={},
    )  # fmt: skip


def subsets(rows: tuple[int, ...]) -> list[Chosen]:
    return [frozenset(s) for n in range(len(rows) + 1) for s in combinations(rows, n)]


def by_trying(appraisal: Appraisal, budget: float, rate: float) -> float:
    best = -math.inf
    for one in subsets(tuple(range(len(appraisal.measures)))):
        cost = sum(appraisal.measures[k].cost.best for k in one)
        if cost <= budget and not any(p <= one for p in appraisal.excluded):
            best = max(best, worth(appraisal, one, rate).npv)
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 7), st.integers(0, 120))
def test_no_allowed_set_is_worth_more(seed: int, many: int, budget: int) -> None:
    appraisal = made_up(seed, many)
    found = choose(appraisal, float(budget), 0.03)
    assert found.best.npv == pytest.approx(by_trying(appraisal, budget, 0.03), abs=1e-6)
    assert found.best.cost <= budget
    assert found.bound == pytest.approx(found.best.npv, abs=1e-5)
    assert found.greedy.npv <= found.best.npv + 1e-9
    assert found.relaxed >= found.bound - 1e-6


def knapsack(gain: list[float], cost: list[float], budget: float) -> Choice:
    measures = tuple(measure(id=f"m{k}", cost=c, life=1) for k, c in enumerate(cost))
    groups = tuple(
        SavingGroup(
            touching=(k,), assets=1,
            saving={frozenset(): Saving(), frozenset([k]): Saving(avoided=g)},
        )
        for k, g in enumerate(gain)
    )  # fmt: skip
    appraisal = Appraisal(
        measures=measures, groups=groups, excluded=frozenset(), touched=(1,) * len(gain),
        darkened=0, known_aal=1e3, is_partial=False, counts={}, runs=0, currency="CNY", year=2024,
        versions={},
    )  # fmt: skip
    return choose(appraisal, budget, 0.0)


def test_greedy_falls_for_the_best_ratio_and_the_exact_choice_does_not() -> None:
    found = knapsack([11.0 + 2.0, 50.0 + 10.0, 50.0 + 10.0], [2.0, 10.0, 10.0], 20.0)
    assert found.greedy.npv == pytest.approx(11.0 + 50.0)
    assert found.best.npv == pytest.approx(100.0)
    assert found.bound == pytest.approx(100.0)


def test_sums_that_are_the_budget_to_the_last_bit_are_within_it() -> None:
    assert knapsack([1.0, 1.0], [0.1, 0.2], 0.3).best.ids == ("m0", "m1")


def test_a_budget_is_never_passed_by_the_solvers_tolerance() -> None:
    found = knapsack([9e6, 9e6], [5e6, 5e6 + 1.0], 1e7)
    assert found.best.cost <= 1e7
    assert len(found.best.ids) == 1


def test_nothing_is_taken_that_costs_more_than_it_saves() -> None:
    found = knapsack([1.0, 3.0], [2.0, 2.0], math.inf)
    assert found.best.ids == ("m1",)
    assert found.left_aal == pytest.approx(997.0)


def test_without_money_only_what_is_free_is_taken() -> None:
    assert knapsack([5.0, 1.0], [1.0, 0.0], 0.0).best.ids == ("m1",)


@pytest.mark.parametrize("bad", [-1.0, math.nan])
def test_a_budget_is_an_amount(bad: float) -> None:
    with pytest.raises(InvalidInputError, match="buys nothing"):
        knapsack([1.0], [1.0], bad)
