"""What changed between two versions of a city: every change is found, and nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.city import Buildings, City, Shapes
from rencheng.domain.errors import InvalidInputError
from rencheng.perceive.trends import changes
from tiny_city import make_tiny_city


def only(city: City, keep: np.ndarray, **columns: Any) -> City:
    """Return the city with these buildings alone, and with other columns."""
    made = city.buildings
    n = made.id.size
    cut: dict[str, Any] = {
        one.name: getattr(made, one.name)[..., keep]
        for one in fields(Buildings)
        if isinstance(getattr(made, one.name), np.ndarray)
        and getattr(made, one.name).shape[-1] == n
    }
    cut["xy"] = made.xy[keep]
    cut["shapes"] = Shapes.none(int(np.count_nonzero(keep)))
    return replace(city, version="after", buildings=replace(made, **cut | columns))


def test_a_city_does_not_differ_from_itself(tiny_city: City) -> None:
    found = changes(tiny_city, tiny_city)
    assert found.layers == ()
    assert not found.zones.built.any() and not found.zones.demolished.any()
    assert (found.zones.floor_area_m2 == 0).all() and (found.zones.population == 0).all()


@given(gone=st.sets(st.integers(0, 59), max_size=20))
def test_what_is_demolished_one_way_is_built_the_other_way(gone: set[int]) -> None:
    city = make_tiny_city()
    keep = ~np.isin(np.arange(60), list(gone))
    less = only(city, keep)
    there, back = changes(city, less), changes(less, city)
    assert sum(one.removed for one in there.layers) == len(gone)
    assert sum(one.added for one in back.layers) == len(gone)
    assert np.array_equal(there.zones.demolished, back.zones.built)
    assert there.zones.demolished.sum() == len(gone)
    area = np.bincount(
        city.buildings.zone[~keep], weights=city.buildings.floor_area_m2[~keep], minlength=6
    )
    assert np.allclose(back.zones.floor_area_m2, area)


def test_a_storey_added_is_a_change_and_names_the_building(tiny_city: City) -> None:
    storeys = tiny_city.buildings.storeys.copy()
    storeys[7] += 1
    later = only(tiny_city, np.ones(60, dtype=bool), storeys=storeys)
    (layer,) = changes(tiny_city, later).layers
    assert (layer.layer, layer.added, layer.removed, layer.changed) == ("buildings", 0, 0, 1)
    assert layer.first == (str(tiny_city.buildings.id[7]),)
    assert layer.places[0] == pytest.approx(tuple(tiny_city.buildings.xy[7]))


def test_another_order_of_rows_and_of_names_is_no_change(tiny_city: City) -> None:
    order = np.arange(60)[::-1]
    curves = tiny_city.buildings.curves[::-1]
    curve = (len(curves) - 1 - tiny_city.buildings.curve[order]).astype(np.int16)
    turned = only(tiny_city, order, curves=curves, curve=curve)
    turned = replace(turned, buildings=replace(turned.buildings, shapes=Shapes.none(60)))
    assert changes(tiny_city, turned).layers == ()


def test_population_change_is_told_by_zone_and_unknown_for_a_new_one(tiny_city: City) -> None:
    zones = tiny_city.zones
    ids = zones.id.copy()
    ids[5] = 999
    people = zones.population + np.arange(6.0)
    later = replace(tiny_city, version="b", zones=replace(zones, id=ids, population=people))
    found = changes(tiny_city, later)
    assert found.zones.population[:5].tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(found.zones.population[5])
    (layer,) = found.layers
    assert (layer.layer, layer.added, layer.removed, layer.changed) == ("zones", 1, 1, 4)


def test_a_version_of_two_zones_is_compared_with_one_of_six(tiny_city: City) -> None:
    zones = tiny_city.zones
    columns = {one.name: getattr(zones, one.name) for one in fields(zones) if one.name != "shapes"}
    two = {k: v[..., :2] if k == "age" and v.ndim == 2 else v[:2] for k, v in columns.items()}
    outline = zones.shapes
    shapes = Shapes(
        xy=outline.xy[: outline.part[2]], part=outline.part[:3], shape=outline.shape[:3]
    )
    empty = only(tiny_city, np.zeros(60, dtype=bool))
    small = replace(empty, zones=replace(zones, shapes=shapes, **two))
    (layer,) = changes(empty, small).layers
    assert (layer.layer, layer.added, layer.removed, layer.changed) == ("zones", 0, 4, 0)


def test_unknown_values_that_stay_unknown_are_no_change(tiny_city: City) -> None:
    beds = np.full(len(tiny_city.facilities.id), np.nan)
    unknown = replace(tiny_city, facilities=replace(tiny_city.facilities, beds=beds))
    again = replace(tiny_city, facilities=replace(tiny_city.facilities, beds=beds.copy()))
    assert changes(unknown, again).layers == ()


def test_two_cities_are_not_compared(tiny_city: City) -> None:
    with pytest.raises(InvalidInputError):
        changes(tiny_city, replace(tiny_city, id="other"))
