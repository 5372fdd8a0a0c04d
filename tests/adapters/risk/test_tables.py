"""CSV files of the risk engine: no line vanishes without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rencheng import risk
from rencheng.adapters.risk.tables import read_table
from rencheng.cli import main
from rencheng.domain.errors import InvalidInputError

WATER: dict[str, Any] = {"measure": "water_depth", "unit": "m"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("id,lon,lat,value\na,1,2,3\nb,1,2,1,000,000\nc,1,2\n", risk.asset_file),
        ("id,lon,lat,value\na,1,2,3\nb,1,2,1,000,000\nc,1,2\n", risk.import_assets),
        ("LocNumber,Latitude,Longitude,BuildingTIV\n1,2,1,9\n2,2,1,1,000\n3,2,1\n",
         risk.import_assets),
        ("event,lon,lat,intensity\ne,1,2,3\ne,1,3,0,5\ne,1,4\n",
         lambda file: risk.open_events(file, **WATER)),
        ("lon,lat,poe-1,poe-2\n1,2,0.2,0.1\n1,3,0,2,0,1\n1,4,0.1\n",
         lambda file: risk.hazard_curves(file, **WATER, years=50.0)),
    ],
)  # fmt: skip
def test_lines_with_other_fields_refuse_the_file(
    tmp_path: Path, text: str, read: Callable[[Path], object]
) -> None:
    (tmp_path / "some.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as error:
        read(tmp_path / "some.csv")
    (fault,) = error.value.faults
    assert (fault.key, fault.where, fault.count) == ("risk.fields", "some.csv", 2)
    assert fault.first == ("3", "4")


def test_blank_lines_and_blank_fields_at_the_end_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text("id,value\na,1,,\n\n  \nb,2\n,\n", encoding="utf-8")
    assert list(read_table(tmp_path / "some.csv")["id"]) == ["a", "b", ""]


@pytest.mark.parametrize("name", ["gone.csv", "gone.gpkg"])
def test_a_file_that_is_not_there_is_no_matter_of_recipes(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        risk.asset_file(tmp_path / name)
    assert error.value.key == "risk.not_there"
    with pytest.raises(InvalidInputError, match="There is no file|there is no file"):
        risk.open_events(tmp_path / name, **WATER)


def test_results_into_a_file_name_the_right_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("id,lon,lat,value\na,1,2,3\n", encoding="utf-8")
    (tmp_path / "e.csv").write_text("event,lon,lat,intensity\ne,1,2,3\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(
            [
                "risk",
                "run",
                "--assets",
                f"{tmp_path}/a.csv",
                "--events",
                f"{tmp_path}/e.csv",
                "--curves",
                "jrc.asia.residential",
                "--measure",
                "water_depth",
                "--unit",
                "m",
                "--currency",
                "CNY",
                "--year",
                "2024",
                "--out",
                f"{tmp_path}/a.csv",
                "--state",
                f"{tmp_path}/state",
                "--lang",
                "en",
            ]  # fmt: skip
        )
    assert "--out for results" in capsys.readouterr().err
