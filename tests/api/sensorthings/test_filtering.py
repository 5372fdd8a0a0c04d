"""What the class "filtering extension" of the OGC test suite asserts."""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import Any

import pytest

from sensing_kit import PROPERTIES, RELATIONS, SETS, Service, kind_of

COUNTS = {
    "Things": 2, "Locations": 2, "FeaturesOfInterest": 2, "ObservedProperties": 3,
    "HistoricalLocations": 4, "Sensors": 4, "Datastreams": 4, "Observations": 12,
}  # fmt: skip
SAMPLES = {
    "Things": {"name": "'thing 1'", "description": "'thing 1'"},
    "Locations": {"name": "'location 2'", "encodingType": "'application/geo+json'"},
    "HistoricalLocations": {"time": "2015-10-14T21:30:00.104Z"},
    "Datastreams": {"name": "'datastream 1'", "observationType": "'http://www.opengis.net'"},
    "Sensors": {"name": "'sensor of datastream 2'", "metadata": "'sensor of datastream 2'"},
    "ObservedProperties": {"name": "'property of datastream 2'", "definition": "'http://m'"},
    "Observations": {
        "phenomenonTime": "2015-03-02T00:00:00.000Z", "result": "'2'",
        "resultTime": "2015-03-02T00:00:00.000Z",
    },
    "FeaturesOfInterest": {"name": "'location 1'", "encodingType": "'application/geo+json'"},
}  # fmt: skip
COMPARING = {
    "lt": operator.lt, "le": operator.le, "eq": operator.eq, "ne": operator.ne,
    "ge": operator.ge, "gt": operator.gt,
}  # fmt: skip


def many(kind: str) -> list[str]:
    return [name for name in RELATIONS[kind] if name == kind_of(name)]


def below(service: Service, kind: str) -> list[tuple[str, str]]:
    """Return the collections beside the first entity of a set, with what they hold."""
    first = service.value(kind)[0]["@iot.selfLink"]
    return [(f"{first}/{name}", name) for name in many(kind)]


@pytest.mark.parametrize("kind", SETS)
def test_select_tells_what_was_asked_and_nothing_else(small: Service, kind: str) -> None:
    names = [*PROPERTIES[kind], *RELATIONS[kind]]
    for upto in range(1, len(names) + 1):
        wanted = names[:upto]
        links = {f"{name}@iot.navigationLink" for name in wanted if name in RELATIONS[kind]}
        expected = {name for name in wanted if name in PROPERTIES[kind]} | links
        for one in small.value(kind, select=",".join(wanted)):
            assert one.keys() == expected
    for path, target in below(small, kind):
        for name in PROPERTIES[target]:
            assert all(one.keys() == {name} for one in small.value(path, select=name))


@pytest.mark.parametrize("kind", SETS)
def test_expand_brings_neighbours_and_their_neighbours_along(small: Service, kind: str) -> None:
    for name in RELATIONS[kind]:
        for one in small.value(kind, expand=name):
            held = one[name] if name in many(kind) else [one[name]]
            assert held
            assert all(set(PROPERTIES[kind_of(name)]) <= inner.keys() for inner in held)
        for second in RELATIONS[kind_of(name)]:
            one = small.value(kind, expand=f"{name}/{second}")[0]
            inner = one[name][0] if name in many(kind) else one[name]
            assert second in inner
    together = small.value(kind, expand=",".join(RELATIONS[kind]))
    assert all(set(RELATIONS[kind]) <= one.keys() for one in together)


@pytest.mark.parametrize("kind", SETS)
def test_expand_works_on_one_entity_and_below_it(small: Service, kind: str) -> None:
    link = small.value(kind)[0]["@iot.selfLink"]
    assert set(RELATIONS[kind]) <= small.ask(link, expand=",".join(RELATIONS[kind])).keys()
    for path, target in below(small, kind):
        for name in RELATIONS[target]:
            assert all(name in one for one in small.value(path, expand=name))


