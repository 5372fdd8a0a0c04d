"""CLIMADA's demonstration pair: storms over Florida, fifty assets, one average annual loss.

The package is GPL-3: its data are read, its code is never imported. The expected number was printed
by CLIMADA 6.1.0 itself on the pair that its wheel carries (insured, nearest point; the cover never
binds there).
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from rencheng import risk
from rencheng.domain.curve import Curve, CurveKind, CurveStatus

NEEDS = ("climada==6.1.0", "openpyxl==3.1.5", "et-xmlfile==2.0.0")
EXPECTED = 76747878.57168342
# Intensities are kept as float32 here and as float64 there.
TOLERANCE = 1e-6
DEMO = "climada/data/demo"


def judge(folder: Path) -> str:
    """Return what was compared; raise AssertionError when it differs."""
    wheel = next(folder.glob("climada-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        for name in ("tc_fl_1990_2004.h5", "demo_today.xlsx"):
            (folder / name).write_bytes(archive.read(f"{DEMO}/{name}"))
    rows, functions = sheets(folder)
    storms = risk.open_events(folder / "tc_fl_1990_2004.h5", measure="wind_1min", reach_m=100_000.0)
    source, _ = storms.at(np.zeros((0, 2)))
    _, x = source.block(0, len(source.head.names))
    assets = {
        "id": [str(i) for i in range(len(rows))],
        "lon": [r["longitude"] for r in rows],
        "lat": [r["latitude"] for r in rows],
        "value": [r["value"] for r in rows],
    }
    result = risk.run(assets, storms, [damage(functions, x)], currency="USD", year=2010)
    off = abs(result.aal / EXPECTED - 1.0)
    said = f"average annual loss {result.aal:.8f}, CLIMADA {EXPECTED}: off by {off:.1e}"
    if not off <= TOLERANCE:
        raise AssertionError(said)
    return said


def damage(functions: list[dict[str, Any]], x: np.ndarray) -> Curve:
    """Return their curve 1, share affected times share lost, with a knot at every wind of the set.

    The product of two straight lines is curved: only so does it stay exact.
    """
    ours = [f for f in functions if f["impact_fun_id"] == 1]
    knots, paa, mdd = (
        np.array([f[n] for f in ours], dtype=float) for n in ("intensity", "paa", "mdd")
    )
    at = np.unique(np.concatenate([knots, x.astype(float)]))
    return Curve(
        id="climada.tc.1",
        kind=CurveKind.VULNERABILITY,
        hazard="wind",
        component="whole",
        intensity="wind_1min",
        unit="m/s",
        asset="any",
        region="any",
        x=at,
        mean=np.interp(at, knots, paa) * np.interp(at, knots, mdd),
        low=at[0],
        high=at[-1],
        source="CLIMADA 6.1.0, demo_today.xlsx, impact_functions",
        licence="GPL-3.0",
        status=CurveStatus.UNVERIFIED,
        version="6.1.0",
    )


def sheets(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of assets and of impact functions."""
    pure = ("openpyxl-*.whl", "et_xmlfile-*.whl")  # Python alone: they are read as they lie
    sys.path[:0] = [str(file) for name in pure for file in folder.glob(name)]
    import openpyxl

    book = openpyxl.load_workbook(folder / "demo_today.xlsx", data_only=True)
    found = []
    for name in ("assets", "impact_functions"):
        head, *rows = book[name].iter_rows(values_only=True)
        found.append([dict(zip(head, row, strict=True)) for row in rows if row[0] is not None])
    return found[0], found[1]
