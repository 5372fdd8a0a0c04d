"""Several hazards on one asset: nothing is lost twice, and every hazard's part is told."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import OUTSIDE, Standing
from rencheng.domain.risk_several import Peril, Rule, SeveralImpact
from rencheng.model.risk.combine import combine, combine_states
from rencheng.model.risk.impact import impact
from rencheng.model.risk.several import several
from risk_kit import assets, event_set, ramp, random_case

LINE = ramp([0.0, 1.0], [0.0, 1.0])
"""Loses as much as the water stands."""
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=5).map(np.array)


def perils(*rows: list[dict[int, float]], **change: Any) -> list[Peril]:
    """Hazards that strike two houses, worth 100 and 10, at two points."""
    folio = replace(assets([0, 1], [[100.0], [10.0]]), **change)
    return [
        Peril(name=f"h{i}", source=event_set(row, 2), portfolio=folio, curves=[LINE])
        for i, row in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("rule", "lost", "parts"),
    [
        (Rule.MAX, 60.0, [36.0, 24.0]),
        (Rule.INDEPENDENT, 76.0, [45.6, 30.4]),
        (Rule.SUM, 100.0, [60.0, 40.0]),
        (Rule.IN_TURN, 76.0, [60.0, 16.0]),
    ],
)
def test_an_earthquake_and_then_a_tsunami_by_hand(
    rule: Rule, lost: float, parts: list[float]
) -> None:
    result = several(perils([{0: 0.6}], [{0: 0.4}]), rule)
    assert result.whole.loss.tolist() == pytest.approx([lost])
    assert result.by_hazard[0].tolist() == pytest.approx(parts)
    assert result.alone[0].tolist() == pytest.approx([60.0, 40.0])
    assert result.eai_by_hazard[0].tolist() == pytest.approx([0.01 * p for p in parts])
    assert result.aal_by_hazard.sum() == pytest.approx(result.whole.aal)


def test_the_second_hazard_takes_of_what_the_first_left() -> None:
    _, part = combine(np.array([1.0, 0.7, 0.2]), Rule.IN_TURN)
    assert part.tolist() == [1.0, 0.0, 0.0]


@given(SHARES, st.sampled_from(Rule))
def test_together_is_between_the_largest_and_the_sum_and_never_all_twice(
    share: np.ndarray, rule: Rule
) -> None:
    total, part = combine(share, rule)
    assert share.max() - 1e-12 <= total <= min(1.0, share.sum()) + 1e-12
    assert part.sum() == pytest.approx(total, abs=1e-12)
    assert (part >= 0.0).all()


@given(SHARES)
def test_only_the_order_of_those_in_turn_matters(share: np.ndarray) -> None:
    for rule in Rule:
        assert combine(share[::-1], rule)[0] == pytest.approx(float(combine(share, rule)[0]))
    alike = combine(share, Rule.INDEPENDENT)[0], combine(share, Rule.IN_TURN)[0]
    assert alike[0] == pytest.approx(float(alike[1]), abs=1e-12)


@given(st.integers(0, 10**6), st.sampled_from(Rule))
def test_one_hazard_alone_is_the_impact_of_its_set(seed: int, rule: Rule) -> None:
    events, folio, curves = random_case(seed)
    alone = Peril(name="flood", source=events, portfolio=folio, curves=curves)
    one, two = several([alone], rule).whole, impact(events, folio, curves)
    np.testing.assert_allclose(one.known_loss, two.known_loss, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(one.known_eai, two.known_eai, rtol=1e-9, atol=1e-6)
    assert (one.standing == two.standing).all()
    assert (one.unknown <= two.unknown).all()


@given(st.integers(0, 10**6), st.sampled_from(Rule))
def test_whole_events_stay_between_their_bounds(seed: int, rule: Rule) -> None:
    result = several(two_sets(seed), rule)
    known, alone = result.whole.known_loss, result.alone
    assert (known >= alone.max(axis=1) * (1 - 1e-9)).all()
    assert (known <= alone.sum(axis=1) * (1 + 1e-9) + 1e-9).all()
    np.testing.assert_allclose(result.by_hazard.sum(axis=1), known, rtol=1e-9, atol=1e-9)
    worth = np.nansum(np.maximum(two_sets(seed)[0].portfolio.value, 0.0))
    assert (known <= worth).all()


def two_sets(seed: int) -> list[Peril]:
    """Two random sets of the same events, at other points and with other curves."""
    one, folio, curves = random_case(seed)
    two, other, more = random_case(seed + 1)
    two = replace(two, head=replace(two.head, rate=one.head.rate))
    again = replace(folio, point=other.point, curve=other.curve)
    return [
        Peril(name="wind", source=one, portfolio=folio, curves=curves),
        Peril(name="surge", source=two, portfolio=again, curves=more),
    ]


def same(one: SeveralImpact, two: SeveralImpact) -> None:
    np.testing.assert_allclose(one.whole.known_loss, two.whole.known_loss, rtol=1e-12)
    np.testing.assert_allclose(one.eai_by_hazard, two.eai_by_hazard, rtol=1e-12)
    assert (one.whole.unknown == two.whole.unknown).all()


def test_blocks_and_the_order_of_a_set_change_nothing() -> None:
    hazards = two_sets(7)
    whole = several(hazards, Rule.INDEPENDENT)
    same(whole, several(hazards, Rule.INDEPENDENT, budget_mb=0.06))
    head, turn = hazards[1].source.head, np.arange(40)[::-1]
    rows = [
        dict(zip(*(a.tolist() for a in hazards[1].source.block(e, e + 1)), strict=True))
        for e in turn
    ]
    turned = event_set(rows, len(head.place), head.rate[turn].tolist())
    turned = replace(turned, head=replace(turned.head, names=tuple(head.names[e] for e in turn)))
    same(whole, several([hazards[0], replace(hazards[1], source=turned)], Rule.INDEPENDENT))


def test_an_unknown_wave_leaves_at_least_what_the_shaking_took() -> None:
    result = several(perils([{0: 0.6, 1: 1.0}], [{0: np.nan, 1: np.nan}]), Rule.IN_TURN)
    assert result.whole.unknown.tolist() == [1]  # the second house was gone already
    assert result.whole.known_loss.tolist() == pytest.approx([70.0])
    assert np.isnan(result.whole.loss).all()


def test_an_event_that_one_set_lacks_is_the_other_hazard_alone() -> None:
    quake, wave = perils([{0: 0.6}, {0: 0.2}], [{0: 0.4}])
    result = several([quake, wave], Rule.IN_TURN)
    assert result.whole.names == ("e0", "e1")
    assert result.whole.loss.tolist() == pytest.approx([76.0, 20.0])


def test_every_asset_ends_in_one_standing_over_all_hazards() -> None:
    folio = assets([0, 0, 0, 0], [[1.0], [1.0], [-1.0], [1.0]])
    here = replace(folio, point=np.array([OUTSIDE, 0, 0, OUTSIDE], np.int32))
    bare = replace(folio, curve=np.array([[0], [-1], [0], [0]], np.int32))
    inland = replace(bare, point=np.array([0, 0, 0, OUTSIDE], np.int32))
    sides = [
        Peril(name=n, source=event_set([{0: 1.0}], 1), portfolio=f, curves=[LINE])
        for n, f in (("quake", here), ("wave", inland))
    ]
    result = several(sides, Rule.MAX).whole
    assert [Standing(s).name for s in result.standing] == [
        "ASSESSED", "NO_CURVE", "BAD_DATA", "NOT_EXPOSED",
    ]  # fmt: skip
    assert result.loss.tolist() == [1.0]  # of what was assessed
    assert result.is_partial and np.isnan(result.aal)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"names": ("x",)}, "risk.no_common_event"),
        ({"rate": np.array([0.5])}, "risk.other_rate"),
    ],
)
def test_sets_that_do_not_belong_together_are_refused(change: dict[str, Any], key: str) -> None:
    one, two = perils([{0: 0.6}], [{0: 0.4}])
    head = replace(two.source.head, **change)
    with pytest.raises(InvalidInputError) as error:
        several([one, replace(two, source=replace(two.source, head=head))], Rule.SUM)  # type: ignore[type-var]
    assert error.value.key == key


def test_hazards_of_other_assets_and_events_of_one_name_are_refused() -> None:
    one, two = perils([{0: 0.6}], [{0: 0.4}])
    poor = replace(two, portfolio=replace(two.portfolio, value=np.array([[1.0], [1.0]])))
    with pytest.raises(InvalidInputError, match="other assets"):
        several([one, poor], Rule.SUM)
    double = event_set([{0: 1.0}, {0: 1.0}], 2)
    double = replace(double, head=replace(double.head, names=("e0", "e0")))
    with pytest.raises(InvalidInputError, match="stand twice: e0"):
        several([one, replace(two, source=double)], Rule.SUM)
    with pytest.raises(InvalidInputError, match="no hazard"):
        several([], Rule.SUM)


def test_a_job_far_beyond_the_budget_stays_within_it() -> None:
    rows = [dict.fromkeys(range(2000), 0.5)] * 150
    folio = assets(list(range(2000)), [[1.0]] * 2000)
    both = [
        Peril(name=n, source=event_set(rows, 2000), portfolio=folio, curves=[LINE]) for n in "ab"
    ]
    several(perils([{0: 1.0}]), Rule.SUM)  # everything imported before
    tracemalloc.start()
    try:
        result = several(both, Rule.INDEPENDENT, budget_mb=4.0)
        assert tracemalloc.get_traced_memory()[1] <= 4e6
    finally:
        tracemalloc.stop()
    assert result.whole.loss == pytest.approx(np.full(150, 1500.0))


def test_an_event_beyond_the_budget_says_what_it_needs() -> None:
    with pytest.raises(TooMuchError):
        several(two_sets(3), Rule.MAX, budget_mb=0.01)


def test_shaking_and_ground_failure_as_hazus_combines_them() -> None:
    shaking, failure = np.array([0.6, 0.4, 0.2, 0.05]), np.array([0.1, 0.1, 0.1, 0.02])
    both = combine_states(np.stack([shaking, failure]), Rule.INDEPENDENT)
    np.testing.assert_allclose(both, shaking + failure - shaking * failure, rtol=1e-14)
    np.testing.assert_allclose(combine_states(np.stack([shaking, failure]), Rule.MAX), shaking)
    unknown = np.stack([np.array([1.0, 0.5]), np.array([np.nan, np.nan])])
    np.testing.assert_array_equal(combine_states(unknown, Rule.INDEPENDENT), [1.0, np.nan])


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6), st.sampled_from(Rule))
def test_worse_states_stay_rarer(numbers: list[float], rule: Rule) -> None:
    reached = np.sort(np.array(numbers).reshape(2, 3), axis=1)[:, ::-1]
    both = combine_states(reached, rule)
    assert (np.diff(both) <= 1e-12).all()
    assert (both <= 1.0).all()
    assert (both >= reached.max(axis=0) - 1e-12).all()
