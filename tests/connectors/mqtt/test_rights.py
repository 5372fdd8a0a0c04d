"""A key opens its own topics, as long as it is good: no longer, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mqtt_kit import Device, Kit, body, brain, kept, key_of, served, until
from rencheng.adapters.bus.nats.guests import TRIES, Guests, Rights
from rencheng.adapters.words import both
from rencheng.bootstrap.mqtt import MqttDoor

S0, S1 = (f"v1.1/Datastreams('s{i}')/Observations" for i in range(2))
REFUSED = "Not authorized"


@pytest.fixture
def door(kit: Kit, tmp_path: Path) -> Iterator[tuple[MqttDoor, int]]:
    with served(kit, tmp_path) as opened:
        yield opened


def guests(door: MqttDoor) -> Guests:
    assert door.broker is not None
    return door.broker.guests


def after(device: Device) -> list[str]:
    """Return what the broker said to a device that it had let in and that came again."""
    return device.codes[device.codes.index("Success") + 1 :]


def test_an_open_connection_ends_with_its_key_and_the_others_stay(
    kit: Kit, door: tuple[MqttDoor, int]
) -> None:
    lost = Device(door[1], "pier", key_of(kit)).start().connected()
    other = Device(door[1], "quay", key_of(kit, "quay")).start().connected()
    lost.send(S0, body(1), 1)
    until(lambda: kept(kit))
    (token,) = [one for one in brain(kit).identity.tokens() if one.account == "pier"]
    brain(kit).identity.revoke_token(token.id)  # as another program does it
    until(lambda: after(lost), 10)
    assert set(after(lost)) == {REFUSED} and not lost.client.is_connected()
    lost.send(S0, body(2), 2)
    other.send(S1, body(3), 3)
    until(lambda: kept(kit, "s1"))
    assert after(other) == [] and guests(door[0]).shown_out == 1
    assert [one.value for one in kept(kit)] == [1] and 2 not in lost.acknowledged
    lost.stop()
    other.stop()


def test_what_is_sent_without_a_pause_ends_with_the_key(
    kit: Kit, door: tuple[MqttDoor, int]
) -> None:
    """A sender that never waits and never connects again: the connection itself is closed."""
    device = Device(door[1], "pier", key_of(kit))
    gone: list[Any] = []
    device.start().connected()
    device.client.on_disconnect = lambda *_: (gone.append(1), device.client.disconnect())
    number = 0
    while not gone:
        device.send(S0, body(number), number)
        number += 1
        if number == 50:
            brain(kit).identity.disable_account("pier")
        until(lambda n=number: gone or len(device.acknowledged) >= n)
    device.send(S0, body(number), number)
    until(lambda: door[0].health().waiting == 0)
    device.stop()
    found = {int(one.value) for one in kept(kit)}
    assert device.acknowledged <= found <= set(range(number))


def test_a_key_with_an_end_is_no_good_after_it(kit: Kit, door: tuple[MqttDoor, int]) -> None:
    assert door[0].broker is not None and door[0].broker.is_open.wait(20)
    key = key_of(kit, life=timedelta(seconds=8))
    device = Device(door[1], "pier", key).start().connected()
    until(lambda: REFUSED in after(device))
    device.stop()


def test_a_bound_key_writes_its_own_topics_and_the_rest_is_refused_and_told(
    kit: Kit, door: tuple[MqttDoor, int]
) -> None:
    device = Device(door[1], "pier", key_of(kit, datastreams=("s0",)))
    device.client.will_set(S1, body(4), 1)
    device.start().connected()
    for topic in (S1, S1.replace("v1.1", "v1.0"), "v1.1/Observations", f"in/{S1}", "x"):
        device.send(topic, body(5))
    device.send(S0, body(6), 6)
    until(lambda: door[0].health().foreign == 5 and kept(kit))
    sock = device.client.socket()
    assert sock is not None
    sock.shutdown(2)  # the line is cut: the broker says the last will
    until(lambda: door[0].health().foreign == 6)
    device.send(S0, body(7), 7)
    until(lambda: len(kept(kit)) == 2)
    assert kept(kit, "s1") == []
    letters = {one.topic: one for one in door[0].letters()}
    assert letters[S1].reason.key == "mqtt.refused.foreign" and letters[S1].count == 3
    assert letters[S1].reason.params == {"account": "pier"}
    assert all("pier" in text for text in both(letters[S1].reason))
    device.stop()


def test_a_device_cannot_speak_as_the_house(kit: Kit, door: tuple[MqttDoor, int]) -> None:
    """What readers hear was taken in, even if a device knows how the house tells them."""
    reader = Device(door[1], "plan", key_of(kit, "plan", "planner")).start().connected()
    answers: list[Any] = []
    reader.client.on_subscribe = lambda _c, _d, _m, codes, _p: answers.extend(codes)
    reader.client.subscribe("v1.1/#")
    device = Device(door[1], "pier", key_of(kit, datastreams=("s0",))).start().connected()
    until(lambda: answers)
    device.send(f"out/{S0}", b'{"result": 99, "@iot.selfLink": "http://localhost"}')
    device.send(S0, b'{"result": "poison"}')
    device.send(S0, body(6), 6)
    until(lambda: len(reader.heard) == 3)  # twice the observation, once its datastream
    told = [json.loads(text) for _, text in reader.heard]
    assert [one["result"] for one in told if "result" in one] == [6, 6]
    assert door[0].health().foreign == 1
    device.stop()
    reader.stop()


@pytest.mark.parametrize(("role", "topic"), [
    ("device", "v1.1/#"), ("device", S0), ("device", "#"), ("device", "in/#"),
    ("planner", "in/#"), ("planner", "#"), ("planner", "$SYS/#"),
])  # fmt: skip
def test_who_may_not_read_a_topic_cannot_subscribe_to_it(
    kit: Kit, door: tuple[MqttDoor, int], role: str, topic: str
) -> None:
    answers: list[Any] = []
    reader = Device(door[1], "eve", key_of(kit, "eve", role)).start().connected()
    reader.client.on_subscribe = lambda _c, _d, _m, codes, _p: answers.extend(codes)
    reader.client.subscribe(topic, 1)
    until(lambda: answers)
    assert all(code.is_failure for code in answers)
    until(lambda: door[0].health().foreign >= 1)
    assert door[0].letters()[0].reason.key == "mqtt.refused.listening"
    device = Device(door[1], "pier", key_of(kit)).start().connected()
    device.send(S0, body(1), 1)
    until(lambda: kept(kit) and door[0].health().waiting == 0)
    assert reader.heard == []
    device.stop()
    reader.stop()


# The list of guests, without a broker ------------------------------------------------------------


class Keys:
    """Keys that a test turns."""

    def __init__(self) -> None:
        self.now, self.bad, self.asked = 0, set[str](), 0

    def rights(self, name: str, password: str) -> Rights:
        return Rights(name=name, key=password, turn=self.now)

    def turn(self) -> int:
        return self.now

    def holds(self, rights: Rights) -> bool:
        self.asked += 1
        return rights.key not in self.bad


def made() -> tuple[Keys, Guests, list[int]]:
    keys, out = Keys(), list[int]()
    there = Guests(keys, lambda found: out.extend(number for _, number in found))
    for number in range(1_000):
        there.come("N", number, keys.rights("pier", f"k{number % 10}"), 1e12)
    return keys, there, out


def test_nobody_is_asked_about_while_no_key_changes() -> None:
    keys, there, out = made()
    there.look(0.0)
    assert keys.asked == 0 and out == []


def test_each_key_is_asked_about_once_after_a_change() -> None:
    keys, there, out = made()
    keys.now, keys.bad = 1, {"k3"}
    for _ in range(3):
        there.look(0.0)
    assert keys.asked == 10 and out == list(range(3, 1_000, 10))


def test_a_key_that_changes_while_it_is_let_in_is_not_missed() -> None:
    keys, there, out = made()
    seen = keys.rights("late", "k9")
    keys.now, keys.bad = 1, {"k9"}
    there.look(0.0)
    there.come("N", 5_000, seen, 1e12)
    there.look(0.0)
    assert 5_000 in out


def test_connections_that_never_came_to_be_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("rencheng.adapters.bus.nats.guests.time.monotonic", lambda: clock[0])
    keys, there, out = made()
    keys.now, keys.bad = 1, {f"k{i}" for i in range(10)}
    for clock[0] in range(0, 60, 2):
        there.look(0.0)
    assert len(out) == 1_000 * TRIES and there.name(1) == ""
    there.come("N", 7, keys.rights("pier", "good"), 100.0)
    there.look(10_000.0)
    assert there.name(7) == ""


def test_a_store_that_is_away_shows_nobody_out_and_is_asked_again(
    kit: Kit, door: tuple[MqttDoor, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(door[1], "pier", key_of(kit)).start().connected()
    assert door[0].broker is not None
    gate, tries = door[0].broker._gate, [0]
    turn = gate.turn

    def away() -> int:
        tries[0] += 1
        if tries[0] < 3:
            raise OSError("the store is away")
        return turn()

    monkeypatch.setattr(gate, "turn", away)
    until(lambda: tries[0] >= 4)
    assert device.client.is_connected() and after(device) == []
    device.stop()
