"""The door of devices: what is good is kept, what is bad is answered by index and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated

import msgspec
import numpy as np

from rencheng.domain.city import City
from rencheng.domain.readings import to_us
from rencheng.service.batches import IngestResult, Rejection
from rencheng.service.bulletins import BulletinItem, ingest_bulletin
from rencheng.service.damage_reports import DamageReportItem, ingest_damage_reports
from rencheng.service.house import Command, House
from rencheng.service.intake import (
    FIRST_US,
    LAST_US,
    Columns,
    Taken,
    refusal,
    take_in,
)

__all__ = [
    "BulletinItem",
    "DamageReportItem",
    "IngestResult",
    "ObservationItem",
    "Rejection",
    "ingest_bulletin",
    "ingest_damage_reports",
    "ingest_observations",
]

_UNREADABLE, _NO_ID, _UNIT, _NO_ZONE = map(refusal, ("malformed", "no_id", "unit", "no_zone"))

_NEVER = np.iinfo(np.int64).min
LONGEST = 200
"""Characters of an id. Chosen; no source."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]


class ObservationItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value as a device sends it."""

    id: Name
    datastream: Name
    value: float
    unit: Annotated[str, msgspec.Meta(max_length=LONGEST)]
    phenomenon_time: Annotated[datetime, msgspec.Meta(tz=True)]


_NOTHING = ObservationItem(
    id="-", datastream="", value=0.0, unit="", phenomenon_time=datetime(1970, 1, 1, tzinfo=UTC)
)


def ingest_observations(
    house: House,
    command: Command,
    batch: str,
    items: Sequence[ObservationItem | Rejection],
    *,
    datastreams: tuple[str, ...] = (),
) -> IngestResult:
    """Keep a batch of observations, each with a verdict beside its raw value.

    Parameters
    ----------
    house, command
        Where, and which device asks; its `id` is not used, the batch has one.
    batch
        Id of the batch, made by the sender. A second time it gets the same answer.
    items
        The values; a `Rejection` in place of one that could not even be read.
    datastreams
        Streams that the sender may write; empty: all.

    Returns
    -------
    IngestResult
        How many were accepted (suspect ones included), how many were known already, and what was
        refused. Durable when it returns.

    Raises
    ------
    NotAllowedError, TooMuchError, ConflictError, SourceUnavailableError
        As `intake.take_in` does.
    """
    city = house.cities.current()
    streams = house.heard.streams(city, house.quality)
    columns = _columns(items, streams.row, streams.units)
    taken = take_in(house, command, columns, batch=batch, datastreams=datastreams)
    return IngestResult(
        accepted=taken.accepted,
        duplicate=taken.duplicate,
        suspect=taken.suspect,
        rejected=tuple(
            _rejection(city, streams.row, items[index], columns, taken, index)
            for index in taken.refused.tolist()
        ),
    )


def _columns(
    items: Sequence[ObservationItem | Rejection],
    rows: Mapping[str, int],
    units: Sequence[str],
) -> Columns:
    count = len(items)
    refused = np.zeros(count, np.uint8)
    unread = [i for i, item in enumerate(items) if isinstance(item, Rejection)]
    read = [_NOTHING if isinstance(item, Rejection) else item for item in items]
    stream = np.array([rows.get(item.datastream, -1) for item in read], dtype=np.int32)
    ident = b"".join(blake2b(item.id.encode(), digest_size=8).digest() for item in read)
    at = np.array([_us(item.phenomenon_time) for item in read], dtype=np.int64)
    refused[(at < FIRST_US) | (at > LAST_US)] = _UNREADABLE
    refused[at == _NEVER] = _NO_ZONE
    wrong = [
        i
        for i, (item, row) in enumerate(zip(read, stream.tolist(), strict=True))
        if row >= 0 and item.unit != units[row]
    ]
    refused[wrong] = _UNIT
    refused[[i for i, item in enumerate(read) if not item.id]] = _NO_ID
    refused[unread] = _UNREADABLE
    return Columns(
        stream=stream,
        at=at,
        value=np.array([item.value for item in read], dtype=np.float64),
        ident=np.frombuffer(ident, "<u8"),
        refused=refused,
    )


def _us(time: datetime) -> int:
    """Return microseconds since 1970; `_NEVER` without a zone. [µs UTC]"""
    if time.tzinfo is None:
        return _NEVER
    # A float has room for every microsecond of the years 1685 to 2255.
    if 1700 < time.year < 2250:
        return round(time.timestamp() * 1e6)
    return to_us(time)


def _rejection(
    city: City,
    rows: Mapping[str, int],
    item: ObservationItem | Rejection,
    columns: Columns,
    taken: Taken,
    index: int,
) -> Rejection:
    if isinstance(item, Rejection):
        return Rejection(index=index, id=item.id, key=item.key, params=item.params)
    key, params = taken.reason(city, columns, index)
    params["datastream"] = item.datastream
    if key == "malformed":
        params["why"] = "Time beyond the years 1 to 9999"
    if key == "unit":
        expected = city.datastreams[rows[item.datastream]].unit
        params |= {"unit": item.unit, "expected": expected}
    return Rejection(index=index, id=item.id, key=key, params=params)
