"""A GTFS feed as columns, its days of service, and how often a stop is left on one of them.

Tables and fields are those of the GTFS Schedule reference (gtfs.org). Tables are read by Arrow and
joined by codes, so that a feed of millions of stop times takes seconds.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.faults import Faults, refuse
from rencheng.adapters.cities.given import Names
from rencheng.domain.city import F64, I64, Flags
from rencheng.domain.errors import Fault
from rencheng.domain.finding import Severity

Days = NDArray[np.datetime64]
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEEDED = {
    "stops": ("stop_id", "stop_lat", "stop_lon"),
    "trips": ("trip_id", "service_id"),
    "stop_times": ("trip_id", "stop_id", "stop_sequence"),
    "calendar": ("service_id", *_WEEK, "start_date", "end_date"),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs"),
    "feed_info": (),
}
_MORE = {
    "stops": ("stop_name", "location_type"),
    "stop_times": ("departure_time", "pickup_type"),
    "feed_info": ("feed_start_date", "feed_end_date"),
}
_BOARDING = ("", "0", "4")
"""`location_type` of what people board at: a stop or platform, a boarding area."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed. Trips and services are rows of lists that are not kept."""

    stop_id: Names
    stop_name: Names
    stop_xy: F64
    """NaN where the feed gives none. [deg] (stops, 2)"""
    leave_stop: I64
    """Row of the stop of each departure that passengers may board. (departures,)"""
    leave_trip: I64
    trip_service: I64
    trip_runs: I64
    """How often the trip runs on a day of service. (trips,)"""
    week: Flags
    """(services, 7), Monday first"""
    start: Days
    end: Days
    """First and last day of the weekly pattern. (services,)"""
    change_service: I64
    """Service of each exception. (exceptions,)"""
    change_day: Days
    change_adds: Flags
    valid: tuple[np.datetime64, np.datetime64]
    """NaT: open."""

    @property
    def trips_by_service(self) -> I64:
        """Trips that run on a day of each service. (services,)"""
        size = self.start.size
        return np.bincount(self.trip_service, self.trip_runs, size).astype(np.int64)

    def running(self, days: Days) -> Flags:
        """Return which services run on which days. (days, services)"""
        weekday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
        on = self.week[:, weekday].T
        on = on & (days[:, None] >= self.start) & (days[:, None] <= self.end)
        row = {day: i for i, day in enumerate(days.tolist())}
        for service, day, adds in zip(
            self.change_service.tolist(), self.change_day.tolist(), self.change_adds.tolist(),
            strict=True,
        ):  # fmt: skip
            if day in row:
                on[row[day], service] = adds
        return np.asarray(on, dtype=np.bool_)


def service_day(feed: Feed, stated: str = "") -> np.datetime64 | None:
    """Return the weekday with the most trips, the first of several; None when none has any.

    The number of trips changes only where a pattern begins or ends or an exception stands, so the
    seven days after each of these are enough.
    """
    if stated:
        day = np.datetime64(stated, "D")
        return day if departures(feed, day).any() else None
    one = np.timedelta64(1, "D")
    turns = np.concatenate([feed.start, feed.end + one, feed.change_day, feed.change_day + one])
    turns = np.unique(np.append(turns, feed.valid[0]))
    turns = turns[~np.isnat(turns)]
    days = np.unique((turns[:, None] + np.arange(7)).ravel())
    days = days[np.is_busday(days)]
    first, last = feed.valid
    days = days[(np.isnat(first) | (days >= first)) & (np.isnat(last) | (days <= last))]
    if days.size == 0:
        return None
    trips = feed.running(days) @ feed.trips_by_service
    best = int(np.argmax(trips))
    return days[best] if trips[best] > 0 else None


def departures(feed: Feed, day: np.datetime64) -> I64:
    """Return how often passengers can leave each stop on a day. (stops,)"""
    on = feed.running(np.array([day], dtype="datetime64[D]"))[0]
    runs = np.where(on[feed.trip_service], feed.trip_runs, 0)
    size = feed.stop_id.size
    return np.bincount(feed.leave_stop, runs[feed.leave_trip], size).astype(np.int64)


