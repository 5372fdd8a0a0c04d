"""What may happen to broker, house and network: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

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
    program,
    served,
    until,
)


class Sender:
    """Sends numbered messages, a few hundred a second, until it is told to stop."""

    def __init__(self, device: Device, topic: str = S0, *, timed: bool = True) -> None:
        self.device, self.topic, self.timed, self.sent = device, topic, timed, 0
        self._at = datetime.now(UTC) - timedelta(hours=1)
        self._is_over = False
        self._thread = Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        while not self._is_over:
            number = self.sent
            text = body(number, self._at) if self.timed else b'{"level": %d}' % number
            self.device.send(self.topic, text, number)
            self.sent += 1
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop, and wait until the broker has acknowledged everything."""
        self._is_over = True
        self._thread.join()
        until(lambda: len(self.device.acknowledged) == self.sent, 40)


def values(kit: Kit, stream: str = "s0") -> list[int]:
    return sorted(int(one.value) for one in kept(kit, stream))


def test_the_broker_is_killed_during_ingest(kit: Kit, tmp_path: Path) -> None:
    with served(kit, tmp_path) as (door, port):
        assert door.broker is not None
        device = Device(port, "pier", key_of(kit)).start().connected()
        sender = Sender(device)
        for _ in range(2):
            before = len(kept(kit))
            until(lambda before=before: len(kept(kit)) > before + 100)
            os.kill(door.broker.pid, signal.SIGKILL)
            starts = door.broker.starts
            until(lambda starts=starts: door.broker and door.broker.starts > starts)
        until(lambda: door.health().link == "connected", 30)
        sender.stop()
        until(lambda: len(kept(kit)) == sender.sent, 40)
        assert values(kit) == list(range(sender.sent))
        device.stop()


@pytest.mark.slow
@pytest.mark.parametrize("timed", [True, False], ids=["timed", "untimed"])
def test_the_house_is_killed_in_the_middle(tmp_path: Path, timed: bool) -> None:
    """The broker goes on without it, and what came meanwhile comes in at the next start."""
    (tmp_path / "mqtt.toml").write_text(MAPPING)
    kit, port = house(tmp_path), free_port()
    key = key_of(kit)
    kit.store.close()
    with program(tmp_path, port) as first:
        device = Device(port, "pier", key).start().connected()
        sender = Sender(device, S0 if timed else "plant/s0/level", timed=timed)
        log = tmp_path / "history" / "live" / "log-000001.bin"
        until(lambda: log.exists() and log.stat().st_size > 10_000, 60)
        first.kill()
        first.wait()
        time.sleep(0.5)
    with program(tmp_path, port):
        until(device.client.is_connected, 30)
        time.sleep(1.0)
        sender.stop()
        device.stop()
        time.sleep(20.0)  # what the first left unacknowledged comes again after 10 s
    kit = house(tmp_path)
    assert values(kit) == list(range(sender.sent))
    kit.store.close()


def test_what_comes_while_the_house_is_away_is_taken_in_at_the_next_start(
    kit: Kit, tmp_path: Path
) -> None:
    port = free_port()
    with served(kit, tmp_path, port=port) as (door, _):
        until(lambda: door.health().link == "connected")
        device = Device(port, "pier", key_of(kit)).start().connected()
        door.receiver.stop()
        for number in range(3_000):
            device.send(S0, body(number, datetime.now(UTC) - timedelta(hours=1)), number)
        until(lambda: len(device.acknowledged) == 3_000)
        device.stop()
        assert kept(kit) == []
    with served(kit, tmp_path, port=port):
        until(lambda: len(kept(kit)) == 3_000, 30)
    assert values(kit) == list(range(3_000))
