"""A folder of results: whole, or without a summary; nothing of an earlier result beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rencheng.adapters.risk.results_folder import results_folder, write_summary


def write(folder: Path, *names: str) -> None:
    with results_folder(folder):
        files = [folder / name for name in names]
        for file in files:
            file.write_text("x", encoding="utf-8")
        write_summary(folder, {"n": len(names)}, files)


def test_tables_of_an_earlier_result_do_not_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("kept", encoding="utf-8")
    write(tmp_path, "events.csv", "events_by_hazard.csv")
    write(tmp_path, "events.csv")
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "events.csv", "mine.csv", "summary.json",
    ]  # fmt: skip
    said = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert said == {"n": 1, "files": ["events.csv"]}


def test_a_result_that_broke_off_has_no_summary(tmp_path: Path) -> None:
    write(tmp_path, "events.csv")
    with pytest.raises(ZeroDivisionError), results_folder(tmp_path):
        assert not (tmp_path / "summary.json").exists()
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"files": 3}', '{"files": ["../far.csv", 1]}'])
def test_a_summary_of_others_removes_nothing_but_itself(said: str, tmp_path: Path) -> None:
    far, folder = tmp_path / "far.csv", tmp_path / "out"
    folder.mkdir()
    far.write_text("kept", encoding="utf-8")
    (folder / "summary.json").write_text(said, encoding="utf-8")
    write(folder, "events.csv")
    assert far.exists() and (folder / "events.csv").exists()
