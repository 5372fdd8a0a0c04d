"""NetCDF, Zarr and ShakeMap as event sets: coordinates, units and rates as the file states them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng.adapters.risk.events.files import open_events
from rencheng.adapters.risk.events.grids import GridEvents
from rencheng.adapters.risk.events.shakemap import ShakeMapLayers
from rencheng.domain.errors import InvalidInputError

DEPTH = np.array([[[0.1, 0.2, np.nan], [0.0, 0.5, 0.6]], [[1.1, 1.2, 1.3], [1.4, 1.5, 1.6]]])
"""Two events, from the south, at 53.0 and 53.1° N and 13.0 to 13.2° E."""
PLACES = np.array([[13.01, 52.99], [13.12, 53.04], [13.2, 53.1], [13.2, 53.0], [14.0, 53.0]])
Given = dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]


def cube(**change: Any) -> Given:
    """Variables as dimensions, values and attributes."""
    return {
        "lat": (("lat",), np.array([53.0, 53.1]), {"units": "degrees_north"}),
        "lon": (("lon",), np.array([13.0, 13.1, 13.2]), {"units": "degrees_east"}),
        "event": (("event",), np.array(["one", "two"], dtype=object), {}),
        "rate": (("event",), np.array([0.1, 0.01]), {"units": "1/year"}),
        "depth": (("event", "lat", "lon"), DEPTH, {"units": "m"}),
        **change,
    }


def write(path: Path, given: Given) -> Path:
    return netcdf(path, given) if path.suffix == ".nc" else zarr(path, given)


def netcdf(path: Path, given: Given) -> Path:
    module = pytest.importorskip("netCDF4", reason="the extra `data` is not installed")
    with module.Dataset(path, "w") as out:
        for dims, values, _ in given.values():
            for dim, size in zip(dims, np.shape(values), strict=True):
                if dim not in out.dimensions:
                    out.createDimension(dim, size)
        for name, (dims, values, said) in given.items():
            array, about = np.asarray(values), dict(said)
            kind = str if array.dtype == object else array.dtype
            one = out.createVariable(name, kind, dims, fill_value=about.pop("_FillValue", None))
            one.set_auto_maskandscale(False)
            one[:] = array
            one.setncatts(about)
    return path


def zarr(path: Path, given: Given) -> Path:
    module = pytest.importorskip("zarr", reason="the extra `data` is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # strings are not yet in the standard of version 3
        group = module.open_group(str(path), mode="w")
        for name, (dims, values, about) in given.items():
            array = np.asarray(values)
            array = array.astype(str) if array.dtype == object else array
            one = group.create_array(name, data=array, dimension_names=dims)
            one.attrs.update(about)
    return path


def refused(path: Path, given: Given, **said: Any) -> list[str]:
    options = {"measure": "water_depth", "unit": "m", **said}
    with pytest.raises(InvalidInputError) as error:
        open_events(write(path, given), **options)
    return [f.key.removeprefix("risk.") for f in error.value.faults]


@pytest.mark.parametrize("name", ["floods.nc", "floods.zarr"])
def test_events_along_a_dimension_are_read_by_cell(tmp_path: Path, name: str) -> None:
    opened = open_events(write(tmp_path / name, cube()), measure="water_depth")
    source, reach = opened.at(PLACES)
    assert reach == 0.0
    assert source.head.names == ("one", "two")
    assert source.head.unit == "m"
    assert source.head.rate.tolist() == [0.1, 0.01]
    found = {
        (source.head.names[e], *source.head.place[p]): float(x)
        for e in range(2)
        for p, x in zip(*source.block(e, e + 1), strict=True)
    }
    expected = {
        ("one", 13.01, 52.99): 0.1, ("one", 13.12, 53.04): 0.2, ("one", 13.2, 53.1): 0.6,
        ("one", 13.2, 53.0): np.nan, ("two", 13.01, 52.99): 1.1, ("two", 13.12, 53.04): 1.2,
        ("two", 13.2, 53.1): 1.6, ("two", 13.2, 53.0): 1.3,
    }  # fmt: skip
    assert found.keys() == expected.keys()
    assert [found[k] for k in expected] == pytest.approx(list(expected.values()), nan_ok=True)


@pytest.mark.parametrize("name", ["floods.nc", "floods.zarr"])
def test_scale_offset_and_missing_are_honoured(tmp_path: Path, name: str) -> None:
    raw = np.where(np.isnan(DEPTH), -99, np.round(DEPTH * 10)).astype(np.int16)
    about = {"units": "m", "scale_factor": 0.1, "add_offset": 0.0, "_FillValue": np.int16(-99)}
    if name.endswith("zarr"):
        about["_FillValue"] = -99
    given = cube(depth=(("event", "lat", "lon"), raw, about))
    source, _ = open_events(write(tmp_path / name, given), measure="water_depth").at(PLACES)
    point, x = source.block(0, 1)
    at = {tuple(source.head.place[p]): float(v) for p, v in zip(point, x, strict=True)}
    assert at[13.2, 53.1] == pytest.approx(0.6)
    assert np.isnan(at[13.2, 53.0])


def test_axes_may_run_any_way_and_degrees_go_round(tmp_path: Path) -> None:
    given = cube(
        lat=(("lat",), np.array([53.1, 53.0]), {"units": "degrees_north"}),
        lon=(("lon",), np.array([13.2, 13.1, 13.0]) - 360.0, {"units": "degrees_east"}),
        depth=(("lon", "event", "lat"), DEPTH[:, ::-1, ::-1].transpose(2, 0, 1), {"units": "m"}),
    )
    one, _ = open_events(netcdf(tmp_path / "a.nc", given), measure="water_depth").at(PLACES)
    two, _ = open_events(netcdf(tmp_path / "b.nc", cube()), measure="water_depth").at(PLACES)
    for left, right in zip(one.block(0, 2), two.block(0, 2), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_projected_grid_says_its_system(tmp_path: Path) -> None:
    from pyproj import CRS, Transformer

    x, y = Transformer.from_crs(4326, 32633, always_xy=True).transform(13.1, 53.0)
    wkt = CRS.from_epsg(32633).to_wkt()
    given: Given = {
        "x": (("x",), x + np.array([-100.0, 0.0, 100.0]), {"units": "m"}),
        "y": (("y",), y + np.array([-100.0, 0.0]), {"units": "m"}),
        "depth": (("y", "x"), DEPTH[1], {"units": "m", "grid_mapping": "crs"}),
        "crs": ((), np.int32(0), {"crs_wkt": wkt}),
    }
    source, _ = open_events(netcdf(tmp_path / "a.nc", given), measure="water_depth").at(
        np.array([[13.1, 53.0]])
    )
    assert source.head.names == ("a",)
    assert source.block(0, 1)[1].tolist() == pytest.approx([1.5])
    del given["crs"]
    assert refused(tmp_path / "b.nc", given) == ["crs"]


def test_a_list_of_points_has_points_of_its_own(tmp_path: Path) -> None:
    given = cube(
        lat=(("site",), PLACES[:3, 1], {"units": "degrees_north"}),
        lon=(("site",), PLACES[:3, 0], {"units": "degrees_east"}),
        depth=(("event", "site"), DEPTH[:, 0], {"units": "m", "coordinates": "lat lon"}),
    )
    opened = open_events(netcdf(tmp_path / "a.nc", given), measure="water_depth", reach_m=5.0)
    source, reach = opened.at(np.zeros((0, 2)))
    assert reach == 5.0
    assert source.head.place.tolist() == PLACES[:3].tolist()
    assert source.block(0, 2)[1].tolist() == pytest.approx(DEPTH[:, 0].ravel(), nan_ok=True)


@pytest.mark.parametrize("ending", ["nc", "zarr"])
@pytest.mark.parametrize(
    ("change", "said", "key"),
    [
        ({}, {"unit": "ft"}, "unit"),
        ({"depth": (("event", "lat", "lon"), DEPTH, {})}, {"unit": ""}, "unit"),
        ({"depth": (("event", "lat", "lon"), DEPTH, {"units": "K"})}, {}, "unit"),
        ({"speed": (("event", "lat", "lon"), DEPTH, {"units": "m/s"})}, {}, "variable"),
        ({}, {"variable": "deep"}, "variable"),
        ({"lat": (("lat",), np.array([53.0, 53.0]), {"units": "degrees_north"})}, {}, "axis"),
        ({"lat": (("lat",), np.array([113.0, 113.1]), {"units": "degrees_north"})}, {},
         "turned_axes"),
        ({"rate": (("event",), np.array([0.1, np.inf]), {})}, {}, "rate"),
        ({"rate": (("event",), np.array([0.1, 0.2]), {"units": "1/month"})}, {}, "rate_unit"),
        ({"event": (("event",), np.array(["e", "e"], dtype=object), {})}, {}, "double_event"),
    ],
)  # fmt: skip
def test_what_a_file_gets_wrong_is_named(
    tmp_path: Path, ending: str, change: Given, said: dict[str, str], key: str
) -> None:
    assert refused(tmp_path / f"a.{ending}", cube(**change), **said) == [key]


def test_a_negative_depth_names_its_event(tmp_path: Path) -> None:
    given = cube(depth=(("event", "lat", "lon"), DEPTH - 1.0, {"units": "m"}))
    with pytest.raises(InvalidInputError) as error:
        open_events(netcdf(tmp_path / "a.nc", given), measure="water_depth").at(PLACES)
    assert error.value.faults[0].key == "risk.negative"
    assert error.value.faults[0].first == ("one",) * 3


def test_what_is_no_cube_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_bytes(b"nothing")
    (tmp_path / "b.zarr").mkdir()
    for name in ("a.nc", "b.zarr"):
        with pytest.raises(InvalidInputError, match=f"{name} cannot be read"):
            open_events(tmp_path / name, measure="water_depth")
    coordinates = {n: v for n, v in cube().items() if n != "lat"}
    assert refused(tmp_path / "c.nc", coordinates) == ["axis"]


GRID = """<?xml version="1.0"?>
<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap" event_id="us1"
 shakemap_version="3">
