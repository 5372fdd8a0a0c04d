"""One open alarm for one cause, whatever the store: fifty writers at once prove it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from ops_kit import DUTY, Clock, OneCity
from rencheng.adapters.store import Store, open_postgres, open_store
from rencheng.adapters.words import render
from rencheng.domain.alarm import Finding, Level
from rencheng.domain.city import City
from rencheng.domain.provenance import Text
from rencheng.service.alarms import acknowledge, clear_alarm, raise_alarm
from rencheng.service.house import Command, House

WRITERS = 50
CAUSE = Finding(rule="tide", rule_version="1", object="sea", level=Level.RED, text=Text("alarm.x"))


@pytest.fixture(params=("postgresql", "sqlite"))
def house(request: pytest.FixtureRequest, tmp_path: Path, tiny_city: City) -> Iterator[House]:
    store: Store
    if request.param == "sqlite":
        store = open_store(tmp_path / "state.db")
    else:
        server = request.getfixturevalue("postgres")
        store = open_postgres(server.database(f"t{uuid4().hex}"), tmp_path)
    yield House(work=store, now=Clock(), cities=OneCity(tiny_city), words=render)
    store.close()


def at_once(house: House, *acts: object) -> None:
    """Do each act in a thread of its own, all at the same instant."""
    start, failed = threading.Barrier(len(acts)), []

    def run(act: object) -> None:
        start.wait()
        try:
            act()  # type: ignore[operator]
        except Exception as error:  # noqa: BLE001 the test fails below and says why
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_fifty_writers_leave_one_open_alarm_and_lose_no_update(house: House) -> None:
    said = [replace(CAUSE, text=Text("alarm.x", {"n": n})) for n in range(WRITERS)]
    at_once(house, *[partial(raise_alarm, house, "live", one) for one in said])
    with house.work() as work:
        (alarm,) = work.alarms.list("live")
        raised = [line for line in work.log.walk() if line.action == "alarm.raised"]
    assert (alarm.is_open, alarm.version, len(raised)) == (True, WRITERS, 1)


def test_raising_clearing_and_acknowledging_at_once_never_leave_two(house: House) -> None:
    first = raise_alarm(house, "live", CAUSE)
    acts = [
        lambda: raise_alarm(house, "live", CAUSE),
        lambda: clear_alarm(house, "live", "tide", "sea"),
        lambda: acknowledge(house, Command(actor=DUTY, run="live"), first.id),
    ]
    at_once(house, *acts * 12)
    with house.work() as work:
        found = work.alarms.list("live")
        lines = [line.action for line in work.log.walk()]
    assert sum(one.is_open for one in found) <= 1
    assert next(one for one in found if one.id == first.id).acknowledged_by == "duty"
    begun = lines.count("alarm.raised") + lines.count("alarm.returned")
    assert begun - lines.count("alarm.cleared") == sum(one.is_open for one in found)
