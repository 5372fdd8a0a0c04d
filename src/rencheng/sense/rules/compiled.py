"""Alarm rules as arrays: a cell for each condition and stream, counted by object and level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import Datastream
from rencheng.domain.watch import (
    Condition,
    Input,
    Measure,
    Selection,
    Speaks,
    WatchRule,
    figure_stream,
)

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
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
        ("lasting", "i8"), ("clear_after", "i8"), ("known", "f8"), ("window", "i8"), ("ring", "i1"),
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
class Compiled:
    """Rules over the streams of a city. A slot is one rule about one object: one alarm at most."""

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
    slot_rule: I32
    """(slots,)"""
    slot_object: I32
    """Place in the names of what the rule speaks of. (slots,)"""
    slot_first: I32
    """First tally of each slot, and the end. (slots + 1,)"""
    names: Mapping[Speaks, Sequence[str]]
    """Ids of the objects of each kind."""
    interval: I64
    """Expected time between readings. [µs] (streams,)"""
    timed: I32
    """Cells that time alone may change."""
    timed_tallies: I32
    """Tallies that time alone may change."""
    look_back_s: F64
    """How far back readings of a stream matter; -1: no rule reads it. [s] (streams,)"""

    def about(self, slot: int) -> tuple[WatchRule, str]:
        """Return the rule of a slot and the id of its object."""
        rule = self.rules[self.slot_rule[slot]]
        return rule, self.names[rule.speaks][self.slot_object[slot]]


@dataclass(slots=True)
class _Parts:
    """What is gathered rule by rule."""

    conditions: list[tuple[Any, ...]]
    cells: list[I64]
    """(cells, 4): condition, stream, other stream, tally."""
    tallies: list[Table]
    slots: list[I64]
    """(slots, 2): rule, object."""
    count: int = 0
    """Tallies so far."""
    slot_count: int = 0


class Ground(Protocol):
    """Zones, as far as rules know them."""

    @property
    def id(self) -> I32:
        """Ids. (zones,)"""
        ...

    @property
    def code(self) -> tuple[str, ...]:
        """Codes of the administrative units. (zones,)"""
        ...


class Place(Protocol):
    """A city, as far as rules know it."""

    @property
    def datastreams(self) -> tuple[Datastream, ...]:
        """Streams in rows."""
        ...

    @property
    def zones(self) -> Ground:
        """Zones in rows."""
        ...


def compiled(rules: Sequence[WatchRule], city: Place) -> Compiled:
    """Lay the rules that read streams over the streams of a city.

    Rules on the state read the house's own streams of its figures, where the place has them. Rules
    on forecasts and tables that bulletins are read by have no cells; `foreseen` reads the first.
    """
    streams = city.datastreams
    names, codes = objects_of(city)
    row_of = {one.id: row for row, one in enumerate(streams)}
    read: dict[Selection, I64] = {}
    parts = _Parts([], [], [], [])
    for number, rule in enumerate(rules):
        if rule.input in (Input.OBSERVATION, Input.STATE):
            _add(parts, number, rule, codes[rule.speaks], streams, row_of, read)
    return _packed(rules, streams, names, parts)


def objects_of(city: Place) -> tuple[dict[Speaks, Sequence[str]], dict[Speaks, I64]]:
    """Return ids by kind of object, and the one that each stream belongs to; -1: none."""
    streams, zones = city.datastreams, city.zones
    district = [district_of(code) for code in zones.code]
    districts = sorted({one for one in district if one})
    of_zone = np.array([districts.index(d) if d else -1 for d in district], dtype=np.int64)
    zone = np.array([one.zone for one in streams], dtype=np.int64)
    is_in = zone >= 0
    assets = {one.asset: None for one in streams if one.asset}
    place = {name: number for number, name in enumerate(assets)}
    names: dict[Speaks, Sequence[str]] = {
        Speaks.STREAM: [one.id for one in streams],
        Speaks.ZONE: [f"zone:{int(one)}" for one in zones.id],
        Speaks.DISTRICT: [f"district:{one}" for one in districts],
        Speaks.CITY: [ALL],
        Speaks.OBJECT: list(assets),
    }
    by_district = np.full(len(streams), -1, dtype=np.int64)
    by_district[is_in] = of_zone[zone[is_in]]
    codes = {
        Speaks.STREAM: np.arange(len(streams)),
        Speaks.ZONE: zone,
        Speaks.DISTRICT: by_district,
        Speaks.CITY: np.zeros(len(streams), np.int64),
        Speaks.OBJECT: np.array([place.get(one.asset, -1) for one in streams], dtype=np.int64),
    }
    return names, codes


def district_of(code: str) -> str:
    """Return the district of a zone's code: what stands before a dot, six digits at most.

    Examples
    --------
    >>> district_of("440305001"), district_of("04101.12"), district_of("")
    ('440305', '04101', '')
    """
    head = code.partition(".")[0]
    return head[:6] if head.isdigit() else head


def selected(select: Selection, streams: Sequence[Datastream], *, forecast: bool = False) -> I64:
    """Return the rows of the streams that a condition reads. (n,)

    A stream that expects nothing any more, its interval is infinite, is read by none.
    """
    wanted = (figure_stream(select.figure, "*"),) if select.figure else select.streams
    exact = {one for one in wanted if not one.endswith("*")}
    heads = tuple(one[:-1] for one in wanted if one.endswith("*"))
    rows = [
        row
        for row, one in enumerate(streams)
        if (select.quantity is None or one.quantity is select.quantity)
        and one.is_forecast is forecast
        and isfinite(one.interval_s)
        and (not wanted or one.id in exact or (heads and one.id.startswith(heads)))
    ]
    return np.array(rows, dtype=np.int64)


def _add(
    parts: _Parts,
    number: int,
    rule: WatchRule,
    code: I64,
    streams: Sequence[Datastream],
    row_of: Mapping[str, int],
    read: dict[Selection, I64],
) -> None:
    """Add one rule's slots, tallies and cells."""
    flat = [(step, one) for step, each in enumerate(rule.steps) for one in each.conditions]
    first = len(parts.conditions)
    parts.conditions += [_condition(one) for _, one in flat]
    rows = []
    for _, one in flat:
        if one.select not in read:
            read[one.select] = selected(one.select, streams)
        own = read[one.select]
        rows.append(own[code[own] >= 0])
    about = np.unique(np.concatenate([code[own] for own in rows]))
    table = np.zeros((len(about), len(flat)), TALLY)
    for j, ((step, one), own) in enumerate(zip(flat, rows, strict=True)):
        place = np.searchsorted(about, code[own])
        cells = np.empty((len(own), 4), dtype=np.int64)
        cells[:, 0], cells[:, 1], cells[:, 2] = first + j, own, row_of.get(one.minus, -1)
        cells[:, 3] = parts.count + place * len(flat) + j
        parts.cells.append(cells)
        table["size"][:, j] = np.bincount(place, minlength=len(about))
        for key, value in (
            ("need", max(1, one.at_least)), ("within", int(one.within_s * US)),
            ("share", one.share), ("known", one.least_known), ("step", step),
            ("condition", first + j),
        ):  # fmt: skip
            table[key][:, j] = value
    table["slot"] = parts.slot_count + np.arange(len(about))[:, None]
    parts.tallies.append(table.ravel())
    parts.slots.append(np.column_stack([np.full(len(about), number), about]))
    parts.count += table.size
    parts.slot_count += len(about)


