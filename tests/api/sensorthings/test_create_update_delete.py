"""What the class "create-update-delete" of the OGC test suite asserts."""

from __future__ import annotations

from typing import Any

import pytest

from sensing_kit import SETS, Service, feature, observed, place, sensor, stream

TIME = "2015-03-01T00:40:00Z"


def by_id(address: str) -> dict[str, Any]:
    return {"@iot.id": address.partition("('")[2].removesuffix("')")}


def one_of_each(service: Service) -> dict[str, str]:
    """Create one entity of each kind by itself and return their addresses."""
    made = {
        "Things": service.make("Things", {"name": "t", "description": "t"}),
        "Locations": service.make("Locations", place("l", -114.05, 51.05)),
        "Sensors": service.make("Sensors", sensor("s")),
        "ObservedProperties": service.make("ObservedProperties", observed("o")),
        "FeaturesOfInterest": service.make("FeaturesOfInterest", feature("f", 10, 10)),
    }
    linked = {
        "Thing": by_id(made["Things"]),
        "Sensor": by_id(made["Sensors"]),
        "ObservedProperty": by_id(made["ObservedProperties"]),
    }
    made["Datastreams"] = service.make("Datastreams", stream("d", **linked))
    made["Observations"] = service.make(
        "Observations",
        {
            "phenomenonTime": TIME, "result": 8, "Datastream": by_id(made["Datastreams"]),
            "FeatureOfInterest": by_id(made["FeaturesOfInterest"]),
        },
    )  # fmt: skip
    made["HistoricalLocations"] = service.make(
        "HistoricalLocations",
        {
            "time": TIME, "Thing": by_id(made["Things"]), "Locations": [by_id(made["Locations"])]
        },
    )  # fmt: skip
    return made


def test_every_kind_can_be_made_by_itself_and_read_again(service: Service) -> None:
    for kind, address in one_of_each(service).items():
        found = service.ask(address)
        assert found["@iot.selfLink"] == service.at(address)
        assert service.value(kind)


def test_an_observation_without_a_feature_gets_the_place_of_its_thing(service: Service) -> None:
    made = one_of_each(service)
    assert service.patch(made["Things"], {"Locations": [by_id(made["Locations"])]}) == 200
    body = {
        "phenomenonTime": "2015-03-01T00:00:00Z", "result": 100,
        "resultTime": "2015-03-01T01:00:00Z", "Datastream": by_id(made["Datastreams"]),
    }  # fmt: skip
    first = service.make("Observations", body)
    assert service.ask(first)["resultTime"] == "2015-03-01T01:00:00Z"
    found = service.ask(f"{first}/FeatureOfInterest")
    assert found["feature"] == service.ask(made["Locations"])["location"]
    del body["resultTime"]
    second = service.make("Observations", body | {"phenomenonTime": "2015-05-01T00:00:00Z"})
    assert service.ask(second)["resultTime"] is None
    assert service.ask(f"{second}/FeatureOfInterest")["@iot.id"] == found["@iot.id"]


def test_a_thing_comes_with_everything_below_it(service: Service) -> None:
    body = {
        "name": "Office", "description": "Office", "properties": {"reference": "Third Floor"},
        "Locations": [place("West Roof", -117.05, 51.05)],
        "Datastreams": [stream("Light")],
    }  # fmt: skip
    thing = service.make("Things", body)
    assert service.value(f"{thing}/Locations")[0]["name"] == "West Roof"
    assert len(service.value(f"{thing}/HistoricalLocations")) == 1
    light = service.value(f"{thing}/Datastreams")[0]["@iot.selfLink"]
    assert service.ask(f"{light}/Sensor")["metadata"] == "sensor of Light"
    assert service.ask(f"{light}/ObservedProperty")["name"] == "property of Light"