def read_feed(
    source: str, file: Path, texts: Mapping[str, Callable[[], bytes]], faults: Faults
) -> Feed:
    """Read the tables of a feed.

    Raises
    ------
    InvalidInputError
        When tables or columns are missing, all of them at once.
    """
    tables = _tables(source, file, texts, faults)
    stops, times, trips = tables["stops"], tables["stop_times"], tables["trips"]
    xy = np.column_stack([_number(stops["stop_lon"]), _number(stops["stop_lat"])])
    away = (np.abs(xy[:, 0]) > 180) | (np.abs(xy[:, 1]) > 90) | (xy == 0).all(axis=1)
    xy[away] = np.nan
    service, service_name = _coded(trips["service_id"])
    trip_at = _rows(trips["trip_id"], times["trip_id"])
    stop_at = _rows(stops["stop_id"], times["stop_id"])
    faults.add(
        "gtfs_unknown_trip", Severity.WARNING, np.unique(_texts(times["trip_id"][trip_at < 0]))
    )
    faults.add(
        "gtfs_unknown_stop", Severity.WARNING, np.unique(_texts(times["stop_id"][stop_at < 0]))
    )
    late = times["departure_time"]
    bad = (late != "") & np.isnan(seconds(late))
    faults.add("gtfs_time_unread", Severity.INFO, np.unique(_texts(times["trip_id"][bad])))
    order = _number(times["stop_sequence"])
    known = (trip_at >= 0) & (stop_at >= 0)
    last = np.full(trips["trip_id"].size, -np.inf)
    np.maximum.at(last, trip_at[known], np.nan_to_num(order[known]))
    leaves = known & (times["pickup_type"] != "1")
    leaves[known] &= np.nan_to_num(order[known]) < last[trip_at[known]]
    boards = np.isin(stops["location_type"].astype(str), _BOARDING)
    boards[stop_at[known]] = True
    kept = np.flatnonzero(boards)
    new = np.full(boards.size, -1, dtype=np.int64)
    new[kept] = np.arange(kept.size)
    names = np.where(stops["stop_name"] != "", stops["stop_name"], stops["stop_id"])
    return Feed(
        stop_id=stops["stop_id"][kept],
        stop_name=names[kept],
        stop_xy=xy[kept],
        leave_stop=new[stop_at[leaves]],
        leave_trip=trip_at[leaves],
        trip_service=service,
        trip_runs=_runs(tables.get("frequencies"), trips["trip_id"], faults),
        **_calendar(tables, service_name, faults),
    )


def _calendar(tables: Mapping[str, Any], services: Names, faults: Faults) -> dict[str, Any]:
    """Return the columns of `Feed` that say on which days services run."""
    size = services.size
    week = np.zeros((size, 7), dtype=np.bool_)
    none = np.datetime64("NaT", "D")
    start, end = np.full(size, none), np.full(size, none)
    said = np.zeros(size, dtype=np.bool_)
    if "calendar" in tables:
        table = tables["calendar"]
        at = _rows(services, table["service_id"])
        here = at >= 0
        said[at[here]] = True
        week[at[here]] = np.column_stack([table[day] == "1" for day in _WEEK])[here]
        start[at[here]] = _days(table["start_date"])[here]
        end[at[here]] = _days(table["end_date"])[here]
    change = {"service_id": np.empty(0, object), "date": np.empty(0, object)}
    change |= {"exception_type": np.empty(0, object)} | dict(tables.get("calendar_dates", {}))
    at, day = _rows(services, change["service_id"]), _days(change["date"])
    here = (at >= 0) & ~np.isnat(day)
    said[at[here]] = True
    faults.add("gtfs_no_calendar", Severity.WARNING, services[~said])
    info = tables.get("feed_info", {})
    valid = tuple(
        _days(info[key])[0] if key in info and info[key].size else none
        for key in ("feed_start_date", "feed_end_date")
    )
    return {
        "week": week, "start": start, "end": end, "valid": valid, "change_service": at[here],
        "change_day": day[here], "change_adds": (change["exception_type"] == "1")[here],
    }  # fmt: skip


def _runs(table: Mapping[str, Any] | None, trips: Names, faults: Faults) -> I64:
    """Return how often each trip runs: once, or as often as `frequencies` has it. (trips,)"""
    out = np.ones(trips.size, dtype=np.int64)
    if table is None:
        return out
    at = _rows(trips, table["trip_id"])
    begin, end = seconds(table["start_time"]), seconds(table["end_time"])
    gap = _number(table["headway_secs"])
    bad = (at < 0) | ~(gap > 0) | ~(end >= begin)
    faults.add("gtfs_frequency", Severity.WARNING, _texts(table["trip_id"][bad]))
    at, times = at[~bad], np.ceil((end - begin)[~bad] / gap[~bad])
    out[at] = 0
    np.add.at(out, at, times.astype(np.int64))
    return out


def seconds(values: Names) -> F64:
    """Return times such as `25:10:00` in seconds after noon minus 12 hours; NaN: not readable.

    Examples
    --------
    >>> seconds(np.array(["25:10:00", " 7:05:00", "", "noon"], dtype=object)).tolist()
    [90600.0, 25500.0, nan, nan]
    """
    known, at = _coded(values)[::-1]
    out = np.full(known.size, np.nan)
    for i, value in enumerate(known.tolist()):
        parts = value.strip().split(":")
        if len(parts) == 3 and all(p.isdigit() for p in parts):
            hours, minutes, rest = (int(p) for p in parts)
            if minutes < 60 and rest < 60 and hours < 24 * 4:
                out[i] = hours * 3600 + minutes * 60 + rest
    found: F64 = out[at] if known.size else np.empty(0)
    return found


