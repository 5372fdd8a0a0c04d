"""Answers to GET: the root, entity sets, entities, properties, links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from rencheng.api.sensorthings.calling import Call
from rencheng.api.sensorthings.place import Place, place_of
from rencheng.api.sensorthings.query.answer import listed, told
from rencheng.api.sensorthings.query.links import address_of
from rencheng.api.sensorthings.query.options import OF_ONE, TOP_LEVEL, query_of
from rencheng.domain.sensing import EntityKind

REQUIREMENTS = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
CONFORMANCE = (
    "datamodel",
    "resource-path/resource-path-to-entities",
    "request-data",
    "create-update-delete",
    "multi-datastream",
    "data-array/data-array",
)
"""Requirements of OGC 18-088 that are met, or classes where all of the class are.

`conformance.toml` beside the tests names the tests of each, and says why others are not here.
"""
OTHERS = ("https://fraunhoferiosb.github.io/FROST-Server/extensions/JsonBatchRequest.html",)
"""What others describe and we follow."""


def root(call: Call) -> dict[str, Any]:
    """Return the service root: what sets there are, and what the service conforms to."""
    return {
        "value": [{"name": kind.value, "url": f"{call.root}/{kind.value}"} for kind in EntityKind],
        "serverSettings": {
            "conformance": [*(f"{REQUIREMENTS}{one}" for one in CONFORMANCE), *OTHERS]
        },
    }


def read(call: Call, path: str, options: Iterable[tuple[str, str]]) -> tuple[Any, bool]:
    """Return what lies at a path, and whether it is bare text rather than JSON.

    None: the property is there and holds nothing.
    """
    source = call.source()
    place = place_of(source, path)
    query = query_of(options, TOP_LEVEL if place.item is None else OF_ONE)
    if place.item is None:
        here = f"{call.root}/{path}"
        found = listed(source, call.root, place.kind, query, place=here, parent=place.parent)
        if not place.is_links:
            return found, False
        links = [{"@iot.selfLink": one["@iot.selfLink"]} for one in found["value"]]
        return found | {"value": links}, False
    if place.is_links:
        return {"@iot.selfLink": address_of(call.root, place.kind, place.item.id)}, False
    if not place.name:
        return told(source, call.root, place.kind, place.item, query), False
    return _property(call, place)


def entity(call: Call, address: str) -> dict[str, Any]:
    """Return the entity at an address of ours as JSON."""
    source = call.source()
    place = place_of(source, unquote(address.removeprefix(f"{call.root}/")))
    if place.item is None:
        return {}
    return told(source, call.root, place.kind, place.item, query_of([]))


def _property(call: Call, place: Place) -> tuple[Any, bool]:
    if place.item is None:
        return None, False
    query = query_of([("$select", place.name)])
    found = told(call.source(), call.root, place.kind, place.item, query)
    value = found.get(place.name)
    if value is None:
        return None, False
    return (value, True) if place.is_bare else ({place.name: value}, False)
