"""The sensing net through the API: coverage, uptime, blind spots, and the map."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api_kit import Enter, TestClient
from ops_kit import Clock


def send(client: TestClient, clock: Clock, stream: str, hours: int, value: float) -> None:
    times = [clock() - timedelta(hours=hour, minutes=1) for hour in range(hours)]
    items = [
        {
            "id": f"{stream}-{hour}", "datastream": stream, "value": value + 0.001 * hour,
            "unit": "kPa", "phenomenon_time": time.isoformat(),
        }
        for hour, time in enumerate(times)
    ]  # fmt: skip
    answer = client.post("ingest/observations", json={"batch": stream, "items": items})
    assert answer.json()["accepted"] == hours, answer.text


def test_a_net_that_was_never_heard_is_blind_and_not_called_up(enter: Enter) -> None:
    net = enter("duty").get("sensing/net").json()
    assert not any(row["seen"] for row in net["rows"])
    assert all(total["health"] == {"never": total["streams"]} for total in net["totals"])
    assert all(total["residents_seen"] == 0 for total in net["totals"])


def test_a_gauge_that_reports_is_counted_in_its_district(
    enter: Enter, device: Callable[..., TestClient], clock: Clock
) -> None:
    send(device(), clock, "prs-1", 10, 300.0)
    net = enter("duty").get("sensing/net").json()
    row = next(
        one for one in net["rows"] if (one["zone"], one["quantity"]) == (101, "water_pressure")
    )
    assert (row["streams"], row["ok"], row["seen"], row["sector"]) == (1, 1, True, "water")
    assert row["uptime"] == pytest.approx(1.0, abs=0.11)
    total = next(one for one in net["totals"] if one["quantity"] == "water_pressure")
    assert (total["districts"], total["districts_seen"]) == (6, 1)
    assert (total["residents"], total["residents_seen"]) == (600, 100)
    assert total["uptime"] == pytest.approx(row["uptime"] / 2, abs=1e-3)


def test_the_map_has_the_share_of_what_is_seen(
    brain: Any, enter: Enter, device: Callable[..., TestClient], clock: Clock
) -> None:
    send(device(), clock, "prs-1", 3, 300.0)
    brain.runner.turn("live")
    zones = enter("duty").get("columns/zones").json()
    column = next(one for one in zones["columns"] if one["key"] == "sensing_seen")
    assert 0 < column["values"][0] < 1
    assert column["values"][1] == 0
    assert column["why"]["model"] == "sense.net"


def test_the_table_comes_as_csv(enter: Enter) -> None:
    lines = enter("duty").get("sensing/net.csv").text.splitlines()
    assert lines[0].removeprefix("\ufeff").split(",")[:3] == ["zone", "zone_name", "quantity"]
    assert len(lines) > 6


def test_who_may_not_read_data_does_not_see_blind_spots(enter: Enter) -> None:
    assert enter("field").get("sensing/net").status_code == 403
