"""The store on a server: addresses, a server that dies, one writer at a time, older layouts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from postgres_server import Server
from rencheng.adapters.store import Store, open_postgres
from rencheng.adapters.store.schema import SCHEMA, meta, metadata
from rencheng.bootstrap import open_identity
from rencheng.domain.errors import (
    CorruptDataError,
    InvalidInputError,
    RenchengError,
    SourceUnavailableError,
)
from rencheng.domain.provenance import Mode

T0 = datetime(2015, 9, 16, tzinfo=UTC)


@pytest.fixture
def address(postgres: Server) -> str:
    return postgres.database(f"t{uuid4().hex}")


@pytest.fixture
def store(address: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_postgres(address, tmp_path)
    yield opened
    opened.close()


def write(store: Store, subject: str) -> None:
    with store() as unit:
        unit.log.append(
            actor="li", action="note", subject=subject, params={}, at=T0, sim_at=T0,
            mode=Mode.LIVE, run="live",
        )  # fmt: skip
        unit.commit()


def subjects(store: Store) -> list[str]:
    with store() as unit:
        return [line.subject for line in unit.log.walk()]


def test_what_was_acknowledged_survives_a_crash_of_the_server(
    postgres: Server, store: Store
) -> None:
    write(store, "before")
    postgres.stop("immediate")
    with pytest.raises(SourceUnavailableError) as refused:
        write(store, "while away")
    assert refused.value.key == "store.gone"
    postgres.start()
    write(store, "after")
    assert subjects(store) == ["before", "after"]


@pytest.mark.parametrize(
    "change", ["update log set actor = 'x'", "delete from log", "truncate log"]
)
def test_the_database_refuses_to_change_the_log(store: Store, change: str) -> None:
    write(store, "kept")
    with store() as unit:
        connection = unit._transaction.writing()
        with pytest.raises(DatabaseError, match="append-only"):
            connection.execute(text(change))
    assert subjects(store) == ["kept"]


def test_a_second_writer_waits_for_the_first(store: Store) -> None:
    order: list[str] = []

    def second() -> None:
        with store() as unit:
            unit.lock()
            order.append("second")
            unit.commit()

    with store() as unit:
        unit.lock()
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
        unit.commit()
    thread.join(10)
    assert order == ["first", "second"]


def test_a_reader_sees_one_moment_and_holds_up_nobody(store: Store) -> None:
    with store() as reader:
        assert reader.log.lines(None) == []
        write(store, "meanwhile")
        assert reader.log.lines(None) == []
    assert subjects(store) == ["meanwhile"]


def test_an_older_layout_is_brought_up_to_date(address: str, tmp_path: Path) -> None:
    store = open_postgres(address, tmp_path)
    write(store, "old")
    store.close()
    set_layout(address, 1)
    store = open_postgres(address, tmp_path)
    assert subjects(store) == ["old"]
    store.close()
    assert layout(address) == SCHEMA


def test_a_newer_layout_is_refused(address: str, tmp_path: Path) -> None:
    open_postgres(address, tmp_path).close()
    set_layout(address, SCHEMA + 1)
    with pytest.raises(CorruptDataError) as refused:
        open_postgres(address, tmp_path)
    assert refused.value.params["found"] == SCHEMA + 1


def test_missing_tables_are_noticed(address: str, tmp_path: Path) -> None:
    open_postgres(address, tmp_path).close()
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("drop table tasks"))
    engine.dispose()
    with pytest.raises(CorruptDataError):
        open_postgres(address, tmp_path)


def test_tables_of_other_programs_are_left_alone(address: str, tmp_path: Path) -> None:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("create table theirs (x int)"))
    store = open_postgres(address, tmp_path)
    write(store, "ours")
    store.close()
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from theirs")).scalar_one() == 0
    engine.dispose()


def test_a_value_that_the_server_cannot_hold_is_named(store: Store) -> None:
    with pytest.raises(InvalidInputError) as refused:
        write(store, "nul \x00 byte")
    assert refused.value.key == "store.value"


@pytest.mark.parametrize(
    ("bad", "key"),
    [
        ("mysql://u:secret@host/db", "store.address"),
        ("not an address, secret", "store.address"),
        ("postgresql://u:secret@127.0.0.1:1/db", "store.server"),
    ],
)
def test_an_address_that_leads_nowhere_is_named_without_its_password(
    bad: str, key: str, tmp_path: Path
) -> None:
    with pytest.raises(RenchengError) as refused:
        open_postgres(bad, tmp_path)
    assert refused.value.key == key
    assert "secret" not in f"{refused.value} {refused.value.params}"


def test_the_environment_names_the_database(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENCHENG_STORE", address)
    identity, store = open_identity(tmp_path)
    assert identity.accounts() == []
    assert store.name.startswith("postgresql://rencheng@")
    store.close()
    assert list(tmp_path.iterdir()) == []


def set_layout(address: str, number: int) -> None:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(meta.update().values(value=str(number)))
    engine.dispose()


def layout(address: str) -> int:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        names = set(connection.execute(text("select tablename from pg_tables")).scalars())
        found = int(connection.execute(meta.select()).one().value)
    engine.dispose()
    assert set(metadata.tables) <= names
    return found
