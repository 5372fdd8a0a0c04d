"""Streams of several values at once: asked for, filtered, expanded both ways, as data arrays."""

from __future__ import annotations

from typing import Any

import pytest

from sensing_kit import NUMBER, Service, observed, place, sensor

COMPLEX = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_ComplexObservation"
PROPERTIES = {
    "name", "description", "observationType", "multiObservationDataTypes", "unitOfMeasurements",
}  # fmt: skip
RELATIONS = {"Thing": False, "Sensor": False, "ObservedProperties": True, "Observations": True}


def wind(**more: Any) -> dict[str, Any]:
    units = [
        {"name": "metre per second", "symbol": "m/s", "definition": "ucum:m/s"},
        {"name": "degree", "symbol": "deg", "definition": "ucum:deg"},
    ]
    return {
        "@iot.id": "wind", "name": "wind", "description": "speed and direction",
        "multiObservationDataTypes": [NUMBER, NUMBER], "unitOfMeasurements": units,
        "Sensor": sensor("vane"),
        "ObservedProperties": [observed("speed"), observed("direction")],
    } | more  # fmt: skip


def thing(*said: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"name": "mast", "description": "mast", "Locations": [place("l", 1, 2)]}
    return body | {"MultiDatastreams": [wind(Observations=list(said), **more)]}


@pytest.fixture
def windy(service: Service) -> Service:
    said = (
        {"phenomenonTime": f"2015-03-01T00:0{n}:00Z", "result": [n * 2.5, n * 90]} for n in range(4)
    )
    service.make("Things", thing(*said))
    return service


def test_it_has_the_properties_and_neighbours_of_the_standard(windy: Service) -> None:
    (found,) = windy.value("MultiDatastreams")
    assert found.keys() >= PROPERTIES | {f"{one}@iot.navigationLink" for one in RELATIONS}
    assert found["observationType"] == COMPLEX
    assert found["phenomenonTime"] == "2015-03-01T00:00:00Z/2015-03-01T00:03:00Z"
    assert [one["symbol"] for one in found["unitOfMeasurements"]] == ["m/s", "deg"]
    properties = windy.value("MultiDatastreams('wind')/ObservedProperties")
    assert [one["name"] for one in properties] == ["speed", "direction"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"multiObservationDataTypes": [NUMBER]},
        {"unitOfMeasurements": []},
        {"ObservedProperties": [observed("speed")]},
    ],
)
def test_types_units_and_properties_are_as_many(service: Service, wrong: dict[str, Any]) -> None:
    assert service.fails("Things", thing(**wrong)) == 400
    assert service.value("Things") == []


@pytest.mark.parametrize("result", [[1.0], [1, 2, 3], 5, "calm", {"speed": 1}])
def test_a_result_has_one_value_for_each(windy: Service, result: Any) -> None:
    body = {"phenomenonTime": "2015-03-02T00:00:00Z", "result": result}
    assert windy.fails("MultiDatastreams('wind')/Observations", body) == 400
    assert windy.fails("Things", thing(body, **{"@iot.id": "other"})) == 400
    assert len(windy.value("Observations")) == 4


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("result/0 gt 3", [[5, 180], [7.5, 270]]),
        ("result[1] lt 100 and result[0] gt 0", [[2.5, 90]]),
        ("result/0 add result/1 eq 185", [[5, 180]]),
        ("result/2 eq null", [[0, 0], [2.5, 90], [5, 180], [7.5, 270]]),
        ("MultiDatastream/name eq 'wind' and phenomenonTime gt 2015-03-01T00:02:30Z", [[7.5, 270]]),
        ("Datastream/name eq 'wind'", []),
    ],
)
def test_single_values_of_a_result_can_be_filtered(
    windy: Service, question: str, expected: list[Any]
) -> None:
    found = windy.value("Observations", filter=question, orderby="phenomenonTime")
    assert [one["result"] for one in found] == expected


def test_single_values_of_a_result_can_be_sorted_by(windy: Service) -> None:
    found = windy.value("Observations", orderby="result/1 desc", top=2)
    assert [one["result"] for one in found] == [[7.5, 270], [5, 180]]


def test_it_is_expanded_from_every_side(windy: Service) -> None:
    (stream,) = windy.value("MultiDatastreams", expand=",".join(RELATIONS))
    for name, is_many in RELATIONS.items():
        assert isinstance(stream[name], list) is is_many
    assert len(stream["Observations"]) == 4
    for kind in ("Things", "Sensors", "ObservedProperties"):
        for one in windy.value(kind, expand="MultiDatastreams($select=name)"):
            assert one["MultiDatastreams"] == [{"name": "wind"}]
    one = windy.value("Observations", expand="MultiDatastream/Thing,Datastream", top=1)[0]
    assert one["MultiDatastream"]["Thing"]["name"] == "mast"
    assert "Datastream" not in one
    path = "Things?$filter=MultiDatastreams/Observations/result/0 gt 7&$select=name"
    assert windy.value(path) == [{"name": "mast"}]


def test_data_arrays_go_both_ways(windy: Service) -> None:
    group = {
        "MultiDatastream": {"@iot.id": "wind"}, "components": ["phenomenonTime", "result"],
        "dataArray": [
            ["2015-03-02T00:00:00Z", [1, 2]],
            ["2015-03-02T00:01:00Z", [1]],
            ["2015-03-02T00:02:00Z", [3, 4]],
        ],
    }  # fmt: skip
    answer = windy.client.post(windy.at("CreateObservations"), json=[group])
    assert answer.status_code == 201
    assert [one[:5] for one in answer.json()] == ["http:", "error", "http:"]
    (found,) = windy.value(
        "Observations", resultFormat="dataArray", select="phenomenonTime,result,result/1",
        filter="phenomenonTime ge 2015-03-02T00:00:00Z",
    )  # fmt: skip
    assert found["MultiDatastream@iot.navigationLink"].endswith("MultiDatastreams('wind')")
    assert found["dataArray"] == [
        ["2015-03-02T00:00:00Z", [1, 2], 2], ["2015-03-02T00:02:00Z", [3, 4], 4],
    ]  # fmt: skip


def test_with_it_go_its_observations(windy: Service) -> None:
    assert windy.delete("MultiDatastreams('wind')") == 200
    assert windy.value("Observations") == []
