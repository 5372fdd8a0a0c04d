"""Each weakness put into the tiny city is found, with its layer, its ids and its places."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from rencheng.adapters.cities.check import Checked, check_city
from rencheng.adapters.words import LANGUAGES, catalogue, render
from rencheng.domain.city import City, Shapes, Terrain
from rencheng.domain.finding import DataFinding, Severity, weak_layers
from rencheng.domain.provenance import Origin, Why

TODAY = date(2026, 11, 1)


def found(city: City) -> dict[str, DataFinding]:
    findings = check_city(city, TODAY)
    for one in findings:
        assert {one.text.key, one.mend.key} <= catalogue().keys(), one.key
        for language in LANGUAGES:
            assert "{" not in render(one.text, language) + render(one.mend, language)
    return {one.key: one for one in findings}


def changed(city: City, table: str, **columns: Any) -> City:
    return replace(city, **{table: replace(getattr(city, table), **columns)})


def with_value(array: np.ndarray, row: int, value: Any) -> np.ndarray:
    copy = array.copy()
    copy[row] = value
    return copy


def test_swapped_axes_and_places_at_zero_are_told_apart(tiny_city: City) -> None:
    xy = tiny_city.facilities.xy.copy()
    xy[0], xy[1] = xy[0][::-1], 0.0
    seen = found(changed(tiny_city, "facilities", xy=xy))
    assert seen["outside_facilities"].count == 2
    assert seen["swapped_axes"].first == (tiny_city.facilities.id[0],)
    assert seen["at_zero"].first == (tiny_city.facilities.id[1],)
    assert seen["at_zero"].places == ((0.0, 0.0),)


def test_a_negative_population_is_an_error_with_its_place(tiny_city: City) -> None:
    people = with_value(tiny_city.zones.population, 1, -5.0)
    seen = found(changed(tiny_city, "zones", population=people))["population_negative"]
    assert (seen.severity, seen.layer, seen.first) == (Severity.ERROR, "population", ("102",))
    assert seen.places == (tuple(tiny_city.zones.centre[1]),)


def test_age_groups_that_miss_the_residents_are_found(tiny_city: City) -> None:
    age = np.tile(tiny_city.zones.population / 3, (3, 1))
    assert "ages_apart" not in found(changed(tiny_city, "zones", age=age))
    assert found(changed(tiny_city, "zones", age=age * 2))["ages_apart"].count == 6


def test_a_road_network_in_pieces_is_found_with_a_place(tiny_city: City) -> None:
    roads = tiny_city.roads
    west = np.isin(roads.start, [0, 5, 10, 15]) & np.isin(roads.end, [0, 5, 10, 15])
    keep = west | (~np.isin(roads.start, [0, 5, 10, 15]) & ~np.isin(roads.end, [0, 5, 10, 15]))
    rows = np.flatnonzero(keep)
    columns = {
        name: getattr(roads, name)[rows]
        for name in ("id", "start", "end", "direction", "length_m", "speed_m_s", "kind", "zone")
    }
    columns["name"] = tuple(roads.name[row] for row in rows)
    link = np.zeros_like(tiny_city.buildings.link)
    city = changed(changed(tiny_city, "roads", **columns), "buildings", link=link)
    seen = found(city)
    assert seen["road_islands"].count == 1
    assert seen["roads_apart"].count == 3 and len(seen["roads_apart"].places) == 3


def test_links_without_length_speed_or_double_are_found(tiny_city: City) -> None:
    roads = tiny_city.roads
    end, length = roads.end.copy(), roads.length_m.copy()
    end[0], length[0] = roads.start[0], 1.0
    speed = with_value(roads.speed_m_s, 2, 300.0)
    start = roads.start.copy()
    start[4], end[4], length[4] = roads.end[3], roads.start[3], roads.length_m[3]
    city = changed(tiny_city, "roads", start=start, end=end, length_m=length, speed_m_s=speed)
    seen = found(city)
    keys = ("roads_zero", "roads_speed", "roads_twice")
    assert [seen[key].count for key in keys] == [1, 1, 1]


def test_one_outline_or_number_twice_is_found(tiny_city: City) -> None:
    count = tiny_city.buildings.id.size
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * 1e-4 + tiny_city.zones.centre[0]
    part = np.array([0, 5, 10], dtype=np.int32)
    shape = np.minimum(np.arange(count + 1), 2).astype(np.int32)
    shapes = Shapes(np.concatenate([square, square[::-1]]), part, shape)
    ids = with_value(tiny_city.buildings.id, 5, tiny_city.buildings.id[4])
    seen = found(changed(tiny_city, "buildings", shapes=shapes, id=ids))
    assert seen["footprints_twice"].first == ("2",)
    assert seen["buildings_id_twice"].count == 1


def test_an_unsure_type_is_said(tiny_city: City) -> None:
    certainty = np.full(60, 0.4, dtype=np.float32)
    seen = found(changed(tiny_city, "buildings", certainty=certainty))["types_unsure"]
    assert (seen.layer, seen.count, seen.severity) == ("building_types", 60, Severity.INFO)


def test_the_same_facility_twice_is_found(tiny_city: City) -> None:
    places = tiny_city.facilities
    kinds = list(places.kind)
    one, other = [row for row, kind in enumerate(kinds) if kind == "hospital"][:2]
    xy = with_value(places.xy, other, places.xy[one])
    seen = found(changed(tiny_city, "facilities", xy=xy))["facilities_twice"]
    assert seen.first == (places.id[other],)


def test_impossible_capacities_are_errors_of_their_network(tiny_city: City) -> None:
    nodes, mains = tiny_city.lifelines, tiny_city.mains
    row = nodes.sector.index("power")
    pipe = mains.sector.index("water")
    city = changed(tiny_city, "lifelines", capacity=with_value(nodes.capacity, row, 1e9))
    city = changed(city, "mains", diameter_m=with_value(mains.diameter_m, pipe, 0.0),
                   length_m=with_value(mains.length_m, pipe, 0.0),
                   capacity=with_value(mains.capacity, pipe, -1.0))  # fmt: skip
    seen = found(city)
    assert seen["capacity_wild"].layer == "power_network"
    assert seen["mains_diameter"].layer == "water_network"
    assert {"mains_zero", "mains_capacity"} <= seen.keys()


def test_a_main_without_an_end_and_nodes_out_of_reach_are_found(tiny_city: City) -> None:
    mains = tiny_city.mains
    pipe = mains.sector.index("water")
    end = with_value(mains.end, pipe, -1)
    assert found(changed(tiny_city, "mains", end=end))["mains_loose"].first == (mains.id[pipe],)
    kinds = tuple("junction" if kind in ("treatment", "well", "tank") else kind
                  for kind in tiny_city.lifelines.kind)  # fmt: skip
    assert "mains_apart" in found(changed(tiny_city, "lifelines", kind=kinds))


def test_a_circle_of_needs_is_an_error(tiny_city: City) -> None:
    graph = tiny_city.dependencies
    group = int(graph.group_start[graph.node.index("H-1")])
    at = int(graph.supplier_start[group])
    supplier = with_value(graph.supplier, at, graph.node.index("H-1"))
    seen = found(changed(tiny_city, "dependencies", supplier=supplier))["needs_circle"]
    assert seen.first == ("H-1",) and seen.places == (tuple(tiny_city.facilities.xy[0]),)


def test_whole_metres_and_holes_of_the_terrain_are_said(tiny_city: City) -> None:
    west, south, east, north = tiny_city.bbox
    step = np.array([(east - west) / 20, (north - south) / 20])
    z = np.arange(400, dtype=np.float32).reshape(20, 20)
    terrain = Terrain(z=z, corner=np.array([west, north]), step=step, crs=("EPSG:4326",))
    tiny_city = replace(tiny_city, layers=())
    seen = found(replace(tiny_city, terrain=terrain))
    assert seen["terrain_whole_metres"].severity is Severity.WARNING
    assert "zones_no_height" not in seen
    holed = replace(terrain, z=np.where(z < 200, np.nan, z + 0.25).astype(np.float32))
    seen = found(replace(tiny_city, terrain=holed))
    assert "terrain_whole_metres" not in seen
    assert seen["terrain_unknown"].text.params["share"] == 0.5
    assert seen["zones_no_height"].count == 3
    assert "terrain_wild" in found(replace(tiny_city, terrain=replace(terrain, z=z * 100)))


@pytest.mark.parametrize(
    ("as_of", "keys"),
    [("2014-05-01", {"layer_old"}), ("2025", set()), ("", {"layers_undated"})],
)
def test_old_and_undated_layers_are_said(tiny_city: City, as_of: str, keys: set[str]) -> None:
    one = replace(tiny_city.layers[0], name="roads", origin=Origin.OBSERVED, as_of=as_of)
    seen = found(replace(tiny_city, layers=(replace(one, coverage=1.0),)))
    assert keys == seen.keys() & {"layer_old", "layers_undated"}


def test_a_layer_that_is_silent_in_most_zones_is_thin(tiny_city: City) -> None:
    one = replace(tiny_city.layers[0], name="buildings", origin=Origin.OBSERVED, coverage=0.2)
    assert found(replace(tiny_city, layers=(one,)))["layer_thin"].layer == "buildings"


def test_a_missing_layer_is_said_once(tiny_city: City) -> None:
    gone = replace(tiny_city.layers[0], name="beds", origin=Origin.MISSING)
    beds = np.full(len(tiny_city.facilities.id), np.nan)
    city = changed(replace(tiny_city, layers=(gone,)), "facilities", beds=beds)
    seen = {one.key for one in check_city(city, TODAY)}
    assert "missing_beds" in seen and "beds_unknown" not in seen


def test_sensors_that_share_an_id_or_have_no_range_are_errors(tiny_city: City) -> None:
    streams = tiny_city.datastreams
    city = replace(tiny_city, datastreams=(*streams, replace(streams[0], low=1.0, high=0.0)))
    seen = found(city)
    assert seen["sensors_twice"].first == (streams[0].id,)
    assert "sensors_range" in seen


def test_a_million_buildings_are_checked_in_seconds(tiny_city: City) -> None:
    rows = np.arange(300_000) % 60
    table = tiny_city.buildings
    columns = {name: getattr(table, name)[rows] for name in
               ("xy", "zone", "cell", "link", "curve", "certainty", "storeys", "height_m", "use",
                "dwellings", "floor_area_m2")}  # fmt: skip
    big = changed(
        tiny_city, "buildings", id=np.arange(rows.size), shapes=Shapes.none(rows.size),
        occupants=table.occupants[:, rows], **columns,
    )  # fmt: skip
    start = time.process_time()
    check_city(big, TODAY)
    assert time.process_time() - start < 1.5  # 5 s for a million


def test_findings_are_worked_out_once_for_each_version(tiny_city: City) -> None:
    checked = Checked()
    first = checked(tiny_city)
    assert checked(tiny_city) is first
    assert checked(replace(tiny_city, version="tiny-2")) is not first


def test_a_figure_says_which_of_its_layers_are_weak(tiny_city: City) -> None:
    findings = [
        replace(one, severity=weight, layer=layer)
        for one, (layer, weight) in zip(
            check_city(tiny_city, TODAY),
            (("roads", Severity.WARNING), ("sensors", Severity.INFO),
             ("building_types", Severity.ERROR)), strict=False,
        )
    ]  # fmt: skip
    weak = weak_layers(findings)
    assert weak == {"roads", "building_types", "buildings"}
    why = Why(data=("sensors", "roads", "buildings"), model="", version="", as_of=None)  # type: ignore[arg-type]
    assert why.weighed(weak).weak == ("roads", "buildings")
