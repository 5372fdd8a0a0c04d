"""The city in the Risk Data Library Standard 0.3.

The standard's schema is not in this repository. What it asks for stands here as a table in our own
words, read from GFDRR/rdl-standard at c211e8e, `schema/rdls_schema.json` and `schema/codelists`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rencheng.adapters.exports.contents import TABLES
from rencheng.adapters.exports.rdls import EXPOSURE, rdls
from rencheng.domain.city import City
from rencheng.domain.provenance import Origin

ADDRESS = "http://127.0.0.1:8000"
DATASET = ("id", "title", "risk_data_type", "attributions", "spatial", "license", "resources")
REQUIRED = {  # `required` of each definition
    "attributions": ("id", "entity", "role"),
    "resources": ("id", "title", "description", "data_format"),
    "sources": ("id",),
    "exposure": ("id", "category", "metrics"),
    "links": ("href", "rel"),
}
CODES = {  # closed codelists, as far as this city may use them
    "role": {"publisher", "creator", "contact_point"},
    "scale": {"global", "regional", "national", "sub-national", "urban"},
    "category": {
        "agriculture", "buildings", "infrastructure", "population", "natural_environment",
        "economic_indicator", "development_index",
    },
    "taxonomy": {
        "GED4ALL", "MOVER", "GLIDE", "EMDAT", "USGS_EHP", "OED", "HAZUS", "EMS-98", "PAGER",
        "CDC-SVI", "INFORM", "Custom",
    },
    "dimension": {"structure", "content", "product", "disruption", "population", "index"},
    "quantity_kind": {"area", "count", "monetary", "length", "time"},
    "type": {"dataset", "model"},
    "component": {"hazard", "exposure", "vulnerability", "loss"},
    "data_format": {"GeoPackage (gpkg)", "Parquet (parquet)", "CSV (csv)", "GeoJSON (geojson)"},
    "access_modality": {"file_download", "OGC_API", "API"},
}  # fmt: skip


def members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


@pytest.fixture
def dataset(tiny_city: City) -> dict[str, Any]:
    (found,) = rdls(tiny_city, ADDRESS)["datasets"]
    return found


def test_everything_that_is_required_is_there(dataset: dict[str, Any]) -> None:
    assert set(DATASET) <= dataset.keys()
    for name, wanted in REQUIRED.items():
        assert dataset[name]
        assert all(set(wanted) <= one.keys() for one in dataset[name])
    assert dataset["risk_data_type"] == ["exposure"]


def test_every_code_is_of_its_list(dataset: dict[str, Any]) -> None:
    for name, value in members(dataset):
        if name in CODES:
            assert value in CODES[name], (name, value)


def test_no_text_is_empty_and_no_list_has_twice_the_same(dataset: dict[str, Any]) -> None:
    for name, value in members(dataset):
        if isinstance(value, str):
            assert value, name
        if isinstance(value, list) and value and isinstance(value[0], dict):
            ids = [one.get("id", str(one)) for one in value]
            assert len(ids) == len(set(ids)), name


def test_publisher_creator_and_contact_are_named_with_an_address(dataset: dict[str, Any]) -> None:
    roles = {one["role"]: one["entity"] for one in dataset["attributions"]}
    assert roles.keys() == CODES["role"]
    assert all(entity["name"] and entity["url"] for entity in roles.values())


def test_the_first_link_is_the_schema(dataset: dict[str, Any]) -> None:
    assert dataset["links"][0] == {
        "href": "https://docs.riskdatalibrary.org/en/0__3__0/rdls_schema.json",
        "rel": "describedby",
    }


def test_every_resource_can_be_had_and_names_its_system(dataset: dict[str, Any]) -> None:
    for one in dataset["resources"]:
        assert one.get("download_url", one.get("access_url")).startswith(ADDRESS)
        assert re.fullmatch(r"(ESRI:|EPSG:)[0-9]+", one["coordinate_system"])


def test_the_box_is_the_city_s(dataset: dict[str, Any], tiny_city: City) -> None:
    assert dataset["spatial"]["bbox"] == list(tiny_city.bbox)
    assert len(dataset["spatial"]["centroid"]) == 2


def test_what_was_generated_says_so_and_what_is_missing_is_no_source(
    dataset: dict[str, Any], tiny_city: City
) -> None:
    sources = {one["id"].removeprefix("source_"): one for one in dataset["sources"]}
    for layer in tiny_city.layers:
        if layer.origin is Origin.MISSING:
            assert layer.name not in sources
    assert sources["buildings"]["type"] == "model"
    assert "generated" in sources["buildings"]["lineage"]
    assert "synthetic: " in dataset["details"]


def test_a_metric_is_named_after_a_column_or_a_count() -> None:
    for name, _, _, metrics in EXPOSURE:
        columns = {column.name.split("_day")[0] for column in TABLES[name].columns}
        assert {metric for metric, *_ in metrics} <= columns | {"count"}


def test_a_city_without_lifelines_has_no_such_exposure(tiny_city: City) -> None:
    none = tuple[str, ...]()
    lifelines = replace(tiny_city.lifelines, id=none)
    (found,) = rdls(replace(tiny_city, lifelines=lifelines), ADDRESS)["datasets"]
    assert "exposure_lifelines" not in {one["id"] for one in found["exposure"]}
