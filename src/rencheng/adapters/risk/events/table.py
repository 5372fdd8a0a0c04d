"""Event sets: from a table, and the checks that every set passes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_numbers, as_texts
from rencheng.adapters.risk.faults import Named, fault, refuse, rows_fault
from rencheng.domain.errors import Fault
from rencheng.domain.intensity import units_of
from rencheng.domain.risk import EventHead, Events, EventSource

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Table = Mapping[str, Any]
"""Columns by name: a mapping, or a pandas DataFrame."""

COLUMNS = ("event", "lon", "lat", "intensity")
"""That a table of events must have."""
_FEW_PAIRS = 200_000
EARTH_M = 6_371_008.8
"""Mean radius of the Earth (IUGG). [m]"""
# Above what was ever recorded, to tell a wrong unit; [SI]. Winds: 113 m/s (WMO, Barrow Island
# 1996). The others are ours.
LARGEST = {
    "PGA": 60.0, "PGV": 10.0, "PGD": 50.0, "MMI": 12.0, "water_depth": 150.0, "gust_3s": 150.0,
    "wind_1min": 150.0, "wind_10min": 150.0, "SA": 200.0, "PFA": 200.0, "PFV": 50.0,
    "flow_speed": 60.0, "drift": 1.0, "roof_drift": 1.0, "ash_thickness": 100.0,
}  # fmt: skip
# A whole set below this harms nothing: its unit is doubted; [SI]. Ours; 0.01 m/s² is barely felt.
SMALLEST = {"PGA": 0.01, "SA": 0.01, "PGV": 0.001, "water_depth": 0.05, "gust_3s": 5.0,
            "wind_1min": 5.0, "wind_10min": 5.0}  # fmt: skip
_DECIMALS = 9  # of degrees; a turn by a full circle is not exact
# Control characters, breaks of lines, halves of characters: no line of a table or log holds them.
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LOOK = 1_000_000
"""Intensities that are looked at together. Ours."""


class EventSet(Protocol):
    """Events that can be told at the places of assets."""

    def at(self, lonlat: F64) -> tuple[EventSource, float]:
        """Return the events, and how far from a point an asset may lie. [deg], [m]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointwise:
    """A set with points of its own."""

    source: EventSource
    reach_m: float | None = None
    """None: as far as points lie from each other."""
    is_checked: bool = False
    """Whether what made it has looked at every part; else each block is when it is read."""

    def at(self, lonlat: F64) -> tuple[EventSource, float]:
        """Return the events; places of assets play no part."""
        del lonlat
        source = self.source if self.is_checked else Checked(self.source)
        reach = spacing_m(source.head.place) if self.reach_m is None else self.reach_m
        return source, reach


def event_table(
    table: Table, *, measure: str, unit: str, source: str = "", reach_m: float | None = None
) -> Pointwise:
    """Return the event set of a table with a row for every event and place that it reaches.

    Parameters
    ----------
    table
        Columns `event`, `lon`, `lat` [deg], `intensity` and, if known, `rate` [1/yr], which is the
        same in all rows of an event. A blank or `nan` intensity is unknown.
    measure, unit
        What the intensity is; see docs/how-to/curves.md.
    source
        Where the numbers come from.
    reach_m
        How far an asset may lie from the nearest point; None: as far as points lie from each other.

    Raises
    ------
    InvalidInputError
        With every fault: columns, unit, places, negative or doubled rows, rates that differ.
    """
    faults = unit_faults(measure, unit)
    missing = [n for n in COLUMNS if n not in table]
    if missing:
        refuse([*faults, fault("columns", "events", missing)])
    event = as_texts(column(table, "event"))
    lon, lat, x, unread = _read(table)
    rows = np.arange(2, event.size + 2)
    no_place = ~((np.abs(lon) <= 360) & (np.abs(lat) <= 90)) | (event == "")
    turned = no_place & (np.abs(lat) > 90) & (np.abs(lon) <= 90) & (event != "")
    faults += rows_fault("turned_axes", "events.lon, lat", turned, rows)
    faults += rows_fault("unread", "events.lon, lat, event", no_place & ~turned, rows)
    faults += rows_fault("unread_intensity", "events.intensity", unread, rows)
    names, first, which = np.unique(event, return_index=True, return_inverse=True)
    turn = np.argsort(np.argsort(first))  # events in the order in which they appear
    which, names = turn[which], names[np.argsort(first)]
    faults += name_faults("events.event", names)
    rate, rate_faults = _rates(table, which, names)
    faults += rate_faults
    place, point = places_of(np.column_stack([lon, lat]))
    order = np.lexsort([point, which])
    with np.errstate(over="ignore"):  # too large for what is kept: infinite, and refused below
        which, point, kept = which[order], point[order], x[order].astype(np.float32)
    again = np.r_[False, (np.diff(which) == 0) & (np.diff(point) == 0)] & ~no_place[order]
    faults += rows_fault("double_row", "events", again, rows[order])
    faults += intensity_faults(kept, measure, unit, names[which])
    refuse(faults)
    head = EventHead(
        place=place,
        rate=rate,
        names=tuple(map(str, names)),
        measure=measure,
        unit=unit,
        source=source,
    )
    start = np.searchsorted(which, np.arange(names.size + 1)).astype(np.int64)
    found = Events(head=head, start=start, point=point.astype(np.int32), intensity=kept)
    return Pointwise(source=found, reach_m=reach_m, is_checked=True)


