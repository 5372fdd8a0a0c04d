"""What residents get after the onset."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from rencheng.adapters.restoration import load_restoration
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.impact import Damage, Services
from rencheng.model.recovery.services import restore

sys.path.insert(0, str(Path(__file__).parent))
from recovery_cases import ORIGIN, no_damage, onset, seen, whole_access

TABLE = load_restoration()


def lifelines(city: City, state: int, *ids: str, samples: int = 40) -> Damage:
    states = np.zeros((samples, len(city.lifelines.id)), np.int8)
    states[:, [city.lifelines.id.index(i) for i in ids]] = state
    return replace(no_damage(city, samples), lifeline_state=states)


def level(services: Services, name: str) -> np.ndarray:
    return services.level[services.names.index(name)]


def up(services: Services, node: str) -> np.ndarray:
    return services.asset_up[services.node.index(node)]


def test_without_damage_every_service_is_full(tiny_city: City) -> None:
    city = tiny_city
    services = restore(city, no_damage(city), whole_access(city), None, TABLE, seed=1)
    assert services.names == ("power", "water", "telecom", "health", "access")
    assert (services.level == 1).all() and (services.asset_up == 1).all()
    known = services.zone_level[[0, 1, 2, 4]]
    assert (known == 1).all() and np.isnan(services.zone_level[3]).all()


def test_a_dead_feeder_darkens_its_zones_and_no_others(tiny_city: City) -> None:
    city = tiny_city
    damage = lifelines(city, 4, "FDR-1")
    services = restore(city, damage, whole_access(city), None, TABLE, seed=1)
    assert level(services, "power")[:, 0] == pytest.approx(4 / 6)
    dark = services.zone_level[0, :, 0] == 0
    assert dark.tolist() == [True, False, False, True, False, False]
    assert level(services, "power")[:, -1].min() == 1


def test_hospitals_last_as_long_as_their_generators(tiny_city: City) -> None:
    city = tiny_city
    damage = lifelines(city, 4, "FDR-1", samples=200)
    services = restore(city, damage, whole_access(city), None, TABLE, seed=1)
    works = up(services, "H-1")
    hours = services.time_h
    assert (works[hours < 24] == 1).all() and works[hours == 72] < 0.2
    assert level(services, "health")[:, hours == 72].mean() == pytest.approx(0.6, abs=0.1)


def test_the_mean_follows_the_truncated_restoration_function(tiny_city: City) -> None:
    from scipy.special import ndtr

    city, count = tiny_city, 4000
    damage = lifelines(city, 2, "GEN-1", samples=count)
    services = restore(city, damage, whole_access(city), None, TABLE, seed=1)
    # HAZUS generation plant, moderate: 3.6 ± 3.6 days, cut at zero and renormalised.
    days = services.time_h / 24
    cut = ndtr(-1.0)
    expected = (ndtr((days - 3.6) / 3.6) - cut) / (1 - cut)
    assert up(services, "GEN-1") == pytest.approx(expected, abs=0.03)
    assert expected[0] == 0


def test_more_damage_is_never_more_service(tiny_city: City) -> None:
    city = tiny_city
    curves = [
        restore(city, lifelines(city, s, "SUB-1"), whole_access(city), None, TABLE, seed=4)
        for s in (0, 1, 2, 3, 4)
    ]
    for better, worse in zip(curves, curves[1:], strict=False):
        assert (worse.level <= better.level + 1e-6).all()


def test_a_feeder_seen_live_is_dead_in_no_sample(tiny_city: City) -> None:
    city = tiny_city
    damage = lifelines(city, 4, "GEN-1", "SUB-1", "SUB-2", "FDR-1", "FDR-3")
    state = seen(city, ORIGIN + timedelta(hours=1), FDR_1=1.0)
    services = restore(city, damage, whole_access(city), state, TABLE, seed=1, onset=onset(city))
    now = services.time_h == 1
    # Its substation and the plant must be live too; the other substation need not.
    assert [up(services, n)[now][0] for n in ("GEN-1", "SUB-1", "FDR-1")] == [1, 1, 1]
    assert up(services, "FDR-3")[now] == 0


def test_a_feeder_seen_dead_is_dead_until_restored(tiny_city: City) -> None:
    city = tiny_city
    state = seen(city, ORIGIN + timedelta(hours=3), FDR_1=0.0)
    damage = no_damage(city, 400)
    services = restore(
        city, damage, whole_access(city), state, TABLE, seed=1, onset=onset(city, samples=400)
    )
    works = up(services, "FDR-1")
    assert (works[services.time_h <= 3] == 0).all()
    assert 0.2 < works[services.time_h == 12] < 0.9 and works[-1] == 1
    assert (up(services, "FDR-2") == 1).all()


def test_evidence_that_is_hardly_trusted_changes_nothing(tiny_city: City) -> None:
    city = tiny_city
    state = seen(city, ORIGIN, FDR_1=0.0)
    weak = replace(state, confidence=state.confidence * 0.4)
    services = restore(city, no_damage(city), whole_access(city), weak, TABLE, seed=1)
    assert (services.level == 1).all()


def test_a_zone_cut_off_by_debris_opens_when_it_is_cleared(tiny_city: City) -> None:
    city = tiny_city
    access = whole_access(city)
    after = access.after_s.copy()
    after[:, 0] = np.inf
    services = restore(city, no_damage(city), replace(access, after_s=after), None, TABLE, seed=1)
    access_now = level(services, "access")
    assert access_now[:, 0] == pytest.approx(5 / 6) and (access_now[:, -1] == 1).all()
    assert up(services, "zone:101:access")[0] == 0


def test_the_horizon_ends_the_curves(tiny_city: City) -> None:
    city = tiny_city
    services = restore(
        city, no_damage(city), whole_access(city), None, TABLE, seed=1, horizon_h=30.0
    )
    assert services.time_h[0] == 0 and services.time_h[-1] == 30
    assert services.level.shape[-1] == services.time_h.size


def test_the_same_seed_gives_the_same_curves(tiny_city: City) -> None:
    city = tiny_city
    args = (city, lifelines(city, 2, "SUB-1", "PMP-1"), whole_access(city), None, TABLE)
    assert np.array_equal(restore(*args, seed=7).level, restore(*args, seed=7).level)
    assert not np.array_equal(restore(*args, seed=7).level, restore(*args, seed=8).level)


def test_results_of_different_runs_are_refused(tiny_city: City) -> None:
    city = tiny_city
    wrong = onset(city, samples=3)
    with pytest.raises(InvalidInputError, match="samples"):
        restore(city, no_damage(city), whole_access(city), None, TABLE, seed=1, onset=wrong)


def test_a_kind_without_times_is_named(tiny_city: City) -> None:
    city = tiny_city
    odd = replace(city.lifelines, restoration=("windmill",) * len(city.lifelines.id))
    changed = replace(city, lifelines=odd)
    with pytest.raises(InvalidInputError, match="windmill"):
        restore(changed, no_damage(city), whole_access(city), None, TABLE, seed=1)
