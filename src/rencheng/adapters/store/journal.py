"""What happened, in order: the hash-chained log and the numbered events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from rencheng.adapters.store.schema import events, log
from rencheng.domain.log import GENESIS, LogEntry, digest
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
        connection = self._transaction.writing()
        query = select(log.c.seq, log.c.hash).order_by(log.c.seq.desc()).limit(1)
        last = connection.execute(query).one_or_none()
        entry = LogEntry(
            seq=last.seq + 1 if last else 1,
            at=at.astimezone(UTC),
            sim_at=sim_at.astimezone(UTC),
            actor=actor,
            action=action,
            subject=subject,
            params={key: _plain(value) for key, value in params.items()},
            mode=mode,
            run=run,
            previous=last.hash if last else GENESIS,
            hash="",
        )
        entry = replace(entry, hash=digest(entry))
        connection.execute(
            log.insert().values(
                seq=entry.seq,
                at=to_us(entry.at),
                sim_at=to_us(entry.sim_at),
                actor=entry.actor,
                action=entry.action,
                subject=entry.subject,
                params=json.dumps(entry.params, ensure_ascii=False),
                mode=entry.mode.value,
                run=entry.run,
                previous=entry.previous,
                hash=entry.hash,
            )
        )
        return entry

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

    def append(  # noqa: PLR0913
        self,
        *,
        kind: str,
        id: str,
        organisation: str,
        at: datetime,
        mode: Mode,
        run: str,  # noqa: A002
    ) -> int:
        """Add an event and return its number."""
        connection = self._transaction.writing()
        seq = self.last() + 1
        connection.execute(
            events.insert().values(
                seq=seq,
                kind=kind,
                id=id,
                organisation=organisation,
                at=to_us(at),
                mode=mode.value,
                run=run,
            )
        )
        return seq

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
