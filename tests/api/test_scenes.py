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
