"""Curves as studies look them up: buckets, cells by the bits of an intensity, pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rencheng.domain.risk_uncertainty import CurveFactor, Study
from rencheng.model.risk.lines import knots_of
from rencheng.model.risk.uncertain.bent_kernel import _looked_close
from rencheng.model.risk.uncertain.curves import buckets, cells
from rencheng.model.risk.uncertain.design import monte_carlo
from rencheng.model.risk.uncertain.study import Asked, uncertain_impact
from risk_kit import assets, event_set, ramp

NO_BUCKETS = np.array([[0.0, 0.0, -1.0, 0.0]])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0, 50.0), min_size=2, max_size=20, unique=True), st.integers(0, 99))
def test_buckets_give_a_curve_exactly_wherever_it_is_looked_up(x: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    knots = knots_of(ramp(sorted(x), np.sort(rng.random(len(x))).tolist()))
    head, row = buckets([knots])
    if head[0, 2] < 0.0:  # too close for a table: the pieces are used
        assert np.ptp(knots.x) > 900.0 * np.diff(knots.x).min()
        return
    place = np.r_[knots.x, np.nextafter(knots.x, -1.0), rng.uniform(-1.0, 60.0, 200)]
    at = np.clip(place * head[0, 0] + head[0, 1], 0.0, head[0, 2]).astype(int)
    d = place - row[at, 0]
    value = row[at, 1] + np.where(d < 0.0, row[at, 2], row[at, 3]) * d
    np.testing.assert_allclose(value, np.interp(place, knots.x, knots.mean), rtol=0, atol=1e-12)


def test_a_curve_with_knots_too_close_for_any_table_is_bent_by_its_pieces() -> None:
    steep = ramp([0.0, 5.0, 5.0001, 20.0], [0.0, 0.1, 0.8, 1.0])
    near = buckets([knots_of(steep)])[0]
    assert near[0, 2] < 0.0 and cells([knots_of(steep)], near)[0][0, 2] < 0
    plain = ramp([0.0, 5.0, 20.0], [0.0, 0.1, 1.0])
    events, folio = event_set([{0: 4.9}], 1, [1.0]), assets([0], [[100.0]])
    one = Study(inputs=(CurveFactor(name="c", common=0.1),))
    design = monte_carlo(one.names, 500, 1)
    losses = [
        uncertain_impact([(events, folio)], {"a": curve}, one, design, Asked()).aal
        for curve in (steep, plain)
    ]
    low = losses[1] <= 10.0
    np.testing.assert_allclose(losses[0][low], losses[1][low], rtol=1e-12)
    assert (losses[0][~low] > 79.0).mean() > 0.95


@settings(max_examples=60, deadline=None)
@example(x=[1.0000000000000002e-06, 1e-06], from_zero=False, seed=0)  # next to each other
@given(
    st.lists(st.floats(1e-6, 50.0), min_size=2, max_size=20, unique=True),
    st.booleans(),
    st.integers(0, 99),
)
def test_cells_give_a_curve_exactly_wherever_it_is_looked_up(
    x: list[float], from_zero: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = sorted([0.0, *x] if from_zero else x)
    knots = knots_of(ramp(x, np.sort(rng.random(len(x))).tolist()))
    head, row = cells([knots], NO_BUCKETS)
    if head[0, 2] < 0:  # too close for a table: the pieces are used
        positive = knots.x[knots.x > 0.0]
        octaves = np.ptp(np.log2(positive)) + 1.0
        assert (octaves * positive[:-1] / np.diff(positive)).max() * np.log(2.0) > 4000.0
        return
    place = np.r_[knots.x, np.nextafter(knots.x, -1.0), np.nextafter(knots.x, 99.0)]
    place = np.r_[place, np.exp(rng.uniform(-20.0, 5.0, 200)), rng.uniform(-1.0, 60.0, 50)]
    value = np.empty(place.size)
    _looked_close(value, place, np.empty(place.size, dtype=np.int32), head[0], row)
    np.testing.assert_allclose(value, np.interp(place, knots.x, knots.mean), rtol=0, atol=1e-12)


def test_an_unknown_intensity_stays_unknown_in_cells() -> None:
    head, row = cells([knots_of(ramp([0.0, 0.1, 5.0], [0.0, 0.3, 1.0]))], NO_BUCKETS)
    value, place = np.empty(2), np.array([np.nan, -np.nan])
    _looked_close(value, place, np.empty(2, dtype=np.int32), head[0], row)
    assert np.isnan(value).all()


def test_a_curve_of_many_crowded_knots_loses_what_its_pieces_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = [0.0, *np.geomspace(0.01, 10.0, 300).tolist()]
    curve = ramp(x, np.linspace(0.0, 1.0, len(x)).tolist())
    assert buckets([knots_of(curve)])[0][0, 2] < 0.0
    events, folio = (
        event_set([{0: 0.3, 1: 4.0}, {1: 0.02}], 2, [1.0, 0.1]),
        assets([0, 1], [[5.0], [7.0]]),
    )
    one = Study(inputs=(CurveFactor(name="c", common=0.4),))
    design = monte_carlo(one.names, 300, 1)

    def run() -> NDArray[np.float64]:
        return uncertain_impact([(events, folio)], {"a": curve}, one, design, Asked()).aal

    by_cells = run()
    monkeypatch.setattr("rencheng.model.risk.uncertain.curves.MOST_CELLS", 0)
    np.testing.assert_allclose(by_cells, run(), rtol=1e-12)
