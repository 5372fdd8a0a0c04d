"""The register: joined with the city, kept over a restart, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops_kit import Kit, OneCity, make_kit, person
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, InvalidInputError, NotAllowedError
from rencheng.domain.observation import Quantity
from rencheng.domain.sensing import EntityKind
from rencheng.service.correcting import correct, take_back
from rencheng.service.observing import Outcome, observe
from rencheng.service.register import Register, register_of
from rencheng.service.register_extents import extent
from rencheng.service.register_forms import Draft, Faults, draft_of
from rencheng.service.register_readings import count, reading, reading_at, readings
from rencheng.service.registering import create, delete, update

K = EntityKind
OPERATOR = person("sensors", "sensor_operator")
POINT = {"type": "Point", "coordinates": [-71.3, -29.9]}


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City) -> Iterator[Kit]:
    made = joined(make_kit(tmp_path, tiny_city))
    yield made
    made.store.close()


def joined(kit: Kit) -> Kit:
    """Return the house as it is after a start: with a register that has read nothing yet."""
    served = kit.house.cities
    base = OneCity(served.load(served.current().version))
    return replace(kit, house=replace(kit.house, cities=Register(kit.store, base)))


def gauge(**more: Any) -> dict[str, Any]:
    stream = {
        "@iot.id": "well-level", "name": "level", "description": "level",
        "observationType": "OM_Measurement",
        "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
        "Sensor": {
            "name": "probe", "description": "p", "encodingType": "text/plain", "metadata": ""
        },
        "ObservedProperty": {"name": "level", "definition": "urn:level", "description": "l"},
    }  # fmt: skip
    place = {
        "name": "here", "description": "h", "encodingType": "application/geo+json",
        "location": POINT,
    }  # fmt: skip
    thing = {"@iot.id": "well", "name": "well", "description": "a well"}
    return thing | {"Locations": [place], "Datastreams": [stream | more]}


def drafted(kind: EntityKind, body: dict[str, Any], **more: Any) -> Draft:
    faults = Faults()
    draft = draft_of(kind, body, faults, **more)
    faults.raise_any()
    return draft


def register(kit: Kit, **more: Any) -> None:
    create(kit.house, kit.order(OPERATOR), drafted(K.THINGS, gauge(**more)))


def say(kit: Kit, *bodies: dict[str, Any]) -> list[Outcome]:
    drafts = [drafted(K.OBSERVATIONS, body, parent=("Datastream", "well-level")) for body in bodies]
    return observe(kit.house, kit.order(OPERATOR), drafts)


def at(kit: Kit, minutes: int) -> str:
    kit.clock.forward(minutes=minutes)
    return kit.clock().isoformat()


def test_a_registered_stream_is_one_of_the_city_and_the_rows_before_it_stay(kit: Kit) -> None:
    before = kit.house.cities.current()
    assert kit.house.cities.current() is before
    register(kit)
    after = kit.house.cities.current()
    assert after.datastreams[: len(before.datastreams)] == before.datastreams
    assert after.datastreams[-1].id == "well-level"
    assert after.zones is before.zones
    assert kit.house.cities.current() is after


def test_a_stream_without_a_place_feeds_no_model(kit: Kit) -> None:
    body = gauge()
    del body["Locations"]
    create(kit.house, kit.order(OPERATOR), drafted(K.THINGS, body))
    assert register_of(kit.house).row("well-level") is None


def test_a_known_property_in_the_unit_of_the_house_is_a_quantity_of_it(kit: Kit) -> None:
    register(kit, properties={"quantity": "water_level", "low": -1.0, "interval_s": 60})
    stream = kit.house.cities.current().datastreams[-1]
    assert (stream.quantity, stream.low, stream.interval_s) == (Quantity.WATER_LEVEL, -1.0, 60.0)


def test_a_restart_keeps_everything(kit: Kit) -> None:
    register(kit)
    say(kit, {"phenomenonTime": at(kit, 1), "result": 1.5, "parameters": {"by": "hand"}})
    again = joined(kit)
    index, old = register_of(again.house).index(), register_of(kit.house).index()
    assert [index.all(kind) for kind in K] == [old.all(kind) for kind in K]
    found = readings(again.house, ["well-level"])
    assert reading_at(again.house, found, 0).parameters == {"by": "hand"}
    assert again.house.cities.current() == kit.house.cities.current()


def test_every_fault_of_a_deep_insert_is_named_and_nothing_is_kept(kit: Kit) -> None:
    body = gauge(Thing={"@iot.id": "nobody"}, unitOfMeasurement="m")
    body["Locations"][0]["location"] = {"type": "Point", "coordinates": [500, 0]}
    del body["description"]
    with pytest.raises(InvalidInputError) as caught:
        drafted(K.THINGS, body)
    assert {one.where for one in caught.value.faults} == {
        "description", "Locations[0].location", "Datastreams[0].unitOfMeasurement",
    }  # fmt: skip
    body = gauge(Sensor={"@iot.id": "x"}, ObservedProperty={"@iot.id": "y"})
    with pytest.raises(InvalidInputError) as caught:
        create(kit.house, kit.order(OPERATOR), drafted(K.THINGS, body))
    assert len(caught.value.faults) == 2
    assert register_of(kit.house).index().find(K.THINGS, "well") is None
    assert kit.see(lambda work: work.things.list("")) == []


def test_what_the_city_states_is_read_only(kit: Kit) -> None:
    own = kit.house.cities.current().datastreams[0].id
    order = kit.order(OPERATOR)
    with pytest.raises(ConflictError):
        update(kit.house, order, K.DATASTREAMS, own, {"name": "mine"})
    with pytest.raises(ConflictError):
        delete(kit.house, order, K.DATASTREAMS, own)
    with pytest.raises(ConflictError):
        delete(kit.house, order, K.OBSERVED_PROPERTIES, "water_level")
    assert register_of(kit.house).index().find(K.DATASTREAMS, own) is not None


def test_a_device_may_not_register(kit: Kit) -> None:
    with pytest.raises(NotAllowedError):
        create(kit.house, kit.order(person("d", "device")), drafted(K.THINGS, gauge()))


def test_the_same_observation_again_is_no_second_one(kit: Kit) -> None:
    register(kit)
    body = {"phenomenonTime": at(kit, 1), "result": 2.0}
    noted = body | {"parameters": {"a": 1}}
    first = say(kit, body, noted)
    assert [one.key for one in say(kit, body, noted)] == [one.key for one in first]
    assert count(kit.house, ["well-level"]) == 2


def test_a_correction_lies_beside_the_raw_value(kit: Kit) -> None:
    register(kit)
    (made,) = say(kit, {"phenomenonTime": at(kit, 1), "result": 2.0})
    fixed = drafted(K.OBSERVATIONS, {"result": 3.0}, is_change=True)
    correct(kit.house, kit.order(OPERATOR), made.key, fixed)
    assert reading(kit.house, made.key).result == 3.0
    raw = kit.see(lambda work: work.observations.rows("live", ["well-level"], 0, 2**62))
    assert raw["value"].tolist() == [2.0]


def test_an_observation_taken_back_is_not_told_and_comes_back_when_sent_again(kit: Kit) -> None:
    register(kit)
    body = {"phenomenonTime": at(kit, 1), "result": 2.0}
    (made,) = say(kit, body)
    take_back(kit.house, kit.order(OPERATOR), made.key)
    assert (len(readings(kit.house, ["well-level"])), count(kit.house, ["well-level"])) == (0, 0)
    say(kit, body)
    assert (len(readings(kit.house, ["well-level"])), count(kit.house, ["well-level"])) == (1, 1)


@pytest.mark.parametrize("result", ["wet", True, {"a": 1}, [1, 2]])
def test_results_that_are_no_numbers_are_kept_as_they_are(kit: Kit, result: Any) -> None:
    register(kit)
    (made,) = say(kit, {"phenomenonTime": at(kit, 1), "result": result})
    assert reading(kit.house, made.key).result == result


def test_a_time_to_come_is_kept_and_no_rule_sees_it(kit: Kit) -> None:
    register(kit)
    (made,) = say(kit, {"phenomenonTime": "2030-01-01T00:00:00Z", "result": 9.0})
    assert reading(kit.house, made.key).result == 9.0
    assert kit.see(lambda work: work.observations.spans("live", ["well-level"]))[0][0] == 0


def test_the_extent_grows_with_what_comes_in_early_or_late(kit: Kit) -> None:
    register(kit)
    late = at(kit, 60)
    say(kit, {"phenomenonTime": late, "result": 1.0, "resultTime": late})
    say(kit, {"phenomenonTime": "2014-01-01T00:00:00Z", "result": 1.0})
    phenomena, results = extent(kit.house, "well-level")
    assert phenomena is not None
    assert phenomena[0] == 1388534400000000
    assert results is not None
    assert phenomena[1] == results[1]


def test_a_deleted_thing_takes_its_streams_along_and_its_row_stays_for_now(kit: Kit) -> None:
    register(kit)
    say(kit, {"phenomenonTime": at(kit, 1), "result": 1.0, "parameters": {"a": 1}})
    size = len(kit.house.cities.current().datastreams)
    delete(kit.house, kit.order(OPERATOR), K.THINGS, "well")
    assert register_of(kit.house).index().find(K.DATASTREAMS, "well-level") is None
    assert len(kit.house.cities.current().datastreams) == size
    assert len(joined(kit).house.cities.current().datastreams) == size - 1
    with pytest.raises(ConflictError):
        register(kit)


def test_a_thing_that_moves_leaves_a_historical_location(kit: Kit) -> None:
    register(kit)
    other = {
        "@iot.id": "there", "name": "there", "description": "t",
        "encodingType": "application/geo+json",
        "location": {"type": "Point", "coordinates": [-71.31, -29.91]},
    }  # fmt: skip
    create(kit.house, kit.order(OPERATOR), drafted(K.LOCATIONS, other, parent=("Things", "well")))
    index = register_of(kit.house).index()
    assert index.related(K.THINGS, "well", "Locations") == ("there",)
    assert len(index.related(K.THINGS, "well", "HistoricalLocations")) == 2
    assert kit.house.cities.current().datastreams[-1].xy == (-71.31, -29.91)


def test_changes_are_in_the_log(kit: Kit) -> None:
    register(kit)
    update(kit.house, kit.order(OPERATOR), K.THINGS, "well", {"name": "old well"})
    delete(kit.house, kit.order(OPERATOR), K.THINGS, "well")
    assert kit.actions() == [
        "sensorthings.created", "sensorthings.changed", "sensorthings.deleted"
    ]  # fmt: skip
