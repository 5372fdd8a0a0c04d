"""A building by its components: by hand, exact against sampled, order without effect."""

from __future__ import annotations

from dataclasses import replace
from math import erfc, exp, log, sqrt

import numpy as np
import pytest

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_component import (
    Component,
    DemandCost,
    Demands,
    Replacement,
    Scatter,
    UnitCost,
)
from rencheng.model.risk.components import component_losses, demand_samples, state_chances
from risk_kit import fragility

MANY = 40_000
SHAKEN = Demands(names=("PFA-1",), median=np.array([0.4]), beta=np.array([0.5]))


def phi(z: float) -> float:
    return 0.5 * erfc(-z / sqrt(2))


def flat(amount: float, **other: object) -> UnitCost:
    return UnitCost(amount=np.array([amount]), quantity=np.array([1.0]), **other)  # type: ignore[arg-type]


PUMP = Component(
    id="pump", demand=("PFA-1",), fragility=fragility([0.3, 0.6], [0.4, 0.4]),
    cost=(flat(10.0), flat(100.0)),
)  # fmt: skip


def test_exact_states_are_the_lognormal_of_demand_over_capacity() -> None:
    chance = state_chances(SHAKEN, PUMP)
    wide = sqrt(0.5**2 + 0.4**2)
    reached = [phi(log(0.4 / median) / wide) for median in (0.3, 0.6)]
    assert chance == pytest.approx([1 - reached[0], reached[0] - reached[1], reached[1]], abs=1e-9)


def test_sampled_states_and_costs_agree_with_the_exact() -> None:
    demand = demand_samples(SHAKEN, MANY, seed=7)
    got = component_losses(demand, SHAKEN.names, [PUMP], seed=7)
    exact = state_chances(SHAKEN, PUMP)
    assert got.chance[0] == pytest.approx(exact, abs=4 * sqrt(0.25 / MANY))
    want = 10 * exact[1] + 100 * exact[2]
    assert got.total.mean() == pytest.approx(want, abs=4 * got.total.std() / sqrt(MANY))


def test_a_demand_far_above_breaks_all_and_many_cost_less_each() -> None:
    # 20 units in 4 blocks, all in the worst state: unit costs fall from 8 at 5 to 4 at 15.
    tile = replace(
        PUMP, id="tile", quantity=20.0, blocks=4,
        cost=(flat(1.0), UnitCost(amount=np.array([8.0, 4.0]), quantity=np.array([5.0, 15.0]))),
    )  # fmt: skip
    got = component_losses(np.full((3, 1), 1e6), ("PFA-1",), [tile], seed=1)
    assert got.total.tolist() == [80.0] * 3
    half = replace(tile, quantity=10.0)
    assert component_losses(np.full((1, 1), 1e6), ("PFA-1",), [half], seed=1).total[0] == 60.0


def test_blocks_break_by_themselves() -> None:
    demand = np.full((MANY, 1), 0.3)
    alone = replace(PUMP, cost=(flat(1.0), flat(1.0)), quantity=4.0)
    blocks = replace(alone, blocks=4)
    spread = [
        component_losses(demand, ("PFA-1",), [one], seed=3).total.std() for one in (alone, blocks)
    ]
    assert spread == pytest.approx([2.0, 1.0], rel=0.03)  # 4 × ½ and √4 × ½


def test_states_divide_by_their_shares() -> None:
    split = replace(
        PUMP, fragility=fragility([0.3], [0.4]), parts=((0.2, 0.8),), cost=(flat(1.0), flat(2.0))
    )
    got = component_losses(np.full((MANY, 1), 0.3), ("PFA-1",), [split], seed=5)
    assert got.chance[0] == pytest.approx([0.5, 0.1, 0.4], abs=0.01)


def test_of_two_directions_the_larger_counts_times_its_factor() -> None:
    cost = DemandCost(x=np.array([0.0, 10.0]), amount=np.array([0.0, 1000.0]))
    box = Component(id="box", demand=("a", "b"), factor=1.2, quantity=2.0, demand_cost=cost)
    got = component_losses(np.array([[0.5, 2.0], [20.0, 1.0]]), ("a", "b"), [box], seed=1)
    assert got.total.tolist() == pytest.approx([480.0, 2000.0])


