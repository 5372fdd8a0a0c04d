"""`rencheng risk run` with insurance: asked for, said, written beside the losses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from rencheng.cli import main

ASSETS = "id,lon,lat,value\na,114.30,30.60,1000\nb,114.31,30.60,500\n"
EVENTS = (
    "event,rate,lon,lat,intensity\n"
    "e1,0.1,114.30,30.60,0.5\ne1,0.1,114.31,30.60,0.5\ne2,0.01,114.30,30.60,2\n"
)
LOST = 0.326556502, 0.720711764
"""Shares of the curve at 0.5 and 2 m."""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "assets.csv").write_text(ASSETS, encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    return [
        "risk", "run", "--assets", f"{tmp_path}/assets.csv", "--events", f"{tmp_path}/events.csv",
        "--curves", "house=jrc.asia.residential", "--measure", "water_depth", "--unit", "m",
        "--currency", "CNY", "--year", "2024", "--out", f"{tmp_path}/out",
        "--state", f"{tmp_path}/state", "--lang", "en",
    ]  # fmt: skip


def summary(folder: Path) -> Any:
    return json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("more", [["--insurance"], []])
def test_money_of_several_kinds_is_converted_by_a_table_of_prices(
    command: list[str], tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    mixed = (
        "id,lon,lat,value,deductible,currency,price_year\n"
        "a,114.30,30.60,500,50,USD,2024\nb,114.31,30.60,500,,CNY,2024\n"
    )
    (tmp_path / "assets.csv").write_text(mixed, encoding="utf-8")
    with pytest.raises(SystemExit):
        main([*command, *more])
    assert "--prices" in capsys.readouterr().err
    prices = (
        'schema = "rencheng/prices/1"\nsource = "x"\nversion = "1"\nvalid_from = "2026-01-01"\n'
        'jurisdiction = "*"\nstatus = "assumption"\nbase = "CNY"\n[exchange.USD]\n2024 = 2.0\n'
    )
    (tmp_path / "prices.toml").write_text(prices, encoding="utf-8")
    main([*command, *more, "--prices", f"{tmp_path}/prices.toml"])
    found = summary(tmp_path)
    assert found["aal"] == pytest.approx(0.1 * 1500 * LOST[0] + 0.01 * 1000 * LOST[1])
    if more:
        paid = 0.1 * (1500 * LOST[0] - 100) + 0.01 * (1000 * LOST[1] - 100)
        assert found["insurance"]["paid_aal"] == pytest.approx(paid, rel=1e-6)


def test_a_deductible_and_a_cover_stand_beside_the_loss(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*command, "--deductible", "100", "--cover", "400"])
    found = summary(tmp_path)
    whole = 0.1 * 1500 * LOST[0] + 0.01 * 1000 * LOST[1]
    paid = 0.1 * (1500 * LOST[0] - 200) + 0.01 * 400
    assert found["aal"] == pytest.approx(whole)
    assert found["insurance"]["paid_aal"] == pytest.approx(paid, rel=1e-6)
    assert found["insurance"]["kept_aal"] == pytest.approx(whole - paid, rel=1e-6)
    said = capsys.readouterr().out
    assert f"Average annual loss {whole:.2f}" in said
    assert f"Insurance pays {paid:.2f} CNY a year on average" in said
    events = rows(tmp_path / "out" / "insured_events.csv")
    assert float(events[1]["paid"]) == pytest.approx(400.0)
    assert float(events[1]["kept"]) == pytest.approx(1000 * LOST[1] - 400, rel=1e-6)
    assert [row["id"] for row in rows(tmp_path / "out" / "insured_assets.csv")] == ["a", "b"]
    assert {"insured_events.csv", "insured_assets.csv"} <= set(found["files"])


def test_terms_of_the_table_are_told_where_they_are_not_applied(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ASSETS.replace("value", "value,cover").replace("1000", "1000,50").replace("500", "500,")
    (tmp_path / "assets.csv").write_text(text, encoding="utf-8")
    main(command)
    assert "columns of insurance were not applied: cover" in capsys.readouterr().out
    assert "insurance" not in summary(tmp_path)
    main([*command, "--insurance"])
    assert "not applied" not in capsys.readouterr().out
    paid = 0.1 * (50 + 500 * LOST[0]) + 0.01 * 50
    assert summary(tmp_path)["insurance"]["paid_aal"] == pytest.approx(paid, rel=1e-6)


def test_what_is_paid_and_kept_of_what_is_known_is_told_as_at_least(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events.csv").write_text(EVENTS + "e3,0.02,114.31,30.60,nan\n", encoding="utf-8")
    main([*command, "--deductible", "10"])
    said = " ".join(capsys.readouterr().out.split())
    kept = 0.1 * 20 + 0.01 * 10
    assert f"the owners keep at least {kept:.2f}; what is unknown can only add to both" in said
    assert summary(tmp_path)["insurance"]["kept_aal"] is None


def test_columns_that_belong_to_no_level_are_told_and_refused_with_insurance(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ASSETS.replace("value", "value,Cover,deductable").replace("00\n", "00,5,5\n")
    (tmp_path / "assets.csv").write_text(text, encoding="utf-8")
    main(command)
    assert "assets.deductable: this column looks like terms" in " ".join(
        capsys.readouterr().out.split()
    )
    with pytest.raises(SystemExit):
        main([*command, "--insurance"])
    said = " ".join(capsys.readouterr().err.split())
    assert "assets.Cover: " in said and "assets.deductable: " in said


def test_a_layer_of_each_event_lies_on_the_sum(command: list[str], tmp_path: Path) -> None:
    main([*command, "--event-deductible", "300", "--event-cover", "100"])
    events = rows(tmp_path / "out" / "insured_events.csv")
    assert [float(row["paid"]) for row in events] == [100.0, 100.0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--insurance"], "no terms of insurance are stated, such as deductible, cover"),
        (["--insurance", "--cover", "5"], "Give --insurance, or --deductible and --cover"),
        (["--deductible", "-5"], "cannot be insured"),
        (["--deductible", "nan"], "cannot be insured"),
        (["--cover", "nan"], "cannot be insured"),
        (["--event-deductible", "nan"], "cannot be insured"),
        (["--event-cover", "nan"], "cannot be insured"),
    ],
)
def test_what_cannot_be_applied_is_refused(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command, *options])
    assert end.value.code != 0
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


OED = (
    "PortNumber,AccNumber,LocNumber,Latitude,Longitude,OccupancyCode,ConstructionCode,BuildingTIV,"
    "LocCurrency,LocDed1Building,LocDedType1Building\n"
    "1,A1,10,30.60,114.30,1050,5000,1000,CNY,0.05,2\n"
)


def test_a_location_file_is_computed_with_its_own_terms_and_its_own_money(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "assets.csv").write_text(OED, encoding="utf-8")
    command[command.index("house=jrc.asia.residential")] = "1050-5000=jrc.asia.residential"
    main([*command, "--insurance"])
    paid = 0.1 * (1000 * LOST[0] - 50) + 0.01 * (1000 * LOST[1] - 50)
    assert summary(tmp_path)["insurance"]["paid_aal"] == pytest.approx(paid, rel=1e-6)
    capsys.readouterr()
    command[command.index("CNY")] = "GBP"
    with pytest.raises(SystemExit):
        main(command)
    assert "GBP 2024" in capsys.readouterr().err
