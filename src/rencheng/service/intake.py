"""The fast way in for readings: columns in, an outcome for each row out, durable before it is told.

Nothing of this path writes to the operational store. The rules look, and everybody is told, after
the rows are durable: see `following`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, SourceUnavailableError, TooLargeError
from rencheng.domain.identity import Permission
from rencheng.domain.readings import ROW, from_us, to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.service.batches import OLDEST, require_open
from rencheng.service.following import follow_up
from rencheng.service.house import Command, Context, House, context
from rencheng.service.judging import Streams
from rencheng.service.row_store import Kept
from rencheng.service.waiting import Batch

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]
U8 = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Params = Mapping[str, str | int | float]

MAX_ROWS = 100_000
"""Rows of one batch. Chosen; no source."""
SMALL = 64
"""Rows of a batch that goes in along with those of others. Chosen: of single observations."""
MAX_WAITING = 4_000_000
"""Rows that may wait for the rules: 160 MB. Chosen."""
AHEAD = timedelta(seconds=60)
"""How far a device's clock may run ahead of the run's clock. Chosen; no source."""
ACCEPTED, SUSPECT, DUPLICATE = 0, 1, 2
REFUSED = 16
"""Codes from here on are refusals."""
REASONS = (
    "malformed", "no_id", "unknown_datastream", "not_allowed", "unit", "not_a_number", "no_zone",
    "future", "past",
)  # fmt: skip
"""Why rows are refused, by code from `REFUSED` on; the sentences stand under `ingest.<key>`."""
FIRST_US, LAST_US = (to_us(at.replace(tzinfo=UTC)) for at in (datetime.min, datetime.max))
"""The years 1 to 9999. [µs UTC]"""


def refusal(key: str) -> int:
    """Return the code of a reason for refusing a row."""
    return REFUSED + REASONS.index(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A batch of readings."""

    stream: I32
    """Row in `City.datastreams`; -1: no such stream. (n,)"""
    at: I64
    """When it was so in the world. [µs UTC] (n,)"""
    value: F64
    """In the stream's unit. (n,)"""
    ident: U64
    """64 bits of the sender's id, see `identity`; stream, time and this make it one. (n,)"""
    refused: U8 | None = None
    """Codes of rows that could not be read, 0 where they could; None: all could. (n,)"""

    def __len__(self) -> int:
        return len(self.stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of each row; accepted ones are on the disk."""

    codes: U8
    """`ACCEPTED`, `SUSPECT` (kept, with reasons against it), `DUPLICATE` (known already), or the
    code of a refusal. (n,)"""
    at: datetime
    """When the batch was heard, on the run's clock. [UTC]"""

    @property
    def accepted(self) -> int:
        """Rows kept, suspect ones included."""
        return int((self.codes <= SUSPECT).sum())

    @property
    def suspect(self) -> int:
        """Rows kept with reasons against them."""
        return int((self.codes == SUSPECT).sum())

    @property
    def duplicate(self) -> int:
        """Rows that were known already."""
        return int((self.codes == DUPLICATE).sum())

    @property
    def refused(self) -> I64:
        """Indexes of the rows that were not kept. (m,)"""
        return np.flatnonzero(self.codes >= REFUSED)

    def reason(self, city: City, columns: Columns, index: int) -> tuple[str, dict[str, str]]:
        """Return why a row was refused: the key under `ingest.`, and what its sentence needs.

        What only the sender's own form knows, such as the unit, is left to the caller.
        """
        key = REASONS[self.codes[index] - REFUSED]
        row = int(columns.stream[index])
        params = {"datastream": city.datastreams[row].id} if row >= 0 else {}
        if key in ("future", "past"):
            inside = min(max(int(columns.at[index]), FIRST_US), LAST_US)
            params["time"] = from_us(inside).isoformat()
            params["now"] = self.at.isoformat(timespec="seconds")
        return key, params


def identity(key: str) -> int:
    """Return 64 bits of a sender's id."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")


def stream_rows(house: House, city: City) -> Mapping[str, int]:
    """Return the row of each datastream by id; cheap while the streams are the same."""
    return house.heard.streams(city, house.quality).row


def take_in(
    house: House,
    command: Command,
    columns: Columns,
    *,
    batch: str = "",
    datastreams: Sequence[str] = (),
    is_history: bool = False,
) -> Taken:
    """Keep a batch of readings, each judged, and say what became of each row.

    Parameters
    ----------
    house, command
        Where, and who sends; the id of the command is not used.
    columns
        The readings, any order, of the city that `house.cities.current()` returns.
    batch
        The sender's id of the batch: sent again it gets the same answer. Empty: none.
    datastreams
        Ids that the sender may write; empty: all.
    is_history
        Whether they are of long ago: any age is good, and no rule looks at them.

    Returns
    -------
    Taken
        Durable when it returns.

    Raises
    ------
    NotAllowedError
        If the sender is no device.
    TooLargeError
        If the batch is larger than one batch may be.
    ConflictError
        If the batch's id was used for other values, or the run is over.
    SourceUnavailableError
        If the disk refuses: nothing was kept, send it again.
    """
    command.actor.must(Permission.INGEST)
    _require_room(house, columns)
    columns = _bound(house, columns, datastreams)
    sent = _Sent(columns, command.run, command.actor.id, batch)
    is_small = len(columns) <= SMALL and command.run == LIVE_RUN
    if is_small and not batch and not is_history:
        taken: Taken = house.waiting.together.done(sent, lambda many: _take_all(house, many))
        return taken
    taken, fresh = _take_rows(house, sent, is_history=is_history)
    if fresh is not None:
        _note_refusals(house, sent, taken)
        _leave(house, fresh, has_refusals=len(taken.refused) > 0, is_history=is_history)
    return taken


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch and where it comes from."""

    columns: Columns
    run: str
    sender: str
    batch: str = ""


def _take_all(house: House, sent: Sequence[_Sent]) -> list[Taken]:
    """Take in what several senders brought to the live run as one batch, and answer each."""
    parts = [one.columns for one in sent]
    columns = Columns(
        stream=np.concatenate([one.stream for one in parts]),
        at=np.concatenate([one.at for one in parts]),
        value=np.concatenate([one.value for one in parts]),
        ident=np.concatenate([one.ident for one in parts]),
        refused=np.concatenate(
            [np.zeros(len(one), np.uint8) if one.refused is None else one.refused for one in parts]
        ),
    )
    taken, fresh = _take_rows(house, _Sent(columns, LIVE_RUN, ""))
    ends = np.cumsum([len(one) for one in parts])
    answers = [Taken(codes=codes, at=taken.at) for codes in np.split(taken.codes, ends[:-1])]
    for one, answer in zip(sent, answers, strict=True):
        _note_refusals(house, one, answer)
    if fresh is not None:
        _leave(house, fresh, has_refusals=len(taken.refused) > 0)
    return answers


def _take_rows(
    house: House, sent: _Sent, *, is_history: bool = False
) -> tuple[Taken, Batch | None]:
    """Keep rows and say what is new; None: the batch came before and is told the same again."""
    columns, batch = sent.columns, sent.batch
    city = house.cities.current()
    streams = house.heard.streams(city, house.quality)
    name, mark = f"{sent.sender}/{batch}" if batch else "", _mark(columns) if batch else b""
    with house.work() as work:
        ctx = _context(house, sent.run) if sent.run == LIVE_RUN else None
        if ctx is None:
            require_open(work, sent.run)
            ctx = context(house, work, sent.run)
        readings = work.observations
        with house.waiting.intake:
            told = readings.answered(sent.run, name) if name else None
            if told is not None:
                return _told_again(told, mark, batch), None
            codes = _refusals(streams, columns, ctx, is_history=is_history)
            judge, undo = house.heard.judging(
                streams, ctx.run, lambda: readings.latest_rows(ctx.run, streams.ids)
            )
            good = np.flatnonzero(codes == ACCEPTED)

            def answer(kept: Kept) -> bytes:
                _write_outcomes(codes, good, kept)
                head = mark + to_us(ctx.at).to_bytes(8, "little", signed=True)
                return head + zlib.compress(codes.tobytes(), 1)

            try:
                kept = readings.take(
                    ctx.run, ctx.mode, streams.ids, _rows(columns, good, ctx),
                    version=streams.watched.version, judge=judge, batch=name,
                    answer=answer if name else None,
                )  # fmt: skip
            except BaseException:
                undo()
                raise
        readings.sync(ctx.run, kept)
    _write_outcomes(codes, good, kept)
    return Taken(codes=codes, at=ctx.at), Batch(ctx.run, city, kept.rows)


def _require_room(house: House, columns: Columns) -> None:
    if len(columns) > MAX_ROWS:
        raise TooLargeError(
            "ingest.size",
            f"the batch has {len(columns)} items, {MAX_ROWS} are allowed",
            hint="Send it in several batches",
            params={"count": len(columns), "most": MAX_ROWS},
        )
    if house.waiting.rows > MAX_WAITING:
        raise SourceUnavailableError(
            "intake.behind",
            f"{house.waiting.rows} readings wait for the rules",
            hint="Send the batch again in a minute",
            params={"count": house.waiting.rows, "seconds": 60},
        )


def _context(house: House, run: str) -> Context:
    """Return the live run's clock without asking the store; a clock set back is bridged."""
    with house.work() as work:
        ctx = context(house, work, run)
    steady = house.waiting.clock.at(to_us(ctx.at), monotonic())
    return Context(run=ctx.run, mode=ctx.mode, at=from_us(steady), wall=ctx.wall)


def _bound(house: House, columns: Columns, allowed: Sequence[str]) -> Columns:
    """Return the columns with rows of streams that the sender may not write refused."""
    if not allowed:
        return columns
    streams = house.heard.streams(house.cities.current(), house.quality)
    may = np.zeros(len(streams.ids) + 1, bool)
    may[-1] = True  # what is not known at all is refused for that
    may[[streams.row[one] for one in allowed if one in streams.row]] = True
    codes = np.where(may[columns.stream], ACCEPTED, refusal("not_allowed")).astype(np.uint8)
    if columns.refused is not None:
        codes = np.where(columns.refused > 0, columns.refused, codes)
    return replace(columns, refused=codes)


def _refusals(streams: Streams, columns: Columns, ctx: Context, *, is_history: bool) -> U8:
    """Return the codes of rows that cannot be kept, `ACCEPTED` elsewhere; the first reason wins."""
    stream, at = columns.stream, columns.at
    codes = np.zeros(len(columns), np.uint8)
    now, known = to_us(ctx.at), stream >= 0
    oldest = now - OLDEST // timedelta(microseconds=1)
    if not is_history:
        codes[at < oldest] = refusal("past")
    is_ahead = at > now + AHEAD // timedelta(microseconds=1)
    if is_ahead.any():  # rare: a clock that runs ahead, or a forecast
        forecasts = np.array([one.is_forecast for one in streams.streams], dtype=bool)
        is_ahead[known] &= ~forecasts[stream[known]]
    codes[is_ahead] = refusal("future")
    codes[~np.isfinite(columns.value)] = refusal("not_a_number")
    codes[~known] = refusal("unknown_datastream")
    if columns.refused is not None:
        codes = np.where(columns.refused > 0, columns.refused, codes)
    return codes


def _rows(columns: Columns, good: I64, ctx: Context) -> NDArray[np.void]:
    rows = np.zeros(len(good), ROW)
    for name in ("stream", "at", "value", "ident"):
        rows[name] = getattr(columns, name)[good]
    rows["received"] = to_us(ctx.at)
    return rows


def _write_outcomes(codes: U8, good: I64, kept: Kept) -> None:
    codes[good] = np.where(kept.is_new, ACCEPTED, DUPLICATE)
    codes[good[kept.order]] = np.where(kept.rows["reasons"] > 0, SUSPECT, ACCEPTED)


def _mark(columns: Columns) -> bytes:
    """Return what tells one batch's content from another's."""
    said = hashlib.blake2b(digest_size=16)
    for column in (columns.ident, columns.at, columns.value):
        said.update(column.tobytes())
    return said.digest()


def _told_again(told: bytes, mark: bytes, batch: str) -> Taken:
    if told[:16] != mark:
        raise ConflictError(
            "ingest.batch_reused",
            f"batch {batch!r} held other items before",
            hint="Give each batch an id of its own",
            params={"batch": batch},
        )
    at = from_us(int.from_bytes(told[16:24], "little", signed=True))
    codes = np.frombuffer(zlib.decompress(told[24:]), np.uint8)
    return Taken(codes=codes, at=at)


def _note_refusals(house: House, sent: _Sent, taken: Taken) -> None:
    """Leave what was refused of a sender to be written down."""
    refused = len(taken.refused)
    if refused:
        house.waiting.refused(sent.run, sent.sender, sent.batch, refused, taken.accepted)


def _leave(house: House, batch: Batch, *, has_refusals: bool, is_history: bool = False) -> None:
    """Leave to others what need not be done before the sender is told."""
    if len(batch.rows):
        house.waiting.put(batch, is_shown=not is_history)
    if (has_refusals or len(batch.rows)) and not house.waiting.is_followed:
        follow_up(house)
