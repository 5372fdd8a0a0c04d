"""Totals of years against closed forms: Poisson counts, sums of gamma, means, layers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import LossMatrix
from rencheng.domain.risk_annual import AnnualLoss, Between, Layer
from rencheng.model.risk.annual import (
    annual_loss,
    annual_loss_at,
    annual_paid,
    annual_tail_mean,
    covered,
    told,
)
from rencheng.model.risk.tail import exceedance

PERIODS = (2, 5, 20, 100, 1000, 10_000)


def random_set(seed: int, many: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.pareto(2.5, many) * 1e6, rng.gamma(1.0, 0.01, many)


@pytest.mark.parametrize("often", [0.01, 0.7, 5.0, 60.0])
def test_a_single_event_comes_as_a_poisson_count(often: float) -> None:
    year = annual_loss(np.array([250.0]), np.array([often]))
    for count in range(1, 6):
        k = int(
            np.floor(count * 250.0 / year.loss[1] - count)
        )  # below so many events, rounded down
        assert year.reached[k] == pytest.approx(stats.poisson.sf(count - 1, often), abs=1e-12)
    for period in PERIODS:
        found = annual_loss_at(year, period)
        exact = 250.0 * stats.poisson.isf(1 / period, often)
        assert found.low <= exact * (1 + 1e-12)
        assert exact <= found.high * (1 + 1e-12)
        assert found.high - found.low <= (exact / 250.0 + 2.0) * year.loss[1]


def test_exponential_losses_are_a_poisson_sum_of_gammas() -> None:
    many, often, mean = 200_000, 3.0, 10.0
    loss = -mean * np.log1p(-(np.arange(many) + 0.5) / many)
    year = annual_loss(loss, np.full(many, often / many))
    n = np.arange(1, 80)
    for x in (5.0, 30.0, 60.0, 90.0):
        exact = np.sum(stats.poisson.pmf(n, often) * stats.gamma.sf(x, n, scale=mean))
        assert year.reached[np.searchsorted(year.loss, x)] == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_mean_and_variance_are_those_of_a_compound_poisson(seed: int) -> None:
    loss, rate = random_set(seed)
    year = annual_loss(loss, rate)
    area = year.reached[:-1] @ np.diff(year.loss)
    assert area == pytest.approx(np.sum(loss * rate), rel=1e-6)
    assert year.mean == pytest.approx(area, rel=1e-6)
    mass = -np.diff(year.reached, prepend=1.0)
    spread = np.sum(mass * year.loss**2) - area**2
    assert spread == pytest.approx(np.sum(rate * loss**2), rel=1e-4)


def test_bounds_hold_and_close_in_on_each_other() -> None:
    loss, rate = random_set(7)
    coarse, fine = annual_loss(loss, rate, cells=1 << 10), annual_loss(loss, rate, cells=1 << 18)
    for period in PERIODS:
        wide, narrow = annual_loss_at(coarse, period), annual_loss_at(fine, period)
        assert wide.low <= narrow.best <= wide.high
        assert wide.low <= wide.best <= wide.high
        assert narrow.high - narrow.low < (wide.high - wide.low) / 50


def test_a_year_is_never_cheaper_than_its_largest_event() -> None:
    loss, rate = random_set(3)
    year, single = annual_loss(loss, rate), exceedance(loss, rate)
    at = np.searchsorted(year.loss, single.loss * 0.999, side="right") - 1
    assert (year.reached_high[at] >= single.probability - 1e-10).all()


def test_the_worst_years_are_worse_than_their_edge() -> None:
    loss, rate = random_set(4)
    year = annual_loss(loss, rate)
    for period in PERIODS:
        edge, mean = annual_loss_at(year, period), annual_tail_mean(year, period)
        assert mean.best >= edge.best
        assert mean.low <= mean.best <= mean.high
    assert annual_tail_mean(year, 1 + 1e-12).best == pytest.approx(year.mean, rel=1e-6)


def test_the_tail_mean_of_one_event_is_its_closed_form() -> None:
    year = annual_loss(np.array([100.0]), np.array([0.02]))
    n = np.arange(0, 12)
    p = stats.poisson.pmf(n, 0.02)
    worst = np.minimum(np.r_[np.cumsum(p[::-1])[::-1], 0.0], 1 / 20)
    exact = 100.0 * np.sum(-np.diff(worst) * n) * 20
    assert annual_tail_mean(year, 20).best == pytest.approx(exact, rel=1e-3)


def test_against_simulated_years() -> None:
    loss, rate = random_set(11, 40)
    rng = np.random.default_rng(0)
    years = rng.poisson(rate, (200_000, rate.size)) @ loss
    year = annual_loss(loss, rate)
    for period in (5, 20, 100):
        found, error = annual_loss_at(year, period), 5 * np.sqrt(1 / period / years.size)
        assert np.mean(years > found.high) <= 1 / period + error
        assert np.mean(years >= found.low) >= 1 / period - error


def stop_loss(year: AnnualLoss, often: float, worth: float, low: float) -> float:
    n = np.arange(0, 60)
    return float(np.sum(stats.poisson.pmf(n, often) * np.maximum(n * worth - low, 0.0)))


@pytest.mark.parametrize("low", [0.0, 50.0, 250.0])
def test_a_stop_loss_on_poisson_counts_has_its_closed_form(low: float) -> None:
    year = annual_loss(np.array([100.0]), np.array([1.3]))
    found = annual_paid(year, Layer(deductible=low))
    exact = stop_loss(year, 1.3, 100.0, low)
    assert found.low <= exact <= found.high
    assert found.best == pytest.approx(exact, rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 300), st.floats(0, 300), st.floats(0.1, 1.0))
def test_paid_and_kept_are_all_of_the_loss(a: float, b: float, share: float) -> None:
    loss, rate = np.array([10.0, 80.0, 500.0]), np.array([1.0, 0.1, 0.01])
    layer = Layer(deductible=min(a, b), limit=max(a, b), share=share)
    found = covered(loss, rate, event=layer, year=Layer(deductible=20.0, limit=400.0), cells=4096)
    assert found.paid + found.kept == pytest.approx(loss)
    assert found.paid_aal.best + found.kept_aal.best == pytest.approx(np.sum(loss * rate))
    assert found.paid_aal.low - 1e-9 <= found.paid_aal.best <= found.paid_aal.high + 1e-9


# OpenQuake 3.26 (event_based_risk/reinsurance_1, expected): claims of a policy of which
# 20 % and 30 % are ceded in proportion, then what lies between 50 and 350 of the rest.
CLAIM = np.array([141.443, 245.206, 415.459, 447.664, 661.126])
CEDED_ALONE = np.array([91.4429, 195.206, 300.0, 300.0, 300.0])
CEDED_OF_REST = np.array([20.7214, 72.6031, 157.730, 173.832, 280.563])


def test_an_excess_of_loss_treaty_cedes_what_openquake_prints() -> None:
    treaty, rate = Layer(deductible=50.0, limit=350.0), np.full(5, 0.1)
    assert covered(CLAIM, rate, event=treaty).paid == pytest.approx(CEDED_ALONE, rel=1e-5)
    rest = covered(CLAIM, rate, event=Layer(share=0.5)).kept
    found = covered(rest, rate, event=treaty)
    assert found.paid == pytest.approx(CEDED_OF_REST, rel=1e-5)
    assert found.kept == pytest.approx(50.0)


def test_layers_of_assets_come_before_those_of_events() -> None:
    matrix = LossMatrix(
        start=np.array([0, 2, 3]), asset=np.array([0, 1, 1], dtype=np.int32),
        loss=np.array([30.0, 50.0, 8.0], dtype=np.float32),
    )  # fmt: skip
    own = Layer(deductible=np.array([0.0, 10.0]), limit=np.array([20.0, 100.0]))
    found = covered(matrix, np.array([0.1, 0.5]), asset=own, event=Layer(deductible=15.0))
    assert found.paid.tolist() == [20.0 + 40.0 - 15.0, 0.0]
    assert found.kept.tolist() == [35.0, 8.0]
    assert found.paid_aal.best == pytest.approx(4.5)


def test_what_is_unknown_is_paid_by_nobody_yet() -> None:
    found = covered(np.array([np.nan, 5.0]), np.array([0.1, 0.1]))
    assert np.isnan(found.paid[0]) and found.paid[1] == 5.0
    assert np.isnan(found.paid_aal.best) and found.year is None


def test_layers_of_assets_need_the_matrix() -> None:
    with pytest.raises(InvalidInputError, match="each event at each asset"):
        covered(np.ones(1), np.ones(1), asset=Layer(limit=3.0))


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_unknown_rates_and_losses_have_no_year(bad: float) -> None:
    for loss, rate in (([1.0, bad], [0.1, 0.1]), ([1.0, 1.0], [0.1, bad])):
        with pytest.raises(InvalidInputError):
            annual_loss(np.array(loss), np.array(rate))


def test_losses_of_two_magnitudes_have_their_closed_form() -> None:
    small, large = (1e5, 0.3), (1e10, 1e-4)
    year = annual_loss([small[0], large[0]], [small[1], large[1]])
    for period in (5, 10, 25, 50, 100, 500, 1000):
        q = 1 / period  # few of the small: as often as none of the large allows
        left = (q + np.expm1(-large[1])) / np.exp(-large[1])
        exact = small[0] * stats.poisson.isf(left, small[1])
        found = annual_loss_at(year, period)
        assert found.low <= exact <= found.high <= exact * 1.001 + year.loss[1]
        assert found.best == pytest.approx(exact, rel=1e-3)
    assert annual_loss_at(year, 11_000).best == pytest.approx(1e10, rel=1e-3)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(-4, 0.5)), min_size=1, max_size=6),
    st.sampled_from(PERIODS),
)
def test_a_year_costs_no_less_than_its_largest_event(
    events: list[tuple[float, float]], period: float
) -> None:
    loss, rate = (10.0 ** np.array(one) for one in zip(*events, strict=True))
    single = exceedance(loss, rate)
    above = single.loss[single.probability > 1 / period]  # of one event, of the same probability
    found = annual_loss_at(annual_loss(loss, rate), period)
    assert found.low <= found.best <= found.high
    assert found.best >= (above[0] if above.size else 0.0)
    assert found.high - found.low <= 0.01 * found.high


@pytest.mark.parametrize(
    "layer",
    [
        Layer(share=80), Layer(share=-0.1), Layer(share=np.nan), Layer(deductible=-1.0),
        Layer(deductible=np.inf), Layer(limit=np.array([1.0, 2.0])), Layer(limit=-5.0),
        Layer(deductible=np.nan), Layer(limit=np.nan),
    ],
)  # fmt: skip
def test_a_layer_that_cannot_be_is_refused(layer: Layer) -> None:
    matrix = LossMatrix(
        start=np.array([0, 3]), asset=np.array([0, 1, 2], dtype=np.int32),
        loss=np.array([30.0, 50.0, 8.0], dtype=np.float32),
    )  # fmt: skip
    for given_to in ("asset", "event", "year"):
        with pytest.raises(InvalidInputError):
            covered(matrix, np.array([0.1]), **{given_to: layer})


def test_numbers_that_cannot_be_a_year_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="2 losses do not go with 1 rates"):
        annual_loss([1, 2], [0.1])
    year = annual_loss([1.0], [0.1])
    for period in (0, -5.0, np.nan):
        for ask in (annual_loss_at, annual_tail_mean):
            with pytest.raises(InvalidInputError, match="return period"):
                ask(year, period)


def test_very_many_small_events_are_nearly_normal() -> None:
    loss, rate = np.full(100, 1.0), np.full(100, 500.0)
    year = annual_loss(loss, rate)
    mean, sd = 50_000.0, np.sqrt(50_000.0)
    found = annual_loss_at(year, 100)
    exact = stats.poisson.isf(0.01, mean)
    assert found.low <= exact <= found.high
    assert exact == pytest.approx(mean + stats.norm.isf(0.01) * sd, rel=1e-3)
    with pytest.raises(TooMuchError, match="too many"):
        annual_loss(np.ones(1), np.array([1e7]))


def test_nothing_lost_is_a_year_of_nothing() -> None:
    year = annual_loss(np.zeros(3), np.ones(3))
    assert annual_loss_at(year, 10).best == annual_tail_mean(year, 10).best == 0.0
    assert np.isnan(annual_loss_at(year, 1.0).best)


@pytest.mark.parametrize(
    ("low", "high", "is_told"),
    [(1.0, 10.0, True), (1.0, 10.1, False), (0.0, 1.0, False), (0.0, 0.0, True), (2.0, 2.0, True)],
)
def test_bounds_too_wide_to_say_anything_are_withheld(
    low: float, high: float, is_told: bool
) -> None:
    one = Between(best=(low + high) / 2, low=low, high=high)
    assert told(one) == (one if is_told else None)
    assert told(Between(best=math.nan, low=math.nan, high=math.nan)) is None


def test_a_curve_tells_what_is_sure_and_withholds_the_rest() -> None:
    year = annual_loss(np.geomspace(1, 1e9, 100), np.geomspace(1e4, 1e-6, 100))
    assert told(annual_loss_at(year, 100.0)) is not None
    rare = annual_loss_at(year, 1000.0)
    assert rare.high > 20.0 * rare.low > 0.0
    assert told(rare) is None
