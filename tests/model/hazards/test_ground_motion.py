"""The ground-motion model against its authors' tables."""

import csv
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.model.hazards.earthquake.ground_motion import PGA, SA1, ln_median

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "shaking"
CASES = sorted(GOLDEN.glob("*/case.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.parent.name)
def test_agrees_with_the_authors_table(case: Path) -> None:
    facts = tomllib.loads(case.read_text(encoding="utf-8"))
    with (case.parent / facts["table"]).open(encoding="utf-8") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert len(rows) >= 20
    where = [np.array([r[k] for r in rows]) for k in ("magnitude", "rupture_km", "vs30")]
    for name, model in (("pga", PGA), ("sa1", SA1)):
        expected = np.array([r[f"{name}_g"] for r in rows])
        assert np.exp(ln_median(model, *where)) == pytest.approx(
            expected, rel=facts["tolerance"]["median"]
        )
        assert model.phi == pytest.approx(
            facts["within_event"][name], abs=facts["tolerance"]["sigma"]
        )
        total = np.hypot(model.phi, model.tau)
        assert total == pytest.approx(facts["total"][name], abs=facts["tolerance"]["sigma"])


@given(st.floats(6.0, 8.8), st.floats(20, 300), st.floats(20, 300), st.floats(150, 1200))
def test_shaking_falls_with_distance(m: float, near: float, far: float, vs30: float) -> None:
    near, far = sorted((near, far))
    for row in (PGA, SA1):
        assert ln_median(row, m, near, vs30) >= ln_median(row, m, far, vs30) - 1e-12


def test_shapes_broadcast_over_samples_and_sites() -> None:
    answer = ln_median(PGA, np.full((3, 1), 8.0), np.full((3, 5), 100.0), np.full((1, 5), 400.0))
    assert answer.shape == (3, 5)
