"""A city as GeoPackage, GeoParquet, CSV and GeoJSON: everything arrives, and says where from."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from rencheng.adapters.exports.contents import MAP_LAYERS, TABLES
from rencheng.adapters.exports.writing import FORMS, write_city
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tiny_city import shapes


def ring(x: float, y: float, size: float, *, backwards: bool = False) -> list[tuple[float, float]]:
    ring = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
    return ring[::-1] if backwards else ring


@pytest.fixture
def odd_city(tiny_city: City) -> City:
    """Return the city with a clockwise zone that has a hole and an island, and two footprints."""
    west, south = tiny_city.bbox[:2]
    rings = [
        ring(west, south, 0.01, backwards=True),
        ring(west + 0.002, south + 0.002, 0.001),
        ring(west + 0.02, south, 0.001, backwards=True),
    ]
    whole = tiny_city.zones.shapes
    first = shapes(rings)
    vertices = len(first.xy)
    odd = replace(
        whole,
        xy=np.vstack([first.xy, whole.xy[whole.part[1] :]]),
        part=np.concatenate([first.part, whole.part[2:] - whole.part[1] + vertices]).astype("i4"),
        shape=np.concatenate([[0, 3], np.arange(4, 9)]).astype("i4"),
    )
    feet = shapes([ring(west + 0.001 * i, south, 0.0001) for i in range(2)])
    feet = replace(feet, shape=np.minimum(np.arange(61), 2).astype("i4"))
    return replace(
        tiny_city,
        zones=replace(tiny_city.zones, shapes=odd),
        buildings=replace(tiny_city.buildings, shapes=feet),
    )


def test_a_geopackage_has_one_table_a_layer_and_one_of_provenance(
    tiny_city: City, tmp_path: Path
) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    file = write_city(tiny_city, tmp_path / "city.gpkg", "gpkg")
    names = [name for name, _ in pyogrio.list_layers(file)]
    assert names == [*TABLES, "layers"]
    for name, table in TABLES.items():
        assert pyogrio.read_info(file, layer=name)["features"] == table.count(tiny_city)
    about = pyogrio.read_dataframe(file, layer="layers").set_index("layer")
    assert about.loc["buildings", "origin"] == "synthetic"
    assert bool(about.loc["buildings", "is_synthetic"]) is True
    assert set(about["city_version"]) == {tiny_city.version}


def test_a_geopackage_gives_back_what_went_in(tiny_city: City, tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    file = write_city(tiny_city, tmp_path / "city.gpkg", "gpkg", ["buildings", "roads"])
    table = tiny_city.buildings
    frame = pyogrio.read_dataframe(file, layer="buildings")
    assert frame["id"].tolist() == table.id.tolist()
    assert frame["use"].tolist() == [table.uses[i] for i in table.use]
    assert frame["occupants_night"].to_numpy() == pytest.approx(table.occupants[0])
    assert frame["certainty"].isna().all() and frame["height_m"].isna().all()
    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    assert xy == pytest.approx(table.xy, abs=1e-7)
    info = pyogrio.read_info(file, layer="buildings")
    assert info["crs"] == "EPSG:4326"
    assert info["layer_metadata"]["city_version"] == tiny_city.version


def test_a_geopackage_is_a_sound_database(tiny_city: City, tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    file = write_city(tiny_city, tmp_path / "city.gpkg", "gpkg")
    with sqlite3.connect(file) as base:
        assert base.execute("pragma integrity_check").fetchone() == ("ok",)
        # OGC GeoPackage 1.3, requirement 2: the application id is "GPKG".
        assert base.execute("pragma application_id").fetchone() == (0x47504B47,)
        assert base.execute("pragma foreign_key_check").fetchall() == []
    base.close()


def test_geoparquet_says_its_crs_bbox_and_provenance(tiny_city: City, tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = write_city(tiny_city, tmp_path / "parquet", "geoparquet")
    file = folder / "zones.parquet"
    metadata = parquet.read_schema(file).metadata
    geo = json.loads(metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    column = geo["columns"]["geometry"]
    assert column["geometry_types"] == ["Polygon"]
    assert column["bbox"] == pytest.approx(list(tiny_city.bbox))
    assert column["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}
    assert json.loads(metadata[b"rencheng"])["city_version"] == tiny_city.version
    frame = geopandas.read_parquet(file)
    assert frame["name"].tolist() == list(tiny_city.zones.name)
    assert frame.crs.equals("OGC:CRS84")


@pytest.mark.parametrize("form", FORMS)
def test_every_format_keeps_holes_islands_and_points_without_footprint(
    odd_city: City, tmp_path: Path, form: str
) -> None:
    geopandas = pytest.importorskip("geopandas")
    path = write_city(odd_city, tmp_path / f"out{FORMS[form][0]}", form, ["zones", "buildings"])
    found = {}
    for name in ("zones", "buildings"):
        if form == "gpkg":
            found[name] = geopandas.read_file(path, layer=name).geometry.to_numpy()
            continue
        with zipfile.ZipFile(path) as archive:
            body = archive.read(f"{name}.{form.removeprefix('geo')}"
                                if form != "geojson" else f"{name}.geojson")  # fmt: skip
        if form == "geojson":
            shapes = [json.dumps(f["geometry"]) for f in json.loads(body)["features"]]
            found[name] = shapely.from_geojson(shapes)
        elif form == "csv":
            rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
            found[name] = shapely.from_wkt([row["wkt"] for row in rows])
        else:
            found[name] = geopandas.read_parquet(io.BytesIO(body)).geometry.to_numpy()
    first = found["zones"][0]
    assert (first.geom_type, len(first.geoms)) == ("MultiPolygon", 2)
    assert first.area == pytest.approx(0.01**2 - 0.001**2 + 0.001**2)
    assert all(part.exterior.is_ccw for part in first.geoms)
    kinds = [one.geom_type.removeprefix("Multi") for one in found["buildings"]]
    assert kinds == ["Polygon"] * 2 + ["Point"] * 58


def test_csv_and_geojson_need_no_extra(
    tiny_city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyogrio", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    for form in ("csv", "geojson"):
        assert write_city(tiny_city, tmp_path / f"{form}.zip", form).is_file()
    for form in ("gpkg", "geoparquet"):
        with pytest.raises(InvalidInputError, match=r"rencheng\[data\]") as caught:
            write_city(tiny_city, tmp_path / f"{form}{FORMS[form][0]}", form)
        assert caught.value.key == "export.no_extra"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["csv.zip", "geojson.zip"]


def test_every_row_says_whether_it_was_made_up(tiny_city: City, tmp_path: Path) -> None:
    folder = write_city(tiny_city, tmp_path / "csv", "csv")
    for name in TABLES:
        with (folder / f"{name}.csv").open(encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
        for row in rows:
            assert row["is_synthetic"] == {"": "", "synthetic": "true"}.get(row["origin"], "false")
    about = json.loads((folder / "city.json").read_text(encoding="utf-8"))
    assert about["tables"]["buildings"] == 60
    assert {one["table"] for one in about["layers"]} >= {"zones", "buildings", "roads"}


def test_no_spreadsheet_takes_a_name_for_a_formula(tiny_city: City, tmp_path: Path) -> None:
    names = ("=cmd()", *tiny_city.zones.name[1:])
    city = replace(tiny_city, zones=replace(tiny_city.zones, name=names))
    folder = write_city(city, tmp_path / "csv", "csv", ["zones"])
    text = (folder / "zones.csv").read_text(encoding="utf-8-sig")
    assert "'=cmd()" in text


def test_the_same_city_gives_the_same_zip(tiny_city: City, tmp_path: Path) -> None:
    for form in ("csv", "geojson"):
        one, two = (write_city(tiny_city, tmp_path / f"{i}.zip", form) for i in (1, 2))
        assert one.read_bytes() == two.read_bytes()


def test_an_empty_layer_is_an_empty_table(tiny_city: City, tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    city = replace(tiny_city, datastreams=())
    for form, (suffix, _) in FORMS.items():
        path = write_city(city, tmp_path / f"{form}{suffix}", form, ["sensors"])
        assert path.stat().st_size > 0


def test_what_cannot_be_written_is_named(tiny_city: City, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="shapefile"):
        write_city(tiny_city, tmp_path / "x", "shapefile")
    with pytest.raises(NotFoundError, match="houses"):
        write_city(tiny_city, tmp_path / "x", "csv", ["houses"])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ConflictError):
        write_city(tiny_city, tmp_path / "full", "csv")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_every_map_layer_has_a_place_and_an_id(tiny_city: City) -> None:
    for table in MAP_LAYERS.values():
        assert table.shape in {"point", "line", "polygon"}
        assert table.column("id") is not None
