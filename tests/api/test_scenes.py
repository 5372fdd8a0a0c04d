"""Water seen from above, through the API and onto the map."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api_kit import Enter, TestClient
from ops_kit import Clock
from rencheng.domain.city import City


def body(tiny: City, clock: Clock, **changes: Any) -> dict[str, Any]:
    """Return a map on which the cells of the zone 102 are flooded."""
    cells = list(tiny.grid.id)
    wet = [1.0 if zone == 1 else 0.0 for zone in tiny.grid.zone.tolist()]
    return {
        "scene": "S1A_1", "before": "S1A_0", "kind": "radar",
        "taken": (clock() - timedelta(hours=1)).isoformat(),
        "before_taken": (clock() - timedelta(days=12)).isoformat(),
        "source": "test", "origin": "synthetic", "pixel_m": 10.0, "method": "water/1",
        "footprint": [[-71.4, -30.0], [-71.3, -30.0], [-71.3, -29.9], [-71.4, -30.0]],
        "threshold": -14.0, "separation": 4.0, "city": tiny.version, "cells": cells,
        "water": wet, "flooded": wet, "confidence": [0.95] * len(cells), "seen": [1.0] * len(cells),
        **changes,
    }  # fmt: skip


def test_a_map_of_water_is_kept_once_and_shown(
    enter: Enter, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    sender, sent = device(), body(tiny_city, clock)
    first = sender.post("scenes", json=sent)
    assert first.status_code == 201, first.text
    assert sender.post("scenes", json=sent).json()["id"] == first.json()["id"]
    shown = enter("duty").get("scenes").json()
    assert shown["total"] == 1
    one = shown["items"][0]
    assert one["flooded_km2"] == pytest.approx(0.25, rel=0.02)
    assert one["people"] == pytest.approx(100.0)
    assert (one["origin"], one["why"]["data"]) == ("synthetic", ["S1A_1", "S1A_0"])
    cells = enter("duty").get(f"scenes/{one['id']}").json()
    assert len(cells["cells"]) == len(tiny_city.grid.id)


def test_every_map_is_reached_page_by_page_in_the_order_asked_for(
    enter: Enter, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    sender, duty = device(), enter("duty")
    for n in range(23):
        taken = (clock() - timedelta(hours=30 - n)).isoformat()
        kind = "optical" if n % 2 else "radar"
        part = [n / 23] * len(tiny_city.grid.id)
        sent = body(tiny_city, clock, scene=f"S{n}", taken=taken, kind=kind, flooded=part)
        assert sender.post("scenes", json=sent).status_code == 201

    def walk(**wish: Any) -> list[str]:
        found, after = [], "0"
        while after is not None:
            page = duty.get("scenes", params={**wish, "limit": 5, "after": after}).json()
            found += [one["scene"] for one in page["items"]]
            after = page["next"]
        assert (len(found), page["all"]) == (page["total"], 23)
        return found

    every = [f"S{n}" for n in range(23)]
    assert walk() == every[::-1]
    for order in ("scene", "flooded", "people", "taken"):
        assert walk(sort=order) == every, order
    assert walk(sort="age", descending=True) == every
    assert walk(kind="optical", sort="scene") == every[1::2]
    assert walk(q="s22") == ["S22"]


def test_the_map_of_zones_has_the_flooded_share_and_why(
    brain: Any, enter: Enter, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    brain.runner.turn("live")
    zones = enter("duty").get("columns/zones").json()
    assert "flooded_share" not in {column["key"] for column in zones["columns"]}
    device().post("scenes", json=body(tiny_city, clock))
    zones = enter("duty").get("columns/zones").json()
    column = next(one for one in zones["columns"] if one["key"] == "flooded_share")
    assert column["values"] == [0, 1, 0, 0, 0, 0]
    assert column["why"]["model"] == "sense.water"
    grid = enter("duty").get("columns/grid").json()
    assert {"flooded_share", "flooded_confidence"} <= {one["key"] for one in grid["columns"]}


def test_unknown_cells_stay_unknown(
    brain: Any, enter: Enter, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    brain.runner.turn("live")
    nothing = [None] * len(tiny_city.grid.id)
    sent = body(tiny_city, clock, flooded=nothing, water=nothing, confidence=nothing)
    assert device().post("scenes", json=sent).json()["people"] is None
    zones = enter("duty").get("columns/zones").json()
    column = next(one for one in zones["columns"] if one["key"] == "flooded_share")
    assert column["values"] == [None] * 6


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"water": [0.5]}, 422),
        ({"flooded": [1.5] * 24}, 422),
        ({"before_taken": "2100-01-01T00:00:00Z"}, 422),
        ({"city": "another"}, 409),
        ({"taken": "2100-01-01T00:00:00Z"}, 422),
        ({"surprise": 1}, 422),
    ],
)
def test_a_map_that_cannot_be_is_refused(
    device: Callable[..., TestClient], tiny_city: City, clock: Clock,
    changes: dict[str, Any], status: int,
) -> None:  # fmt: skip
    answer = device().post("scenes", json=body(tiny_city, clock, **changes))
    assert answer.status_code == status, answer.text


def test_people_read_maps_and_do_not_write_them(
    enter: Enter, tiny_city: City, clock: Clock
) -> None:
    assert enter("duty").post("scenes", json=body(tiny_city, clock)).status_code == 403
    assert enter().get("scenes").status_code == 401


# As observations -------------------------------------------------------------------------------

STA = "http://testserver/v1.1"
WHOLE = "MultiDatastream,FeatureOfInterest"


@pytest.fixture
def ask(device: Callable[..., TestClient]) -> Callable[..., dict[str, Any]]:
    client = device("sensors")

    def asked(path: str, **options: str) -> dict[str, Any]:
        params = {f"${name}": text for name, text in options.items()}
        answer = client.get(f"{STA}/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


Ask = Callable[..., dict[str, Any]]
FROM_ABOVE = "Things('seen-from-above')/MultiDatastreams"


def told(ask: Ask) -> dict[str, dict[str, Any]]:
    """Return the observations by cell."""
    found: dict[str, dict[str, Any]] = {}
    for stream in ask(FROM_ABOVE, expand="Observations", top="1000")["value"]:
        for one in stream["Observations"]:
            found[stream["properties"]["cell"]] = one
    return found


def test_a_scene_is_an_observation_of_every_cell_that_it_shows(
    ask: Ask, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    sent = body(tiny_city, clock)
    made = device().post("scenes", json=sent).json()
    cell = tiny_city.grid.id[tiny_city.grid.zone.tolist().index(1)]
    path = f"MultiDatastreams('seen-from-above:{cell}')/Observations"
    (one,) = ask(path, expand=WHOLE)["value"]
    assert one["phenomenonTime"].startswith(made["taken"][:19])
    assert one["resultTime"].startswith(made["received"][:19])
    assert one["result"] == [1.0, 1.0]
    assert one["resultQuality"] == {"confidence": 0.95, "seen": 1.0}
    said = {"scene": "S1A_1", "method": "water/1", "map": made["id"], "origin": "synthetic"}
    assert said.items() <= one["parameters"].items()
    assert one["FeatureOfInterest"]["feature"]["type"] == "Polygon"
    assert one["FeatureOfInterest"]["properties"]["cell"] == cell
    assert len(one["MultiDatastream"]["unitOfMeasurements"]) == 2


def test_cells_are_found_by_what_was_seen_of_them(
    ask: Ask, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    device().post("scenes", json=body(tiny_city, clock))
    wet = ask("Observations", filter="result/1 gt 0.5 and resultQuality/confidence ge 0.9",
              expand="FeatureOfInterest", count="true")  # fmt: skip
    zones = {one["FeatureOfInterest"]["properties"]["zone"] for one in wet["value"]}
    assert (wet["@iot.count"], zones) == (tiny_city.grid.zone.tolist().count(1), {102})
    by_place = ask(
        "FeaturesOfInterest", expand="Observations", top="1",
        filter="startswith(id, 'cell:') and properties/zone eq 102",
    )  # fmt: skip
    assert by_place["value"][0]["Observations"][0]["result"] == [1.0, 1.0]


def test_what_a_scene_does_not_show_has_no_observation(
    ask: Ask, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    cells = list(tiny_city.grid.id)
    shares = [None, *[0.0] * (len(cells) - 1)]
    device().post(
        "scenes", json=body(tiny_city, clock, water=shares, flooded=shares, confidence=shares)
    )
    found = told(ask)
    assert set(found) == set(cells[1:])
    assert found[cells[1]]["result"] == [0.0, 0.0]


def test_the_same_scene_twice_is_one_observation_and_anew_is_a_corrected_one(
    ask: Ask, enter: Enter, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    cells = list(tiny_city.grid.id)
    first = device().post("scenes", json=body(tiny_city, clock)).json()
    before = told(ask)
    device().post("scenes", json=body(tiny_city, clock))
    assert told(ask) == before

    sent = body(tiny_city, clock, method="water/2", water=[0.25] * len(cells))
    clock.forward(minutes=5)
    for name in ("water", "flooded", "confidence"):
        sent[name] = [None, *sent[name][1:]]
    second = device().post("scenes", json=sent).json()
    after = told(ask)
    assert set(after) == set(cells[1:])
    one = after[cells[1]]
    assert one["@iot.id"] == before[cells[1]]["@iot.id"]
    assert one["result"][0] == 0.25
    assert (one["parameters"]["method"], one["parameters"]["map"]) == ("water/2", second["id"])
    assert one["parameters"]["corrects"] == first["id"]
    log = enter("auditor").get("log").json()["items"]
    said = [line["text"]["en"] for line in log if line["subject"] in (first["id"], second["id"])]
    assert ["processed anew" in text for text in said] == [True, False]


def test_a_later_pass_is_a_second_observation(
    ask: Ask, device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    device().post("scenes", json=body(tiny_city, clock))
    clock.forward(days=1)
    device().post("scenes", json=body(tiny_city, clock, scene="S1A_2"))
    cell = tiny_city.grid.id[0]
    found = ask(f"MultiDatastreams('seen-from-above:{cell}')/Observations", orderby="resultTime")
    assert [one["parameters"]["scene"] for one in found["value"]] == ["S1A_1", "S1A_2"]
    stream = ask(f"MultiDatastreams('seen-from-above:{cell}')")
    assert "/" in stream["phenomenonTime"]


def test_a_key_of_certain_datastreams_sends_no_scene(
    device: Callable[..., TestClient], tiny_city: City, clock: Clock
) -> None:
    bound = device(datastreams=("prs-1",))
    assert bound.post("scenes", json=body(tiny_city, clock)).status_code == 403
