"""Buildings that are taken together under measures: totals stay as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rencheng.adapters.risk.city.drawn_measures import drawn_samples, pooled
from rencheng.domain.curve import Curve, CurveKind, CurveStatus
from rencheng.domain.risk import EventHead, Events, Portfolio
from rencheng.domain.risk_measures import EffectSpread, Estimate, Measure, MeasureKind, MeasureSet
from rencheng.domain.risk_uncertainty import Study, ValueFactor
from rencheng.model.risk.measures.transforming import Situation
from rencheng.model.risk.measures.uncertain import appraise_samples

FREE = Estimate(low=0.0, best=0.0, high=0.0)
WHERE = [np.arange(40) < 25, np.arange(40) >= 15]


@pytest.fixture
def before() -> Situation:
    rng = np.random.default_rng(3)
    curve = Curve(
        id="house", kind=CurveKind.VULNERABILITY, hazard="flood", component="whole",
        intensity="water_depth", unit="m", asset="house", region="any", x=np.array([0.0, 4.0]),
        mean=np.array([0.0, 0.8]), low=0.0, high=4.0, source="by hand", licence="CC0-1.0",
        status=CurveStatus.ASSUMPTION, version="1",
    )  # fmt: skip
    value = rng.uniform(1e4, 1e6, (40, 1))
    value[7] = np.nan
    head = EventHead(
        place=np.array([[0.0, 0.0], [0.1, 0.0]]), rate=np.array([0.1, 0.01]), names=("a", "b"),
        measure="water_depth", unit="m", source="by hand",
    )  # fmt: skip
    return Situation(
        source=Events(
            head=head, start=np.array([0, 2, 4]), point=np.array([0, 1, 0, 1], dtype=np.int32),
            intensity=np.array([0.5, 1.0, 2.0, 3.0], dtype=np.float32),
        ),
        portfolio=Portfolio(
            id=tuple(map(str, range(40))), point=rng.integers(-1, 2, 40).astype(np.int32),
            curve=rng.integers(-1, 1, (40, 1)).astype(np.int32), value=value,
            components=("whole",), currency="EUR", year=2010,
        ),
        curves=(curve,),
        names={"house": 0},
    )  # fmt: skip


def given(kind: MeasureKind = MeasureKind.BARRIER, **second: Any) -> MeasureSet:
    common: dict[str, Any] = {
        "where": {}, "cost": FREE, "upkeep": FREE, "life": 50, "excludes": (),
        "source": "by hand", "status": CurveStatus.ASSUMPTION,
    }  # fmt: skip
    spread = EffectSpread(median=0.6, p05=0.4, p95=0.9)
    return MeasureSet(
        study=Study(inputs=(ValueFactor(name="worth", common=0.3),), samples=30, seed=5),
        measures=(
            Measure(id="a", name="a", kind=MeasureKind.RETROFIT, ratio_factor=0.6,
                    effect={"ratio_factor": spread}, **common),
            Measure(id="b", name="b", kind=kind, **second, **common),
        ),
        currency="EUR", year=2010, version="1", source="by hand",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "second"),
    [
        (MeasureKind.BARRIER, {"lowers": 0.7, "unit": "m"}),
        (MeasureKind.RELOCATION, {}),
        (MeasureKind.INSURANCE, {"share": 0.5}),
        (MeasureKind.INSURANCE, {"share": 0.5, "deductible": 3e4, "limit": 2e5}),
    ],
)
def test_every_sample_is_that_of_single_buildings(
    before: Situation, kind: MeasureKind, second: dict[str, Any]
) -> None:
    measures = given(kind, **second)
    quick = drawn_samples(before, measures, WHERE, lambda done, total: None)
    for one, slow in zip(quick, appraise_samples(before, measures, WHERE), strict=True):
        for rows in (frozenset({0}), frozenset({1}), frozenset({0, 1})):
            assert one.saving(rows).total == pytest.approx(
                slow.saving(rows).total, rel=1e-6
            )  # losses of a matrix are float32


def test_pooling_keeps_every_known_worth_once(before: Situation) -> None:
    small, where = pooled(before, WHERE, np.zeros(40, dtype=bool))
    assert len(small.portfolio.id) < 39
    assert small.portfolio.value.sum() == pytest.approx(np.nansum(before.portfolio.value))
    for here, own in zip(where, WHERE, strict=True):
        known = np.nansum(before.portfolio.value[own])
        assert small.portfolio.value[here].sum() == pytest.approx(known)


def test_single_buildings_stay_single(before: Situation) -> None:
    small, _ = pooled(before, WHERE, WHERE[0])
    many, _ = pooled(before, WHERE, np.zeros(40, dtype=bool))
    assert len(small.portfolio.id) >= 24 > len(many.portfolio.id)
    assert small.portfolio.value.sum() == pytest.approx(many.portfolio.value.sum())


def test_nothing_uncertain_draws_nothing(before: Situation) -> None:
    measures = replace(given(lowers=0.7, unit="m"), study=None)
    assert drawn_samples(before, measures, WHERE, lambda done, total: None) == ()
