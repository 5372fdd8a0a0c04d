"""Read NetCDF with the conventions CF: times with units and calendar, values with units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.history_import.maps import Column, HistoryMap
from rencheng.adapters.history_import.tally import Tally
from rencheng.adapters.history_import.times import UNREAD
from rencheng.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from rencheng.adapters.history_import.reading import Piece

ROWS = 100_000
"""Readings that are read at a time. Chosen."""
# Units by definition (SI brochure, 9th edition; UDUNITS-2 names): factor and offset to the second.
_UNITS: dict[str, tuple[float, float]] = {
    "m": (1.0, 0.0), "meter": (1.0, 0.0), "metre": (1.0, 0.0), "cm": (0.01, 0.0),
    "mm": (1.0, 0.0), "kg m-2": (1.0, 0.0), "K": (1.0, -273.15), "kelvin": (1.0, -273.15),
    "degC": (1.0, 0.0), "degree_Celsius": (1.0, 0.0), "celsius": (1.0, 0.0),
    "Pa": (0.001, 0.0), "hPa": (0.1, 0.0), "kPa": (1.0, 0.0), "1": (1.0, 0.0),
}  # fmt: skip
"""Of a file's unit to the house's unit of the same quantity (m, mm, °C, kPa)."""
_CALENDARS = {"standard", "gregorian", "proleptic_gregorian"}


def variables_of(file: Path) -> list[str]:
    """Return the names of a file's variables."""
    import netCDF4

    with netCDF4.Dataset(file) as opened:
        return list(opened.variables)


def netcdf_pieces(
    file: Path, given: HistoryMap, row_of: Mapping[str, int], tally: Tally, *, skip: int
) -> Iterator[Piece]:
    """Yield the readings of a file; a row is a step of time.

    A variable has the dimension of time alone, or time and one more, whose names stand in the
    variable that the map calls `stream`.
    """
    import netCDF4

    with netCDF4.Dataset(file) as opened:
        at = _times(opened[given.time])
        tally.add_rows("time", np.flatnonzero(at == UNREAD) + 1)
        dimension = opened[given.time].dimensions[0]
        stations = _stations(opened, given, row_of, tally)
        width = max(1, len(stations))
        step = max(1, ROWS // width)
        for first in range(skip // step * step, len(at), step):
            for column in given.columns:
                yield _piece(opened, column, dimension, at, slice(first, first + step),
                             stations, given, row_of)  # fmt: skip


def _piece(
    opened: Any,
    column: Column,
    dimension: str,
    at: NDArray[np.int64],
    part: slice,
    stations: NDArray[np.int32],
    given: HistoryMap,
    row_of: Mapping[str, int],
) -> Piece:
    from rencheng.adapters.history_import.reading import Piece

    variable = opened[column.name]
    axis = variable.dimensions.index(dimension) if dimension in variable.dimensions else -1
    if axis < 0 or variable.ndim > 2 or (variable.ndim == 2) != bool(given.stream):
        raise _unusable(column.name, f"dimensions {variable.dimensions}")
    raw = variable[part] if axis == 0 else variable[:, part].T
    values = np.ma.filled(np.ma.asarray(raw, dtype=np.float64), np.nan)
    when = at[part]
    if values.ndim == 1:
        stream = np.full(len(when), row_of[column.datastream], np.int32)
    else:
        stream = np.broadcast_to(stations, values.shape).ravel()
        when = np.repeat(when, len(stations))
        values = values.ravel()
    factor, offset = _unit(column, str(getattr(variable, "units", "")))
    good = np.isfinite(values) & (when != UNREAD) & (stream >= 0)
    for none in given.missing:
        good &= values != none
    return Piece(
        rows=min(part.stop, len(at)),
        stream=stream[good],
        at=when[good],
        value=values[good] * factor + offset,
        is_whole=column is given.columns[-1],
    )


def _unit(column: Column, unit: str) -> tuple[float, float]:
    if column.is_unit_known:
        return column.factor, column.offset
    if unit and unit not in _UNITS:
        raise _unusable(column.name, f"unit {unit!r}")
    return _UNITS.get(unit, (1.0, 0.0))


def _times(variable: Any) -> NDArray[np.int64]:
    """Return times by CF units such as `hours since 2000-01-01`. [µs UTC]"""
    import cftime

    unit, calendar = str(getattr(variable, "units", "")), getattr(variable, "calendar", "standard")
    if calendar not in _CALENDARS or " since " not in unit:
        raise _unusable(str(variable.name), f"units {unit!r}, calendar {calendar!r}")
    try:
        zero, one = (
            cftime.num2date(n, unit, calendar, only_use_cftime_datetimes=False) for n in (0, 1)
        )
    except ValueError as error:
        raise _unusable(str(variable.name), str(error)) from error
    base = int(np.datetime64(zero.isoformat(), "us").astype(np.int64))
    step = round((one - zero).total_seconds() * 1e6)
    raw = np.ma.asarray(variable[:], dtype=np.float64)
    values = np.ma.filled(raw, np.nan)
    good = np.isfinite(values)
    return np.where(
        good, base + np.round(np.where(good, values, 0.0) * step).astype(np.int64), UNREAD
    )


def _stations(
    opened: Any, given: HistoryMap, row_of: Mapping[str, int], tally: Tally
) -> NDArray[np.int32]:
    if not given.stream:
        return np.zeros(0, np.int32)
    import netCDF4

    raw = opened[given.stream][:]
    texts = netCDF4.chartostring(raw) if raw.dtype.kind == "S" and raw.ndim == 2 else raw
    names = [str(one).strip() for one in np.ma.filled(texts).ravel()]
    chosen = [given.streams.get(one, one) for one in names]
    for place, one in enumerate(chosen):
        if one and one not in row_of:
            tally.add("stream", place + 1, names[place])
    return np.array([row_of.get(one, -1) for one in chosen], np.int32)


def _unusable(name: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        "history_import.netcdf",
        f"variable {name} cannot be used: {why}",
        hint="Give `factor` in the map for a unit of its own; other calendars cannot be read",
        params={"name": name, "why": why},
    )
