"""A job of the background: how far it is, what it came to, and what is needed to do it.

A desk (`service.desk`) takes jobs of one kind from a shelf and has a worker do them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from rencheng.domain import errors
from rencheng.domain.errors import ConflictError, CorruptDataError, Fault, Param, RenchengError
from rencheng.domain.identity import Permission


class State(StrEnum):
    """How far a job is."""

    IDLE = "idle"
    """Nothing was asked for yet."""
    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


BUSY = frozenset({State.QUEUED, State.RUNNING, State.STOPPING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong, or why a job ended, kept so that it can be said in any language later."""

    type: str
    """Name of the class in `domain.errors`."""
    key: str
    problem: str
    hint: str
    params: Mapping[str, Param] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, error: RenchengError) -> Trouble:
        """Return an error in the form in which it is kept."""
        return cls(
            type=type(error).__name__,
            key=error.key,
            problem=error.problem,
            hint=error.hint,
            params=error.params,
            faults=error.faults,
        )

    def error(self) -> RenchengError:
        """Return it as the error that it was."""
        kind = getattr(errors, self.type, CorruptDataError)
        made: RenchengError = kind(
            self.key, self.problem, hint=self.hint, params=self.params, faults=self.faults
        )
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a job under way is."""

    step: str = ""
    """Key of the step, such as `streets` or `losses`."""
    share: float = 0.0
    """Of the whole job, 0 to 1."""
    source: str = ""
    """Id of the source being read; empty: none."""
    number: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that was asked for; each kind of job adds what it is about."""

    id: str
    state: State = State.IDLE
    asked: datetime | None = None
    asked_by: str = ""
    began: datetime | None = None
    ended: datetime | None = None
    trouble: Trouble | None = None
    """Why it failed or was cut off."""
    version: int = 1

    @property
    def is_busy(self) -> bool:
        """Whether the background works, or will, on it."""
        return self.state in BUSY


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A job whose record cannot be read: it can be looked into on disk, and deleted."""

    id: str
    changed: datetime
    """When its record was last written."""
    trouble: Trouble


J = TypeVar("J", bound=Job)
Tell = Callable[[Step], None]
IsStopped = Callable[[], bool]
Params = Mapping[str, str | int | float]


class JobShelf(Protocol[J]):
    """Where jobs of one kind lie; what is put there is durable when the call returns."""

    def all(self) -> Sequence[J]:
        """Return all jobs that can be read, newest first."""
        ...

    def broken(self) -> Sequence[Broken]:
        """Return those whose record cannot be read, newest first."""
        ...

    def get(self, key: str) -> J:
        """Return a job; `NotFoundError`, or `CorruptDataError` where it is broken."""
        ...

    def put(self, item: J) -> None:
        """Keep a job; `SourceUnavailableError` where the disk does not take it."""
        ...

    def remove(self, key: str) -> None:
        """Forget a job and all that lies with it."""
        ...


class Worker(Protocol[J]):
    """Does jobs of one kind."""

    @property
    def kind(self) -> str:
        """Name of the kind: of its events, and the beginning of its words (`risk`, `import`)."""
        ...

    @property
    def may(self) -> Permission:
        """What somebody needs to stop or delete a job."""
        ...

    @property
    def stopped(self) -> str:
        """Key of the `ConflictError` that `work` raises after a stop."""
        ...

    def work(self, item: J, tell: Tell, is_stopped: IsStopped) -> J:
        """Return the job with what it came to; blocks until done.

        Raises
        ------
        RenchengError
            Whatever is wrong, or `stopped`.
        """
        ...

    def action(self, item: J, end: str, /) -> str:
        """Return the key of the log line for an end: `done`, `failed`, `stopped` …"""
        ...

    def params(self, item: J) -> Params:
        """Return what log lines say of a job."""
        ...


def require_idle(item: J, kind: str) -> J:
    """Return a job that may be changed; `ConflictError` while the background is on it."""
    if item.is_busy:
        raise ConflictError(
            f"{kind}.busy",
            f"{item.id} is being worked on",
            hint="Wait until it is done, or stop it first",
            params={"id": item.id},
        )
    return item
