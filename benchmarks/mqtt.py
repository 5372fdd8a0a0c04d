"""MQTT end to end: publisher, our broker, quality control, rules, the disk, and a reader.

Run with `python benchmarks/mqtt.py [messages]` (50,000 by default). The brain is the real one with
its loop, 10,000 datastreams and 1,000 rules (those of `ingest.py`). A publisher in a process of its
own sends with QoS 1, 1,000 messages under way; a reader in another subscribes to everything that is
told. Both write packets of MQTT themselves, so that they take little of the machine. A second
argument says when the broker writes to disk (`100ms`, `always`). Linux only: CPU and memory of the
broker are read from `/proc`.
"""

from __future__ import annotations

import multiprocessing
import resource
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from common import machine
from ingest import brain_of, key_for, names, used

UNDER_WAY = 1_000
LONGEST_S = 180.0


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


def connected(port: int, name: str, key: str) -> socket.socket:
    """Return a line to the broker."""
    line = socket.create_connection(("127.0.0.1", port))
    greeting = text("MQTT") + b"\x04\xc2\x00\x3c" + text(name) + text(name) + text(key)
    line.sendall(packet(0x10, greeting))
    assert line.recv(4)[3] == 0, "the broker does not let us in"
    return line


def publish(port: int, key: str, count: int, told: Connection) -> None:
    """Send messages until the broker has acknowledged all of them; tell what it took."""
    line, streams = connected(port, "gauge", key), names()
    start = datetime.now(UTC) - timedelta(seconds=30 + count / 1_000)
    sent = done = 0
    began = time.perf_counter()
    while done < count:
        room = min(UNDER_WAY - (sent - done), count - sent)
        packets = []
        for number in range(sent, sent + room):
            at = (start + timedelta(milliseconds=number)).isoformat()
            topic = text(f"v1.1/Datastreams('{streams[number % len(streams)]}')/Observations")
            mid = (number % 65_000 + 1).to_bytes(2, "big")
            said = f'{{"result": {number % 97 / 100}, "phenomenonTime": "{at}"}}'.encode()
            packets.append(packet(0x32, topic + mid + said))
        if packets:
            line.sendall(b"".join(packets))
        sent += room
        done += len(line.recv(65_536)) // 4  # a PUBACK has four bytes
    told.send((time.perf_counter() - began, time.process_time()))
    line.close()


def read(port: int, key: str, told: Connection) -> None:
    """Subscribe to everything, and count the observations until nothing more is asked for."""
    line = connected(port, "reader", key)
    line.sendall(packet(0x82, b"\x00\x01" + text("v1.1/#") + b"\x00"))
    line.recv(5)
    told.send("ready")
    count, rest = 0, b""
    line.settimeout(0.5)
    while not told.poll():
        try:
            rest += line.recv(1 << 20)
        except TimeoutError:
            continue
        end = rest.rfind(b"\x30")  # counted as text: cheaper than taking packets apart
        count += rest.count(b"v1.1/Observations{", 0, end)
        rest = rest[end:] if end >= 0 else rest
    told.send((count, time.process_time()))
    line.close()


def measured(door: Any, port: int, key: str, amount: int) -> tuple[float, float, float, float]:
    """Return wall, and CPU of house, broker and publisher. [s]"""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    sender = context.Process(target=publish, args=(port, key, amount, there))
    before = door.health()
    sender.start()
    began = time.perf_counter()
    cpu, broker = time.process_time(), used(door.broker.pid)[0]
    while door.health().values - before.values < amount:
        if door.health().messages == before.messages:  # from the first message on
            began, cpu = time.perf_counter(), time.process_time()
            broker = used(door.broker.pid)[0]
        if time.perf_counter() - began > LONGEST_S:
            raise SystemExit(f"not all became durable: {door.health()}")
        time.sleep(0.02)
    wall = time.perf_counter() - began
    cpu, broker = time.process_time() - cpu, used(door.broker.pid)[0] - broker
    _, theirs = here.recv()
    sender.join()
    return wall, cpu, broker, theirs


def run(count: int, folder: Path, sync: str) -> None:
    """Measure once, after a warm-up."""
    from rencheng.bootstrap.mqtt import MqttOptions, add_mqtt

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    brain = brain_of(folder, "http://localhost")
    add_mqtt(brain, folder, MqttOptions(port=port, sync=sync), root="http://localhost")
    key, readers = key_for(brain, "gauge", "device"), key_for(brain, "reader", "planner")
    brain.start()
    door = brain.mqtt
    while not door.broker.is_open.is_set():
        time.sleep(0.05)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    reader = context.Process(target=read, args=(port, readers, there))
    reader.start()
    here.recv()
    measured(door, port, key, 10_000)
    wall, house, broker, sender = measured(door, port, key, count)
    time.sleep(3.0)
    here.send("over")
    heard, listener = here.recv()
    reader.join()
    rules = sum(len(pack.rules) for pack in brain.house.watch.packs if pack.is_on)
    out = sys.stdout.write
    out(f"{machine()}\n{rules:,} rules, {len(names()):,} datastreams, quality control, a reader\n")
    out(f"{count:,} messages durable in {wall:.2f} s: {count / wall:,.0f} /s end to end\n")
    out(f"CPU: house {house:.2f} s, broker {broker:.2f} s: {count / (house + broker):,.0f} a CPU "
        f"second; publisher {sender:.2f} s\n")  # fmt: skip
    out(f"reader heard {heard:,} of {count + 10_000:,} observations, CPU {listener:.2f} s\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out(f"memory at most: house {peak:.0f} MB, broker {used(door.broker.pid)[1]:.0f} MB\n")
    brain.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        run(
            int(sys.argv[1]) if len(sys.argv) > 1 else 50_000,
            Path(place),
            *sys.argv[2:] or ["100ms"],
        )
