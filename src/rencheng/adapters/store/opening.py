"""Opening the state file: making it, checking it, and saying what is wrong with it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from rencheng.adapters.history import History
from rencheng.adapters.store.layout import prepare
from rencheng.adapters.store.turns import Turns
from rencheng.adapters.store.unit import SqlUnitOfWork
from rencheng.domain.errors import ConflictError, CorruptDataError, SourceUnavailableError

BUSY_MS = 15_000
"""How long a writer waits for the one before it. Chosen; no source. [ms]"""
CACHE_KIB = 32 * 1024
"""Pages that each connection keeps at hand; chosen. [KiB]"""
CHECK_BYTES = 256 * 1024 * 1024
"""Up to this size every page is checked at the start; chosen so that it takes about a second."""
_UNUSABLE = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)
"""What SQLite answers when the file may be whole but cannot be written."""


class Store:
    """A file or a database; calling it gives a new unit of work. Any thread may call it."""

    def __init__(
        self, engine: Engine, history: History, name: str, *, turns: Turns | None = None
    ) -> None:
        self._engine = engine
        self._turns = turns
        self._history = history
        self.name = name
        """What to call it in a message; never holds a password."""

    def __call__(self) -> SqlUnitOfWork:
        """Return a new unit of work."""
        return SqlUnitOfWork(self._engine, self._history, self._turns)

    def close(self) -> None:
        """Let go of it."""
        self._history.close()
        self._engine.dispose()


def open_store(path: Path, *, is_shared: bool = False) -> Store:
    """Open the state file at `path`, or make it; readings lie in the folder `history` beside it.

    Parameters
    ----------
    is_shared
        Whether another program may have the readings open: they are read, and not changed.

    Raises
    ------
    CorruptDataError
        If the file is damaged, half-written, or written by a newer program.
    SourceUnavailableError
        If the folder cannot be written.
    ConflictError
        If it is shared and of an older layout.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_ours = not path.exists() or _starts_like_sqlite(path)
    except OSError as error:
        raise _unusable(path, error) from error
    if not is_ours:
        raise _corrupt(path, "it is not a database")
    history = History(path.parent / "history", is_shared=is_shared)
    engine = _engine(path)
    try:
        with engine.connect() as connection:
            _check(connection, path)
            prepare(connection, history, str(path))
    except DatabaseError as error:
        engine.dispose()
        raise _refused(path, error) from error
    except (CorruptDataError, ConflictError):
        engine.dispose()
        raise
    return Store(engine, history, str(path), turns=Turns(wait_s=BUSY_MS / 1000))


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        pool_size=8,
        max_overflow=40,
        pool_timeout=30,
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see `_begin`
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"cache_size=-{CACHE_KIB}",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_write = connection.get_execution_options().get("is_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


def _starts_like_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(16)
    return start in (b"", b"SQLite format 3\x00")


def _check(connection: Connection, path: Path) -> None:
    if path.stat().st_size > CHECK_BYTES:
        return
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    connection.rollback()
    if found != "ok":
        raise _corrupt(path, str(found))


def _refused(path: Path, error: DatabaseError) -> CorruptDataError | SourceUnavailableError:
    """Tell a damaged file from one that cannot be written, or that somebody holds."""
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return SourceUnavailableError(
            "store.held",
            f"another program holds {path}: {error.orig}",
            hint="Stop it and try again",
            params={"path": str(path)},
        )
    if code in _UNUSABLE:
        return _unusable(path, error.orig)
    return _corrupt(path, str(error.orig))


def _unusable(path: Path, error: BaseException | None) -> SourceUnavailableError:
    return SourceUnavailableError(
        "store.folder",
        f"{path.parent} cannot be used: {error}",
        hint="Choose a folder that can be written, on a disk that is not full",
        params={"path": str(path.parent)},
    )


def _corrupt(path: Path, why: str) -> CorruptDataError:
    return CorruptDataError(
        "store.corrupt",
        f"the state file {path} is damaged: {why}",
        hint="Move it and its -wal and -shm files away to begin anew, or put the last copy back",
        params={"path": str(path), "why": why},
    )
