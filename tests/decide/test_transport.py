import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog

from rencheng.decide.transport import assign


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_nobody_is_lost_and_no_place_overfilled(seed):
    rng = np.random.default_rng(seed)
    people, room = rng.integers(0, 40, 6).astype(float), rng.integers(0, 30, 9).astype(float)
    cost = np.where(rng.random((6, 9)) < 0.2, np.inf, rng.uniform(1, 100, (6, 9)))
    found = assign(people, room, cost)
    assert np.array_equal(found.flow.sum(axis=1) + found.left, people)
    assert (found.flow.sum(axis=0) <= room).all()
    assert found.flow[np.isinf(cost)].sum() == 0


def by_linear_programme(people, room, cost):
    """Most people with a place, then least time: the same problem for a solver of any such."""
    ways, (many, places) = np.isfinite(cost).ravel(), cost.shape
    rows, columns = np.kron(np.eye(many), np.ones(places)), np.tile(np.eye(places), many)
    limits = np.vstack([rows, columns])[:, ways], np.concatenate([people, room])
    placed = -linprog(-np.ones(ways.sum()), A_ub=limits[0], b_ub=limits[1]).fun
    least = linprog(
        cost.ravel()[ways], A_ub=limits[0], b_ub=limits[1],
        A_eq=np.ones((1, ways.sum())), b_eq=[placed],
    )  # fmt: skip
    return placed, least.fun


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_the_assignment_is_that_of_the_linear_programme(seed, ties):
    rng = np.random.default_rng(seed)
    people, room = rng.integers(0, 40, 6).astype(float), rng.integers(0, 40, 9).astype(float)
    cost = rng.integers(1, 4, (6, 9)).astype(float) if ties else rng.uniform(1, 100, (6, 9))
    cost[rng.random((6, 9)) < 0.3] = np.inf
    cost[0, 0] = 1.0
    found = assign(people, room, cost)
    placed, least = by_linear_programme(people, room, cost)
    assert found.flow.sum() == pytest.approx(placed)
    assert (found.flow * np.nan_to_num(cost, posinf=0.0)).sum() == pytest.approx(least)


def test_a_way_of_unknown_length_is_no_way():
    found = assign(np.array([3.0]), np.array([5.0, 2.0]), np.array([[np.nan, 7.0]]))
    assert (found.flow.tolist(), found.left.tolist()) == ([[0.0, 2.0]], [1.0])


def test_one_person_each_is_the_assignment_problem():
    cost = np.random.default_rng(3).uniform(1, 100, (12, 12))
    found = assign(np.ones(12), np.ones(12), cost)
    assert np.isclose((found.flow * cost).sum(), cost[linear_sum_assignment(cost)].sum())


def test_as_many_as_possible_get_a_place_even_far_away():
    found = assign(
        np.array([1.0, 1.0]), np.array([1.0, 1.0]), np.array([[1.0, 1e5], [1.0, np.inf]])
    )
    assert found.left.sum() == 0


def test_many_places_are_tried_when_the_near_ones_are_full():
    cost = np.tile(np.arange(300.0) + 1, (70, 1))
    found = assign(np.ones(70), np.ones(300), cost)
    assert found.left.sum() == 0
