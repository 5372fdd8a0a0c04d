"""Long lists are searched, filtered and put in order on the server, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api_kit import Enter, TestClient
from rencheng.api.listing import finds, natural, ordered

HEAD = "device,name,lon,lat,quantity,unit\n"
MANY = 23


@pytest.fixture
def office(device: Callable[..., TestClient]) -> TestClient:
    """Return a program that has registered many gauges by table."""
    client = device("sensors")
    rows = (f"pier-{n},Pier {n},-71.3,-29.9,water_level,m\n" for n in range(MANY))
    answer = client.post("devices/provision", content=(HEAD + "".join(rows)).encode())
    assert answer.status_code == 200, answer.text
    return client


def walk(client: TestClient, path: str, **wish: Any) -> list[str]:
    """Return the ids of every page, five a page."""
    found: list[str] = []
    after: str | None = "0"
    while after is not None:
        page = client.get(path, params={**wish, "limit": 5, "after": after}).json()
        found += [one["id"] for one in page["items"]]
        after = page["next"]
    assert len(found) == len(set(found)) == page["total"]
    return found


def test_pages_in_order_meet_every_device_once(office: TestClient) -> None:
    names = [f"pier-{n}" for n in range(MANY)]
    assert walk(office, "devices", sort="device") == names
    assert walk(office, "devices", sort="device", descending=True) == names[::-1]


def test_a_search_is_over_all_pages_and_says_of_how_many(office: TestClient) -> None:
    assert walk(office, "devices", q="PIER 1", sort="device")[:2] == ["pier-1", "pier-10"]
    page = office.get("devices", params={"q": "pier 22"}).json()
    assert (page["total"], page["all"], page["states"]) == (1, MANY, {"active": MANY})
    assert office.get("devices", params={"state": "revoked"}).json()["items"] == []


def test_devices_are_found_by_the_state_of_their_key(office: TestClient) -> None:
    assert office.post("devices/pier-3/revoke").status_code == 200
    assert walk(office, "devices", state="revoked") == ["pier-3"]
    assert len(walk(office, "devices", state=["active", "expired"])) == MANY - 1


def test_sensors_are_found_by_name_health_and_quantity(office: TestClient, enter: Enter) -> None:
    duty = enter("duty")
    every = duty.get("sensors", params={"limit": 10_000}).json()
    assert every["all"] == every["total"] == len(every["items"]) > MANY
    assert sum(every["health"].values()) == every["all"]
    levels = walk(duty, "sensors", quantity="water_level", sort="name")
    assert (
        {f"pier-{n}-water_level" for n in range(MANY)}
        < set(levels)
        < {one["id"] for one in every["items"]}
    )
    assert set(walk(duty, "sensors", health="never")) == {
        one["id"] for one in every["items"] if one["health"] == "never"
    }
    assert walk(duty, "sensors", q="pier 22") == ["pier-22-water_level"]
    assert "water_level" in every["quantities"]


@pytest.mark.parametrize("sort", ["name", "quantity", "health", "last", "age", "received",
                                  "suspect", "vital", "zone", "origin"])  # fmt: skip
def test_every_column_of_sensors_is_an_order(office: TestClient, enter: Enter, sort: str) -> None:
    duty = enter("duty")
    up, down = (walk(duty, "sensors", sort=sort, descending=way) for way in (False, True))
    assert set(up) == set(down)


def test_an_order_that_is_none_is_refused_by_name(office: TestClient) -> None:
    answer = office.get("devices", params={"sort": "colour"})
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["where"] == "query.sort"


def test_unknown_stands_last_in_both_directions() -> None:
    values = [2, None, 1, None, 3]
    assert ordered(values, lambda one: one, descending=False) == [1, 2, 3, None, None]
    assert ordered(values, lambda one: one, descending=True) == [3, 2, 1, None, None]


def test_numbers_in_names_are_read_as_numbers() -> None:
    names = ["雨量站 10", "雨量站 9", "A2b", "a10b"]
    assert ordered(names, natural, descending=False) == ["A2b", "a10b", "雨量站 9", "雨量站 10"]
    assert natural("") is None


def test_all_words_must_occur_somewhere() -> None:
    assert finds("PIER 水位", ["pier-1", "水位 m"])
    assert not finds("pier 雨", ["pier-1", "水位 m"])
