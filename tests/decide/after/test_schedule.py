from itertools import permutations

import numpy as np
import pytest

from rencheng.decide.after.schedule import Slot, list_schedule, priority_order, waiting


def cost(order, hours, weight):
    ends = np.cumsum([hours[j] for j in order])
    return sum(weight[j] * end for j, end in zip(order, ends, strict=True))


def allowed(order, parent):
    place = {job: i for i, job in enumerate(order)}
    return all(p < 0 or place[p] < place[j] for j, p in enumerate(parent))


@pytest.mark.parametrize("seed", range(40))
def test_one_crew_order_is_as_good_as_brute_force(seed):
    rng = np.random.default_rng(seed)
    hours, weight = rng.integers(1, 20, 7), rng.integers(0, 50, 7)
    parent = [-1] + [int(rng.integers(-1, j)) for j in range(1, 7)]
    found = priority_order(hours, weight, parent)
    best = min(
        cost(order, hours, weight) for order in permutations(range(7)) if allowed(order, parent)
    )
    assert allowed(found, parent)
    assert cost(found, hours, weight) == best


@pytest.mark.parametrize("seed", range(10))
def test_without_precedence_it_is_smiths_rule(seed):
    rng = np.random.default_rng(seed)
    hours, weight = rng.uniform(1, 20, 30), rng.uniform(0, 50, 30)
    assert priority_order(hours, weight, [-1] * 30) == np.argsort(-weight / hours).tolist()


def test_crews_work_side_by_side():
    slots = list_schedule([0, 1, 2], [4.0, 1.0, 2.0], 2)
    assert slots[2] == Slot(1, 1.0, 3.0)


def test_without_a_crew_or_hours_a_job_has_no_times():
    assert np.isnan(list_schedule([0], [1.0], 0)[0].end_h)
    assert np.isnan(list_schedule([0], [float("nan")], 1)[0].end_h)


def test_people_wait_for_the_whole_chain_above_them():
    slots = {0: Slot(0, 0.0, 10.0), 1: Slot(1, 0.0, 2.0)}
    assert waiting(slots, [1.0, 5.0], [-1, 0], 720.0) == 1 * 10 + 5 * 10


def test_a_job_never_done_costs_the_horizon():
    assert waiting({0: Slot(-1, np.nan, np.nan)}, [3.0], [-1], 100.0) == 300.0
