"""Who bears the losses: by hand, by Oasis' rules, nothing lost between owner and insurer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, box

from rencheng import risk
from rencheng.adapters.risk.insurance import insured_tables
from rencheng.domain.curve import Beyond
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
        ({"cover_share": [1.1, 0.0]}, "terms"),
        ({"deductible_least": [5.0, 0.0], "deductible_most": [4.0, 9.0]}, "terms"),
    ],
)
def test_terms_that_cannot_be_are_refused(more: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        insure({**HOUSES, **more}, is_stated=True)
    assert [f.key for f in error.value.faults] == [f"risk.{key}"]


@pytest.mark.parametrize("amount", [-1.0, np.nan])
@pytest.mark.parametrize("level", ["asset", "event"])
@pytest.mark.parametrize("field", ["deductible", "limit", "share"])
def test_a_layer_of_a_job_that_cannot_be_is_refused(field: str, level: str, amount: float) -> None:
    with pytest.raises(InvalidInputError, match="cannot be"):
        insure(**{level: risk.Layer(**{field: amount})})


@pytest.mark.parametrize(
    ("worth", "name", "meant"),
    [
        ("value_building", "deductible", "deductible_building"),
        ("value", "cover_building", "cover"),
        ("value_building", "Deductible_all", "deductible_all"),
        ("value_building", "deductable_all", "deductible_all"),
        ("value_building", "deduct_pd", "deductible_pd"),
    ],
)
def test_a_column_of_terms_that_belongs_to_no_level_is_named(
    worth: str, name: str, meant: str
) -> None:
    table = {n: v for n, v in HOUSES.items() if n != "value"}
    table |= {worth: [1000.0, 400.0], "cover_all": [9.0, 9.0], name: [1.0, 1.0], "Cover1": [1, 1]}
    with pytest.raises(InvalidInputError) as error:
        insure(table, is_stated=True)
    assert [f.where for f in error.value.faults] == [f"assets.{name}", "assets.Cover1"]
    assert meant in error.value.faults[0].first
    told = [f.key for f in insure(table, event=risk.Layer(deductible=60.0)).whole.faults]
    assert told[-3:] == ["risk.terms_kept", *["risk.terms_astray"] * 2]


def test_columns_that_have_nothing_to_do_with_insurance_are_left_alone() -> None:
    table = {**HOUSES, "color": ["red"] * 2, "corner": [1, 0], "owner": ["a"] * 2}
    assert risk.terms_not_applied(table) == ()


def partly(depth: float) -> tuple[Any, Any]:
    """A line of which one half stands a metre deep, and the other `depth`."""
    shape = np.empty(1, dtype=object)
    shape[:] = [LineString([(0.0, 0.0), (0.01, 0.0)])]
    columns = {"id": ["x"], "value": [1000.0], "geometry": shape}
    events = risk.event_table(
        {"event": ["a", "a"], "rate": [0.1, 0.1], "lon": [0.0, 0.01], "lat": [0.0, 0.0],
         "intensity": [1.0, depth]}, measure="water_depth", unit="m", reach_m=1e4,
    )  # fmt: skip
    return risk.ShapeTable(columns=columns, step_m=10.0), events


@given(st.floats(0.0, 1.0), st.floats(0.0, 1200.0), st.floats(0.0, 1200.0), st.floats(0.0, 1200.0))
def test_what_is_known_of_an_asset_bounds_what_is_paid_and_kept(
    depth: float, off: float, cover: float, event: float
) -> None:
    layers = risk.Contract(
        asset=risk.Layer(deductible=off, limit=off + cover), event=risk.Layer(deductible=event)
    )
    some, whole = (
        risk.insure(*partly(x), [LINE], layers, currency="CNY", year=2024) for x in (np.nan, depth)
    )
    kept = some.known_kept[0]
    assert np.isnan(some.paid[0]) and np.isnan(some.kept[0])
    assert some.known_paid[0] <= whole.paid[0] + 1e-3
    assert kept <= whole.kept[0] + 1e-3
    known = some.whole.known_loss[0]
    assert kept == pytest.approx(known - max(min(max(known - off, 0), cover) - event, 0), abs=1e-3)


def test_a_component_that_is_unknown_leaves_the_terms_of_the_others() -> None:
    table = {**PARTS, "curve_building": ["line"], "curve_contents": ["short"],
             "curve_interruption": ["line"], "deductible_all": [300.0]}  # fmt: skip
    short = ramp([0.0, 0.5], [0.0, 1.0], id="short", above=Beyond.UNKNOWN)
    for asked in ({"is_stated": True}, {"asset": risk.Layer(deductible=300.0)}):
        found = risk.insure(table, FLOOD, [LINE, short], risk.Contract(**asked), **MONEY)
        # In b, 1,000 of the building and 100 of interruption; who knows what of contents.
        assert np.isnan(found.paid[1])
        assert found.known_kept[1] == pytest.approx(300.0)


def test_what_is_kept_of_a_large_loss_is_not_lost_in_rounding() -> None:
    found = insure({**HOUSES, "value": [1234567891.0, 0.0]}, asset=risk.Layer(deductible=60.0))
    assert found.kept[:2].tolist() == [60.0, 60.0]
    assert found.known_kept_aal == pytest.approx(60.0 * 0.12)
    assert found.known_kept_eai[0] == pytest.approx(60.0 * 0.12)


LEVEL = st.fixed_dictionaries(
    {"deductible": AMOUNT, "deductible_share": st.floats(0.0, 1.0), "least": AMOUNT,
     "most": AMOUNT, "cover": AMOUNT, "cover_share": st.floats(0.0, 1.0)}
)  # fmt: skip


@given(AMOUNT, AMOUNT, AMOUNT, LEVEL, LEVEL, LEVEL)
def test_more_loss_is_never_less_paid_or_less_kept(
    loss: float, more: float, other: float, a: Any, b: Any, site: Any
) -> None:
    def paid(x: float) -> float:
        below = [one(x, **a), one(other, **b)]
        passed, borne = np.sum(below, axis=0)
        return one(float(passed), float(borne), **site)[0]

    for terms in (a, b, site):
        terms["most"] = max(terms["most"], terms["least"])
    less, all_of_it = paid(loss), paid(loss + more)
    assert less <= all_of_it + 1e-6
    assert all_of_it - less <= more + 1e-6


def test_terms_are_in_the_money_of_the_table() -> None:
    with pytest.raises(InvalidInputError, match="not valued in CNY 2024"):
        insure({**HOUSES, "currency": ["USD", "CNY"], "deductible": [1.0, 1.0]}, is_stated=True)


def test_assets_left_out_have_no_payment_that_reads_as_zero() -> None:
    found = insure({**HOUSES, "value": [1000.0, -1.0]}, asset=risk.Layer(deductible=60.0))
    table = insured_tables(found, ("x", "y"))["insured_assets"]
    assert np.isnan(table["known_paid_eai"]).tolist() == [False, True]
    assert np.isnan(table["paid_eai"]).tolist() == [False, True]
