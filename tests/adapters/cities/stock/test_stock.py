"""Buildings of a source are completed without changing what it stated, each by its own draw."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import shapely

from rencheng.adapters.cities.given import RawBuildings
from rencheng.adapters.cities.ground import Ground, areas_of
from rencheng.adapters.cities.numbering import draws
from rencheng.adapters.cities.stock.footprints import mend, nearest_link, outlines, taken, to_shapes
from rencheng.adapters.cities.stock.hazus import all_curve_ids
from rencheng.adapters.cities.stock.stock import heights, make_stock
from rencheng.adapters.cities.stock.taxonomy import load_taxonomy
from rencheng.domain.city import Buildings
from rencheng.domain.finding import DataFinding

GROUND = Ground.of(32650)
WEST, SOUTH, SIDE = 500_000.0, 3_400_000.0, 1000.0
ZONES = np.array(
    [shapely.box(WEST + i * SIDE, SOUTH, WEST + (i + 1) * SIDE, SOUTH + SIDE) for i in range(3)],
    dtype=object,
)
PEOPLE = np.array([1000.0, 500.0, np.nan])
RULES = SimpleNamespace(
    home=(1.0, 0.53, 0.35), commercial=(0.01, 1.0, 0.75), education=(0.0, 1.0, 0.5),
    industry=(0.14, 1.0, 0.63), commercial_share=0.22, education_share=0.2, industry_share=0.04,
)  # fmt: skip
STREETS: Any = SimpleNamespace(
    lines=shapely.linestrings(
        [[[WEST, SOUTH + y], [WEST + 3 * SIDE, SOUTH + y]] for y in (0.0, 500.0, 1000.0)]
    )
)


def raw(count: int = 40, **columns: Any) -> RawBuildings:
    """Return buildings 20 m wide, spread over the first two zones."""
    k = np.arange(count)
    xy_m = np.column_stack([WEST + 60 + 45.0 * k % 1900, SOUTH + 60 + 97.0 * k % 880])
    xy = GROUND.degrees(xy_m)
    corners = np.array([(-10, -10), (10, -10), (10, 10), (-10, 10)])
    areas = shapely.polygons([GROUND.degrees(place + corners) for place in xy_m])
    unknown = np.full(count, np.nan, dtype=np.float32)
    blank = np.full(count, "", dtype=object)
    table: dict[str, Any] = {
        "id": k + 1000, "xy": xy, "areas": areas, "use": blank, "structure": blank,
        "storeys": unknown, "height_m": unknown, "year": unknown, "dwellings": unknown,
        "floor_area_m2": unknown, "people": unknown,
    }  # fmt: skip
    table |= {
        name: np.array([value] * count, dtype=table[name].dtype)
        if np.isscalar(value) else np.asarray(value)
        for name, value in columns.items()
    }  # fmt: skip
    return RawBuildings(**table)


def made(given: RawBuildings, seed: int = 1) -> tuple[Buildings, dict[str, DataFinding]]:
    buildings, findings, _ = make_stock(
        given, ZONES, STREETS, PEOPLE, load_taxonomy(), RULES, seed, GROUND
    )
    return buildings, {one.key: one for one in findings}


def test_what_the_source_stated_is_kept() -> None:
    given = raw(
        use="school", structure="剪力墙", storeys=5, height_m=17.5, year=1985, dwellings=3,
        floor_area_m2=1234.5,
    )  # fmt: skip
    found, _ = made(given)
    assert (found.storeys == 5).all() and (found.dwellings == 3).all()
    assert np.allclose(found.height_m, 17.5) and np.allclose(found.floor_area_m2, 1234.5)
    assert {found.curves[i] for i in found.curve} == {"LF.C2.M.MC"}
    assert np.allclose(found.certainty, 1.0)
    assert {found.uses[i] for i in found.use} == {"EDU1"}


def test_what_is_missing_is_filled_by_stated_rules() -> None:
    found, _ = made(raw(use="apartments", height_m=18.0))
    assert (found.storeys == 6).all()  # 18 m of 3 m
    assert np.allclose(found.floor_area_m2, 400.0 * 6, rtol=2e-3)
    assert (found.dwellings == 24).all()  # 2400 m² of 100 m²
    assert np.isnan(made(raw())[0].height_m).all()


def test_a_height_is_as_observed_or_follows_from_the_storeys() -> None:
    found, _ = made(raw(use="house", storeys=2, height_m=[7.5] * 20 + [np.nan] * 20))
    assert np.allclose(heights(found, load_taxonomy()), [7.5] * 20 + [6.0] * 20)


def test_all_curves_exist_and_certainties_are_probabilities() -> None:
    tags = np.array(["", "砖混", "brick", "CR/LFM", "URM", "blob"] * 10, dtype=object)
    found, findings = made(raw(60, structure=tags, storeys=np.arange(60) % 12 + 1.0))
    assert set(found.curves) <= set(all_curve_ids())
    assert ((found.certainty > 0) & (found.certainty <= 1)).all()
    assert findings["building_tags_unknown"].text.params["first"] == "blob"
    assert findings["building_tags_unknown"].count == 10


def test_the_share_of_each_type_is_the_table_s() -> None:
    found, _ = made(raw(5000, structure="砖混", year=1960))
    urm = np.array(["URM" in name for name in found.curves])[found.curve].mean()
    assert urm == pytest.approx(0.65, abs=0.03)


def test_another_building_changes_nothing_for_the_others() -> None:
    given = raw(60, structure="brick")
    some = RawBuildings(**{f.name: getattr(given, f.name)[::-1][:50] for f in fields(given)})
    all_of, few = made(given)[0], made(some)[0]
    there = np.searchsorted(all_of.id, few.id)
    for name in ("storeys", "dwellings", "floor_area_m2", "link", "certainty"):
        assert (getattr(all_of, name)[there] == getattr(few, name)).all()
    names = [few.curves[i] for i in few.curve]
    assert names == [all_of.curves[i] for i in all_of.curve[there]]


def test_another_seed_draws_anew_and_the_same_one_alike() -> None:
    given = raw(structure="brick")
    one, same, other = made(given)[0], made(given)[0], made(given, seed=2)[0]
    assert (one.curve == same.curve).all()
    assert [one.curves[i] for i in one.curve] != [other.curves[i] for i in other.curve]


def test_the_night_of_each_zone_adds_up_to_its_residents() -> None:
    uses = np.array(["house", "office", "school", "factory", "apartments"] * 8, dtype=object)
    found, _ = made(raw(use=uses))
    night = np.bincount(found.zone, weights=found.occupants[0], minlength=3)
    assert np.allclose(night[:2], PEOPLE[:2], rtol=1e-3)
    assert (found.occupants >= 0).all()


def test_a_zone_without_homes_still_houses_its_residents() -> None:
    found, _ = made(raw(use="office"))
    assert found.occupants[0].sum() == pytest.approx(1500.0, rel=1e-3)


def test_residents_that_the_source_counts_stay_in_their_building() -> None:
    people = np.where(np.arange(40) == 3, 17.0, np.nan)
    found, _ = made(raw(use="house", people=people))
    assert found.occupants[0, 3] == pytest.approx(17.0, rel=1e-3)


def test_impossible_numbers_are_unknown_and_said_so() -> None:
    storeys = np.where(np.arange(40) < 2, -3.0, 4.0)
    found, findings = made(raw(storeys=storeys, year=2999.0, height_m=-1.0))
    assert findings["building_storeys"].count == 2
    assert findings["building_storeys"].first == ("1000", "1001")
    assert len(findings["building_storeys"].places) == 2
    assert findings["building_year"].count == findings["building_height_m"].count == 40
    assert (found.storeys >= 1).all()


def test_one_outline_given_twice_counts_once_wherever_its_ring_begins() -> None:
    given = raw()
    areas = given.areas.copy()
    ring = shapely.get_coordinates(areas[0])[:-1]
    areas[7] = shapely.Polygon(np.roll(ring, 2, axis=0)[::-1])
    found, findings = made(replace(given, areas=areas))
    assert findings["buildings_twice"].first == ("1007",)
    assert len(found.id) == 39


def test_a_crossing_outline_is_mended_and_a_flat_one_becomes_a_point() -> None:
    given = raw()
    areas = given.areas.copy()
    x, y = given.xy[0]
    areas[0] = shapely.Polygon([(x, y), (x + 1e-4, y + 1e-4), (x + 1e-4, y), (x, y + 1e-4)])
    areas[1] = shapely.Polygon([(x, y), (x + 1e-4, y), (x, y)])
    found, findings = made(replace(given, areas=areas))
    assert findings["footprints_mended"].first == ("1000",)
    assert findings["footprints_lost"].first == ("1001",)
    assert np.diff(found.shapes.shape)[:2].tolist() == [2, 0]
    assert shapely.is_valid(areas_of(taken(found.shapes, np.array([0, 2])))).all()


def test_buildings_outside_all_zones_are_left_out() -> None:
    given = raw()
    xy = given.xy.copy()
    xy[4] += 1.0
    found, findings = made(replace(given, xy=xy))
    assert findings["buildings_outside"].first == ("1004",)
    assert 1004 not in found.id


def test_buildings_that_share_a_number_get_numbers_of_their_own() -> None:
    given = raw()
    ids = given.id.copy()
    ids[9] = ids[2]
    found, findings = made(replace(given, id=ids))
    assert np.unique(found.id).size == 40
    assert findings["buildings_same_id"].count == 1


def test_a_zone_with_residents_and_no_building_is_found() -> None:
    given = raw()
    west = given.xy[:, 0] < GROUND.degrees(np.array([[WEST + SIDE, SOUTH]]))[0, 0]
    some = RawBuildings(**{f.name: getattr(given, f.name)[west] for f in fields(given)})
    assert made(some)[1]["zones_no_building"].text.params["people"] == 500


def test_no_buildings_at_all_make_an_empty_stock() -> None:
    given = raw()
    none = RawBuildings(**{f.name: getattr(given, f.name)[:0] for f in fields(given)})
    found, _ = made(none)
    assert len(found.id) == 0 and found.occupants.shape == (3, 0)


def test_a_building_stands_on_the_nearest_street() -> None:
    places = np.array([[WEST + 10, SOUTH + 40], [WEST + 10, SOUTH + 700], [WEST, SOUTH + 800]])
    assert nearest_link(STREETS.lines, places).tolist() == [0, 1, 2]
    assert nearest_link(STREETS.lines[:0], places).tolist() == [-1, -1, -1]


def test_the_nearest_street_agrees_with_the_slow_twin() -> None:
    rng = np.random.default_rng(3)
    start = rng.uniform(0, 2000, (60, 2))
    lines = shapely.linestrings(np.stack([start, start + rng.normal(0, 150, (60, 2))], axis=1))
    places = rng.uniform(0, 2000, (400, 2))
    away = shapely.distance(shapely.points(places)[:, None], lines[None])
    extra = away[np.arange(400), nearest_link(lines, places)] - away.min(axis=1)
    assert np.quantile(extra, 0.95) < 1e-9 and extra.max() < 10.0


def test_areas_agree_with_the_projection() -> None:
    square = shapely.box(WEST, SOUTH, WEST + 30, SOUTH + 20)
    ring = GROUND.degrees(shapely.get_coordinates(square))
    found = mend(np.array([shapely.Polygon(ring), None], dtype=object))
    # UTM shrinks lengths by 0.9996 on its central meridian.
    assert found.area_m2[0] == pytest.approx(600.0 / 0.9996**2, rel=1e-3)
    assert np.isnan(found.area_m2[1])


def test_shapes_hold_holes_and_parts_and_can_be_picked() -> None:
    holed = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 2))
    two = shapely.MultiPolygon([shapely.box(5, 0, 6, 1), shapely.box(7, 0, 8, 1)])
    areas = np.array([holed, None, two], dtype=object)
    shapes = to_shapes(areas)
    assert np.diff(shapes.shape).tolist() == [2, 0, 2]
    back = areas_of(taken(shapes, np.array([2, 0])))
    assert shapely.equals(back, np.array([two, holed], dtype=object)).all()
    assert outlines(shapes)[1] == 0


def test_draws_are_even_and_depend_on_id_seed_and_stream() -> None:
    ids = np.arange(20_000, dtype=np.int64)
    u = draws(ids, 5, 1)
    assert np.histogram(u, 10, (0, 1))[0] == pytest.approx(2000, rel=0.1)
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.03
    assert abs(np.corrcoef(u, draws(ids, 5, 2))[0, 1]) < 0.03
    assert abs(np.corrcoef(u, draws(ids, 6, 1))[0, 1]) < 0.03
