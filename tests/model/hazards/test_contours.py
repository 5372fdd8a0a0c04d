"""Lines of equal shaking lie where the map has that value, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.hazard import ShakingMap
from rencheng.model.hazards.earthquake.contours import MOST_CELLS, contours
from rencheng.model.hazards.earthquake.mapped import at_sites


def mapped(pga: np.ndarray, step: float = 0.01) -> ShakingMap:
    rows, columns = pga.shape
    layers = np.stack([pga, pga, np.full_like(pga, 0.5)])
    return ShakingMap(
        id="m", event="e", revision=1, issuer="i", issued=datetime(2026, 1, 1, tzinfo=UTC),
        west=-72.0, north=-29.0, step_lon=step, step_lat=step, rows=rows, columns=columns,
        cells=layers.astype("<f4").tobytes(), source="s",
    )  # fmt: skip


def bump(rows: int, columns: int, height: float = 1.0) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    return height * np.exp(-3.0 * (x**2 + y**2))


def test_a_hill_has_one_closed_line_on_its_level_all_around() -> None:
    pga = bump(81, 81)
    (line,) = contours(mapped(pga), 0.4)
    assert (line[0] == line[-1]).all()
    assert at_sites(mapped(pga), line)[0] == pytest.approx(0.4, abs=0.003)
    radius = np.hypot(line[:, 0] + 71.6, line[:, 1] + 29.4) / 0.4
    assert radius == pytest.approx(np.sqrt(np.log(1 / 0.4) / 3.0), abs=0.01)


def test_a_slope_has_one_line_from_edge_to_edge() -> None:
    pga = np.tile(np.linspace(0.0, 1.0, 11), (5, 1))
    (line,) = contours(mapped(pga), 0.35)
    assert sorted(line[:, 1]) == pytest.approx(np.linspace(-29.04, -29.0, 5))
    assert line[:, 0] == pytest.approx(-72.0 + 0.035)


def test_two_hills_that_meet_at_a_saddle_stay_whole_lines() -> None:
    pga = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert len(contours(mapped(pga), 0.45)) == 2
    assert len(contours(mapped(pga), 0.55)) == 2
    low = {tuple(np.round(x, 4)) for line in contours(mapped(pga), 0.45) for x in line}
    assert len(low) == 4


def test_nothing_is_drawn_where_the_map_says_nothing_or_never_gets_there() -> None:
    assert contours(mapped(bump(9, 9)), 2.0) == []
    pga = bump(41, 41)
    pga[:, :20] = np.nan
    for line in contours(mapped(pga), 0.4):
        assert line[:, 0].min() >= -72.0 + 0.2 - 1e-6


def test_a_fine_map_is_thinned_and_keeps_its_form() -> None:
    side = int(np.sqrt(MOST_CELLS)) * 2 + 7
    (line,) = contours(mapped(bump(side, side), step=0.001), 0.4)
    middle = (side - 1) / 2 * 0.001
    radius = np.hypot(line[:, 0] + 72.0 - middle, line[:, 1] + 29.0 + middle) / middle
    assert radius == pytest.approx(np.sqrt(np.log(1 / 0.4) / 3.0), abs=0.01)


@given(
    values=st.lists(st.floats(0.0, 1.0, width=32), min_size=36, max_size=36),
    level=st.floats(0.05, 0.95),
)
def test_every_point_of_every_line_has_the_level(values: list[float], level: float) -> None:
    given_ = mapped(np.array(values).reshape(6, 6))
    for line in contours(given_, level):
        on_edges = np.isclose((line + [72.0, 29.0]) / 0.01 % 1.0, 0.0, atol=1e-6)
        on_edges |= np.isclose((line + [72.0, 29.0]) / 0.01 % 1.0, 1.0, atol=1e-6)
        assert on_edges.any(axis=1).all()
        assert at_sites(given_, line)[0] == pytest.approx(level, abs=1e-4)
