"""OpenQuake's reinsurance case: what each contract cedes of the claims that it prints.

The package is AGPL-3: its data are read, its code is never imported. The claims themselves are
sampled there, so only the contracts are compared: proportional cession, excess of loss on the
rest, what is retained. Policy A cedes 20 % and 30 %, B 40 % and 20 % (policy.csv), which the
surplus tells apart; the treaty lies between 50 and 350 (reinsurance.xml). The second set of
contracts (reinsurance2.xml: a treaty above another, bounds on cession) is left out.
"""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np

from rencheng import risk

NEEDS = ("openquake-engine==3.26.2",)
CASE = "openquake/qa_tests_data/event_based_risk/reinsurance_1/expected"
CEDED = {0.2: 0.3, 0.4: 0.2}
"""Quota share by surplus share."""
TREATY = risk.Layer(deductible=50.0, limit=350.0)
# Five decimals of six digits are printed, from numbers that are kept in single precision.
TOLERANCE = 1e-5


def judge(folder: Path) -> str:
    """Return what was compared; raise AssertionError when it differs."""
    wheel = next(folder.glob("openquake_engine-*.whl"))
    rows, worst = 0, 0.0
    with zipfile.ZipFile(wheel) as archive:
        for end in ("", "_np", "_prop"):
            text = archive.read(f"{CASE}/reinsurance-risk_by_event{end}.csv").decode()
            table = columns(text)
            for name, ours in contracts(table, end).items():
                off = np.abs(ours - table[name]) / np.maximum(table["claim"], 1.0)
                worst = max(worst, float(off.max()))
            rows += len(table["claim"])
    said = f"{rows} claims in 3 files, ceded and retained: off by {worst:.1e} of the claim"
    if not worst <= TOLERANCE:
        raise AssertionError(said)
    return said


def columns(text: str) -> dict[str, np.ndarray]:
    """Return the columns of a file below its first line, which says when it was made."""
    found = list(csv.DictReader(io.StringIO(text.split("\n", 1)[1])))
    return {name: np.array([float(row[name]) for row in found]) for name in found[0]}


def contracts(table: dict[str, np.ndarray], end: str) -> dict[str, np.ndarray]:
    """Return our own columns of ceded and retained amounts."""
    claim = table["claim"]
    none = np.zeros(claim.size)
    surplus = quota = share = none
    if "surplus" in table:
        share = np.where(table["surplus"] / claim > 0.3, 0.4, 0.2)
        surplus = claim * share
    if "quota_shared" in table:
        quota = claim * np.vectorize(CEDED.get)(share)
    rest = claim - surplus - quota
    treaty = none if end == "_prop" else risk.covered(rest, none, event=TREATY).paid
    ours = {"surplus": surplus, "quota_shared": quota, "WXLR": treaty}
    ours["retention"] = rest - treaty
    return {name: values for name, values in ours.items() if name in table}
