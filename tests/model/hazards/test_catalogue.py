"""Earthquakes drawn from a stated source: their rates are the source's, their draws the seed's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rencheng.domain.errors import InvalidInputError
from rencheng.model.hazards.earthquake import residuals
from rencheng.model.hazards.earthquake.catalogue import (
    _QUAKE,
    GutenbergRichter,
    class_rates,
    drawn,
)
from rencheng.model.hazards.earthquake.shaking import shake

SOURCE = GutenbergRichter(
    west=-72.0, south=-30.5, east=-71.5, north=-29.5, rate=0.4, b=0.9, low=6.0, high=8.0,
    step=0.5, draws=2,
)  # fmt: skip
SITES = np.array([[-71.3, -29.9], [-71.2, -29.95]])


def test_the_rates_of_all_events_are_those_of_the_source() -> None:
    found = drawn(SOURCE, SITES, seed=1)
    assert found.rate.sum() == pytest.approx(SOURCE.rate)
    assert found.pga_g.shape == (8, 2)
    assert (found.pga_g > 0).all()


def test_one_magnitude_more_is_as_much_rarer_as_b_says() -> None:
    _, often = class_rates(replace(SOURCE, high=9.5))
    assert often[0] / often[2] == pytest.approx(10**SOURCE.b)


def test_the_same_seed_draws_the_same_events() -> None:
    first, again, other = (drawn(SOURCE, SITES, seed=seed) for seed in (3, 3, 4))
    assert (first.pga_g == again.pga_g).all()
    assert (first.pga_g != other.pga_g).any()


def test_every_fault_of_a_source_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as told:
        class_rates(replace(SOURCE, rate=0.0, b=9.0, high=5.0))
    assert {fault.key for fault in told.value.faults} >= {
        "risk.source_rate", "risk.source_b", "risk.source_magnitude",
    }  # fmt: skip


def test_events_are_those_of_shake_alone_to_the_bit() -> None:
    found, rng = drawn(SOURCE, SITES, seed=1), np.random.default_rng([1, 5])
    rng.uniform(size=(8, 2))  # epicentres
    for row in range(8):
        lon, lat = found.lonlat[row]
        quake = replace(_QUAKE, lon=lon, lat=lat, magnitude=found.magnitude[row])
        alone = shake(quake, SITES, (), samples=1, seed=int(rng.integers(2**31)))
        assert (found.pga_g[row] == alone.pga_g[0]).all()
        assert (found.sa1_g[row] == alone.sa1_g[0]).all()


def test_places_are_factored_once_for_all_events(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    whole = residuals.factor
    monkeypatch.setattr(residuals, "factor", lambda m: made.append(len(m)) or whole(m))
    drawn(SOURCE, SITES, seed=1)
    assert made == [2, 2]


def test_a_stop_is_heard_before_every_event() -> None:
    asked: list[tuple[int, int]] = []
    drawn(SOURCE, SITES, seed=1, progress=lambda done, total: asked.append((done, total)))
    assert asked == [(row, 8) for row in range(8)]
