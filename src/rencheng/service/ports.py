"""What the services need from the outside world, in their own words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self, TypeVar

from rencheng.domain.alarm import Alarm, RuleVerdict
from rencheng.domain.alert import Alert
from rencheng.domain.change import CityVersion
from rencheng.domain.city import City
from rencheng.domain.device import Device
from rencheng.domain.feed import FeedHealth
from rencheng.domain.hazard import Bulletin, ShakingMap
from rencheng.domain.incident import Incident, Task
from rencheng.domain.learning import DamageReport, ModelVersion
from rencheng.domain.log import Line, LogEntry
from rencheng.domain.observation import Observation
from rencheng.domain.proposal import Proposal
from rencheng.domain.provenance import Mode
from rencheng.domain.quality import LimitsVersion
from rencheng.domain.readings import Rows
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
from rencheng.service.credentials import Account as Account
from rencheng.service.credentials import KeyUse as KeyUse
from rencheng.service.credentials import Session as Session
from rencheng.service.credentials import Token as Token
from rencheng.service.details_store import Details
from rencheng.service.row_store import I64, RowStore

T = TypeVar("T")


class Repository(Protocol[T]):
    """Objects of one kind; every object has `id`, and those that change have `version`."""

    def get(self, key: str) -> T:
        """Return the object, or raise `NotFoundError`."""
        ...

    def find(self, key: str) -> T | None:
        """Return the object, or None."""
        ...

    def add(self, item: T) -> None:
        """Keep a new object; `ConflictError` if its id or a unique rule of its kind is taken."""
        ...

    def add_all(self, items: Sequence[T]) -> None:
        """Keep many new objects at once; `ConflictError` if any of them cannot be, and none is."""
        ...

    def stamp(self) -> tuple[int, int]:
        """Return two numbers that differ after any change of a kind that nobody removes."""
        ...

    def replace(self, item: T) -> T:
        """Keep a changed object and return it with `version` + 1.

        `item.version` is the version that was read; `ConflictError` when the stored one is newer.
        """
        ...

    def replace_all(self, items: Sequence[T]) -> list[T]:
        """Keep many changed objects at once; `ConflictError` if any is stale, and none is kept."""
        ...

    def remove(self, key: str) -> None:
        """Forget an object, or raise `NotFoundError`."""
        ...

    def list(
        self,
        run: str,
        *,
        where: Mapping[str, str | Collection[str]] | None = None,
        limit: int | None = None,
    ) -> list[T]:
        """Return the objects of a run, newest first. `where` compares indexed columns.

        A column is compared with one value, or with many of which any will do.

        `run` is ignored for kinds that belong to no run (runs, accounts, sessions, tokens).
        """
        ...

    def count(self, run: str, *, where: Mapping[str, str | Collection[str]] | None = None) -> int:
        """Return how many objects `list` would return."""
        ...


class Observations(RowStore, Protocol):
    """Everything heard from devices, raw value and verdict side by side."""

    def add(self, items: Sequence[Observation]) -> set[str]:
        """Keep new observations, durable on return; return the ids that were known already.

        An observation is one and the same when datastream, time and id are.
        """
        ...

    def recent(self, run: str, datastream: str, before: datetime, limit: int) -> list[Observation]:
        """Return the last `limit` observations up to `before`, oldest first."""
        ...

    def last_good(self, run: str, datastream: str, before: datetime) -> Observation | None:
        """Return the last good observation up to `before`, None when there is none."""
        ...

    def series(
        self,
        run: str,
        datastreams: Iterable[str],
        start: datetime,
        end: datetime,
    ) -> list[Observation]:
        """Return the observations between two times, oldest first."""
        ...

    def rows(self, run: str, datastreams: Sequence[str], start: int, end: int) -> Rows:
        """Return rows between two times by time; `stream` is its place in `datastreams`. (n,)"""
        ...

    def spans(self, run: str, datastreams: Sequence[str]) -> I64:
        """Return by datastream how many rows, and the first and the last time. [µs UTC] (n, 3)"""
        ...

    def newest(self, run: str, datastreams: Sequence[str]) -> tuple[Rows, I64]:
        """Return the last row by datastream, and how many share its time; 0: look them up.

        `stream` is the place in `datastreams`, -1 where there is none. (n,) each
        """
        ...

    def counts(self, run: str) -> dict[str, tuple[int, int]]:
        """Return by datastream how many observations there are, and how many are suspect."""
        ...


class Log(Protocol):
    """The append-only, hash-chained log."""

    def append(
        self,
        *,
        actor: str,
        action: str,
        subject: str,
        params: Mapping[str, str | int | float],
        at: datetime,
        sim_at: datetime,
        mode: Mode,
        run: str,
    ) -> LogEntry:
        """Add a line; its hash covers the line before it."""
        ...

    def append_all(self, lines: Sequence[Line]) -> list[LogEntry]:
        """Add lines in this order; the hash of each covers the line before it."""
        ...

    def lines(
        self, run: str | None, *, before: int | None = None, limit: int = 200
    ) -> list[LogEntry]:
        """Return lines, newest first; `run` None: all runs."""
        ...

    def about(self, run: str, subject: str, *, limit: int = 200) -> list[LogEntry]:
        """Return the lines about one thing, newest first."""
        ...

    def walk(self) -> Iterable[LogEntry]:
        """Yield every line of every run, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, for the live stream and for webhooks."""

    seq: int
    kind: str
    """`clock`, `cycle`, `alarm`, `proposal`, `task`, `alert`, `report`, `event`, `incident` or
    `model`."""
    id: str
    organisation: str
    """Whose object it is; empty: everybody's."""
    at: datetime
    mode: Mode
    run: str


