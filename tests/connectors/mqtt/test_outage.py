"""A broker that is gone for five minutes, walked through with the clock in hand.

Nothing waits for the five minutes: between two tries the house rests as long as the clock is put
forward here. Every try is a real one, against a port where nobody listens. With
`RENCHENG_REAL_OUTAGE=1` the minutes pass.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mqtt_kit import (
    PASSWORD,
    Device,
    Kit,
    body,
    foreign,
    free_port,
    house,
    kept,
    open_door,
    until,
)
from rencheng.bootstrap.mqtt import MqttDoor, MqttOptions
from rencheng.connectors.mqtt import receiver as receiving
from rencheng.connectors.mqtt.client import PAUSES_S
from rencheng.connectors.mqtt.health import MqttHealth
from rencheng.domain.errors import SourceUnavailableError
from rencheng.service.intake import take_in

GONE_S = 300.0
"""How long the broker is gone. [s]"""
IS_REAL = os.environ.get("RENCHENG_REAL_OUTAGE") == "1"
TIMED, UNTIMED = "timed/s0/level", "plant/s0/level"
MAPPING = """
schema = "rencheng/mqtt-mapping/1"
[[topic]]
pattern = "timed/+/level"
datastream = "{1}"
time = "phenomenonTime"
[[topic.value]]
path = "result"
unit = "m"
[[topic]]
pattern = "plant/+/level"
datastream = "{1}"
[[topic.value]]
path = "result"
unit = "m"
"""


class Clock:
    """The time of the house, which a test puts forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kit(tmp_path: Path, clock: Clock) -> Iterator[Kit]:
    (tmp_path / "mqtt.toml").write_text(MAPPING, encoding="utf-8")
    made = house(tmp_path, now=clock)
    yield made
    made.store.close()


@pytest.fixture
def brokers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def door_to(kit: Kit, folder: Path, port: int) -> MqttDoor:
    login = folder / "login"
    login.write_text(f"house\n{PASSWORD}\n")
    login.chmod(0o600)
    return open_door(kit, folder, MqttOptions(broker=f"mqtt://127.0.0.1:{port}", login=login))


@pytest.mark.parametrize("topic", [TIMED, UNTIMED], ids=["timed", "untimed"])
def test_a_broker_that_is_gone_for_five_minutes_costs_nothing_that_it_acknowledged(
    kit: Kit, clock: Clock, brokers: ExitStack, tmp_path: Path, topic: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    port, is_full = free_port(), [False]
    waits: list[float] = []
    seen: list[MqttHealth] = []

    def come(*given: Any, **more: Any) -> Any:
        if is_full[0]:
            raise SourceUnavailableError("store.full", "the disk is full", hint="Make room")
        return take_in(*given, **more)

    def rest(seconds: float) -> None:
        waits.append(seconds)
        if IS_REAL:
            passing(seconds)
        else:
            clock.ahead += seconds
        if sum(waits) < GONE_S:
            seen.append(door.health())
        elif len(seen) + 1 == len(waits):
            brokers.enter_context(foreign(tmp_path / "other", port))

    monkeypatch.setattr(receiving, "take_in", come)
    door, past = door_to(kit, tmp_path, port), datetime.now(UTC) - timedelta(hours=1)
    passing, door.receiver.session.rest = door.receiver.session.rest, rest
    first = brokers.enter_context(foreign(tmp_path / "other", port))
    door.start()
    device = Device(port, "pier", PASSWORD).start().connected()
    until(lambda: door.health().link == "connected")

    def send(*numbers: int) -> None:
        for number in numbers:
            device.send(topic, body(number, past), number)

    send(*range(100))
    until(lambda: len(kept(kit)) == 100 and door.health().waiting == 0)
    is_full[0] = True  # what comes now is with the broker, which has acknowledged it, and not ours
    send(*range(100, 200))
    until(lambda: len(device.acknowledged) == 200 and door.health().waiting)
    first._stop.set()  # nobody starts it again
    os.kill(first.pid, signal.SIGKILL)
    is_full[0] = False
    send(*range(200, 300))  # the device keeps them: nobody has acknowledged them
    until(lambda: len(device.acknowledged) == 300 and len(kept(kit)) >= 300, 2 * GONE_S)
    until(lambda: door.health().link == "connected" and door.health().waiting == 0)
    until(lambda: door.health().repeats >= 100, 60)  # some only after the broker's 10 s
    send(300)
    until(lambda: 300 in device.acknowledged and 300 in {one.value for one in kept(kit)})
    device.stop()
    door.stop()
    assert sorted(one.value for one in kept(kit)) == list(range(301))
    assert sum(waits) >= GONE_S > sum(waits[:-1])
    steps = (*PAUSES_S, *[PAUSES_S[-1]] * len(waits))
    assert waits == list(steps[: len(waits)]) and max(waits) == 30.0
    assert all(one.link == "waiting" and one.problem and one.hint for one in seen)
    assert (seen[-1].last_problem_at or past) - seen[-1].since > timedelta(seconds=GONE_S - 60)
    assert door.health().problem is None


def test_a_connection_that_held_begins_the_timetable_anew(
    kit: Kit, brokers: ExitStack, tmp_path: Path
) -> None:
    port = free_port()
    waits: list[float] = []
    door = door_to(kit, tmp_path, port)

    def rest(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) in (3, 6):
            brokers.enter_context(foreign(tmp_path / "other", port))

    door.receiver.session.rest = rest
    door.start()
    until(lambda: door.health().link == "connected")
    brokers.close()
    until(lambda: len(waits) >= 6 and door.health().link == "connected")
    door.stop()
    assert waits == [*PAUSES_S[:3], *PAUSES_S[:3]]


def test_a_house_that_is_stopped_does_not_wait_for_the_broker(kit: Kit, tmp_path: Path) -> None:
    door = door_to(kit, tmp_path, free_port())
    tries: list[float] = []
    stop = door.receiver.session.rest
    door.receiver.session.rest = lambda seconds: (tries.append(seconds), stop(600.0))
    door.start()
    until(lambda: tries)
    door.stop()
    assert tries == [1.0]
