"""Everything that tests of MQTT need: a house with many streams, its door, devices, and a program
of its own that can be killed.

Run as a program: `python tests/mqtt_kit.py FOLDER PORT` serves MQTT until it is ended.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from ops_kit import GAUGE, Kit, make_kit  # noqa: E402 - the folders must be known first
from rencheng.adapters.bus.nats import Broker, BrokerOptions, Listener  # noqa: E402
from rencheng.adapters.bus.nats.guests import Rights  # noqa: E402
from rencheng.bootstrap.mqtt import MqttDoor, MqttOptions, open_mqtt  # noqa: E402
from rencheng.domain.observation import Observation  # noqa: E402
from rencheng.service.identity import Identity  # noqa: E402
from rencheng.service.ports import Account  # noqa: E402
from tiny_city import make_tiny_city  # noqa: E402

STREAMS = 20
S0 = "v1.1/Datastreams('s0')/Observations"
MAPPING = """
schema = "rencheng/mqtt-mapping/1"
[[topic]]
pattern = "plant/+/level"
datastream = "{1}"
[[topic.value]]
path = "level"
unit = "m"
"""
"""A device's own messages, for `mqtt.toml`."""
PASSWORD = "a password"
"""Of everybody, at a broker that is not the house's own."""


def house(folder: Path, *, now: Callable[[], datetime] | None = None) -> Kit:
    """Return a house with streams `s0`, `s1` … that keeps the time of the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    free = replace(GAUGE, low=-1e12, high=1e12, rate=float("inf"), stuck_after=0, interval_s=0.01)
    streams = tuple(replace(free, id=f"s{i}", name=f"s{i}") for i in range(STREAMS))
    slow = replace(free, id="slow", name="slow", interval_s=1.0)
    city = replace(make_tiny_city(), datastreams=(*streams, slow))
    return make_kit(folder, city, now=now or (lambda: datetime.now(UTC)))


def brain(kit: Kit) -> Any:
    """Return as much of a brain as MQTT asks for."""
    identity = Identity(work=kit.store, now=lambda: datetime.now(UTC))
    return SimpleNamespace(house=kit.house, identity=identity, wake=lambda: None)


def open_door(kit: Kit, folder: Path, options: MqttOptions) -> MqttDoor:
    """Return MQTT on a house; nothing is started yet."""
    return open_mqtt(brain(kit), folder, options, root="http://localhost")


def key_of(kit: Kit, name: str = "pier", role: str = "device", **more: Any) -> str:
    """Return a key of an account; the account is made when there is none."""
    identity = brain(kit).identity
    if name not in {one.id for one in identity.accounts()}:
        account = Account(
            id=name, name=name, organisation="", roles=(role,), language="en",
            password_hash="", is_demo=False,
        )  # fmt: skip
        identity.add_account(account, "")
    return identity.create_token(name, f"key {time.monotonic_ns()}", **more)[0]


def kept(kit: Kit, stream: str = "s0") -> list[Observation]:
    """Return what a stream has in the live run."""
    start, end = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    return kit.see(lambda work: work.observations.series("live", [stream], start, end))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(is_so: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something is so; fail when it does not become so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not become so in time"
        time.sleep(0.02)


def body(number: int, at: datetime | None = None) -> bytes:
    """Return an observation whose value is its number."""
    time_ = (at or datetime.now(UTC) - timedelta(hours=1)) + timedelta(milliseconds=number)
    return json.dumps({"result": number, "phenomenonTime": time_.isoformat()}).encode()


@dataclass
class Device:
    """A client that remembers which messages the broker has acknowledged."""

    port: int
    name: str
    key: str
    authority: Path | None = None
    """Who vouches for the broker; with it the device speaks TLS."""
    acknowledged: set[int] = field(default_factory=set)
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)
    _here: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.client = Client(CallbackAPIVersion.VERSION2, client_id=f"{self.name}-{id(self)}")
        self.client.username_pw_set(self.name, self.key)
        if self.authority is not None:
            self.client.tls_set(str(self.authority))
        self.client.max_inflight_messages_set(500)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._connected
        self.client.on_message = lambda _c, _u, one: self.heard.append((one.topic, one.payload))
        self.client.on_publish = self._published

    def start(self) -> Device:
        self.client.connect_async("127.0.0.1", self.port, 10)
        self.client.loop_start()
        return self

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def connected(self, seconds: float = 15.0) -> Device:
        assert self._here.wait(seconds), self.codes
        return self

    def send(self, topic: str, payload: bytes, number: int = 0) -> None:
        self._numbers[self.client.publish(topic, payload, 1).mid] = number

    def _connected(self, _client: Any, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        self.codes.append(str(code))
        if not code.is_failure:
            self._here.set()

    def _published(self, _client: Any, _data: Any, mid: int, _code: Any, _more: Any) -> None:
        for _ in range(100):  # told before `publish` has returned
            if mid in self._numbers:
                break
            time.sleep(0.001)
        self.acknowledged.add(self._numbers.get(mid, -1))


@contextmanager
def served(kit: Kit, folder: Path, **options: Any) -> Iterator[tuple[MqttDoor, int]]:
    """Serve MQTT by a broker of our own; gives the door and its port."""
    port = options.pop("port", 0) or free_port()
    door = open_door(kit, folder, MqttOptions(port=port, sync="1s", **options))
    door.start()
    try:
        yield door, port
    finally:
        door.stop()


class Anybody:
    """Lets in whoever knows the password."""

    def rights(self, name: str, password: str) -> Rights:
        assert password == PASSWORD
        return Rights(name=name, publish=("#",), subscribe=("#",))

    def turn(self) -> int:
        return 0

    def holds(self, rights: Rights) -> bool:
        return True


@contextmanager
def foreign(folder: Path, port: int, tls: tuple[Path, Path] | None = None) -> Iterator[Broker]:
    """Run a broker that is not the house's own; `tls`: its certificate and key."""
    certificate, key = tls or (None, None)
    listener = Listener(port=port, certificate=certificate, key=key)
    broker = Broker(folder, listener, Anybody(), BrokerOptions(sync="always"))
    broker.start()
    broker.is_open.set()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def program(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Serve MQTT by a program that can be killed; the broker is its own too."""
    command = [sys.executable, __file__, str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _serve(folder: Path, port: int) -> None:
    kit = house(folder)
    over = Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    with served(kit, folder, port=port) as (door, _):
        until(lambda: door.health().link == "connected")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        over.wait()
    kit.store.close()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
