"""From a device's message to a durable observation, through a broker of our own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mqtt_kit import (
    MAPPING,
    S0,
    Device,
    Kit,
    body,
    free_port,
    house,
    kept,
    key_of,
    open_door,
    served,
    until,
)
from rencheng.adapters.bus.nats.configuration import LARGEST
from rencheng.bootstrap.mqtt import MqttDoor, MqttOptions
from rencheng.connectors.mqtt import receiver as receiving
from rencheng.connectors.mqtt.address import PASSWORD, USER, read_address
from rencheng.connectors.mqtt.letters import MOST, DeadLetters
from rencheng.connectors.mqtt.limits import MANY, SPAN, Limits
from rencheng.domain.errors import InvalidInputError, SourceUnavailableError
from rencheng.domain.provenance import Text
from rencheng.service.intake import take_in


@pytest.fixture
def door(kit: Kit, tmp_path: Path) -> Iterator[tuple[MqttDoor, int]]:
    (tmp_path / "mqtt.toml").write_text(MAPPING, encoding="utf-8")
    with served(kit, tmp_path) as opened:
        yield opened


@pytest.fixture
def device(kit: Kit, door: tuple[MqttDoor, int]) -> Iterator[Device]:
    made = Device(door[1], "pier", key_of(kit)).start().connected()
    yield made
    made.stop()


def test_a_message_becomes_an_observation(kit: Kit, device: Device) -> None:
    device.send(S0, json.dumps({"result": 2.5, "phenomenonTime": "2026-01-01T00:00:00Z"}).encode())
    until(lambda: kept(kit))
    assert (kept(kit)[0].value, kept(kit)[0].phenomenon_time.year) == (2.5, 2026)


def test_every_message_is_kept_once_however_often_it_is_sent(kit: Kit, device: Device) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    for number in [*range(300), *range(300)]:
        device.send(S0, body(number, at), number)
    until(lambda: len(device.acknowledged) == 300)
    until(lambda: len(kept(kit)) == 300)
    time.sleep(0.3)
    assert sorted(one.value for one in kept(kit)) == list(range(300))


def test_a_device_speaks_its_own_tongue_by_the_mapping_file(kit: Kit, device: Device) -> None:
    before = datetime.now(UTC)
    device.send("plant/s3/level", b'{"level": 4}')
    until(lambda: kept(kit, "s3"))
    assert kept(kit, "s3")[0].phenomenon_time >= before


def test_poison_stops_nobody(kit: Kit, door: tuple[MqttDoor, int], device: Device) -> None:
    poison = {
        S0: b'{"result": ',
        "v1.1/Datastreams('nowhere')/Observations": b'{"result": 1}',
        "v1.1/Things(1)/Observations": b'{"result": 1}',
        "plant/s1/level": b"x" * 10_000_000,
        "plant/s2/level": b'{"level": "high"}',
    }
    for topic, payload in poison.items():
        device.send(topic, payload)
    device.send(S0, body(7), 7)
    until(lambda: 7 in device.acknowledged and kept(kit), 30)
    until(lambda: door[0].health().refused == len(poison))
    letters = {one.topic: one for one in door[0].letters()}
    assert set(letters) == set(poison)
    assert letters["plant/s1/level"].reason.key == "mqtt.refused.large"
    assert letters["plant/s1/level"].size == 10_000_000
    until(lambda: door[0].health().waiting == 0)


def test_a_message_beyond_all_measure_ends_its_sender_and_nobody_else(
    kit: Kit, door: tuple[MqttDoor, int], device: Device
) -> None:
    giant = Device(door[1], "quay", key_of(kit, "quay")).start().connected()
    giant.send(S0, b"x" * (LARGEST + 1), 1)
    until(lambda: not giant.client.is_connected() or giant.codes.count("Success") > 1)
    device.send(S0, body(2), 2)
    until(lambda: kept(kit) and 2 in device.acknowledged)
    assert device.client.is_connected() and giant.acknowledged == set()
    assert door[0].health().link == "connected"
    giant.stop()


def test_a_program_that_fails_on_a_message_loses_that_one_only(
    kit: Kit, door: tuple[MqttDoor, int], device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = door[0].receiver._connector.hear

    def failing(settings: Any, message: Any) -> Any:
        if b"666" in message.body:
            raise ZeroDivisionError
        return hear(settings, message)

    monkeypatch.setattr(receiving.Connector, "hear", lambda _self, *given: failing(*given))
    for number in (1, 2, 666, 3):
        device.send(S0, body(number), number)
    until(lambda: {one.value for one in kept(kit)} == {1, 2, 3})
    assert door[0].letters()[0].reason.key == "mqtt.refused.fault"


def test_a_device_that_floods_is_held_back_and_nobody_else(
    kit: Kit, door: tuple[MqttDoor, int], device: Device
) -> None:
    """`slow` agreed on one value a second; it sends 100 a second, all of them of one minute."""
    at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    flood = "v1.1/Datastreams('slow')/Observations"
    for number in range(6_000):
        told = {"result": number, "phenomenonTime": (at + timedelta(seconds=number / 100))}
        device.send(flood, json.dumps(told, default=datetime.isoformat).encode())
        if number % 100 == 0:
            device.send(S0, body(number))
    until(lambda: len(kept(kit)) == 60 and door[0].health().waiting == 0, 40)
    until(lambda: door[0].health().limited == 6_000 - MANY * SPAN)
    assert len(kept(kit, "slow")) == MANY * SPAN
    assert any(one.reason.key == "mqtt.refused.limited" for one in door[0].letters())


def test_a_backlog_of_a_day_is_welcome() -> None:
    limits = Limits()
    assert all(limits.admits("tide", 60.0, minute * 60_000_000) for minute in range(1440))


def test_a_store_that_is_full_keeps_messages_at_the_broker(
    kit: Kit,
    door: tuple[MqttDoor, int],
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_full = [True]

    def refusing(*given: Any, **more: Any) -> Any:
        if is_full[0]:
            raise SourceUnavailableError("store.full", "the disk is full", hint="Make room")
        return take_in(*given, **more)

    monkeypatch.setattr(receiving, "take_in", refusing)
    device.send(S0, body(1), 1)
    until(lambda: door[0].health().problem is not None)
    health = door[0].health()
    assert health.problem is not None and health.problem.key == "mqtt.problem.store"
    assert health.waiting == 1 and kept(kit) == []
    is_full[0] = False
    until(lambda: kept(kit))
    until(lambda: door[0].health().problem is None and door[0].health().waiting == 0)


def test_what_was_taken_in_is_told_to_who_subscribes(
    kit: Kit, door: tuple[MqttDoor, int], device: Device
) -> None:
    reader = Device(door[1], "plan", key_of(kit, "plan", "planner")).start().connected()
    reader.client.subscribe("v1.1/#")
    time.sleep(0.3)
    device.send(S0, json.dumps({"result": 5, "phenomenonTime": "2026-01-01T00:00:00Z"}).encode())
    device.send(S0, b"poison")
    until(lambda: len(reader.heard) == 3)
    time.sleep(0.2)
    reader.stop()
    told = {topic: json.loads(payload) for topic, payload in reader.heard}
    assert set(told) == {S0, "v1.1/Observations", "v1.1/Datastreams('s0')"}
    assert told[S0]["result"] == 5 and told[S0]["@iot.id"] == kept(kit)[0].id


def test_dead_letters_are_few_and_outlive_the_program(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "letters.json")
    now = datetime.now(UTC)
    for number in range(MOST + 50):
        letters.add(f"t{number}", b"\x00" * 5_000, 5_000, Text("mqtt.refused.topic"), now)
    for _ in range(1_000):
        letters.add("t249", b"", 0, Text("mqtt.refused.topic"), now)
    letters.save()
    again = DeadLetters(tmp_path / "letters.json").all()
    assert len(again) == MOST
    assert (again[0].topic, again[0].count) == ("t249", 1_001)


def test_a_secret_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_address("mqtt://me:s3cret@broker:1883", client="x")
    assert "s3cret" not in str(caught.value) + str(caught.value.params)


@pytest.mark.parametrize("text", ["broker:1883", "http://broker", "mqtt://", "mqtt://a:b:c"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_address(text, client="x")


def test_the_login_comes_from_a_private_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(USER, "me")
    monkeypatch.setenv(PASSWORD, "s3cret")
    address = read_address("mqtts://broker", client="x")
    assert (address.user, address.password, address.port) == ("me", "s3cret", 8883)
    assert "s3cret" not in repr(address) + str(address)
    file = tmp_path / "login"
    file.write_text("you\nother\n")
    file.chmod(0o644)
    with pytest.raises(InvalidInputError):
        read_address("mqtt://broker", login=file, client="x")
    file.chmod(0o600)
    assert read_address("mqtt://broker", login=file, client="x").password == "other"


def test_another_broker_is_listened_to_by_its_address(kit: Kit, tmp_path: Path) -> None:
    """A broker of our own stands for the other; a key in a file opens it."""
    other = house(tmp_path / "other")
    with served(other, tmp_path / "other") as (theirs, port):
        login = tmp_path / "login"
        login.write_text(f"house\n{theirs.broker.secret if theirs.broker else ''}\n")
        login.chmod(0o600)
        (tmp_path / "mqtt.toml").write_text(MAPPING, encoding="utf-8")
        options = MqttOptions(broker=f"mqtt://127.0.0.1:{port}", login=login)
        door = open_door(kit, tmp_path, options)
        door.start()
        until(lambda: door.health().link == "connected")
        sender = Device(port, "pier", key_of(other)).start().connected()
        theirs.broker and theirs.receiver.session.publish("plant/s4/level", b'{"level": 9}')
        until(lambda: kept(kit, "s4"))
        sender.stop()
        door.stop()
    other.store.close()


def test_a_broker_that_is_away_is_told_with_how_to_mend_it(kit: Kit, tmp_path: Path) -> None:
    options = MqttOptions(broker=f"mqtt://127.0.0.1:{free_port()}")
    door = open_door(kit, tmp_path, options)
    door.start()
    until(lambda: door.health().problem is not None)
    health = door.health()
    door.stop()
    assert health.link == "waiting" and health.problem_since is not None
    assert health.problem is not None and health.problem.key == "mqtt.problem.unreachable"
    assert health.hint is not None and health.hint.key == "mqtt.problem.unreachable.hint"


def test_a_wrong_login_is_told(kit: Kit, door: tuple[MqttDoor, int], tmp_path: Path) -> None:
    elsewhere = tmp_path / "else"
    elsewhere.mkdir()
    wrong = open_door(kit, elsewhere, MqttOptions(broker=f"mqtt://127.0.0.1:{door[1]}"))
    wrong.start()
    until(lambda: wrong.health().problem is not None)
    problem = wrong.health().problem
    wrong.stop()
    assert problem is not None and problem.key == "mqtt.problem.login"


@pytest.mark.parametrize(
    "options",
    [
        MqttOptions(port=1883, broker="mqtt://other"),
        MqttOptions(port=1883, certificate=Path("cert.pem")),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    kit: Kit, tmp_path: Path, options: MqttOptions
) -> None:
    with pytest.raises(InvalidInputError):
        open_door(kit, tmp_path, replace(options))
