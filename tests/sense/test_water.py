"""Water on pictures from above, against scenes whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rencheng.domain.errors import InvalidInputError
from rencheng.sense.water import (
    by_cell,
    decibels,
    flooded,
    two_classes,
    water_index,
)

SIDE = 400
WATER_DB, LAND_DB = -19.0, -9.0
"""Typical VV backscatter at 10 m of calm water and of land; only their distance matters here."""


def radar(truth, seed, looks=4.4):
    """Return intensity with the speckle of an image of so many looks (a gamma distribution)."""
    rng = np.random.default_rng(seed)
    mean = np.where(truth, 10 ** (WATER_DB / 10), 10 ** (LAND_DB / 10))
    return mean * rng.gamma(looks, 1.0 / looks, truth.shape)


def lake(share, rows=SIDE):
    truth = np.zeros((rows, SIDE), dtype=bool)
    truth[:, : round(share * SIDE)] = True
    return truth


@pytest.mark.parametrize("share", [0.02, 0.2, 0.6])
def test_radar_finds_the_share_of_water_within_a_hundredth(share: float) -> None:
    truth = lake(share)
    image = decibels(radar(truth, 1))
    classes = two_classes(image)
    found = classes.low_probability(image)
    assert abs(found.mean() - truth.mean()) < 0.01
    assert ((found > 0.5) == truth).mean() > 0.985
    # Averaged pixels on the shore lie between the classes.
    assert classes.mean_low == pytest.approx(WATER_DB, abs=0.7)
    assert classes.mean_high == pytest.approx(LAND_DB, abs=0.5)


def test_without_averaging_it_errs_little_more_often_than_any_method_must() -> None:
    truth = np.random.default_rng(2).random((SIDE, SIDE)) < 0.5
    intensity = radar(truth, 3)
    classes = two_classes(decibels(intensity, side=1))
    wrong = ((classes.low_probability(decibels(intensity, side=1)) > 0.5) != truth).mean()
    # Least possible error of two gamma classes of equal share, by numerical integration.
    x = np.linspace(1e-6, 1.0, 400_001)
    low = stats.gamma.pdf(x, 4.4, scale=10 ** (WATER_DB / 10) / 4.4)
    high = stats.gamma.pdf(x, 4.4, scale=10 ** (LAND_DB / 10) / 4.4)
    least = 0.5 * np.minimum(low, high).sum() * (x[1] - x[0])
    assert least <= wrong + 0.001
    assert wrong < 1.6 * least


def test_what_was_water_before_is_not_flooded() -> None:
    before, after = lake(0.1), lake(0.3)
    images = [decibels(radar(truth, seed)) for truth, seed in ((before, 4), (after, 5))]
    classes = two_classes(*images)
    p_before, p_after = (classes.low_probability(image) for image in images)
    found = flooded(p_after, p_before)
    assert found[:, :36].mean() < 0.02
    assert found[:, 44:116].mean() > 0.97
    assert found[:, 124:].mean() < 0.02


def test_the_optical_index_tells_water_from_land() -> None:
    rng = np.random.default_rng(6)
    truth = lake(0.25)
    green = np.where(truth, 0.08, 0.10) + rng.normal(0, 0.01, truth.shape)
    infrared = np.where(truth, 0.02, 0.30) + rng.normal(0, 0.01, truth.shape)
    image = water_index(green, infrared)
    # Water has the high index: the classes are found on the index turned round.
    found = two_classes(-image).low_probability(-image)
    assert ((found > 0.5) == truth).mean() > 0.999


@pytest.mark.parametrize("truth", [lake(0.0), lake(1.0)])
def test_a_scene_of_one_kind_only_is_refused_and_never_called_dry(truth: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="cannot be told apart"):
        two_classes(decibels(radar(truth, 7)))


def test_gaps_and_clouds_stay_unknown() -> None:
    intensity = radar(lake(0.3), 8)
    intensity[:50] = np.nan
    image = decibels(intensity)
    assert np.isnan(image[:50]).all()
    assert np.isfinite(image[50:]).all()
    p = two_classes(image).low_probability(image)
    assert np.isnan(p[:50]).all()


def test_cells_gather_their_pixels_and_say_how_sure_they_are() -> None:
    water = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.5, np.nan, 0.0]])
    before = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, np.nan]])
    cell = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], dtype=np.int32)
    found = by_cell(water, before, cell, 3)
    assert found.water[0] == pytest.approx(3.5 / 4)
    assert found.flooded[0] == pytest.approx(2.5 / 4)
    assert found.confidence[0] == pytest.approx(3.5 / 4)
    assert found.seen.tolist() == [1.0, 0.5, 0.0]
    assert found.water[1] == 0.0
    assert np.isnan(found.water[2])


def test_a_cell_of_which_less_than_half_is_seen_is_unknown() -> None:
    water = np.full((1, 5), np.nan)
    water[0, :2] = 1.0
    found = by_cell(water, np.zeros((1, 5)), np.zeros((1, 5), dtype=np.int32), 1)
    assert np.isnan(found.flooded[0])
    assert found.seen[0] == pytest.approx(0.4)