def _condition(one: Condition) -> tuple[Any, ...]:
    # A sum or a maximum known in part is not smaller than what is known: it may raise, not clear.
    grows = one.measure in (Measure.SUM, Measure.MAX) and not one.is_below
    falls = one.measure is Measure.MIN and one.is_below
    return (
        MEASURES.index(one.measure), one.is_below,
        not (grows or falls or one.measure is Measure.CHANGE), one.at,
        one.at if one.clear is None else one.clear, int(one.lasting_s * US),
        int(one.clear_after_s * US), one.least_known, int(one.window_s * US),
        _RINGS.get(one.measure, -1),
    )  # fmt: skip


def _packed(
    rules: Sequence[WatchRule],
    streams: tuple[Datastream, ...],
    names: Mapping[Speaks, Sequence[str]],
    parts: _Parts,
) -> Compiled:
    condition = np.array(parts.conditions, CONDITION)
    tally = np.concatenate([np.empty(0, TALLY), *parts.tallies])
    tally["first"] = np.append(0, np.cumsum(tally["size"]))[:-1]
    raw = np.concatenate([np.empty((0, 4), np.int64), *parts.cells])
    raw = raw[np.argsort(raw[:, 3], kind="stable")]
    cell = np.zeros(len(raw), CELL)
    for j, key in enumerate(("condition", "stream", "minus", "tally")):
        cell[key] = raw[:, j]
    own = condition[cell["condition"]]
    cell["ring"], rings = _rings(cell, own)
    rows = np.concatenate([cell["stream"], cell["minus"]])
    which = np.tile(np.arange(len(cell), dtype=np.int32), 2)[rows >= 0]
    rows = rows[rows >= 0]
    by_stream = np.argsort(rows, kind="stable")
    edges = np.arange(len(streams) + 1)
    interval = np.array([int(min(one.interval_s, 1e9) * US) for one in streams], dtype=np.int64)
    look_back = np.full(len(streams), -1.0)
    span = own["window"] + own["lasting"] + own["clear_after"] + tally["within"][cell["tally"]]
    span = (span + 2 * SILENT * interval[cell["stream"]]) / US
    for key in ("stream", "minus"):
        is_there = cell[key] >= 0
        np.maximum.at(look_back, cell[key][is_there], span[is_there])
    is_silence = own["measure"] == MEASURES.index(Measure.SILENCE)
    timed = is_silence | (own["lasting"] > 0) | (own["clear_after"] > 0)
    slots = np.concatenate([np.empty((0, 2), np.int64), *parts.slots]).astype(np.int32)
    return Compiled(
        rules=tuple(rules),
        streams=streams,
        conditions=condition,
        cells=cell,
        touch_first=np.searchsorted(rows[by_stream], edges).astype(np.int32),
        touch=which[by_stream],
        rings=rings,
        ring_first=np.searchsorted(rings["stream"], edges).astype(np.int32),
        tallies=tally,
        slot_rule=slots[:, 0],
        slot_object=slots[:, 1],
        slot_first=np.searchsorted(tally["slot"], np.arange(len(slots) + 1)).astype(np.int32),
        names=names,
        interval=interval,
        timed=np.flatnonzero(timed).astype(np.int32),
        timed_tallies=np.flatnonzero((tally["within"] > 0) | (tally["share"] > 0)).astype(np.int32),
        look_back_s=look_back,
    )


def _rings(cell: Table, own: Table) -> tuple[I64, Table]:
    """Return the ring of each cell, and all rings sorted by stream: cells share what is alike."""
    width = np.maximum(1, own["window"] // BINS)
    key = np.column_stack([cell["stream"], own["ring"], width]).astype(np.int64)
    is_windowed = own["ring"] >= 0
    found, back = np.unique(key[is_windowed], axis=0, return_inverse=True)
    ring = np.full(len(cell), -1, dtype=np.int64)
    ring[is_windowed] = back.ravel()
    rings = np.zeros(len(found), RING)
    for j, name in enumerate(("stream", "kind", "width")):
        rings[name] = found[:, j]
    return ring, rings


def tallies_of(rules: Compiled, slot: int) -> range:
    """Return the tallies of a slot."""
    return range(int(rules.slot_first[slot]), int(rules.slot_first[slot + 1]))
