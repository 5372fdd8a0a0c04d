"""Observations as the standard tells them: raw values of the live run and what lies beside."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import QualityReason
from rencheng.domain.readings import ROW, Rows, to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.sensing import (
    DatastreamResource,
    EntityKind,
    HistoricalLocation,
    MultiDatastream,
    ObservationDetails,
    Reading,
    Readings,
    Thing,
)
from rencheng.service.house import House
from rencheng.service.ports import UnitOfWork
from rencheng.service.register import register_of
from rencheng.service.register_index import Index, absent

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Span = tuple[int, int]
UNSAID = np.iinfo(np.int64).min
"""In `Readings.result_at`: not said."""
EVER = (-(2**62), 2**62)
"""From the beginning of time to its end. [µs UTC]"""
MARK = np.uint64(0x5254)
"""First 16 bits of `ident` where a value came in by this door: then its last two bits speak."""
HASH = np.uint64((1 << 46) - 1)
"""Bits of an `ident` between them, which tell observations of one stream and time apart."""
AT_ONCE, WITH_DETAILS = np.uint64(1), np.uint64(2)
"""Last bits of such an `ident`: the result was made at the phenomenon's time; there are details."""
MOVED = "~"
"""Ends the id of the details that take a raw value back because its time was corrected."""
_REASONS = tuple(QualityReason)


def readings(
    house: House,
    streams: Sequence[str],
    start: int = EVER[0],
    end: int = EVER[1],
    *,
    limit: int | None = None,
    is_newest_first: bool = False,
) -> Readings:
    """Return observations of datastreams between two times, both included, sorted by time.

    Parameters
    ----------
    streams
        Ids of datastreams of both kinds.
    start, end
        Of the begin of the phenomenon. [µs UTC]
    limit
        At least so many, if there are, and all that share the last one's time; None: all.
    is_newest_first
        Sort from `end` back instead of from `start` on.
    """
    names = tuple(dict.fromkeys(streams))
    with house.work() as work:
        spans = work.observations.spans(LIVE_RUN, names)
        noted = register_of(house).noted(names)
        reach = _reach(work, spans, noted, start, end)
        if reach is None:
            return _joined(names, np.empty(0, ROW), [], is_newest_first=is_newest_first)
        low, high = reach
        width = high - low
        if limit is not None and is_newest_first and not noted:
            names, width = _with_newest(names, spans, limit, high, width)
        elif limit is not None:
            width = int(width * 1.5 * limit / max(_told(work, spans, noted), 1)) + 1_000_000
        while True:
            width = min(width, high - low)
            window = (high - width, high) if is_newest_first else (low, low + width)
            rows = work.observations.rows(LIVE_RUN, names, *window)
            notes = work.details.between(noted, *window) if noted else []
            found = _joined(names, rows, notes, is_newest_first=is_newest_first)
            if width >= high - low or (limit is not None and len(found) >= limit):
                return found
            width *= 4


def reading(house: House, key: str) -> Reading:
    """Return one observation by its id (`<datastream>@<µs>-<hash>`), or raise `NotFoundError`."""
    stream, at, _ = parts_of(key)
    beside = None
    if register_of(house).noted((stream,)):
        with house.work() as work:
            beside = work.details.of((key,)).get(key)
    at = at if beside is None else beside.at
    found = readings(house, (stream,), at, at)
    for row in range(len(found)):
        one = reading_at(house, found, row)
        if one.id == key:
            return one
    raise absent(EntityKind.OBSERVATIONS, key)


def reading_at(house: House, found: Readings, row: int) -> Reading:
    """Return one row of what was found."""
    stream, at = found.streams[int(found.stream[row])], int(found.at[row])
    own, value = found.details.get(row), float(found.value[row])
    index = register_of(house).index()
    return Reading(
        id=own.id if own else id_of(stream, at, int(found.ident[row])),
        datastream=stream,
        is_multi=index.find(EntityKind.MULTI_DATASTREAMS, stream) is not None,
        at=at,
        end=int(found.end[row]),
        result=own.result if own else (int(value) if value.is_integer() else value),
        result_at=None if found.result_at[row] == UNSAID else int(found.result_at[row]),
        result_quality=_quality(found, row, own),
        valid_time=own.valid_time if own else None,
        parameters=own.parameters if own else {},
        feature=(own.feature if own else "") or feature_of(index, stream, at),
    )


def plain_reading(house: House, stream: str, at: int, value: float, ident: int) -> Reading:
    """Return what was just kept of a datastream without details, with nothing against it."""
    rows = np.zeros(1, ROW)
    rows["at"], rows["value"], rows["ident"] = at, value, ident
    return reading_at(house, _columns((stream,), rows), 0)


