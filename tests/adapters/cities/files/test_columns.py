"""A look into any file says what it holds and how it would be read."""

import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from rencheng.adapters.cities.files.columns import COLUMNS, guess, guess_layer, inspect, nearest
from rencheng.adapters.words import catalogue
from shared_data import SHARED

DATA = SHARED


def real(name):
    file = DATA / name
    if not file.exists():
        pytest.skip(f"no real data: {file.name} is not there")
    return file


def test_columns_are_guessed_in_three_languages():
    assert guess(["楼栋编号", "用途", "结构", "层数", "建成年代"], "buildings") == {
        "id": "楼栋编号", "use": "用途", "structure": "结构", "storeys": "层数", "year": "建成年代",
    }  # fmt: skip
    assert guess(["Población", "Código"], "counts") == {"code": "Código", "population": "Población"}
    assert guess(["colour"], "buildings") == {}


def test_names_that_a_shapefile_cut_are_known():
    assert guess(["floor_area", "structural"], "buildings") == {
        "structure": "structural", "floor_area_m2": "floor_area",
    }  # fmt: skip


def test_the_nearest_name_is_offered():
    assert nearest("population", ["name", "populaton_2020"]) == "populaton_2020"
    assert nearest("population", ["x"]) == ""


@pytest.mark.parametrize(
    ("stem", "names", "geometry", "rows", "layer"),
    [
        ("建筑", ["层数"], "polygons", 9, "buildings"),
        ("a", ["code", "population"], "polygons", 9, "zones"),
        ("boundary", [], "polygons", 1, "boundary"),
        ("x", [], "lines", 9, "roads"),
        ("x", ["kind", "beds"], "points", 9, "facilities"),
        ("hexgrid", ["population"], "points", 9, "people"),
        ("x", ["code", "population"], "", 9, "counts"),
        ("x", ["a"], "", 9, ""),
    ],
)
def test_the_layer_is_guessed(stem, names, geometry, rows, layer):
    assert guess_layer(stem, names, geometry, rows) == layer


def test_a_table_is_looked_into_with_types_nulls_and_examples(tmp_path):
    file = tmp_path / "人口.csv"
    file.write_bytes(
        "经度,纬度,人口,代码\n121.4,31.2,10,0310\n121.5,31.3,,0311\n".encode("gb18030")
    )
    found = inspect(file)
    assert (found.kind, found.layers, found.rows, found.encoding) == (
        "table", ("people",), 2, "gb18030",
    )  # fmt: skip
    assert [c.type for c in found.columns] == ["number", "number", "whole", "text"]
    assert (found.columns[2].nulls, found.columns[2].examples) == (1, ("10",))
    assert found.bbox == (121.4, 31.2, 121.5, 31.3)
    assert found.mapping["people"] == {"lon": "经度", "lat": "纬度", "people": "人口"}
    assert not found.is_sample


def test_swapped_axes_show_before_anything_is_built(tmp_path):
    (tmp_path / "a.csv").write_text("lon,lat,population\n31.2,121.4,3\n31.3,121.5,4\n")
    assert [fault.key for fault in inspect(tmp_path / "a.csv").faults] == ["reading.axes"]


def test_a_vector_file_is_looked_into_with_its_layers(tmp_path):
    shapes = [shapely.box(500_000.0 + x, 2.5e6, 500_001.0 + x, 2.5e6 + 1) for x in range(3000)]
    table = gpd.GeoDataFrame({"层数": np.arange(3000)}, geometry=shapes, crs=4547)
    table.to_file(tmp_path / "a.gpkg", layer="one")
    table[:5].to_file(tmp_path / "a.gpkg", layer="two")
    table.to_parquet(tmp_path / "b.parquet")
    found = inspect(tmp_path / "a.gpkg")
    assert (found.kind, found.layers, found.parts) == ("vector", ("buildings",), ("one", "two"))
    assert (found.rows, found.is_sample, found.crs) == (3000, True, "EPSG:4547")
    assert found.options == {"layer": "one"}
    assert found.bbox == pytest.approx((114.0, 22.6, 114.03, 22.6), abs=0.02)
    assert inspect(tmp_path / "a.gpkg", "two").rows == 5
    other = inspect(tmp_path / "b.parquet")
    assert (other.kind, other.rows, other.crs) == ("vector", 3000, "EPSG:4547")


@pytest.mark.parametrize(
    ("name", "kind", "layers"),
    [
        ("osm_small/harrisburg.osm.pbf", "osm_pbf", None),
        ("porto_alegre/poa_elevation.tif", "terrain", ("terrain",)),
        ("porto_alegre/poa_eptc.zip", "gtfs", ("stops",)),
        ("porto_alegre/poa_hexgrid.csv", "table", ("people",)),
        ("shelby/shelby/power/power.json", "pandapower", ("power",)),
        ("shelby/shelby/water/water.inp", "epanet", ("water",)),
        ("shelby/shelby/transportation/reduced/links_final.csv", "road_table", ("roads",)),
        ("coquimbo/health_facilities_la_serena_coquimbo.csv", "table", ("facilities",)),
    ],
)
def test_real_files_are_known(name, kind, layers):
    found = inspect(real(name))
    assert (found.kind, found.faults) == (kind, ())
    assert layers is None or found.layers == layers


def test_a_bad_file_is_told_and_nothing_raised(tmp_path):
    (tmp_path / "a.xyz").write_text("?")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "a.osm.pbf").write_bytes(b"no")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("../x.geojson", "{}")
    for name, key in (
        ("a.xyz", "reading.format"), ("empty.csv", "city.file_empty"),
        ("a.osm.pbf", "reading.not_that_kind"), ("binary.csv", "city.encoding"),
        ("twice.csv", "city.csv_header"), ("out.zip", "city.zip_member"),
        ("absent.csv", "city.no_file"),
    ):  # fmt: skip
        assert [fault.key for fault in inspect(tmp_path / name).faults] == [key], name
        assert {f"fault.{key}.problem", f"fault.{key}.hint"} <= catalogue().keys()


def test_every_layer_has_names_to_guess_from():
    assert all(known for names in COLUMNS.values() for known in names.values())
