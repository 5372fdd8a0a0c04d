"""Samples of a study follow the laws that its inputs state: closed forms and KS tests."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from rencheng import risk
from rencheng.domain.curve import Curve
from rencheng.domain.risk import Events
from rencheng.domain.risk_uncertainty import (
    QUANTILES,
    CurveChoice,
    CurveFactor,
    CurveQuantile,
    Family,
    IntensityFactor,
    LossFactor,
    MissingShare,
    RateFactor,
    Study,
    UncertainImpact,
    UncertainInput,
    ValueFactor,
)
from rencheng.model.risk.draws import keys
from rencheng.model.risk.uncertain.curves import SCORES, beta_quantile
from rencheng.model.risk.uncertain.design import keys_of, monte_carlo, normals, unit
from rencheng.model.risk.uncertain.memory import Carry
from rencheng.model.risk.uncertain.study import Asked, uncertain_impact
from risk_kit import assets, event_set, ramp

LINE = ramp([0.0, 100.0], [0.0, 1.0])
MANY = 4000
# KS tests below fail by chance once in a thousand seeds; the seeds are fixed.
BELIEVED = 1e-3


def sampled(
    inputs: tuple[UncertainInput, ...],
    values: list[float],
    *,
    events: Events | None = None,
    curves: dict[str, Curve] | None = None,
    samples: int = MANY,
    seed: int = 1,
) -> UncertainImpact:
    """Run a study of assets at one point, one event a year that takes a tenth of them."""
    study = Study(inputs=inputs)
    happened = events or event_set([{0: 10.0}], 1, [1.0])
    folio = assets([0] * len(values), [[v] for v in values])
    given = Asked(carry=Carry(asset_samples=True))
    named = curves or {"line": LINE}
    design = monte_carlo(study.names, samples, seed)
    return uncertain_impact([(happened, folio)], named, study, design, given)


def believed(values: np.ndarray, law: object) -> bool:
    return bool(stats.kstest(values, law.cdf).pvalue > BELIEVED)  # type: ignore[attr-defined]


def test_a_class_that_errs_together_is_lognormal() -> None:
    found = sampled((ValueFactor(name="v", median=1.2, common=0.4),), [100.0, 300.0])
    law = stats.lognorm(0.4, scale=0.1 * 400.0 * 1.2)
    assert believed(found.aal, law)
    exact = law.ppf(QUANTILES)
    np.testing.assert_allclose(np.quantile(found.aal, QUANTILES), exact, rtol=0.04)


def test_assets_that_err_apart_have_the_mean_and_deviation_of_a_sum() -> None:
    values = np.linspace(10.0, 500.0, 60)
    found = sampled((ValueFactor(name="v", own=0.6),), values.tolist())
    mean = 0.1 * values.sum() * np.exp(0.18)
    sd = 0.1 * np.exp(0.18) * np.sqrt(np.expm1(0.36) * (values**2).sum())
    assert found.aal.mean() == pytest.approx(mean, rel=4 * sd / mean / np.sqrt(MANY))
    assert found.aal.std() == pytest.approx(sd, rel=0.06)


def test_an_asset_of_its_own_is_lognormal_with_both_parts() -> None:
    found = sampled((ValueFactor(name="v", common=0.3, own=0.4),), [100.0, 300.0])
    assert found.known_asset_eai is not None
    for row, worth in zip(found.known_asset_eai, (100.0, 300.0), strict=True):
        assert believed(row, stats.lognorm(0.5, scale=0.1 * worth))
    logs = np.log(found.known_asset_eai)
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.09 / 0.25, abs=0.05)


def test_a_choice_is_a_mixture_by_its_weights() -> None:
    curves = {
        n: ramp([0.0, 100.0], [0.0, m], id=n) for n, m in (("a", 1.0), ("b", 0.5), ("c", 0.1))
    }
    choice = CurveChoice(name="c", of="a", curves=("a", "b", "c"), weights=(0.5, 0.3, 0.2))
    found = sampled((choice,), [1000.0], curves=curves)
    losses, counts = np.unique(found.aal.round(6), return_counts=True)
    assert losses.tolist() == [10.0, 50.0, 100.0]
    expected = MANY * np.array([0.2, 0.3, 0.5])
    assert stats.chisquare(counts, expected).pvalue > BELIEVED


def test_a_missing_share_is_spread_evenly_and_raises_totals_alone() -> None:
    found = sampled((MissingShare(name="m", low=0.1, high=0.3),), [100.0])
    assert believed(1.0 - 10.0 / found.aal, stats.uniform(0.1, 0.2))
    assert found.known_asset_eai is not None
    assert (found.known_asset_eai == np.float32(10.0)).all()


@pytest.mark.parametrize("family", Family)
def test_frequencies_have_mean_one_and_the_variation_stated(family: Family) -> None:
    found = sampled((RateFactor(name="r", cv=0.5, family=family),), [100.0])
    sigma = np.sqrt(np.log1p(0.25))
    law = stats.gamma(4.0, scale=2.5) if family is Family.GAMMA else stats.lognorm(
        sigma, scale=10.0 * np.exp(-(sigma**2) / 2)
    )  # fmt: skip
    assert believed(found.aal, law)
    assert law.mean() == pytest.approx(10.0) and law.std() == pytest.approx(5.0)


def test_a_stronger_curve_and_a_weaker_intensity_are_the_same_thing() -> None:
    curve = sampled((CurveFactor(name="x", median=2.0, common=0.3),), [100.0])
    assert believed(curve.aal, stats.lognorm(0.3, scale=5.0))
    shaken = sampled((IntensityFactor(name="x", median=0.5, common=0.3),), [100.0])
    assert believed(shaken.aal, stats.lognorm(0.3, scale=5.0))


def test_parts_between_and_within_events_add_up_as_variances() -> None:
    events = event_set([{0: 10.0, 1: 10.0}, {0: 10.0, 1: 10.0}], 2, [1.0, 1.0])
    study = Study(inputs=(IntensityFactor(name="x", between=0.2, within=0.15),))
    found = uncertain_impact(
        [(events, assets([0, 1], [[100.0], [100.0]]))], {"line": LINE}, study,
        monte_carlo(study.names, MANY, 1), Asked(groups=["a", "b"]),
    )  # fmt: skip
    one = sampled(study.inputs, [100.0])
    assert believed(one.aal, stats.lognorm(0.25, scale=10.0))
    assert found.known_event_loss is not None
    variance = np.exp(0.25**2) * np.expm1(0.25**2) * 100.0
    shared = np.exp(0.25**2) * np.expm1(0.2**2) * 100.0
    both = np.cov(found.known_event_loss)
    assert both[0, 0] == pytest.approx(2 * variance + 2 * shared, rel=0.12)
    assert np.corrcoef(found.known_event_loss)[0, 1] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("depth", [0.5, 1.0, 2.6, 6.0])
def test_quantiles_have_the_published_mean_and_deviation(depth: float, correlation: float) -> None:
    curve = risk.curve("jrc.asia.residential")
    events = event_set([{0: depth}], 1, [1.0])
    quantile = CurveQuantile(name="q", correlation=correlation)
    found = sampled((quantile,), [1.0, 1.0], events=events, curves={"house": curve})
    mean, sd = float(curve.value(depth)), float(curve.spread(depth))
    assert found.known_asset_eai is not None
    each = found.known_asset_eai.astype(float)
    assert each.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(MANY) + 1e-6)
    assert each[0].std() == pytest.approx(sd, rel=0.06, abs=0.003)
    if sd > 0.0:
        size = mean * (1.0 - mean) / sd**2 - 1.0
        if depth in curve.x:
            assert believed(each[1], stats.beta(mean * size, (1.0 - mean) * size))
        scores = stats.spearmanr(each[0], each[1]).statistic
        assert scores == pytest.approx(6 / np.pi * np.arcsin(correlation / 2), abs=0.06)


def test_a_tabulated_beta_keeps_mean_and_deviation() -> None:
    mean, sd = np.array([0.1, 0.494, 0.9]), np.array([0.05, 0.215, 0.12])
    table = beta_quantile(mean, sd, SCORES)
    weight = stats.norm.pdf(SCORES) / stats.norm.pdf(SCORES).sum()
    np.testing.assert_allclose(table @ weight, mean, atol=1e-6)
    np.testing.assert_allclose(np.sqrt(table**2 @ weight - mean**2), sd, atol=1e-5)


def test_inputs_draw_apart_from_each_other() -> None:
    names = ("a", "b", "c", "d", "e")
    uniform = monte_carlo(names, 20_000, 3).uniform
    assert all(believed(column, stats.uniform()) for column in uniform.T)
    others = [np.corrcoef(uniform[:, i], uniform[:, j])[0, 1]
              for i, j in itertools.combinations(range(5), 2)]  # fmt: skip
    assert np.abs(others).max() < 4.0 / np.sqrt(20_000)
    after = np.corrcoef(uniform[1:, 0], uniform[:-1, 0])[0, 1]
    assert abs(after) < 4.0 / np.sqrt(20_000)


def test_own_draws_are_normal_and_apart_in_assets_and_samples() -> None:
    samples = keys_of("x", monte_carlo(("x",), 400, 1).uniform[:, 0])
    drawn = normals(samples, keys([f"asset {i}" for i in range(300)]))
    assert stats.kstest(drawn.ravel(), "norm").pvalue > BELIEVED
    for table in (drawn, drawn.T):
        off = np.corrcoef(table)[np.triu_indices(len(table), 1)]
        assert off.std() == pytest.approx(1.0 / np.sqrt(table.shape[1]), rel=0.05)
        assert np.abs(off).max() < 6.0 / np.sqrt(table.shape[1])
    assert 0.0 < unit(np.array([0], np.uint64))[0] < unit(np.array([2**64 - 1], np.uint64))[0] < 1.0


def test_the_error_falls_as_one_over_the_root_of_samples() -> None:
    inputs = (ValueFactor(name="v", common=0.5), LossFactor(name="l", common=0.3))
    exact = 10.0 * np.exp(0.5 * (0.25 + 0.09))
    sizes = np.array([64, 256, 1024, 4096])
    error = [
        np.sqrt(np.mean([(sampled(inputs, [100.0], samples=int(n), seed=s).aal.mean() - exact) ** 2
                         for s in range(40)]))
        for n in sizes
    ]  # fmt: skip
    slope = np.polyfit(np.log(sizes), np.log(error), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.12)