def count(house: House, streams: Sequence[str]) -> int:
    """Return how many observations datastreams have in all."""
    names = tuple(dict.fromkeys(streams))
    with house.work() as work:
        spans = work.observations.spans(LIVE_RUN, names)
        return _told(work, spans, register_of(house).noted(names))


def newest(house: House, streams: Sequence[str]) -> tuple[Readings, I64]:
    """Return the newest observation of each datastream of which it is known without a search.

    Left out is what has none, what has details, and where several share the last time.

    Returns
    -------
    found
        One row for each datastream told, in the order in which they were given.
    count
        How many observations each of them has. (n,)
    """
    names = tuple(dict.fromkeys(streams))
    noted = set(register_of(house).noted(names))
    with house.work() as work:
        many = work.observations.spans(LIVE_RUN, names)[:, 0]
        last, same = work.observations.newest(LIVE_RUN, names)
    is_plain = np.array([one not in noted for one in names], dtype=bool)
    told = np.flatnonzero((last["stream"] >= 0) & (same == 1) & is_plain)
    rows = last[told]
    rows["stream"] = np.arange(len(told))
    own = tuple(names[n] for n in told.tolist())
    return _columns(own, rows), many[told]


def feature_of(index: Index, stream: str, at: int) -> str:
    """Return the feature at the place where the thing of a datastream was; empty: none known."""
    item = index.find(EntityKind.DATASTREAMS, stream) or index.find(
        EntityKind.MULTI_DATASTREAMS, stream
    )
    if not isinstance(item, DatastreamResource | MultiDatastream):
        return ""
    for place in places_at(index, item.thing, at):
        for key in index.pointing(EntityKind.LOCATIONS, place, "FeaturesOfInterest"):
            return key
    return ""


def places_at(index: Index, key: str, at: int) -> tuple[str, ...]:
    """Return the locations of a thing at a time; before the first known move, the first."""
    thing = index.find(EntityKind.THINGS, key)
    if not isinstance(thing, Thing):
        return ()
    past = [
        (to_us(one.time), one.locations)
        for name in index.related(EntityKind.THINGS, key, "HistoricalLocations")
        if isinstance(one := index.find(EntityKind.HISTORICAL_LOCATIONS, name), HistoricalLocation)
    ]
    if not past:
        return thing.locations
    past.sort(key=lambda one: one[0])
    before = [places for since, places in past if since <= at]
    return before[-1] if before else past[0][1]


def streams_at(index: Index, place: str) -> tuple[str, ...]:
    """Return the datastreams of both kinds of the things that are or were at a location."""
    if index.find(EntityKind.LOCATIONS, place) is None:
        return ()
    things = dict.fromkeys(index.related(EntityKind.LOCATIONS, place, "Things"))
    for name in index.related(EntityKind.LOCATIONS, place, "HistoricalLocations"):
        past = index.find(EntityKind.HISTORICAL_LOCATIONS, name)
        if isinstance(past, HistoricalLocation):
            things[past.thing] = None
    there = (one for one in things if index.find(EntityKind.THINGS, one) is not None)
    kinds = ("Datastreams", "MultiDatastreams")
    found = (
        x for one in there for kind in kinds for x in index.related(EntityKind.THINGS, one, kind)
    )
    return tuple(dict.fromkeys(found))


def id_of(stream: str, at: int, ident: int) -> str:
    """Return the id of an observation."""
    return f"{stream}@{at}-{ident:016x}"


def ident_of(text: str, *, is_at_once: bool = False) -> int:
    """Return what makes an observation with details one and the same, from all that tells it."""
    mixed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
    bits = int(WITH_DETAILS) | (int(AT_ONCE) if is_at_once else 0)
    return (int(MARK) << 48) | ((mixed & int(HASH)) << 2) | bits


def parts_of(key: str) -> tuple[str, int, int]:
    """Return datastream, time and hash of an observation's id, or raise `NotFoundError`."""
    stream, _, rest = key.rpartition("@")
    at, _, ident = rest.rpartition("-")
    try:
        return stream, int(at), int(ident.removesuffix(MOVED), 16)
    except ValueError:
        raise absent(EntityKind.OBSERVATIONS, key) from None


# Inside ----------------------------------------------------------------------------------------


def _with_newest(
    names: tuple[str, ...], spans: I64, limit: int, high: int, width: int
) -> tuple[tuple[str, ...], int]:
    """Return the streams in which the newest observations lie, and how far back they reach.

    The newest of each stream is known: so many of them lie at or after a time, and a stream whose
    newest is older has none of the newest. Where there are fewer streams, the width is guessed.
    """
    last = np.where(spans[:, 0] > 0, spans[:, 2], EVER[0])
    inside = last[(last <= high) & (last > EVER[0])]
    if len(inside) < limit:
        many = max(int(spans[:, 0].sum()), 1)
        return names, int(width * 1.5 * limit / many) + 1_000_000
    low = int(np.partition(inside, len(inside) - limit)[len(inside) - limit])
    if low < high - width:
        return names, width
    return tuple(names[n] for n in np.flatnonzero(last >= low).tolist()), high - low


