"""Batches from outside: taken in once, answered item by item, a repeat gets the first answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from rencheng.domain.errors import ConflictError, TooLargeError
from rencheng.service.house import Command, Context, Done, House, context, record, tell
from rencheng.service.ports import UnitOfWork

MAX_ITEMS = 10_000
"""Items of one batch. Chosen; no source."""
OLDEST = timedelta(days=3653)
"""Age beyond which a time is that of a clock that was reset, to 1970 or 2000. Chosen; no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An item that was not kept, and why."""

    index: int
    id: str
    key: str
    """Key of the sentence under `ingest.<key>`."""
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """The answer to a batch; everything counted as accepted is on disk."""

    accepted: int
    duplicate: int
    suspect: int
    rejected: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the sender of a batch was told, and the hash of what the batch held."""

    content: str
    result: IngestResult


_read_told = msgspec.json.Decoder(_Told).decode


def require_size(items: Sequence[object]) -> None:
    """Raise `TooLargeError` when a batch is larger than one batch may be."""
    if len(items) > MAX_ITEMS:
        raise TooLargeError(
            "ingest.size",
            f"the batch has {len(items)} items, {MAX_ITEMS} are allowed",
            hint="Send it in several batches",
            params={"count": len(items), "most": MAX_ITEMS},
        )


def taken_in(
    house: House,
    command: Command,
    batch: str,
    items: Sequence[object],
    keep: Callable[[UnitOfWork, Context], IngestResult],
) -> IngestResult:
    """Take in a batch once: keep, tell, answer, commit.

    Parameters
    ----------
    house, command
        Where, and who sends; the id of the command is not used, the batch has one.
    batch
        What is sent and its id, such as `observations/b17`.
    items
        What it holds, good or not.
    keep
        Stores what is good and says what was not.

    Raises
    ------
    ConflictError
        If the batch's id was used for other items before, or the run is over.

    Notes
    -----
    A batch without refusals leaves no line in the log: batch, sender and times stand with the
    values themselves, and a line a second would bury what people do.
    """
    key = f"{command.run}/{command.actor.id}/{batch}"
    mark = hashlib.sha256(repr(items).encode()).hexdigest()
    with house.work() as work:
        work.lock()
        earlier = work.answered(key)
        if earlier is not None:
            told = _read_told(earlier)
            if told.content != mark:
                raise ConflictError(
                    "ingest.batch_reused",
                    f"batch {batch!r} held other items before",
                    hint="Give each batch an id of its own",
                    params={"batch": batch},
                )
            return told.result
        require_open(work, command.run)
        ctx = context(house, work, command.run)
        result = keep(work, ctx)
        if result.rejected:
            record(work, ctx, command.actor, _refusals(batch, result))
        elif result.accepted:
            tell(work, ctx, "event", batch)
        work.answer(key, msgspec.json.encode(_Told(content=mark, result=result)).decode())
        work.commit()
    return result


def require_open(work: UnitOfWork, run: str) -> None:
    """Raise `ConflictError` when a run is over and takes nothing more."""
    found = work.runs.find(run)
    if found is not None and found.is_over:
        raise ConflictError("run.over", f"run {run} is over or live", hint="Start a new replay")


def _refusals(batch: str, result: IngestResult) -> Done[IngestResult]:
    counts = {"rejected": len(result.rejected), "accepted": result.accepted}
    return Done(item=result, id=batch, event="event", action="ingest.rejected", params=counts)
