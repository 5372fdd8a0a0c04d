"""Present values against sums written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rencheng.domain.errors import InvalidInputError
from rencheng.model.risk.measures.discounting import Timing, present_value, present_worth


@given(st.floats(-0.05, 0.5), st.integers(0, 120))
def test_a_uniform_series_is_the_sum_of_its_years(rate: float, life: int) -> None:
    written_out = sum((1.0 + rate) ** -year for year in range(1, life + 1))
    assert present_worth(rate, life) == pytest.approx(written_out, rel=1e-9)
    assert present_value(np.ones(life), rate) == pytest.approx(written_out, rel=1e-9)


@given(st.floats(-0.05, 0.5), st.floats(0.0, 120.0))
@example(5e-324, 1.5)
def test_a_continuous_saving_is_the_integral_of_its_moments(rate: float, life: float) -> None:
    moments = (np.arange(20_000) + 0.5) / 20_000 * life
    integral = np.exp(-rate * moments).mean() * life
    assert present_worth(rate, life, Timing.CONTINUOUS) == pytest.approx(integral, rel=1e-4)


def test_tiny_rates_do_not_cancel() -> None:
    for timing in Timing:
        assert present_worth(1e-15, 50, timing) == pytest.approx(50.0, rel=1e-9)
        assert present_worth(0.0, 50, timing) == 50.0


def test_for_ever_is_worth_one_over_the_rate() -> None:
    for timing in Timing:
        assert present_worth(0.04, np.inf, timing) == pytest.approx(25.0)
        assert present_worth(0.0, np.inf, timing) == np.inf


def test_both_conventions_agree_when_the_rate_is_turned_and_years_shrink() -> None:
    yearly, often = 0.05, 10_000
    fine = present_worth(1.05 ** (1 / often) - 1, 30 * often) / often
    assert fine == pytest.approx(present_worth(np.log1p(yearly), 30, Timing.CONTINUOUS), rel=1e-4)


def test_a_benefit_cost_ratio_by_hand() -> None:
    saved, cost, rate, life = 0.00838 * 1000, 100.0, 0.05, 40.0
    ratio = saved * present_worth(rate, life, Timing.CONTINUOUS) / cost
    assert ratio == pytest.approx(saved * (1 - np.exp(-rate * life)) / (rate * cost))


# Figures that CLIMADA 6 holds itself to (climada/engine/test/test_cost_benefit.py): mangroves in
# Florida, 2018 to 2040 at 2 %, the first year not discounted. [USD]
WITHOUT, WITH, COST = 6.51220115756442e09, 4.850407096284983e09, 1.3117683608515418e09
LATER_WITHOUT, LATER_WITH = 5.9506659786664024e10, 4.826231151473135e10


def test_a_constant_saving_is_worth_what_climada_says() -> None:
    benefit = (WITHOUT - WITH) * (1.0 + present_worth(0.02, 22))
    assert benefit == pytest.approx(3.100583368954022e10, rel=1e-12)
    assert COST / benefit == pytest.approx(0.04230714690616641, rel=1e-12)


def test_a_growing_saving_is_worth_what_climada_says() -> None:
    saving = np.linspace(WITHOUT - WITH, LATER_WITHOUT - LATER_WITH, 23)
    benefit = saving[0] + present_value(saving[1:], 0.02)
    assert benefit == pytest.approx(113345027690.81276, rel=1e-12)
    assert COST / benefit == pytest.approx(0.011573232523528404, rel=1e-12)


def test_what_is_unknown_stays_unknown() -> None:
    assert np.isnan(present_worth([np.nan, 0.0], [10, np.nan])).all()


@pytest.mark.parametrize("bad", [(-1.0, 10.0), (0.05, -1.0), (0.05, 2.5)])
def test_impossible_rates_and_lives_are_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(InvalidInputError, match="cannot be used"):
        present_worth(*bad)
