"""Where the sensing net sees the tiny city, and where it is blind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from rencheng.domain.city import City, Sector
from rencheng.domain.observation import Quantity, StreamHealth
from rencheng.sense.net import hours_up, net_health

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000


def health(city: City, *silent: str, reach: float = 30_000.0):
    told = {s.id: StreamHealth.OK for s in city.datastreams}
    told |= dict.fromkeys(silent, StreamHealth.SILENT)
    return net_health(
        city, told, {s.id: 1.0 for s in city.datastreams},
        {Quantity.PEAK_ACCELERATION: reach}, since=T0 - timedelta(days=1), at=T0,
    )  # fmt: skip


def row(found, quantity: Quantity) -> int:
    return found.quantities.index(quantity)


def test_mains_without_a_gauge_are_a_blind_spot(tiny_city: City) -> None:
    found = health(tiny_city)
    pressure = row(found, Quantity.WATER_PRESSURE)
    # Gauges stand in the zones 101 and 105 only; people live in all.
    assert found.blind()[pressure].tolist() == [False, True, True, True, False, True]
    assert found.sector(pressure) is Sector.WATER


def test_a_hospital_is_expected_only_where_there_is_one(tiny_city: City) -> None:
    found = health(tiny_city)
    beds = row(found, Quantity.FREE_BEDS)
    assert found.expected[beds].sum() == 2
    assert not found.blind()[beds].any()


def test_a_silent_gauge_blinds_its_zone(tiny_city: City) -> None:
    found = health(tiny_city, "prs-1")
    pressure = row(found, Quantity.WATER_PRESSURE)
    assert found.blind()[pressure, 0]
    assert (found.streams[pressure, 0], found.ok[pressure, 0]) == (1, 0)


def test_a_station_in_the_open_sees_as_far_as_its_reach(tiny_city: City) -> None:
    far = health(tiny_city)
    assert far.seen[row(far, Quantity.PEAK_ACCELERATION)].all()
    # Zones are 500 m wide: with a reach of 400 m each of three stations sees about its own.
    near = health(tiny_city, reach=400.0)
    assert 1 <= near.seen[row(near, Quantity.PEAK_ACCELERATION)].sum() < 6


def test_the_share_seen_counts_what_is_expected(tiny_city: City) -> None:
    found = health(tiny_city)
    share = found.seen_share()
    assert share[0] == 1.0
    expected = found.expected[:, 5].sum()
    assert share[5] == pytest.approx(1 - found.blind()[:, 5].sum() / expected)


def test_uptime_counts_hours_with_good_values() -> None:
    end = T0 + timedelta(hours=10)
    first = int(T0.timestamp()) * 1_000_000
    hour = first + np.array([0, 1, 1, 4, 9, 10, -1]) * HOUR_US
    found = hours_up(np.zeros(7, np.int32), hour, np.array([60.0, 60.0]), T0, end)
    assert found.tolist() == [0.4, 0.0]


def test_a_stream_of_four_values_a_day_is_up_with_four() -> None:
    first = int(T0.timestamp()) * 1_000_000
    hour = first + np.array([0, 6, 12, 18]) * HOUR_US
    found = hours_up(
        np.zeros(4, np.int32), hour, np.array([6 * 3600.0]), T0, T0 + timedelta(days=1)
    )
    assert found.tolist() == [1.0]
