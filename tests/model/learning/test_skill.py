import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.model.learning.skill import log_score, ranked_probability_score


def test_scores_by_hand():
    even = np.full((1, 5), 0.2)
    assert log_score(even, np.array([2])) == pytest.approx(np.log(0.2))
    # Cumulative 0.2 0.4 0.6 0.8 against 0 0 1 1.
    expected = (0.2**2 + 0.4**2 + 0.4**2 + 0.2**2) / 4
    assert ranked_probability_score(even, np.array([2])) == pytest.approx(expected)


def test_nothing_to_score_is_unknown():
    assert np.isnan(log_score(np.zeros((0, 5)), np.zeros(0, dtype=int)))
    assert np.isnan(ranked_probability_score(np.zeros((0, 5)), np.zeros(0, dtype=int)))


@given(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), st.integers(0, 10**6))
def test_telling_the_truth_scores_best_on_average(raw, seed):
    truth = np.array(raw) / np.sum(raw)
    other = np.random.default_rng(seed).dirichlet(np.ones(5))

    def expected(score, told):
        return sum(truth[s] * score(told[None], np.array([s])) for s in range(5))

    other = np.maximum(other, 1e-6)
    assert expected(log_score, truth) >= expected(log_score, other / other.sum()) - 1e-9
    assert expected(ranked_probability_score, truth) <= (
        expected(ranked_probability_score, other / other.sum()) + 1e-9
    )