def _tables(
    source: str, file: Path, texts: Mapping[str, Callable[[], bytes]], faults: Faults
) -> dict[str, dict[str, Names]]:
    wrong = [_no_table(n) for n in ("stops", "trips", "stop_times") if n not in texts]
    if "calendar" not in texts and "calendar_dates" not in texts:
        wrong.append(_no_table("calendar"))
    found: dict[str, dict[str, Names]] = {}
    for name, read in texts.items():
        table = _table(name, read(), wrong, faults)
        if table is not None:
            found[name] = table
    refuse(source, file, wrong)
    return found


def _no_table(name: str) -> Fault:
    return Fault(
        where=f"{name}.txt", key="gtfs.no_table", problem="the table is not in the feed",
        hint="A feed needs stops, trips, stop_times, and calendar or calendar_dates",
    )  # fmt: skip


def _table(name: str, data: bytes, wrong: list[Fault], faults: Faults) -> dict[str, Names] | None:
    """Return the columns needed of a table as texts; what it lacks is added to `wrong`."""
    import pyarrow as pa
    from pyarrow import csv

    ragged: list[str] = []

    def skip(row: Any) -> str:
        ragged.append(f"{name}.txt:{row.number or '?'}")
        return "skip"

    head = data[:65536].split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    columns = [c.strip().strip('"').strip() for c in head.rstrip("\r").split(",")]
    lacking = [c for c in _NEEDED[name] if c not in columns]
    if lacking:
        wrong.append(
            Fault(
                where=f"{name}.txt", key="gtfs.no_column",
                problem=f"columns missing: {', '.join(lacking)}",
                hint="Write them as the GTFS reference does", count=len(lacking),
                first=tuple(lacking[:3]),
            )
        )  # fmt: skip
        return None
    wanted = [c for c in (*_NEEDED[name], *_MORE.get(name, ())) if c in columns]
    try:
        table = csv.read_csv(
            io.BytesIO(data),
            read_options=csv.ReadOptions(column_names=columns, skip_rows=1, use_threads=False),
            parse_options=csv.ParseOptions(invalid_row_handler=skip, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
            ),
        )  # fmt: skip
    except (pa.ArrowInvalid, pa.ArrowKeyError, ValueError) as error:
        if data.count(b"\n") <= 1 and not data.partition(b"\n")[2].strip():
            return {c: np.empty(0, dtype=object) for c in (*wanted, *_MORE.get(name, ()))}
        wrong.append(
            Fault(where=f"{name}.txt", key="gtfs.broken", problem=str(error)[:200],
                  hint="Export the feed again as CSV in UTF-8")
        )  # fmt: skip
        return None
    faults.add("gtfs_ragged", Severity.WARNING, ragged)
    out = {c: np.asarray(table.column(c).to_numpy(), dtype=object) for c in wanted}
    blank = np.full(table.num_rows, "", dtype=object)
    return out | {c: blank for c in _MORE.get(name, ()) if c not in out}


def _texts(values: Names) -> NDArray[np.str_]:
    return np.asarray(values, dtype=np.str_)


def _coded(values: Names) -> tuple[I64, Names]:
    """Return a code for each value, and the value of each code."""
    import pyarrow as pa

    coded = pa.array(values, pa.string()).dictionary_encode()
    known = np.asarray(coded.dictionary.to_numpy(zero_copy_only=False), dtype=object)
    return coded.indices.to_numpy().astype(np.int64), known


def _rows(ids: Names, values: Names) -> I64:
    """Return the row of each value in a list of ids, the last of equal ones; -1: not there."""
    code, known = _coded(values)
    row = {one: i for i, one in enumerate(ids.tolist())}
    at = np.array([row.get(one, -1) for one in known.tolist()], dtype=np.int64)
    found: I64 = at[code] if known.size else np.empty(0, dtype=np.int64)
    return found


def _number(values: Names) -> F64:
    code, known = _coded(values)
    out = np.full(known.size, np.nan)
    for i, value in enumerate(known.tolist()):
        try:
            out[i] = float(value)
        except ValueError:
            continue
    found: F64 = out[code] if known.size else np.empty(0)
    return found


def _days(values: Names) -> Days:
    code, known = _coded(values)
    out = np.full(known.size, np.datetime64("NaT", "D"))
    for i, value in enumerate(known.tolist()):
        text = value.strip()
        if len(text) == 8 and text.isdigit():
            try:
                out[i] = np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:]}", "D")
            except ValueError:
                continue
    return out[code] if known.size else out
