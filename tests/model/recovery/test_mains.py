"""Water mains that break and are mended."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rencheng.adapters.restoration import load_restoration
from rencheng.domain.city import City
from rencheng.model.recovery.mains import PGV_CM_S_PER_G, repair_rate, water_served

sys.path.insert(0, str(Path(__file__).parent))
from recovery_cases import onset

MAINS = load_restoration().mains
HOURS = np.array([0.0, 24.0, 72.0, 240.0, 720.0])


def long_mains(city: City) -> City:
    count = 6
    mains = city.mains
    return replace(
        city,
        mains=replace(
            mains,
            length_m=np.full(count, 40_000.0, np.float32),
            zone=np.arange(count, dtype=np.int32),
            material=("brittle", "ductile") * 3,
        ),
    )


def test_velocity_follows_from_acceleration_as_in_hazus() -> None:
    # 1 g at 1 s is 386.4 in/s² / (2 pi rad/s) = 61.5 in/s, over 1.65 = 37.3 in/s.
    assert pytest.approx(37.27 * 2.54, rel=1e-3) == PGV_CM_S_PER_G
    assert repair_rate(np.array([0.0]), 1.0)[0] == 0


def test_ductile_mains_break_less_often_than_brittle_ones(tiny_city: City) -> None:
    shaken = onset(tiny_city, 0.3, 400).shaking
    served = water_served(long_mains(tiny_city), shaken, MAINS, HOURS, seed=1)[:, 0].mean(axis=0)
    assert (served[1::2] > served[::2]).all()


def test_without_shaking_everyone_has_water(tiny_city: City) -> None:
    shaken = onset(tiny_city, 0.0).shaking
    assert (water_served(long_mains(tiny_city), shaken, MAINS, HOURS, seed=1) == 1).all()


def test_mains_are_mended_and_more_workers_are_faster(tiny_city: City) -> None:
    city = long_mains(tiny_city)
    shaken = onset(city, 0.4).shaking
    served = water_served(city, shaken, MAINS, HOURS, seed=1)
    assert (np.diff(served, axis=1) >= 0).all() and (served[:, 0] < 0.9).any()
    more = tuple(replace(team, capacity=team.capacity * 10) for team in city.teams)
    quick = water_served(replace(city, teams=more), shaken, MAINS, HOURS, seed=1)
    assert (quick >= served).all() and quick.mean() > served.mean()


def test_a_zone_without_mains_is_not_touched(tiny_city: City) -> None:
    shaken = onset(tiny_city, 2.0).shaking
    served = water_served(tiny_city, shaken, MAINS, HOURS, seed=1)
    dry = np.setdiff1d(np.arange(6), tiny_city.mains.zone[-2:])
    assert (served[:, :, dry] == 1).all()
