"""Expected damage states: exact, complete, honest about the unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rencheng.domain.curve import Beyond
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import OUTSIDE, Standing
from rencheng.model.risk import twin
from rencheng.model.risk.states.expected import expected_states
from rencheng.model.risk.stock import stock
from risk_kit import assets, event_set, fragility, random_case, steps

WOOD = fragility([0.2, 0.5, 1.0], [0.6, 0.5, 0.5])


def test_at_the_median_half_are_in_the_state_or_worse() -> None:
    result = expected_states(event_set([{0: 0.5}], 1), assets([0], [[1.0]]), [WOOD])
    np.testing.assert_allclose(result.by_event[0], WOOD.shares(0.5), rtol=0, atol=3e-7)
    assert result.by_event[0, 2:].sum() == pytest.approx(0.5, abs=3e-7)


def test_states_of_every_event_add_up_to_the_assets_that_are_known() -> None:
    events = event_set([{0: 0.4, 1: np.nan}, {}], 3)
    result = expected_states(events, assets([0, 1, OUTSIDE, 2], [[1.0]] * 4), [WOOD])
    assert result.by_event.sum(axis=1).tolist() == pytest.approx([3.0, 4.0])
    assert result.unknown.tolist() == [1, 0]
    assert np.isnan(result.by_asset[1]).all()
    assert result.counts[Standing.NOT_EXPOSED] == 2


@pytest.mark.parametrize("seed", range(5))
def test_the_compiled_loop_agrees_with_the_slow_twin(seed: int) -> None:
    curves = [
        WOOD,
        fragility([0.3, 0.4, 0.45], [0.9, 0.3, 0.8]),  # crossing
        steps([0.1, 0.5, 2.0], [[0.0, 0.8, 1.0], [0.0, 0.3, 0.9], [0.0, 0.1, 0.5]]),
        fragility([0.3, 0.4, 0.5], [0.4] * 3, low=0.2, high=1.5, above=Beyond.UNKNOWN),
        steps(
            [0.4, 1.0], [[0.5, 0.8], [0.2, 0.3], [0.1, 0.1]],
            below=Beyond.HOLD, above=Beyond.ZERO,
        ),
        fragility([0.3, 0.4, 0.5], [0.4] * 3, low=0.3, below=Beyond.HOLD, high=2.0),
        fragility([0.3, 0.4, 0.5], [0.4] * 3, high=1.0, above=Beyond.ZERO),
    ]  # fmt: skip
    events, folio, _ = random_case(seed, classes=len(curves))
    result = expected_states(events, folio, curves)
    things = stock(
        assets(folio.point.tolist(), [[1.0]] * folio.point.size, folio.curve[:, :1].tolist()),
        len(events.head.place),
    )
    stored = (events.start, events.point, events.intensity, events.head.rate)
    by_event, by_item = twin.states(stored, (things.first, things.curve), curves, 3)
    np.testing.assert_allclose(result.by_event[:, 1:], by_event, rtol=0, atol=1e-6)
    np.testing.assert_allclose(result.by_asset[things.asset], by_item, rtol=0, atol=1e-8)


@pytest.mark.parametrize("end", [0.1, 0.35, 0.7, 2.3])
@pytest.mark.parametrize("rule", [Beyond.ZERO, Beyond.UNKNOWN])
def test_an_end_of_the_range_is_valid_however_the_intensity_is_stored(
    end: float, rule: Beyond
) -> None:
    events, house = event_set([{0: end}], 1), assets([0], [[1.0]])
    for curve in (
        fragility([end], [0.5], low=end, below=rule),
        fragility([end], [0.5], high=end, above=rule),
        steps([end, 2 * end], [[0.5, 1.0]], below=rule),
        steps([end, 2 * end], [[0.5, 1.0]], below=Beyond.HOLD),
        steps([end / 2, end], [[0.0, 0.5]], above=rule),
    ):
        result = expected_states(events, house, [curve])
        np.testing.assert_allclose(result.by_event[0], [0.5, 0.5], rtol=0, atol=1e-6)


def test_a_year_of_an_asset_is_rate_times_probability() -> None:
    result = expected_states(event_set([{0: 0.5}] * 2, 1, [0.1, 0.3]), assets([0], [[9.0]]), [WOOD])
    np.testing.assert_allclose(result.by_asset[0], 0.4 * WOOD.shares(0.5)[1:], rtol=0, atol=1.2e-7)


@pytest.mark.parametrize("beta", [1e-4, 0.01, 0.1, 0.375, 0.5, 0.75, 1.5, 3.0, 10.0, 20.0])
def test_every_probability_is_within_3e_7_of_the_curve(beta: float) -> None:
    median, spread = np.array([0.2, 0.3, 1.0, 1.1]), np.array([1.0, 1.3, 1.0, 1.9]) * beta
    curve = fragility(median.tolist(), spread.tolist())
    log = np.log(median)[:, None] + np.linspace(-6.5, 6.5, 1500) * spread[:, None]
    x = np.exp(log[(log > -87.0) & (log < 88.0)]).astype(np.float32)
    result = expected_states(
        event_set([dict(enumerate(x.tolist()))], x.size, [1.0]),
        assets(list(range(x.size)), [[1.0]] * x.size), [curve],
    )  # fmt: skip
    reached = result.by_asset[:, ::-1].cumsum(axis=1)[:, ::-1]
    np.testing.assert_allclose(reached, curve.value(x.astype(float)), rtol=0, atol=3e-7)


@pytest.mark.parametrize("many", [1, 3, 5, 9])
def test_any_number_of_states_is_taken(many: int) -> None:
    curve = replace(
        WOOD,
        states=tuple(f"s{k}" for k in range(many)),
        median=np.linspace(0.2, 1.0, many),
        beta=np.linspace(0.9, 0.3, many),
    )
    result = expected_states(event_set([{0: 0.4}], 1, [1.0]), assets([0], [[1.0]]), [curve])
    np.testing.assert_allclose(result.by_event[0], curve.shares(0.4), rtol=0, atol=3e-7)


def test_curves_of_other_states_are_run_apart() -> None:
    other = fragility([0.2], [0.5])
    with pytest.raises(InvalidInputError, match="2 kinds of states"):
        expected_states(event_set([{0: 0.5}], 1), assets([0], [[1.0]]), [WOOD, other])
