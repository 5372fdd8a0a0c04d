"""The tiny city that other tests lean on is itself sound."""

from __future__ import annotations

import numpy as np

from rencheng.domain.city import City, DayTime


def test_everybody_of_the_tiny_city_sleeps_at_home(tiny_city: City) -> None:
    night = tiny_city.buildings.occupants[DayTime.NIGHT]
    by_zone = np.bincount(tiny_city.buildings.zone, weights=night, minlength=6)
    assert by_zone.tolist() == tiny_city.zones.population.tolist()


def test_suppliers_of_the_tiny_city_are_nodes(tiny_city: City) -> None:
    needs = tiny_city.dependencies
    assert needs.supplier.min() >= 0
    assert needs.supplier.max() < len(needs.node)
    assert needs.supplier_start[-1] == len(needs.supplier)
    assert needs.group_start[-1] == len(needs.service)
