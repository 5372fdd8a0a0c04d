"""How sure an order is: hand cases, and SciPy's own τ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from rencheng.domain.errors import InvalidInputError
from rencheng.model.risk.uncertain.ranks import rank_stability
from rencheng.model.risk.uncertain.ranks_kernel import tau_b


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 60), st.integers(2, 9), st.integers(0, 10**6))
def test_tau_is_that_of_scipy_ties_included(items: int, kinds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(0, kinds, items).astype(float) for _ in range(2))
    order = np.lexsort([y, x])
    expected = kendalltau(x, y).statistic
    assert tau_b(x[order], y[order]) == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_an_order_that_never_changes_is_sure() -> None:
    samples = np.array([[1.0], [3.0], [2.0]]) * np.linspace(0.5, 2.0, 50)
    found = rank_stability(samples, ["a", "b", "c"], top=2)
    assert found.id == ("b", "c", "a")
    assert found.rank.tolist() == [[1.0] * 3, [2.0] * 3, [3.0] * 3]
    assert found.in_top.tolist() == [1.0, 1.0, 0.0] and (found.tau == 1.0).all()


def test_two_that_change_places_are_each_first_half_of_the_time() -> None:
    samples = np.array([[5.0, 4.0], [4.0, 5.5], [1.0, 1.0]])
    found = rank_stability(samples, ["a", "b", "c"], top=1)
    assert found.id[0] == "b" and found.in_top.tolist() == [0.5, 0.5, 0.0]
    np.testing.assert_allclose(found.tau, [1.0 / 3.0, 1.0])


def test_equals_share_ranks_and_places() -> None:
    found = rank_stability(np.array([[2.0], [2.0], [1.0]]), ["a", "b", "c"], top=1)
    assert found.rank[:, 1].tolist() == [1.5, 1.5, 3.0] and found.in_top.tolist() == [0.5, 0.5, 0]


def test_places_among_the_first_add_up_to_all_places() -> None:
    samples = np.random.default_rng(3).integers(0, 5, (20, 40)).astype(float)
    assert rank_stability(samples, [str(i) for i in range(20)], top=7).in_top.sum() == (
        pytest.approx(7.0)
    )


@pytest.mark.parametrize(
    ("samples", "top"),
    [(np.ones((1, 3)), 1), (np.array([[1.0], [np.nan]]), 1), (np.ones((2, 0)), 1),
     (np.ones((2, 3)), 0), (np.ones((2, 3)), 3)],
)  # fmt: skip
def test_an_order_that_means_nothing_is_refused(samples: np.ndarray, top: int) -> None:
    with pytest.raises(InvalidInputError):
        rank_stability(samples, ["a", "b"][: len(samples)], top=top)
