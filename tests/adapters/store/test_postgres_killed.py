"""Kill -9 of PostgreSQL while readings come in and alarms are raised loses nothing acknowledged."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pytest

from ops_kit import DEVICE, T0, Clock, OneCity
from postgres_server import Server
from rencheng.adapters.store import open_postgres
from rencheng.adapters.words import render
from rencheng.domain.alarm import Finding, Level
from rencheng.domain.city import City
from rencheng.domain.errors import SourceUnavailableError
from rencheng.domain.log import first_broken
from rencheng.domain.provenance import Text
from rencheng.service.alarms import raise_alarm
from rencheng.service.house import Command, House
from rencheng.service.ingest import ObservationItem, ingest_observations


@pytest.fixture
def house(postgres: Server, tmp_path: Path, tiny_city: City) -> Iterator[House]:
    store = open_postgres(postgres.database(f"t{uuid4().hex}"), tmp_path)
    clock = Clock(T0 + timedelta(days=1))
    yield House(work=store, now=clock, cities=OneCity(tiny_city), words=render)
    store.close()


class Sender:
    """Sends a reading and raises an alarm again and again; tries each until it is acknowledged."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.readings, self.alarms, self.refused = 0, 0, 0
        self.failed: list[Exception] = []
        self._is_over = Event()
        self._threads = [Thread(target=self._work, args=(one,)) for one in (self.hear, self.alarm)]

    def hear(self) -> None:
        number = self.readings
        item = ObservationItem(
            id=f"o{number}", datastream="tide-1", value=0.001 * (number % 9), unit="m",
            phenomenon_time=T0 + timedelta(seconds=number),
        )  # fmt: skip
        ingest_observations(self.house, Command(actor=DEVICE, run="live"), f"b{number}", [item])
        self.readings += 1

    def alarm(self) -> None:
        found = Finding(
            rule="tide", rule_version="1", object=f"o{self.alarms}", level=Level.RED,
            text=Text("alarm.x"),
        )  # fmt: skip
        raise_alarm(self.house, "live", found)
        self.alarms += 1

    def _work(self, act: object) -> None:
        while not self._is_over.is_set():
            try:
                act()  # type: ignore[operator]
            except SourceUnavailableError:
                self.refused += 1
                time.sleep(0.02)
            except Exception as error:  # noqa: BLE001 the test fails below and says why
                self.failed.append(error)
                return

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def until(self, readings: int, alarms: int) -> None:
        for _ in range(3000):
            if self.failed or (self.readings >= readings and self.alarms >= alarms):
                return
            time.sleep(0.01)
        raise AssertionError(f"{self.readings} readings, {self.alarms} alarms within 30 s")


def kill_9(server: Server) -> None:
    """Kill the server and wait until its children have gone with it."""
    pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    time.sleep(1.0)


def test_kill_9_of_the_database_loses_no_alarm_and_no_reading(
    postgres: Server, house: House
) -> None:
    sender = Sender(house)
    sender.start()
    try:
        sender.until(20, 20)
        kill_9(postgres)
        time.sleep(0.5)
        postgres.start()
    except BaseException:
        sender.stop()
        raise
    before = (sender.readings, sender.alarms)
    sender.until(before[0] + 20, before[1] + 20)
    sender.stop()
    assert sender.failed == []
    assert sender.refused > 0, "the server was away and nobody noticed"
    with house.work() as work:
        objects = [one.object for one in work.alarms.list("live")]
        kept = work.observations.series("live", ["tide-1"], T0, T0 + timedelta(days=1))
        lines = list(work.log.walk())
    assert len(set(objects)) == len(objects), "an alarm was raised twice"
    assert set(objects) == {f"o{n}" for n in range(sender.alarms)}
    times = [round((one.phenomenon_time - T0).total_seconds()) for one in kept]
    assert sorted(times) == list(range(sender.readings))
    assert first_broken(lines) is None
    assert sum(one.action == "alarm.raised" for one in lines) == sender.alarms
