"""Alarm rules as arrays: a cell for each condition and stream, counted by object and level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.observation import Datastream
from rencheng.domain.watch import WINDOWED, Condition, Input, Measure, Selection, Speaks, WatchRule

I32 = NDArray[np.int32]
Table = NDArray[Any]

MEASURES = tuple(Measure)
BINS = 60
"""Steps that a window moves in: a window of an hour covers between 59 and 60 minutes. Chosen."""
SILENT = 3
"""Intervals of a stream after which it says nothing of now."""
US = 1_000_000
ALL = "city"
"""Object of alarms that speak of the whole city."""
RING_SUM, RING_MAX, RING_MIN, RING_FIRST = range(4)
_RINGS = {
    Measure.SUM: RING_SUM, Measure.MEAN: RING_SUM, Measure.ANOMALY: RING_SUM,
    Measure.MAX: RING_MAX, Measure.MIN: RING_MIN, Measure.CHANGE: RING_FIRST,
}  # fmt: skip

CONDITION = np.dtype(
    [
        ("measure", "i1"), ("is_below", "?"), ("needs_all", "?"), ("at", "f8"), ("clear", "f8"),
        ("lasting", "i8"), ("clear_after", "i8"), ("known", "f8"), ("window", "i8"),
    ]
)  # fmt: skip
"""`needs_all`: a window that is known in part cannot make it true. Times in µs."""
CELL = np.dtype([("condition", "i4"), ("stream", "i4"), ("ring", "i4"), ("minus", "i4"),
                 ("tally", "i4")])  # fmt: skip
"""One condition of one stream; sorted by tally."""
RING = np.dtype([("stream", "i4"), ("kind", "i1"), ("width", "i8")])
"""One window of one stream; sorted by stream. Width of a bin in µs."""
TALLY = np.dtype(
    [
        ("first", "i4"), ("size", "i4"), ("need", "i4"), ("within", "i8"), ("share", "f8"),
        ("known", "f8"), ("slot", "i4"), ("step", "i1"), ("condition", "i4"),
    ]
)  # fmt: skip
"""How many cells of one condition agree about one object; sorted by slot and step."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One rule about one object: what has at most one open alarm."""

    rule: int
    object: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """Rules over the streams of a city."""

    rules: tuple[WatchRule, ...]
    streams: tuple[Datastream, ...]
    conditions: Table
    """Of `CONDITION`."""
    cells: Table
    """Of `CELL`."""
    touch_first: I32
    """First entry of each stream in `touch`, and the end. (streams + 1,)"""
    touch: I32
    """Cells to look at when a stream speaks."""
    rings: Table
    """Of `RING`."""
    ring_first: I32
    """(streams + 1,)"""
    tallies: Table
    """Of `TALLY`."""
    slots: tuple[Slot, ...]
    slot_first: I32
    """First tally of each slot, and the end. (slots + 1,)"""
    interval: NDArray[np.int64]
    """Expected time between readings. [µs] (streams,)"""
    timed: I32
    """Cells that time alone may change."""
    timed_tallies: I32
    """Tallies that time alone may change."""
    look_back_s: NDArray[np.float64]
    """How far back readings of a stream matter; -1: no rule reads it. [s] (streams,)"""


def compiled(rules: Sequence[WatchRule], city: City) -> Compiled:
    """Lay the rules that read streams over the streams of a city.

    Rules on forecasts and tables that bulletins are read by have no cells; `foreseen` reads the
    first.
    """
    streams = city.datastreams
    row_of = {one.id: row for row, one in enumerate(streams)}
    objects = objects_of(city)
    conditions: list[tuple[Any, ...]] = []
    cells: list[tuple[int, int, int, int, int]] = []
    rings: dict[tuple[int, int, int], int] = {}
    tallies: list[tuple[Any, ...]] = []
    slots: list[Slot] = []
    starts: list[int] = []
    for number, rule in enumerate(rules):
        if rule.input is not Input.OBSERVATION:
            continue
        first = len(conditions)
        flat = [(step, one) for step, each in enumerate(rule.steps) for one in each.conditions]
        conditions += [_condition(one) for _, one in flat]
        read = [by_object(one, rule.speaks, streams, objects) for _, one in flat]
        for about in dict.fromkeys(key for found in read for key in found):
            starts.append(len(tallies))
            for index, ((step, one), found) in enumerate(zip(flat, read, strict=True)):
                own = found.get(about, [])
                tallies.append(
                    (len(cells), len(own), max(1, one.at_least), int(one.within_s * US), one.share,
                     one.least_known, len(slots), step, first + index)
                )  # fmt: skip
                for row in own:
                    ring = _ring(one, row, rings)
                    minus = row_of.get(one.minus, -1)
                    cells.append((first + index, row, ring, minus, len(tallies) - 1))
            slots.append(Slot(number, about))
    return _packed(rules, streams, conditions, cells, rings, tallies, slots, starts)


def objects_of(city: City) -> Mapping[Speaks, Sequence[str]]:
    """Return by kind the object that each zone belongs to; empty: none."""
    zones = city.zones
    return {
        Speaks.ZONE: [f"zone:{int(one)}" for one in zones.id],
        Speaks.DISTRICT: [f"district:{d}" if (d := district_of(c)) else "" for c in zones.code],
    }


