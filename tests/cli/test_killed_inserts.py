"""Kill -9 of the real server amid things with observations: each whole or not at all, once."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from cli.test_killed import serving
from sensing_kit import place, stream

MANY, FIRST, SAID = 12, 4, 20


def thing(number: int) -> dict[str, Any]:
    """A thing with a datastream and what that observed, one thing of it with details."""
    said: list[dict[str, Any]] = [
        {"phenomenonTime": f"2020-01-01T00:{minute:02d}:00Z", "result": number + minute}
        for minute in range(SAID)
    ]
    said[3]["parameters"] = {"by": "hand"}
    key = f"s{number}"
    streams = [stream(key, Observations=said) | {"@iot.id": key}]
    body = {"name": f"t{number}", "description": "t", "Locations": [place("p", -71.3, -29.9)]}
    return body | {"Datastreams": streams}


def send(client: httpx.Client, number: int) -> str:
    headers = {"Idempotency-Key": f"k{number}"}
    answer = client.post("/v1.1/Things", json=thing(number), headers=headers)
    assert answer.status_code == 201, answer.text
    address: str = answer.json()["@iot.id"]
    return address


def counts(client: httpx.Client) -> dict[str, int]:
    """Return by datastream of ours how many observations it has."""
    options = {"$filter": "startswith(@iot.id,'s')", "$top": "1000", "$select": "@iot.id"}
    found = client.get("/v1.1/Datastreams", params=options).json()["value"]
    path = "/v1.1/Datastreams('{}')/Observations?$count=true&$top=0"
    names = [one["@iot.id"] for one in found]
    return {one: client.get(path.format(one)).json()["@iot.count"] for one in names}


@pytest.mark.slow
def test_kill_9_amid_deep_inserts_loses_and_doubles_nothing(tmp_path: Path) -> None:
    made: dict[int, str] = {}
    with serving(tmp_path) as (process, client):

        def work() -> None:
            try:
                for number in range(MANY):
                    made[number] = send(client, number)
            except httpx.TransportError:
                return

        sender = Thread(target=work)
        sender.start()
        while len(made) < FIRST and sender.is_alive():
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        sender.join()
    assert FIRST <= len(made) < MANY
    with serving(tmp_path) as (_, client):
        for _ in range(300):
            kept = counts(client)
            if set(kept.values()) == {SAID}:
                break
            time.sleep(0.1)
        assert {f"s{number}" for number in made} <= kept.keys()
        assert set(kept.values()) == {SAID}
        again = {number: send(client, number) for number in range(MANY)}
        assert {number: again[number] for number in made} == made
        assert counts(client) == {f"s{number}": SAID for number in range(MANY)}
        things = client.get("/v1.1/Things?$filter=description eq 't'&$count=true&$top=0").json()
        assert things["@iot.count"] == MANY
