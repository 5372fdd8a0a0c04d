"""Who pays which part of a loss: hand cases and conservation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.errors import InvalidInputError
from rencheng.model.risk.insurance import insured

AMOUNT = st.floats(0.0, 1e9)


def test_below_the_deductible_nothing_is_paid_and_above_the_limit_no_more() -> None:
    paid = insured([0.0, 3.0, 5.0, 20.0, 100.0, 101.0], 5.0, 100.0)
    assert paid.tolist() == [0.0, 0.0, 0.0, 15.0, 95.0, 95.0]


def test_contracts_may_differ_by_asset() -> None:
    assert insured([[50.0, 50.0]], [0.0, 10.0], [20.0, np.inf]).tolist() == [[20.0, 40.0]]


def test_what_is_unknown_is_not_paid_and_not_zero() -> None:
    assert np.isnan(insured([np.nan, 1.0], 0.0, 9.0)).tolist() == [True, False]


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT)
def test_layers_side_by_side_pay_what_one_layer_pays(
    a: float, b: float, c: float, x: float
) -> None:
    low, middle, high = sorted((a, b, c))
    parts = insured(x, low, middle) + insured(x, middle, high)
    assert parts == pytest.approx(insured(x, low, high), rel=1e-12, abs=1e-6)
    assert 0.0 <= insured(x, low, high) <= x


@pytest.mark.parametrize(
    "bad",
    [
        (-1.0, 0.0, 9.0), (1.0, -1.0, 9.0), (1.0, 5.0, 4.0), (1.0, np.nan, 9.0), (1.0, 0.0, np.nan),
        (1.0, np.inf, np.inf),
    ],
)  # fmt: skip
def test_impossible_contracts_are_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidInputError, match="cannot be insured"):
        insured(*bad)
