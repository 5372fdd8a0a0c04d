"""`rencheng curve`: what it shows, and how it speaks of a bad file."""

from __future__ import annotations

from pathlib import Path

import pytest

from curve_kit import vulnerability
from rencheng.adapters.curve_library.table import write_table
from rencheng.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: object, lang: str = "en") -> str:
    main(["curve", *map(str, words), "--lang", lang])
    return capsys.readouterr().out


def test_a_number_is_told_with_formula_knots_and_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "explain", "jrc.asia.residential", "100", "cm", "--state", tmp_path)
    assert "share = 0.49405" in out
    assert "standard deviation = 0.215442" in out
    assert "x: 50, 100" in out
    assert "10.2760/16510" in out


def test_a_lognormal_number_and_an_unknown_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "explain", "pager.china.dead", "8", "--state", tmp_path)
    assert "median: 10.3288" in out and "P[killed or worse] = 0.00533269" in out
    out = run(capsys, "explain", "jonkman.rapid_rise", "1", "--state", tmp_path, lang="zh")
    assert "有效范围之外：不知" in out and "= 不知" in out


def test_a_list_is_looked_through_and_says_what_is_not_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "list", "--find", "mainland", "--state", tmp_path)
    assert "2 of 2 curves" in out
    assert "hazus.flood" in out and "rencheng curve fetch" in out


def test_a_curve_is_shown_with_its_knots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "show", "nirandjan.flood.railway", "--state", tmp_path)
    assert "0.299" in out and "above: unknown" in out
    out = run(capsys, "show", "facilities/PWT.S", "--state", tmp_path)
    assert "0.83" in out and "complete" in out


def test_a_good_table_is_counted_and_a_bad_one_named_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    write_table(file, [vulnerability()])
    assert "mine.toml: 1 curves, no fault" in run(capsys, "check", file)
    rows = file.with_suffix(".csv")
    rows.write_text(rows.read_text().replace("0.8", "80"))
    with pytest.raises(SystemExit):
        run(capsys, "check", file)
    err = capsys.readouterr().err
    assert "mine.csv:2 a.mean" in err
    assert "Give shares between 0 and 1, not percent" in err


def test_the_whole_library_is_checked_in_one_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "check", "--state", tmp_path)
    assert "the office: 0 curves" in out and "the program: 60 curves" in out
