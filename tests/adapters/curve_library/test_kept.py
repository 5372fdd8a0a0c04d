"""A library that is kept: the same object until a table of the office changes."""

from __future__ import annotations

import os
from pathlib import Path

from rencheng import risk
from rencheng.adapters.curve_library.kept import library_of

OFFICE = """schema = "rencheng/curves/1"
kind = "vulnerability"
hazard = "flood"
component = "whole"
intensity = "water_depth"
unit = "m"
region = "here"
source = "our survey of 2024"
licence = "own"
status = "assumption"
version = "1"

[[curve]]
id = "ours"
asset = "residential"
x = [0, 1]
mean = [0, 0.3]
"""


def test_a_curve_is_read_once_and_again_when_the_office_changes_it(tmp_path: Path) -> None:
    (tmp_path / "curves").mkdir()
    file = tmp_path / "curves" / "here.toml"
    file.write_text(OFFICE, encoding="utf-8")
    first = risk.curve("ours", tmp_path)
    assert risk.curve("ours", str(tmp_path)) is first
    file.write_text(OFFICE.replace("0.3]", "0.4]"), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert risk.curve("ours", tmp_path).value(1.0) == 0.4


def test_folders_have_libraries_of_their_own(tmp_path: Path) -> None:
    assert library_of(tmp_path) is library_of(tmp_path)
    assert library_of(tmp_path) is not library_of(tmp_path / "other")