def district_of(code: str) -> str:
    """Return the district of a zone's code.

    Examples
    --------
    >>> district_of("440305001"), district_of("04101.12"), district_of("")
    ('440305', '04101', '')
    """
    head = code.partition(".")[0]
    return head[:6] if head.isdigit() else head


def is_selected(select: Selection, stream: Datastream, *, forecast: bool = False) -> bool:
    """Return whether a condition reads a stream."""
    if stream.is_forecast is not forecast or select.figure:
        return False
    if select.quantity is not None and stream.quantity is not select.quantity:
        return False
    named = select.streams
    return not named or any(
        stream.id.startswith(one[:-1]) if one.endswith("*") else stream.id == one for one in named
    )


def by_object(
    condition: Condition,
    speaks: Speaks,
    streams: Sequence[Datastream],
    objects: Mapping[Speaks, Sequence[str]],
    *,
    forecast: bool = False,
) -> dict[str, list[int]]:
    """Return by object the rows of the streams that a condition reads."""
    found: dict[str, list[int]] = {}
    for row, stream in enumerate(streams):
        if not is_selected(condition.select, stream, forecast=forecast):
            continue
        if speaks is Speaks.STREAM:
            about = stream.id
        elif speaks is Speaks.CITY:
            about = ALL
        else:
            about = objects[speaks][stream.zone] if stream.zone >= 0 else ""
        if about:
            found.setdefault(about, []).append(row)
    return found


def _condition(one: Condition) -> tuple[Any, ...]:
    # A sum or a maximum known in part is not smaller than what is known: it may raise, not clear.
    grows = one.measure in (Measure.SUM, Measure.MAX) and not one.is_below
    needs_all = not (grows or one.measure is Measure.CHANGE
                     or (one.measure is Measure.MIN and one.is_below))  # fmt: skip
    return (
        MEASURES.index(one.measure), one.is_below, needs_all, one.at,
        one.at if one.clear is None else one.clear, int(one.lasting_s * US),
        int(one.clear_after_s * US), one.least_known, int(one.window_s * US),
    )  # fmt: skip


def _ring(one: Condition, row: int, rings: dict[tuple[int, int, int], int]) -> int:
    if one.measure not in WINDOWED:
        return -1
    width = max(1, int(one.window_s * US) // BINS)
    return rings.setdefault((row, _RINGS[one.measure], width), len(rings))


def _packed(
    rules: Sequence[WatchRule],
    streams: tuple[Datastream, ...],
    conditions: list[tuple[Any, ...]],
    cells: list[tuple[int, int, int, int, int]],
    rings: Mapping[tuple[int, int, int], int],
    tallies: list[tuple[Any, ...]],
    slots: list[Slot],
    starts: list[int],
) -> Compiled:
    condition, cell = np.array(conditions, CONDITION), np.array(cells, CELL)
    ring, tally = np.array(list(rings), RING), np.array(tallies, TALLY)
    order = np.argsort(ring["stream"], kind="stable")
    place = np.empty(len(ring) + 1, np.int32)
    place[order], place[-1] = np.arange(len(ring)), -1
    cell["ring"] = place[cell["ring"]]
    rows = np.concatenate([cell["stream"], cell["minus"]])
    which = np.tile(np.arange(len(cell), dtype=np.int32), 2)[rows >= 0]
    rows = rows[rows >= 0]
    by_stream = np.argsort(rows, kind="stable")
    edges = np.arange(len(streams) + 1)
    own = condition[cell["condition"]]
    is_silence = own["measure"] == MEASURES.index(Measure.SILENCE)
    timed = is_silence | (own["lasting"] > 0) | (own["clear_after"] > 0)
    interval = np.array([int(one.interval_s * US) for one in streams], dtype=np.int64)
    look_back = np.full(len(streams), -1.0)
    span = own["window"] + own["lasting"] + own["clear_after"] + tally["within"][cell["tally"]]
    span = (span + 2 * SILENT * interval[cell["stream"]]) / US
    np.maximum.at(look_back, cell["stream"], span)
    np.maximum.at(look_back, cell["minus"][cell["minus"] >= 0], span[cell["minus"] >= 0])
    return Compiled(
        rules=tuple(rules),
        streams=streams,
        conditions=condition,
        cells=cell,
        touch_first=np.searchsorted(rows[by_stream], edges).astype(np.int32),
        touch=which[by_stream].astype(np.int32),
        rings=ring[order],
        ring_first=np.searchsorted(ring["stream"][order], edges).astype(np.int32),
        tallies=tally,
        slots=tuple(slots),
        slot_first=np.array([*starts, len(tally)], dtype=np.int32),
        interval=interval,
        timed=np.flatnonzero(timed).astype(np.int32),
        timed_tallies=np.flatnonzero((tally["within"] > 0) | (tally["share"] > 0)).astype(np.int32),
        look_back_s=look_back,
    )


def tallies_of(rules: Compiled, slot: int) -> Iterator[int]:
    """Yield the tallies of a slot."""
    yield from range(int(rules.slot_first[slot]), int(rules.slot_first[slot + 1]))
