"""OGC API Features Part 1 (17-069), requirement by requirement.

Each test names the requirement that it holds, `/req/<class>/<name>`; the last test proves that none
is left out. The list is that of the standard's own sources (opengeospatial/ogcapi-features).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from rencheng.domain.city import City

Ask = Callable[..., Any]

GEOJSON, JSON = "application/geo+json", "application/json"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
NAMES = (
    "zones", "grid", "buildings", "roads", "facilities", "lifelines", "mains", "stops", "sensors",
)  # fmt: skip
CORE = """
    root-op root-success api-definition-op api-definition-success conformance-op
    conformance-success http query-param-unknown query-param-invalid crs84 fc-md-op
    fc-md-success fc-md-links fc-md-items fc-md-items-links fc-md-extent fc-md-extent-multi
    sfc-md-op sfc-md-success fc-op fc-limit-definition fc-limit-response-1 fc-bbox-definition
    fc-bbox-response fc-time-definition fc-time-response fc-response fc-links fc-rel-type
    fc-timeStamp fc-numberMatched fc-numberReturned f-op f-success f-links
"""
REQUIREMENTS = {
    "core": CORE.split(),
    "geojson": ["definition", "content"],
    "oas30": ["oas-common", "oas-definition", "completeness", "exceptions-codes", "security"],
}


def links(document: Any, relation: str) -> list[Any]:
    return [link for link in document["links"] if link["rel"] == relation]


def parameter(ask: Ask, name: str, collection: str = "buildings") -> Any:
    """Return a parameter of the items of a collection as the API definition states it."""
    api = ask("/api").json()
    used = api["paths"][f"/collections/{collection}/items"]["get"]["parameters"]
    found = [api["components"]["parameters"][u["$ref"].rsplit("/", 1)[1]] if "$ref" in u else u
             for u in used]  # fmt: skip
    return next(one for one in found if one["name"] == name)


def test_the_landing_page_links_to_everything(ask: Ask) -> None:
    """/req/core/root-op /req/core/root-success."""
    for path in ("", "/"):
        answer = ask(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    for relation in ("self", "service-desc", "conformance", "data"):
        (link,) = links(answer.json(), relation)
        assert ask(link["href"]).status_code == 200


def test_the_api_definition_is_what_its_link_says(ask: Ask) -> None:
    """/req/core/api-definition-op /req/core/api-definition-success /req/oas30/oas-definition."""
    (link,) = links(ask().json(), "service-desc")
    answer = ask(link["href"])
    assert answer.headers["content-type"] == link["type"]
    assert answer.json()["openapi"].startswith("3.0")


def test_the_service_says_what_it_conforms_to(ask: Ask) -> None:
    """/req/core/conformance-op /req/core/conformance-success /req/oas30/oas-common."""
    answer = ask("/conformance")
    assert answer.status_code == 200
    start = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert answer.json()["conformsTo"] == [start + name for name in ("core", "geojson", "oas30")]


def test_a_method_that_is_not_there_is_refused(ask: Ask, enter: Any) -> None:
    """/req/core/http."""
    answer = enter("planner").put("http://testserver/ogc/collections")
    assert answer.status_code == 405
    assert ask("/no/such/thing").status_code == 404


@pytest.mark.parametrize(
    "path", ["", "/api", "/conformance", "/collections", "/collections/zones",
             "/collections/zones/items", "/collections/zones/items/101"],
)  # fmt: skip
def test_an_unknown_parameter_is_refused(ask: Ask, path: str) -> None:
    """/req/core/query-param-unknown."""
    answer = ask(path, colour="red")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["faults"][0]["where"] == "colour"


WRONG = {
    "limit": ["0", "-1", "ten", "1.5", "", "1e3"],
    "offset": ["-1", "x", ""],
    "bbox": ["", "1,2,3", "1,2,3,4,5", "1,2,3,x", "0,10,1,-10", "-181,0,1,1", "0,-91,1,1",
             "nan,0,1,1", "inf,0,1,1", "0,0,9,1,1,1"],
    "datetime": ["", "yesterday", "2018-02-12", "2018-02-12T23:20:50", "../..", "/",
                 "2018-02-12T23:20:50Z/2017-02-12T23:20:50Z", "2018-13-12T23:20:50Z", "a/b/c",
                 "2018-02-12T23:20:50Z/..junk"],
    "f": ["html", ""],
    "crs": ["", "http://www.opengis.net/def/crs/EPSG/0/4326"],
    "bbox-crs": ["EPSG:4326"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, many in WRONG.items() for v in many])
def test_an_invalid_parameter_is_refused(ask: Ask, name: str, value: str) -> None:
    """/req/core/query-param-invalid."""
    answer = ask(f"/collections/zones/items?{name}={value}")
    assert answer.status_code == 400, answer.text
    assert [fault["where"] for fault in answer.json()["faults"]] == [name]


def test_all_faults_are_told_at_once_and_none_twice_over(ask: Ask) -> None:
    """/req/core/query-param-invalid."""
    answer = ask("/collections/zones/items?limit=x&bbox=1&name=a&name=b&shape=round")
    assert [f["where"] for f in answer.json()["faults"]] == ["limit", "bbox", "name", "shape"]


def test_coordinates_are_lon_lat(ask: Ask, tiny_city: City) -> None:
    """/req/core/crs84."""
    for number, feature in enumerate(ask("/collections/facilities/items").json()["features"]):
        assert feature["geometry"]["coordinates"] == pytest.approx(tiny_city.facilities.xy[number])
    for one in ask("/collections").json()["collections"]:
        assert one["crs"] == [CRS84]
        assert one["extent"]["spatial"]["crs"] == CRS84
    named = ask("/collections/zones/items", crs=CRS84, **{"bbox-crs": CRS84})
    assert named.headers["Content-Crs"] == f"<{CRS84}>"


def test_every_layer_is_a_collection(ask: Ask) -> None:
    """/req/core/fc-md-op /req/core/fc-md-success /req/core/fc-md-links /req/core/fc-md-items."""
    answer = ask("/collections")
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    (own,) = links(answer.json(), "self")
    assert own["type"] == JSON
    found = answer.json()["collections"]
    assert tuple(one["id"] for one in found) == NAMES
    assert all(one["itemType"] == "feature" and one["title"] for one in found)


def test_a_collection_leads_to_its_features(ask: Ask) -> None:
    """/req/core/fc-md-items-links /req/core/fc-op."""
    for one in ask("/collections").json()["collections"]:
        (link,) = links(one, "items")
        assert link["type"] == GEOJSON
        assert ask(link["href"]).status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_the_extent_holds_every_feature(ask: Ask, name: str) -> None:
    """/req/core/fc-md-extent /req/core/fc-md-extent-multi."""
    (box,) = ask(f"/collections/{name}").json()["extent"]["spatial"]["bbox"]
    for feature in ask(f"/collections/{name}/items", limit="10000").json()["features"]:
        for x, y in points(feature["geometry"]["coordinates"]):
            assert box[0] <= x <= box[2] and box[1] <= y <= box[3]


def points(coordinates: Any) -> list[Any]:
    if isinstance(coordinates[0], float | int):
        return [coordinates]
    return [point for part in coordinates for point in points(part)]


def test_a_collection_alone_says_what_it_says_in_the_list(ask: Ask) -> None:
    """/req/core/sfc-md-op /req/core/sfc-md-success."""
    for one in ask("/collections").json()["collections"]:
        assert ask(f"/collections/{one['id']}").json() == one
    assert ask("/collections/houses").status_code == 404


def test_the_page_size_is_stated_and_kept(ask: Ask) -> None:
    """/req/core/fc-limit-definition /req/core/fc-limit-response-1."""
    stated = parameter(ask, "limit")
    assert (stated["in"], stated["required"], stated["explode"]) == ("query", False, False)
    assert stated["schema"] == {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}
    assert len(ask("/collections/buildings/items", limit="7").json()["features"]) == 7
    assert len(ask("/collections/buildings/items", limit="99999999").json()["features"]) == 60


def test_a_box_is_stated_and_selects_what_it_touches(ask: Ask, tiny_city: City) -> None:
    """/req/core/fc-bbox-definition /req/core/fc-bbox-response."""
    stated = parameter(ask, "bbox")
    assert stated["schema"]["type"] == "array" and stated["schema"]["items"] == {"type": "number"}
    assert stated["schema"]["oneOf"] == [{"minItems": n, "maxItems": n} for n in (4, 6)]
    west, south, east, north = tiny_city.bbox
    middle = (west + east) / 2
    inside = tiny_city.buildings.xy[:, 0] <= middle
    for box in (f"{west},{south},{middle},{north}", f"{west},{south},-5,{middle},{north},5"):
        found = ask("/collections/buildings/items", bbox=box).json()
        assert [int(f["id"]) for f in found["features"]] == tiny_city.buildings.id[inside].tolist()


def test_a_box_may_cross_the_date_line(ask: Ask, tiny_city: City) -> None:
    """/req/core/fc-bbox-response."""
    west, south, east, north = tiny_city.bbox
    far = ask("/collections/buildings/items", bbox=f"170,{south},{west},{north}").json()
    assert far["numberMatched"] == (tiny_city.buildings.xy[:, 0] <= west).sum()
    round_trip = ask("/collections/buildings/items", bbox=f"{west},{south},{west - 1},{north}")
    assert round_trip.json()["numberMatched"] == 60


def test_a_time_is_stated_and_selects_everything_for_nothing_has_one(ask: Ask) -> None:
    """/req/core/fc-time-definition /req/core/fc-time-response."""
    stated = parameter(ask, "datetime")
    assert stated["schema"] == {"type": "string"}
    for when in ("2018-02-12T23:20:50Z", "2018-02-12T23:20:50.52+01:00", "../2018-02-12T23:20:50Z",
                 "/2018-02-12T23:20:50Z", "2018-02-12T00:00:00Z/..", "2018-02-12T00:00:00Z/",
                 "2016-12-31T23:59:60Z", "2018-02-12T00:00:00Z/2018-03-18T12:31:12Z"):  # fmt: skip
        answer = ask("/collections/zones/items", datetime=when)
        assert answer.json()["numberMatched"] == 6, when


def test_only_what_was_asked_for_comes(ask: Ask) -> None:
    """/req/core/fc-response."""
    found = ask("/collections/facilities/items", kind="hospital", zone="101").json()
    assert [f["id"] for f in found["features"]] == ["H-1"]
    assert ask("/collections/roads/items", kind="primary").json()["numberMatched"] == 15
    assert ask("/collections/zones/items", is_coastal="true").json()["numberMatched"] == 2
    assert ask("/collections/buildings/items", use="EDU1", storeys="2").json()["numberMatched"] == 6
    assert ask("/collections/buildings/items", storeys="two").json()["numberMatched"] == 0


def test_pages_follow_each_other_without_gap_or_overlap(ask: Ask) -> None:
    """/req/core/fc-links /req/core/fc-rel-type."""
    seen: list[str] = []
    page = ask("/collections/buildings/items", limit="25", use="RES1").json()
    while True:
        assert all(link["type"] in (GEOJSON, JSON) for link in page["links"])
        (own,) = links(page, "self")
        assert ask(own["href"]).json()["features"] == page["features"]
        seen += [feature["id"] for feature in page["features"]]
        if not links(page, "next"):
            break
        page = ask(links(page, "next")[0]["href"]).json()
    assert len(seen) == len(set(seen)) == page["numberMatched"] == 42
    back = ask(links(page, "prev")[0]["href"]).json()
    assert [f["id"] for f in back["features"]] == seen[:25]
    assert not links(back, "prev")


def test_a_page_says_when_it_was_made_and_how_much_there_is(ask: Ask) -> None:
    """/req/core/fc-timeStamp /req/core/fc-numberMatched /req/core/fc-numberReturned."""
    page = ask("/collections/buildings/items", limit="10", offset="55").json()
    assert datetime.fromisoformat(page["timeStamp"]).tzinfo is not None
    assert (page["numberMatched"], page["numberReturned"]) == (60, 5)
    beyond = ask("/collections/buildings/items", offset="1000").json()
    assert (beyond["numberMatched"], beyond["numberReturned"]) == (60, 0)
    assert not links(beyond, "next")


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_can_be_asked_for_alone(ask: Ask, name: str) -> None:
    """/req/core/f-op /req/core/f-success /req/core/f-links /req/geojson/content."""
    for feature in ask(f"/collections/{name}/items", limit="3").json()["features"]:
        answer = ask(f"/collections/{name}/items/{feature['id']}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, GEOJSON)
        alone = answer.json()
        (own,), (home,) = links(alone, "self"), links(alone, "collection")
        assert own["type"] == GEOJSON and home["type"] == JSON
        assert ask(own["href"]).json() == alone
        del alone["links"]
        assert alone == feature
    assert ask(f"/collections/{name}/items/no-such-thing").status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_features_are_geojson(ask: Ask, name: str) -> None:
    """/req/geojson/definition /req/geojson/content."""
    answer = ask(f"/collections/{name}/items", limit="2")
    assert answer.headers["content-type"] == GEOJSON
    body = answer.json()
    assert body["type"] == "FeatureCollection" and body["links"]
    for feature in body["features"]:
        assert feature["type"] == "Feature" and feature["geometry"]["type"]
        assert isinstance(feature["properties"], dict)


def test_the_definition_is_complete(ask: Ask) -> None:
    """/req/oas30/completeness /req/oas30/exceptions-codes."""
    api = ask("/api").json()
    for path, operations in api["paths"].items():
        real = path.replace("{featureId}", "101")
        references = re.findall(r'"#/(\w+)/(\w+)/(\w+)"', json.dumps(operations))
        assert references
        for top, kind, name in references:
            assert name in api[top][kind]
        if "/items/" not in path or "zones" in path:
            assert ask(real).status_code == 200
        assert {"200", "400", "404"} <= operations["get"]["responses"].keys()
    names = {operation["get"]["operationId"] for operation in api["paths"].values()}
    assert len(names) == len(api["paths"])


def test_the_definition_says_how_to_sign_in(ask: Ask) -> None:
    """/req/oas30/security."""
    api = ask("/api").json()
    named = {name for way in api["security"] for name in way}
    assert named == api["components"]["securitySchemes"].keys()


def test_no_requirement_is_left_out() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    wanted = {f"/req/{group}/{name}" for group, names in REQUIREMENTS.items() for name in names}
    assert wanted - set(re.findall(r"/req/[a-z0-9]+/[A-Za-z0-9-]+", text)) == set()
