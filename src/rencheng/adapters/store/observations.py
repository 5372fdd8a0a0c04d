"""Everything heard from devices: one row a value, the raw number never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, and_, func, select

from rencheng.adapters.store.codec import from_us, to_us
from rencheng.adapters.store.schema import observations, streams
from rencheng.domain.observation import Observation, Quality, QualityReason, Verdict
from rencheng.domain.provenance import Mode

if TYPE_CHECKING:
    from rencheng.adapters.store.unit import Transaction

T = TypeVar("T")
_CHUNK = 500
"""Bound parameters of one statement; SQLite once allowed 999."""


class SqlObservations:
    """The observations of every run in one table."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, batch: str, items: Sequence[Observation]) -> set[str]:
        """Keep new observations; return the ids that were known already."""
        connection = self._transaction.writing()
        known: set[str] = set()
        new: dict[tuple[str, str], Observation] = {}
        for item in items:
            if (item.run, item.id) in new:
                known.add(item.id)
            new.setdefault((item.run, item.id), item)
        for run in {run for run, _ in new}:
            for key in self.known(run, [key for of, key in new if of == run]):
                known.add(key)
                new.pop((run, key))
        if new:
            connection.execute(observations.insert(), [_row(item, batch) for item in new.values()])
            self._count(list(new.values()))
        return known

    def known(self, run: str, ids: Iterable[str]) -> set[str]:
        """Return which of these ids are kept already."""
        found: set[str] = set()
        for chunk in _chunks(list(ids)):
            query = select(observations.c.id).where(
                observations.c.run == run, observations.c.id.in_(chunk)
            )
            found.update(self._transaction.read(query).scalars())
        return found

    def recent(self, run: str, datastream: str, before: datetime, limit: int) -> list[Observation]:
        """Return the last `limit` observations up to `before`, oldest first."""
        query = (
            select(observations)
            .where(
                observations.c.run == run,
                observations.c.datastream == datastream,
                observations.c.at <= to_us(before),
            )
            .order_by(observations.c.at.desc(), observations.c.seq.desc())
            .limit(limit)
        )
        return self._fetched(query)[::-1]

    def last_good(self, run: str, datastream: str, before: datetime) -> Observation | None:
        """Return the last good observation up to `before`, None when there is none."""
        query = (
            select(observations)
            .where(
                observations.c.run == run,
                observations.c.datastream == datastream,
                observations.c.quality == Quality.GOOD.value,
                observations.c.at <= to_us(before),
            )
            .order_by(observations.c.at.desc(), observations.c.seq.desc())
            .limit(1)
        )
        found = self._fetched(query)
        return found[0] if found else None

    def latest(self, run: str, at: datetime) -> dict[str, tuple[Observation, Observation | None]]:
        """Return by datastream the last observation and the last good one up to `at`."""
        last = self._last(run, at, good=False)
        good = self._last(run, at, good=True)
        return {name: (item, good.get(name)) for name, item in last.items()}

    def series(
        self, run: str, datastreams: Iterable[str], start: datetime, end: datetime
    ) -> list[Observation]:
        """Return the observations between two times, both included, oldest first."""
        found: list[Observation] = []
        for chunk in _chunks(sorted(set(datastreams))):
            query = select(observations).where(
                observations.c.run == run,
                observations.c.datastream.in_(chunk),
                observations.c.at >= to_us(start),
                observations.c.at <= to_us(end),
            )
            found += self._fetched(query.order_by(observations.c.at, observations.c.seq))
        return sorted(found, key=lambda item: item.phenomenon_time)

    def counts(self, run: str) -> dict[str, tuple[int, int]]:
        """Return by datastream how many observations there are, and how many are suspect."""
        query = select(streams.c.datastream, streams.c.count, streams.c.suspect)
        rows = self._transaction.read(query.where(streams.c.run == run))
        return {row["datastream"]: (row["count"], row["suspect"]) for row in rows.mappings()}

    def _last(self, run: str, at: datetime, *, good: bool) -> dict[str, Observation]:
        newest = (
            select(observations.c.seq)
            .where(
                observations.c.run == run,
                observations.c.datastream == streams.c.datastream,
                observations.c.at <= to_us(at),
            )
            .order_by(observations.c.at.desc(), observations.c.seq.desc())
            .limit(1)
        )
        if good:
            newest = newest.where(observations.c.quality == Quality.GOOD.value)
        query = (
            select(observations)
            .select_from(streams)
            .join(observations, observations.c.seq == newest.correlate(streams).scalar_subquery())
            .where(streams.c.run == run)
        )
        return {item.datastream: item for item in self._fetched(query)}

    def _fetched(self, query: Select[Any]) -> list[Observation]:
        return [_observation(row) for row in self._transaction.read(query)]

    def _count(self, items: Sequence[Observation]) -> None:
        connection = self._transaction.writing()
        heard = Counter((item.run, item.datastream) for item in items)
        suspect = Counter(
            (item.run, item.datastream) for item in items if item.verdict.quality is Quality.SUSPECT
        )
        for (run, name), count in heard.items():
            bad = suspect[run, name]
            of_stream = and_(streams.c.run == run, streams.c.datastream == name)
            changed = connection.execute(
                streams.update()
                .where(of_stream)
                .values(count=streams.c.count + count, suspect=streams.c.suspect + bad)
            )
            if changed.rowcount == 0:
                connection.execute(
                    streams.insert().values(run=run, datastream=name, count=count, suspect=bad)
                )

    def total(self, run: str) -> int:
        """Return how many observations of a run are kept."""
        query = select(func.count()).select_from(observations).where(observations.c.run == run)
        return int(self._transaction.read(query).scalar_one())


def _row(item: Observation, batch: str) -> dict[str, Any]:
    return {
        "run": item.run,
        "id": item.id,
        "datastream": item.datastream,
        "value": float(item.value),
        "at": to_us(item.phenomenon_time),
        "received": to_us(item.received),
        "quality": item.verdict.quality.value,
        "reasons": " ".join(reason.value for reason in item.verdict.reasons),
        "verdict_version": item.verdict.version,
        "mode": item.mode.value,
        "batch": batch,
    }


def _observation(row: Any) -> Observation:
    return Observation(
        id=row.id,
        datastream=row.datastream,
        value=row.value,
        phenomenon_time=from_us(row.at),
        received=from_us(row.received),
        verdict=Verdict(
            quality=Quality(row.quality),
            reasons=tuple(QualityReason(name) for name in row.reasons.split()),
            version=row.verdict_version,
        ),
        mode=Mode(row.mode),
        run=row.run,
    )


def _chunks(items: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
