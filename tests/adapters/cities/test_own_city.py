"""A user's files, as Chinese offices have them, become a whole city."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from rencheng.adapters.cities.build import build_city
from rencheng.adapters.cities.files.coordinates import to_gcj02
from rencheng.adapters.cities.recipe import load_recipe

WEST, SOUTH = 121.40, 31.20
SOURCES = (
    ("zones", "vector", "zones.geojson", "zones", "GCJ-02"),
    ("census", "table", "census.csv", "counts", ""),
    ("roads", "vector", "roads.gpkg", "roads", "GCJ-02"),
    ("buildings", "vector", "buildings.fgb", "buildings", "GCJ-02"),
    ("places", "table", "places.csv", "facilities", "GCJ-02"),
    ("sensors", "sensors", "sensors.csv", "sensors", "GCJ-02"),
    ("needs", "dependencies", "needs.csv", "dependencies", ""),
)


def shifted(shapes, **columns):
    moved = shapely.transform(np.array(shapes, dtype=object), to_gcj02)
    return gpd.GeoDataFrame(columns, geometry=moved, crs=4326)


def write_maps(folder):
    squares = [
        shapely.box(WEST + i, SOUTH + j, WEST + i + 0.01, SOUTH + j + 0.01)
        for j in (0.0, 0.01, 0.02)
        for i in (0.0, 0.01, 0.02)
    ]
    codes = [f"31010500{k}" for k in range(9)]
    shifted(squares, 区划代码=codes).to_file(folder / "zones.geojson")
    steps = np.arange(11) * 0.003
    lines = [shapely.LineString([(WEST + i, SOUTH + j) for j in steps]) for i in steps]
    lines += [shapely.LineString([(WEST + i, SOUTH + j) for i in steps]) for j in steps]
    shifted(lines, 道路等级=["residential"] * 22).to_file(folder / "roads.gpkg")
    xy = np.random.default_rng(0).uniform((WEST, SOUTH), (WEST + 0.029, SOUTH + 0.029), (200, 2))
    areas = shapely.box(*xy.T, *(xy + 1e-4).T)
    kinds = np.resize(["砖混", "框架", "剪力墙"], 200)
    table = shifted(areas, 编号=np.arange(200), 结构=kinds, 层数=np.resize([3, 6, 18], 200))
    table.to_file(folder / "buildings.fgb")
    return xy + 5e-5


def write_tables(folder):
    census = "区划代码,常住人口,0-14岁,15-64岁,65岁及以上\n"
    census += "".join(f"31010500{k},1000,200,600,200\n" for k in range(9))
    (folder / "census.csv").write_bytes(census.encode("gb18030"))
    rows = {
        "places": "编号,名称,类型,经度,纬度,床位\nH1,一院,医院,121.415,31.215,500\n"
        "X,什么,月球基地,121.42,31.22,\n",
        "sensors": "id,quantity,unit,lon,lat,asset\nb1,空床,张,121.415,31.215,H1\n",
        "needs": "node,service,group,supplier,backup_low_h,backup_high_h\nH1,power,0,nobody,1,2\n",
    }
    for name, text in rows.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def write_recipe(folder):
    head = 'schema = "rencheng.city-recipe/2"\nid = "own"\nname_zh = "我城"\nname_en = "Own"\n'
    entries = [
        f'[[sources]]\nid = "{ident}"\nkind = "{kind}"\npath = "{path}"\nlayers = ["{layer}"]\n'
        f'crs = "{crs}"\n'
        for ident, kind, path, layer, crs in SOURCES
    ]
    tail = '[missing]\npower = "generate"\nwater = "generate"\ntelecom = "generate"\n'
    tail += 'dependencies = "generate"\n'
    text = head + 'timezone = "Asia/Shanghai"\n' + "\n".join(entries) + tail
    (folder / "recipe.toml").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_files_in_gcj02_with_chinese_columns_become_a_city(tmp_path, state):
    true = write_maps(tmp_path)
    write_tables(tmp_path)
    write_recipe(tmp_path)
    city = build_city(load_recipe(str(tmp_path)), state)
    order = np.argsort(city.buildings.id)
    assert city.buildings.id[order].tolist() == list(range(200))
    assert np.abs(city.buildings.xy[order] - true).max() < 1e-6
    assert city.zones.population.tolist() == [1000.0] * 9
    assert city.zones.age.sum() == 9000
    assert len(city.roads.start) == 220
    assert city.facilities.id == ("H1",)
    assert [stream.id for stream in city.datastreams] == ["b1"]
    layers = {layer.name: layer for layer in city.layers}
    assert (layers["buildings"].origin, layers["buildings"].crs) == ("observed", "GCJ-02")
    assert layers["population"].origin == "observed"
    assert layers["power_network"].origin == "synthetic"
