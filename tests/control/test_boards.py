"""What single boards promise."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from rencheng.control.boards import boards
from rencheng.domain.city import City
from rencheng.domain.control import Light, SectorBoard
from rencheng.domain.impact import CityState, Impact
from rencheng.domain.provenance import Figure, Origin

sys.path.insert(0, str(Path(__file__).parent))
from board_cases import NOW, all_seen, impact, nothing_known


def board(sector: str, city: City, state: CityState, one: Impact | None) -> SectorBoard:
    return next(b for b in boards(city, state, one, at=NOW) if b.sector == sector)


def figure(shown: SectorBoard, key: str) -> Figure:
    return next(f for f in (*shown.state, *shown.forecast) if f.key == key)


@pytest.mark.parametrize(
    ("share", "light"), [(1.0, Light.NORMAL), (0.85, Light.STRAINED), (0.5, Light.FAILING)]
)
def test_the_lamp_follows_what_is_seen(share: float, light: Light, tiny_city: City) -> None:
    shown = board("energy", tiny_city, all_seen(tiny_city, share), impact(tiny_city))
    assert shown.light is light and shown.headline.key == "control.power.observed"
    assert figure(shown, "power_live").band.p50 == pytest.approx(share)


def test_good_news_from_a_few_is_not_green(tiny_city: City) -> None:
    power = np.array([1.0, *[np.nan] * 5])
    state = replace(nothing_known(tiny_city), zone_power=power)
    assert board("energy", tiny_city, state, None).light is Light.UNKNOWN
    bad = replace(state, zone_power=power * 0)
    assert board("energy", tiny_city, bad, None).light is Light.FAILING


def test_an_estimate_says_that_it_is_one(tiny_city: City) -> None:
    shown = board("water", tiny_city, nothing_known(tiny_city), impact(tiny_city, 0.4))
    assert shown.light is Light.FAILING and shown.headline.key == "control.water.estimated"
    assert figure(shown, "water_24h").why.origin is Origin.SYNTHETIC
    assert shown.measures[0].place == "zone:101"


def test_horizons_count_from_now(tiny_city: City) -> None:
    one = impact(tiny_city)
    level = np.zeros_like(one.services.level)
    level[:, :, one.services.time_h >= 25] = 1.0  # now is one hour after the onset
    later = replace(one, services=replace(one.services, level=level))
    shown = board("energy", tiny_city, nothing_known(tiny_city), later)
    assert figure(shown, "power_24h").band.p50 == 1.0 and shown.light is Light.FAILING


def test_beyond_the_horizon_nothing_is_forecast(tiny_city: City) -> None:
    one = impact(tiny_city)
    old = replace(one, origin_time=one.origin_time - timedelta(hours=700))
    shown = board("energy", tiny_city, nothing_known(tiny_city), old)
    assert not figure(shown, "power_24h").band.is_known


def test_repairs_leave_out_what_is_seen_working(tiny_city: City) -> None:
    state, one = nothing_known(tiny_city), impact(tiny_city, 0.4)
    up = state.up.copy()
    up[state.node.index("GEN-1")] = 1.0
    up[state.node.index("FDR-4")] = 0.0
    shown = board("energy", tiny_city, replace(state, up=up), one)
    places = [m.place for m in shown.measures]
    assert "GEN-1" not in places and places[0] in ("SUB-1", "SUB-2") and len(places) == 3


def test_more_patients_than_beds_is_failing(tiny_city: City) -> None:
    one = impact(tiny_city, displaced=90.0)  # 9 of each severity in each of 6 zones: 108 patients
    shown = board("medical", tiny_city, all_seen(tiny_city), one)
    assert figure(shown, "patients_24h").band.p50 == pytest.approx(108)
    assert figure(shown, "free_beds").band.p50 == 24 and shown.light is Light.FAILING


def test_a_hospital_whose_backups_end_gets_fuel(tiny_city: City) -> None:
    one = impact(tiny_city)
    up = one.services.asset_up.copy()
    up[one.services.node.index("H-1"), 3:] = 0.1
    ending = replace(one, services=replace(one.services, asset_up=up))
    measures = board("medical", tiny_city, all_seen(tiny_city), ending).measures
    assert [m.place for m in measures] == ["H-1"] and measures[0].reason.params["hours"] == 24


def test_the_environment_never_claims_more_than_a_tide_gauge(tiny_city: City) -> None:
    calm = board("environment", tiny_city, all_seen(tiny_city), None)
    assert calm.light is Light.UNKNOWN and calm.headline.key == "control.environment.sea"
    assert {"terrain", "soil", "air_quality"} <= set(calm.why.missing) and calm.forecast == ()
    high = board("environment", tiny_city, all_seen(tiny_city, tide_m=2.0), impact(tiny_city))
    assert high.light is Light.FAILING and high.measures[0].place == "coast"


def test_an_old_tide_reading_is_no_reading(tiny_city: City) -> None:
    state = all_seen(tiny_city)
    old = replace(state, tide_time=tuple(t - timedelta(hours=3) for t in state.tide_time))
    assert board("environment", tiny_city, old, None).light is Light.UNKNOWN


def test_shelters_are_opened_until_there_is_room(tiny_city: City) -> None:
    shown = board("services", tiny_city, all_seen(tiny_city), impact(tiny_city, displaced=50.0))
    assert [m.place for m in shown.measures] == ["S-3", "S-2"]  # 200 + 150 for 300
    assert figure(shown, "displaced_24h").base == 600


def test_everyone_cut_off_is_counted(tiny_city: City) -> None:
    shown = board("transport", tiny_city, all_seen(tiny_city), impact(tiny_city, 0.0))
    assert figure(shown, "residents_cut_off").band.p50 == 600
    assert shown.light is Light.FAILING and len(shown.measures) == 3


def test_an_estimate_that_may_fail_is_not_green(tiny_city: City) -> None:
    one = impact(tiny_city)
    level = one.services.level.copy()
    level[:, :2] = 0.1
    unsure = replace(one, services=replace(one.services, level=level))
    shown = board("transport", tiny_city, nothing_known(tiny_city), unsure)
    assert shown.light is Light.STRAINED and shown.headline.params["low"] < 0.2


def test_a_number_without_a_known_spread_shows_none(tiny_city: City) -> None:
    shown = board("transport", tiny_city, nothing_known(tiny_city), impact(tiny_city, 0.5))
    band = figure(shown, "streets_blocked").band
    assert band.is_known and np.isnan(band.p05) and np.isnan(band.p95)
