"""Who bears the losses: by hand, by Oasis' rules, nothing lost between owner and insurer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from rencheng import risk
from rencheng.adapters.risk.insurance import insured_tables
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_insurance import Terms
from rencheng.model.risk.insurance import site_paid
from risk_kit import ramp

LINE = ramp([0.0, 1.0], [0.0, 1.0], id="line")
MONEY = {"currency": "CNY", "year": 2024}
FLOOD = risk.event_table(
    {"event": ["a", "a", "b", "c"], "rate": [0.1, 0.1, 0.02, 0.01], "lon": [0.0, 1.0, 0.0, 1.0],
     "lat": [0.0] * 4, "intensity": [0.1, 0.5, 1.0, np.nan]},
    measure="water_depth", unit="m", reach_m=10,
)  # fmt: skip
"""A tenth and a half of two houses; all of the first; who knows what of the second."""
HOUSES = {"id": ["x", "y"], "lon": [0.0, 1.0], "lat": [0.0, 0.0], "value": [1000.0, 400.0]}


def insure(table: Any = HOUSES, **asked: Any) -> Any:
    return risk.insure(table, FLOOD, [LINE], risk.Contract(**asked), **MONEY)


def one(loss: float, borne: float = 0.0, **said: float) -> tuple[float, float]:
    blank = {"deductible": 0.0, "deductible_share": 0.0, "least": 0.0, "most": np.inf,
             "cover": np.inf, "cover_share": np.inf}  # fmt: skip
    terms = Terms(**{name: np.array([value]) for name, value in {**blank, **said}.items()})
    paid, off = site_paid(np.array([loss]), np.array([borne]), terms)
    return float(paid[0]), float(off[0])


@pytest.mark.parametrize(
    ("loss", "borne", "said", "paid"),
    [
        # Oasis, ktools, Financial module profiles; the rule by its number.
        (200_000.0, 0.0, {"deductible": 50_000, "cover": 900_000}, 150_000),  # 1
        (2e6, 0.0, {"deductible": 50_000, "cover": 900_000}, 900_000),  # 1
        (20_000.0, 0.0, {"deductible": 50_000, "cover": 900_000}, 0.0),  # 1
        (1000.0, 0.0, {"deductible_share": 0.05, "cover_share": 0.3}, 300.0),  # 5
        (100_000.0, 60_000.0, {"most": 40_000.0}, 120_000.0),  # 10
        (100_000.0, 30_000.0, {"most": 40_000.0}, 100_000.0),  # 10
        (100_000.0, 50_000.0, {"least": 70_000.0}, 80_000.0),  # 11
        (10_000.0, 50_000.0, {"least": 70_000.0}, 0.0),  # 11
        (90_000.0, 0.0, {"deductible": 100_000.0}, 0.0),  # 12
        (90_000.0, 0.0, {"cover": 40_000.0}, 40_000.0),  # 14
        (90_000.0, 0.0, {"cover_share": 0.5}, 45_000.0),  # 15
        (90_000.0, 0.0, {"deductible_share": 0.1}, 81_000.0),  # 16
        (90_000.0, 0.0, {"deductible_share": 0.1, "least": 20_000.0}, 70_000.0),  # 19
        (90_000.0, 0.0, {"deductible_share": 0.1, "most": 5_000.0}, 85_000.0),  # 19
        (0.0, 0.0, {"cover_share": np.inf}, 0.0),
    ],
)
def test_one_level_pays_as_oasis_rules_say(
    loss: float, borne: float, said: dict[str, float], paid: float
) -> None:
    assert one(loss, borne, **said)[0] == pytest.approx(paid)


AMOUNT = st.floats(0.0, 1e6)


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT, st.floats(0.0, 1.0), AMOUNT)
def test_what_is_paid_and_borne_is_the_loss_and_the_cover_is_kept(
    loss: float, borne: float, off: float, least: float, share: float, cover: float
) -> None:
    paid, kept = one(loss, borne, deductible=off, deductible_share=share, least=least)
    assert paid + kept == pytest.approx(loss + borne, abs=1e-6)
    assert paid >= 0.0 and kept >= 0.0
    limited, _ = one(loss, borne, deductible=off, deductible_share=share, least=least, cover=cover)
    assert limited == pytest.approx(min(paid, cover))


def test_a_deductible_and_a_cover_of_each_asset_in_each_event() -> None:
    found = insure(asset=risk.Layer(deductible=60.0, limit=160.0))
    # x loses 100 and 1,000, y 200 and, in c, nobody knows.
    np.testing.assert_allclose(found.whole.loss, [300.0, 1000.0, np.nan], rtol=1e-6)
    np.testing.assert_allclose(found.paid, [40.0 + 100.0, 100.0, np.nan], rtol=1e-5)
    np.testing.assert_allclose(found.kept, [160.0, 900.0, np.nan], rtol=1e-5)
    assert found.known_paid[2] == 0.0
    assert found.known_paid_aal == pytest.approx(0.1 * 140 + 0.02 * 100, rel=1e-5)
    np.testing.assert_allclose(found.known_paid_eai, [0.1 * 40 + 0.02 * 100, 0.1 * 100], rtol=1e-5)


def test_a_layer_of_an_event_lies_on_what_the_assets_leave() -> None:
    found = insure(asset=risk.Layer(deductible=60.0), event=risk.Layer(deductible=100.0))
    np.testing.assert_allclose(found.known_paid, [40.0 + 140.0 - 100.0, 840.0, 0.0], rtol=1e-5)


def test_the_loss_from_the_ground_up_is_that_of_a_run() -> None:
    plain = risk.run(HOUSES, FLOOD, [LINE], **MONEY)
    whole = insure(asset=risk.Layer(deductible=60.0)).whole
    np.testing.assert_array_equal(whole.loss, plain.loss)
    np.testing.assert_array_equal(whole.eai, plain.eai)
    assert whole.counts == plain.counts


PARTS = {
    "id": ["x"], "lon": [0.0], "lat": [0.0], "value_building": [1000.0], "value_contents": [500.0],
    "value_interruption": [100.0],
}  # fmt: skip


def test_terms_go_from_components_to_property_to_site() -> None:
    table = {
        **PARTS, "deductible_building": [30.0], "cover_contents": [20.0], "deductible_pd": [10.0],
        "cover_all": [75.0],
    }  # fmt: skip
    # In a: 100 of the building, 50 of contents, 10 of interruption.
    found = insure(table, is_stated=True)
    property_paid = (100.0 - 30.0) + 20.0 - 10.0
    assert found.paid[0] == pytest.approx(min(property_paid + 10.0, 75.0), rel=1e-5)
    freer = insure({**table, "cover_all": [""]}, is_stated=True)
    assert freer.paid[0] == pytest.approx(property_paid + 10.0, rel=1e-5)
    assert found.terms["assets' own"] == "building, contents, pd, all"


def test_a_most_of_the_site_gives_back_what_its_parts_took() -> None:
    table = {
        **PARTS, "deductible_building": [80.0], "deductible_contents": [50.0],
        "deductible_most_all": [100.0],
    }  # fmt: skip
    assert insure(table, is_stated=True).paid[0] == pytest.approx(160.0 - 100.0, rel=1e-5)


def test_terms_of_an_area_are_of_the_whole_area() -> None:
    shape = np.empty(1, dtype=object)
    shape[:] = [box(-0.01, -0.01, 1.01, 0.01)]
    table = {"id": ["x"], "value": [1000.0], "geometry": shape, "deductible": [200.0]}
    fine = risk.ShapeTable(columns=table, step_m=500.0)
    events = risk.event_table(
        {"event": ["a", "a"], "rate": [0.1, 0.1], "lon": [0.0, 1.0], "lat": [0.0, 0.0],
         "intensity": [0.2, 0.4]}, measure="water_depth", unit="m", reach_m=1e5,
    )  # fmt: skip
    found = risk.insure(fine, events, [LINE], risk.Contract(is_stated=True), **MONEY)
    assert found.paid[0] == pytest.approx(found.whole.loss[0] - 200.0, rel=1e-5)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({}, "no_terms"),
        ({"deductible": [-1.0, 0.0]}, "terms"),
        ({"cover": ["much", 0.0]}, "terms"),
        ({"deductible_share": [5.0, 0.0]}, "terms"),
        ({"deductible_least": [5.0, 0.0], "deductible_most": [4.0, 9.0]}, "terms"),
    ],
)
def test_terms_that_cannot_be_are_refused(more: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        insure({**HOUSES, **more}, is_stated=True)
    assert [f.key for f in error.value.faults] == [f"risk.{key}"]


def test_a_negative_deductible_of_a_job_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="cannot be insured"):
        insure(asset=risk.Layer(deductible=-1.0))


def test_terms_are_in_the_money_of_the_table() -> None:
    with pytest.raises(InvalidInputError, match="not valued in CNY 2024"):
        insure({**HOUSES, "currency": ["USD", "CNY"], "deductible": [1.0, 1.0]}, is_stated=True)


def test_assets_left_out_have_no_payment_that_reads_as_zero() -> None:
    found = insure({**HOUSES, "value": [1000.0, -1.0]}, asset=risk.Layer(deductible=60.0))
    table = insured_tables(found, ("x", "y"))["insured_assets"]
    assert np.isnan(table["known_paid_eai"]).tolist() == [False, True]
    assert np.isnan(table["paid_eai"]).tolist() == [False, True]