def test_costs_scatter_as_said() -> None:
    demand = np.full((MANY, 1), 1e6)
    worst = {
        kind: component_losses(
            demand, ("PFA-1",),
            [replace(PUMP, cost=(flat(1.0), flat(100.0, scatter=kind, spread=0.2)))], seed=9,
        ).total
        for kind in (Scatter.NORMAL, Scatter.LOGNORMAL)
    }  # fmt: skip
    assert worst[Scatter.NORMAL].mean() == pytest.approx(100, rel=0.005)
    assert worst[Scatter.NORMAL].std() == pytest.approx(20, rel=0.03)
    assert np.median(worst[Scatter.LOGNORMAL]) == pytest.approx(100, rel=0.005)
    assert np.log(worst[Scatter.LOGNORMAL]).std() == pytest.approx(0.2, rel=0.03)


def test_a_replaced_building_costs_its_replacement_and_nothing_else() -> None:
    fall = Component(id="collapse", demand=("PFA-1",), fragility=fragility([0.4], [0.5]))
    whole = Replacement(cost=1e6, when=("collapse",))
    got = component_losses(
        demand_samples(SHAKEN, MANY, seed=2), SHAKEN.names, [PUMP, fall], replacement=whole, seed=2
    )
    assert got.is_replaced.mean() == pytest.approx(0.5, abs=0.01)
    assert (got.total[got.is_replaced] == 1e6).all()
    assert (got.loss[got.is_replaced] == 0.0).all()


def test_other_components_and_their_order_change_nothing() -> None:
    demand = demand_samples(SHAKEN, 50, seed=4)
    other = replace(PUMP, id="valve")
    one = component_losses(demand, SHAKEN.names, [PUMP], seed=4).loss[:, 0]
    two = component_losses(demand, SHAKEN.names, [other, PUMP], seed=4).loss
    np.testing.assert_array_equal(one, two[:, 1])
    assert (two[:, 0] != two[:, 1]).any()


def test_demands_are_correlated_as_said() -> None:
    table = np.array([[1.0, 0.7], [0.7, 1.0]])
    two = Demands(
        names=("a", "b"), median=np.array([1.0, 2.0]), beta=np.array([0.3, 0.5]), correlation=table
    )
    logs = np.log(demand_samples(two, MANY, seed=6))
    assert np.corrcoef(logs.T)[0, 1] == pytest.approx(0.7, abs=0.01)
    assert np.exp(np.median(logs, axis=0)) == pytest.approx([1.0, 2.0], rel=0.01)
    assert logs.std(axis=0) == pytest.approx([0.3, 0.5], rel=0.02)
    same = replace(two, correlation=np.ones((2, 2)), beta=np.array([0.4, 0.4]))
    drawn = demand_samples(same, 100, seed=6)
    np.testing.assert_allclose(drawn[:, 1], 2 * drawn[:, 0], rtol=1e-12)


def test_an_unknown_demand_is_an_unknown_loss() -> None:
    got = component_losses(np.array([[np.nan], [1e6]]), ("PFA-1",), [PUMP], seed=1)
    assert np.isnan(got.total[0])
    assert got.total[1] == 100.0
    assert got.chance[0].tolist() == [0.0, 0.0, 1.0]


def test_what_does_not_fit_is_named() -> None:
    wrong = [
        PUMP,
        PUMP,
        replace(PUMP, id="lost", demand=("PFA-9",)),
        replace(PUMP, id="none", quantity=0.0),
        replace(PUMP, id="cheap", cost=(flat(1.0),)),
        replace(PUMP, id="part", parts=((1.0,),), cost=()),
    ]
    with pytest.raises(InvalidInputError) as caught:
        component_losses(
            np.ones((2, 1)), ("PFA-1",), wrong, replacement=Replacement(cost=1, when=("?",)), seed=1
        )
    assert [f.key.partition(".")[2] for f in caught.value.faults] == [
        "double", "no_demand", "quantity", "costs", "parts", "no_trigger"
    ]  # fmt: skip
    for demands, key in (
        (replace(SHAKEN, median=np.array([-1.0])), "demands"),
        (replace(SHAKEN, correlation=np.array([[0.5]])), "correlation"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            demand_samples(demands, 2, seed=1)
        assert caught.value.faults[0].key == f"component.{key}"


def test_the_mean_of_a_lognormal_demand_cost_by_hand() -> None:
    cost = DemandCost(
        x=np.array([0.0, 50.0]), amount=np.array([0.0, 5e4]), scatter=Scatter.LOGNORMAL, spread=0.3
    )
    box = Component(id="box", demand=("PFA-1",), demand_cost=cost)
    got = component_losses(demand_samples(SHAKEN, MANY, seed=8), SHAKEN.names, [box], seed=8).total
    want = 1000 * 0.4 * exp(0.5**2 / 2) * exp(0.3**2 / 2)
    assert got.mean() == pytest.approx(want, abs=4 * got.std() / sqrt(MANY))
    assert np.log(got).std() == pytest.approx(sqrt(0.5**2 + 0.3**2), rel=0.02)
