"""What tests of the loop and of replays need: tables for the tiny city, and its scenario."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from rencheng.adapters.replay.scenarios import ScenarioFile, ScenarioFolder
from rencheng.adapters.restoration import load_restoration
from rencheng.domain.impact import FragilityTable

SCENARIO = "illapel_2015"


@cache
def table() -> FragilityTable:
    """Return the tiny city's curves, medians as HAZUS prints them or near it."""
    rows = {
        "LF.W1.MC": ((0.24, 0.43, 0.91, 1.34), 0.4, 0.03),
        "LF.RM1.L.MC": ((0.22, 0.30, 0.50, 0.85), 0.4, 0.13),
        "LF.C2.M.HC": ((0.17, 0.36, 0.87, 1.95), 0.4, 0.10),
        "LF.C2.M.MC": ((0.17, 0.30, 0.68, 1.26), 0.4, 0.10),
        "LF.S3.MC": ((0.13, 0.19, 0.33, 0.60), 0.4, 0.03),
        "LF.URM.L.PC": ((0.13, 0.17, 0.26, 0.37), 0.4, 0.15),
        "LF.C1.L.MC": ((0.16, 0.23, 0.41, 0.77), 0.4, 0.13),
        "EP.G.S.A": ((0.10, 0.21, 0.48, 0.78), 0.5, np.nan),
        "EP.S.M.A": ((0.15, 0.25, 0.35, 0.70), 0.5, np.nan),
        "EP.S.M.U": ((0.10, 0.20, 0.30, 0.50), 0.5, np.nan),
        "EP.C.A": ((0.28, 0.40, 0.72, 1.10), 0.2, np.nan),
        "EP.C.U": ((0.24, 0.33, 0.58, 0.89), 0.2, np.nan),
    }
    return FragilityTable(
        id=tuple(rows),
        intensity=("PGA",) * len(rows),
        median_g=np.array([r[0] for r in rows.values()]),
        beta=np.array([[r[1]] * 4 for r in rows.values()]),
        collapse=np.array([r[2] for r in rows.values()]),
        source=("test",) * len(rows),
        version="test-1",
    )


@cache
def tiny_scenario() -> ScenarioFile:
    """Return the shipped scenario as if it were of the tiny city."""
    file = ScenarioFolder().file(SCENARIO)
    return replace(file, scenario=replace(file.scenario, city="tiny"))


restoration = load_restoration
