from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.city import City
from rencheng.domain.impact import CityState
from rencheng.domain.observation import StreamHealth, StreamStatus
from rencheng.perceive.state import city_state, confidence_of, tide_anomaly

AT = datetime(2015, 9, 16, 23, tzinfo=UTC)


def word(
    stream: str, value: float, age_s: float = 10.0, health: StreamHealth = StreamHealth.OK
) -> StreamStatus:
    return StreamStatus(
        datastream=stream,
        health=health,
        last_value=value,
        last_good_value=value,
        last_time=AT - timedelta(seconds=age_s),
        age_s=age_s,
    )


def see(city: City, *words: StreamStatus) -> CityState:
    return city_state(city, {w.datastream: w for w in words}, (), AT, local_hour=20.0)


def up(state: CityState, node: str) -> float:
    return float(state.up[state.node.index(node)])


def test_nothing_heard_means_nothing_known(tiny_city: City) -> None:
    state = see(tiny_city)
    assert np.isnan(state.up).all()
    assert not state.confidence.any()
    assert np.isinf(state.age_s).all()
    assert np.isnan(state.zone_power).all()
    assert np.isnan(state.free_beds).all()
    assert (state.streams_ok, state.streams_total) == (0, 11)


def test_a_live_feeder_lights_the_zones_it_serves(tiny_city: City) -> None:
    state = see(tiny_city, word("fdr-1", 1.0), word("fdr-3", 0.0))
    assert up(state, "FDR-1") == 1.0
    assert up(state, "FDR-3") == 0.0
    assert state.zone_power[0] == 1.0
    assert state.zone_power[4] == 0.0
    assert np.isnan(state.zone_power[2])


@pytest.mark.parametrize("health", [StreamHealth.SILENT, StreamHealth.STUCK, StreamHealth.SUSPECT])
def test_an_unhealthy_stream_never_says_all_is_well(tiny_city: City, health: StreamHealth) -> None:
    assert math.isnan(up(see(tiny_city, word("fdr-1", 1.0, 900.0, health)), "FDR-1"))
    assert math.isnan(see(tiny_city, word("bed-1", 9.0, 60.0, health)).free_beds[0])


def test_bad_news_of_a_silent_stream_is_kept_while_it_fades(tiny_city: City) -> None:
    state = see(tiny_city, word("fdr-1", 0.0, 1200.0, StreamHealth.SILENT))
    assert up(state, "FDR-1") == 0.0
    assert 0.0 < state.confidence[state.node.index("FDR-1")] <= 0.5
    late = see(tiny_city, word("fdr-1", 0.0, 86400.0, StreamHealth.SILENT))
    assert math.isnan(up(late, "FDR-1"))


def test_low_pressure_at_a_zone_is_no_water_there(tiny_city: City) -> None:
    state = see(tiny_city, word("prs-1", 40.0), word("prs-5", 350.0))
    assert up(state, "zone:101:water") == 0.0
    assert state.zone_water[0] == 0.0
    assert state.zone_water[4] == 1.0


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_confidence_never_grows_with_age(age: float, more: float) -> None:
    young = confidence_of(word("a", 1.0, age), 60.0)
    assert 0.0 <= confidence_of(word("a", 1.0, age + more), 60.0) <= young <= 1.0


def test_the_tide_alone_is_hardly_an_anomaly() -> None:
    minutes = np.arange(0, 24 * 60, 2)
    level = 0.6 * np.sin(2 * np.pi * minutes / (12.42 * 60))
    times = [AT + timedelta(minutes=int(m)) for m in minutes]
    _, anomaly = tide_anomaly(list(zip(times, level, strict=True)))
    assert np.abs(anomaly).max() < 0.6


def test_a_wave_stands_out_of_the_tide() -> None:
    minutes = np.arange(0, 8 * 60, 2)
    wave = np.where((minutes > 300) & (minutes < 330), 4.5, 0.0)
    times = [AT + timedelta(minutes=int(m)) for m in minutes]
    _, anomaly = tide_anomaly(list(zip(times, wave, strict=True)))
    assert anomaly.max() == pytest.approx(4.5)
    assert tide_anomaly([]) == ((), pytest.approx(np.empty(0)))
