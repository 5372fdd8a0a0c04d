"""The goal of the injected faults, on fewer seeds than `benchmarks/faults.py`."""

from __future__ import annotations

import numpy as np
import pytest
from fault_series import (
    FAULTS,
    HIDDEN,
    JUDGING_SEEDS,
    MADE,
    NOT_LOOKED_FOR,
    SIZES,
    STATIONS,
    TUNING_SEEDS,
    broken,
    clean,
    judged,
)

from rencheng.domain.observation import Quantity

SEEDS = JUDGING_SEEDS[:2]


def test_what_is_judged_was_not_tuned_on() -> None:
    assert not set(TUNING_SEEDS) & set(JUDGING_SEEDS)


def test_a_seed_makes_the_same_series_and_fault_again() -> None:
    one, two = (broken(clean(Quantity.RAIN, 7), "drift", 7) for _ in range(2))
    assert np.array_equal(one.value, two.value) and np.array_equal(one.is_faulty, two.is_faulty)


def test_a_fault_changes_one_station_and_nothing_outside_its_window() -> None:
    whole = clean(Quantity.AIR_TEMPERATURE, 3)
    for fault in FAULTS:
        cut = broken(whole, fault, 3)
        assert set(cut.stream[cut.is_faulty]) == {0}
        rest = ~cut.is_faulty
        assert np.array_equal(cut.value[rest], whole.value[rest])
        assert np.array_equal(cut.at[rest], whole.at[rest])


@pytest.mark.slow
@pytest.mark.parametrize("quantity", list(MADE))
def test_faults_are_found_and_events_are_not_called_faults(quantity: Quantity) -> None:
    found, flags = [], []
    for seed in SEEDS:
        whole = clean(quantity, seed)
        flags.append(judged(whole).false_flags)
        for fault in FAULTS:
            if (quantity, fault) not in NOT_LOOKED_FOR:
                said = judged(broken(whole, fault, seed))
                found.append(said.is_found)
                flags.append(said.false_flags)
    assert np.mean(found) >= 0.95
    assert np.mean(flags) / STATIONS <= 1.0


@pytest.mark.slow
def test_a_fall_of_pressure_is_never_called_a_spike() -> None:
    key = (Quantity.WATER_PRESSURE, "spike")
    assert HIDDEN[key][1] < 0 < SIZES[key][0]
    whole = clean(Quantity.WATER_PRESSURE, SEEDS[0])
    assert "spike" not in judged(broken(whole, "spike", SEEDS[0], HIDDEN)).reasons
