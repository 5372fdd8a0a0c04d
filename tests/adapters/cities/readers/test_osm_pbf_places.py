"""Facilities, stops and administrative units out of a file of OpenStreetMap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pbf_kit import found, read, save
from rencheng.domain.errors import InvalidInputError

RING = [11, 13, 33, 31, 11]
"""A square of two thousandths of a degree, whose lower left corner is node 11."""


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
