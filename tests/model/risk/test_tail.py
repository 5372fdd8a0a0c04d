"""Exceedance and tail measures against closed forms and hand cases."""

from __future__ import annotations

import numpy as np
import pytest

from rencheng.domain.errors import InvalidInputError
from rencheng.model.risk.tail import exceedance, loss_at, tail_mean


def test_equal_losses_share_a_step_and_nothing_lost_has_none() -> None:
    curve = exceedance(np.array([1.0, 0.0, 1.0, 3.0]), np.array([0.1, 9.0, 0.2, 0.01]))
    assert curve.loss.tolist() == [3.0, 1.0]
    assert curve.frequency.tolist() == pytest.approx([0.01, 0.31])
    assert curve.return_period.tolist() == pytest.approx([100.0, 1 / 0.31])
    assert curve.probability.tolist() == pytest.approx([1 - np.exp(-0.01), 1 - np.exp(-0.31)])


def test_a_thousand_years_of_events_know_their_largest_loss() -> None:
    loss = np.arange(1.0, 1001.0)
    curve = exceedance(loss, np.full(1000, 1e-3))
    assert [loss_at(curve, t) for t in (1000, 500, 100, 2, 1)] == [1000, 999, 991, 501, 1]
    assert np.isnan(loss_at(curve, 1001))
    assert loss_at(curve, 0.9) == 0.0
    assert tail_mean(curve, 100) == pytest.approx(loss[-10:].mean())


@pytest.mark.parametrize("period", [10.0, 50.0, 200.0])
def test_exponential_losses_have_their_closed_forms(period: float) -> None:
    many, often, mean = 200_000, 0.5, 7.0
    grid = (np.arange(many) + 0.5) / many
    curve = exceedance(-mean * np.log1p(-grid), np.full(many, often / many))
    quantile = mean * np.log(often * period)
    assert loss_at(curve, period) == pytest.approx(quantile, rel=1e-3)
    assert tail_mean(curve, period) == pytest.approx(quantile + mean, rel=1e-3)


@pytest.mark.parametrize("shape", [2.0, 3.5])
def test_pareto_losses_have_their_closed_forms(shape: float) -> None:
    many, period = 400_000, 20.0
    grid = (np.arange(many) + 0.5) / many
    curve = exceedance((1 - grid) ** (-1 / shape), np.full(many, 1.0 / many))
    quantile = period ** (1 / shape)
    assert loss_at(curve, period) == pytest.approx(quantile, rel=1e-3)
    assert tail_mean(curve, period) == pytest.approx(quantile * shape / (shape - 1), rel=1e-2)


def test_the_area_under_the_curve_is_the_average_annual_loss() -> None:
    rng = np.random.default_rng(0)
    loss, rate = rng.gamma(1.0, 1.0, 500), rng.gamma(1.0, 0.01, 500)
    curve = exceedance(loss, rate)
    area = np.sum(curve.loss * np.diff(curve.frequency, prepend=0.0))
    assert area == pytest.approx(np.sum(loss * rate))


def test_the_tail_of_everything_is_the_average_over_its_frequency() -> None:
    curve = exceedance(np.array([4.0, 1.0]), np.array([0.1, 0.4]))
    assert tail_mean(curve, 1.0) == pytest.approx(0.8)


def test_nothing_lost_has_an_empty_curve() -> None:
    curve = exceedance(np.zeros(3), np.ones(3))
    assert loss_at(curve, 10.0) == tail_mean(curve, 10.0) == 0.0


@pytest.mark.parametrize("rate", [np.nan, -0.1, np.inf])
def test_a_curve_needs_every_rate(rate: float) -> None:
    with pytest.raises(InvalidInputError):
        exceedance(np.ones(2), np.array([0.1, rate]))
