"""Sampled states: the same to the last bit however the work is cut, and as often as exact says."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rencheng.domain.curve import Beyond, Curve
from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import NO_PLACE, OUTSIDE, Events, Portfolio, Standing
from rencheng.domain.risk_sample import SampledStates
from rencheng.model.risk.states.expected import expected_states
from rencheng.model.risk.states.sampling import Sampling, sample_shares, sample_states
from risk_kit import assets, event_set, fragility, random_case, steps

WOOD = fragility([0.2, 0.5, 1.0], [0.6, 0.5, 0.5])
CURVES = [
    WOOD,
    fragility([0.3, 0.4, 0.45], [0.9, 0.3, 0.8]),  # crossing
    steps([0.1, 0.5, 2.0], [[0.0, 0.8, 1.0], [0.0, 0.3, 0.9], [0.0, 0.1, 0.5]]),
    fragility([0.3, 0.4, 0.5], [0.4] * 3, low=0.2, high=1.5, above=Beyond.UNKNOWN),
    steps(
        [0.4, 1.0], [[0.5, 0.8], [0.2, 0.3], [0.1, 0.1]], below=Beyond.HOLD, above=Beyond.ZERO
    ),
]  # fmt: skip


def case(seed: int = 0, **size: int) -> tuple[Events, Portfolio, list[Curve]]:
    events, folio, _ = random_case(seed, classes=len(CURVES), **size)
    return events, folio, CURVES


def same(a: SampledStates, b: SampledStates) -> bool:
    names = ("by_group", "unknown", "by_asset", "dark", "standing")
    return all((getattr(a, n) == getattr(b, n)).all() for n in names)


@pytest.mark.parametrize("budget_mb", [0.08, 0.1, 100.0])
@pytest.mark.parametrize("draws", [1, 3])
def test_blocks_change_no_bit(budget_mb: float, draws: int) -> None:
    plan = Sampling(seed=5, draws=draws, correlation=0.3)
    whole = sample_states(*case(events=100), plan)
    assert same(whole, sample_states(*case(events=100), replace(plan, budget_mb=budget_mb)))


def test_the_order_of_assets_and_events_changes_no_bit() -> None:
    events, folio, curves = case(1)
    plan = Sampling(seed=5, draws=2, keeps_states=True)
    whole = sample_states(events, folio, curves, plan)
    order = np.random.default_rng(0).permutation(folio.point.size)
    mixed = replace(
        folio, id=tuple(folio.id[i] for i in order), point=folio.point[order],
        curve=folio.curve[order], value=folio.value[order],
    )  # fmt: skip
    found = sample_states(backwards(events), mixed, curves, plan)
    assert whole.state is not None
    assert found.state is not None
    turned = found.state.reshape(-1, 2, order.size)[::-1].reshape(found.state.shape)
    assert (turned == whole.state[:, order]).all()
    assert (found.by_asset == whole.by_asset[order]).all()


def backwards(events: Events) -> Events:
    rows = [slice(a, b) for a, b in zip(events.start[:-1], events.start[1:], strict=True)][::-1]
    sizes = np.diff(events.start)[::-1]
    return replace(
        events, head=replace(events.head, names=events.head.names[::-1]),
        start=np.concatenate([[0], np.cumsum(sizes)]),
        point=np.concatenate([events.point[r] for r in rows]),
        intensity=np.concatenate([events.intensity[r] for r in rows]),
    )  # fmt: skip


def test_threads_change_no_bit() -> None:
    jobs = [Sampling(seed=s) for s in (1, 2, 1, 2)]
    with ThreadPoolExecutor(4) as pool:
        one, two, again, other = pool.map(lambda plan: sample_states(*case(2), plan), jobs)
    assert same(one, again)
    assert same(two, other)
    assert not same(one, two)


@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
def test_sampled_states_are_as_frequent_as_exact_says(correlation: float) -> None:
    events, folio, curves = case(3)
    draws = 4000
    plan = Sampling(seed=9, draws=draws, correlation=correlation)
    found = sample_states(events, folio, curves, plan)
    exact = expected_states(events, folio, curves)
    mean = found.by_realisation.reshape(-1, draws, 4).mean(axis=1)
    spread = found.by_realisation.reshape(-1, draws, 4).std(axis=1)
    error = np.abs(mean - exact.by_event) / np.maximum(spread / np.sqrt(draws), 1e-3)
    assert error.max() < 5.0
    assert (found.unknown.reshape(-1, draws) == exact.unknown[:, None]).all()
    assert dict(found.counts) == dict(exact.counts)


@pytest.mark.parametrize("beta", [0.01, 0.1, 0.5, 1.5])
def test_each_state_comes_as_often_as_its_curve_says_across_spreads(beta: float) -> None:
    curve = fragility([0.2, 0.5, 1.0], [beta] * 3)
    x = np.exp(np.linspace(-3.5, 2.0, 40)).astype(np.float32)
    field = event_set([dict(enumerate(x.tolist()))], x.size)
    draws = 20_000
    found = sample_states(
        field, assets(list(range(40)), [[1.0]] * 40), [curve], Sampling(seed=2, draws=draws)
    )
    exact = curve.shares(x.astype(float))
    error = np.abs(found.share - exact) / np.maximum(np.sqrt(exact * (1 - exact) / draws), 1e-5)
    assert error.max() < 5.0


def test_states_of_every_realisation_add_up_to_the_assets_that_can_be_in_one() -> None:
    nan = float("nan")
    folio = assets([0, 1, OUTSIDE, 0, NO_PLACE, 2], [[1.0]] * 6, [[0], [0], [0], [-1], [0], [0]])
    field = event_set([{0: 0.5, 1: nan}, {1: 2.0}], 3)
    group = ["a", "b", "b", "a", "a", "c"]
    plan = Sampling(seed=0, draws=7, group=group, keeps_states=True)
    found = sample_states(field, folio, [WOOD], plan)
    assert found.groups == ("a", "b", "c")
    assert (found.by_group.sum(axis=2) + found.unknown == [1, 2, 1]).all()
    assert found.unknown.sum(axis=1).tolist() == [1] * 7 + [0] * 7
    assert (found.by_asset.sum(axis=1) + found.dark).tolist() == [14, 14, 14, 0, 0, 14]
    assert found.counts[Standing.NOT_EXPOSED] == 2
    assert found.state is not None
    assert (found.state[:7, 1] == -1).all()
    assert (found.state[:, [3, 4]] == -1).all()
    assert (found.state[:, [2, 5]] == 0).all()


def test_kept_states_are_those_counted() -> None:
    found = sample_states(*case(4), Sampling(seed=1, draws=3, keeps_states=True))
    assert found.state is not None
    for k in range(4):
        assert ((found.state == k).sum(axis=1) == found.by_realisation[:, k]).all()
        assert ((found.state == k).sum(axis=0) == found.by_asset[:, k]).all()


@pytest.mark.parametrize("stated", [0.0, 0.5, 0.9])
def test_the_stated_correlation_is_reached(stated: float) -> None:
    # Two states of even odds: correlated signs of normals, sin(π/2 · E[s s']) = ρ (Sheppard 1899).
    many = 40
    share = np.full((many, 2), 0.5)
    plan = Sampling(seed=6, draws=20_000, correlation=stated, keeps_states=True)
    state = sample_shares(share, [str(i) for i in range(many)], ["none", "hit"], plan).state
    assert state is not None
    sign = 2.0 * state - 1.0
    together = (sign.T @ sign / len(sign))[np.triu_indices(many, 1)]
    assert np.sin(np.pi / 2 * together.mean()) == pytest.approx(stated, abs=0.02)


def test_all_together_means_that_equal_assets_are_in_one_state() -> None:
    share = np.tile([0.3, 0.5, 0.2], (5, 1))
    plan = Sampling(seed=1, draws=500, correlation=1.0, keeps_states=True)
    state = sample_shares(share, list("abcde"), ["none", "slight", "complete"], plan).state
    assert state is not None
    assert (state == state[:, :1]).all()


def test_given_probabilities_are_met_and_unknown_ones_stay_unknown() -> None:
    share = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [np.nan] * 3])
    plan = Sampling(seed=3, draws=50_000)
    found = sample_shares(share, list("abcd"), ["none", "slight", "complete"], plan)
    np.testing.assert_allclose(found.share[:3], share[:3], atol=0.01)
    assert found.by_asset[1].tolist() == [0, 0, 50_000]
    assert found.dark.tolist() == [0, 0, 0, 50_000]
    assert np.isnan(found.share[3]).all()


def test_five_states_and_more_are_drawn_like_four() -> None:
    share = np.tile([0.1, 0.2, 0.3, 0.1, 0.2, 0.1], (1, 1))
    names = ["none", *"vwxyz"]
    found = sample_shares(share, ["a"], names, Sampling(seed=3, draws=50_000))
    np.testing.assert_allclose(found.share, share, atol=0.01)


class Wide:
    """A set of many fields over many points, of which a block exists only while it is asked for."""

    def __init__(self, events: int, points: int) -> None:
        self.head = event_set([{}] * events, points).head
        self.start = np.arange(events + 1, dtype=np.int64) * points
        self.points = points

    def block(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        point = np.tile(np.arange(self.points, dtype=np.int32), last - first)
        return point, np.full(point.size, 0.5, dtype=np.float32)


def test_a_job_ten_times_the_budget_stays_within_it() -> None:
    source, budget_mb = Wide(2000, 10_000), 16.0
    assert source.start[-1] * 8 / 1e6 >= 10 * budget_mb
    folio = assets(list(range(10_000)), [[1.0]] * 10_000)
    plan = Sampling(seed=1, budget_mb=budget_mb)
    sample_states(Wide(1, 1), assets([0], [[1.0]]), [WOOD], plan)  # compiled before
    tracemalloc.start()
    try:
        found = sample_states(source, folio, [WOOD], plan)
        assert tracemalloc.get_traced_memory()[1] <= budget_mb * 1e6
    finally:
        tracemalloc.stop()
    assert found.by_realisation.sum() == 2000 * 10_000


def test_what_cannot_fit_says_what_it_needs() -> None:
    with pytest.raises(TooMuchError, match="may take 1 MB"):
        sample_states(*case(), Sampling(seed=1, draws=10_000, keeps_states=True, budget_mb=1.0))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"draws": 0}, "draws = 0"),
        ({"draws": 2.5}, "draws = 2.5"),
        ({"draws": True}, "draws = True"),
        ({"correlation": 1.5}, "correlation = 1.5"),
        ({"correlation": float("nan")}, "correlation = nan"),
        ({"group": ["a"]}, "groups of 1 assets"),
    ],
)
def test_an_impossible_plan_is_refused_by_name(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        sample_states(*case(), Sampling(seed=1, **wrong))


def test_ids_that_stand_twice_would_share_their_numbers_and_are_refused() -> None:
    events, folio, curves = case()
    twice = replace(folio, id=("a",) * len(folio.id))
    with pytest.raises(InvalidInputError, match="ids of assets that stand twice"):
        sample_states(events, twice, curves, Sampling(seed=1))


def test_probabilities_that_do_not_sum_to_one_are_named() -> None:
    with pytest.raises(InvalidInputError, match="1 assets have probabilities .*: b"):
        sample_shares(
            np.array([[0.5, 0.5], [0.5, 0.6]]), ["a", "b"], ["none", "hit"], Sampling(seed=1)
        )
