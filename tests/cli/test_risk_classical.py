"""`rencheng risk classical`: hazard curves in; losses, states or a retrofit out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from rencheng.cli import main

ASSETS = (
    "id,lon,lat,value,curve,cost\na,114.30,30.60,1000,house,20\n"
    "b,114.31,30.60,500,house,\nc,115.9,30.6,9,house,1\n"
)
FRAME = """schema = "rencheng/curves/1"
kind = "fragility"
hazard = "flood"
component = "structure"
intensity = "water_depth"
unit = "m"
region = "here"
source = "by hand"
licence = "own"
status = "assumption"
version = "1"
states = ["slight", "moderate", "extensive", "complete"]

[[curve]]
id = "wading"
asset = "house"
median = [0.5, 1, 2, 4]
beta = [0.5, 0.5, 0.5, 0.5]
"""
HAZARD = "lon,lat,poe-0.5,poe-1,poe-2\n114.30,30.60,0.4,0.2,0.05\n114.31,30.60,0.4,0.2,0.05\n"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "assets.csv").write_text(ASSETS, encoding="utf-8")
    (tmp_path / "hazard.csv").write_text(HAZARD, encoding="utf-8")
    return [
        "risk", "classical", "--assets", f"{tmp_path}/assets.csv",
        "--hazard", f"{tmp_path}/hazard.csv", "--curves", "house=jrc.asia.residential",
        "--measure", "water_depth", "--unit", "m", "--years", "50", "--currency", "CNY",
        "--year", "2024", "--out", f"{tmp_path}/out", "--state", f"{tmp_path}/state",
        "--lang", "en",
    ]  # fmt: skip


def results(folder: Path) -> tuple[dict[str, object], list[dict[str, str]]]:
    rows = list(csv.DictReader((folder / "assets.csv").read_text(encoding="utf-8").splitlines()))
    return json.loads((folder / "summary.json").read_text(encoding="utf-8")), rows


def test_losses_and_what_no_hazard_curve_covers(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    said = capsys.readouterr().out
    assert "2 assessed, 0 not exposed, 0 without curve, 1 with bad data" in said
    assert "1 assets have no hazard curve within reach: c" in said
    summary, rows = results(tmp_path / "out")
    assert summary["aal"] is None and summary["unknown"] == 1
    assert f"at least {summary['known_aal']:.2f} CNY" in said
    assert float(rows[0]["aal_whole"]) == pytest.approx(2 * float(rows[1]["aal_whole"]))
    assert rows[2]["aal_whole"] == ""
    losses = [float(rows[0][f"loss_{years}"]) for years in (10, 100, 1000)]
    assert losses == sorted(losses)


def test_a_retrofit_that_changes_nothing_is_worth_nothing(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*command, "--after", "house=jrc.asia.residential"])
    summary, rows = results(tmp_path / "out")
    assert (summary["known_benefit"], summary["known_bcr"], summary["unknown"]) == (0.0, 0.0, 2)
    assert rows[1]["bcr"] == ""
    assert "1 assets have no readable cost of the retrofit: b" in capsys.readouterr().out


def test_a_retrofit_to_a_better_curve_pays(command: list[str], tmp_path: Path) -> None:
    main([*command, "--after", "house=jrc.europe.residential", "--life", "30"])
    summary, rows = results(tmp_path / "out")
    saved = float(rows[0]["aal_before"]) - float(rows[0]["aal_after"])
    worth = saved * (1 - 1.03**-30) / 0.03
    assert float(rows[0]["bcr"]) == pytest.approx(worth / 20)
    assert summary["known_bcr"] == pytest.approx(worth / 20)


def test_fragilities_give_states(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command[command.index("house=jrc.asia.residential")] = "house=jonkman.remaining"
    main(command)
    _, rows = results(tmp_path / "out")
    chances = [float(v) for k, v in rows[0].items() if k.startswith("chance_")]
    assert sum(chances) == pytest.approx(1.0)
    assert "in a year:" in capsys.readouterr().out


def test_a_fragility_with_costs_gives_losses(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "state" / "curves").mkdir(parents=True)
    (tmp_path / "state" / "curves" / "ours.toml").write_text(FRAME, encoding="utf-8")
    command[command.index("house=jrc.asia.residential")] = "house=wading+RES1"
    main(command)
    summary, rows = results(tmp_path / "out")
    assert summary["versions"]["curve wading+RES1"] == "1+6.1"
    assert 0 < float(rows[0]["aal_whole"]) < 1000


def test_probabilities_that_rise_are_named(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hazard.csv").write_text(HAZARD.replace("0.05", "0.3"), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(command)
    assert "2 places have probabilities that rise" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_hazard_is_at_least_so_much_and_never_zero(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = "lon,lat,poe-0.5,poe-1,poe-2\n114.30,30.60,0.4,0.2,0.05\n114.31,30.60,,0.2,\n"
    (tmp_path / "hazard.csv").write_text(here, encoding="utf-8")
    main(command)
    summary, rows = results(tmp_path / "out")
    assert (summary["aal"], summary["unknown"]) == (None, 2)
    assert summary["known_aal"] == pytest.approx(float(rows[0]["aal_whole"]))
    assert "Average annual loss at least" in capsys.readouterr().out


def test_where_every_hazard_is_unknown_nothing_is_assessed(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hazard.csv").write_text(
        "lon,lat,poe-0.5,poe-1\n114.30,30.60,,\n114.31,30.60,,\n", encoding="utf-8"
    )
    with pytest.raises(SystemExit) as end:
        main(command)
    said = capsys.readouterr().out
    assert end.value.code == 1
    assert "Not one asset could be assessed" in said and "0.00" not in said
    assert results(tmp_path / "out")[0]["aal"] is None


@pytest.mark.parametrize("wrong", [["--discount-rate", "3"], ["--life", "nan"]])
def test_a_discount_rate_in_percent_and_an_unknown_life_are_refused(
    command: list[str], wrong: list[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command, "--after", "house=jrc.asia.residential", *wrong])
    assert end.value.code == 1
    assert not (tmp_path / "out").exists()
