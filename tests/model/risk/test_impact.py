"""Losses under an event set: exact, the same however the work is cut, honest about the unknown."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng.domain.curve import Beyond
from rencheng.domain.errors import TooMuchError
from rencheng.domain.risk import NO_PLACE, OUTSIDE, Events, Standing
from rencheng.model.risk import twin
from rencheng.model.risk.impact import impact
from rencheng.model.risk.lines import tabulate
from rencheng.model.risk.stock import stock
from risk_kit import assets, event_set, ramp, random_case

HOUSE = ramp([0.0, 1.0, 3.0], [0.0, 0.4, 1.0])


def test_a_hand_case_adds_up() -> None:
    events = event_set([{0: 0.5, 1: 3.0}, {1: 2.0}, {}], 3, [0.1, 0.01, 1.0])
    result = impact(events, assets([0, 1, 1], [[100.0], [1000.0], [10.0]]), [HOUSE])
    assert result.loss.tolist() == pytest.approx([20 + 1000 + 10, 700 + 7, 0])
    assert result.eai.tolist() == pytest.approx([2.0, 107.0, 1.07])
    assert result.aal == pytest.approx(0.1 * 1030 + 0.01 * 707)
    assert result.counts[Standing.ASSESSED] == 3


def test_components_have_curves_and_values_of_their_own() -> None:
    contents = ramp([0.0, 1.0], [0.0, 1.0])
    events = event_set([{0: 1.0}], 1)
    folio = assets([0], [[100.0, 50.0]], [[0, 1]])
    assert impact(events, folio, [HOUSE, contents]).loss[0] == pytest.approx(40 + 50)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_the_compiled_loop_agrees_with_the_slow_twin(seed: int) -> None:
    events, folio, curves = random_case(seed)
    result = impact(events, folio, curves)
    things = stock(folio, len(events.head.place))
    stored = (events.start, events.point, events.intensity, events.head.rate)
    items = (things.first, things.curve, things.value, things.asset)
    loss, unknown, annual, dark = twin.losses(stored, items, curves)
    np.testing.assert_allclose(result.known_loss, loss, rtol=1e-12, atol=1e-9)
    assert (result.unknown == unknown).all()
    by_asset = np.bincount(things.asset, annual, len(folio.id))
    np.testing.assert_allclose(result.known_eai, by_asset, rtol=1e-11, atol=1e-9)
    assert (np.bincount(things.asset, dark, len(folio.id)) == result.dark).all()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_lookup_is_exact(data: st.DataObject) -> None:
    number = st.floats(-1e3, 1e3, allow_nan=False, width=32)
    knots = sorted(data.draw(st.lists(number, min_size=2, max_size=9, unique=True)))
    rules = st.sampled_from(Beyond)
    mean = sorted(data.draw(st.lists(st.floats(0, 1), min_size=len(knots), max_size=len(knots))))
    curve = ramp(knots, mean, below=data.draw(rules), above=data.draw(rules))
    x = np.array(data.draw(st.lists(number, max_size=20)) + knots, dtype=np.float32)
    rows = [{0: float(v)} for v in x]
    result = impact(event_set(rows, 1), assets([0], [[1.0]]), [curve])
    np.testing.assert_allclose(result.loss, curve.value(x), rtol=0, atol=1e-9)


def test_a_knot_belongs_to_the_curve_whatever_holds_beyond() -> None:
    curve = ramp([1.0, 2.0], [0.5, 0.7], below=Beyond.UNKNOWN, above=Beyond.UNKNOWN)
    rows = [{0: x} for x in (0.9, 1.0, 2.0, 2.1)]
    result = impact(event_set(rows, 1), assets([0], [[1.0]]), [curve])
    np.testing.assert_allclose(result.loss, [np.nan, 0.5, 0.7, np.nan])


@pytest.mark.parametrize("end", [0.1, 0.35, 0.7, 5.3, 6.0])
@pytest.mark.parametrize("rule", Beyond)
def test_an_end_of_the_range_is_valid_however_the_intensity_is_stored(
    end: float, rule: Beyond
) -> None:
    first = ramp([end, 2 * end], [0.2, 0.6], below=rule)
    last = ramp([0.0, end], [0.2, 0.6], above=rule)
    beyond = {Beyond.HOLD: 1.0, Beyond.ZERO: 0.0, Beyond.UNKNOWN: np.nan}[rule]
    for curve, there, outside in ((first, 0.2, 1 - 1e-6), (last, 0.6, 1 + 1e-6)):
        events = event_set([{0: end}, {0: end * outside}], 1)
        loss = impact(events, assets([0], [[1.0]]), [curve]).loss
        np.testing.assert_allclose(loss, [there, there * beyond], rtol=0, atol=1e-7)


def test_what_is_unknown_is_counted_and_never_zero() -> None:
    events = event_set([{0: np.nan, 1: 3.0}, {1: 3.0}], 2)
    result = impact(events, assets([0, 1], [[100.0], [10.0]]), [HOUSE])
    assert np.isnan(result.loss[0])
    assert result.known_loss[0] == pytest.approx(10.0)
    assert result.unknown.tolist() == [1, 0]
    assert np.isnan(result.eai[0])
    assert result.eai[1] == pytest.approx(0.2)
    assert np.isnan(result.aal)
    assert result.known_aal == pytest.approx(0.2)


def test_every_asset_ends_in_exactly_one_standing() -> None:
    nan = float("nan")
    folio = assets(
        [0, 1, OUTSIDE, 0, 0, 0, NO_PLACE, 0],
        [[1.0], [1.0], [1.0], [1.0], [-1.0], [nan], [1.0], [0.0]],
        [[0], [0], [0], [-1], [0], [0], [0], [-1]],
    )
    result = impact(event_set([{0: 1.0}], 2), folio, [HOUSE])
    assert [Standing(s).name for s in result.standing] == [
        "ASSESSED", "NOT_EXPOSED", "NOT_EXPOSED", "NO_CURVE", "BAD_DATA", "BAD_DATA", "BAD_DATA",
        "ASSESSED",
    ]  # fmt: skip
    assert sum(result.counts.values()) == 8
    assert result.loss.tolist() == pytest.approx([0.4])
    assert np.isnan(result.eai[3:7]).all()
    assert result.eai[[1, 2]].tolist() == [0.0, 0.0]


def test_an_asset_of_which_one_component_has_no_curve_is_in_no_total() -> None:
    folio = assets([0, 0], [[100.0, 50.0], [100.0, 0.0]], [[0, -1], [0, -1]])
    result = impact(event_set([{0: 1.0}], 1), folio, [HOUSE])
    assert result.loss[0] == pytest.approx(40.0)
    assert result.counts[Standing.NO_CURVE] == 1


@pytest.mark.parametrize("budget_mb", [0.03, 0.04, 100.0])
def test_blocks_change_nothing_to_the_last_bit(budget_mb: float) -> None:
    events, folio, curves = random_case(3, events=200)
    whole, parts = impact(events, folio, curves), impact(events, folio, curves, budget_mb=budget_mb)
    for name in ("known_loss", "known_eai", "unknown", "dark", "standing"):
        assert (getattr(whole, name) == getattr(parts, name)).all(), name
    assert whole.known_aal == parts.known_aal


def test_jobs_side_by_side_do_not_touch_each_other() -> None:
    events, folio, curves = random_case(7, events=200)
    alone = impact(events, folio, curves)
    with ThreadPoolExecutor(4) as pool:
        others = list(pool.map(lambda _: impact(events, folio, curves), range(8)))
    for other in others:
        assert (other.known_loss == alone.known_loss).all()
        assert (other.known_eai == alone.known_eai).all()


def test_the_order_of_events_and_assets_changes_nothing() -> None:
    events, folio, curves = random_case(4)
    rng = np.random.default_rng(1)
    rows, turn = rng.permutation(len(folio.id)), rng.permutation(len(events.head.names))
    other = replace(
        folio, id=tuple(folio.id[i] for i in rows), point=folio.point[rows],
        curve=folio.curve[rows], value=folio.value[rows],
    )  # fmt: skip
    turned = event_set(
        [dict(zip(*(a.tolist() for a in events.block(e, e + 1)), strict=True)) for e in turn],
        len(events.head.place),
        events.head.rate[turn].tolist(),
    )
    one, two = impact(events, folio, curves), impact(turned, other, curves)
    assert (one.known_loss[turn] == two.known_loss).all()
    assert one.known_aal == two.known_aal
    np.testing.assert_allclose(one.known_eai[rows], two.known_eai, rtol=1e-12, atol=1e-12)


def test_the_matrix_adds_up_to_the_losses() -> None:
    events, folio, curves = random_case(5)
    result = impact(events, folio, curves, with_matrix=True, budget_mb=0.1)
    assert result.matrix is not None
    event = np.repeat(np.arange(len(result.names)), np.diff(result.matrix.start))
    known = np.nan_to_num(result.matrix.loss.astype(float))
    whole = result.unknown == 0
    sums = np.bincount(event, known, len(result.names))
    np.testing.assert_allclose(sums[whole], result.known_loss[whole], rtol=1e-5)
    pairs = event * 10**6 + result.matrix.asset
    assert np.unique(pairs).size == pairs.size
    assert np.isnan(result.matrix.loss).any()


def test_spread_of_two_houses_alike_and_apart() -> None:
    curve = ramp([0.0, 1.0], [0.0, 0.5], [0.0, 0.3])
    result = impact(event_set([{0: 1.0, 1: 0.5}], 2), assets([0, 1], [[100.0], [80.0]]), [curve])
    assert result.spread is not None
    assert result.spread.together[0] == pytest.approx(30 + 12)
    assert result.spread.independent[0] == pytest.approx(np.hypot(30, 12))


def test_curves_without_deviation_have_no_spread() -> None:
    assert impact(event_set([{0: 1.0}], 1), assets([0], [[1.0]]), [HOUSE]).spread is None


def test_a_spread_that_nobody_published_is_unknown_for_the_events_it_touches() -> None:
    events = event_set([{0: 1.0, 1: 1.0}, {1: 1.0}], 2)
    known = ramp([0.0, 1.0], [0.0, 0.5], [0.0, 0.3])
    result = impact(events, assets([0, 1], [[1.0], [1.0]], [[0], [1]]), [HOUSE, known])
    assert result.spread is not None
    np.testing.assert_allclose(result.spread.together, [np.nan, 0.3])


class Slow:
    """A set ten times the budget, of which a block exists only while it is asked for."""

    def __init__(self, events: int, points: int) -> None:
        self.head = replace(event_set([{}] * events, points).head)
        self.start = np.arange(events + 1, dtype=np.int64) * points
        self.points = points

    def block(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        many = last - first
        point = np.tile(np.arange(self.points, dtype=np.int32), many)
        return point, np.ones(many * self.points, dtype=np.float32)


def test_a_job_ten_times_the_budget_stays_within_it() -> None:
    source, budget_mb = Slow(2000, 10_000), 16.0
    assert source.start[-1] * 8 / 1e6 >= 10 * budget_mb
    folio = assets(list(range(10_000)), [[1.0]] * 10_000)
    impact(event_set([{0: 1.0}], 1), assets([0], [[1.0]]), [HOUSE])  # compiled before
    tracemalloc.start()
    try:
        result = impact(source, folio, [HOUSE], budget_mb=budget_mb)
        assert tracemalloc.get_traced_memory()[1] <= budget_mb * 1e6
    finally:
        tracemalloc.stop()
    assert result.loss == pytest.approx(np.full(2000, 4000.0))


def test_what_cannot_fit_says_what_it_needs() -> None:
    folio = assets(list(range(1000)), [[1.0]] * 1000)
    with pytest.raises(TooMuchError, match="may take 0.01 MB"):
        impact(Slow(10, 1000), folio, [HOUSE], budget_mb=0.01)


def test_progress_is_told_block_by_block() -> None:
    told: list[tuple[int, int]] = []
    events, folio, curves = random_case(6, events=100)
    impact(events, folio, curves, budget_mb=0.03, progress=lambda done, of: told.append((done, of)))
    assert len(told) > 1
    assert told[-1] == (100, 100)
    assert told == sorted(told)


def test_an_empty_set_and_an_empty_portfolio_are_results() -> None:
    none = Events(
        head=event_set([], 2, []).head, start=np.zeros(1, np.int64),
        point=np.zeros(0, np.int32), intensity=np.zeros(0, np.float32),
    )  # fmt: skip
    assert impact(none, assets([0], [[1.0]]), [HOUSE]).counts[Standing.NOT_EXPOSED] == 1
    empty = replace(
        assets([0], [[1.0]]), id=(), point=np.zeros(0, np.int32),
        curve=np.zeros((0, 1), np.int32), value=np.zeros((0, 1)),
    )  # fmt: skip
    assert impact(event_set([{0: 1.0}], 1), empty, []).aal == 0.0


def test_a_rate_that_is_unknown_leaves_the_average_unknown() -> None:
    result = impact(event_set([{0: 1.0}], 1, [float("nan")]), assets([0], [[1.0]]), [HOUSE])
    assert result.loss[0] == pytest.approx(0.4)
    assert np.isnan(result.aal)


def test_tables_of_no_curves_are_empty() -> None:
    assert [part.size for part in tabulate([])] == [0, 0, 0]


@pytest.mark.parametrize("rate", [0.0, 0.1, float("nan")])
def test_it_is_known_whether_any_event_leaves_a_loss_known(rate: float) -> None:
    nan = float("nan")
    rows = [{0: nan, 1: nan, 2: 0.0}, {0: nan, 1: 0.0, 2: 1.0}]
    curve = ramp([0.0, 1.0], [0.0, 1.0])
    result = impact(event_set(rows, 4, [rate] * 2), assets([0, 1, 2, 3], [[1.0]] * 4), [curve])
    assert result.lit is not None
    assert result.lit.tolist() == [False, True, True, False]
    assert result.dark.tolist() == [2, 1, 0, 0]
    assert not np.signbit(result.known_eai).any() or rate != rate
