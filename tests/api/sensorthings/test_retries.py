"""Sent again under the same key nothing is made twice, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from ops_kit import Clock
from rencheng.bootstrap import Brain
from rencheng.domain.errors import SourceUnavailableError
from rencheng.service import owing
from sensing_kit import Service, place, stream

TIME = "2015-03-01T00:40:00Z"
KEY = {"Idempotency-Key": "again"}


def thing(*said: dict[str, Any]) -> dict[str, Any]:
    streams = [stream("Light", Observations=list(said)) | {"@iot.id": "light"}]
    body = {"name": "t", "description": "t", "Locations": [place("l", 1, 2)]}
    return body | {"Datastreams": streams}


def send(service: Service, path: str, body: Any) -> Any:
    answer = service.client.post(service.at(path), json=body, headers=KEY)
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_a_thing_with_observations_is_whole_after_a_fault_and_a_retry(
    service: Service, brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls(*_: Any, **__: Any) -> Any:
        raise SourceUnavailableError("store.disk", "full", hint="Make room")

    body = thing({"phenomenonTime": TIME, "result": 1}, {"result": "dark"})
    monkeypatch.setattr(owing, "keep_told", falls)
    first = send(service, "Things", body)
    assert service.value("Observations") == []
    monkeypatch.undo()
    assert send(service, "Things", body) == first
    assert [one["result"] for one in service.value("Observations")] == [1, "dark"]
    assert (len(service.value("Things")), len(service.value("FeaturesOfInterest"))) == (1, 1)
    owing.pay(brain.house)
    assert len(service.value("Observations")) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("Datastreams('light')/Observations", {"result": 7}),
        (
            "CreateObservations",
            [
                {
                    "Datastream": {"@iot.id": "light"}, "components": ["result"],
                    "dataArray": [[7], [8]],
                },
                {
                    "Datastream": {"@iot.id": "light"}, "components": ["result"],
                    "dataArray": [[9]],
                },
            ],
        ),
        (
            "$batch",
            {
                "requests": [
                    {"id": "1", "method": "post", "url": "Things", "body": thing({"result": 1})},
                    {"id": "2", "method": "post", "url": "Sensors", "body": stream("x")["Sensor"]},
                    {
                        "id": "3", "method": "post", "url": "$1/Datastreams",
                        "body": stream("y", Sensor={"@iot.id": "$2"}),
                    },
                ]
            },
        ),
    ],
)  # fmt: skip
def test_a_retry_makes_nothing_twice_though_its_observations_have_no_time(
    service: Service, clock: Clock, path: str, body: Any
) -> None:
    if path != "$batch":
        service.make("Things", thing())
    first = send(service, path, body)
    kinds = ("Things", "Sensors", "Datastreams", "Observations")
    made = [len(service.value(kind)) for kind in kinds]
    clock.forward(minutes=5)
    assert send(service, path, body) == first
    assert [len(service.value(kind)) for kind in kinds] == made
    assert made[3] > 0
