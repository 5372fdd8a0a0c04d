"""JRC's depth-damage curves, against those that HydroMT-FIAT carries.

The package is GPL-3: a table of it is read, its code is never imported. Ours come from
physrisk-lib; where two transcriptions by other people agree, a slip of either is unlikely.
"""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

from rencheng.adapters.curve_library.library import CurveLibrary

NEEDS = ("hydromt-fiat==0.5.10",)
FILE = "hydromt_fiat/data/damage_functions/flooding/JRC_damage_functions.csv"
DEPTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
# They round to two digits.
TOLERANCE = 0.005
LEAST = 10
# What stands there instead, by what our id holds; found by comparing their curves with each other.
THEIRS = {
    "north_america.": "numbers of their own calculation; which are JRC's was not settled",
    "global.": "the mean of the continents that stand there",
    ".industrial": "their commercial curve again",
}


def judge(folder: Path) -> str:
    """Return which curves agree; raise AssertionError where one differs without a reason."""
    with zipfile.ZipFile(next(folder.glob("hydromt_fiat-*.whl"))) as archive:
        lines = io.StringIO(archive.read(FILE).decode("utf-8-sig"))
    there = {(row["continent"], row["type"]): row for row in csv.DictReader(lines)}
    same, other = [], []
    for name, curve in CurveLibrary(Path("nowhere")).ours.items():
        _, region, asset = name.split(".") if name.startswith("jrc.") else ("", "", "")
        row = there.get((region.replace("_", " "), asset))
        if row is None:
            continue
        apart = [abs(float(curve.value(x)) - float(row[f"{x:.2f}m"])) for x in DEPTHS]
        why = next((said for part, said in THEIRS.items() if part in name), "")
        if max(apart) > TOLERANCE and not why:
            raise AssertionError(f"{name}: off by {max(apart):.3f}")
        (other if why else same).append(f"{name}: they have {why}" if why else name)
    if len(same) < LEAST:
        raise AssertionError(f"{len(same)} curves were compared")
    told = "".join(f"\n    not compared, {line}" for line in other)
    return f"{len(same)} curves within the two digits that are printed there{told}"