<grid_specification lon_min="-72" lat_min="-31" lon_max="-71" lat_max="-30" nlon="2" nlat="2"/>
<grid_field index="1" name="LON" units="dd"/><grid_field index="2" name="LAT" units="dd"/>
<grid_field index="3" name="PGA" units="%g"/><grid_field index="4" name="PSA03" units="%g"/>
<grid_field index="5" name="PGV" units="cm/s"/><grid_field index="6" name="MMI" units="intensity"/>
<grid_field index="7" name="STDPGA" units="ln(g)"/>
<grid_data>
-72 -30 10 30 5 5.1 0.5
-71 -30 20 60 9 6.2 0.6
-72 -31 40 90 15 7.3 0.4
-71 -31 nan 90 15 7.3 0.4
</grid_data></shakemap_grid>"""


@pytest.mark.parametrize(
    ("measure", "unit", "expected"),
    [("PGA", "g", 0.2), ("SA(0.3)", "g", 0.6), ("PGV", "cm/s", 9.0), ("MMI", "1", 6.2)],
)
def test_a_shakemap_gives_the_measure_asked_for(
    tmp_path: Path, measure: str, unit: str, expected: float
) -> None:
    (tmp_path / "grid.xml").write_text(GRID)
    opened = open_events(tmp_path / "grid.xml", measure=measure, fields=0)
    source, _ = opened.at(np.array([[-71.1, -30.2]]))
    assert source.head.names == ("us1",)
    assert source.head.unit == unit
    assert source.block(0, 1)[1].tolist() == pytest.approx([expected])


def test_a_shakemap_keeps_its_deviation_and_what_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "grid.xml").write_text(GRID)
    opened = open_events(tmp_path / "grid.xml", measure="PGA", unit="g", fields=0)
    assert isinstance(opened, GridEvents)
    assert isinstance(opened.layers, ShakeMapLayers)
    np.testing.assert_array_equal(opened.layers.sd, [[0.5, 0.6], [0.4, 0.4]])
    bare = GRID.replace("STDPGA", "OTHER")
    (tmp_path / "grid.xml").write_text(bare)
    (tmp_path / "uncertainty.xml").write_text(GRID)
    beside = open_events(tmp_path / "grid.xml", measure="PGA", fields=0)
    assert isinstance(beside, GridEvents)
    np.testing.assert_array_equal(beside.layers.sd, opened.layers.sd)  # type: ignore[attr-defined]
    assert np.isnan(opened.at(np.array([[-71.0, -31.0]]))[0].block(0, 1)[1]).all()


def test_a_shakemap_without_the_measure_or_cut_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "grid.xml"
    file.write_text(GRID)
    for measure, unit, key in (
        ("SA(1.0)", "", "field"),
        ("SA(0.25)", "", "field"),
        ("PGA", "m/s2", "unit"),
    ):
        with pytest.raises(InvalidInputError) as error:
            open_events(file, measure=measure, unit=unit)
        assert [f.key for f in error.value.faults] == [f"risk.{key}"]
    for text in (GRID[:-60], GRID.replace("-72 -30 10", "-72 -30"), "<a/>"):
        file.write_text(text)
        with pytest.raises(InvalidInputError, match="no grid of ShakeMap"):
            open_events(file, measure="PGA")
