"""Studies of areas and lines: what each covers, with the asset's own draws in all its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from scipy import stats

from rencheng import risk
from rencheng.domain.risk_uncertainty import (
    CurveQuantile,
    IntensityFactor,
    Study,
    UncertainInput,
    ValueFactor,
)
from risk_kit import ramp

MONEY: dict[str, Any] = {"currency": "CNY", "year": 2024}
CURVE = {"line": ramp([0.0, 2.0, 10.0], [0.0, 0.5, 0.9], [0.0, 0.2, 0.1])}
SIDE = 0.01


def town() -> tuple[dict[str, Any], risk.Pointwise]:
    """A district over six points, a road past three, a house, and a square in the open sea."""
    lon, lat = (a.ravel() for a in np.meshgrid(np.arange(5) * SIDE, np.arange(4) * SIDE))
    rng = np.random.default_rng(1)
    events = {
        "event": np.repeat([f"e{i}" for i in range(6)], lon.size),
        "rate": np.repeat(rng.uniform(0.01, 0.2, 6), lon.size),
        "lon": np.tile(lon, 6),
        "lat": np.tile(lat, 6),
        "intensity": rng.gamma(2.0, 1.0, 6 * lon.size),
    }
    events["intensity"][7] = np.nan
    shapes = [
        shapely.box(-SIDE / 2, -SIDE / 2, 2.4 * SIDE, 1.3 * SIDE),
        shapely.LineString([(0.0, 2 * SIDE), (2.2 * SIDE, 2.1 * SIDE)]),
        shapely.Point(4 * SIDE, 3 * SIDE),
        shapely.box(1.0, 1.0, 1.01, 1.01),
    ]
    assets = {
        "id": ["district", "road", "house", "sea"], "value": [1000.0, 400.0, 100.0, 5.0],
        "geometry": shapes, "group": ["n", "s", "s", "s"],
    }  # fmt: skip
    flood = risk.event_table(events, measure="water_depth", unit="m", reach_m=800.0)
    return assets, flood


def run(*inputs: UncertainInput, samples: int = 200, **asked: Any) -> Any:
    assets, flood = town()
    study = Study(inputs=inputs, samples=samples, seed=2)
    given = risk.Asked(**({"carry": risk.Carry(asset_samples=True)} | asked))
    return risk.study(assets, flood, CURVE, study, asked=given, **MONEY)


def test_a_study_of_nothing_is_the_plain_result_of_areas_and_lines() -> None:
    assets, flood = town()
    plain, found = risk.run(assets, flood, CURVE, **MONEY), run(samples=2)
    np.testing.assert_allclose(found.known_event_loss[:, 0], plain.known_loss, rtol=1e-12)
    np.testing.assert_allclose(found.known_asset_eai[:, 1], plain.known_eai, rtol=1e-6)
    np.testing.assert_allclose(found.known_eai_quantiles[:, 2], plain.known_eai, rtol=1e-6)
    assert found.counts == plain.counts and (found.dark == plain.dark).all()
    assert (found.standing == plain.standing).all() and found.unknown[0] == plain.unknown.sum()
    assert {one.key for one in found.faults} == {one.key for one in plain.faults}


def test_an_asset_of_its_own_errs_as_a_whole() -> None:
    found, plain = run(ValueFactor(name="v", own=0.4), samples=2000), run(samples=1)
    for row, worth in zip(found.known_asset_eai[:3], plain.known_asset_eai[:3, 0], strict=True):
        assert stats.kstest(row, stats.lognorm(0.4, scale=worth).cdf).pvalue > 1e-3
    np.testing.assert_allclose(
        found.known_group_aal, [found.known_asset_eai[0], found.known_asset_eai[1:].sum(axis=0)],
        rtol=1e-6,
    )  # fmt: skip


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_change_no_bit_of_areas_and_lines(threads: int) -> None:
    inputs = (ValueFactor(name="v", own=0.4), CurveQuantile(name="q"))
    inputs += (IntensityFactor(name="x", between=0.2, within=0.2),)
    whole = run(*inputs)
    cut = run(*inputs, threads=threads, budget_mb=0.4)
    np.testing.assert_array_equal(whole.known_asset_eai, cut.known_asset_eai)
    np.testing.assert_array_equal(whole.known_aal, cut.known_aal)
    np.testing.assert_array_equal(whole.dark, cut.dark)
