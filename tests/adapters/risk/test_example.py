"""The made-up town: all of its tables say that they are, and nothing is written over."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rencheng.adapters.risk.example import write_example
from rencheng.domain.errors import ConflictError


def test_every_asset_of_the_example_says_that_it_is_synthetic(tmp_path: Path) -> None:
    write_example(tmp_path)
    for name in ("houses.csv", "homes.csv"):
        rows = list(csv.DictReader((tmp_path / name).read_text(encoding="utf-8").splitlines()))
        assert len(rows) == 24
        assert {row["origin"] for row in rows} == {"synthetic"}
    assert "synthetic" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_file_that_is_there_is_not_written_over_and_nothing_else_is_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "floods.csv").write_text("mine")
    with pytest.raises(ConflictError, match=r"floods\.csv"):
        write_example(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["floods.csv"]
