from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.city import City, DayTime
from rencheng.domain.errors import InvalidInputError
from rencheng.perceive.presence import day_time, people_present


@given(st.floats(0.0, 24.0, exclude_max=True))
def test_every_hour_of_the_clock_has_a_time_of_day(hour: float) -> None:
    assert day_time(hour) in DayTime


@pytest.mark.parametrize("hour", [-0.1, 24.0, float("nan")])
def test_an_hour_off_the_clock_is_refused(hour: float) -> None:
    with pytest.raises(InvalidInputError):
        day_time(hour)


def test_the_three_hours_of_hazus_have_their_own_time_of_day() -> None:
    assert [day_time(h) for h in (2, 14, 17)] == [DayTime.NIGHT, DayTime.DAY, DayTime.COMMUTE]


def test_everybody_inside_is_counted_in_their_zone(tiny_city: City) -> None:
    present = people_present(tiny_city, DayTime.NIGHT)
    assert present == pytest.approx([100.0] * 6)
    assert present.sum() == pytest.approx(tiny_city.buildings.occupants[0].sum())


def test_a_zone_without_buildings_is_unknown_by_day_and_not_empty(tiny_city: City) -> None:
    moved = replace(tiny_city.buildings, zone=np.maximum(tiny_city.buildings.zone, 1))
    city = replace(tiny_city, buildings=moved)
    assert np.isnan(people_present(city, DayTime.DAY)[0])
    assert people_present(city, DayTime.NIGHT)[0] == city.zones.population[0]
