"""The same store on a PostgreSQL server, for a city that has one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from rencheng.adapters.history import History
from rencheng.adapters.store.layout import prepare
from rencheng.adapters.store.opening import Store
from rencheng.domain.errors import InvalidInputError, SourceUnavailableError

WAIT_MS = 15_000
"""How long a writer waits for the one before it. Chosen; no source. [ms]"""
CONNECT_S = 10
"""How long a connection may take; chosen. [s]"""


def open_postgres(address: str, folder: Path, *, is_shared: bool = False) -> Store:
    """Open the database at `address`, making its tables when it has none.

    Parameters
    ----------
    address
        `postgresql://user@host:5432/database`; the password is better kept in the environment
        (`PGPASSWORD`) or in the user's password file.
    folder
        State folder; readings lie in `history` inside it.
    is_shared
        Whether another program may have the readings open: they are read, and not changed.

    Raises
    ------
    InvalidInputError
        When the address is none, or the driver is not installed.
    SourceUnavailableError
        When the server does not answer, or refuses; no message ever holds a password.
    CorruptDataError
        When the tables are those of a newer program, or some are missing.
    """
    url = _url(address)
    name = url.set(drivername="postgresql").render_as_string(hide_password=True)
    try:
        engine = _engine(url)
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "store.no_driver",
            f"the store {name} needs the package psycopg",
            hint="Install the extra: pip install 'rencheng[postgres]'",
            params={"path": name},
        ) from error
    history = History(folder / "history", is_shared=is_shared)
    try:
        with engine.connect() as connection:
            prepare(connection, history, name)
    except DatabaseError as error:
        engine.dispose()
        raise SourceUnavailableError(
            "store.server",
            f"the database {name} cannot be used: {error.orig}",
            hint="Look whether the server runs, the database exists and the user may use it",
            params={"path": name, "why": str(error.orig).strip()},
        ) from error
    except Exception:
        engine.dispose()
        raise
    return Store(engine, history, name)


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres") or not url.database:
        # The address may hold a password: it is not repeated.
        raise InvalidInputError(
            "store.address",
            "the address of the store is not of the form postgresql://user@host:port/database",
            hint="Write it so in RENCHENG_STORE, or leave it away for a file in the state folder",
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=40,
        pool_timeout=30,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_S,
            "options": f"-c lock_timeout={WAIT_MS} -c timezone=UTC -c synchronous_commit=on",
        },
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        """One writer at a time, as in a file; readers see one moment and hold up nobody."""
        if connection.get_execution_options().get("is_write", True):
            connection.exec_driver_sql(
                "select pg_advisory_xact_lock("
                "hashtext(current_database() || '.' || current_schema()))"
            )
        else:
            connection.exec_driver_sql("set transaction isolation level repeatable read, read only")

    return engine
