"""Curves small enough for a hand."""

import numpy as np
import pytest

from rencheng.adapters.risk.people.tables import casualty_table
from rencheng.domain.impact import FragilityTable
from rencheng.domain.risk_people import CasualtyTable


@pytest.fixture
def table() -> FragilityTable:
    """The tiny city's building and power curves, medians as HAZUS prints them."""
    rows = {
        "LF.W1.MC": ((0.24, 0.43, 0.91, 1.34), 0.4, 0.03),
        "LF.RM1.L.MC": ((0.22, 0.30, 0.50, 0.85), 0.4, 0.13),
        "LF.C2.M.HC": ((0.17, 0.36, 0.87, 1.95), 0.4, 0.10),
        "LF.URM.L.PC": ((0.13, 0.17, 0.26, 0.37), 0.4, 0.15),
        "LF.C1.L.MC": ((0.16, 0.23, 0.41, 0.77), 0.4, 0.13),
        "EP.S.M.A": ((0.15, 0.25, 0.35, 0.70), 0.5, np.nan),
        "EP.C.A": ((0.28, 0.40, 0.72, 1.10), 0.2, np.nan),
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


@pytest.fixture
def rates() -> CasualtyTable:
    return casualty_table()
