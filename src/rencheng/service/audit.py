"""The log as people use it: read, added to, and proved to be whole."""

from __future__ import annotations

from dataclasses import dataclass

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.identity import Actor, Permission
from rencheng.domain.log import GENESIS, LogEntry, first_broken
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """Whether the log is whole."""

    lines: int
    first_broken: int | None
    """Number of the first line that was altered, moved or lost; None: all is whole."""
    head: str
    """Hash of the last line; kept elsewhere, it proves that no line was cut off the end."""


def note(house: House, command: Command, text: str) -> LogEntry:
    """Add a free line; it can be answered by another line, never changed."""
    command.actor.must(Permission.LOG_WRITE)
    if not text.strip():
        raise InvalidInputError("log.empty", "the note is empty", hint="Write what happened")

    def change(work: UnitOfWork, ctx: Context) -> Done[LogEntry]:
        entry = work.log.append(
            actor=command.actor.id,
            action="note",
            subject="",
            params={"text": text.strip()},
            at=ctx.wall,
            sim_at=ctx.at,
            mode=ctx.mode,
            run=ctx.run,
        )
        return Done(item=entry, id=str(entry.seq), event="event")

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.log.lines(None, before=int(key) + 1, limit=1)[0],
        content=("audit.note", text),
    )


def lines(
    house: House, actor: Actor, run: str, *, before: int | None = None, limit: int = 200
) -> list[LogEntry]:
    """Return lines of a run, newest first, before a line's number if given."""
    actor.must(Permission.LOG_READ)
    with house.work() as work:
        return work.log.lines(run, before=before, limit=limit)


def check(house: House, actor: Actor) -> ChainCheck:
    """Walk the whole chain of every run. Takes time in proportion to the log."""
    actor.must(Permission.LOG_READ)
    with house.work() as work:
        entries = list(work.log.walk())
    return ChainCheck(
        lines=len(entries),
        first_broken=first_broken(entries),
        head=entries[-1].hash if entries else GENESIS,
    )
