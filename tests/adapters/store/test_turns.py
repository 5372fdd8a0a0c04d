"""Writers of one file take turns."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import QueuePool, create_engine

from rencheng.adapters.store import open_store
from rencheng.adapters.store.turns import Turns
from rencheng.adapters.store.unit import Transaction
from rencheng.domain.errors import SourceUnavailableError


def _queued(turns: Turns, done: list[str], name: str) -> Thread:
    def wait() -> None:
        turns.take()
        done.append(name)
        turns.give()

    thread, before = Thread(target=wait), len(turns._waiting)
    thread.start()
    while len(turns._waiting) == before:
        Event().wait(0.001)
    return thread


def test_who_waited_longest_is_next() -> None:
    turns, done = Turns(wait_s=60.0), list[str]()
    turns.take()
    threads = [_queued(turns, done, name) for name in ("first", "second", "third")]
    assert not done
    turns.give()
    for thread in threads:
        thread.join()
    assert done == ["first", "second", "third"]
    turns.take()  # free again


def test_who_waits_too_long_is_told_and_takes_nobody_s_turn() -> None:
    turns = Turns(wait_s=0.01)
    turns.take()
    with pytest.raises(SourceUnavailableError, match="another writer"):
        turns.take()
    turns.give()
    turns.take()


def test_a_writer_of_many_transactions_lets_others_in_between(tmp_path: Path) -> None:
    store = open_store(tmp_path / "rencheng.sqlite")
    order: list[str] = []
    is_open = Event()

    def other() -> None:
        is_open.set()
        with store() as work:
            work.lock()
            order.append("other")

    thread = Thread(target=other)
    for n in range(3):
        with store() as work:
            work.lock()
            if not n:
                thread.start()
                is_open.wait()
                while not _waiting(store):
                    Event().wait(0.001)
            order.append("many")
            work.commit()
    thread.join()
    store.close()
    assert order == ["many", "other", "many", "many"]


def test_a_transaction_that_fails_gives_its_turn_back(tmp_path: Path) -> None:
    store = open_store(tmp_path / "rencheng.sqlite")
    with pytest.raises(ZeroDivisionError), store() as work:
        work.lock()
        1 / 0  # noqa: B018 - the point of it
    with store() as work:
        work.lock()
        work.commit()
    store.close()


def _waiting(store: Any) -> int:
    return len(store._turns._waiting)


def test_a_store_whose_connections_are_all_taken_says_so(tmp_path: Path) -> None:
    engine = create_engine(
        f"sqlite:///{tmp_path / 'a'}", poolclass=QueuePool, pool_size=1, max_overflow=0,
        pool_timeout=0.01,
    )  # fmt: skip
    with engine.connect(), pytest.raises(SourceUnavailableError, match="in use"):
        _ = Transaction(engine, None).connection
    engine.dispose()
