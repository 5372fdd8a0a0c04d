"""Measures of service curves against shapes whose answers are known."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.assess.curves import band_of_times, held_from_h, loss_days, measure, rapidity_per_day
from rencheng.domain.impact import Services
from rencheng.domain.provenance import Origin

AT = datetime(2015, 9, 17, tzinfo=UTC)
INF = float("inf")


def services(time_h: np.ndarray, *curves: np.ndarray) -> Services:
    return Services(
        time_h=time_h,
        names=("power",),
        level=np.array([curves], dtype=np.float32),
        zone_level=np.full((1, 1, time_h.size), np.nan, np.float32),
        asset_up=np.empty((0, time_h.size), np.float32),
        node=(),
    )


@pytest.mark.parametrize("steps", [11, 3, 1001])
def test_the_triangle(steps: int) -> None:
    time_h = np.linspace(0, 480, steps)
    level = 1 - 0.4 * np.clip(1 - time_h / 240, 0, 1)
    if 240 not in time_h:
        pytest.skip("the corner is not on this grid")
    one = measure(services(time_h, level), at=AT)[0]
    assert one.robustness.p50 == pytest.approx(0.6)
    assert one.loss.p50 == pytest.approx(0.5 * 0.4 * 10, rel=0.01)
    assert one.rapidity.p50 == pytest.approx(0.04, rel=0.06)
    assert dict(one.time_to_h)[0.9].p50 == pytest.approx(180, abs=1)
    assert dict(one.time_to_h)[0.5].p50 == 0


def test_exponential_recovery_of_cimellaro() -> None:
    # Q = 1 - L exp(-ln 200 · t/T): area = L T (1 - 1/200) / ln 200; 90 % at t = T ln(L/0.1)/ln 200.
    loss, days = 0.5, 20.0
    time_h = np.linspace(0, days * 24, 4801)
    level = (1 - loss * np.exp(-np.log(200) * time_h / (days * 24)))[None]
    area = loss * days * (1 - 1 / 200) / np.log(200)
    cut = 0.02 * days / np.log(200)  # the tail within 2 % counts as full
    assert loss_days(time_h, level)[0] == pytest.approx(area - cut + 0.0025 * days / 5.3, rel=0.01)
    assert held_from_h(time_h, level, 0.9)[0] == pytest.approx(
        days * 24 * np.log(loss / 0.1) / np.log(200), abs=0.2
    )


def test_trigonometric_recovery_of_cimellaro() -> None:
    # Q = 1 - L/2 (1 + cos(pi t/T)): area = L T / 2; 90 % where 1 + cos = 0.2/L.
    loss, days = 0.6, 10.0
    time_h = np.linspace(0, days * 24, 4801)
    level = (1 - loss / 2 * (1 + np.cos(np.pi * time_h / (days * 24))))[None]
    assert loss_days(time_h, level)[0] == pytest.approx(loss * days / 2, rel=0.01)
    expected = days * 24 * np.arccos(0.2 / loss - 1) / np.pi
    assert held_from_h(time_h, level, 0.9)[0] == pytest.approx(expected, abs=0.2)


def test_a_step_counts_its_whole_area() -> None:
    time_h = np.array([0, 48, 48.001, 96])
    one = measure(services(time_h, np.array([0.2, 0.2, 1, 1])), at=AT)[0]
    assert one.loss.p50 == pytest.approx(1.6, rel=1e-4)
    assert dict(one.time_to_h)[0.95].p50 == pytest.approx(48, abs=0.01)


def test_uneven_times_do_not_change_the_area() -> None:
    coarse, fine = np.array([0.0, 6, 24, 240]), np.linspace(0, 240, 241)
    shape = np.array([0.3, 0.4, 0.8, 0.9])
    level = np.interp(fine, coarse, shape)
    assert loss_days(coarse, shape[None]) == pytest.approx(loss_days(fine, level[None]))


def test_a_relapse_is_not_recovery() -> None:
    level = np.array([[0.4, 0.97, 0.6, 0.97]])
    assert held_from_h(np.array([0.0, 10, 20, 30]), level, 0.61)[0] > 20
    assert 20 < held_from_h(np.array([0.0, 10, 20, 30]), level, 0.9)[0] < 30


def test_what_has_not_recovered_is_censored_and_not_guessed() -> None:
    time_h = np.array([0.0, 720])
    one = measure(services(time_h, np.array([0.5, 0.8]), np.array([0.5, 1.0])), at=AT)[0]
    assert one.is_censored and dict(one.time_to_h)[0.9].p95 == INF
    assert one.horizon_h == 720 and any(n.key == "curves.censored" for n in one.why.notes)


def test_without_loss_there_is_no_rate_of_recovery() -> None:
    one = measure(services(np.array([0.0, 10]), np.array([0.985, 1.0])), at=AT)[0]
    assert one.loss.p50 == 0 and one.robustness.p50 == 1
    assert not one.rapidity.is_known and not one.is_censored


def test_an_unknown_curve_stays_unknown() -> None:
    one = measure(services(np.array([0.0, 10]), np.array([np.nan, 1.0])), at=AT)[0]
    bands = [one.robustness, one.rapidity, one.loss, *dict(one.time_to_h).values()]
    assert not any(band.is_known for band in bands)
    assert one.why.missing == ("power",) and one.why.origin is Origin.SYNTHETIC


@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.floats(0.5, 1))
def test_better_service_never_has_the_greater_loss(levels: list[float], lift: float) -> None:
    time_h = np.cumsum(np.arange(1.0, len(levels) + 1))
    worse = np.array([levels])
    better = 1 - (1 - worse) * lift
    assert loss_days(time_h, better)[0] <= loss_days(time_h, worse)[0] + 1e-12
    for least in (0.5, 0.9, 0.95):
        assert held_from_h(time_h, better, least) <= held_from_h(time_h, worse, least) + 1e-6
    assert np.isnan(rapidity_per_day(time_h, worse)[0]) or rapidity_per_day(time_h, worse)[0] >= 0


def test_a_band_of_times_may_be_infinite() -> None:
    assert band_of_times(np.array([1.0, INF, INF])).p50 == INF
    assert not band_of_times(np.array([1.0, np.nan])).is_known
