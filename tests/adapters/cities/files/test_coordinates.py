"""Coordinates of any source become lon, lat."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from rencheng.adapters.cities.files import coordinates as c
from rencheng.domain.errors import InvalidInputError

CHINA = np.random.default_rng(1).uniform((73.5, 18.0), (135.0, 53.5), (20_000, 2))


def test_the_shift_is_that_of_the_published_examples():
    # Test points of eviltransform: Shanghai, Shenzhen, Beijing.
    wgs = np.array([[121.5272106, 31.1774276], [113.912316, 22.543847], [116.377817, 39.911954]])
    gcj = [
        [121.531541859215, 31.17530398364597],
        [113.9171764808363, 22.540796131694766],
        [116.38404722455657, 39.91334545536069],
    ]
    assert np.abs(c.to_gcj02(wgs) - gcj).max() < 1e-9


def test_gcj02_and_bd09_come_back_to_a_billionth_of_a_degree():
    gcj = c.to_gcj02(CHINA)
    assert np.abs(c.to_lonlat(gcj, "GCJ-02") - CHINA).max() < 1e-9
    assert np.abs(c.to_lonlat(c.to_bd09(gcj), "BD-09") - CHINA).max() < 1e-9


@given(st.floats(73.5, 135.0), st.floats(18.0, 53.5))
def test_any_place_of_china_comes_back(lon, lat):
    place = np.array([[lon, lat]])
    assert np.abs(c.from_gcj02(c.to_gcj02(place)) - place).max() < 1e-9


@pytest.mark.parametrize("place", [(-71.25, -29.9), (24.94, 60.17), (151.2, -33.9)])
@pytest.mark.parametrize("crs", ["GCJ-02", "BD-09"])
def test_outside_china_shifted_coordinates_are_plain(place, crs):
    assert c.to_lonlat(np.array([place]), crs).tolist() == [list(place)]


def test_cgcs2000_is_taken_as_wgs84_and_its_projections_are_turned_back():
    xy = np.array([[114.0, 22.6]])
    assert c.to_lonlat(xy, "CGCS2000").tolist() == xy.tolist()
    for epsg in (4491 + 8, 4526, 4547):
        metres = np.column_stack(
            Transformer.from_crs(4490, epsg, always_xy=True).transform(xy[:, 0], xy[:, 1])
        )
        assert c.to_lonlat(metres, f"EPSG:{epsg}") == pytest.approx(xy, abs=1e-7)


def test_geometries_are_projected_whole():
    square = shapely.box(382000, 6354000, 382100, 6354100)
    turned = c.project_geometries(np.array([square, None], dtype=object), "EPSG:28356")
    assert turned[1] is None
    assert shapely.get_coordinates(turned[0])[0] == pytest.approx([151.737, -32.946], abs=0.003)


def test_swapped_axes_are_seen():
    chile = np.array([[-71.25, -29.9], [-71.3, -29.95]])
    assert c.looks_swapped(np.array([[39.9, 116.4]]))
    assert not c.looks_swapped(chile[:, ::-1])
    assert c.looks_swapped(chile[:, ::-1], (-72.0, -31.0, -70.0, -29.0))
    assert not c.looks_swapped(chile, (-72.0, -31.0, -70.0, -29.0))


def test_northing_before_easting_is_seen_by_the_area_of_the_system():
    metres = np.array([[2_500_000.0, 500_000.0], [2_501_000.0, 501_000.0]])
    assert c.looks_swapped(metres, None, "EPSG:4547")
    assert not c.looks_swapped(metres[:, ::-1], None, "EPSG:4547")


def test_two_systems_are_compared_by_where_they_put_things():
    bounds = (382000.0, 6354000.0, 382300.0, 6354400.0)
    own = c.CRS.from_epsg(28356).to_wkt("WKT1_ESRI")
    assert c.agreed(own, "EPSG:28356", bounds, "s") == "EPSG:28356"
    with pytest.raises(InvalidInputError) as caught:
        c.agreed(own, "EPSG:28355", bounds, "s")
    assert caught.value.params["stated"] == "EPSG:28355"
    assert caught.value.params["declared"] == "EPSG:28356"
    china = (116.0, 39.0, 117.0, 40.0)
    assert c.agreed("EPSG:4326", "GCJ02", china, "s") == "GCJ-02"
    assert c.agreed("EPSG:4326", "CGCS2000", china, "s") == "EPSG:4490"
    assert c.agreed("", "", china, "s") == "EPSG:4326"


def test_a_name_that_nobody_knows_is_refused():
    with pytest.raises(InvalidInputError, match="no coordinate system"):
        c.to_lonlat(np.zeros((1, 2)), "EPSG:99999")
