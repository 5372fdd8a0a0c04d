"""The layout of the tables: made on an empty database, brought up to date on an older one."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, MetaData, RowMapping, Table, inspect, select, text

from rencheng.adapters.history import History
from rencheng.adapters.store.codec import column_text, decode
from rencheng.adapters.store.schema import SCHEMA, meta, metadata, tables
from rencheng.domain.alarm import Alarm
from rencheng.domain.errors import ConflictError, CorruptDataError
from rencheng.domain.observation import Observation, Quality, QualityReason, Verdict
from rencheng.domain.provenance import Mode
from rencheng.domain.readings import from_us

_BATCH = 10_000


def _to_history(connection: Connection, history: History) -> None:
    """Layout 2: observations move from a table to the history; new tables."""
    names = set(inspect(connection).get_table_names())
    if "observations" in names:
        old = Table("observations", MetaData(), autoload_with=connection)
        rows = connection.execute(select(old).order_by(old.c.seq)).mappings()
        for some in rows.partitions(_BATCH):
            history.add([_observation(row) for row in some])
        for name in ("observations", "streams"):
            Table(name, MetaData()).drop(connection, checkfirst=True)
    metadata.create_all(connection)
    _to_listed_alarms(connection)
    for table in metadata.tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _to_listed_alarms(connection: Connection) -> None:
    """Layout 2: a column finds the alarms that hold or that nobody has seen."""
    table = tables["alarms"]
    if any(one["name"] == "is_listed" for one in inspect(connection).get_columns(table.name)):
        return
    connection.execute(
        text("alter table alarms add column is_listed varchar not null default 'false'")
    )
    for key, body in connection.execute(select(table.c.id, table.c.body)).all():
        is_listed = column_text(decode(body, Alarm).is_listed)
        connection.execute(table.update().where(table.c.id == key).values(is_listed=is_listed))


def _observation(row: RowMapping) -> Observation:
    return Observation(
        id=row["id"],
        datastream=row["datastream"],
        value=row["value"],
        phenomenon_time=from_us(row["at"]),
        received=from_us(row["received"]),
        verdict=Verdict(
            quality=Quality(row["quality"]),
            reasons=tuple(QualityReason(name) for name in row["reasons"].split()),
            version=row["verdict_version"],
        ),
        mode=Mode(row["mode"]),
        run=row["run"],
    )


def _to_owed(connection: Connection, _: History) -> None:
    """Layout 3: a table for observations on their way to the history."""
    tables["owed"].create(connection, checkfirst=True)


STEPS: dict[int, Callable[[Connection, History], None]] = {1: _to_history, 2: _to_owed}
"""What leads from each layout to the next; all in one transaction."""


def prepare(connection: Connection, history: History, name: str) -> None:
    """Make the tables, or bring an older layout up to date; all or nothing.

    Parameters
    ----------
    history
        Where readings lie. When another program may have them open nothing is changed.
    name
        What to call the database in an error.

    Raises
    ------
    CorruptDataError
        When tables are missing, or a newer program wrote them.
    ConflictError
        When nothing may be changed and the layout is an older one.
    """
    may_write = not history.is_shared
    with connection.execution_options(is_write=may_write).begin():
        names = set(inspect(connection).get_table_names())
        if not names & set(metadata.tables):
            metadata.create_all(connection)
            connection.execute(meta.insert().values(key="schema", value=str(SCHEMA)))
            return
        found = _version(connection) if meta.name in names else 0
        if 0 < found < SCHEMA and not may_write:
            raise ConflictError(
                "store.older",
                f"{name} has layout {found}, an older one",
                hint="Start the service once: it brings the layout up to date",
                params={"path": name, "found": found},
            )
        if 0 < found < SCHEMA:
            for step in range(found, SCHEMA):
                STEPS[step](connection, history)
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
