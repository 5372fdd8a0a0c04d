"""Where not one asset can be assessed: every command ends with 1, and no total reads as zero."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rencheng.cli import main

# Of one the curve is not given, of the other the place: neither is in any total.
ASSETS = "id,lon,lat,value,curve,residents\na,114.30,30.60,1000,shed,\nb,,,500,house,\n"
EVENTS = "event,rate,lon,lat,intensity\ne1,0.1,114.30,30.60,0.5\ne2,0.01,114.30,30.60,2\n"
HAZARD = "lon,lat,poe-0.5,poe-1,poe-2\n114.30,30.60,0.4,0.2,0.05\n"
STUDY = """
schema = "rencheng/risk-study/1"
samples = 5
[[input]]
name = "worth"
kind = "value"
common = 0.2
"""
MEASURES = """
schema = "rencheng/measures/1"
version = "1"
source = "made up for a test"
status = "assumption"
jurisdiction = "*"
valid_from = "2026-01-01"
currency = "CNY"
year = 2024
[[measure]]
id = "levee"
name = "levee"
kind = "barrier"
lowers = 1.0
unit = "m"
cost = 4e5
life = 25
source = "by hand"
status = "assumption"
"""
WATER = ("--measure", "water_depth", "--unit", "m")
MONEY = ("--currency", "CNY", "--year", "2024")
EVERY = ("--assets", "assets.csv", "--events", "events.csv")
HOUSE = ("--curves", "house=jrc.asia.residential")
COMMANDS = {
    "run": (*EVERY, *HOUSE, *WATER, *MONEY),
    "several": ("--assets", "assets.csv", "--hazard", "w=water_depth,m,events.csv",
                "--curves", "w:house=jrc.asia.residential", "--rule", "max", *MONEY),
    "measures": (*EVERY, *HOUSE, *WATER, *MONEY, "--measures", "measures.toml"),
    "people": (*EVERY, *WATER),
    "uncertainty": (*EVERY, *HOUSE, *WATER, *MONEY, "--study", "study.toml"),
    "states": (*EVERY, "--curves", "house=facilities/PPP.S", "--measure", "PGA", "--unit", "g"),
    "classical": ("--assets", "assets.csv", "--hazard", "hazard.csv", *HOUSE, *WATER, *MONEY,
                  "--years", "50"),
}  # fmt: skip


def told(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, lang: str = "en") -> Any:
    monkeypatch.chdir(folder)
    files = {"assets.csv": ASSETS, "events.csv": EVENTS, "hazard.csv": HAZARD,
             "study.toml": STUDY, "measures.toml": MEASURES}  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(["risk", command, *COMMANDS[command], "--out", "out", "--state", "state", "--lang",
              lang])  # fmt: skip
    assert end.value.code == 1
    return json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_with_one_and_says_so(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told(command, tmp_path, monkeypatch)
    assert "Not one asset could be assessed" in capsys.readouterr().out


def test_losses_of_nothing_are_unknown_and_not_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told("run", tmp_path, monkeypatch)
    names = ("aal", "known_aal", "annual_sd", "known_annual_sd")
    assert [said[name] for name in names] == [None] * 4
    assert said["tail"] == []
    assert not (tmp_path / "out" / "exceedance.csv").exists()
    events = (tmp_path / "out" / "events.csv").read_text(encoding="utf-8").splitlines()
    assert events[:2] == ["event,rate,loss,known_loss,unknown", "e1,0.1,,,0"]
    rows = (tmp_path / "out" / "assets.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1:] == ["a,no_curve,,,0", "b,bad_data,,,0"]


def test_nobody_chooses_a_measure_of_which_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told("measures", tmp_path, monkeypatch)
    names = ("known_aal", "left_known_aal", "chosen", "greedy", "bound")
    assert [said[name] for name in names] == [None] * 5
    assert said["by_discount_rate"] == []
    header, row = (tmp_path / "out" / "measures.csv").read_text(encoding="utf-8").splitlines()
    found = dict(zip(header.split(","), row.split(","), strict=True))
    assert (found["rank"], found["npv"], found["bcr"], found["cost"]) == ("", "", "", "400000.0")


def test_people_of_whom_nothing_is_known_are_not_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told("people", tmp_path, monkeypatch)
    assert said["present"] is None and said["residents"] is None
    for one in said["estimates"]:
        for fate in one["fates"].values():
            assert fate["annual"]["central"] is None and fate["largest"] is None


def test_it_is_said_in_chinese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told("people", tmp_path, monkeypatch, "zh")
    assert "没有一项资产能够评估" in capsys.readouterr().out
