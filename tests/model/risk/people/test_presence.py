"""Who is there: HAZUS' hours exactly, mixes in between, unknown where nobody says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.risk.people.tables import presence_table
from rencheng.domain.errors import InvalidInputError
from rencheng.model.risk.people.presence import mix, present, stated

TABLE = presence_table()


@pytest.mark.parametrize(("hour", "period"), [(2.0, 0), (14.0, 1), (17.0, 2), (23.9, 0)])
def test_the_hours_of_hazus_are_its_own_columns(hour: float, period: int) -> None:
    weight = mix(hour, is_weekend=False)
    assert weight.sum() == weight[0, period] == 1.0


@given(st.floats(0.0, 24.0, exclude_max=True), st.sampled_from([None, True, False]))
def test_every_hour_is_a_mix(hour: float, is_weekend: bool | None) -> None:
    weight = mix(hour, is_weekend=is_weekend)
    assert weight.sum() == pytest.approx(1.0)
    assert (weight >= 0.0).all()


def test_no_hour_is_the_mean_of_all_hours() -> None:
    hours = (np.arange(24 * 600) + 0.5) / 600
    mean = np.mean([mix(float(h)) for h in hours[::10]], axis=0)
    np.testing.assert_allclose(mix(), mean, atol=1e-5)


def test_residents_at_two_in_the_afternoon() -> None:
    # HAZUS 6.1, Table 12-2: 0.75 of the residents, 0.70 of them indoors.
    count = np.zeros((len(TABLE.use), 2))
    count[TABLE.use.index("home")] = [1000.0, np.nan]
    inside, outside = present(count, TABLE, mix(14.0, is_weekend=False))
    np.testing.assert_allclose(inside, [525.0, np.nan])
    np.testing.assert_allclose(outside, [225.0, np.nan])


def test_nobody_is_twice_in_a_place() -> None:
    both = TABLE.indoors + TABLE.outdoors
    assert ((both >= 0.0) & (both <= 1.0)).all()


def test_stated_occupants_are_mixed_by_period_and_may_be_unknown() -> None:
    told = np.array([[10.0, 10.0], [100.0, np.nan], [40.0, 40.0]])
    np.testing.assert_allclose(stated(told, mix(16.0)), [70.0, np.nan])
    np.testing.assert_allclose(stated(told, mix(3.0)), [10.0, 10.0])


@pytest.mark.parametrize("hour", [-0.1, 24.0, float("nan")])
def test_an_hour_off_the_clock_is_refused(hour: float) -> None:
    with pytest.raises(InvalidInputError, match="not on the clock"):
        mix(hour)
