"""What of observations is no plain number, found by datastream and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Select, delete, func, select

from rencheng.adapters.store import codec
from rencheng.adapters.store.schema import details
from rencheng.domain.sensing import ObservationDetails
from rencheng.service.details_store import Span

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
                    "until": item.end,
                    "is_told": int(not item.is_raw) - int(item.is_withdrawn),
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

    def spans(self, streams: Sequence[str]) -> dict[str, Span]:
        """Return the first and the last time of those that have any, and of the results."""
        columns = details.c
        found: dict[str, Span] = {}
        for some in _parts(streams):
            query = select(
                columns.stream, func.min(columns.at), func.max(columns.until),
                func.min(columns.result_at), func.max(columns.result_at),
            ).where(columns.stream.in_(some)).group_by(columns.stream)  # fmt: skip
            rows: Any = self._transaction.read(query)
            found |= {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}
        return found

    def told(self, streams: Sequence[str]) -> int:
        """Return how many are told beside the raw values, less the raw values taken back."""
        total = 0
        for some in _parts(streams):
            query = select(func.sum(details.c.is_told)).where(details.c.stream.in_(some))
            total += int(self._transaction.read(query).scalar_one() or 0)
        return total

    def streams(self) -> set[str]:
        """Return the datastreams that have any."""
        query = select(details.c.stream).distinct()
        return set(self._transaction.read(query).scalars())

    def drop(self, keys: Sequence[str]) -> None:
        """Drop the details of observations; raw values stay as they are."""
        for some in _parts(keys):
            self._transaction.writing().execute(delete(details).where(details.c.id.in_(some)))

    def forget(self, stream: str) -> None:
        """Drop everything of a datastream."""
        self._transaction.writing().execute(delete(details).where(details.c.stream == stream))

    def _read(self, query: Select[tuple[bytes]]) -> Iterator[ObservationDetails]:
        for body in self._transaction.read(query).scalars():
            yield codec.decode(body, ObservationDetails)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
