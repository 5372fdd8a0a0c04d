"""Recovery in the built default city."""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from rencheng.adapters.restoration import load_restoration
from rencheng.domain.city import City
from rencheng.model.networks.access import hospital_access
from rencheng.model.recovery.services import restore

sys.path.insert(0, str(Path(__file__).parent))
from recovery_cases import no_damage, onset

pytestmark = pytest.mark.slow


def test_an_undamaged_city_has_every_service(city: City) -> None:
    damage = no_damage(city)
    access = hospital_access(city, damage, seed=1)
    assert np.array_equal(access.after_s, np.tile(access.before_s, (40, 1)))
    services = restore(
        city, damage, access, None, load_restoration(), seed=1, onset=onset(city, 0.0)
    )
    assert services.level.min() == pytest.approx(1) and (services.asset_up == 1).all()


def test_two_hundred_samples_of_the_city_stay_in_their_budget(city: City) -> None:
    damage = no_damage(city, 200)
    rng = np.random.default_rng(1)
    damage.lifeline_state[:] = rng.choice(5, damage.lifeline_state.shape, p=(0.6, *[0.1] * 4))
    damage.link_collapsed[:] = rng.random(damage.link_collapsed.shape) < 0.05
    table, shaken = load_restoration(), onset(city, 0.2, 200)
    access = hospital_access(city, damage, seed=1)
    restore(city, damage, access, None, table, seed=1, onset=shaken)
    start = process_time()
    access = hospital_access(city, damage, seed=1)
    restore(city, damage, access, None, table, seed=1, onset=shaken)
    # 0.4 s and 0.3 s on a quiet machine; three times that here, so that load does not fail it.
    assert process_time() - start < 2.1
