"""The city's layers, sensors and places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from api_kit import Enter
from rencheng.api import geojson
from rencheng.bootstrap import Brain
from rencheng.domain.city import City

LAYERS = {
    "zones": 6, "grid": 24, "roads": 31, "facilities": None, "lifelines": None, "mains": None,
    "stops": None,
}  # fmt: skip


def test_the_city_says_where_its_layers_come_from(enter: Enter) -> None:
    told = enter("field").get("city").json()
    assert (told["id"], told["population"]) == ("tiny", 600.0)
    assert {layer["origin"] for layer in told["layers"]} <= {
        "observed", "derived", "synthetic", "missing",
    }  # fmt: skip
    assert {one["id"] for one in told["organisations"]} >= {"emergency", "power_utility"}


@pytest.mark.parametrize("layer", LAYERS)
def test_rows_of_a_layer_are_numbered_in_order(enter: Enter, brain: Brain, layer: str) -> None:
    told = enter("field").get(f"city/{layer}").json()
    rows = [feature["properties"]["row"] for feature in told["features"]]
    assert rows == [feature["id"] for feature in told["features"]] == list(range(told["total"]))
    if LAYERS[layer]:
        assert told["total"] == LAYERS[layer]


def test_departures_that_nobody_knows_are_null(tiny_city: City) -> None:
    stops = replace(tiny_city.stops, departures=np.array([-1, 0], dtype=np.int32))
    told = geojson.stops(replace(tiny_city, stops=stops))
    assert [one["properties"]["departures"] for one in told] == [None, 0]


def test_a_layer_is_sent_once_for_each_version(enter: Enter) -> None:
    client = enter("field")
    first = client.get("city/zones")
    again = client.get("city/zones", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_browser_that_cannot_unzip_gets_plain_text(enter: Enter) -> None:
    client = enter("field")
    plain = client.get("city/zones", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == client.get("city/zones").json()


def test_polygons_are_closed_rings(enter: Enter) -> None:
    for feature in enter("field").get("city/zones").json()["features"]:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1] and len(ring) == 5


def test_an_unknown_layer_is_no_layer(enter: Enter) -> None:
    assert enter("field").get("city/secrets").status_code == 422


def test_a_silent_sensor_has_no_value_rather_than_zero(enter: Enter) -> None:
    told = enter("duty").get("sensors").json()
    assert told["total"] == 11
    assert {one["health"] for one in told["items"]} == {"never"}
    assert {one["last_value"] for one in told["items"]} == {None}
    assert {one["age_s"] for one in told["items"]} == {None}


def test_the_check_explains_what_is_missing(enter: Enter) -> None:
    told = enter("planner").get("city/check").json()
    for finding in told["findings"]:
        assert finding["text"]["zh"] and finding["mend"]["en"]


@pytest.mark.parametrize(("words", "hit"), [("h-1", "H-1"), ("ZONE 101", "zone:101")])
def test_places_are_found_by_name_and_id(enter: Enter, words: str, hit: str) -> None:
    found = enter("field").get("places", params={"q": words}).json()
    assert hit in [place["id"] for place in found]
