"""What users ask in passing: parts of properties, several keys, signs as they come, wrong words."""

from __future__ import annotations

from typing import Any

import pytest

from sensing_kit import Service


def raw(service: Service, address: str) -> Any:
    """Ask as the address stands, so that no client encodes anything."""
    answer = service.client.get(f"http://testserver/v1.1/{address}")
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def names(found: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in found]


def test_parts_of_a_property_are_told_alone(small: Service) -> None:
    first, second = small.value("Things", select="name,properties/reference", orderby="name")
    assert first == {"name": "thing 1", "properties": {"reference": "first"}}
    assert second["properties"] == {"reference": "second"}
    found = small.value("Things", select="properties/sub/key,properties/none", orderby="name")
    assert found == [{"properties": {"sub": {"key": 1}}}, {"properties": {"sub": {"key": 2}}}]
    whole = small.value("Things", select="properties/sub,properties", orderby="name")[0]
    assert whole == {"properties": {"reference": "first", "sub": {"key": 1}}}
    assert small.value("Datastreams", select="unitOfMeasurement/symbol", top=1) == [
        {"unitOfMeasurement": {"symbol": "lm"}}
    ]
    inner = small.value("Datastreams", expand="Thing($select=properties/reference)", top=1)[0]
    assert inner["Thing"] == {"properties": {"reference": "first"}}


def test_parts_of_properties_are_columns_of_data_arrays(small: Service) -> None:
    body = {
        "phenomenonTime": "2015-04-01T00:00:00Z",
        "result": {"a": [5, 6]},
        "parameters": {"x": 1},
    }
    stream = small.value("Datastreams")[0]["@iot.selfLink"]
    small.make(f"{stream}/Observations", body)
    (found,) = small.value(
        "Observations", resultFormat="dataArray", select="parameters/x,result/a/1,id",
        filter="parameters/x eq 1",
    )  # fmt: skip
    assert found["components"] == ["parameters/x", "result/a/1", "id"]
    assert found["dataArray"][0][:2] == [1, 6]


def test_properties_are_filtered_and_sorted_by_what_lies_inside(small: Service) -> None:
    assert names(small.value("Things", filter="properties/sub/key gt 1")) == ["thing 2"]
    assert names(small.value("Things", orderby="properties/sub/key desc,name")) == [
        "thing 2", "thing 1",
    ]  # fmt: skip


def test_several_keys_sort_one_after_the_other(small: Service) -> None:
    found = small.value("Observations", orderby="result mod 3,result desc", select="result")
    assert [one["result"] for one in found] == [12, 9, 6, 3, 10, 7, 4, 1, 11, 8, 5, 2]
    found = small.value("Observations", orderby="Datastream/name desc,phenomenonTime desc", top=4)
    assert [one["result"] for one in found] == [12, 11, 10, 9]


def test_neighbours_are_counted_whatever_their_page(small: Service) -> None:
    options = "Datastreams($count=true;$top=1;$expand=Observations($count=true;$top=2))"
    for one in small.value("Things", expand=options):
        assert one["Datastreams@iot.count"] == 2
        (inner,) = one["Datastreams"]
        assert (inner["Observations@iot.count"], len(inner["Observations"])) == (3, 2)
        assert len(small.value(inner["Observations@iot.nextLink"])) == 1


@pytest.mark.parametrize(
    "address",
    [
        "Things?$filter=name eq 'thing 1'",
        "Things?$filter=name%20eq%20%27thing%201%27",
        "Things?%24filter=name+eq+'thing+1'",
        "Things?$filter=Datastreams/Observations/phenomenonTime eq 2015-03-01T08:00:00+08:00",
        "Things?$filter=Datastreams/Observations/phenomenonTime eq 2015-03-01T08:00:00%2B08:00",
    ],
)
def test_signs_may_stand_in_the_address_as_they_are(small: Service, address: str) -> None:
    assert names(raw(small, address)) == ["thing 1"]


@pytest.mark.parametrize("option", ["$top=1", "$filter=name eq 'x'", "$count=true"])
def test_an_option_that_means_nothing_of_one_entity_is_refused(small: Service, option: str) -> None:
    things = small.client.get("http://testserver/v1.1/Things").json()["value"]
    answer = small.client.get(f"{things[0]['@iot.selfLink']}?{option}")
    assert answer.status_code == 400, answer.text
    assert "$expand $select." in answer.json()["hint"]["en"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("Things?$filter=naem eq 'a'", ("$filter", 1, "naem")),
        ("Things?$filter=name eq 'a' and naem eq 'a'", ("$filter", 17, "naem")),
        ("Things?$filter=name/first eq 'a'", ("$filter", 1, "name/first")),
        ("Things?$filter=name eq a'", ("$filter", 10, "'")),
        ("Things?$filter=startwith(name,'a')", ("$filter", 1, "startwith")),
        ("Things?$select=name, nam", ("$select", 7, "nam")),
        ("Things?$select=name/first", ("$select", 1, "name/first")),
        ("Things?$orderby=name,nam desc", ("$orderby", 6, "nam")),
        ("Things?$orderby=name downwards", ("$orderby", 6, "downwards")),
        ("Things?$expand=Locations,Datastream", ("$expand", 11, "Datastream")),
        ("Things?$expand=Datastreams($top=1;$filter=nam eq 'x')", ("$expand", 28, "nam")),
        ("Things?$expand=Datastreams($filter=name eq)", ("$expand", 28, "…")),
        ("Things?$expand=Datastreams($select=name,nam)", ("$expand", 26, "nam")),
        ("Things?$resultFormat=dataArray", ("$resultFormat", 1, "dataArray")),
        ("Observations?$resultFormat=dataArray&$select=result,none", ("$select", 8, "none")),
        ("Observations?$filter=result gt 1 or Datastraem/name eq 'a'",
         ("$filter", 16, "Datastraem/name")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_option_and_its_place(
    small: Service, address: str, told: tuple[str, int, str]
) -> None:
    option, position, found = told
    answer = small.client.get(f"http://testserver/v1.1/{address}")
    assert answer.status_code == 400, answer.text
    for language in ("zh", "en"):
        sentence = answer.json()["problem"][language]
        assert option in sentence or "resultFormat" in option
        assert str(position) in sentence or "resultFormat" in option
        assert found in sentence


@pytest.mark.parametrize(
    ("name", "status"),
    [("$search", 501), ("$apply", 501), ("$fliter", 400), ("top", 400)],
)
def test_options_of_odata_that_are_not_here_are_told_from_wrong_ones(
    small: Service, name: str, status: int
) -> None:
    answer = small.client.get(f"http://testserver/v1.1/Things?{name}=x")
    assert (answer.status_code, answer.json()["status"]) == (status, status)
