"""Results, assets and event sets in the Risk Data Library Standard 0.3.

The standard's schema is not in this repository. What it asks for stands here in our own words, read
from GFDRR/rdl-standard at c211e8e, `schema/rdls_schema.json` and `schema/codelists`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.adapters.risk.formats.geopackage import write_geopackage
from rencheng.adapters.risk.formats.rdls import (
    FILE,
    FORMATS,
    HAZARDS,
    rdls_exposure,
    rdls_hazard,
    rdls_loss,
    write_rdls,
)
from risk_kit import event_set, ramp

DATASET = ("id", "title", "risk_data_type", "attributions", "spatial", "license", "resources")
REQUIRED = {  # `required` of each definition, by the member that holds it
    "attributions": ("id", "entity", "role"),
    "resources": ("id", "title", "description", "data_format"),
    "sources": ("id",),
    "exposure": ("id", "category", "metrics"),
    "metrics": ("id", "dimension", "quantity_kind"),
    "links": ("href", "rel"),
    "event_sets": ("id", "hazards", "analysis_type"),
    "hazards": ("id", "type", "hazard_process"),
    "losses": ("id", "hazard_type", "asset_category", "asset_dimension", "impact_and_losses"),
}
HAZARD = {
    "coastal_flood", "convective_storm", "drought", "extreme_temperature", "flood", "wildfire",
    "strong_wind", "earthquake", "landslide", "tsunami", "volcanic",
}  # fmt: skip
CODES = {  # codelists
    "hazard_type": HAZARD,
    "role": {"publisher", "creator", "contact_point"},
    "scale": {"global", "regional", "national", "sub-national", "urban"},
    "asset_category": {"buildings", "infrastructure", "population"},
    "category": {"buildings", "infrastructure", "population"},
    "dimension": {"structure", "content", "product", "disruption", "population", "index"},
    "asset_dimension": {"structure", "content", "product", "disruption", "population", "index"},
    "quantity_kind": {"area", "count", "currency", "length", "time"},
    "impact_type": {"direct", "indirect", "total"},
    "impact_modelling": {"inferred", "observed", "simulated"},
    "impact_metric": {
        "economic_loss_value", "loss_annual_average_value", "loss_probable_maximum_value",
    },
    "loss_type": {"ground_up", "insured", "gross", "count", "net_precat", "net_postcat"},
    "loss_approach": {"analytical", "empirical", "hybrid", "judgement"},
    "loss_frequency_type": {"probabilistic", "deterministic", "empirical"},
    "analysis_type": {"probabilistic", "deterministic", "empirical"},
    "calculation_method": {"inferred", "observed", "simulated"},
    "frequency_distribution": {"poisson"},
    "component": {"hazard", "exposure", "vulnerability", "loss"},
    "access_modality": {"file_download"},
    "data_format": {"CSV (csv)", "JSON (json)", "GeoPackage (gpkg)", "NetCDF (nc)"},
    "hazard_process": {"ground_motion", "tsunami", "fluvial_flood"},
}  # fmt: skip
ABOUT = {"publisher": "City of X", "contact": "risk@x.example", "licence": "CC BY 4.0"}
HOUSE = ramp([0.0, 1.0], [0.0, 1.0], id="house")
ASSETS = {"id": ["a", "b"], "lon": [0.0, ""], "lat": [0.0, 1.0], "value": [100.0, 5.0]}
PLACE = np.array([[0.0, 0.0], [np.nan, 1.0]])


def result(rate: float = 0.1) -> risk.EventImpact:
    table = {"event": ["e"], "rate": [rate], "lon": [0.0], "lat": [0.0], "intensity": [0.5]}
    events = risk.event_table(table, measure="water_depth", unit="m", reach_m=10)
    return risk.run(ASSETS, events, [HOUSE], currency="EUR", year=2020)


def document(kind: str, folder: Path) -> dict[str, Any]:
    files = [folder / "events.csv", folder / "summary.json"]
    if kind == "loss":
        return rdls_loss(result(), [HOUSE], files, about=ABOUT, place=PLACE)
    if kind == "exposure":
        return rdls_exposure(ASSETS, files, about=ABOUT, place=PLACE)
    head = event_set([{0: 1.0}], 1).head
    said = {"hazard": "flood", "process": "fluvial_flood"}
    return rdls_hazard(head, [folder / "floods.nc"], about=ABOUT, **said)


def members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


@pytest.mark.parametrize("kind", ["loss", "exposure", "hazard"])
def test_everything_that_is_required_is_there(kind: str, tmp_path: Path) -> None:
    (dataset,) = document(kind, tmp_path)["datasets"]
    assert set(DATASET) <= dataset.keys()
    assert dataset["risk_data_type"] == [kind]
    assert kind in dataset
    assert len(dataset["attributions"]) == 3
    for name, value in members(dataset):
        if name in REQUIRED:
            assert value, name
            assert all(set(REQUIRED[name]) <= one.keys() for one in value), name
    ids = [one["id"] for one in dataset["resources"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("kind", ["loss", "exposure", "hazard"])
def test_every_code_is_of_its_list(kind: str, tmp_path: Path) -> None:
    for name, value in members(document(kind, tmp_path)):
        if name in CODES and isinstance(value, str):
            assert value in CODES[name], name
    assert set(HAZARDS.values()) <= HAZARD
    assert len(set(FORMATS.values())) > 5


def test_what_nobody_states_is_not_made_up(tmp_path: Path) -> None:
    files = [tmp_path / "events.csv"]
    said = rdls_loss(result(), [HOUSE], files, about={}, place=PLACE)["datasets"][0]
    assert said["license"] == "Custom"
    assert said["attributions"][0]["entity"]["name"] == "not stated"
    assert said["spatial"]["bbox"] == [0.0] * 4
    with pytest.raises(KeyError):
        rdls_hazard(event_set([{0: 1.0}], 1).head, files, about={}, hazard="flood")


def test_without_rates_there_is_no_annual_metric(tmp_path: Path) -> None:
    files = [tmp_path / "events.csv"]
    bare = rdls_loss(result(float("nan")), [HOUSE], files, about=ABOUT, place=PLACE)
    (one,) = bare["datasets"][0]["loss"]["losses"]
    assert one["impact_and_losses"]["impact_metric"] == "economic_loss_value"
    assert one["impact_and_losses"]["loss_frequency_type"] == "deterministic"


def test_it_is_written_beside_the_results(tmp_path: Path) -> None:
    file = write_rdls(document("loss", tmp_path), tmp_path)
    assert file.name == FILE
    assert json.loads(file.read_text())["datasets"][0]["id"].startswith("urn:rencheng:loss:")


def test_a_result_goes_into_a_geopackage_and_comes_back(tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio", reason="the extra `data` is not installed")
    found = result()
    file = write_geopackage(found, ASSETS, tmp_path / "losses.gpkg")
    assert {str(n) for n, _ in pyogrio.list_layers(file)} == {"assets", "events", "exceedance"}
    meta, table = pyogrio.read_arrow(file, layer="assets")
    assert meta["crs"] == "EPSG:4326"
    assert table.column("known_eai").to_pylist() == [found.known_eai[0], None]  # bad data
    assert table.column("eai").to_pylist() == [5.0, None]
    assert table.column("standing").to_pylist() == ["assessed", "bad_data"]
    events = pyogrio.read_arrow(file, layer="events")[1]
    assert events.column("loss").to_pylist() == found.loss.tolist()
