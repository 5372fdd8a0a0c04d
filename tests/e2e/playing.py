"""Play the replay through the API, for those who only want to look at its pages."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from person import Server

QUAKE = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
RESPONSE = QUAKE + timedelta(minutes=40)
DAY3 = QUAKE + timedelta(hours=66)


def jump(server: Server, to: datetime) -> None:
    """Let the replay's clock jump, paused."""
    with server.client("duty") as client:
        _do(client, "PATCH", "/replay", {"jump_to": to.isoformat(), "speed": 0})


def start(server: Server) -> None:
    """Start the replay and let it stand forty minutes after the earthquake, undecided."""
    with server.client("duty") as duty:
        _do(duty, "POST", "/replay", {"scenario": "illapel_2015", "speed": 60})
        jump(server, RESPONSE)
        _wait(lambda: {one["kind"] for one in _open(duty)} >= {"evacuation", "response_level"})


def decide(server: Server) -> None:
    """Accept what is proposed, and warn the coast."""
    with server.client("duty") as duty, server.client("chief") as chief:
        with server.client("deputy") as deputy:
            _accept(chief, deputy)
        _warn(duty, chief)


def play(server: Server, *, to: datetime = DAY3) -> None:
    """Play the event with its decisions made, unless somebody has done so before."""
    with server.client("duty") as duty:
        if duty.get("/clock").json()["mode"] != "replay":
            start(server)
            decide(server)
        if datetime.fromisoformat(duty.get("/clock").json()["now"]) < to:
            jump(server, to)
        if to == DAY3:
            _wait(lambda: duty.get("/damage-reports?limit=1").json()["total"] > 800, seconds=300)
        wait_for_turn(duty)


def wait_for_turn(client: httpx.Client) -> None:
    """Wait until the loop has computed with what was delivered."""

    def is_fresh() -> bool:
        said = client.get("/situation").json()
        if not said["cycle"] or not said["figures"]:
            return False
        now = datetime.fromisoformat(said["clock"]["now"])
        return now - datetime.fromisoformat(said["cycle"]["at"]) < timedelta(minutes=5)

    _wait(is_fresh)


def _open(client: httpx.Client) -> list[dict[str, Any]]:
    return list(client.get("/proposals?status=open").json()["items"])


def _accept(chief: httpx.Client, deputy: httpx.Client) -> None:
    """Accept what is proposed; what is dangerous by both."""
    for one in _open(chief):
        for person in (chief, deputy)[: 2 if one["is_dangerous"] else 1]:
            now = person.get(f"/proposals/{one['id']}").json()
            if now["status"] == "open":
                body = {"version": now["version"], "decision": "accept"}
                person.post(f"/proposals/{one['id']}/decision", json=body)


def _warn(duty: httpx.Client, chief: httpx.Client) -> None:
    """Write the suggested warning and have it released by a second person."""
    draft = duty.get("/alerts/suggestion?event=tsunami").json()
    alert = _do(duty, "POST", "/alerts", draft)
    _do(chief, "POST", f"/alerts/{alert['id']}/approve", {"version": alert["version"]})


def _do(client: httpx.Client, method: str, path: str, body: dict[str, Any]) -> Any:
    told = client.request(method, path, json=body)
    told.raise_for_status()
    return told.json()


def _wait(holds: Any, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.5)
