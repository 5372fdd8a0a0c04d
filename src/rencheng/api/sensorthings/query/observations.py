"""Observations found, sorted and cut into pages, many at once wherever that can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rencheng.api.sensorthings.query import columns
from rencheng.api.sensorthings.query.columns import EVER, UNSAID, Flags, time_bounds
from rencheng.api.sensorthings.query.model import K, Source, wide
from rencheng.api.sensorthings.query.search import filter_of, ordered
from rencheng.api.sensorthings.query.syntax import (
    Binary,
    Expression,
    Order,
    Path,
    Query,
    all_of,
    moved,
    paths,
)
from rencheng.domain.sensing import Reading, Readings
from rencheng.service.register_readings import count, newest, reading_at, readings

I64 = NDArray[np.int64]
MAX_SINGLY = 200_000
"""Most observations that one request looks at one by one. Chosen: a few seconds."""
MAX_SORTED = 5_000_000
"""Most observations that one request sorts by anything but time. Chosen: 300 MB."""
_CHUNK = 4_096
"""Observations read at first where a filter may drop some. Chosen."""
_LARGEST = 262_144
Mark: TypeAlias = tuple[int, int, int]
"""Time, ident and stream of an observation: where a page ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some observations, in the order that was asked for."""

    items: tuple[Reading, ...]
    total: int | None
    """How many there are on all pages; None: not asked."""
    after: str = ""
    """Mark of the last one; empty: the page is the last one, or pages go by `$skip`."""
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class _Search:
    """What is asked, once it is known in which streams to look."""

    source: Source
    streams: tuple[str, ...]
    passes: Callable[[Readings], Flags]
    bounds: tuple[int, int]
    is_all: bool
    """Whether every observation of the streams passes."""


def page_of(
    source: Source, streams: Sequence[str], query: Query, most: int, feature: str = ""
) -> Page:
    """Return a page of the observations of some datastreams.

    Parameters
    ----------
    source
        What the caller may read.
    streams
        Ids of datastreams of both kinds.
    query
        Filter, order and place of the page; without an order: by time.
    most
        Size of the page.
    feature
        Only those about this feature of interest; empty: all.

    Raises
    ------
    RefusedError
        With 400, when too many observations would have to be looked at one by one.
    """
    search = _search(source, tuple(streams), query.where, feature)
    direction = _time_order(query.order)
    if direction is None:
        return _sorted(search, query, most)
    return _in_time(search, query, most, is_newest_first=direction)


def newest_of_each(source: Source, streams: Sequence[str], query: Query) -> dict[str, Page]:
    """Return the pages of datastreams of which the newest observation alone is asked for.

    They are read together; those of which it is not known without a search are left out.
    """
    if query.top != 1 or query.skip or query.after or query.where is not None:
        return {}
    if not _time_order(query.order):
        return {}
    found, many = newest(source.house, streams)
    return {
        one: Page(
            items=(reading_at(source.house, found, row),),
            total=count if query.count else None,
            after=_written(found, row) if count > 1 else "",
            has_more=count > 1,
        )
        for row, (one, count) in enumerate(zip(found.streams, many.tolist(), strict=True))
    }


def _search(
    source: Source, streams: tuple[str, ...], where: Expression | None, feature: str
) -> _Search:
    """Split the filter: what speaks of the stream chooses streams, the rest rows."""
    rest: list[Expression] = []
    for part in all_of(where):
        heads = {path.parts[0] for path in paths(part)}
        kind = _STREAM_KINDS.get(next(iter(heads))) if len(heads) == 1 else None
        if kind is None:
            rest.append(part)
            continue
        keeps = filter_of(source, kind, moved(part, 1))
        streams = tuple(one for one in streams if keeps(source.view.find(kind, one)))
    joined: Expression | None = None
    for part in rest:
        joined = part if joined is None else Binary("and", joined, part)
    return _Search(
        source, streams, _passes(source, joined, feature), time_bounds(joined, source.now),
        joined is None and not feature,
    )  # fmt: skip


_STREAM_KINDS = {"Datastream": K.DATASTREAMS, "MultiDatastream": K.MULTI_DATASTREAMS}


def _passes(source: Source, where: Expression | None, feature: str) -> Callable[[Readings], Flags]:
    """Return what says which rows pass: columns at once, rows with details one by one."""
    at_once = None if where is None else columns.filter_of(where, source.now)
    singly = None if where is None else filter_of(source, K.OBSERVATIONS, where)
    looked = 0

    def one_by_one(found: Readings, rows: Sequence[int], passed: Flags) -> None:
        nonlocal looked
        looked += len(rows)
        if looked > MAX_SINGLY:
            raise wide(MAX_SINGLY)
        for row in rows:
            item = reading_at(source.house, found, row)
            passed[row] = (singly is None or singly(item)) and feature in ("", item.feature)

    def passes(found: Readings) -> Flags:
        if where is None and not feature:
            return np.ones(len(found), dtype=bool)
        passed = np.ones(len(found), dtype=bool) if at_once is None else at_once(found).copy()
        if feature or (at_once is None and where is not None):
            one_by_one(found, range(len(found)), passed)
        else:
            one_by_one(found, list(found.details), passed)
        return passed

    return passes


# Pages by time ---------------------------------------------------------------------------------


def _time_order(order: Sequence[Order]) -> bool | None:
    """Return whether the newest come first; None when the order is not by time alone."""
    if not order:
        return False
    is_time = isinstance(order[0].by, Path) and order[0].by.parts == ("phenomenonTime",)
    return order[0].is_descending if is_time and len(order) == 1 else None


def _in_time(search: _Search, query: Query, most: int, *, is_newest_first: bool) -> Page:
    """Read on from the mark until the page is full; late arrivals shift nothing."""
    low, high = search.bounds
    mark = _mark(query.after)
    if mark is not None:
        low, high = (low, min(high, mark[0])) if is_newest_first else (max(low, mark[0]), high)
    wanted = query.skip + most + 1
    chunk = wanted + 1 if search.is_all else max(wanted + 1, _CHUNK)
    pieces: list[tuple[Readings, I64]] = []
    held = 0
    while low <= high and held < wanted and search.streams:
        found = readings(
            search.source.house, search.streams, low, high,
            limit=chunk, is_newest_first=is_newest_first,
        )  # fmt: skip
        rows = _ranked(found, np.flatnonzero(search.passes(found)), is_newest_first)
        if mark is not None:
            rows = rows[_is_after(found, rows, mark, is_newest_first)]
        pieces.append((found, rows))
        held += len(rows)
        if len(found) < chunk:
            break
        if is_newest_first:
            high = int(found.at.min()) - 1
        else:
            low = int(found.at.max()) + 1
        chunk = min(chunk * 4, _LARGEST)
    return _cut(search, query, most, pieces)


def _cut(search: _Search, query: Query, most: int, pieces: list[tuple[Readings, I64]]) -> Page:
    places = [(found, int(row)) for found, rows in pieces for row in rows]
    shown = places[query.skip : query.skip + most]
    has_more = most > 0 and len(places) > query.skip + most
    house = search.source.house
    return Page(
        items=tuple(reading_at(house, found, row) for found, row in shown),
        total=_total(search) if query.count else None,
        after=_written(*shown[-1]) if has_more else "",
        has_more=has_more,
    )


def _total(search: _Search) -> int:
    house, (low, high) = search.source.house, search.bounds
    if search.is_all:
        return count(house, search.streams)
    if low > high or not search.streams:
        return 0
    return int(search.passes(readings(house, search.streams, low, high)).sum())


def _keys(found: Readings) -> NDArray[np.int64]:
    """Return what orders equal times and idents of several streams. (n,)"""
    marks = np.array([crc32(one.encode()) for one in found.streams], dtype=np.int64)
    return marks[found.stream] if len(found) else np.zeros(0, np.int64)


def _ranked(found: Readings, rows: I64, is_newest_first: bool) -> I64:
    """Return rows by time, ident, stream. (n,)"""
    order = np.lexsort((_keys(found)[rows], found.ident[rows], found.at[rows]))
    return rows[order[::-1]] if is_newest_first else rows[order]


def _is_after(found: Readings, rows: I64, mark: Mark, is_newest_first: bool) -> Flags:
    """Return which rows come after a mark in their order. (n,)"""
    at, ident, key = found.at[rows], found.ident[rows], _keys(found)[rows]
    before = np.less if is_newest_first else np.greater
    is_same_time, is_same = at == mark[0], ident == np.uint64(mark[1])
    later: Flags = before(at, mark[0]) | (is_same_time & before(ident, np.uint64(mark[1])))
    later |= is_same_time & is_same & before(key, mark[2])
    return later


def _mark(text: str) -> Mark | None:
    if not text:
        return None
    parts = [int(part) for part in text.split(",")]
    return parts[0], parts[1] & (2**64 - 1), parts[2]


def _written(found: Readings, row: int) -> str:
    key = crc32(found.streams[int(found.stream[row])].encode())
    return f"{int(found.at[row])},{int(found.ident[row])},{key}"


# Pages in any other order ----------------------------------------------------------------------


def _sorted(search: _Search, query: Query, most: int) -> Page:
    """Read everything that passes and sort it; pages go by `$skip`."""
    house, (low, high) = search.source.house, search.bounds
    if count(house, search.streams) > MAX_SORTED and (low, high) == EVER:
        raise wide(MAX_SORTED)
    found = readings(house, search.streams, low, high)
    rows = np.flatnonzero(search.passes(found))
    first, last = query.skip, query.skip + most
    order = _column_order(found, rows, query.order)
    if order is not None:
        items = [reading_at(house, found, int(row)) for row in rows[order][first:last]]
    else:
        if len(rows) > MAX_SINGLY:
            raise wide(MAX_SINGLY)
        singly = [reading_at(house, found, int(row)) for row in rows]
        items = ordered(search.source, K.OBSERVATIONS, singly, query.order)[first:last]  # type: ignore[assignment]
    return Page(
        items=tuple(items),
        total=len(rows) if query.count else None,
        has_more=most > 0 and len(rows) > last,
    )


def _column_order(found: Readings, rows: I64, order: Sequence[Order]) -> I64 | None:
    """Return how rows sort by plain columns; None where they must be looked at singly. (n,)"""
    if any(row in found.details for row in rows) if found.details else False:
        return None
    keys: list[NDArray[Any]] = []
    for one in order:
        name = one.by.parts[0] if isinstance(one.by, Path) and len(one.by.parts) == 1 else ""
        column = _SORTS.get(name)
        if column is None:
            return None
        own, is_known = column(found)
        values = np.where(is_known, own, 0)[rows]
        sign = -1 if one.is_descending else 1
        keys += [is_known[rows] * sign, values * sign]
    return np.lexsort(keys[::-1])


_SORTS: dict[str, Callable[[Readings], tuple[NDArray[Any], Flags]]] = {
    "result": lambda found: (found.value, ~np.isnan(found.value)),
    "phenomenonTime": lambda found: (found.at, np.ones(len(found), dtype=bool)),
    "resultTime": lambda found: (found.result_at, found.result_at != UNSAID),
}
