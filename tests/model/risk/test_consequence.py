"""Losses from damage states: by hand, and everywhere between the knots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curve_kit import fragility, tabulated, vulnerability
from rencheng import risk
from rencheng.domain.curve import Beyond, CurveStatus
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.risk_consequence import RepairCost
from rencheng.model.risk.consequence import SD_TOLERANCE, TOLERANCE, vulnerability_of

TWO = RepairCost(
    id="house",
    component="structure",
    states=("slight", "heavy"),
    share=(0.1, 0.6),
    source="by hand",
    licence="CC0-1.0",
    status=CurveStatus.ASSUMPTION,
    version="1",
)


def test_at_the_median_of_two_states_the_loss_is_half_of_the_first_and_what_the_second_adds() -> (
    None
):
    # x = 0.2: P1 = 0.5, P2 = Φ(ln 0.5 / 0.5) = 0.08283; 0.1 (P1 − P2) + 0.6 P2 = 0.091414…
    curve = vulnerability_of(fragility(), TWO)
    assert curve.value(0.2) == pytest.approx(0.1 * 0.5 + 0.5 * 0.0828285, abs=2e-5)
    # variance = 0.01 (P1 − P2) + 0.36 P2 − mean².
    variance = 0.01 * 0.4171715 + 0.36 * 0.0828285 - 0.09141425**2
    assert curve.spread(0.2) == pytest.approx(variance**0.5, abs=1e-3)


@pytest.mark.parametrize("beta", [[0.4, 0.5], [1.2, 0.3], [0.05, 0.05]])
def test_between_knots_it_stays_within_its_tolerance(beta: list[float]) -> None:
    given = fragility(beta=beta)
    curve = vulnerability_of(given, TWO)
    x = np.linspace(0, 3, 40_001)
    shares = given.shares(x)[:, 1:]
    mean = shares @ np.array(TWO.share)
    sd = np.sqrt(np.maximum(shares @ np.array(TWO.share) ** 2 - mean**2, 0))
    assert np.abs(curve.value(x) - mean).max() < 2 * TOLERANCE
    assert np.abs(curve.spread(x) - sd).max() < 4 * SD_TOLERANCE
    assert curve.x.size < 1500


def test_a_table_of_probabilities_keeps_its_range_and_what_it_says_beyond() -> None:
    given = tabulated(above=Beyond.UNKNOWN, high=1.5)
    curve = vulnerability_of(given, TWO)
    assert curve.value(1.0) == pytest.approx(0.1 * 0.25 + 0.6 * 0.25)
    assert np.isnan(curve.value(1.6))
    assert (curve.low, curve.high, curve.unit) == (0.0, 1.5, "g")


def test_costs_that_vary_add_to_the_spread() -> None:
    given = fragility()
    sure = vulnerability_of(given, TWO)
    varied = vulnerability_of(given, replace(TWO, sd=(0.05, 0.2)))
    assert varied.value(0.4) == pytest.approx(sure.value(0.4), abs=2e-5)
    # At 0.4: P2 = 0.5, P1 = Φ(ln 2 / 0.4) = 0.958440; s² adds 0.0025 (P1 − P2) + 0.04 P2.
    more = varied.spread(0.4) ** 2 - sure.spread(0.4) ** 2
    assert more == pytest.approx(0.0025 * 0.45844 + 0.04 * 0.5, abs=1e-3)


def test_what_does_not_fit_is_named() -> None:
    wrong = {
        "kind": (vulnerability(), TWO),
        "states": (fragility(), replace(TWO, states=("slight", "bad"))),
        "component": (fragility(), replace(TWO, component="contents")),
        "share": (fragility(), replace(TWO, share=(10.0, 60.0))),
        "falls": (fragility(), replace(TWO, share=(0.6, 0.1))),
        "sd": (fragility(), replace(TWO, sd=(0.1,))),
    }
    for key, (curve, cost) in wrong.items():
        with pytest.raises(InvalidInputError) as caught:
            vulnerability_of(curve, cost)
        assert [f.key for f in caught.value.faults] == [f"consequence.{key}"]


def test_the_shipped_costs_rise_and_end_where_hazus_ends() -> None:
    # HAZUS 6.1, whole buildings: RES1 0.02, 0.10, 0.447, 1; its three components add up to the same
    # within the rounding of the tables.
    whole = risk.repair_cost("RES1")
    assert whole.share == (0.02, 0.1, 0.447, 1.0)
    parts = ("structure", "nonstructural_drift", "nonstructural_acceleration")
    for use in ("RES1", "RES3", "COM4", "IND2", "EDU1", "GOV2"):
        total = np.sum([risk.repair_cost(use, part).share for part in parts], axis=0)
        assert total == pytest.approx(risk.repair_cost(use).share, abs=2e-3)


def test_an_offices_costs_are_read_and_what_is_missing_is_said(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(
        'schema = "rencheng/repair-cost/1"\nsource = "survey"\nlicence = "own"\n'
        'valid_from = "2026-01-01"\njurisdiction = "here"\nstatus = "assumption"\nversion = "1"\n'
        'states = ["slight", "heavy"]\n[share.whole]\nhouse = [0.1, 0.9]\n',
        encoding="utf-8",
    )
    curve = risk.vulnerability_of(fragility(), risk.repair_cost("house", file=file))
    assert (curve.component, curve.id) == ("whole", "a+house")
    with pytest.raises(NotFoundError, match="castle"):
        risk.repair_cost("castle", file=file)
    file.write_text(file.read_text(encoding="utf-8").replace("0.9", "0.8"), encoding="utf-8")
    assert risk.repair_cost("house", file=file).share == (0.1, 0.8)
    file.with_name("bad.toml").write_text("schema = 1", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"bad\.toml"):
        risk.repair_cost("house", file=file.with_name("bad.toml"))
