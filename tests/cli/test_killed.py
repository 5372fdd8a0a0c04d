"""Kill -9 of the real server while devices send: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from cli.test_serve import free_port
from rencheng.adapters.store import open_store
from rencheng.domain.log import first_broken

PROGRAM = Path(__file__).parent / "serving_tiny.py"
SRC = Path(__file__).resolve().parents[2] / "src"
ROWS, BATCHES, HIT = 200, 60, 37
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)


def batch(number: int) -> dict[str, Any]:
    """Twenty readings of each of ten gauges, a second apart; one of them is high."""
    items = []
    for row in range(ROWS):
        at = START + timedelta(seconds=number * 20 + row // 10)
        value = 6.0 if (number, row) == (HIT, ROWS - 1) else 0.01 * (row % 7)
        items.append(
            {"id": f"{number}-{row}", "datastream": f"g{row % 10}", "value": value, "unit": "m",
             "phenomenon_time": at.isoformat()}
        )  # fmt: skip
    return {"batch": f"b{number}", "items": items}


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    port = free_port()
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    command = [sys.executable, str(PROGRAM), str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        key = process.stdout.readline().strip()
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"},
            trust_env=False, timeout=60,
        )  # fmt: skip
        try:
            for _ in range(600):
                try:
                    client.get("/api/v1/health")
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            yield process, client
        finally:
            client.close()
            process.kill()


def send(client: httpx.Client, number: int, name: str = "") -> dict[str, Any]:
    content = batch(number) | {"batch": name or f"b{number}"}
    answer = client.post("/api/v1/ingest/observations", json=content)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def interrupted(folder: Path) -> list[int]:
    """Send until the server is killed with a batch under way; return what was acknowledged."""
    acknowledged: list[int] = []
    with serving(folder) as (process, client):

        def work() -> None:
            try:
                for number in range(BATCHES - 10):
                    send(client, number)
                    acknowledged.append(number)
            except httpx.TransportError:
                return

        sender = Thread(target=work)
        sender.start()
        while len(acknowledged) < HIT - 10:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        sender.join()
        assert process.wait() == -signal.SIGKILL
    assert HIT - 10 <= len(acknowledged) < BATCHES - 10
    return acknowledged


@pytest.mark.slow
def test_kill_9_of_the_server_loses_nothing_acknowledged_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    acknowledged = interrupted(tmp_path)
    kept = readings(tmp_path)
    for number in acknowledged:
        assert {item["phenomenon_time"] for item in batch(number)["items"]} <= kept["g0"].keys()
    with serving(tmp_path) as (_, client):
        for number in range(BATCHES):
            told = send(client, number)
            assert told["accepted"] + told["duplicate"] == ROWS
        for number in acknowledged[::5]:  # a device that no longer knows how its batches were named
            assert send(client, number, f"again{number}")["duplicate"] == ROWS
        wait_for_alarm(tmp_path)
    kept = readings(tmp_path)
    assert {name: len(times) for name, times in kept.items()} == {
        f"g{n}": BATCHES * ROWS // 10 for n in range(10)
    }
    assert {count for times in kept.values() for count in times.values()} == {1}
    store = open_store(tmp_path / "rencheng.sqlite")
    with store() as work:
        alarms = work.alarms.list("live", where={"rule": "tiny/high"})
        assert [one.object for one in alarms] == ["g9"]
        assert first_broken(work.log.walk()) is None
    store.close()


def readings(folder: Path) -> dict[str, dict[str, int]]:
    """Return by gauge how often a time is kept."""
    store = open_store(folder / "rencheng.sqlite")
    found: dict[str, dict[str, int]] = {f"g{n}": {} for n in range(10)}
    with store() as work:
        end = START + timedelta(days=1)
        for item in work.observations.series("live", list(found), START, end):
            times, at = found[item.datastream], item.phenomenon_time.isoformat()
            times[at] = times.get(at, 0) + 1
    store.close()
    return found


def wait_for_alarm(folder: Path) -> None:
    for _ in range(300):
        with closing(sqlite3.connect(folder / "rencheng.sqlite")) as file:
            if file.execute("select 1 from alarms where rule = 'tiny/high'").fetchone():
                return
        time.sleep(0.1)
    raise AssertionError("no alarm within 30 s")
