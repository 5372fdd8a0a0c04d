"""Rupture planes: scaling, depth limits, distances that a hand can check."""

import numpy as np
import pytest
from events import ILLAPEL, bulletin

from rencheng.domain.errors import InvalidInputError
from rencheng.model.hazards.rupture import (
    CHILE,
    Interface,
    Ruptures,
    closest_km,
    offshore_km,
    sample_ruptures,
)


def plane(**changes: float) -> Ruptures:
    size = {"behind_km": 50.0, "ahead_km": 50.0, "up_km": 30.0, "down_km": 30.0, "depth_km": 20.0}
    arrays = {k: np.array([v]) for k, v in (size | changes).items()}
    north = Interface(strike_deg=0, dip_deg=19, top_km=0, bottom_km=50, depth_km=(15, 40))
    return Ruptures(lon=-71.0, lat=-30.0, interface=north, magnitude=np.array([8.0]), **arrays)


def test_a_point_over_the_hypocentre_sees_the_plane_off_its_normal() -> None:
    answer = closest_km(plane(), np.array([[-71.0, -30.0]]))
    assert answer[0, 0] == pytest.approx(20 * np.cos(np.radians(19)), rel=1e-6)


def test_a_point_beyond_the_end_sees_the_end() -> None:
    north = -30.0 + np.degrees(150.0 / 6371.0)
    answer = closest_km(plane(), np.array([[-71.0, north]]))
    assert answer[0, 0] == pytest.approx(np.hypot(100.0, 20 * np.cos(np.radians(19))), rel=1e-3)


def test_distance_equals_the_nearest_of_many_points_of_the_plane() -> None:
    site, r = np.array([[-70.2, -29.1]]), plane()
    dip, lat0 = np.radians(19), np.radians(-30.0)
    a, b = np.meshgrid(np.linspace(-50, 50, 401), np.linspace(-30, 30, 241))
    east, north, depth = b * np.cos(dip), a, 20 + b * np.sin(dip)
    middle = (np.radians(-29.1) + lat0) / 2
    x, y = np.radians(0.8) * np.cos(middle) * 6371, np.radians(0.9) * 6371
    near = np.sqrt((east - x) ** 2 + (north - y) ** 2 + depth**2).min()
    assert closest_km(r, site)[0, 0] == pytest.approx(near, rel=1e-3)


def test_size_follows_strasser_for_illapel() -> None:
    r = sample_ruptures(ILLAPEL, samples=20_000, seed=3)
    length = r.behind_km + r.ahead_km
    assert np.median(length) == pytest.approx(10 ** (-2.477 + 0.585 * 8.3), rel=0.02)
    assert np.log10(length).std() == pytest.approx(np.hypot(0.180, 0.585 * 0.1), rel=0.03)


def test_planes_stay_inside_the_seismic_interface() -> None:
    r = sample_ruptures(bulletin(magnitude=9.0), samples=500, seed=1)
    rise = np.sin(np.radians(CHILE.dip_deg))
    assert (r.depth_km - r.up_km * rise >= CHILE.top_km - 1e-9).all()
    assert (r.depth_km + r.down_km * rise <= CHILE.bottom_km + 1e-9).all()
    assert (r.up_km >= 0).all() and (r.down_km >= 0).all()


def test_only_the_shallow_part_counts_as_offshore() -> None:
    deep = plane(depth_km=45.0, up_km=10.0, down_km=5.0)
    assert np.isnan(offshore_km(deep, np.array([[-71.0, -30.0]]), coast_depth_km=25.0)).all()
    above = offshore_km(plane(), np.array([[-71.0, -30.0]]), coast_depth_km=25.0)
    assert above[0, 0] == pytest.approx(0.0, abs=1e-9)


def test_the_same_seed_gives_the_same_planes() -> None:
    one, two = (sample_ruptures(ILLAPEL, samples=9, seed=5).up_km for _ in range(2))
    assert (one == two).all()


@pytest.mark.parametrize("gap", ["lon", "lat", "magnitude"])
def test_an_incomplete_bulletin_is_refused(gap: str) -> None:
    with pytest.raises(InvalidInputError, match="no epicentre or no magnitude"):
        sample_ruptures(bulletin(**{gap: float("nan")}), samples=5, seed=1)


def test_an_unknown_depth_is_sampled() -> None:
    r = sample_ruptures(bulletin(depth_km=float("nan")), samples=200, seed=1)
    assert CHILE.depth_km[0] <= r.depth_km.min() < r.depth_km.max() <= CHILE.depth_km[1]
