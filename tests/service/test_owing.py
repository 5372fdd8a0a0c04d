"""Observations inside a deep insert: kept with the entities, and in the history once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops_kit import Kit, OneCity, make_kit, person
from rencheng.domain.city import City
from rencheng.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    SourceUnavailableError,
    TooMuchError,
)
from rencheng.domain.sensing import EntityKind
from rencheng.service import owing
from rencheng.service.correcting import take_back
from rencheng.service.owing import first_asked, insert, pay
from rencheng.service.register import Register, register_of
from rencheng.service.register_forms import Draft, Faults, draft_of
from rencheng.service.register_readings import count, reading_at, readings
from rencheng.service.registering import delete

K = EntityKind
OPERATOR = person("sensors", "sensor_operator")
AREA = {
    "name": "pier", "description": "p", "encodingType": "application/geo+json",
    "feature": {"type": "Point", "coordinates": [-71.35, -29.95]},
}  # fmt: skip
SAID: tuple[dict[str, Any], ...] = (
    {"phenomenonTime": "2015-09-16T22:00:00Z", "result": 1.5},
    {"phenomenonTime": "2015-09-16T22:01:00Z", "result": 2.5, "parameters": {"by": "hand"}},
    {"phenomenonTime": "2015-09-16T22:02:00Z", "result": "calm", "FeatureOfInterest": AREA},
    {"phenomenonTime": "2030-01-01T00:00:00Z", "result": 9.0},
    {"result": 3.5},
)
"""A plain number, one with details, a text with an own feature, a forecast, one without time."""


class KilledError(BaseException):
    """Nothing that the program catches: as if the power failed."""


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City) -> Iterator[Kit]:
    made = started(tmp_path, tiny_city)
    yield made
    made.store.close()


def started(folder: Path, city: City) -> Kit:
    """Return the house as it is after a start over what lies in a folder."""
    made = make_kit(folder, city)
    return replace(made, house=replace(made.house, cities=Register(made.store, OneCity(city))))


def well(*said: dict[str, Any], **more: Any) -> Draft:
    stream = {
        "@iot.id": "level", "name": "level", "description": "level",
        "observationType": "OM_Measurement", "Observations": list(said),
        "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
        "Sensor": {
            "name": "probe", "description": "p", "encodingType": "text/plain", "metadata": ""
        },
        "ObservedProperty": {"name": "level", "definition": "urn:level", "description": "l"},
    }  # fmt: skip
    place = {
        "name": "here", "description": "h", "encodingType": "application/geo+json",
        "location": {"type": "Point", "coordinates": [-71.3, -29.9]},
    }  # fmt: skip
    faults = Faults()
    body = {
        "@iot.id": "well", "name": "well", "description": "w", "Locations": [place],
        "Datastreams": [stream | more],
    }  # fmt: skip
    draft = draft_of(K.THINGS, body, faults)
    faults.raise_any()
    return draft


def told(kit: Kit) -> list[Any]:
    found = readings(kit.house, ["level"])
    return [reading_at(kit.house, found, row).result for row in range(len(found))]


def owed(kit: Kit) -> int:
    return kit.see(lambda work: len(work.owed.list("")))


def fall(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def falls(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(owing, "keep_told", falls)


def test_entities_and_their_observations_are_there_together(kit: Kit) -> None:
    insert(kit.house, kit.order(OPERATOR), well(*SAID))
    assert told(kit) == [1.5, 2.5, "calm", 3.5, 9]
    assert owed(kit) == 0


@pytest.mark.parametrize("where", ["before the history", "after the history"])
def test_killed_between_entities_and_history_a_start_brings_every_observation_once(
    kit: Kit, tmp_path: Path, tiny_city: City, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "before the history":
        fall(monkeypatch, KilledError())
    else:
        kept = owing.keep_told

        def kept_and_killed(*args: Any, **more: Any) -> Any:
            kept(*args, **more)
            raise KilledError

        monkeypatch.setattr(owing, "keep_told", kept_and_killed)
    with pytest.raises(KilledError):
        insert(kit.house, kit.order(OPERATOR, id="once"), well(*SAID))
    monkeypatch.undo()
    kit.store.close()
    again = started(tmp_path, tiny_city)
    again.clock.forward(hours=1)
    assert register_of(again.house).index().find(K.THINGS, "well") is not None
    pay(again.house)
    pay(again.house)
    insert(again.house, again.order(OPERATOR, id="once"), well(*SAID))
    assert told(again) == [1.5, 2.5, "calm", 3.5, 9]
    assert (count(again.house, ["level"]), owed(again)) == (5, 0)
    again.store.close()


def test_a_retry_under_the_same_key_brings_what_the_first_left(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    fall(monkeypatch, KilledError())
    with pytest.raises(KilledError):
        insert(kit.house, kit.order(OPERATOR, id="once"), well(*SAID))
    monkeypatch.undo()
    kit.clock.forward(minutes=5)
    for _ in range(2):
        made = insert(kit.house, kit.order(OPERATOR, id="once"), well(*SAID))
        assert (made.key, told(kit)) == ("well", [1.5, 2.5, "calm", 3.5, 9])
    assert len(kit.see(lambda work: work.things.list(""))) == 1


def test_while_the_history_cannot_be_written_nothing_is_lost(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    fall(monkeypatch, SourceUnavailableError("store.disk", "full", hint="Make room"))
    assert insert(kit.house, kit.order(OPERATOR), well(*SAID)).key == "well"
    with pytest.raises(SourceUnavailableError):
        pay(kit.house)
    assert (told(kit), owed(kit)) == ([], 1)
    monkeypatch.undo()
    pay(kit.house)
    assert (len(told(kit)), owed(kit)) == (5, 0)


def test_what_was_taken_back_meanwhile_stays_so_and_a_deleted_stream_gets_nothing(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = owing.keep_told

    def kept_and_fallen(*args: Any, **more: Any) -> Any:
        kept(*args, **more)
        raise SourceUnavailableError("store.busy", "busy", hint="Try again")

    monkeypatch.setattr(owing, "keep_told", kept_and_fallen)
    insert(kit.house, kit.order(OPERATOR), well(*SAID[:2]))
    monkeypatch.undo()
    first = reading_at(kit.house, readings(kit.house, ["level"]), 0)
    take_back(kit.house, kit.order(OPERATOR), first.id)
    pay(kit.house)
    assert told(kit) == [2.5]
    fall(monkeypatch, SourceUnavailableError("store.busy", "busy", hint="Try again"))
    other = well(*SAID, **{"@iot.id": "other"})
    other.key = "other well"
    insert(kit.house, kit.order(OPERATOR), other)
    monkeypatch.undo()
    delete(kit.house, kit.order(OPERATOR), K.DATASTREAMS, "other")
    pay(kit.house)
    assert (count(kit.house, ["other"]), owed(kit)) == (0, 0)


def test_an_observation_that_does_not_fit_keeps_the_entities_out_too(kit: Kit) -> None:
    wrong = SAID[0] | {"FeatureOfInterest": {"@iot.id": "nowhere"}}
    with pytest.raises(InvalidInputError) as caught:
        insert(kit.house, kit.order(OPERATOR), well(SAID[0], wrong))
    assert [one.where for one in caught.value.faults] == [
        "Datastreams[0].Observations[1].FeatureOfInterest"
    ]
    assert register_of(kit.house).index().find(K.THINGS, "well") is None
    assert owed(kit) == 0


def test_who_may_register_but_not_send_keeps_neither(kit: Kit) -> None:
    planner = person("planner", "planner")
    with pytest.raises(NotAllowedError):
        insert(kit.house, kit.order(planner), well(SAID[0]))
    assert register_of(kit.house).index().find(K.THINGS, "well") is None
    assert insert(kit.house, kit.order(planner), well()).key == "well"


def test_more_observations_than_a_batch_may_have_are_refused_whole(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owing, "MAX_ROWS", 4)
    with pytest.raises(TooMuchError):
        insert(kit.house, kit.order(OPERATOR), well(*SAID))
    assert register_of(kit.house).index().find(K.THINGS, "well") is None


def test_a_command_given_again_was_first_given_when_it_was(kit: Kit) -> None:
    order = kit.order(OPERATOR, id="key")
    first = first_asked(kit.house, order, "a")
    kit.clock.forward(minutes=5)
    assert first_asked(kit.house, order, "a") == first
    assert first_asked(kit.house, kit.order(OPERATOR), "a") is None
