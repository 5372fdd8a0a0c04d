"""What a sender says of the quality comes back and can be asked for; each door counts values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops_kit import Clock
from rencheng.api import security
from sensing_kit import Service, place, stream

SAID = {"nameOfMeasure": "bias", "DQ_Result": {"value": 0.2, "code": "ok"}}


def lit(service: Service, *said: dict[str, Any]) -> None:
    body = {"name": "t", "description": "t", "Locations": [place("l", 1, 2)]}
    streams = [stream("Light", Observations=list(said)) | {"@iot.id": "light"}]
    service.make("Things", body | {"Datastreams": streams})


@pytest.mark.parametrize("quality", [SAID, [SAID, SAID], "good", 3])
def test_the_quality_that_was_said_comes_back(service: Service, quality: Any) -> None:
    lit(service)
    body = {"phenomenonTime": "2015-03-01T00:00:00Z", "result": 1, "resultQuality": quality}
    made = service.make("Datastreams('light')/Observations", body)
    assert service.ask(made)["resultQuality"] == quality
    assert service.ask(f"{made}/resultQuality") == {"resultQuality": quality}
    assert service.patch(made, {"resultQuality": {"code": "bad"}}) == 200
    assert service.ask(made)["resultQuality"] == {"code": "bad"}
    assert service.ask(made)["result"] == 1


def test_where_none_was_said_stands_the_verdict_and_both_can_be_asked_for(
    service: Service,
) -> None:
    lit(
        service,
        {"phenomenonTime": "2015-03-01T00:00:00Z", "result": 1},
        {"phenomenonTime": "2015-03-01T00:01:00Z", "result": 2, "resultQuality": SAID},
        {"phenomenonTime": "2015-03-01T00:02:00Z", "result": "dark", "resultQuality": "good"},
    )
    questions = {
        "resultQuality/verdict eq 'good'": [1],
        "resultQuality/DQ_Result/value lt 0.5 and result gt 1": [2],
        "resultQuality eq 'good'": ["dark"],
        "resultQuality/nameOfMeasure eq 'bias' or resultQuality/verdict ne null": [1, 2],
    }
    for question, expected in questions.items():
        found = service.value("Observations", filter=question)
        assert [one["result"] for one in found] == expected, question
    found = service.value("Observations", select="result,resultQuality/DQ_Result/code")
    assert found[1] == {"result": 2, "resultQuality": {"DQ_Result": {"code": "ok"}}}


def _one(n: int) -> tuple[str, Any]:
    return "Datastreams('light')/Observations", value(n)


def _array(n: int) -> tuple[str, Any]:
    rows = [[value(n * 100 + i)["phenomenonTime"], i] for i in range(20)]
    group = {
        "Datastream": {"@iot.id": "light"}, "components": ["phenomenonTime", "result"],
        "dataArray": rows,
    }  # fmt: skip
    return "CreateObservations", [group]


def _deep(n: int) -> tuple[str, Any]:
    said = [value(i) for i in range(20)]
    body = stream(f"d{n}", Observations=said) | {"@iot.id": f"d{n}"}
    return "Things", {
        "name": "t", "description": "t", "Locations": [place("l", 1, 2)], "Datastreams": [body],
    }  # fmt: skip


def _batch(n: int) -> tuple[str, Any]:
    path, body = _array(n)
    one = {"id": "1", "method": "post", "url": path, "body": body}
    return "$batch", {"requests": [one]}


def value(n: int) -> dict[str, Any]:
    return {"phenomenonTime": f"2015-03-01T{n // 60:02d}:{n % 60:02d}:00Z", "result": n}


@pytest.mark.parametrize("door", [_one, _array, _deep, _batch])
def test_who_sends_too_many_values_waits_at_every_door_and_nothing_of_it_is_kept(
    service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch,
    door: Callable[[int], tuple[str, Any]],
) -> None:  # fmt: skip
    lit(service)
    monkeypatch.setattr(security, "VALUES_A_SECOND", 1)
    statuses = []
    for n in range(100):
        path, body = door(n)
        answer = service.client.post(service.at(path), json=body)
        status = answer.status_code
        if path == "$batch" and status == 200:
            status = answer.json()["responses"][0]["status"]
        statuses.append(status)
        if status != 201:
            break
    assert statuses[-1] == 429, statuses
    many = 20 if door is not _one else 1
    kept = service.ask("Observations", count="true", top=0)["@iot.count"]
    assert kept == many * (len(statuses) - 1)
    clock.forward(minutes=2)
    path, body = door(len(statuses))
    assert service.client.post(service.at(path), json=body).status_code in (200, 201)
