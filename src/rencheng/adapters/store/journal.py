"""What happened, in order: the hash-chained log and the numbered events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from rencheng.adapters.store.schema import events, log
from rencheng.domain.log import GENESIS, Line, LogEntry, digest
from rencheng.domain.provenance import Mode
from rencheng.domain.readings import from_us, to_us
from rencheng.service.ports import Event

if TYPE_CHECKING:
    from rencheng.adapters.store.unit import Transaction

_WALK = 1000
"""Lines fetched at a time while walking the whole log."""


class SqlLog:
    """The append-only log; the database itself refuses to change or delete a line."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def append(  # noqa: PLR0913
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
        line = Line(
            actor=actor, action=action, subject=subject, params=params, at=at, sim_at=sim_at,
            mode=mode, run=run,
        )  # fmt: skip
        return self.append_all([line])[0]

    def append_all(self, lines: Sequence[Line]) -> list[LogEntry]:
        """Add lines in this order; the hash of each covers the line before it."""
        if not lines:
            return []
        connection = self._transaction.writing()
        query = select(log.c.seq, log.c.hash).order_by(log.c.seq.desc()).limit(1)
        last = connection.execute(query).one_or_none()
        seq, previous = (last.seq, last.hash) if last else (0, GENESIS)
        found = []
        for line in lines:
            seq += 1
            entry = _next(line, seq, previous)
            previous = entry.hash
            found.append(entry)
        connection.execute(log.insert(), [_values(entry) for entry in found])
        return found

    def lines(
        self, run: str | None, *, before: int | None = None, limit: int = 200
    ) -> list[LogEntry]:
        """Return lines, newest first."""
        query = select(log).order_by(log.c.seq.desc()).limit(limit)
        if run is not None:
            query = query.where(log.c.run == run)
        if before is not None:
            query = query.where(log.c.seq < before)
        return [_entry(row) for row in self._transaction.read(query)]

    def about(self, run: str, subject: str, *, limit: int = 200) -> list[LogEntry]:
        """Return the lines about one thing, newest first."""
        query = select(log).where(log.c.run == run, log.c.subject == subject)
        query = query.order_by(log.c.seq.desc()).limit(limit)
        return [_entry(row) for row in self._transaction.read(query)]

    def walk(self) -> Iterable[LogEntry]:
        """Yield every line of every run, oldest first."""
        seq: int | None = None
        while True:
            query = select(log).order_by(log.c.seq).limit(_WALK)
            if seq is not None:
                query = query.where(log.c.seq > seq)
            rows = self._transaction.read(query).all()
            yield from (_entry(row) for row in rows)
            if len(rows) < _WALK:
                return
            seq = rows[-1].seq


class SqlEvents:
    """The events, numbered without holes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def append_all(self, told: Sequence[Event]) -> int:
        """Add events in this order and return the number of the last; `seq` is given here."""
        connection = self._transaction.writing()
        seq = self.last()
        rows = [
            {
                "seq": seq + number,
                "kind": one.kind,
                "id": one.id,
                "organisation": one.organisation,
                "at": to_us(one.at),
                "mode": one.mode.value,
                "run": one.run,
            }
            for number, one in enumerate(told, start=1)
        ]
        if rows:
            connection.execute(events.insert(), rows)
        return seq + len(rows)

    def since(self, seq: int, *, run: str | None = None, limit: int = 1000) -> list[Event]:
        """Return later events, oldest first."""
        query = select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
        if run is not None:
            query = query.where(events.c.run == run)
        return [
            Event(
                seq=row.seq,
                kind=row.kind,
                id=row.id,
                organisation=row.organisation,
                at=from_us(row.at),
                mode=Mode(row.mode),
                run=row.run,
            )
            for row in self._transaction.read(query)
        ]

    def last(self) -> int:
        """Return the number of the last event, 0 when there is none."""
        query = select(events.c.seq).order_by(events.c.seq.desc()).limit(1)
        return self._transaction.read(query).scalar_one_or_none() or 0


def _next(line: Line, seq: int, previous: str) -> LogEntry:
    entry = LogEntry(
        seq=seq,
        at=line.at.astimezone(UTC),
        sim_at=line.sim_at.astimezone(UTC),
        actor=line.actor,
        action=line.action,
        subject=line.subject,
        params={key: _plain(value) for key, value in line.params.items()},
        mode=line.mode,
        run=line.run,
        previous=previous,
        hash="",
    )
    return replace(entry, hash=digest(entry))


def _values(entry: LogEntry) -> dict[str, str | int]:
    return {
        "seq": entry.seq,
        "at": to_us(entry.at),
        "sim_at": to_us(entry.sim_at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "params": json.dumps(dict(entry.params), ensure_ascii=False),
        "mode": entry.mode.value,
        "run": entry.run,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _plain(value: Any) -> str | int | float:
    plain: str | int | float = value.item() if isinstance(value, np.generic) else value
    return plain


def _entry(row: Any) -> LogEntry:
    return LogEntry(
        seq=row.seq,
        at=from_us(row.at),
        sim_at=from_us(row.sim_at),
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        params=json.loads(row.params),
        mode=Mode(row.mode),
        run=row.run,
        previous=row.previous,
        hash=row.hash,
    )
