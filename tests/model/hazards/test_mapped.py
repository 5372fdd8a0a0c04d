"""Shaking by a published map."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from events import ILLAPEL

from rencheng.domain.hazard import ShakingMap
from rencheng.model.hazards.earthquake.mapped import at_sites, covers, shake_by_map

SITES = np.array([[-71.3, -29.9], [-71.25, -29.95], [-71.0, -30.0]])


def chart(sd: float = 0.5) -> ShakingMap:
    """Return a map whose PGA grows by 0.1 g for each degree to the south."""
    lat = np.linspace(-29.0, -31.0, 21)
    pga = np.broadcast_to((0.3 - 0.1 * (lat + 29.0))[:, None], (21, 31))
    cells = np.stack([pga, pga / 2, np.full_like(pga, sd)]).astype("<f4").tobytes()
    return ShakingMap(
        id="xx/map/1", event="xx", revision=1, issuer="XX",
        issued=datetime(2015, 9, 17, tzinfo=UTC),
        west=-73.0, north=-29.0, step_lon=0.1, step_lat=0.1, rows=21, columns=31, cells=cells,
        source="",
    )  # fmt: skip


def test_between_cells_the_map_is_read_by_straight_lines() -> None:
    pga, sa1, sd = at_sites(chart(), SITES)
    assert pga == pytest.approx([0.39, 0.395, 0.4], rel=1e-5)
    assert sa1 == pytest.approx(pga / 2, rel=1e-5)
    assert sd == pytest.approx(0.5)


def test_a_city_beyond_the_edge_is_not_covered() -> None:
    assert covers(chart(), SITES)
    assert not covers(chart(), np.array([[-71.3, -31.2]]))


def test_samples_spread_around_the_map_as_it_says() -> None:
    shaking = shake_by_map(chart(), ILLAPEL, SITES, samples=4000, seed=1)
    assert np.median(shaking.pga_g, axis=0) == pytest.approx([0.39, 0.395, 0.4], rel=0.05)
    assert np.log(shaking.pga_g).std(axis=0) == pytest.approx(0.5, rel=0.05)
    near = np.corrcoef(np.log(shaking.pga_g[:, :2]).T)[0, 1]
    far = np.corrcoef(np.log(shaking.pga_g[:, ::2]).T)[0, 1]
    assert near > far


def test_where_the_map_says_no_spread_the_models_is_taken() -> None:
    shaking = shake_by_map(chart(float("nan")), ILLAPEL, SITES, samples=50, seed=1)
    assert np.isfinite(shaking.pga_g).all()
    assert np.log(shaking.pga_g).std() > 0.3
