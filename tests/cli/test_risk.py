"""`rencheng risk run`: files in, files out, one sentence for each thing that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rencheng.cli import main

ASSETS = "id,lon,lat,value\na,114.30,30.60,1000\nb,114.31,30.60,500\nc,115.9,30.6,9\n"
EVENTS = (
    "event,rate,lon,lat,intensity\n"
    "e1,0.1,114.30,30.60,0.5\ne1,0.1,114.31,30.60,0.5\ne2,0.01,114.30,30.60,2\n"
)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "assets.csv").write_text(ASSETS, encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    return [
        "risk", "run", "--assets", f"{tmp_path}/assets.csv", "--events", f"{tmp_path}/events.csv",
        "--curves", "jrc.asia.residential", "--measure", "water_depth", "--unit", "m",
        "--currency", "CNY", "--year", "2024", "--out", f"{tmp_path}/out",
        "--state", f"{tmp_path}/state", "--lang", "en",
    ]  # fmt: skip


def test_losses_are_written_and_said(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    said = capsys.readouterr().out
    assert "2 assessed, 1 not exposed" in said
    assert "1 assets lie beyond every point: c" in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    ratio = 0.326556502, 0.720711764
    assert found["aal"] == pytest.approx(0.1 * 1500 * ratio[0] + 0.01 * 1000 * ratio[1])
    assert f"{found['aal']:.2f} CNY (prices of 2024)" in said
    about = json.loads((tmp_path / "out" / "rdls.json").read_text(encoding="utf-8"))["datasets"][0]
    assert {one["title"] for one in about["resources"]} >= {"events.csv", "summary.json"}
    assert len((tmp_path / "out" / "assets.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_a_wrong_unit_is_one_sentence_and_nothing_is_written(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command[command.index("m")] = "g"
    with pytest.raises(SystemExit):
        main(command)
    assert "The unit is missing, unknown or contradicted: g (m, cm" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_it_speaks_chinese(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*command[:-1], "zh"])
    assert "年均损失" in capsys.readouterr().out


def test_an_asset_left_out_makes_the_total_at_least_so_much(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = ASSETS.replace("114.31,30.60,500", "114.31,30.60,")
    (tmp_path / "assets.csv").write_text(blank, encoding="utf-8")
    main(command)
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert found["aal"] is found["annual_sd"] is found["tail"][0]["loss"] is None
    said = capsys.readouterr().out
    assert f"Average annual loss at least {found['known_aal']:.2f} CNY" in said
    assert "parts of 0 events are unknown, 1 assets are not in it" in said


def test_where_nothing_can_be_assessed_no_loss_is_said(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    turned = "id,lon,lat,value\na,30.60,114.30,1000\nb,30.60,114.31,500\n"
    (tmp_path / "assets.csv").write_text(turned, encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(command)
    said = capsys.readouterr().out
    assert end.value.code == 1
    assert "Not one asset could be assessed" in said and "Average annual loss" not in said
    assert (tmp_path / "out" / "summary.json").exists()


@pytest.mark.parametrize("memory", ["nan", "0", "-5", "inf"])
def test_a_memory_that_is_none_is_refused(
    command: list[str], memory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command, f"--memory-mb={memory}"])
    assert end.value.code == 1
    assert "Give a number of megabytes above zero" in capsys.readouterr().err