def places_of(lonlat: F64) -> tuple[F64, I64]:
    """Return the places that differ, and which of them each row is.

    Parameters
    ----------
    lonlat
        Longitudes may go to either side of a full circle. [deg] (rows, 2)

    Returns
    -------
    place
        Longitude in [-180, 180). [deg] (places, 2)
    row
        Of `place`. Rows that agree to 1e-9 deg, 0.1 mm, are one place. (rows,)
    """
    lon, lat = lonlat.T
    beyond = (lon < -180.0) | (lon >= 180.0)
    lon = np.where(beyond, (lon + 180.0) % 360.0 - 180.0, lon)
    whole = np.column_stack([lon, lat])
    alike = np.round(whole, _DECIMALS)
    _, first, row = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    return whole[first], row.ravel().astype(np.int64)


def column(table: Table, name: str) -> NDArray[Any]:
    """Return a column: numbers as they are, all else as objects."""
    values = np.asarray(table[name])
    return values if values.dtype.kind in "biuf" else values.astype(object)


def numbers(values: NDArray[Any]) -> tuple[F64, I64]:
    """Return numbers, NaN unknown, and the rows that hold none; what is infinite stays so."""
    found, unread = as_numbers(values)
    if values.dtype == object:
        for row in np.flatnonzero(np.isnan(found)):
            try:
                number = float(values[row])
            except (TypeError, ValueError):
                continue
            found[row] = number if np.isinf(number) else np.nan
    return found, unread


def _read(table: Table) -> tuple[F64, F64, F64, NDArray[np.bool_]]:
    """Return lon, lat, intensity, and which intensities are words."""
    columns = [numbers(column(table, name)) for name in ("lon", "lat", "intensity")]
    unread = np.zeros(columns[2][0].size, dtype=bool)
    unread[columns[2][1]] = True
    return columns[0][0], columns[1][0], columns[2][0], unread


def _rates(table: Table, which: I64, names: NDArray[Any]) -> tuple[F64, list[Fault]]:
    if "rate" not in table:
        return np.full(names.size, np.nan), []
    given, unread = numbers(column(table, "rate"))
    low, high = np.full(names.size, np.inf), np.full(names.size, -np.inf)
    np.fmin.at(low, which, given)
    np.fmax.at(high, which, given)
    bad = (low < high) | (low < 0) | (high == np.inf)
    bad[which[unread]] = True
    rate = np.where(np.isinf(low), np.nan, low)
    return rate, rows_fault("rate", "events.rate", bad, names)


def unit_faults(measure: str, unit: str) -> list[Fault]:
    """Return what is wrong with a measure and its unit."""
    units = units_of(measure)
    if not units:
        return [fault("measure", "events.measure", [measure or "—"])]
    if unit not in units:
        return [fault("unit", "events.unit", [f"{unit or '—'} ({', '.join(units)})"])]
    return []


def name_faults(where: str, names: Sequence[str] | NDArray[Any]) -> list[Fault]:
    """Return the names of events that hold a character which cannot be printed, with its number."""
    bad = [name for name in names if _UNPRINTED.search(name)]
    said = [_UNPRINTED.sub(lambda hit: f"\\x{ord(hit[0]):02x}", name) for name in bad]
    return [fault("event_name", where, said)] if said else []


def intensity_faults(x: F64 | F32, measure: str, unit: str, names: Named) -> list[Fault]:
    """Return what is wrong with intensities; NaN is none: it is unknown."""
    faults = rows_fault("negative", "events.intensity", (x < 0) | np.isinf(x), names)
    too_large = np.isfinite(x) & (x > largest_of(measure, unit))
    return faults + rows_fault("too_large", "events.unit", too_large, names)


def largest_of(measure: str, unit: str) -> float:
    """Return the largest intensity that can be, in its unit; infinity where nobody says."""
    si = units_of(measure).get(unit)
    return LARGEST.get(measure.partition("(")[0], np.inf) / si if si else np.inf


def doubts(source: EventSource) -> tuple[Fault, ...]:
    """Return a doubt when the whole of a set is too small to harm anything: a unit too large.

    Sets that cannot say their largest intensity without being read are not doubted.
    """
    head = source.head
    kind = head.measure.partition("(")[0]
    if kind not in SMALLEST or head.unit not in units_of(head.measure):
        return ()
    least = SMALLEST[kind] / units_of(head.measure)[head.unit]
    largest = getattr(source, "largest", None)
    if isinstance(source, Events):
        largest = -np.inf
        for begin in range(0, source.intensity.size, _LOOK):
            largest = max(largest, greatest(source.intensity[begin : begin + _LOOK]))
            if largest >= least:
                break
    if largest is None or not 0.0 < largest < least:
        return ()
    return (fault("too_small", "events.unit", [f"{largest:.3g} {head.unit}"]),)


