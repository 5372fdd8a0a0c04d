"""`rencheng risk measures`: ranked, chosen, told and written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from rencheng.cli import main

ASSETS = (
    "id,lon,lat,value,zone\na,114.30,30.60,1000000,river\nb,114.31,30.60,500000,river\n"
    "c,114.32,30.60,800000,hill\n"
)
EVENTS = (
    "event,rate,lon,lat,intensity\n"
    "e1,0.1,114.30,30.60,0.5\ne1,0.1,114.31,30.60,0.5\n"
    "e2,0.01,114.30,30.60,2\ne2,0.01,114.32,30.60,1\n"
)
HEAD = """
schema = "rencheng/measures/1"
version = "1"
source = "made up for a test"
status = "assumption"
jurisdiction = "*"
valid_from = "2026-01-01"
currency = "CNY"
year = 2024
"""
ROW = """
[[measure]]
id = "{id}"
name = "{id}"
where = {{ zone = "river" }}
{what}
life = 25
source = "by hand"
status = "assumption"
"""
MEASURES = (
    HEAD
    + ROW.format(id="levee", what='kind = "barrier"\ndesign_period = 50\ncost = [3e5, 4e5, 6e5]')
    + ROW.format(id="proof", what='kind = "retrofit"\nratio_factor = 0.5\ncost = 1.5e5')
)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    for name, text in (("assets.csv", ASSETS), ("events.csv", EVENTS), ("m.toml", MEASURES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [
        "risk", "measures", "--assets", f"{tmp_path}/assets.csv", "--events",
        f"{tmp_path}/events.csv", "--curves", "jrc.asia.residential", "--measure", "water_depth",
        "--unit", "m", "--currency", "CNY", "--year", "2024", "--measures", f"{tmp_path}/m.toml",
        "--budget", "5e5", "--discount-rate", "0.05", "--out", f"{tmp_path}/out",
        "--state", f"{tmp_path}/state", "--lang", "en",
    ]  # fmt: skip


def test_measures_are_ranked_chosen_and_written(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(command)
    said = capsys.readouterr().out
    assert "Chosen within a budget of 500,000 at 5.0%: levee" in said
    assert "No set within the budget is worth more than" in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    shares = 0.326556502, 0.720711764  # of the curve at 0.5 and 2 m
    saved = 0.1 * 1.5e6 * shares[0]
    factor = (1 - 1.05**-25) / 0.05
    assert found["chosen"]["avoided_a_year"] == pytest.approx(saved)
    assert found["chosen"]["npv"] == pytest.approx(saved * factor - 4e5)
    assert found["bound"] == pytest.approx(found["chosen"]["npv"])
    assert len(found["by_discount_rate"]) == 7
    with (tmp_path / "out" / "measures.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rank"], row["id"]) for row in rows] == [("1", "proof"), ("2", "levee")]
    half = 0.5 * (saved + 0.01 * 1e6 * shares[1])
    assert float(rows[0]["bcr"]) == pytest.approx(half * factor / 1.5e5)


def test_both_measures_together_are_not_the_sum_of_each(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command[command.index("5e5")] = "1e9"
    cheap = MEASURES.replace("1.5e5", "1e4").replace("[3e5, 4e5, 6e5]", "1e4")
    (tmp_path / "m.toml").write_text(cheap, encoding="utf-8")
    main(command)
    assert "levee, proof" in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert found["chosen"]["avoided_a_year"] < found["saving_if_each_stood_alone"]


def test_every_fault_of_the_file_is_told_and_nothing_is_written(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = MEASURES.replace("life = 25", "life = -1").replace("0.5", "5")
    (tmp_path / "m.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(command)
    said = capsys.readouterr().err
    assert said.count("life: ") == 2 and "ratio_factor: " in said
    assert not (tmp_path / "out").exists()


def test_costs_in_another_currency_need_a_table_of_prices(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MEASURES.replace('"CNY"', '"USD"')
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(command)
    assert "USD 2024 ≠ CNY 2024" in capsys.readouterr().err
    prices = (
        'schema = "rencheng/prices/1"\nsource = "x"\nversion = "1"\nvalid_from = "2026-01-01"\n'
        'jurisdiction = "*"\nstatus = "assumption"\nbase = "CNY"\n[exchange.USD]\n2024 = 0.5\n'
    )
    (tmp_path / "prices.toml").write_text(prices, encoding="utf-8")
    main([*command, "--prices", f"{tmp_path}/prices.toml"])
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert found["chosen"]["cost"] == 2e5  # the levee at half a CNY a USD


def test_it_speaks_chinese(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*command[:-1], "zh"])
    assert "净现值" in capsys.readouterr().out


UNSURE = MEASURES.replace("year = 2024\n", "year = 2024\nsamples = 40\n", 1).replace(
    "ratio_factor = 0.5", "ratio_factor = { median = 0.5, p05 = 0.3, p95 = 0.8 }"
)


def test_an_uncertain_effect_makes_an_uncertain_worth(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.toml").write_text(UNSURE, encoding="utf-8")
    main(command)
    said = capsys.readouterr().out
    assert "40 samples of what is uncertain" in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    sets = {row["measures"]: row for row in found["uncertain"]["sets"]}
    assert sets.keys() == {"levee", "proof"}
    proof = sets["proof"]
    assert proof["bcr_p05"] < proof["bcr_p50"] < proof["bcr_p95"]
    assert sets["levee"]["saved_a_year_p05"] == pytest.approx(sets["levee"]["saved_a_year_p95"])
    assert proof["share_first"] + sets["levee"]["share_first"] == pytest.approx(1.0)
    with (tmp_path / "out" / "uncertainty.csv").open(encoding="utf-8") as file:
        assert [row["measures"] for row in csv.DictReader(file)] == ["levee", "proof"]


def test_a_study_of_measures_is_the_same_again(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(UNSURE, encoding="utf-8")
    files = []
    for _ in range(2):
        main(command)
        files.append((tmp_path / "out" / "uncertainty.csv").read_bytes())
    assert files[0] == files[1]


def test_inputs_of_curves_that_are_not_there_are_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = 'year = 2024\n[[input]]\nname = "c"\nkind = "curve"\nclasses = ["shed"]\ncommon = 0.2\n'
    (tmp_path / "m.toml").write_text(MEASURES.replace("year = 2024\n", more, 1), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(command)
    assert "shed" in capsys.readouterr().err
