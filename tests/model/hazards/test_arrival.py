"""Tsunami arrival: the band, the gauge, and what is never claimed."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from events import COAST, ILLAPEL, ORIGIN, bulletin

from rencheng.domain.hazard import BulletinKind, Tsunami
from rencheng.model.hazards.tsunami.arrival import forecast

Series = list[tuple[datetime, float]]


def gauge(*after: tuple[float, float]) -> Series:
    before = [(ORIGIN - timedelta(minutes=m), 1.0 + 0.01 * (m % 3 - 1)) for m in range(60, 0, -5)]
    return before + [(ORIGIN + timedelta(minutes=m), v) for m, v in after]


def run(tide: Series = [], n: int = 2000, **changes: object) -> Tsunami:  # noqa: B006
    return forecast(bulletin(**changes), COAST, tide, samples=n, seed=1)


def test_illapel_reaches_coquimbo_within_about_half_an_hour() -> None:
    t = run()
    assert t.is_possible
    # The median within half an hour, and the half hour of the reports inside the band.
    assert 0 <= t.arrival_s.p05 < t.arrival_s.p50 < 30 * 60 < t.arrival_s.p95


def test_depth_is_never_claimed() -> None:
    assert not run().depth_is_known
    assert not run(gauge((30, 5.5))).depth_is_known


def test_the_gauge_tells_arrival_and_peak_above_the_level_before() -> None:
    t = run(gauge((5, 1.02), (25, 0.4), (30, 3.0), (90, 5.5), (100, 2.0)))
    assert t.observed_arrival == ORIGIN + timedelta(minutes=25)
    assert t.observed_peak_m == pytest.approx(4.5, abs=0.01)


def test_a_silent_gauge_says_nothing() -> None:
    t = run(gauge((20, float("nan"))))
    assert t.observed_arrival is None
    assert np.isnan(t.observed_peak_m)
    only_after = [(ORIGIN + timedelta(minutes=5), 3.0)]
    assert np.isnan(run(only_after).observed_peak_m)


def test_a_calm_sea_is_no_arrival() -> None:
    t = run(gauge((20, 1.05), (40, 1.1)))
    assert t.observed_arrival is None
    assert t.observed_peak_m == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("changes", [{"magnitude": 5.5}, {"depth_km": 150.0}])
def test_a_small_or_deep_earthquake_raises_no_wave(changes: dict[str, float]) -> None:
    t = run(**changes)
    assert not t.is_possible
    assert not t.arrival_s.is_known


def test_official_word_outranks_the_magnitude() -> None:
    assert run(kind=BulletinKind.TSUNAMI_ALERT, magnitude=6.0).is_possible
    assert not run(kind=BulletinKind.TSUNAMI_CANCEL).is_possible


def test_a_city_without_coast_has_no_arrival() -> None:
    t = forecast(ILLAPEL, np.empty((0, 2)), [], samples=10, seed=1)
    assert not t.arrival_s.is_known
