"""The live stream: numbered without holes, for those who may look, and only what they may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.websockets import WebSocketDisconnect

from api_kit import ROOT, Enter, TestClient, give
from ops_kit import Clock
from rencheng.api import live
from rencheng.api.live import BROKEN, FORBIDDEN, NO_RUN, SIGNED_OUT, Subscriber, coalesced
from rencheng.bootstrap import Brain
from rencheng.domain.errors import SourceUnavailableError
from rencheng.domain.identity import Actor
from rencheng.domain.provenance import Mode
from rencheng.service.ports import Event

LIVE = f"{ROOT}/live"


@pytest.fixture
def beating(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(live, "PAUSE_S", 0.02)
    with TestClient(app) as client:
        yield client


def listen(client: TestClient, other: TestClient, **headers: str) -> Any:
    cookie = "; ".join(f"{name}={value}" for name, value in other.cookies.items())
    return client.websocket_connect(LIVE, headers={"Cookie": cookie, **headers})


def event(seq: int, kind: str = "task", key: str = "t", organisation: str = "") -> Event:
    from ops_kit import T0

    return Event(
        seq=seq, kind=kind, id=key, organisation=organisation, at=T0, mode=Mode.LIVE, run="live"
    )


def actor(role: str, organisation: str) -> Actor:
    return Actor(id="x", name="", organisation=organisation, roles=frozenset({role}))


def test_the_stream_begins_with_a_snapshot_and_numbers_what_follows(
    beating: TestClient, enter: Enter, clock: Clock
) -> None:
    with listen(beating, enter("duty")) as stream:
        first = stream.receive_json()
        assert (first["seq"], first["kind"]) == (0, "snapshot")
        given = [give(enter, clock, "power_utility")["id"] for _ in range(3)]
        told = [stream.receive_json() for _ in range(3)]
        assert [one["seq"] for one in told] == [1, 2, 3]
        assert {one["id"] for one in told} == set(given)


def test_a_quiet_stream_still_beats(
    beating: TestClient, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    with listen(beating, enter("duty")) as stream:
        kinds = [stream.receive_json()["kind"] for _ in range(3)]
    assert kinds == ["snapshot", "clock", "clock"]


def test_the_stream_ends_when_the_session_does(
    beating: TestClient, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(live, "RECHECK_S", 0.0)
    client = enter("duty")
    with listen(beating, client) as stream:
        client.delete("session")
        with pytest.raises(WebSocketDisconnect) as caught:
            for _ in range(50):
                stream.receive_json()
    assert caught.value.code == SIGNED_OUT


@pytest.mark.parametrize(
    ("who", "headers", "code"),
    [
        ("", {}, SIGNED_OUT),
        ("duty", {"Origin": "http://evil.example"}, FORBIDDEN),
        ("nobody", {}, FORBIDDEN),
    ],
)
def test_strangers_hear_nothing(
    beating: TestClient, enter: Enter, who: str, headers: dict[str, str], code: int
) -> None:
    with listen(beating, enter(who), **headers) as stream:
        with pytest.raises(WebSocketDisconnect) as caught:
            stream.receive_json()
        assert caught.value.code == code


def test_a_run_that_is_not_there_is_said_at_once(beating: TestClient, enter: Enter) -> None:
    other = enter("duty")
    cookie = "; ".join(f"{name}={value}" for name, value in other.cookies.items())
    with beating.websocket_connect(f"{LIVE}?run=nope", headers={"Cookie": cookie}) as stream:
        with pytest.raises(WebSocketDisconnect) as end:
            stream.receive_json()
        assert end.value.code == NO_RUN


def test_what_a_client_says_is_not_read(beating: TestClient, enter: Enter, clock: Clock) -> None:
    with listen(beating, enter("duty")) as stream:
        stream.receive_json()
        stream.send_bytes(b"\x00")
        stream.send_text("hello")
        given = give(enter, clock, "power_utility")["id"]
        assert stream.receive_json()["id"] == given


def test_a_stream_that_breaks_is_closed(
    beating: TestClient, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise SourceUnavailableError("store.busy", "busy", hint="wait")

    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(live, "_heartbeat", broken)
    with listen(beating, enter("duty")) as stream:
        stream.receive_json()
        with pytest.raises(WebSocketDisconnect) as end:
            stream.receive_json()
        assert end.value.code == BROKEN


def test_a_key_may_not_listen_unless_its_role_may_look(beating: TestClient, brain: Brain) -> None:
    secret, _ = brain.identity.create_token("gauge", "x")
    headers = {"Authorization": f"Bearer {secret}"}
    with (
        beating.websocket_connect(LIVE, headers=headers) as stream,
        pytest.raises(WebSocketDisconnect),
    ):
        stream.receive_json()


def test_others_events_leave_no_hole_in_the_numbers() -> None:
    one = Subscriber(actor("utility", "water_utility"), None)
    found = [event(1, key="a", organisation="power_utility"), event(2, key="b")]
    found += [event(3, key="c", organisation="water_utility"), event(4, kind="secret")]
    one.offer(found, "live", is_new_run=False)
    now = found[0].at
    told = [one.numbered(one.queue.get_nowait(), now, "live") for _ in range(one.queue.qsize())]
    assert [(t.seq, t.id) for t in told] == [(0, "b"), (1, "c")]


def test_events_of_other_runs_are_not_told() -> None:
    one = Subscriber(actor("duty_officer", "emergency"), None)
    one.offer([event(1)], "replay-1", is_new_run=False)
    assert one.queue.empty()


def test_a_new_run_and_a_flood_both_mean_fetch_everything_again() -> None:
    one = Subscriber(actor("duty_officer", "emergency"), None)
    one.offer([event(1)], "replay-1", is_new_run=True)
    assert one.queue.get_nowait() is None
    one.offer([event(n, key=str(n)) for n in range(live.QUEUE + 1)], "live", is_new_run=False)
    assert (one.queue.qsize(), one.queue.get_nowait()) == (1, None)


def test_many_changes_of_one_thing_are_one_event() -> None:
    found = coalesced([event(1, key="a"), event(2, key="b"), event(3, key="a")])
    assert [(one.seq, one.id) for one in found] == [(2, "b"), (3, "a")]
