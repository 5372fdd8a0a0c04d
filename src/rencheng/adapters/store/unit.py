"""One transaction over all the repositories."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, RootTransaction, Select, select
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from rencheng.adapters.history import History
from rencheng.adapters.store.details import SqlDetails
from rencheng.adapters.store.journal import SqlEvents, SqlLog
from rencheng.adapters.store.repository import SqlRepository
from rencheng.adapters.store.schema import KINDS, answers
from rencheng.adapters.store.turns import Turns
from rencheng.domain.alarm import Alarm, RuleVerdict
from rencheng.domain.alert import Alert
from rencheng.domain.device import Device
from rencheng.domain.errors import (
    ConflictError,
    CorruptDataError,
    InvalidInputError,
    RenchengError,
    SourceUnavailableError,
)
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
from rencheng.service.details_store import Details
from rencheng.service.ports import (
    Account,
    CycleRecord,
    Delivery,
    Events,
    KeyUse,
    Log,
    Observations,
    Repository,
    Session,
    Token,
)

T = TypeVar("T")


class Transaction:
    """A connection that reads until it has to write.

    Reading sees one moment of the database and holds up nobody. The first write (or `lock`) ends
    that view and takes the write lock; what was read before it is guarded by versions and unique
    rules, what is read after it cannot change before the commit.
    """

    def __init__(self, engine: Engine, turns: Turns | None) -> None:
        self._engine = engine
        self._turns = turns
        self._has_turn = False
        self._connection: Connection | None = None
        self._open: RootTransaction | None = None
        self._is_writing = False

    def read(self, query: Select[Any]) -> CursorResult[Any]:
        """Run a query in the present view."""
        if self._open is None:
            self._begin(is_write=False)
        return self.connection.execute(query)

    def writing(self) -> Connection:
        """Return the connection with the write lock held."""
        if not self._is_writing:
            if self._open is not None:
                self._open.rollback()
            self._begin(is_write=True)
        return self.connection

    @property
    def connection(self) -> Connection:
        """The connection; taken from the pool when first needed."""
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
            except PoolTimeoutError as error:
                raise SourceUnavailableError(
                    "store.crowded",
                    "every connection to the store was in use for too long",
                    hint="Try again; if it stays so, look for something that holds the store",
                ) from error
        return self._connection

    def commit(self) -> None:
        """Make it durable; the next statement starts afresh."""
        if self._open is not None:
            with_reason(self._open.commit)
        self._open, self._is_writing = None, False
        self._end_turn()

    def close(self) -> None:
        """Undo what was not committed and give the connection back."""
        try:
            if self._open is not None:
                self._open.rollback()
            if self._connection is not None:
                self._connection.close()
        finally:
            self._connection, self._open, self._is_writing = None, None, False
            self._end_turn()

    def _end_turn(self) -> None:
        if self._has_turn and self._turns is not None:
            self._has_turn = False
            self._turns.give()

    def _begin(self, *, is_write: bool) -> None:
        if is_write and self._turns is not None and not self._has_turn:
            self._turns.take()
            self._has_turn = True
        connection = self.connection.execution_options(is_write=is_write)
        self._open = with_reason(connection.begin)
        self._is_writing = is_write


def with_reason(step: Callable[[], T]) -> T:
    """Run a step of the database and say in plain words why it could not be done."""
    try:
        return step()
    except DatabaseError as error:
        raise in_plain_words(error) from error


def in_plain_words(error: DatabaseError) -> RenchengError:
    """Return what an error of the database means to whoever runs the program."""
    text = str(error.orig)
    state = getattr(error.orig, "sqlstate", None) or ""
    if isinstance(error, DataError):
        return InvalidInputError(
            "store.value",
            f"the store cannot hold this value: {text}",
            hint="Look for control characters or numbers out of range in what was sent",
            params={"why": text},
        )
    # A server that cannot be reached gives no code: nobody was there to give one.
    is_server = type(error.orig).__module__.startswith("psycopg")
    is_away = is_server and not state and isinstance(error, OperationalError)
    if state.startswith(("08", "57P")) or error.connection_invalidated or is_away:
        return SourceUnavailableError(
            "store.gone",
            f"the database server does not answer: {text}",
            hint="Look whether it runs and can be reached, then try again",
            params={"why": text},
        )
    if "locked" in text or "busy" in text or state in ("55P03", "40001", "40P01"):
        return SourceUnavailableError(
            "store.busy",
            "the store is held by another writer",
            hint="Try again; if it stays so, look for a second program on the same folder",
        )
    if "malformed" in text or "not a database" in text:
        return CorruptDataError(
            "store.broken",
            f"the state file is damaged: {text}",
            hint="Stop the program and restore the last copy of the state folder",
            params={"why": text},
        )
    return SourceUnavailableError(
        "store.disk",
        f"the store could not be written: {text}",
        hint="Look at the free space and the rights of the state folder",
        params={"why": text},
    )


class SqlUnitOfWork:
    """One transaction. Leaving it without `commit` undoes everything but observations.

    Those are durable as soon as they are added, and adding them again changes nothing.
    """

    runs: Repository[Run]
    bulletins: Repository[Bulletin]
    alarms: Repository[Alarm]
    verdicts: Repository[RuleVerdict]
    incidents: Repository[Incident]
    proposals: Repository[Proposal]
    tasks: Repository[Task]
    alerts: Repository[Alert]
    deliveries: Repository[Delivery]
    reports: Repository[DamageReport]
    models: Repository[ModelVersion]
    limits: Repository[LimitsVersion]
    cycles: Repository[CycleRecord]
    accounts: Repository[Account]
    sessions: Repository[Session]
    tokens: Repository[Token]
    key_uses: Repository[KeyUse]
    devices: Repository[Device]
    scenes: Repository[WaterMap]
    feeds: Repository[FeedHealth]
    warnings: Repository[ForeignWarning]
    shaking_maps: Repository[ShakingMap]
    things: Repository[Thing]
    locations: Repository[Location]
    historical_locations: Repository[HistoricalLocation]
    sensors: Repository[Sensor]
    observed_properties: Repository[ObservedProperty]
    datastreams: Repository[DatastreamResource]
    multi_datastreams: Repository[MultiDatastream]
    features: Repository[FeatureOfInterest]
    owed: Repository[Owed]
    details: Details
    observations: Observations
    log: Log
    events: Events

    def __init__(self, engine: Engine, history: History, turns: Turns | None = None) -> None:
        self._transaction = Transaction(engine, turns)
        for kind in KINDS:
            setattr(self, kind.name, SqlRepository(self._transaction, kind))
        self.details = SqlDetails(self._transaction)
        self.observations = history
        self.log = SqlLog(self._transaction)
        self.events = SqlEvents(self._transaction)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._transaction.close()
        finally:
            if isinstance(error, DatabaseError) and not isinstance(error, IntegrityError):
                raise in_plain_words(error) from error

    def lock(self) -> None:
        """Take the right to write now."""
        self._transaction.writing()

    def answered(self, command: str) -> str | None:
        """Return what the command with this id answered before, None when it is new."""
        query = select(answers.c.result).where(answers.c.command == command)
        found: str | None = self._transaction.read(query).scalar_one_or_none()
        return found

    def answer(self, command: str, result: str) -> None:
        """Remember the answer of a command, in this same transaction."""
        connection = self._transaction.writing()
        try:
            with connection.begin_nested():
                connection.execute(answers.insert().values(command=command, result=result))
        except IntegrityError as error:
            raise ConflictError(
                "store.answered",
                f"command {command!r} was answered already",
                hint="Ask for its answer instead of giving it again",
                params={"id": command},
            ) from error

    def commit(self) -> None:
        """Keep everything done since entering; durable when it returns."""
        self._transaction.commit()