def _reach(work: UnitOfWork, spans: I64, noted: Sequence[str], start: int, end: int) -> Span | None:
    """Return the part of an interval in which something lies, None: nothing does."""
    heard = spans[spans[:, 0] > 0]
    first, last = ([int(heard[:, 1].min())], [int(heard[:, 2].max())]) if len(heard) else ([], [])
    if noted:
        between = work.details.between
        first += [one.at for one in between(noted, start, end, limit=1)]
        last += [one.at for one in between(noted, start, end, limit=1, is_newest_first=True)]
    if not first:
        return None
    low, high = max(start, min(first)), min(end, max(last))
    return (low, high) if low <= high else None


def _told(work: UnitOfWork, spans: I64, noted: Sequence[str]) -> int:
    return int(spans[:, 0].sum()) + (work.details.told(noted) if noted else 0)


def _joined(
    names: tuple[str, ...],
    rows: Rows,
    notes: Sequence[ObservationDetails],
    *,
    is_newest_first: bool,
) -> Readings:
    """Put raw values and what lies beside them together; what was taken back is left out."""
    if not notes:
        order = np.lexsort((rows["ident"], rows["stream"], rows["at"]))
        return _columns(names, rows[order[::-1] if is_newest_first else order])
    beside = {(one.datastream, one.at, parts_of(one.id)[2]): one for one in notes if one.is_raw}
    alone = [one for one in notes if not one.is_raw and not one.is_withdrawn]
    own: dict[int, ObservationDetails] = {}
    if beside:
        times = np.array([at for _, at, _ in beside], dtype=np.int64)
        for row in np.flatnonzero(np.isin(rows["at"], times)).tolist():
            one = rows[row]
            key = (names[int(one["stream"])], int(one["at"]), int(one["ident"]))
            if key in beside:
                own[row] = beside[key]
    place = {name: i for i, name in enumerate(names)}
    more = np.zeros(len(alone), ROW)
    more["stream"] = [place[one.datastream] for one in alone]
    more["at"] = [one.at for one in alone]
    more["ident"] = np.array([parts_of(one.id)[2] for one in alone], dtype=np.uint64)
    own |= {len(rows) + i: one for i, one in enumerate(alone)}
    every = np.concatenate([rows, more])
    end, value = every["at"].copy(), every["value"].copy()
    result_at = np.where(says(every["ident"], AT_ONCE), every["at"], UNSAID)
    stays = np.ones(len(every), bool)
    for row, one in own.items():
        end[row], stays[row] = one.end, not one.is_withdrawn
        value[row] = one.result if _is_number(one.result) else np.nan
        result_at[row] = UNSAID if one.result_at is None else one.result_at
    order = np.lexsort((every["ident"], every["stream"], every["at"]))
    order = order[stays[order]]
    order = order[::-1] if is_newest_first else order
    return Readings(
        streams=names,
        stream=every["stream"][order],
        at=every["at"][order],
        end=end[order],
        value=value[order],
        result_at=result_at[order],
        ident=every["ident"][order],
        reasons=every["reasons"][order],
        details={i: own[row] for i, row in enumerate(order.tolist()) if row in own} if own else {},
    )


def _columns(names: tuple[str, ...], rows: Rows) -> Readings:
    """Return raw values without anything beside them."""
    return Readings(
        streams=names,
        stream=rows["stream"],
        at=rows["at"],
        end=rows["at"],
        value=rows["value"],
        result_at=np.where(says(rows["ident"], AT_ONCE), rows["at"], UNSAID),
        ident=rows["ident"],
        reasons=rows["reasons"],
        details={},
    )


def says(ident: U64, bit: np.uint64) -> NDArray[np.bool_]:
    """Return which values came in by this door and say so in a bit of their `ident`. (n,)"""
    return np.asarray(((ident >> np.uint64(48)) == MARK) & ((ident & bit) != 0), dtype=np.bool_)


def _quality(found: Readings, row: int, own: ObservationDetails | None) -> Any:
    """Return what the sender said of the quality, else the verdict on a raw value."""
    if own is not None and (own.result_quality is not None or not own.is_raw):
        return own.result_quality
    bits = int(found.reasons[row])
    reasons = [one.value for i, one in enumerate(_REASONS) if bits >> i & 1]
    verdict: Mapping[str, Any] = {"verdict": "suspect" if reasons else "good"}
    return {**verdict, "reasons": reasons} if reasons else verdict


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
