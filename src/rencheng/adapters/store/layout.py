"""The layout of the tables: made on an empty database, brought up to date on an older one."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, inspect, select

from rencheng.adapters.store.schema import SCHEMA, meta, metadata
from rencheng.domain.errors import CorruptDataError


def _add_tables(connection: Connection) -> None:
    """Layout 2: tables for dependencies that owners stated. New tables only."""
    metadata.create_all(connection)


STEPS: dict[int, Callable[[Connection], None]] = {1: _add_tables}
"""What leads from each layout to the next; all in one transaction."""


def prepare(connection: Connection, name: str) -> None:
    """Make the tables, or bring an older layout up to date; all or nothing.

    Parameters
    ----------
    name
        What to call the database in an error.

    Raises
    ------
    CorruptDataError
        When tables are missing, or a newer program wrote them.
    """
    with connection.begin():
        names = set(inspect(connection).get_table_names())
        if not names & set(metadata.tables):
            metadata.create_all(connection)
            connection.execute(meta.insert().values(key="schema", value=str(SCHEMA)))
            return
        found = _version(connection) if meta.name in names else 0
        if 0 < found < SCHEMA:
            for step in range(found, SCHEMA):
                STEPS[step](connection)
            connection.execute(meta.update().where(meta.c.key == "schema").values(value=SCHEMA))
            names = set(inspect(connection).get_table_names())
            found = SCHEMA
    if found > SCHEMA:
        raise CorruptDataError(
            "store.schema",
            f"{name} has layout {found}, this program knows {SCHEMA}",
            hint="Start the program that wrote it, or move the file away to begin anew",
            params={"path": name, "found": found, "known": SCHEMA},
        )
    if found < 1 or not set(metadata.tables) <= names:
        raise CorruptDataError(
            "store.corrupt",
            f"the store {name} is damaged: tables are missing",
            hint="Put the last copy back, or begin anew with another",
            params={"path": name, "why": "tables are missing"},
        )


def _version(connection: Connection) -> int:
    query = select(meta.c.value).where(meta.c.key == "schema")
    value = connection.execute(query).scalar_one_or_none() or ""
    return int(value) if value.isdecimal() else 0
