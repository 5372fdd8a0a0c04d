"""Data arrays of many datastreams at once, and what was taken back and is sent again."""

from __future__ import annotations

from typing import Any

from sensing_kit import Service, place, stream

COMPONENTS = ["phenomenonTime", "result"]


def _thing(service: Service, *keys: str) -> None:
    streams = [stream(key) | {"@iot.id": key} for key in keys]
    body = {"name": "t", "description": "t", "Locations": [place("p", -71.3, -29.9)]}
    service.make("Things", body | {"Datastreams": streams})


def _group(key: str, *rows: tuple[str, Any]) -> dict[str, Any]:
    return {
        "Datastream": {"@iot.id": key},
        "components": COMPONENTS,
        "dataArray": [list(row) for row in rows],
    }


def _send(service: Service, *groups: dict[str, Any]) -> list[str]:
    answer = service.client.post(service.at("CreateObservations"), json=list(groups))
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_every_row_of_every_datastream_is_answered_in_its_place(service: Service) -> None:
    _thing(service, "a", "b")
    told = _send(
        service,
        _group("a", ("2020-01-01T00:00:00Z", 1.5), ("2020-01-01T00:01:00Z", 2.5)),
        _group("b", ("2020-01-01T00:00:00Z", "text"), ("2020-01-01T00:01:00Z", 4.5)),
        _group("a", ("2020-01-01T00:02:00Z", 3.5)),
    )
    results = [service.ask(one.partition("/v1.1/")[2])["result"] for one in told]
    assert results == [1.5, 2.5, "text", 4.5, 3.5]


def test_what_was_taken_back_and_is_sent_again_is_told_again(service: Service) -> None:
    _thing(service, "a")
    group = _group("a", ("2020-01-01T00:00:00Z", 1.5))
    (first,) = _send(service, group)
    path = first.partition("/v1.1/")[2]
    assert service.delete(path) == 200
    assert service.value("Datastreams('a')/Observations") == []
    assert _send(service, group) == [first]
    assert service.ask(path)["result"] == 1.5
