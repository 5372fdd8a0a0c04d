"""Damage curves: exact values, and every fault told at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from curve_kit import fragility, tabulated, vulnerability
from rencheng.domain.curve import Beyond, Formula
from rencheng.domain.errors import InvalidInputError


def test_a_lognormal_curve_is_the_normal_distribution_of_the_logarithm() -> None:
    x = np.geomspace(1e-6, 1e3, 2001)
    exact = np.minimum.accumulate(ndtr(np.log(x[:, None] / [0.2, 0.4]) / [0.4, 0.5]), axis=1)
    assert fragility().value(x) == pytest.approx(exact, rel=1e-12, abs=1e-15)


def test_half_at_the_median_and_nothing_at_zero() -> None:
    assert fragility().value([0.2, 0.4])[[0, 1], [0, 1]].tolist() == [0.5, 0.5]
    assert fragility().value(0.0).tolist() == [0.0, 0.0]


def test_between_knots_a_curve_is_straight() -> None:
    assert vulnerability().value([0.5, 1.5]) == pytest.approx([0.2, 0.6])
    assert vulnerability().spread([0.5, 1.5]) == pytest.approx([0.1, 0.15])
    assert tabulated().value(0.5).tolist() == [0.25, 0.125]


def test_unknown_intensity_gives_an_unknown_value() -> None:
    for curve in (fragility(), tabulated(), vulnerability()):
        assert np.isnan(curve.value(np.nan)).all()
    assert np.isnan(fragility().shares([np.nan])).all()


@pytest.mark.parametrize("rule", list(Beyond))
def test_outside_its_range_a_curve_does_what_it_says(rule: Beyond) -> None:
    said = {Beyond.ZERO: 0.0, Beyond.HOLD: 0.4, Beyond.UNKNOWN: np.nan}[rule]
    assert vulnerability(low=1, below=rule).value(0.5) == pytest.approx(said, nan_ok=True)
    assert vulnerability(high=1, above=rule).value(1.5) == pytest.approx(said, nan_ok=True)
    assert vulnerability(high=1, above=rule).explain(1.5).beyond is rule


def test_an_end_of_the_range_is_in_it_in_single_precision_too() -> None:
    for curve in (vulnerability(low=0.7, high=1.7, above=Beyond.UNKNOWN), tabulated(low=0.7)):
        ends = np.array([0.7, 1.7], dtype=np.float32)
        np.testing.assert_array_equal(curve.value(ends[0]), curve.value(0.7))
        assert not np.isnan(curve.value(ends)).any()
        assert np.all(curve.value(0.69) == 0.0)
        assert curve.explain(float(ends[0])).beyond is None
    assert fragility().span == (0.0, np.inf)


@given(st.floats(1e-4, 50), st.floats(0.05, 2), st.floats(0.05, 2))
def test_shares_sum_to_one_even_where_curves_cross(x: float, one: float, other: float) -> None:
    shares = fragility(beta=[one, other]).shares([x])
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1.0, abs=1e-12)


@given(st.lists(st.floats(0, 5), min_size=2, max_size=20))
def test_more_intensity_never_does_less(x: list[float]) -> None:
    for curve in (fragility(), tabulated(), vulnerability(unit="m")):
        assert (np.diff(curve.value(sorted(x)), axis=0) >= 0).all()


@given(st.floats(0.01, 3))
def test_another_unit_gives_the_same_number(x: float) -> None:
    assert fragility().in_unit("m/s2").value(x * 9.80665) == pytest.approx(fragility().value(x))
    assert vulnerability().in_unit("ft").value(x / 0.3048) == pytest.approx(
        vulnerability().value(x)
    )
    assert vulnerability().in_unit("cm").high == 200


def test_a_unit_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        vulnerability().in_unit("g")
    assert caught.value.faults[0].key == "curve.unit"


BAD: list[tuple[Any, dict[str, Any], set[str]]] = [
    (fragility, {"source": " ", "licence": ""}, {"blank"}),
    (fragility, {"unit": "m"}, {"unit"}),
    (fragility, {"intensity": "SA"}, {"intensity"}),
    (fragility, {"intensity": "SA(0)"}, {"intensity"}),
    (fragility, {"median": [0.4, 0.2]}, {"state_order"}),
    (fragility, {"median": [0.2]}, {"states"}),
    (fragility, {"beta": [0.4, 0.0]}, {"not_positive"}),
    (fragility, {"states": ("none", "heavy")}, {"states"}),
    (fragility, {"states": ("slight", "slight")}, {"states"}),
    (fragility, {"mean": [0.1, 0.2]}, {"unused"}),
    (fragility, {"median": [], "beta": []}, {"short"}),
    (fragility, {"collapse": 13.0}, {"share"}),
    (fragility, {"low": -1.0}, {"range"}),
    (tabulated, {"probability": [[0, 0.5, 1], [0, 0.6, 1]]}, {"state_order"}),
    (tabulated, {"probability": [[0, 0.5, 0.4], [0, 0.2, 0.2]]}, {"falls"}),
    (tabulated, {"probability": [[0, 0.5, 1]]}, {"states"}),
    (vulnerability, {"mean": [0, 40, 80]}, {"share"}),
    (vulnerability, {"mean": [0, 0.5, 0.4]}, {"falls"}),
    (vulnerability, {"mean": [0, np.nan, 0.4]}, {"not_finite"}),
    (vulnerability, {"sd": [0.1]}, {"short"}),
    (vulnerability, {"x": [0, 2, 1]}, {"order"}),
    (vulnerability, {"x": [0], "mean": [0], "sd": None}, {"short"}),
    (vulnerability, {"states": ("slight",)}, {"unused"}),
    (vulnerability, {"high": 9.0}, {"range"}),
    (vulnerability, {"high": np.nan}, {"range"}),
]


@pytest.mark.parametrize(("make", "change", "keys"), BAD)
def test_a_broken_rule_is_named(make: Any, change: dict[str, Any], keys: set[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make(**change)
    assert {fault.key for fault in caught.value.faults} == {f"curve.{key}" for key in keys}
    assert all(fault.hint and fault.first for fault in caught.value.faults)


def test_all_faults_come_at_once_with_their_places() -> None:
    with pytest.raises(InvalidInputError) as caught:
        vulnerability(id="", unit="g", mean=[0, 50, 40])
    said = {(f.where, f.key, f.count) for f in caught.value.faults}
    assert said == {
        ("?.id", "curve.blank", 1),
        ("?.unit", "curve.unit", 1),
        ("?.mean", "curve.share", 2),
        ("?.mean", "curve.falls", 1),
    }


def test_an_answer_carries_formula_parameters_and_source() -> None:
    answer = vulnerability().explain(1.5)
    assert (answer.formula, answer.value, answer.sd) == (
        Formula.PIECEWISE,
        (pytest.approx(0.6),),
        pytest.approx(0.15),
    )
    assert answer.parameters == {"x": (1.0, 2.0), "mean": (0.4, 0.8), "sd": (0.2, 0.1)}
    assert answer.curve.source == "by hand"
    assert fragility().explain(0.2).parameters == {"median": (0.2, 0.4), "beta": (0.4, 0.5)}
    assert tabulated().explain(0.0).parameters["heavy"] == (0.0, 0.25)


def test_the_numbers_of_a_curve_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        vulnerability().mean[0] = 1.0
