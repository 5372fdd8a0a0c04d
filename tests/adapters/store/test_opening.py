"""The state file: made, found again, and refused with a reason when it is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from rencheng.adapters.store import open_store, opening
from rencheng.adapters.store.schema import SCHEMA
from rencheng.domain.alarm import Alarm, Level
from rencheng.domain.errors import ConflictError, CorruptDataError, SourceUnavailableError
from rencheng.domain.log import first_broken
from rencheng.domain.observation import QualityReason
from rencheng.domain.provenance import Mode, Text
from rencheng.domain.sensing import Owed

T0 = datetime(2015, 9, 16, tzinfo=UTC)


def filled(path: Path, lines: int = 3) -> Path:
    store = open_store(path)
    with store() as unit:
        for n in range(lines):
            unit.log.append(
                actor="li",
                action="note",
                subject=str(n),
                params={},
                at=T0,
                sim_at=T0,
                mode=Mode.LIVE,
                run="live",
            )
        unit.commit()
    store.close()
    return path


def test_a_file_is_found_again(tmp_path: Path) -> None:
    store = open_store(filled(tmp_path / "new" / "state.db"))
    with store() as unit:
        assert len(unit.log.lines(None)) == 3
    store.close()


def test_what_is_committed_is_written_through(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state.db")
    try:
        with store() as unit:
            connection = unit._transaction.connection
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    finally:
        store.close()


@pytest.mark.parametrize("content", [b"hello", b"{}" * 4000, b"SQLite format 3\x00 and no more"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(CorruptDataError) as error:
        open_store(path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == content


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db", lines=300)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorruptDataError):
        open_store(path)


def test_a_half_written_file_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("drop table tasks")
        connection.commit()
    with pytest.raises(CorruptDataError):
        open_store(path)


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch()
    open_store(path).close()


OLD = """
create table observations (seq integer primary key, run text, id text, datastream text,
  value float, at integer, received integer, quality text, reasons text, verdict_version text,
  mode text, batch text);
create table streams (run text, datastream text, count integer, suspect integer);
insert into observations values
  (1, 'live', 'o1', 's', 1.5, 1000000, 2000000, 'good', '', 'quality 1', 'live', 'b'),
  (2, 'live', 'o2', 's', 99.0, 3000000, 4000000, 'suspect', 'range rate', 'quality 1', 'live', 'b');
update meta set value = '1';
"""


def test_an_older_layout_is_brought_up_to_date(tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD)
    store = open_store(path)
    with store() as unit:
        assert len(unit.log.lines(None)) == 3
        (last,) = unit.observations.recent("live", "s", T0, 1)
        good = unit.observations.last_good("live", "s", T0)
        assert (last.value, good.value if good else None) == (99.0, 1.5)
        assert last.verdict.reasons == (QualityReason.RANGE, QualityReason.RATE)
    with store() as unit:
        assert unit.observations.add([replace(last, id="o2")]) == {"o2"}
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select value from meta").fetchone() == (str(SCHEMA),)
        names = {row[0] for row in connection.execute("select name from sqlite_master")}
        assert not names & {"observations", "streams"}


def test_a_layout_without_what_is_owed_to_the_history_gets_a_place_for_it(tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("drop table owed; update meta set value = '2';")
    store = open_store(path)
    with store() as unit:
        assert len(unit.log.lines(None)) == 3
        unit.owed.add(Owed(id="o", actor="li", observations=()))
        unit.commit()
    with store() as unit:
        assert [one.id for one in unit.owed.list("")] == ["o"]
    store.close()


def test_alarms_of_an_older_layout_stand_in_the_list_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = open_store(path)
    seen = {"acknowledged": T0, "acknowledged_by": "duty", "cleared": T0}
    with store() as unit:
        for key, more in (("open", {}), ("unseen", {"cleared": T0}), ("over", seen)):
            unit.alarms.add(
                Alarm(
                    id=key, rule="tide", rule_version="1", object=key, level=Level.RED,
                    text=Text("alarm.x"), started=T0, last=T0, mode=Mode.LIVE, run="live", **more,
                )
            )  # fmt: skip
        unit.commit()
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("drop index alarms_by_is_listed")
        connection.execute("alter table alarms drop column is_listed")
        connection.execute("update meta set value = '1'")
        connection.commit()
    again = open_store(path)
    with again() as unit:
        listed = unit.alarms.list("live", where={"is_listed": "true"})
    assert {one.id for one in listed} == {"open", "unseen"}
    again.close()


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update meta set value = '999'")
        connection.commit()
    with pytest.raises(CorruptDataError) as error:
        open_store(path)
    assert error.value.key == "store.schema"


def test_beside_another_program_an_older_layout_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rencheng.sqlite"
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update meta set value = ? where key = 'schema'", (str(SCHEMA - 1),))
    with pytest.raises(ConflictError) as error:
        open_store(path, is_shared=True)
    assert error.value.key == "store.older"
    open_store(path).close()
    open_store(path, is_shared=True).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SourceUnavailableError):
        open_store(tmp_path / "file" / "state.db")


@pytest.mark.parametrize("change", ["update log set actor = 'nobody'", "delete from log"])
def test_the_database_refuses_to_alter_the_log(tmp_path: Path, change: str) -> None:
    path = filled(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(change)


def test_whoever_gets_round_the_database_is_found_by_the_chain(tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("drop trigger log_no_update")
        connection.execute("update log set actor = 'nobody' where seq = 2")
        connection.commit()
    store = open_store(path)
    with store() as unit:
        assert first_broken(unit.log.walk()) == 2
    store.close()


def test_a_full_disk_is_said_in_plain_words_and_leaves_the_file_whole(tmp_path: Path) -> None:
    path = filled(tmp_path / "state.db")
    store = open_store(path)
    with pytest.raises(SourceUnavailableError) as error, store() as unit:
        unit._transaction.writing().exec_driver_sql("PRAGMA max_page_count = 1")
        for n in range(2000):
            unit.log.append(
                actor="li", action="note", subject=str(n), params={}, at=T0, sim_at=T0,
                mode=Mode.LIVE, run="live",
            )  # fmt: skip
        unit.commit()
    assert error.value.key == "store.disk"
    store.close()
    again = open_store(path)
    with again() as unit:
        assert len(unit.log.lines(None)) == 3
    again.close()


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (sqlite3.SQLITE_READONLY, "store.folder"),
        (sqlite3.SQLITE_FULL, "store.folder"),
        (sqlite3.SQLITE_BUSY, "store.held"),
    ],
)
def test_a_whole_file_that_cannot_be_written_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, key: str
) -> None:
    path = filled(tmp_path / "state.db")

    def refuse(*_: object) -> None:
        error = sqlite3.OperationalError("no")
        error.sqlite_errorcode = code
        raise OperationalError("", {}, error)

    monkeypatch.setattr(opening, "prepare", refuse)
    with pytest.raises(SourceUnavailableError) as caught:
        open_store(path)
    assert caught.value.key == key
