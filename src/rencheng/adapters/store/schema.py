"""The tables, in words that any SQL database understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)

from rencheng.domain.alarm import Alarm, RuleVerdict
from rencheng.domain.alert import Alert
from rencheng.domain.device import Device
from rencheng.domain.feed import FeedHealth
from rencheng.domain.hazard import Bulletin, ShakingMap
from rencheng.domain.incident import Incident, Task
from rencheng.domain.learning import DamageReport, ModelVersion
from rencheng.domain.proposal import Proposal
from rencheng.domain.quality import LimitsVersion
from rencheng.domain.run import Run
from rencheng.domain.scene import WaterMap
from rencheng.domain.sensing import (
    DatastreamResource,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    MultiDatastream,
    ObservedProperty,
    Owed,
    Sensor,
    Thing,
)
from rencheng.domain.warning import ForeignWarning
from rencheng.service.ports import Account, CycleRecord, Delivery, KeyUse, Session, Token

SCHEMA = 3
"""Number of this layout of the tables; the store says which one it has."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""A row number: SQLite counts only its own kind of integer by itself."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("command", String, primary_key=True),
    Column("result", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of object is kept: its type, the columns to ask by, its unique rule."""

    name: str
    type: type[Any]
    columns: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], Mapping[str, str]] | None = None
    """Columns that no two rows share (within a run), among the rows that these values hold for."""
    ask: tuple[tuple[str, ...], ...] = field(default=())
    """Groups of columns that have an index, newest row first."""


KINDS = (
    Kind("runs", Run, ("mode", "scenario", "is_over")),
    Kind("bulletins", Bulletin, ("event", "kind"), ask=(("event",),)),
    Kind(
        "alarms",
        Alarm,
        ("rule", "object", "is_open", "is_listed"),
        (("rule", "object"), {"is_open": "true"}),
        ask=(("is_open",), ("is_listed",), ("rule", "object")),
    ),
    Kind(
        "verdicts",
        RuleVerdict,
        ("rule", "judgement", "subject", "is_standing"),
        (("subject",), {"is_standing": "true"}),
        ask=(("rule",), ("is_standing",)),
    ),
    Kind("incidents", Incident, ("event", "status"), (("event",), {}), ask=(("status",),)),
    Kind(
        "proposals",
        Proposal,
        ("kind", "cause", "status", "incident", "cycle"),
        (("kind", "cause"), {"status": "open"}),
        ask=(("status",),),
    ),
    Kind(
        "tasks",
        Task,
        ("incident", "proposal", "kind", "organisation", "team", "status"),
        ask=(("organisation",), ("status",), ("organisation", "status"), ("proposal",)),
    ),
    Kind(
        "alerts",
        Alert,
        ("status", "kind", "event", "correction_of"),
        ask=(("status",), ("correction_of",)),
    ),
    Kind(
        "deliveries",
        Delivery,
        ("alert", "channel", "subscriber", "state"),
        ask=(("alert",), ("state",), ("subscriber",)),
    ),
    Kind("reports", DamageReport, ("reporter", "origin"), ask=(("reporter",),)),
    Kind("limits", LimitsVersion, ("status",), (("status",), {"status": "approved"})),
    Kind("models", ModelVersion, ("status",), (("status",), {"status": "approved"})),
    Kind("cycles", CycleRecord, ("bulletin",)),
    Kind("accounts", Account, ("name", "organisation"), ask=(("organisation",),)),
    Kind("sessions", Session, ("account",), ask=(("account",),)),
    Kind("tokens", Token, ("account",), ask=(("account",),)),
    Kind("key_uses", KeyUse),
    Kind("devices", Device),
    Kind("things", Thing),
    Kind("locations", Location),
    Kind("historical_locations", HistoricalLocation),
    Kind("sensors", Sensor),
    Kind("observed_properties", ObservedProperty),
    Kind("datastreams", DatastreamResource),
    Kind("multi_datastreams", MultiDatastream),
    Kind("features", FeatureOfInterest),
    Kind("owed", Owed),
    Kind("scenes", WaterMap, ("scene",)),
    Kind("feeds", FeedHealth, ("connector",)),
    Kind("warnings", ForeignWarning, ("status", "feed")),
    Kind("shaking_maps", ShakingMap, ("event",), ask=(("event",),)),
)


def _table(kind: Kind) -> Table:
    table = Table(
        kind.name,
        metadata,
        Column("seq", Number, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False, unique=True),
        Column("run", String, nullable=False),
        Column("version", Integer, nullable=False),
        *(Column(name, String, nullable=False) for name in kind.columns if name != "mode"),
        Column("mode", String, nullable=False),
        Column("body", LargeBinary, nullable=False),
    )
    Index(f"{kind.name}_by_run", table.c.run, table.c.seq)
    for group in kind.ask:
        name = f"{kind.name}_by_{'_'.join(group)}"
        Index(name, table.c.run, *(table.c[column] for column in group), table.c.seq)
    if kind.unique:
        columns, condition = kind.unique
        where = [table.c[column] == value for column, value in condition.items()]
        Index(
            f"{kind.name}_one_of_a_kind",
            table.c.run,
            *(table.c[column] for column in columns),
            unique=True,
            sqlite_where=where[0] if where else None,
            postgresql_where=where[0] if where else None,
        )
    return table


tables: dict[str, Table] = {kind.name: _table(kind) for kind in KINDS}

log = Table(
    "log",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("sim_at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("params", Text, nullable=False),
    Column("mode", String, nullable=False),
    Column("run", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
)
Index("log_by_run", log.c.run, log.c.seq)
Index("log_by_subject", log.c.run, log.c.subject, log.c.seq)

for change in ("update", "delete"):
    event.listen(
        log,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"create trigger log_no_{change} before {change} on log "
            "begin select raise(abort, 'the log is append-only'); end"
        ).execute_if(dialect="sqlite"),
    )
event.listen(
    log,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]
        "create function log_stays() returns trigger language plpgsql as "
        "$$ begin raise exception 'the log is append-only'; end $$; "
        "create trigger log_no_change before update or delete or truncate on log "
        "for each statement execute function log_stays()"
    ).execute_if(dialect="postgresql"),
)

events = Table(
    "events",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("id", String, nullable=False),
    Column("organisation", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("mode", String, nullable=False),
    Column("run", String, nullable=False),
)
Index("events_by_run", events.c.run, events.c.seq)

details = Table(
    "observation_details",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("stream", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("result_at", BigInteger),
    Column("feature", String, nullable=False),
    Column("is_told", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("observation_details_by_time", details.c.stream, details.c.at)
Index("observation_details_by_result", details.c.stream, details.c.result_at)
Index("observation_details_by_feature", details.c.feature)
