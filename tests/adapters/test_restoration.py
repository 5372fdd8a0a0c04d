"""The restoration table as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from rencheng.adapters.files import data_folder
from rencheng.adapters.restoration import load_restoration
from rencheng.domain.errors import CorruptDataError
from rencheng.domain.impact import DamageState

SHIPPED = data_folder() / "rules" / "restoration.toml"


def test_the_shipped_table_covers_every_state() -> None:
    table = load_restoration()
    row = table.row("substation")
    assert table.mean_d[row].tolist() == [0, 1, 3, 7, 30]
    assert table.mean_d.shape == (len(table.kind), len(DamageState))
    assert all(table.source) and table.row("windmill") == -1


def test_a_broken_table_names_every_broken_row(tmp_path: Path) -> None:
    file = tmp_path / "restoration.toml"
    text = SHIPPED.read_text(encoding="utf-8")
    text = text.replace("[[1.0, 0.5], [3.0, 1.5]", "[[9.0, 0.5], [3.0, 1.5]")
    text = text.replace('kind = "well"', "kind_of = 3")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CorruptDataError) as caught:
        load_restoration(file)
    assert len(caught.value.faults) == 2


def test_a_missing_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"none\.toml cannot be read"):
        load_restoration(tmp_path / "none.toml")
