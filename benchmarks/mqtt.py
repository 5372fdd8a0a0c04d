"""MQTT end to end: a publisher in a process of its own, our broker, durable observations.

Run with `python benchmarks/mqtt.py [messages]` (50,000 by default). QoS 1 on both sides, 1,000
messages under way, 1,000 datastreams. The publisher writes packets of MQTT itself, so that it takes
little of the machine. A second argument says when the broker writes to disk (`100ms`, `always`).
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import socket
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from common import machine
from synthetic import synthetic

from rencheng.adapters.store import open_store
from rencheng.adapters.words import render
from rencheng.bootstrap.mqtt import MqttOptions, open_mqtt
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.provenance import Origin
from rencheng.service.house import House
from rencheng.service.identity import Identity
from rencheng.service.ports import Account

STREAMS, UNDER_WAY = 1_000, 1_000


def city() -> Any:
    """Return a city with many streams."""
    one = Datastream(
        id="", name="", quantity=Quantity.WATER_LEVEL, unit="m", xy=(103.9, 30.6), asset="",
        zone=0, interval_s=1.0, low=-1e6, high=1e6, rate=float("inf"), stuck_after=0,
        is_vital=False, origin=Origin.SYNTHETIC,
    )  # fmt: skip
    streams = tuple(replace(one, id=f"s{i}", name=f"s{i}") for i in range(STREAMS))
    return replace(synthetic(1_000, 200), datastreams=streams)


def packet(kind: int, content: bytes) -> bytes:
    """Return a packet of MQTT 3.1.1."""
    size, head = len(content), bytes([kind])
    while True:
        size, rest = divmod(size, 128)
        head += bytes([rest | (128 if size else 0)])
        if not size:
            return head + content


def text(value: str) -> bytes:
    """Return a text of MQTT."""
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def publish(port: int, name: str, key: str, count: int) -> None:
    """Send messages, and return when the broker has acknowledged all of them."""
    line = socket.create_connection(("127.0.0.1", port))
    greeting = text("MQTT") + b"\x04\xc2\x00\x3c" + text("bench") + text(name) + text(key)
    line.sendall(packet(0x10, greeting))
    assert line.recv(4)[3] == 0, "the broker does not let us in"
    start = datetime.now(UTC) - timedelta(hours=2)
    sent = done = 0
    while done < count:
        room = min(UNDER_WAY - (sent - done), count - sent)
        packets = []
        for number in range(sent, sent + room):
            at = (start + timedelta(milliseconds=number)).isoformat()
            topic = text(f"v1.1/Datastreams('s{number % STREAMS}')/Observations")
            mid = (number % 65_000 + 1).to_bytes(2, "big")
            said = f'{{"result": {number % 97}, "phenomenonTime": "{at}"}}'.encode()
            packets.append(packet(0x32, topic + mid + said))
        if packets:
            line.sendall(b"".join(packets))
        sent += room
        done += len(line.recv(65_536)) // 4  # a PUBACK has four bytes
    line.close()


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process so far. [s]"""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> float:
    """Return what a process holds in memory. [MB]"""
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith("VmRSS"):
            return int(row.split()[1]) / 1024
    return float("nan")


def run(count: int, folder: Path, sync: str) -> None:
    """Measure once, after a warm-up."""
    store = open_store(folder / "state.db")
    now = lambda: datetime.now(UTC)  # noqa: E731
    served = city()
    cities = SimpleNamespace(current=lambda: served)
    house = House(work=store, now=now, cities=cities, words=render)  # type: ignore[arg-type]
    identity = Identity(work=store, now=now)
    account = Account(id="bench", name="bench", organisation="", roles=("device",), language="en",
                      password_hash="", is_demo=False)  # fmt: skip
    identity.add_account(account, "")
    key = identity.create_token("bench", "bench")[0]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    brain: Any = SimpleNamespace(house=house, identity=identity, wake=lambda: None)
    door = open_mqtt(brain, folder, MqttOptions(port=port, sync=sync), root="http://localhost")
    door.start()
    assert door.broker is not None
    while not door.broker.is_open.is_set():
        time.sleep(0.05)
    context = multiprocessing.get_context("spawn")
    for amount in (2_000, count):
        before = door.health()
        cpu, broker = time.process_time(), cpu_of(door.broker.pid)
        began = time.perf_counter()
        sender = context.Process(target=publish, args=(port, "bench", key, amount))
        sender.start()
        while door.health().values - before.values < amount and time.perf_counter() - began < 120:
            if door.health().messages == before.messages:
                began = time.perf_counter()  # from the first message on
            time.sleep(0.02)
        wall = time.perf_counter() - began
        sender.join()
        cpu, broker = time.process_time() - cpu, cpu_of(door.broker.pid) - broker
        got = door.health().values - before.values
    print(machine())
    print(f"{got:,} of {count:,} messages durable in {wall:.2f} s: {got / wall:,.0f} /s end to end")
    print(f"{got / (cpu + broker):,.0f} /CPU s (house {cpu:.2f} CPU s, broker {broker:.2f} CPU s)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"house {peak:.0f} MB at most, broker {memory_of(door.broker.pid):.0f} MB")
    door.stop()
    store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        run(
            int(sys.argv[1]) if len(sys.argv) > 1 else 50_000,
            Path(place),
            *sys.argv[2:] or ["100ms"],
        )
