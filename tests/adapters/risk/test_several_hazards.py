"""Several event sets from tables and files, and one table of assets."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from shapely.geometry import LineString

from rencheng import risk
from rencheng.cli import main
from rencheng.domain.errors import InvalidInputError
from risk_kit import fragility, ramp

LINE = ramp([0.0, 1.0], [0.0, 1.0], id="line")
HALF = ramp([0.0, 1.0], [0.0, 0.5], id="half")
ASSETS = {"id": ["a"], "lon": [10.0], "lat": [50.0], "value": [100.0]}


def water(intensity: float) -> risk.EventSet:
    table = {"event": ["e"], "rate": [0.1], "lon": [10.0], "lat": [50.0], "intensity": [intensity]}
    return risk.event_table(table, measure="water_depth", unit="m", reach_m=10)


def two(**curves: object) -> dict[str, risk.Hazard]:
    return {
        "surge": risk.Hazard(events=water(0.6), curves=curves.get("surge", [LINE])),
        "rain": risk.Hazard(events=water(0.4), curves=curves.get("rain", [LINE])),
    }


def test_one_name_means_the_curve_of_each_hazard() -> None:
    table = {**ASSETS, "curve": ["wood"]}
    hazards = two(surge={"wood": LINE}, rain={"wood": HALF})
    result = risk.several(table, hazards, "sum", currency="EUR", year=2020)
    assert result.whole.loss.tolist() == pytest.approx([80.0])
    assert result.by_hazard.tolist() == [pytest.approx([60.0, 20.0])]


def test_a_hazard_may_have_a_column_of_its_own() -> None:
    table = {**ASSETS, "curve": ["line"], "curve_rain": ["half"]}
    hazards = two(rain=[LINE, HALF])
    result = risk.several(table, hazards, "max", currency="EUR", year=2020)
    assert result.alone.tolist() == [pytest.approx([60.0, 20.0])]
    assert result.whole.versions["events surge"] == ""


def test_faults_say_which_hazard_lacks_a_curve_and_the_rest_once() -> None:
    table = {"id": ["a", "b", "c"], "lon": [10.0, 10.0, ""], "lat": [50.0] * 3,
             "value": [1.0, -1.0, 1.0], "curve": ["wood"] * 3}  # fmt: skip
    hazards = two(surge={"wood": LINE}, rain={"straw": LINE, "clay": HALF})
    result = risk.several(table, hazards, "max", currency="EUR", year=2020)
    assert [(f.key, f.where) for f in result.whole.faults] == [
        ("risk.place", "assets.lon, lat"), ("risk.value", "assets.value"),
        ("risk.curve", "rain: assets.curve"),
    ]  # fmt: skip
    with pytest.raises(InvalidInputError):
        wood = fragility([0.2], [0.5], id="line")
        risk.several(table, two(rain=[wood]), "max", currency="EUR", year=2020)


def test_the_command_writes_each_hazards_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "assets.csv").write_text("id,lon,lat,value\na,10,50,100\nb,0,0,1\n")
    for name, depth in (("river", 0.5), ("sea", 2.0)):
        text = f"event,rate,lon,lat,intensity\ne,0.1,10,50,{depth}\n"
        (tmp_path / f"{name}.csv").write_text(text)
    words = [
        "risk", "several", "--assets", f"{tmp_path}/assets.csv", "--hazard",
        f"river=water_depth,m,{tmp_path}/river.csv", f"sea=water_depth,m,{tmp_path}/sea.csv",
        "--curves", "river:jrc.asia.residential", "sea:jrc.asia.residential", "--rule", "in_turn",
        "--currency", "CNY", "--year", "2024", "--out", f"{tmp_path}/out",
        "--state", f"{tmp_path}/state", "--lang", "en",
    ]  # fmt: skip
    main(words)
    said = capsys.readouterr().out
    assert "1 assessed, 1 not exposed" in said
    assert "river: 3.27 CNY of the average annual loss" in said
    with (tmp_path / "out" / "events_by_hazard.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["river"]) + float(row["sea"]) == pytest.approx(float(row["known_loss"]))
    assert len((tmp_path / "out" / "assets_by_hazard.csv").read_text().splitlines()) == 3
    at = words.index("--curves") + 1
    for option, wrong in (
        ("bb:jrc.asia.residential", "1 curves are for a hazard that is not given: bb:jrc.asia"),
        ("river:jrc.asia.residential", "1 names are given more than once: jrc.asia.residential"),
    ):
        with pytest.raises(SystemExit):
            main([*words[:at], option, *words[at:]])
        assert wrong in capsys.readouterr().err
    again = words[: at - 1] + [f"river=water_depth,m,{tmp_path}/sea.csv"] + words[at - 1 :]
    with pytest.raises(SystemExit):
        main(again)
    assert "--hazard: 1 names are given more than once: river" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(words[: at + 1] + words[at + 2 :])
    assert "--hazard: 1 hazards have no curve" in capsys.readouterr().err
    words[words.index("in_turn")] = "both"
    with pytest.raises(SystemExit):
        main(words)
    assert "--rule both cannot be read" in capsys.readouterr().err


def test_a_road_meets_each_hazard_where_it_lies() -> None:
    def wet(lon: float, intensity: float) -> risk.Hazard:
        lons = [10.0, 10.01]
        depths = [intensity if one == lon else 0.0 for one in lons]
        table = {"event": ["e"] * 2, "lon": lons, "lat": [50.0] * 2, "intensity": depths}
        events = risk.event_table(table, measure="water_depth", unit="m", reach_m=800)
        return risk.Hazard(events=events, curves=[LINE])

    road, away = LineString([(10.0, 50.0), (10.01, 50.0)]), LineString([(11.0, 50.0), (11.1, 50.0)])
    assets = risk.ShapeTable(
        columns={"id": ["road", "away"], "value": [100.0, 1.0], "geometry": [road, away]},
        step_m=0.5,
    )
    hazards = {"surge": wet(10.0, 0.6), "rain": wet(10.01, 0.4)}
    result = risk.several(assets, hazards, "sum", currency="EUR", year=2020)
    assert result.alone[0].tolist() == pytest.approx([30.0, 20.0], rel=1e-2)
    assert result.whole.loss.tolist() == pytest.approx([50.0], rel=1e-2)
    assert [int(one) for one in result.whole.standing] == [0, 1]
    assert [f.where for f in result.whole.faults] == [
        "surge: assets.geometry", "rain: assets.geometry",
    ]  # fmt: skip


def test_a_hazard_may_not_be_named_as_a_component_is() -> None:
    table = {
        "id": ["a"], "lon": [10.0], "lat": [50.0], "value_structure": [1.0],
        "value_contents": [1.0], "curve_structure": ["line"], "curve_contents": ["line"],
    }  # fmt: skip
    hazards = {"contents": risk.Hazard(events=water(0.6), curves=[LINE])}
    with pytest.raises(InvalidInputError) as error:
        risk.several(table, hazards, "sum", currency="EUR", year=2020)
    assert [f.key for f in error.value.faults] == ["risk.hazard_name"]
    assert error.value.faults[0].first == ("contents",)
