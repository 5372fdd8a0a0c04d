"""Fields over a grid: normal, as alike as published, each a function of its seed and number."""

from __future__ import annotations

import numpy as np
import pytest

from rencheng.model.hazards.earthquake.fields import SHARED, deviations, range_km, waves
from rencheng.model.hazards.earthquake.residuals import RANGE_PGA_KM, RANGE_SA1_KM

SHAPE, STEP, REACH = (30, 24), (2.0, 3.0), 40.7


def fields(shared: float, many: int = 3000) -> np.ndarray:
    held = waves(SHAPE, STEP, REACH)
    return np.array([deviations(SHAPE, held, shared=shared, seed=3, number=i) for i in range(many)])


@pytest.mark.parametrize("shared", [0.0, SHARED, 1.0])
def test_cells_are_standard_normal_and_as_alike_as_the_correlation_says(shared: float) -> None:
    found = fields(shared)
    assert np.abs(found.mean(axis=0)).max() < 5.0 / np.sqrt(len(found))
    assert np.abs(found.var(axis=0) - 1.0).max() < 0.15
    for cell in ((0, 1), (1, 0), (5, 3), (12, 12), (29, 23)):
        apart = np.hypot(cell[0] * STEP[0], cell[1] * STEP[1])
        expected = shared + (1.0 - shared) * np.exp(-3.0 * apart / REACH)
        seen = np.corrcoef(found[:, 0, 0], found[:, cell[0], cell[1]])[0, 1]
        assert seen == pytest.approx(expected, abs=0.07)


def test_opposite_edges_of_a_grid_are_strangers() -> None:
    shape = (3, 60)
    held = waves(shape, (5.0, 5.0), REACH)
    found = np.array([deviations(shape, held, shared=0.0, seed=1, number=i) for i in range(3000)])
    assert abs(np.corrcoef(found[:, 1, 0], found[:, 1, -1])[0, 1]) < 0.07


def test_a_field_is_a_function_of_seed_and_number_alone() -> None:
    held = waves(SHAPE, STEP, REACH)

    def draw(seed: int, number: int) -> np.ndarray:
        return deviations(SHAPE, held, shared=0.3, seed=seed, number=number)

    np.testing.assert_array_equal(draw(1, 7), draw(1, 7))
    assert (draw(1, 7) != draw(1, 8)).all() and (draw(1, 7) != draw(2, 7)).all()


def test_the_longer_of_the_published_ranges_is_taken() -> None:
    assert range_km("PGA") == range_km("PGV") == 40.7 > RANGE_PGA_KM
    assert range_km("SA(1.0)") == pytest.approx(RANGE_SA1_KM)
    assert range_km("SA(0.999)") == pytest.approx(range_km("SA(1.0)"), abs=0.1)
    assert 0.3 < SHARED < 0.5
