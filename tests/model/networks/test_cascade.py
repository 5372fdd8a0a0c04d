"""The cascade: hand cases, laws, and agreement with its slow twin."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng.domain.city import City, Dependencies
from rencheng.domain.errors import InvalidInputError
from rencheng.model.networks.cascade import TIME_H, backup_hours, cascade

sys.path.insert(0, str(Path(__file__).parent))
from slow_cascade import slow_cascade

NAN, INF = float("nan"), float("inf")


def table(needs: dict[str, list[tuple[float, list[str]]]]) -> Dependencies:
    """Build dependencies from node → groups of (backup, suppliers)."""
    row = {name: i for i, name in enumerate(needs)}
    groups = [g for of in needs.values() for g in of]
    backup = np.array([g[0] for g in groups], dtype=float)
    return Dependencies(
        node=tuple(needs),
        group_start=np.cumsum([0] + [len(g) for g in needs.values()]).astype(np.int32),
        service=("power",) * len(groups),
        backup_low_h=backup,
        backup_high_h=backup,
        supplier_start=np.cumsum([0] + [len(g[1]) for g in groups]).astype(np.int32),
        supplier=np.array([row[s] for g in groups for s in g[1]], dtype=np.int32),
    )


def run(needs: Dependencies, repair: list[float], times: list[float]) -> np.ndarray:
    works = cascade(needs, np.array([repair]), needs.backup_low_h[None], np.array(times))
    return works[0]


def random_case(seed: int, nodes: int, samples: int) -> tuple[Dependencies, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = [str(i) for i in range(nodes)]
    needs = {
        name: [
            (float(rng.choice([0, 0, 1, 5])), [names[s] for s in rng.integers(0, nodes, size)])
            for size in rng.integers(0, 4, rng.integers(0, 3))
        ]
        for name in names
    }
    city = table(needs)
    broken = rng.random((samples, nodes)) < 0.3
    repair = np.where(broken, rng.exponential(20, (samples, nodes)), 0.0)
    return city, repair, np.tile(city.backup_low_h, (samples, 1)) * rng.random((samples, 1))


def test_no_damage_is_full_service() -> None:
    needs, repair, backup = random_case(1, 30, 3)
    assert cascade(needs, repair * 0, backup, TIME_H).all()


def test_a_backup_bridges_a_short_outage_and_not_a_long_one() -> None:
    needs = table({"feeder": [], "hospital": [(8.0, ["feeder"])]})
    assert run(needs, [5.0, 0.0], [0, 5, 100])[:, 1].tolist() == [1, 1, 1]
    assert run(needs, [20.0, 0.0], [0, 7.9, 8, 19.9, 20])[:, 1].tolist() == [1, 1, 0, 0, 1]


def test_any_supplier_of_a_group_is_enough_and_all_groups_are_needed() -> None:
    needs = table({"a": [], "b": [], "c": [], "x": [(0, ["a", "b"]), (0, ["c"])]})
    assert run(needs, [9, 0, 0, 0], [1])[0, 3] == 1
    assert run(needs, [9, 9, 0, 0], [1])[0, 3] == 0
    assert run(needs, [0, 0, 9, 0], [1])[0, 3] == 0


def test_backups_in_a_chain_run_out_one_after_the_other() -> None:
    needs = table({"line": [], "pump": [(4, ["line"])], "home": [(6, ["pump"])]})
    works = run(needs, [INF, 0, 0], [3, 4, 9.9, 10, 500])
    assert works[:, 1].tolist() == [1, 0, 0, 0, 0]
    assert works[:, 2].tolist() == [1, 1, 1, 0, 0]


def test_a_backup_is_full_again_when_supply_returns() -> None:
    # The pump stops from 4 to 10 h (its line is mended at 10); then its well fails nobody again.
    needs = table({"line": [], "pump": [(4, ["line"])], "home": [(7, ["pump"])]})
    assert run(needs, [10, 0, 0], [9, 10, 20])[:, 2].tolist() == [1, 1, 1]


def test_a_loop_comes_back_when_its_last_member_is_whole() -> None:
    needs = table({"power": [(0, ["telecom"])], "telecom": [(0, ["power"])]})
    assert run(needs, [0, 0], [0, 50]).all()
    assert run(needs, [3, 8], [0, 3, 7.9, 8]).tolist() == [[0, 0], [0, 0], [0, 0], [1, 1]]


def test_a_group_without_suppliers_counts_as_held() -> None:
    assert run(table({"x": [(0, [])]}), [0], [0, 9]).all()


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_agrees_with_the_slow_twin(seed: int) -> None:
    needs, repair, backup = random_case(seed, 12, 3)
    times = np.array([0.0, 0.5, 2, 5, 9, 17, 40, 90])
    fast = cascade(needs, repair, backup, times)
    assert (fast == slow_cascade(needs, repair, backup, times)).all()


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_more_damage_never_gives_more_service(seed: int) -> None:
    needs, repair, backup = random_case(seed, 25, 4)
    worse = repair + np.random.default_rng(seed).choice([0.0, 0.0, 30.0], repair.shape)
    times = np.linspace(0, 120, 25)
    assert (cascade(needs, worse, backup, times) <= cascade(needs, repair, backup, times)).all()


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_everything_repaired_is_full_service(seed: int) -> None:
    needs, repair, backup = random_case(seed, 25, 4)
    assert cascade(needs, repair, backup, np.array([repair.max()])).all()


def test_an_unknown_backup_is_neither_nothing_nor_endless() -> None:
    needs = table({"a": [], "x": [(NAN, ["a"])]})
    drawn = backup_hours(needs, (1.0, 24.0), samples=100, seed=3)
    assert drawn.min() >= 1.0 and drawn.max() <= 24.0 and np.ptp(drawn) > 10


def test_negative_backups_are_refused(tiny_city: City) -> None:
    needs = tiny_city.dependencies
    repair = np.zeros((2, len(needs.node)))
    with pytest.raises(InvalidInputError, match="backup"):
        cascade(needs, repair, np.full((2, len(needs.service)), -1.0), TIME_H)
    with pytest.raises(InvalidInputError, match="expected"):
        cascade(needs, repair[:, 1:], np.zeros((2, len(needs.service))), TIME_H)
