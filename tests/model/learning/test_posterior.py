import numpy as np
import pytest
from scipy.special import ndtr

from learning_kit import make_fields, make_reports, make_shaking, make_table, make_town
from rencheng.model.learning.evidence import gather
from rencheng.model.learning.posterior import (
    BETA_GROUP_SD,
    BETA_SD,
    MEDIAN_GROUP_SD,
    MEDIAN_SD,
    _seen,
    sample,
)
from rencheng.model.learning.survey import synthetic_survey


def evidence_of(count, seed=3):
    field = make_fields(seed + 1000, 1)[0]
    found = synthetic_survey(
        make_town(), make_table(), {"all": (0.7, 1.0)}, {"PGA": field, "SA1": field},
        seed=seed, count=count,
    )  # fmt: skip
    return gather(make_reports(found), make_town(), make_shaking(), make_table())


def weighed_prior(evidence, count=200_000):
    """Mean and spread of the common factors by weighing draws of the prior: the slow twin."""
    rng = np.random.default_rng(5)
    groups, mean = len(evidence.groups), evidence.log_g.mean(0)
    anomalies = (evidence.log_g - mean) / np.sqrt(len(evidence.log_g) - 1)
    field = mean + rng.standard_normal((count, len(anomalies))) @ anomalies
    common = rng.standard_normal((count, 2)) * (MEDIAN_SD, BETA_SD)
    median = common[:, :1] + MEDIAN_GROUP_SD * rng.standard_normal((count, groups))
    beta = common[:, 1:] + BETA_GROUP_SD * rng.standard_normal((count, groups))
    likelihood = np.ones(count)
    for i, state in enumerate(evidence.state):
        shift = field[:, evidence.site[i]] - median[:, evidence.group[i]]
        spread = np.exp(beta[:, evidence.group[i]])[:, None] * evidence.beta[i]
        exceed = ndtr((shift[:, None] - evidence.log_median[i]) / spread)
        edges = np.column_stack([np.ones(count), exceed, np.zeros(count)])
        likelihood *= edges[:, state] - edges[:, state + 1]
    weight = likelihood / likelihood.sum()
    expected = weight @ common
    return expected, np.sqrt(weight @ (common - expected) ** 2)


def test_it_agrees_with_weighing_many_draws_of_the_prior():
    evidence = evidence_of(6)
    mean, spread = weighed_prior(evidence)
    found = sample(evidence, seed=1, draws=3000).common
    assert found.mean(axis=0) == pytest.approx(mean, abs=0.03)
    assert found.std(axis=0) == pytest.approx(spread, rel=0.1)


def test_two_chains_tell_the_same_story():
    evidence = evidence_of(300)
    first, second = (sample(evidence, seed=seed, draws=800).common[:, 0] for seed in (1, 2))
    assert first.mean() == pytest.approx(second.mean(), abs=0.08)
    assert first.std() == pytest.approx(second.std(), rel=0.35)


def test_slopes_agree_with_finite_differences():
    evidence, step = evidence_of(40), 1e-6
    rng = np.random.default_rng(0)
    shift, spread = np.log(0.3) + 0.2 * rng.standard_normal(40), 0.2 * rng.standard_normal(40)
    for row in range(40):
        one = evidence.part(np.array([row]))
        x, y = shift[[row]], spread[[row]]
        level, slope = _seen(one, x, y)
        if level > -15:
            by_shift = _seen(one, x + step, y)[0] - _seen(one, x - step, y)[0]
            by_spread = _seen(one, x, y + step)[0] - _seen(one, x, y - step)[0]
            assert slope[0, 0] == pytest.approx(by_shift / (2 * step), abs=1e-3)
            assert slope[1, 0] == pytest.approx(by_spread / (2 * step), abs=1e-3)


def test_keeping_the_published_curves_keeps_them():
    draws = sample(evidence_of(50), seed=1, draws=50, learns=False)
    assert not draws.log_median.any() and not draws.log_beta.any()