def test_a_datastream_comes_with_its_observations(service: Service) -> None:
    body = {"name": "t", "description": "t", "Locations": [place("l", 1, 2)]}
    thing = service.make("Things", body)
    body = stream("Heat", Thing=by_id(thing), Observations=[{"phenomenonTime": TIME, "result": 10}])
    made = service.make("Datastreams", body)
    assert [one["result"] for one in service.value(f"{made}/Observations")] == [10]
    own = service.make(
        f"{made}/Observations",
        {
            "phenomenonTime": "2015-03-02T00:00:00Z", "result": 1,
            "FeatureOfInterest": feature("x", 3, 4),
        },
    )  # fmt: skip
    assert service.ask(f"{own}/FeatureOfInterest")["name"] == "x"


@pytest.mark.parametrize("missing", ["Sensor", "ObservedProperty", "Thing", "name"])
def test_an_incomplete_datastream_leaves_nothing_behind(service: Service, missing: str) -> None:
    made = one_of_each(service)
    before = {kind: len(service.value(kind)) for kind in SETS}
    body = stream(
        "x", Thing=by_id(made["Things"]), Observations=[{"phenomenonTime": TIME, "result": 1}]
    )
    del body[missing]
    assert service.fails("Datastreams", body) in (400, 409)
    assert {kind: len(service.value(kind)) for kind in SETS} == before


def test_a_thing_with_an_incomplete_datastream_leaves_nothing_behind(service: Service) -> None:
    inner = stream("x")
    del inner["Sensor"]
    body = {
        "name": "t", "description": "t", "Locations": [place("l", 1, 2)], "Datastreams": [inner]
    }  # fmt: skip
    assert service.fails("Things", body) in (400, 409)
    assert [service.value(kind) for kind in SETS] == [[] for _ in SETS]


def test_an_observation_needs_a_datastream_and_a_place(service: Service) -> None:
    made = one_of_each(service)
    alone = {
        "phenomenonTime": TIME,
        "result": 8,
        "FeatureOfInterest": by_id(made["FeaturesOfInterest"]),
    }
    assert service.fails("Observations", alone) in (400, 409)
    unplaced = service.make("Things", {"name": "u", "description": "u"})
    stray = service.make("Datastreams", stream("stray", Thing=by_id(unplaced)))
    nowhere = {"phenomenonTime": TIME, "result": 8, "Datastream": by_id(stray)}
    assert service.fails("Observations", nowhere) in (400, 409)
    bad = feature("f", 1, 2)
    del bad["encodingType"]
    assert service.fails("Observations", nowhere | {"FeatureOfInterest": bad}) in (400, 409)
    assert len(service.value("Observations")) == 1


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Things", {"description": "patched"}),
        ("Locations", {"location": {"type": "Point", "coordinates": [114.05, -50]}}),
        ("HistoricalLocations", {"time": "2015-07-01T00:00:00Z"}),
        ("Sensors", {"metadata": "patched"}),
        ("ObservedProperties", {"description": "patched"}),
        ("FeaturesOfInterest", {"feature": {"type": "Point", "coordinates": [114.05, -51.05]}}),
        ("Datastreams", {"description": "patched"}),
        ("Datastreams", {"unitOfMeasurement": {"name": "E", "symbol": "S2", "definition": "u"}}),
        ("Observations", {"phenomenonTime": "2015-07-01T00:40:00Z"}),
    ],
)  # fmt: skip
def test_a_patch_changes_what_it_names_and_nothing_else(
    service: Service, kind: str, change: dict[str, Any]
) -> None:
    address = one_of_each(service)[kind]
    before = service.ask(address)
    assert service.patch(address, change) == 200
    after = service.ask(address)
    moving = {"phenomenonTime", "observedArea"} if kind == "Datastreams" else set()
    assert {k: v for k, v in after.items() if k not in moving} == {
        k: v for k, v in (before | change).items() if k not in moving
    }


def test_a_thing_that_moves_leaves_where_it_was_and_since_when(service: Service) -> None:
    body = {"name": "t", "description": "t", "Locations": [place("first", 1, 2)]}
    thing = service.make("Things", body)
    assert service.patch(thing, {"Locations": [by_id(service.make("Locations", place("l", 3, 4)))]})
    places = [
        service.value(f"{one['@iot.selfLink']}/Locations")[0]["name"]
        for one in service.value(f"{thing}/HistoricalLocations", orderby="time")
    ]
    assert places == ["first", "l"]