class Events(Protocol):
    """The outbox of the house: rows written in the same transaction as the change itself."""

    def append_all(self, told: Sequence[Event]) -> int:
        """Add events in this order and return the number of the last; `seq` is given here."""
        ...

    def since(self, seq: int, *, run: str | None = None, limit: int = 1000) -> list[Event]:
        """Return later events, oldest first."""
        ...

    def last(self) -> int:
        """Return the number of the last event, 0 when there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message waiting to leave the house, or what became of it."""

    id: str
    alert: str
    """Id of the warning or alarm."""
    channel: str
    subscriber: str
    seq: int
    """Numbered per subscriber without holes."""
    mode: Mode
    expires: datetime
    payload: str
    state: str
    """`queued`, `sent`, `blocked`, `expired`, `failed` (the dead letter)."""
    attempts: int
    next_try: datetime | None
    at: datetime | None
    reason: str
    """Key of the sentence under `delivery.<reason>`; empty when sent."""
    run: str
    version: int = 1
    about: str = "alert"
    """What it tells of: `alert`, a warning as CAP; `alarm`, an alarm as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRecord:
    """A turn of the loop as it is kept: what was computed from what, and its figures."""

    id: str
    run: str
    mode: Mode
    at: datetime
    """On the run's clock. [UTC]"""
    finished: datetime
    """Wall time. [UTC]"""
    duration_s: float
    seed: int
    samples: int
    bulletin: str
    city_version: str
    models: tuple[tuple[str, str], ...]
    figures: tuple[tuple[str, float, float, float, str], ...]
    """Key, p05, p50, p95, unit."""
    version: int = 1


class UnitOfWork(Protocol):
    """One transaction. Leaving it without `commit` undoes everything."""

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

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def lock(self) -> None:
        """Take the right to write now, so that what is read next still holds at `commit`.

        Reading alone takes no lock and holds up no writer. The first write locks by itself.
        """
        ...

    def answered(self, command: str) -> str | None:
        """Return what the command with this id answered before (JSON), None when it is new."""
        ...

    def answer(self, command: str, result: str) -> None:
        """Remember the answer of a command, in this same transaction."""
        ...

    def commit(self) -> None:
        """Keep everything done since entering; durable when it returns."""
        ...


class Cities(Protocol):
    """Built cities on disk."""

    def current(self) -> City:
        """Return the city that is served."""
        ...

    def kept(self) -> tuple[CityVersion, ...]:
        """Return the versions on disk, newest first."""
        ...

    def load(self, version: str) -> City:
        """Read a version; `NotFoundError` when there is none, `CorruptDataError` when damaged."""
        ...

    def set_current(self, version: str) -> City:
        """Serve a version from now on, after reading it whole."""
        ...


class Channel(Protocol):
    """A way out of the house for warnings; built-in ones and a stranger's use the same door."""

    name: str
    is_live: bool
    """Whether people outside the house get it; such a channel takes `mode` live only."""

    def send(self, delivery: Delivery) -> None:
        """Hand it over, or raise `SourceUnavailableError` to be tried again."""
        ...


class Clock(Protocol):
    """Wall time."""

    def __call__(self) -> datetime:
        """Return the time now. [UTC]"""
        ...
