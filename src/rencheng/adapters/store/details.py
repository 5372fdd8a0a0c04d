"""What of observations is no plain number, found by datastream and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, delete, func, select

from rencheng.adapters.store import codec
from rencheng.adapters.store.schema import details
from rencheng.domain.sensing import ObservationDetails

if TYPE_CHECKING:
    from rencheng.adapters.store.unit import Transaction

_AT_ONCE = 500
"""Keys of one question; SQLite takes 32,766 values, older ones 999."""
T = TypeVar("T")


class SqlDetails:
    """The details of observations in one table."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, items: Sequence[ObservationDetails]) -> None:
        """Keep details, in place of those of the same observation."""
        connection = self._transaction.writing()
        for some in _parts(items):
            connection.execute(delete(details).where(details.c.id.in_([x.id for x in some])))
            rows = [
                {
                    "id": item.id,
                    "stream": item.datastream,
                    "at": item.at,
                    "result_at": item.result_at,
                    "feature": item.feature,
                    "is_told": int(not item.is_raw and not item.is_withdrawn),
                    "body": codec.encode(item),
                }
                for item in some
            ]
            connection.execute(details.insert(), rows)

    def of(self, keys: Iterable[str]) -> dict[str, ObservationDetails]:
        """Return the details of those observations that have some, by id."""
        found: dict[str, ObservationDetails] = {}
        for some in _parts(list(keys)):
            query = select(details.c.body).where(details.c.id.in_(some))
            found |= {item.id: item for item in self._read(query)}
        return found

    def between(
        self,
        streams: Sequence[str],
        start: int,
        end: int,
        *,
        limit: int | None = None,
        is_newest_first: bool = False,
    ) -> list[ObservationDetails]:
        """Return the details between two times, both included, by time. [µs UTC]"""
        found: list[ObservationDetails] = []
        order = details.c.at.desc() if is_newest_first else details.c.at
        for some in _parts(streams):
            query = select(details.c.body).where(
                details.c.stream.in_(some), details.c.at >= start, details.c.at <= end
            )
            found += self._read(query.order_by(order, details.c.id).limit(limit))
        found.sort(key=lambda item: item.at, reverse=is_newest_first)
        return found[:limit]

    def of_feature(self, feature: str) -> list[ObservationDetails]:
        """Return the details of the observations that are about a feature of their own."""
        query = select(details.c.body).where(details.c.feature == feature)
        return list(self._read(query.order_by(details.c.at)))

    def span(self, stream: str) -> tuple[int, int | None, int | None, int | None, int | None]:
        """Return how many are no raw values, first and last time, first and last result's."""
        own = details.c.stream == stream
        told = select(func.count(), func.min(details.c.at), func.max(details.c.at))
        count, first, last = self._row(told.where(own, details.c.is_told == 1))
        results = select(func.min(details.c.result_at), func.max(details.c.result_at))
        earliest, latest = self._row(results.where(own))
        return int(count or 0), first, last, earliest, latest

    def forget(self, stream: str) -> None:
        """Drop everything of a datastream."""
        self._transaction.writing().execute(delete(details).where(details.c.stream == stream))

    def _row(self, query: Any) -> tuple[int | None, ...]:
        return tuple(self._transaction.read(query).one())

    def _read(self, query: Select[tuple[bytes]]) -> Iterator[ObservationDetails]:
        for body in self._transaction.read(query).scalars():
            yield codec.decode(body, ObservationDetails)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