def greatest(x: F32) -> float:
    """Return the largest of intensities that are known; minus infinity when none is."""
    known = x[~np.isnan(x)]
    return float(known.max()) if known.size else float("-inf")


def stored_faults(
    head: EventHead, start: I64, point: I32, intensity: F32, *, first_event: int = 0
) -> list[Fault]:
    """Return what is wrong with a block of a set whose `start` begins at 0."""
    if start[-1] != point.size or point.size != intensity.size or (np.diff(start) < 0).any():
        lengths = [f"{start[-1]} / {point.size} / {intensity.size}"]
        return [fault("shape", "events", lengths)]
    of = np.repeat(np.arange(start.size - 1) + first_event, np.diff(start))
    faults = rows_fault("points", "events", (point < 0) | (point >= len(head.place)), point)
    falls = np.r_[False, (np.diff(point) <= 0) & (np.diff(of) == 0)]
    faults += rows_fault("double_row", "events", falls, point)
    return faults + intensity_faults(intensity, head.measure, head.unit, _Of(head.names, of))


@dataclass(frozen=True, slots=True)
class _Of:
    """The event of each stored intensity, by its name."""

    names: tuple[str, ...]
    rows: I64

    def __getitem__(self, row: int) -> str:
        return self.names[int(self.rows[row])]


def check_events(events: EventSource) -> None:
    """Refuse a set made by a program whose parts do not fit each other.

    Raises
    ------
    InvalidInputError
        With every fault of the whole set.
    """
    head, faults = events.head, _head_faults(events)
    if not any(one.key == "risk.shape" for one in faults):
        point, x = events.block(0, head.rate.size)
        faults += stored_faults(head, np.asarray(events.start), point, x)
    refuse(faults)


def _head_faults(events: EventSource) -> list[Fault]:
    """Return what is wrong with a set before its intensities are read."""
    head, many = events.head, events.head.rate.size
    faults = unit_faults(head.measure, head.unit)
    whole = not isinstance(events, Events) or events.start[-1] == events.point.size
    if not whole or events.start.size != many + 1 or len(head.names) != many:
        sizes = f"start {events.start.size}, rate {many}, names {len(head.names)}"
        faults.append(fault("shape", "events", [sizes]))
    bad = (head.rate < 0) | np.isinf(head.rate)
    faults += name_faults("events.event", head.names)
    return [*faults, *rows_fault("rate", "events.rate", bad, head.names)]


class Checked:
    """A set that a program made: refused where a part does not fit, as its blocks are read.

    Compiled loops trust their input; a point beyond the points would have them write anywhere.
    A block that is whole costs about 2 ns for each intensity.
    """

    def __init__(self, source: EventSource) -> None:
        refuse(_head_faults(source))
        self._source = source

    @property
    def head(self) -> EventHead:
        """Points, rates, names, unit."""
        return self._source.head

    @property
    def start(self) -> I64:
        """Where each event begins."""
        return self._source.start

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return point and intensity of the events `first` to `last` - 1."""
        given, x = self._source.block(first, last)
        start = np.asarray(self.start[first : last + 1]) - self.start[first]
        if not self._is_whole(start, given, x):
            refuse(stored_faults(self.head, start, given, x, first_event=first))
        return np.ascontiguousarray(given, np.int32), np.ascontiguousarray(x, np.float32)

    def _is_whole(self, start: I64, point: I32, x: F32) -> bool:
        if start[-1] != point.size or point.size != x.size or (np.diff(start) < 0).any():
            return False
        if not point.size:
            return True
        top = largest_of(self.head.measure, self.head.unit)
        falls = point[1:] <= point[:-1]
        edges = start[(start > 0) & (start < point.size)] - 1
        falls[edges] = False
        fits = not falls.any() and point.min() >= 0 and point.max() < len(self.head.place)
        with np.errstate(invalid="ignore"):
            return bool(
                fits and not (x < 0).any() and not (x > top).any() and not np.isinf(x).any()
            )


def on_sphere(lonlat: F64) -> F64:
    """Return places as points in space. [m] (places, 3)"""
    lon, lat = np.radians(lonlat).T
    flat = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return np.asarray(EARTH_M * flat)


def near(points: F64, places: F64, rank: int = 1) -> tuple[F64, I64]:
    """Return how far the nearest point of each place lies, and its row; with `rank` 2 the second.

    All in space, as `on_sphere` gives it. [m]
    """
    if len(points) * len(places) <= _FEW_PAIRS:  # reading SciPy takes longer than this
        apart = np.linalg.norm(places[:, None, :] - points[None, :, :], axis=2)
        row = np.argsort(apart, axis=1, kind="stable")[:, rank - 1]
        return apart[np.arange(len(places)), row], row.astype(np.int64)
    from scipy.spatial import cKDTree

    far, row = cKDTree(points).query(places, k=[rank])
    return far[:, 0], row[:, 0]


def spacing_m(place: F64) -> float:
    """Return how far a point usually lies from the next; 0 for one alone. [m]"""
    if len(place) < 2:
        return 0.0
    points = on_sphere(place)
    far, _ = near(points, points[:: max(1, len(place) // 10_000)], rank=2)
    return float(np.median(far))
