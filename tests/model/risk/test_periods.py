"""Losses by return period of a catalogue of events that stands for a number of years."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.model.risk.periods import amplified, loss_by_period, own_periods, periods_of

LOSSES = st.lists(st.floats(0, 1e9), min_size=1, max_size=40)


@given(LOSSES)
def test_each_event_is_reached_at_its_own_period(losses: list[float]) -> None:
    period = own_periods(losses, 1000.0)
    np.testing.assert_allclose(loss_by_period(losses, 1000.0, period), losses, rtol=1e-9)


@given(LOSSES)
def test_a_longer_period_never_has_a_smaller_loss(losses: list[float]) -> None:
    reached = loss_by_period(losses, 500.0, np.geomspace(1, 500, 60))
    assert (np.diff(reached) >= -1e-6).all()


def test_between_two_ranks_the_loss_runs_over_the_logarithm() -> None:
    at = np.sqrt(500.0 * 1000.0)
    assert loss_by_period([5.0, 20.0], 1000.0, [at])[0] == pytest.approx(12.5)


def test_a_catalogue_does_not_speak_of_more_than_its_years() -> None:
    found = loss_by_period([1.0], 100.0, [99.0, 100.0, 101.0])
    assert found[:2].tolist() == [0.0, 1.0]
    assert np.isnan(found[2])


def test_an_unknown_loss_makes_the_curve_unknown() -> None:
    assert np.isnan(loss_by_period([1.0, np.nan], 100.0, [50.0])).all()


def test_a_catalogue_without_events_loses_nothing_in_its_years() -> None:
    assert loss_by_period([], 100.0, [50.0]).tolist() == [0.0]
    assert periods_of(100.0, 0).size == 0


def test_periods_are_round_and_within_what_the_events_can_say() -> None:
    assert periods_of(500.0, 481).tolist() == [2, 5, 10, 20, 50, 100, 200, 500]


def test_rare_events_cost_more_and_ties_keep_their_order() -> None:
    raised = amplified([2.0, 2.0, 0.0], 100.0, [10, 50, 100], [1.0, 1.0, 2.0])
    assert raised.tolist() == [4.0, 2.0, 0.0]
