"""What the class "sensing core" of the OGC test suite asserts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sensing_kit import PROPERTIES, RELATIONS, SETS, Service, kind_of

NOWHERE = "no such thing"


def check(kind: str, entity: dict[str, Any]) -> None:
    assert {"@iot.id", "@iot.selfLink"} <= entity.keys()
    assert set(PROPERTIES[kind]) <= entity.keys()
    assert {f"{name}@iot.navigationLink" for name in RELATIONS[kind]} <= entity.keys()


def test_the_root_names_every_entity_set_with_its_address(small: Service) -> None:
    found = {one["name"]: one["url"] for one in small.value("")}
    assert set(SETS) <= found.keys() <= {*SETS, "MultiDatastreams"}
    assert all(url == small.at(name) for name, url in found.items())


@pytest.mark.parametrize("kind", SETS)
def test_entities_of_a_set_have_ids_links_and_all_mandatory_properties(
    small: Service, kind: str
) -> None:
    found = small.value(kind)
    assert found
    for one in found:
        check(kind, one)
        check(kind, small.ask(one["@iot.selfLink"]))


@pytest.mark.parametrize("kind", SETS)
def test_what_does_not_exist_is_not_found(small: Service, kind: str) -> None:
    small.ask(f"{kind}('{NOWHERE}')", status=404)
    small.ask(f"{kind}(9223372036854775807)", status=404)


@pytest.mark.parametrize("kind", SETS)
def test_each_property_has_an_address_and_so_has_its_bare_value(small: Service, kind: str) -> None:
    entity = small.value(kind)[0]
    for name in PROPERTIES[kind]:
        address = f"{entity['@iot.selfLink']}/{name}"
        if entity[name] is None:
            assert small.client.get(address).status_code in (200, 204)
            continue
        assert small.ask(address) == {name: entity[name]}
        bare = small.client.get(f"{address}/$value")
        assert bare.status_code == 200
        if isinstance(entity[name], str):
            assert bare.text == entity[name]


def walks(service: Service, path: str, kind: str, depth: int) -> Iterator[tuple[str, str, Any]]:
    """Yield every path of neighbours from one on, its entity set, and what lies there."""
    found = service.ask(path)
    yield path, kind, found
    if depth == 0:
        return
    first = path if "value" not in found else f"{path}('{found['value'][0]['@iot.id']}')"
    for relation in RELATIONS[kind]:
        yield from walks(service, f"{first}/{relation}", kind_of(relation), depth - 1)


@pytest.mark.parametrize("kind", SETS)
def test_neighbours_are_reached_by_four_names_in_a_row(small: Service, kind: str) -> None:
    for path, at, found in walks(small, kind, kind, 3):
        many = found.get("value")
        check(at, found if many is None else many[0])
        links = small.ask(f"{path}/$ref")
        for link in [links] if many is None else links["value"]:
            assert link.keys() == {"@iot.selfLink"}
