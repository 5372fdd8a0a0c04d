"""The default city agrees with its sources."""

from __future__ import annotations

import pytest

from rencheng.domain.city import City, DayTime

pytestmark = pytest.mark.slow


def test_everybody_sleeps_somewhere(city: City) -> None:
    night = city.buildings.occupants[DayTime.NIGHT].sum(dtype=float)
    assert night == pytest.approx(city.zones.population.sum(), rel=1e-5)
