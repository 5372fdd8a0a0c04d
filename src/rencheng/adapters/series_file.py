"""Readings and events in plain files, for testing rules: CSV, Parquet, NetCDF."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf, isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.history_import.reading import kind_of, pieces
from rencheng.adapters.history_import.tally import Tally
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.observation import UNITS, Datastream, Quantity
from rencheng.domain.provenance import Origin
from rencheng.domain.readings import ROW, Rows, to_us
from rencheng.domain.watch import STATE

if TYPE_CHECKING:
    from rencheng.adapters.history_import.maps import HistoryMap

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class NoZones:
    """Zones of a place of which only streams are known."""

    id: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamsAlone:
    """A place of which only streams are known."""

    datastreams: tuple[Datastream, ...]
    zones: NoZones = field(default_factory=NoZones)


class _Names(Mapping[str, int]):
    """Numbers of streams by name; a name that is asked for gets one."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        return self._known.setdefault(name, len(self._known))

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def read_series(file: Path, quantity: Quantity = Quantity.OTHER) -> tuple[StreamsAlone, Rows]:
    """Read readings of any streams.

    Parameters
    ----------
    file
        CSV or Parquet with the columns `datastream` (or `stream`), `time` (ISO 8601 with its zone)
        and `value`; also `quantity` (one of the house's), `reasons` (anything but empty or 0: not
        to be trusted), `issued` (of a forecast: when it was issued, and `time` is when it was to be
        so).
    quantity
        Of streams of which the file states none.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InvalidInputError
        When a column is missing or rows cannot be read; the first of each kind are named.
    """
    rows = _records(file)
    columns = set(rows[0] if rows else ())
    name = "datastream" if "datastream" in columns else "stream"
    if not {name, "time", "value"} <= columns:
        lacking = sorted({"datastream", "time", "value"} - columns)
        raise _refused(file, [_fault("header", "columns", ", ".join(lacking))])
    names, found = _Names(), np.zeros(len(rows), ROW)
    stated: dict[str, Quantity] = {}
    wrong: dict[str, list[str]] = {}
    is_ahead: dict[int, bool] = {}
    for place, row in enumerate(rows):
        stream = str(row[name])
        found[place]["stream"] = names[stream]
        if fault := _read_row(row, found[place : place + 1], stream, stated):
            wrong.setdefault(fault, []).append(str(place + 2))
        is_issued = str(row.get("issued") or "") != ""
        if is_ahead.setdefault(names[stream], is_issued) != is_issued:
            wrong.setdefault("issued", []).append(str(place + 2))
    if wrong:
        raise _refused(
            file, [_fault(key, key, ", ".join(at[:_SHOWN]), len(at)) for key, at in wrong.items()]
        )
    streams = tuple(
        _stream(one, stated.get(one, quantity), found[found["stream"] == number],
                is_forecast=is_ahead[number])
        for number, one in enumerate(names)
    )  # fmt: skip
    return StreamsAlone(streams), found[np.argsort(found["at"], kind="stable")]


def read_mapped(
    file: Path, given: HistoryMap, quantity: Quantity = Quantity.OTHER
) -> tuple[StreamsAlone, Rows]:
    """Read readings as `rencheng history import` does: CSV, Parquet or NetCDF, by a map.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InvalidInputError
        When columns are missing or rows cannot be read; the first of each kind are named.
    """
    names, tally = _Names(), Tally()
    parts = [np.zeros(0, ROW)]
    for piece in pieces(file, given, names, tally):
        rows = np.zeros(len(piece.at), ROW)
        rows["stream"], rows["at"], rows["value"] = piece.stream, piece.at, piece.value
        rows["received"] = piece.at
        parts.append(rows)
    if tally.counts:
        raise _refused(file, list(tally.faults()))
    found = np.concatenate(parts)
    streams = tuple(
        _stream(one, quantity, found[found["stream"] == number], is_forecast=False)
        for number, one in enumerate(names)
    )
    return StreamsAlone(streams), found[np.argsort(found["at"], kind="stable")]


def read_events(file: Path) -> list[tuple[int, int]]:
    """Read what happened: CSV or Parquet with `start` and `end`, ISO 8601 with zones. [µs]"""
    rows = _records(file)
    if not rows or not {"start", "end"} <= set(rows[0]):
        raise _refused(file, [_fault("header", "columns", "start, end")])
    found, wrong = [], []
    for place, row in enumerate(rows):
        try:
            start, end = to_us(_time(row["start"])), to_us(_time(row["end"]))
            if end < start:
                raise ValueError("it ends before it starts")
            found.append((start, end))
        except (TypeError, ValueError):
            wrong.append(str(place + 2))
    if wrong:
        raise _refused(file, [_fault("time", "time", ", ".join(wrong[:_SHOWN]), len(wrong))])
    return sorted(found)


def _read_row(
    row: Mapping[str, object], found: Rows, stream: str, stated: dict[str, Quantity]
) -> str:
    """Fill in a row; return what kind of fault it has, empty: none."""
    found["reasons"] = str(row.get("reasons") or "0") not in ("0", "", "good")
    try:
        found["at"] = to_us(_time(row["time"]))
        found["received"] = to_us(_time(row.get("issued") or row["time"]))
    except (TypeError, ValueError):
        return "time"
    try:
        value = float(str(row["value"] if row["value"] is not None else "") or nan)
        found["value"] = value
        found["reasons"] |= not isfinite(value)
        if row.get("quantity"):
            stated[stream] = Quantity(str(row["quantity"]))
    except ValueError:
        return "value"
    return ""


def _records(file: Path) -> list[Mapping[str, object]]:
    kind = kind_of(file)
    if kind == "netcdf":
        raise _refused(file, [_fault("file", "map", file.name)])
    if kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return list(pq.read_table(file).to_pylist())
        except pa.ArrowInvalid as error:
            raise _refused(file, [_fault("file", "unreadable", str(error)[:200])]) from error
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            return list(csv.DictReader(handle))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(file, [_fault("file", "unreadable", str(error)[:200])]) from error


def _time(value: object) -> datetime:
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if time.tzinfo is None:
        raise ValueError("the time has no zone")
    return time.astimezone(UTC)


def _stream(name: str, quantity: Quantity, rows: Rows, *, is_forecast: bool) -> Datastream:
    steps = np.diff(np.sort(rows["at"])) / 1e6
    steps = steps[steps > 0]
    about = name.removeprefix(STATE).partition("/")[2] if name.startswith(STATE) else ""
    return Datastream(
        id=name, name=name, quantity=quantity, unit=UNITS.get(quantity, "1"), xy=(0.0, 0.0),
        asset=about, zone=-1, interval_s=float(np.median(steps)) if len(steps) else 60.0,
        low=-inf, high=inf, rate=inf, stuck_after=0, is_vital=False, origin=Origin.OBSERVED,
        is_forecast=is_forecast,
    )  # fmt: skip


def _fault(where: str, kind: str, first: str, count: int = 1) -> Fault:
    return Fault(
        where=where, key=f"series.{kind}", problem=first, hint="See docs/how-to/alarm-rules.md",
        count=count, first=(first,),
    )  # fmt: skip


def _refused(file: Path, faults: list[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "series.file",
        f"{file.name} cannot be used",
        hint="Mend the rows named",
        params={"file": file.name, "count": len(faults)},
        faults=faults,
    )
