"""`rencheng risk classical` with several hazard files: branches of a logic tree."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from rencheng.cli import main

ASSETS = "id,lon,lat,value,curve,cost\na,114.30,30.60,1000,house,20\n"
HAZARD = "lon,lat,poe-0.5,poe-1,poe-2\n114.30,30.60,"
BRANCHES = {"wet": "0.4,0.2,0.05", "usual": "0.2,0.1,0.02", "dry": "0,0,0"}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "assets.csv").write_text(ASSETS, encoding="utf-8")
    for name, poe in BRANCHES.items():
        (tmp_path / f"{name}.csv").write_text(f"{HAZARD}{poe}\n", encoding="utf-8")
    return [
        "risk", "classical", "--assets", f"{tmp_path}/assets.csv",
        "--measure", "water_depth", "--unit", "m", "--years", "50", "--currency", "CNY",
        "--year", "2024", "--state", f"{tmp_path}/state", "--lang", "en",
    ]  # fmt: skip


def run(command: list[str], folder: Path, *more: str, curve: str = "jrc.asia.residential") -> dict:
    out = folder / "-".join(Path(one).stem for one in more if one.endswith(".csv"))
    main([*command, "--curves", f"house={curve}", "--out", str(out), "--hazard", *more])
    rows = list(csv.DictReader((out / "assets.csv").read_text(encoding="utf-8").splitlines()))
    return {"row": rows[0], **json.loads((out / "summary.json").read_text(encoding="utf-8"))}


def test_the_mean_of_branches_is_weighted_and_quantiles_lie_among_them(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wet, usual, dry = (f"{tmp_path}/{name}.csv" for name in BRANCHES)
    alone = [run(command, tmp_path, one)["known_aal"] for one in (wet, usual)]
    got = run(command, tmp_path, wet, usual, dry, "--weights", "0.2", "0.5", "0.3")
    assert got["aal"] == pytest.approx(0.2 * alone[0] + 0.5 * alone[1])
    assert [one["weight"] for one in got["branches"]] == [0.2, 0.5, 0.3]
    spread = list(got["known_aal_quantiles"].values())
    assert spread == sorted(spread) and spread[0] >= 0.0 and spread[-1] <= alone[0]
    assert float(got["row"]["aal_whole_q0.95"]) == pytest.approx(spread[-1])
    assert "mean of 3 branches" in capsys.readouterr().out


def test_one_branch_is_itself(command: list[str], tmp_path: Path) -> None:
    wet, usual, _ = (f"{tmp_path}/{name}.csv" for name in BRANCHES)
    alone = run(command, tmp_path, wet)["row"]
    both = run(command, tmp_path, wet, usual, "--weights", "1", "0")["row"]
    assert {name: both[name] for name in alone} == alone


def test_chances_of_states_are_the_mean_of_the_branches(command: list[str], tmp_path: Path) -> None:
    wet, usual, _ = (f"{tmp_path}/{name}.csv" for name in BRANCHES)
    rows = [run(command, tmp_path, one, curve="jonkman.remaining")["row"] for one in (wet, usual)]
    got = run(
        command, tmp_path, wet, usual, "--weights", "0.5", "0.5", curve="jonkman.remaining"
    )["row"]  # fmt: skip
    names = [name for name in rows[0] if name.startswith("chance_")]
    for name in names:
        assert float(got[name]) == pytest.approx((float(rows[0][name]) + float(rows[1][name])) / 2)
    assert sum(float(got[name]) for name in names) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--weights", "0.5", "0.6"], "do not sum to 1"),
        (["--weights", "1.5", "-0.5"], "negative"),
        (["--weights", "1"], "2 files and 1 weights"),
        ([], "2 files and 0 weights"),
        (["--weights", "0.5", "0.5", "--quantiles", "95"], "outside 0 to 1: 95"),
    ],
)
def test_weights_and_quantiles_that_cannot_be_are_refused(
    command: list[str], tmp_path: Path, more: list[str], said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    hazards = [f"{tmp_path}/wet.csv", f"{tmp_path}/usual.csv"]
    with pytest.raises(SystemExit):
        run(command, tmp_path, *hazards, *more)
    assert said in " ".join(capsys.readouterr().err.split())


def test_branches_of_other_places_are_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = f"{HAZARD}0.4,0.2,0.05\n".replace("114.30", "114.40")
    (tmp_path / "moved.csv").write_text(moved, encoding="utf-8")
    hazards = [f"{tmp_path}/wet.csv", f"{tmp_path}/moved.csv"]
    with pytest.raises(SystemExit):
        run(command, tmp_path, *hazards, "--weights", "0.5", "0.5")
    assert "1 hazards have other places" in " ".join(capsys.readouterr().err.split())
