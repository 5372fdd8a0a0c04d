"""Readings and events in plain files, for testing rules: CSV or Parquet."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf, isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.observation import UNITS, Datastream, Quantity
from rencheng.domain.provenance import Origin
from rencheng.domain.readings import ROW, Rows, to_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


def read_series(file: Path) -> tuple[StreamsAlone, Rows]:
    """Read readings of any streams.

    Parameters
    ----------
    file
        CSV or Parquet with the columns `stream`, `time` (ISO 8601 with its zone) and `value`; also
        `quantity` (one of the house's), `reasons` (anything but empty or 0: not to be trusted).

    Raises
    ------
    InvalidInputError
        When a column is missing or rows cannot be read; the first of each kind are named.
    """
    rows = list(_records(file))
    lacking = {"stream", "time", "value"} - set(rows[0] if rows else ())
    if lacking:
        raise _refused(file, [_fault("header", "columns", ", ".join(sorted(lacking)))])
    numbers: dict[str, int] = {}
    quantity: dict[str, Quantity] = {}
    found = np.zeros(len(rows), ROW)
    wrong: dict[str, list[str]] = {}
    for place, row in enumerate(rows):
        name = str(row["stream"])
        found[place]["stream"] = numbers.setdefault(name, len(numbers))
        found[place]["reasons"] = str(row.get("reasons") or "0") not in ("0", "", "good")
        try:
            found[place]["at"] = to_us(_time(row["time"]))
        except (TypeError, ValueError):
            wrong.setdefault("time", []).append(str(place + 2))
        try:
            value = float(str(row["value"]) or nan)
            found[place]["value"] = value
            found[place]["reasons"] |= not isfinite(value)
            quantity[name] = Quantity(str(row.get("quantity") or quantity.get(name, "other")))
        except ValueError:
            wrong.setdefault("value", []).append(str(place + 2))
    if wrong:
        raise _refused(
            file,
            [
                _fault(kind, kind, ", ".join(lines[:_SHOWN]), len(lines))
                for kind, lines in wrong.items()
            ],
        )
    streams = tuple(
        _stream(name, quantity[name], np.sort(found["at"][found["stream"] == number]))
        for name, number in numbers.items()
    )
    return StreamsAlone(streams), found[np.argsort(found["at"], kind="stable")]


def read_events(file: Path) -> list[tuple[int, int]]:
    """Read what happened: CSV or Parquet with `start` and `end`, ISO 8601 with zones. [µs]"""
    rows = list(_records(file))
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


def _records(file: Path) -> Iterable[Mapping[str, object]]:
    if file.suffix == ".parquet":
        import pyarrow.parquet as pq

        return list(pq.read_table(file).to_pylist())
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def _time(value: object) -> datetime:
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if time.tzinfo is None:
        raise ValueError("the time has no zone")
    return time.astimezone(UTC)


def _stream(name: str, quantity: Quantity, at: NDArray[np.int64]) -> Datastream:
    steps = np.diff(at) / 1e6
    steps = steps[steps > 0]
    return Datastream(
        id=name, name=name, quantity=quantity, unit=UNITS.get(quantity, "1"), xy=(0.0, 0.0),
        asset="", zone=-1, interval_s=float(np.median(steps)) if len(steps) else 60.0,
        low=-inf, high=inf, rate=inf, stuck_after=0, is_vital=False, origin=Origin.OBSERVED,
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
