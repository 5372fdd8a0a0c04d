"""Several requests in one: later ones name what earlier ones made; each stands for itself."""

from __future__ import annotations

from typing import Any

import pytest

from sensing_kit import Service, feature, place, sensor, stream


def batch(service: Service, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    """Send requests, numbered from 1 on unless they have an id."""
    body = [{"id": str(n), "method": "post"} | one for n, one in enumerate(requests, 1)]
    answer = service.client.post(service.at("$batch"), json={"requests": body})
    assert answer.status_code == 200, answer.text
    return answer.json()["responses"]


def thing(name: str = "t") -> dict[str, Any]:
    return {"name": name, "description": name, "Locations": [place(name, 1, 2)]}


def test_later_requests_name_what_earlier_ones_made_in_address_and_body(service: Service) -> None:
    responses = batch(
        service,
        {"url": "Things", "body": thing()},
        {"url": "Sensors", "body": sensor("s")},
        {"url": "$1/Datastreams", "body": stream("d", Sensor={"@iot.id": "$2"})},
        {"url": "$3/Observations", "body": {"result": 5}},
        {"url": "$4", "method": "get"},
        {"url": "$3?$expand=Sensor($select=name)&$select=name", "method": "get"},
        {"url": "$1", "method": "patch", "body": {"name": "new"}},
    )
    assert [one["status"] for one in responses] == [201, 201, 201, 201, 200, 200, 200]
    assert [one["id"] for one in responses] == list("1234567")
    assert responses[4]["body"]["result"] == 5
    assert responses[5]["body"]["Sensor"] == {"name": "s"}
    assert responses[0]["location"].startswith("http://testserver/v1.1/Things('")
    assert service.value("Things")[0]["name"] == "new"


def test_addresses_may_be_whole_or_begin_at_the_server(service: Service) -> None:
    made = service.make("Things", thing())
    addresses = (
        service.at(made),
        f"/v1.1/{made}",
        made,
        f"{made}/name",
        "Things?$top=1&$count=true",
    )
    responses = batch(service, *({"url": one, "method": "get"} for one in addresses))
    assert [one["status"] for one in responses] == [200] * 5
    assert responses[3]["body"] == {"name": "t"}
    assert responses[4]["body"]["@iot.count"] == 1


def test_a_failed_request_hinders_those_alone_that_need_it(service: Service) -> None:
    responses = batch(
        service,
        {"url": "Things", "body": {"name": "no description"}},
        {"url": "$1/Datastreams", "body": stream("d")},
        {"url": "Datastreams", "body": stream("d", Thing={"@iot.id": "$1"})},
        {"url": "$2/Observations", "body": {"result": 1}},
        {"url": "FeaturesOfInterest", "body": feature("f", 1, 2), "dependsOn": ["1"]},
        {"url": "Sensors", "body": sensor("s")},
        {"url": "Things('nobody')", "method": "delete"},
        {"url": "Things?$filter=nam eq 'x'", "method": "get"},
        {"url": "Things", "method": "head"},
    )
    assert [one["status"] for one in responses] == [400, 424, 424, 424, 424, 201, 404, 400, 405]
    assert responses[0]["body"]["faults"][0]["where"] == "description"
    assert service.value("Things") == service.value("FeaturesOfInterest") == []


def test_data_arrays_go_in_by_a_batch_too(service: Service) -> None:
    rows = [["2015-03-01T00:00:00Z", 1], ["2015-03-01T00:01:00Z", 2]]
    responses = batch(
        service,
        {"url": "Things", "body": thing() | {"Datastreams": [stream("d") | {"@iot.id": "d"}]}},
        {
            "url": "CreateObservations",
            "body": [
                {
                    "Datastream": {"@iot.id": "d"}, "components": ["phenomenonTime", "result"],
                    "dataArray": rows,
                }
            ],
        },
    )  # fmt: skip
    assert len(responses[1]["body"]) == 2
    assert [one["result"] for one in service.value("Observations")] == [1, 2]


@pytest.mark.parametrize(
    ("request_", "where"),
    [
        ({"url": "Things", "body": {}, "atomicityGroup": "g"}, "requests[0].atomicityGroup"),
        ({"url": None}, "requests[0].url"),
        ({"url": "Things", "id": 7}, "requests[0].id"),
    ],
)
def test_what_a_batch_cannot_be_is_refused_whole(
    service: Service, request_: dict[str, Any], where: str
) -> None:
    body = {"requests": [{"id": "1", "method": "post"} | request_]}
    answer = service.client.post(service.at("$batch"), json=body)
    assert answer.status_code == 400
    assert where in [one["where"] for one in answer.json()["faults"]]


def test_a_batch_in_parts_is_refused_with_the_form_that_is_taken(service: Service) -> None:
    body = b"--x\r\nContent-Type: application/http\r\n\r\nGET Things HTTP/1.1\r\n\r\n--x--"
    answer = service.client.post(
        service.at("$batch"), content=body, headers={"Content-Type": "multipart/mixed; boundary=x"}
    )
    assert (answer.status_code, answer.json()["key"]) == (400, "sensorthings.multipart")
    root = service.client.get(service.at("")).json()
    assert not [one for one in root["serverSettings"]["conformance"] if "batch" in one]
