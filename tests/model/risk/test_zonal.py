"""Losses by zone: they add up to the event's, and what nobody knows stays unknown."""

from __future__ import annotations

import numpy as np
import pytest

from rencheng.model.risk import zonal
from rencheng.model.risk.impact import impact
from rencheng.model.risk.zonal import losses_by_zone
from risk_kit import assets, event_set, ramp

CURVE = ramp([0.0, 1.0, 2.0], [0.0, 0.5, 1.0])
EVENTS = event_set([{0: 1.0, 1: 2.0}, {1: 0.5}, {2: 2.0}], 3)
HOUSES = assets([0, 1, 1, 2], [[100.0], [50.0], [10.0], [7.0]])
ZONE = np.array([0, 1, 1, 0], dtype=np.int32)


@pytest.mark.parametrize("size", [1, 3, 1_000_000])
def test_zones_add_up_to_the_event_whatever_the_passes(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(zonal, "PASS", size)
    found = losses_by_zone(EVENTS, HOUSES, [CURVE], ZONE, 2)
    assert found.tolist() == [[50.0, 60.0], [0.0, 15.0], [7.0, 0.0]]
    assert found.sum(axis=1) == pytest.approx(impact(EVENTS, HOUSES, [CURVE]).loss)


def test_a_zone_without_a_known_asset_is_unknown() -> None:
    found = losses_by_zone(EVENTS, HOUSES, [CURVE], ZONE, 3)
    assert np.isnan(found[:, 2]).all()


def test_an_unknown_intensity_makes_its_zone_unknown_alone() -> None:
    dark = event_set([{0: np.nan, 1: 2.0}], 3)
    found = losses_by_zone(dark, HOUSES, [CURVE], ZONE, 2)
    assert np.isnan(found[0, 0])
    assert found[0, 1] == 60.0