@pytest.mark.parametrize("kind", SETS)
def test_top_gives_so_many_and_a_link_while_there_are_more(small: Service, kind: str) -> None:
    for top in (1, 2, 3, 4, 5, 12, 13):
        page = small.ask(kind, top=top)
        assert len(page["value"]) == min(top, COUNTS[kind])
        assert ("@iot.nextLink" in page) is (COUNTS[kind] > top)


@pytest.mark.parametrize("kind", SETS)
def test_skip_leaves_out_so_many(small: Service, kind: str) -> None:
    every = [one["@iot.id"] for one in small.value(kind)]
    for skip in (1, 2, 3, 4, 12):
        page = small.ask(kind, skip=skip)
        assert [one["@iot.id"] for one in page["value"]] == every[skip:]
        assert "@iot.nextLink" not in page
    for path, _ in below(small, kind):
        assert len(small.value(path, skip=1)) == len(small.value(path)) - 1


@pytest.mark.parametrize("kind", SETS)
def test_count_is_told_when_asked_for_whatever_the_page(small: Service, kind: str) -> None:
    assert small.ask(kind, count="true", top=1)["@iot.count"] == COUNTS[kind]
    assert "@iot.count" not in small.ask(kind, count="false")
    assert "@iot.count" not in small.ask(kind)
    for path, _ in below(small, kind):
        assert small.ask(path, count="true", top=1)["@iot.count"] == len(small.value(path))


@pytest.mark.parametrize("kind", SETS)
def test_pages_linked_to_each_other_hold_everything_once(small: Service, kind: str) -> None:
    link, found = f"{kind}?$top=1", []
    while link:
        page = small.client.get(small.at(link)).json()
        found += [one["@iot.id"] for one in page["value"]]
        link = page.get("@iot.nextLink", "")
    assert found == [one["@iot.id"] for one in small.value(kind)]
    assert len(found) == COUNTS[kind]


def sorts(value: Any) -> Any:
    return (value is not None, value if value is not None else 0)


def is_sorted(values: list[Any], *, is_descending: bool) -> bool:
    pairs = pairwise(values[::-1] if is_descending else values)
    return all(a <= b for a, b in pairs)


@pytest.mark.parametrize("kind", SETS)
def test_orderby_sorts_by_each_property_up_and_down(small: Service, kind: str) -> None:
    plain = [n for n in PROPERTIES[kind] if n not in ("unitOfMeasurement", "location", "feature")]
    for path in (kind, *(p for p, target in below(small, kind) if target == kind)):
        for name in plain:
            for direction in ("", " asc", " desc"):
                found = small.value(path, orderby=f"{name}{direction}")
                values = [sorts(one[name]) for one in found]
                assert is_sorted(values, is_descending=direction == " desc")
        for direction in (" asc", " desc"):
            found = small.value(path, orderby=",".join(f"{name}{direction}" for name in plain))
            rows = [tuple(sorts(one[name]) for name in plain) for one in found]
            assert is_sorted(rows, is_descending=direction == " desc")


@pytest.mark.parametrize("kind", SETS)
def test_a_filter_keeps_exactly_what_compares_so(small: Service, kind: str) -> None:
    for path, target in ((kind, kind), *below(small, kind)):
        every = small.value(path)
        for name, sample in SAMPLES[target].items():
            for text, holds in COMPARING.items():
                found = small.value(path, filter=f"{name} {text} {sample}")
                value = sample.strip("'").replace(".000Z", "Z")
                expected = [
                    one for one in every
                    if (text == "ne" if one[name] is None else holds(str(one[name]), value))
                ]  # fmt: skip
                assert [o["@iot.id"] for o in found] == [o["@iot.id"] for o in expected]


def test_count_and_order_come_before_skip_and_skip_before_top(small: Service) -> None:
    page = small.ask(
        "Observations", count="true", top=1, skip=2, orderby="phenomenonTime asc",
        filter="result gt '3'",
    )  # fmt: skip
    assert page["@iot.count"] == 6
    assert [one["result"] for one in page["value"]] == [6]
