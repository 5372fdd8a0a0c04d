"""Files of the whole city, and its description as a data set."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from api_kit import Enter
from rencheng.adapters.exports.contents import TABLES
from rencheng.api.routes import exports
from rencheng.bootstrap import Brain
from rencheng.domain.city import City


def test_a_geopackage_is_handed_out_and_nothing_stays_behind(
    enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_city: City
) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    answer = enter("planner").get("city/export", params={"format": "gpkg"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    assert f"rencheng-tiny-{tiny_city.version}.gpkg" in answer.headers["content-disposition"]
    assert set(tmp_path.iterdir()) == before
    file = tmp_path / "got.gpkg"
    file.write_bytes(answer.content)
    assert [str(n) for n, _ in pyogrio.list_layers(file)] == [*TABLES, "layers"]


def test_some_layers_as_csv(enter: Enter) -> None:
    answer = enter("auditor").get("city/export?format=csv&layers=zones, roads")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert set(archive.namelist()) == {"zones.csv", "roads.csv", "layers.csv", "city.json"}
        rows = list(csv.DictReader(io.StringIO(archive.read("zones.csv").decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == [f"Zone {n}" for n in range(101, 107)]


@pytest.mark.parametrize(
    ("query", "status", "key"),
    [
        ("format=csv&layers=houses", 404, "export.no_layer"),
        ("format=shp", 422, "http.shape"),
        ("", 422, "http.shape"),
    ],
)
def test_what_cannot_be_had_is_named(enter: Enter, query: str, status: int, key: str) -> None:
    answer = enter("planner").get(f"city/export?{query}")
    assert (answer.status_code, answer.json()["key"]) == (status, key)


def test_one_export_at_a_time(enter: Enter) -> None:
    with exports._TURN:
        answer = enter("planner").get("city/export?format=csv")
    assert (answer.status_code, answer.json()["key"]) == (429, "export.busy")
    assert answer.headers["Retry-After"] == "20"
    assert enter("planner").get("city/export?format=csv&layers=stops").status_code == 200


def test_a_role_without_data_read_gets_no_file(enter: Enter) -> None:
    assert enter("power").get("city/export?format=csv").status_code == 403


def test_the_city_describes_itself_as_a_data_set(enter: Enter, tiny_city: City) -> None:
    (dataset,) = enter("field").get("city/rdls.json").json()["datasets"]
    assert dataset["version"] == tiny_city.version
    links = [one.get("download_url") for one in dataset["resources"]]
    assert "http://testserver/api/v1/city/export?format=gpkg" in links


@pytest.mark.parametrize("layer", ["zones", "facilities", "lifelines", "roads", "grid"])
def test_a_map_layer_s_table_comes_with_its_geometry(
    shaken: Brain, enter: Enter, tiny_city: City, tmp_path: Path, layer: str
) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    client = enter("chief")
    told = client.get(f"columns/{layer}").json()
    answer = client.get(f"columns/{layer}.gpkg")
    assert answer.status_code == 200, answer.text
    file = tmp_path / "columns.gpkg"
    file.write_bytes(answer.content)
    meta, _, shapes, values = pyogrio.raw.read(file)
    found = dict(zip(meta["fields"], values, strict=True))
    assert len(shapes) == len(told["ids"])
    if layer == "roads":  # the API names links by row, a file by their permanent ids
        told["ids"] = tiny_city.roads.id.tolist()
    assert [str(one) for one in found["id"]] == [str(one) for one in told["ids"]]
    for column in told["columns"]:
        wanted = [float("nan") if v is None else v for v in column["values"]]
        assert found[column["key"]] == pytest.approx(wanted, nan_ok=True)
    assert pyogrio.read_info(file)["layer_metadata"]["run"] == "live"
