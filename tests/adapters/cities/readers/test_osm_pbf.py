"""Streets, buildings and whole files of OpenStreetMap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from pbf_kit import GRID, found, read, save
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.osm_pbf import READER
from rencheng.domain.errors import ConflictError, InvalidInputError, TooMuchError

STREET = {"highway": "residential"}
HOUSE = {"building": "yes"}
AREA = {"type": "multipolygon"}
RING = [11, 13, 33, 31, 11]
"""A square of two thousandths of a degree, whose lower left corner is node 11."""
COURT = [32, 42, 43, 33, 32]


# Streets


def test_streets_are_cut_where_they_meet_and_nowhere_else(file: Path) -> None:
    roads = read(save(file, [(1, [11, 12, 13, 14], STREET), (2, [13, 23], STREET)]), "roads").roads
    ends = {tuple(map(tuple, np.round(roads.node_xy[[a, b]] * 1000).astype(int).tolist()))
            for a, b in zip(roads.start, roads.end, strict=True)}  # fmt: skip
    assert ends == {((1, 1), (3, 1)), ((3, 1), (4, 1)), ((3, 1), (3, 2))}
    assert sorted(len(line.coords) for line in roads.lines) == [2, 2, 3]


def test_each_link_begins_and_ends_at_its_nodes(file: Path) -> None:
    ways = [(1, [11, 12, 13], STREET), (2, [22, 12, 2], STREET), (3, RING, STREET)]
    roads = read(save(file, ways), "roads").roads
    first = shapely.get_coordinates(shapely.get_point(roads.lines, 0))
    last = shapely.get_coordinates(shapely.get_point(roads.lines, -1))
    assert np.allclose(first, roads.node_xy[roads.start])
    assert np.allclose(last, roads.node_xy[roads.end])


def test_a_way_that_crosses_itself_is_cut_at_the_crossing(file: Path) -> None:
    roads = read(save(file, [(1, [11, 12, 13, 23, 22, 12, 2], STREET)]), "roads").roads
    assert roads.start.size == 3
    assert (roads.start == roads.end).sum() == 1


@pytest.mark.parametrize(
    ("tags", "direction"),
    [
        ({}, 0), ({"oneway": "yes"}, 1), ({"oneway": "-1"}, -1), ({"oneway": "reverse"}, -1),
        ({"oneway": "no"}, 0), ({"oneway": "reversible"}, 0), ({"junction": "roundabout"}, 1),
        ({"junction": "roundabout", "oneway": "no"}, 0), ({"highway": "motorway"}, 1),
        ({"highway": "motorway", "oneway": "no"}, 0), ({"highway": "motorway_link"}, 0),
    ],
)  # fmt: skip
def test_direction_is_what_the_tags_say_or_imply(file: Path, tags: dict, direction: int) -> None:
    roads = read(save(file, [(1, [11, 12], STREET | tags)]), "roads").roads
    assert roads.direction.tolist() == [direction]


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        ({"highway": "footway"}, False), ({"highway": "service"}, False), ({"area": "yes"}, False),
        ({"access": "private"}, False), ({"access": "no", "motor_vehicle": "yes"}, True),
        ({"motor_vehicle": "no"}, False), ({"access": "private;delivery"}, False),
        ({"highway": "living_street"}, True), ({"highway": "construction"}, False),
    ],
)  # fmt: skip
def test_only_ways_that_cars_may_use_are_streets(file: Path, tags: dict, taken: bool) -> None:
    ways = [(1, [11, 12], STREET | tags), (2, [15, 16], STREET)]
    assert read(save(file, ways), "roads").roads.start.size == 1 + taken


def test_classes_may_be_named(file: Path) -> None:
    ways = [(1, [11, 12], {"highway": "service"}), (2, [13, 14], {"highway": "track"}),
            (3, [15, 16], {"highway": "service", "service": "parking_aisle"})]  # fmt: skip
    roads = read(save(file, ways), "roads", classes="service, track").roads
    assert sorted(roads.kind) == ["service", "track"]


def test_speeds_are_read_and_what_is_not_readable_is_counted(file: Path) -> None:
    said = ["50", "30 mph", "CN:urban", "DE:zone:30", "fast", "none", ""]
    ways = [(i + 1, [11 + i, 21 + i], STREET | {"maxspeed": v}) for i, v in enumerate(said)]
    given = read(save(file, ways), "roads")
    order = np.argsort(given.roads.node_xy[given.roads.start][:, 0])
    expected = [50, 48.28032, 50, 30, np.nan, np.nan, np.nan]
    assert np.allclose(given.roads.speed_km_h[order], expected, equal_nan=True)
    assert found(given)["osm_speed_unread"] == (1, ("5",))


def test_the_chinese_name_goes_first_and_others_can_be_asked_for(file: Path) -> None:
    save(file, [(1, [11, 12], STREET | {"name": "Main", "name:zh": "大街", "name:en": "High"})])
    assert read(file, "roads").roads.name.tolist() == ["大街"]
    assert read(file, "roads", names="name:en,name").roads.name.tolist() == ["High"]


def test_a_way_that_lost_nodes_ends_at_the_gap(file: Path) -> None:
    given = read(save(file, [(7, [11, 12, 999, 998, 14, 15], STREET)]), "roads")
    assert given.roads.start.size == 2
    assert np.isclose(shapely.length(given.roads.lines).sum(), 0.002)
    assert found(given)["osm_nodes_missing"] == (1, ("7",))
    assert given.findings[0].places == ((0.001, 0.001),)


def test_ways_of_one_node_and_ways_twice_are_counted(file: Path) -> None:
    ways = [(1, [11], STREET), (2, [12, 12], STREET), (3, [13, 14], STREET), (3, [13, 15], STREET)]
    given = read(save(file, ways), "roads")
    assert given.roads.start.size == 1
    assert found(given)["osm_way_short"] == (2, ("1", "2"))
    assert found(given)["osm_way_twice"] == (1, ("3",))


# Buildings


def test_buildings_keep_the_words_of_their_tags(file: Path) -> None:
    tags = {
        "building": "apartments", "building:structure": "框架", "building:material": "brick",
        "building:levels": "6", "height": "18.5 m", "start_date": "1987-05", "building:flats": "24",
    }  # fmt: skip
    table = read(save(file, [(5, RING, tags)]), "buildings").buildings
    assert table.id.tolist() == [5]
    assert (table.use[0], table.structure[0]) == ("apartments", "框架")
    assert (table.storeys[0], table.height_m[0], table.year[0], table.dwellings[0]) == (
        6, 18.5, 1987, 24,
    )  # fmt: skip
    assert np.isnan(table.people[0])
    assert shapely.contains_xy(table.areas[0], *table.xy[0])


@pytest.mark.parametrize(
    ("tags", "use"),
    [({"building": "yes", "amenity": "school"}, "school"), ({"building": "yes"}, "yes"),
     ({"building": "yes", "shop": "bakery"}, "retail"),
     ({"building": "house", "building:use": "office", "shop": "yes"}, "office"),
     ({"building": "house", "shop": "yes"}, "house")],
)  # fmt: skip
def test_the_use_comes_from_the_tag_that_says_it(file: Path, tags: dict, use: str) -> None:
    assert read(save(file, [(5, RING, tags)]), "buildings").buildings.use.tolist() == [use]


def test_a_relation_gives_a_building_with_a_courtyard_and_a_negative_id(file: Path) -> None:
    ways = [(1, [11, 16, 66], {}), (2, [66, 61, 11], {}), (3, COURT, {})]
    members = [("w", 1, "outer"), ("w", 2, "outer"), ("w", 3, "inner")]
    table = read(save(file, ways, [(1, members, AREA | HOUSE)]), "buildings").buildings
    assert table.id.tolist() == [-1]
    assert np.isclose(table.areas[0].area, 24e-6)
    assert len(table.areas[0].interiors) == 1


def test_an_island_in_a_courtyard_and_a_second_wing_belong_to_it(file: Path) -> None:
    nodes = dict(enumerate([
        (0, 0), (9, 0), (9, 9), (0, 9), (1, 1), (8, 1), (8, 8), (1, 8), (3, 3), (5, 3), (5, 5),
        (3, 5), (20, 0), (21, 0), (21, 1), (20, 1)], start=1))  # fmt: skip
    ways = [(n, [4 * n - 3, 4 * n - 2, 4 * n - 1, 4 * n, 4 * n - 3], {}) for n in range(1, 5)]
    members = [("w", 1, "outer"), ("w", 2, "inner"), ("w", 3, "outer"), ("w", 4, "")]
    save(file, ways, [(8, members, AREA | HOUSE)], nodes=nodes)
    area = read(file, "buildings").buildings.areas[0]
    assert area.geom_type == "MultiPolygon"
    assert area.area == pytest.approx(81 - 49 + 4 + 1)


def test_a_building_drawn_as_way_and_relation_counts_once(file: Path) -> None:
    members = [("w", 1, "outer"), ("w", 2, "inner")]
    ways = [(1, [11, 16, 66, 61, 11], HOUSE), (2, COURT, {})]
    given = read(save(file, ways, [(1, members, AREA | HOUSE)]), "buildings")
    assert given.buildings.id.tolist() == [-1]
    assert found(given)["osm_building_twice"] == (1, ("1",))


def test_open_cut_and_flat_rings_are_left_out_and_counted(file: Path) -> None:
    ways = [(1, RING[:-1], HOUSE), (2, [11, 12, 999, 11], HOUSE), (3, [11, 12, 13, 11], HOUSE),
            (4, RING, HOUSE), (5, [11, 12, 11], HOUSE)]  # fmt: skip
    given = read(save(file, ways), "buildings")
    assert given.buildings.id.tolist() == [4]
    assert found(given)["osm_ring_open"] == (2, ("1", "5"))
    assert found(given)["osm_area_cut"] == (1, ("2",))
    assert found(given)["osm_ring_flat"] == (1, ("3",))


def test_a_ring_that_crosses_itself_is_mended_and_counted(file: Path) -> None:
    given = read(save(file, [(1, [11, 33, 13, 31, 11], HOUSE)]), "buildings")
    assert shapely.is_valid(given.buildings.areas).all()
    assert given.buildings.areas[0].area == pytest.approx(2e-6)
    assert found(given)["osm_ring_mended"] == (1, ("1",))


def test_relations_that_do_not_close_or_lost_members_are_counted(file: Path) -> None:
    ways = [(1, [11, 16, 66], {}), (2, RING, {})]
    tags, members = AREA | HOUSE, [[("w", n, "outer")] for n in (1, 77, 2)]
    relations = [*((i + 1, one, tags) for i, one in enumerate(members)), (4, members[2], HOUSE)]
    given = read(save(file, ways, relations), "buildings")
    assert given.buildings.id.tolist() == [-3]
    assert found(given)["osm_ring_open"] == (1, ("1",))
    assert found(given)["osm_area_cut"] == (1, ("2",))


# The whole


def test_clipping_keeps_what_touches_the_box(file: Path) -> None:
    ways = [(1, [11, 12], STREET), (2, [15, 16], STREET), (3, RING, HOUSE),
            (4, [55, 57, 77, 75, 55], HOUSE)]  # fmt: skip
    tagged = [
        (901, (0.002, 0.002), {"amenity": "school"}),
        (902, (0.5, 0.5), {"amenity": "school"}),
    ]
    given = read(save(file, ways, tagged=tagged), clip=(0.0, 0.0, 0.0025, 0.0025))
    assert (given.roads.start.size, len(given.roads.node_xy)) == (1, 2)
    assert given.buildings.id.tolist() == [3]
    assert given.facilities.id.tolist() == ["osm-n901"]
    assert {layer.name: layer.count for layer in given.layers} == {
        "roads": 1, "buildings": 1, "facilities": 1,
    }  # fmt: skip


def test_layers_say_licence_version_and_what_is_not_there(file: Path) -> None:
    given = read(save(file, [(1, [11, 12], STREET)]), "roads", "buildings")
    assert given.buildings is None
    assert found(given)["osm_nothing"] == (1, ("buildings",))
    (layer,) = given.layers
    assert (layer.name, layer.count, layer.licence, layer.crs) == (
        "roads",
        1,
        "ODbL-1.0",
        "EPSG:4326",
    )
    assert len(layer.version) == 12


def test_a_file_beyond_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "country.osm.pbf"
    with file.open("wb") as stream:
        stream.truncate(10 << 30)
    source = Source(id="map", kind="osm_pbf", path=file.name)
    with pytest.raises(TooMuchError):
        READER.read(source, file, Job(memory_mb=2048))


def test_a_file_of_nodes_only_is_an_error(file: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(save(file))
    assert caught.value.key == "osm.empty"
    assert caught.value.params["nodes"] == len(GRID)


def test_a_stopped_job_stops(file: Path) -> None:
    save(file, [(1, [11, 12], STREET)])
    with pytest.raises(ConflictError):
        READER.read(Source(id="map", kind="osm_pbf"), file, Job(is_stopped=lambda: True))
