"""Vector files of any usual format become layers; what is wrong with them is said."""

import json
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from rencheng.adapters.cities.files import coordinates
from rencheng.adapters.cities.readers import Job, Source, reader_of
from rencheng.adapters.cities.readers.vector import READER
from rencheng.domain.errors import InvalidInputError, TooMuchError

SQUARES = [shapely.box(x, 1.0, x + 0.5, 1.5) for x in (10.0, 11.0, 12.0)]


def frame(shapes=SQUARES, crs="EPSG:4326", **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def read(file, *layers, clip=None, memory_mb=2048, **about):
    source = Source(id="mine", kind="vector", layers=layers, **about)
    assert reader_of(source) is READER
    return READER.read(source, file, Job(clip=clip, memory_mb=memory_mb))


def keys(given):
    return {f.key: f.count for f in given.findings}


def refused(file, *layers, **about):
    with pytest.raises(InvalidInputError) as caught:
        read(file, *layers, **about)
    return {fault.key: fault for fault in caught.value.faults} or caught.value


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb", "a.shp", "a.geojson", "a.parquet"])
def test_every_format_gives_the_same_zones(tmp_path, name):
    table = frame(编号=[1, 2, 3], 名称=["东", "西", "南"], 人口=[10.0, 20.0, None])
    file = tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(file)
    else:
        table.to_file(file, encoding="utf-8" if name.endswith("shp") else None)
    zones = read(file, "zones").zones
    assert sorted(zones.id) == [1, 2, 3]
    order = np.argsort(zones.id)
    assert zones.name[order].tolist() == ["东", "西", "南"]
    assert zones.population[order][:2].tolist() == [10.0, 20.0]
    assert np.isnan(zones.population[order][2])
    assert shapely.area(zones.areas) == pytest.approx(0.25)
    layer = read(file, "zones").layers[0]
    assert (layer.name, layer.count, layer.crs, len(layer.version)) == ("zones", 3, "", 12)


def test_a_shapefile_is_read_out_of_a_zip_with_chinese_texts_in_gbk(tmp_path):
    frame(NAME=["东街", "西街", "南街"]).to_file(tmp_path / "z.shp", encoding="gb18030")
    (tmp_path / "z.cpg").unlink()
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for part in ("shp", "shx", "dbf", "prj"):
            archive.write(tmp_path / f"z.{part}", f"folder/z.{part}")
    given = read(tmp_path / "z.zip", "zones")
    assert given.zones.name.tolist() == ["东街", "西街", "南街"]
    assert keys(given) == {"text_encoding": 1}


def test_a_layer_inside_a_file_is_chosen_by_name(tmp_path):
    file = tmp_path / "a.gpkg"
    frame(code=["a", "b", "c"]).to_file(file, layer="one")
    frame(SQUARES[:1], code=["x"]).to_file(file, layer="two")
    assert read(file, "zones", options={"layer": "two"}).zones.code.tolist() == ["x"]
    error = refused(file, "zones", options={"layer": "three"})
    assert error.params["parts"] == "one, two"


def test_buildings_keep_tags_and_permanent_numbers(tmp_path):
    table = frame(
        楼栋编号=["a", "b", "b"],
        结构类型=["砖混", "框架", "剪力墙"],
        层数=[6, 18, 30],
        高度=[18.0, 54.0, -5.0],
    )
    table.to_file(tmp_path / "建筑.gpkg")
    given = read(tmp_path / "建筑.gpkg")
    again = read(tmp_path / "建筑.gpkg").buildings
    raw = given.buildings
    assert raw.structure.tolist() == ["砖混", "框架", "剪力墙"]
    assert raw.storeys.tolist() == [6, 18, 30]
    assert np.isnan(raw.height_m[2])
    assert len(set(raw.id)) == 3
    assert (raw.id == again.id).all()
    assert shapely.contains_xy(raw.areas, *raw.xy.T).all()
    assert keys(given) == {"building_renumbered": 1, "value_negative": 1}


def test_a_file_that_contradicts_the_recipe_names_both_systems(tmp_path):
    frame().to_crs(32632).to_file(tmp_path / "a.gpkg")
    faults = refused(tmp_path / "a.gpkg", "zones", crs="EPSG:32633")
    assert faults["reading.crs_differs"].first == ("EPSG:32633", "EPSG:32632")
    assert read(tmp_path / "a.gpkg", "zones").layers[0].crs == "EPSG:32632"


def test_gcj02_holds_over_a_file_that_says_wgs84(tmp_path):
    true = np.array([[121.47, 31.23], [113.93, 22.54], [2.35, 48.85]])
    points = shapely.points(coordinates.to_gcj02(true))
    frame(points, type=["医院", "诊所", "医院"]).to_file(tmp_path / "a.geojson")
    given = read(tmp_path / "a.geojson", "facilities", crs="GCJ-02")
    assert np.abs(given.facilities.xy - true).max() < 1e-6
    assert keys(given) == {"crs_shifted": 2, "crs_shift_outside": 1}
    assert given.layers[0].crs == "GCJ-02"


def test_cgcs2000_is_said_to_be_taken_as_wgs84(tmp_path):
    square = shapely.box(500_000.0, 2_500_000.0, 501_000.0, 2_501_000.0)
    frame([square], crs="EPSG:4547", name=["南山"]).to_file(tmp_path / "a.shp")
    given = read(tmp_path / "a.shp", "zones")
    assert shapely.get_coordinates(given.zones.areas).min(axis=0) == pytest.approx(
        [114.0, 22.6], abs=0.02
    )
    assert keys(given) == {"crs_cgcs2000": 1}


@pytest.mark.parametrize("clip", [None, (9.0, 0.0, 13.0, 3.0)])
def test_swapped_axes_are_refused_with_the_way_to_mend_them(tmp_path, clip):
    shapes = [shapely.box(1.0, x, 1.5, x + 0.5) for x in (10.0, 11.0, 12.0)]
    if clip is None:
        shapes = [shapely.box(39.0, x, 39.5, x + 0.5) for x in (116.0, 117.0, 118.0)]
    frame(shapes).to_file(tmp_path / "a.fgb")
    faults = refused(tmp_path / "a.fgb", "zones", clip=clip)
    assert "swap_axes" in faults["reading.axes"].hint
    mended = read(tmp_path / "a.fgb", "zones", clip=clip, options={"swap_axes": True})
    assert len(mended.zones.id) == 3


def test_metres_without_a_system_ask_for_one(tmp_path):
    shape = [[[5e5, 2.5e6], [5.01e5, 2.5e6], [5.01e5, 2.501e6], [5e5, 2.5e6]]]
    feature = {"type": "Feature", "properties": {},
               "geometry": {"type": "Polygon", "coordinates": shape}}  # fmt: skip
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert refused(file, "zones").keys() == {"reading.crs_missing"}
    assert len(read(file, "zones", crs="EPSG:4547").zones.id) == 1


def test_areas_that_cross_themselves_are_mended_or_refused_and_counted(tmp_path):
    spike = shapely.Polygon([(0, 0), (2, 0), (2, 2), (1.99, 2.1), (2.01, 2.1), (2, 1.9), (0, 2)])
    bow = shapely.Polygon([(5, 0), (6, 1), (6, 0), (5, 1)])
    assert not spike.is_valid
    frame([spike, bow, SQUARES[0]], code=["s", "b", "g"]).to_file(tmp_path / "a.gpkg")
    given = read(tmp_path / "a.gpkg", "zones")
    assert given.zones.code.tolist() == ["s", "g"]
    assert shapely.is_valid(given.zones.areas).all()
    assert keys(given) == {"area_mended": 1, "area_refused": 1}
    assert [f.first for f in given.findings] == [("s",), ("b",)]
    assert given.findings[1].places


def test_a_missing_column_says_which_there_are_and_the_nearest(tmp_path):
    frame(poblacion_total=[1, 2, 3], nombre=["a", "b", "c"]).to_file(tmp_path / "a.gpkg")
    faults = refused(
        tmp_path / "a.gpkg", "zones", columns={"population": "poblacion", "colour": "nombre"}
    )
    assert faults.keys() == {"reading.column", "reading.our_column"}
    assert faults["reading.column"].first == ("poblacion_total", "nombre")


def test_facilities_of_unknown_kinds_are_left_out_and_named(tmp_path):
    points = shapely.points([[10, 1], [11, 1], [12, 1]])
    table = frame(points, kind=["Clínica", "moon base", "医院"], name=["a", "b", "c"])
    table.to_file(tmp_path / "f.gpkg")
    given = read(tmp_path / "f.gpkg", values={"kind": {"Clínica": "urgent_care"}})
    assert given.facilities.kind.tolist() == ["urgent_care", "hospital"]
    assert given.findings[0].first == ("moon base (1)",)


def test_repeated_numbers_and_negative_people_are_found(tmp_path):
    frame(code=["a", "b", "b"], population=[5.0, -1.0, 7.0]).to_file(tmp_path / "z.gpkg")
    given = read(tmp_path / "z.gpkg", "zones")
    assert given.zones.code.tolist() == ["a", "b"]
    assert np.isnan(given.zones.population[1])
    assert keys(given) == {"id_repeated": 1, "value_negative": 1}


def test_streets_are_cut_where_they_meet(tmp_path):
    lines = [
        shapely.LineString([(0, 0), (1, 0), (2, 0)]),
        shapely.LineString([(1, 0), (1, 1)]),
        shapely.LineString([(1, 1 + 3e-8), (2, 1)]),
        shapely.LineString([(3, 3), (3, 3)]),
    ]
    table = frame(
        lines,
        highway=["primary", "residential", "service", "x"],
        oneway=["yes", "no", "-1", ""],
        maxspeed=["60", "30 mph", "slow", None],
    )
    table.to_file(tmp_path / "r.gpkg")
    given = read(tmp_path / "r.gpkg")
    roads = given.roads
    assert len(roads.start) == 4
    assert roads.kind.tolist() == ["primary", "primary", "residential", "service"]
    assert roads.direction.tolist() == [1, 1, 0, -1]
    assert roads.speed_km_h[:3] == pytest.approx([60, 60, 48.28], abs=0.01)
    assert len(roads.node_xy) == 5
    for end, at in ((roads.start, 0), (roads.end, -1)):
        drawn = np.array([shapely.get_coordinates(line)[at] for line in roads.lines])
        assert (drawn == roads.node_xy[end]).all()
    assert keys(given) == {"line_without_length": 1, "value_no_number": 1}


def test_a_boundary_is_one_area_and_a_clip_keeps_what_touches_it(tmp_path):
    frame(code=["a", "b", "c"]).to_file(tmp_path / "a.gpkg")
    given = read(tmp_path / "a.gpkg", "boundary", "zones", clip=(9.0, 0.0, 11.2, 3.0))
    assert given.boundary.area == pytest.approx(0.5)
    assert given.zones.code.tolist() == ["a", "b"]


def test_a_file_under_a_false_name_is_refused(tmp_path):
    for name, text in (
        ("a.geojson", "<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>"),
        ("a.gpkg", "hello"), ("a.fgb", "{}"), ("a.parquet", "PAR1 and no more"), ("a.csv", "a,b"),
        ("a.geojson", '{"type": "FeatureCollection", "features": [{"type'),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        assert "a." in refused(tmp_path / name, "zones").params["file"]


def test_ten_gigabytes_are_refused_before_they_are_read(tmp_path):
    with (tmp_path / "a.gpkg").open("wb") as file:
        file.write(b"SQLite format 3\x00")
        file.truncate(10_000_000_000)
    with pytest.raises(TooMuchError, match=r"a\.gpkg needs"):
        read(tmp_path / "a.gpkg", "buildings")


def test_an_empty_layer_and_a_wrong_kind_of_geometry_are_refused(tmp_path):
    frame(SQUARES[:0]).to_file(tmp_path / "none.fgb")
    assert refused(tmp_path / "none.fgb", "zones").keys() == {"reading.no_rows"}
    frame().to_file(tmp_path / "a.fgb")
    assert refused(tmp_path / "a.fgb", "roads").keys() == {"reading.geometry"}
    assert refused(tmp_path / "a.fgb", "terrain").keys() == {"reading.layer_not_here"}
