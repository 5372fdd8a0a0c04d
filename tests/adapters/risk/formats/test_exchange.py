"""Assets go into other forms and come back the same; what cannot pass is named."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rencheng import risk
from rencheng.adapters.risk.formats.exchange import Exchange
from rencheng.adapters.risk.formats.exchanging import read_assets_of, write_assets
from rencheng.adapters.risk.formats.oed import read_oed, write_oed
from rencheng.adapters.risk.formats.r2d import read_r2d, write_r2d
from rencheng.adapters.words import both
from rencheng.cli import main
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.provenance import Text
from risk_kit import ramp

# Columns as OasisLMF writes them for its example PiWind; numbers are made up.
FIELDS = (
    "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,OccupancyCode,ConstructionCode,"
    "LocPerilsCovered,BuildingTIV,OtherTIV,ContentsTIV,BITIV,LocCurrency,OEDVersion,"
    "LocDed1Building,LocDedType1Building,LocLimit6All\n"
)
OED = (
    FIELDS
    + "1,A1,10,GB,52.7,-0.9,1050,5000,WW1,220000,0,1000,500,GBP,3.2.0,5000,0,100000\n"
    + "1,A1,11,GB,52.8,-0.8,1050,5150,WW1,790000,0,,,GBP,3.2.0,0.02,2,\n"
    + "1,A2,12,GB,52.9,-0.7,,5150,WW1,100,0,0,0,GBP,3.2.0,0.1,1,\n"
)


def keys(faults: tuple[Fault, ...]) -> list[str]:
    return [f.key.removeprefix("risk.") for f in faults]


@pytest.fixture
def oed(tmp_path: Path) -> Path:
    (tmp_path / "loc.csv").write_text(OED)
    return tmp_path / "loc.csv"


def test_locations_of_oed_are_assets_by_component(oed: Path) -> None:
    given = read_oed(oed)
    assets = given.assets
    assert given.currency == "GBP"
    assert assets["id"].tolist() == ["10", "11", "12"]
    assert assets["curve_building"].tolist() == ["1050-5000", "1050-5150", "1000-5150"]
    assert assets["value_contents"].tolist() == [1000.0, 0.0, 0.0]
    assert assets["deductible_building"].tolist() == ["5000.0", "15800.0", ""]
    assert assets["deductible_share_building"].tolist() == ["", "", "0.1"]
    assert assets["cover_all"].tolist() == ["100000.0", "", ""]
    assert keys(given.faults) == []


def test_terms_of_oed_are_applied_where_they_are_asked_for(oed: Path) -> None:
    table = {"event": ["e"] * 3, "lon": [-0.9, -0.8, -0.7], "lat": [52.7, 52.8, 52.9],
             "intensity": [0.5] * 3, "rate": [0.1] * 3}  # fmt: skip
    events = risk.event_table(table, measure="water_depth", unit="m", reach_m=10)
    line = ramp([0.0, 1.0], [0.0, 1.0])
    curves = dict.fromkeys(("1050-5000", "1050-5150", "1000-5150"), line)
    found = risk.insure(
        read_oed(oed).assets, events, curves, risk.Contract(is_stated=True), currency="GBP",
        year=2020,
    )  # fmt: skip
    # Half of everything: 110,000 less 5,000, and 750 more, up to 100,000; less 2 % of the value of
    # 790,000; less a tenth of the loss.
    paid = [100_000.0, 395_000.0 - 15_800.0, 50.0 * 0.9]
    np.testing.assert_allclose(found.known_paid_eai / 0.1, paid, rtol=1e-5)
    assert found.whole.loss[0] == pytest.approx(0.5 * (221_500 + 790_000 + 100))


@pytest.mark.parametrize(("old", "new"), [("0.1,1,", "0.1,7,"), ("5000,0,100000", "5000,x,100000")])
def test_terms_of_a_kind_not_known_are_told_and_refused_where_asked_for(
    oed: Path, old: str, new: str
) -> None:
    oed.write_text(OED.replace(old, new))
    given = read_oed(oed)
    assert keys(given.faults) == ["deductible"]
    events = risk.event_table(
        {"event": ["e"], "lon": [-0.9], "lat": [52.7], "intensity": [0.5]},
        measure="water_depth", unit="m",
    )  # fmt: skip
    curves = dict.fromkeys(("1050-5000", "1050-5150", "1000-5150"), ramp([0.0, 1.0], [0.0, 1.0]))
    money = {"currency": "GBP", "year": 2020}
    assert risk.run(given.assets, events, curves, **money).loss.size == 1
    with pytest.raises(InvalidInputError) as error:
        risk.insure(given.assets, events, curves, risk.Contract(is_stated=True), **money)
    assert keys(error.value.faults) == ["terms"]


@pytest.mark.parametrize("field", ["LocDed6All", "LocLimit6All"])
@pytest.mark.parametrize("kind", [1, 2])
def test_a_share_of_oed_above_1_is_told_with_its_location_and_refused_where_asked_for(
    field: str, kind: int, tmp_path: Path
) -> None:
    file = tmp_path / "loc.csv"
    file.write_text(
        f"LocNumber,Latitude,Longitude,BuildingTIV,{field},{field[:-4]}Type6All,LocDed2Other\n"
        f"7,1,2,1000,5,{kind},10\n8,1,2,1000,0.05,{kind},\n"
    )
    given = read_oed(file)
    assert [(f.key, f.first) for f in given.faults] == [("risk.terms_share", ("7",))]
    table = {"event": ["e"], "lon": [2.0], "lat": [1.0], "intensity": [0.5]}
    events = risk.event_table(table, measure="water_depth", unit="m")
    with pytest.raises(InvalidInputError) as error:
        risk.insure(
            given.assets, events, {"1000-5000": ramp([0.0, 1.0], [0.0, 1.0])},
            risk.Contract(is_stated=True), currency="CNY", year=2020,
        )  # fmt: skip
    assert error.value.faults[0].first == ("7",)
    said = [both(Text(f"fault.risk.{one}.hint", {})) for one in ("terms_share", "terms")]
    assert all("0.05, not 5" in english and "0.05" in chinese for chinese, english in said)


def test_assets_of_oed_can_be_computed(oed: Path) -> None:
    table = {"event": ["e"], "lon": [-0.9], "lat": [52.7], "intensity": [0.5]}
    events = risk.event_table(table, measure="water_depth", unit="m", reach_m=10)
    line = ramp([0.0, 1.0], [0.0, 1.0])
    curves = dict.fromkeys(("1050-5000", "1050-5150", "1000-5150"), line)
    result = risk.run(read_oed(oed).assets, events, curves, currency="GBP", year=2020)
    assert result.loss.tolist() == [pytest.approx(0.5 * (220000 + 1000 + 500))]


def test_oed_goes_round_field_by_field(oed: Path, tmp_path: Path) -> None:
    given = read_oed(oed)
    assert keys(write_oed(given.assets, tmp_path / "again.csv", currency="GBP")) == []
    one, two = (
        list(csv.DictReader(f.read_text().splitlines())) for f in (oed, tmp_path / "again.csv")
    )
    for before, after in zip(one, two, strict=True):
        for name, cell in before.items():
            number = name.endswith("TIV")
            assert (float(cell or 0) == float(after[name])) if number else cell == after[name], name
    assert read_oed(tmp_path / "again.csv").assets.keys() == given.assets.keys()


def test_what_oed_wants_and_nobody_knows_is_said(tmp_path: Path) -> None:
    table = {
        "id": ["a", "b"], "lon": [1.0, 2.0], "lat": [3.0, 4.0], "value": [5.0, 6.0],
        "curve": ["wood", "1051-5100"], "floors": [1, 2],
    }  # fmt: skip
    faults = write_oed(table, tmp_path / "loc.csv", currency="EUR")
    assert keys(faults) == ["no_code", "oed_needs", "not_carried"]
    assert faults[1].first == ("CountryCode", "LocPerilsCovered")
    assert faults[2].first == ("floors",)
    again = read_oed(tmp_path / "loc.csv").assets
    assert again["value_building"].tolist() == [5.0, 6.0]
    assert again["curve_building"].tolist() == ["1000-5000", "1051-5100"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("LocNumber", "Number", "columns"),
        ("1,A1,11", "1,A1,10", "double_id"),
        ("790000,0,,,GBP", "790000,0,,,USD", "currencies"),
    ],
)
def test_a_location_file_with_faults_is_refused(oed: Path, old: str, new: str, key: str) -> None:
    oed.write_text(OED.replace(old, new))
    with pytest.raises(InvalidInputError) as error:
        read_oed(oed)
    assert keys(error.value.faults) == [key]


def test_a_number_used_by_two_accounts_is_told_apart(oed: Path) -> None:
    oed.write_text(OED.replace("1,A2,12", "1,A2,10"))
    assert read_oed(oed).assets["id"].tolist() == ["1/A1/10", "1/A1/11", "1/A2/10"]


def r2d(**change: Any) -> dict[str, Any]:
    properties = {
        "ReplacementCost": 1000.0, "StructureType": "W1", "Latitude": 26.4, "Longitude": -81.9,
        "YearBuilt": None, **change,
    }  # fmt: skip
    corner = [[-81.9, 26.4], [-81.89, 26.4], [-81.89, 26.41], [-81.9, 26.4]]
    shape = {"type": "Polygon", "coordinates": [corner]}
    feature = {"type": "Feature", "id": "7", "properties": properties, "geometry": shape}
    return {"type": "FeatureCollection", "features": [feature]}


def test_an_inventory_of_r2d_goes_round(tmp_path: Path) -> None:
    one, two = tmp_path / "a.geojson", tmp_path / "b.geojson"
    one.write_text(json.dumps(r2d()))
    given = read_r2d(one)
    assert given.faults == ()
    assert given.assets["curve"].tolist() == ["W1"]
    write_r2d(given.assets, two, {"eai": np.array([np.nan])})
    before, after = r2d()["features"][0], json.loads(two.read_text())["features"][0]
    assert after["geometry"] == before["geometry"]
    assert after["id"] == "7"
    assert before["properties"].items() <= after["properties"].items()
    assert after["properties"]["eai"] is None
    again = read_r2d(two).assets
    assert again["value"].tolist() == [1000.0]
    assert again["geometry"][0].equals(given.assets["geometry"][0])


def test_a_number_used_by_two_kinds_is_told_apart(tmp_path: Path) -> None:
    file, whole = tmp_path / "a.geojson", r2d(assetSubtype="HwyBridge")
    whole["features"] += r2d(assetSubtype="HwyTunnel")["features"]
    file.write_text(json.dumps(whole))
    assert read_r2d(file).assets["id"].tolist() == ["HwyBridge/7", "HwyTunnel/7"]


def test_attributes_that_turn_a_place_around_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    file.write_text(json.dumps(r2d(Latitude=-81.9, Longitude=26.4)))
    assert keys(read_r2d(file).faults) == ["turned"]
    file.write_text(json.dumps(r2d(Latitude=20.0)))
    assert keys(read_r2d(file).faults) == ["elsewhere"]


def test_what_is_no_inventory_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.geojson"
    for text, key in (("{", "geojson"), ('{"type": "Feature"}', "geojson")):
        file.write_text(text)
        with pytest.raises(InvalidInputError) as error:
            read_r2d(file)
        assert keys(error.value.faults) == [key]
    worthless = r2d()
    del worthless["features"][0]["properties"]["ReplacementCost"]
    twice = r2d()
    twice["features"] *= 2
    for whole, key in ((worthless, "columns"), (twice, "double_id")):
        file.write_text(json.dumps(whole))
        with pytest.raises(InvalidInputError) as error:
            read_r2d(file)
        assert keys(error.value.faults) == [key]


def test_every_form_gives_back_the_assets_of_another(oed: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyogrio", reason="the extra `data` is not installed")
    given, file = read_assets_of(oed), oed
    for name, form in (("a.geojson", ""), ("b.gpkg", ""), ("c.csv", ""), ("d.csv", "oed")):
        target = tmp_path / name
        source = read_assets_of(file, worth="value_building")
        source = Exchange(form=source.form, assets=source.assets, currency="GBP")
        assert keys(write_assets(source, target, form=form)) in ([], ["not_carried"])
        file = target
    again = read_assets_of(file).assets
    for name in ("id", "value_building", "value_contents", "curve_building"):
        assert again[name].tolist() == given.assets[name].tolist(), name
    assert [float(x) for x in again["lat"]] == pytest.approx([52.7, 52.8, 52.9])


def test_areas_that_become_points_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(json.dumps(r2d()))
    given = read_assets_of(tmp_path / "a.geojson")
    assert keys(write_assets(given, tmp_path / "b.csv")) == ["flattened"]
    with pytest.raises(InvalidInputError):
        write_assets(given, tmp_path / "b.csv", form="oed")  # no currency
    with pytest.raises(InvalidInputError):
        write_assets(given, tmp_path / "b.xyz")
    with pytest.raises(InvalidInputError):
        read_assets_of(tmp_path / "b.xyz")


def test_the_command_says_what_could_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.geojson").write_text(json.dumps(r2d()))
    out = tmp_path / "loc.csv"
    words = ["risk", "exchange", f"{tmp_path}/a.geojson", str(out), "--to", "oed"]
    main([*words, "--currency", "USD", "--lang", "en"])
    said = " ".join(capsys.readouterr().out.split())
    assert "1 areas or lines became points: 7" in said
    assert "2 fields that OED wants are not known" in said
    assert "1 assets went from r2d into" in said
    assert json.loads((tmp_path / "loc.rdls.json").read_text())["datasets"][0]["exposure"]
    assert next(csv.DictReader(out.read_text().splitlines()))["BuildingTIV"] == "1000.0"