def test_a_thing_is_where_it_was_seen_last_by_whoever_says_so(service: Service) -> None:
    thing = service.make("Things", {"name": "t", "description": "t"})
    seen = {
        time: service.make("Locations", place(time, 1, 2))
        for time in ("2015-01-02T00:00:00Z", "2015-01-01T00:00:00Z", "2130-01-01T00:00:00Z")
    }
    for time, where in seen.items():
        service.make(
            "HistoricalLocations",
            {"time": time, "Thing": by_id(thing), "Locations": [by_id(where)]},
        )
    assert [one["name"] for one in service.value(f"{thing}/Locations")] == ["2015-01-02T00:00:00Z"]
    assert len(service.value(f"{thing}/HistoricalLocations")) == 3


def test_put_replaces_what_is_not_named_by_nothing(service: Service) -> None:
    body = {"name": "t", "description": "t", "properties": {"floor": 3}}
    thing = service.make("Things", body)
    answer = service.client.put(service.at(thing), json={"name": "new", "description": "d"})
    assert answer.status_code == 200
    found = service.ask(thing)
    assert (found["name"], found["description"], found["properties"]) == ("new", "d", {})


def test_a_json_patch_changes_what_its_steps_say_or_nothing(service: Service) -> None:
    body = {"name": "t", "description": "t", "properties": {"floor": 3, "old": 1}}
    thing = service.make("Things", body)
    steps: list[dict[str, Any]] = [
        {"op": "test", "path": "/properties/floor", "value": 3},
        {"op": "replace", "path": "/properties/floor", "value": 4},
        {"op": "remove", "path": "/properties/old"},
        {"op": "add", "path": "/properties/rooms", "value": [1, 2]},
    ]
    headers = {"Content-Type": "application/json-patch+json"}
    answer = service.client.patch(service.at(thing), json=steps, headers=headers)
    assert answer.status_code == 200, answer.text
    assert service.ask(thing)["properties"] == {"floor": 4, "rooms": [1, 2]}
    again = service.client.patch(service.at(thing), json=steps, headers=headers)
    assert again.status_code == 400
    assert service.ask(thing)["properties"] == {"floor": 4, "rooms": [1, 2]}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Things", {"Locations": [place("West Roof", -117.05, 51.05)]}),
        ("Things", {"Datastreams": [stream("x")]}),
        ("Sensors", {"Datastreams": [stream("x")]}),
        ("ObservedProperties", {"Datastreams": [stream("x")]}),
        ("Datastreams", {"ObservedProperty": observed("x")}),
        ("Datastreams", {"Sensor": sensor("x")}),
        ("Datastreams", {"Thing": {"name": "x", "description": "x"}}),
        ("Datastreams", {"Observations": [{"phenomenonTime": TIME, "result": 92122}]}),
    ],
)  # fmt: skip
def test_a_patch_makes_no_neighbours(service: Service, kind: str, change: dict[str, Any]) -> None:
    assert service.patch(one_of_each(service)[kind], change) == 400


@pytest.mark.parametrize("kind", SETS)
def test_what_is_deleted_is_gone_and_what_never_was_cannot_be(service: Service, kind: str) -> None:
    address = one_of_each(service)[kind]
    assert service.delete(address) == 200
    service.ask(address, status=404)
    assert service.delete(f"{kind}('never')") == 404


GONE = {
    "Things": {"Things", "Datastreams", "HistoricalLocations", "Observations"},
    "Datastreams": {"Datastreams", "Observations"},
    "Locations": {"Locations", "HistoricalLocations"},
    "HistoricalLocations": {"HistoricalLocations"},
    "Sensors": {"Sensors", "Datastreams", "Observations"},
    "ObservedProperties": {"ObservedProperties", "Datastreams", "Observations"},
    "FeaturesOfInterest": {"FeaturesOfInterest", "Observations"},
    "Observations": {"Observations"},
}


@pytest.mark.parametrize("kind", SETS)
def test_with_an_entity_goes_what_cannot_be_without_it_and_no_more(
    service: Service, kind: str
) -> None:
    assert service.delete(one_of_each(service)[kind]) == 200
    assert {one for one in SETS if not service.value(one)} == GONE[kind]
