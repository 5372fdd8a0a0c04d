"""`rencheng risk uncertainty`: files in, quantiles and indices out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rencheng.cli import main

ASSETS = "id,lon,lat,value,group\na,114.30,30.60,1000,n\nb,114.31,30.60,500,s\n"
EVENTS = (
    "event,rate,lon,lat,intensity\n"
    "e1,0.1,114.30,30.60,0.5\ne1,0.1,114.31,30.60,0.5\ne2,0.01,114.30,30.60,2\n"
)
STUDY = """
schema = "rencheng/risk-study/1"
samples = 40
[[input]]
name = "worth"
kind = "value"
common = 0.2
own = 0.3

[[input]]
name = "curve"
kind = "choice"
of = "house"
curves = ["house", "jrc.africa.residential"]
weights = [0.6, 0.4]
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    for name, text in (("assets.csv", ASSETS), ("events.csv", EVENTS), ("study.toml", STUDY)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with_curve = ASSETS.replace("group", "group,curve").replace(",n\n", ",n,house\n")
    (tmp_path / "assets.csv").write_text(with_curve.replace(",s\n", ",s,house\n"), encoding="utf-8")
    return [
        "risk", "uncertainty", "--assets", f"{tmp_path}/assets.csv", "--events",
        f"{tmp_path}/events.csv", "--curves", "house=jrc.asia.residential", "--measure",
        "water_depth", "--unit", "m", "--currency", "CNY", "--year", "2024", "--study",
        f"{tmp_path}/study.toml", "--out", f"{tmp_path}/out", "--state", f"{tmp_path}/state",
        "--lang", "en",
    ]  # fmt: skip


def test_quantiles_are_written_and_said(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    said = capsys.readouterr().out
    assert "Average annual loss: median" in said and "40 samples" in said and "Kendall" in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert found["inputs"] == ["worth", "curve"] and found["aal"]["p05"] < found["aal"]["p95"]
    assert not (tmp_path / "out" / "sobol.csv").exists()


def test_indices_are_worked_out_on_demand(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("SALib", reason="the extra `sensitivity` is not installed")
    main([*command, "--sobol", "64"])
    assert "Sobol indices, 256 runs" in capsys.readouterr().out
    lines = (tmp_path / "out" / "sobol.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "output,input,S1,S1_conf,ST,ST_conf"
    assert lines[1].startswith("aal,worth,")


def test_every_fault_is_one_sentence_and_nothing_is_written(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = STUDY.replace("[0.6, 0.4]", "[0.6, 0.6]").replace("common = 0.2", "common = 20")
    (tmp_path / "study.toml").write_text(bad, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(command)
    said = capsys.readouterr().err
    assert "input curve: 2 weights do not fit: house: 0.6" in said
    assert "input worth: 1 numbers are out of range: common = 20" in said
    assert not (tmp_path / "out").exists()


def test_an_alternative_that_is_nowhere_is_told_with_all_other_faults(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = STUDY.replace("jrc.africa.residential", "jrc.afrika").replace("own = 0.3", "own = -1")
    (tmp_path / "study.toml").write_text(bad, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(command)
    said = capsys.readouterr().err
    assert "input curve: 1 curves are not among those given: jrc.afrika" in said
    assert "input worth: 1 numbers are out of range: own = -1" in said


def test_it_speaks_chinese(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*command[:-1], "zh"])
    assert "年均损失：中位" in capsys.readouterr().out


def test_a_study_of_nothing_says_so(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assets = (tmp_path / "assets.csv").read_text(encoding="utf-8")
    blank = assets.replace("1000", "").replace("500", "")
    (tmp_path / "assets.csv").write_text(blank, encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(command)
    said = capsys.readouterr().out
    assert end.value.code == 1
    assert "Not one asset could be assessed" in said and "Average annual loss" not in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert "aal" not in found and found["assets"]["bad_data"] == 2


def test_a_member_is_named_once(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    at = command.index("--events") + 1
    with pytest.raises(SystemExit):
        main([*command[:at], f"a={command[at]}", f"a={command[at]}", *command[at + 1 :]])
    assert "--events: 1 names are given more than once: a" in capsys.readouterr().err
