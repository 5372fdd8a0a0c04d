"""A town of 40 zones under a correlated ground-motion field, for learning from surveys."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import DamageState, FragilityTable
from rencheng.domain.learning import DamageReport, ModelVersion
from rencheng.domain.provenance import Mode, Origin
from rencheng.model.learning import learn, synthetic_survey
from tiny_city import make_tiny_city

AT = datetime(2015, 9, 20, tzinfo=UTC)
ZONES, SAMPLES = 40, 200
TYPES = ("C1.L", "C2.M", "RM1.L", "URM.L", "W1")


def make_town(seed: int = 0, buildings: int = 4000) -> City:
    rng = np.random.default_rng(seed)
    city = make_tiny_city()
    columns = replace(
        city.buildings, zone=rng.integers(0, ZONES, buildings).astype(np.int32),
        curve=rng.integers(0, len(TYPES), buildings).astype(np.int16),
        curves=tuple(f"LF.{name}.MC" for name in TYPES),
    )  # fmt: skip
    return replace(city, buildings=columns)


def make_table() -> FragilityTable:
    # HAZUS moderate code: C1L, C2M, RM1L; low code: URML; moderate code: W1.
    medians = [
        (0.16, 0.23, 0.41, 0.77), (0.15, 0.26, 0.55, 1.02), (0.22, 0.30, 0.50, 0.85),
        (0.14, 0.20, 0.32, 0.46), (0.24, 0.43, 0.91, 1.34), (0.15, 0.25, 0.35, 0.70),
    ]  # fmt: skip
    return FragilityTable(
        id=(*(f"LF.{name}.MC" for name in TYPES), "EP.S.M.A"), intensity=("PGA",) * 6,
        median_g=np.array(medians), beta=np.full((6, 4), 0.4), collapse=np.full(6, 0.1),
        source=("test",) * 6, version="hazus-test",
    )  # fmt: skip


def make_fields(seed: int, count: int = SAMPLES) -> np.ndarray:
    """Draw PGA with an event term of 0.3, and 0.4 within the event that falls off over 10 km."""
    rng = np.random.default_rng(seed)
    east = np.arange(ZONES) % 8 * 1.5
    north = np.arange(ZONES) // 8 * 1.5
    apart = np.hypot(east[:, None] - east, north[:, None] - north)
    chol = np.linalg.cholesky(np.exp(-3 * apart / 10) + 1e-9 * np.eye(ZONES))
    within = 0.4 * rng.standard_normal((count, ZONES)) @ chol.T
    return np.exp(np.log(0.3) + 0.3 * rng.standard_normal((count, 1)) + within)


def make_shaking(seed: int = 1) -> Shaking:
    fields = make_fields(seed)
    return Shaking(
        pga_g=fields, sa1_g=fields, rupture_km=np.full(fields.shape, 50.0), stations_used=(),
        model="test", version="1", bulletin="b",
    )  # fmt: skip


def make_reports(survey: list[tuple[int, DamageState]], unknown: int = 0) -> list[DamageReport]:
    rows = [*survey, *[(-1, DamageState.COMPLETE)] * unknown]
    return [
        DamageReport(
            id=f"r{i}", building=building, xy=(0.0, 0.0), state=state, reporter="t", reported=AT,
            origin=Origin.SYNTHETIC, mode=Mode.TEST, run="t",
        )
        for i, (building, state) in enumerate(survey and rows)
    ]  # fmt: skip


def survey_and_learn(truth: dict[str, tuple[float, float]], count: int, seed: int) -> ModelVersion:
    """Draw a survey under a field that the learner has not seen, and learn from it."""
    city, table = make_town(), make_table()
    field = make_fields(seed + 1000, 1)[0]
    found = synthetic_survey(
        city, table, truth, {"PGA": field, "SA1": field}, seed=seed, count=count
    )
    return learn(
        make_reports(found), city, make_shaking(), table, seed=seed, at=AT, mode=Mode.TEST, run="t"
    )
