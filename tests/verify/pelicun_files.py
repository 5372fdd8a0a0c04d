"""Every sample of demands that pelicun ships, read and written: nothing may be lost on the way.

The package is BSD-3; its data are read, its code is never imported.
"""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np

from rencheng.adapters.risk.formats.pelicun import read_sample, write_sample

NEEDS = ("pelicun==3.10.0",)
NAMES = ("response.csv", "demand_sample_A.csv", "demand_sample_B.csv", "demand_sample_C.csv")


def judge(folder: Path) -> str:
    """Return how many files went round; raise AssertionError when one comes back different."""
    (wheel,) = folder.glob("pelicun-3.10.0-*.whl")
    files = cells = 0
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as place:
        for name in archive.namelist():
            if Path(name).name not in NAMES:
                continue
            one, two = Path(place) / "one.csv", Path(place) / "two.csv"
            one.write_bytes(archive.read(name))
            before = read_sample(one)
            write_sample(before, two)
            after = read_sample(two)
            same = np.array_equal(before.values, after.values, equal_nan=True)
            for part in ("labels", "units", "index", "notes"):
                same &= getattr(before, part) == getattr(after, part)
            if not same:
                raise AssertionError(name)
            files, cells = files + 1, cells + before.values.size
    if not files:
        raise AssertionError("the package has no samples any more")
    return f"{files} files, {cells:,} numbers there and back"
