"""Read a history file piece by piece, as columns of readings."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.history_import.maps import HistoryMap
from rencheng.adapters.history_import.tally import Tally
from rencheng.adapters.history_import.times import UNREAD, numbers, times
from rencheng.domain.errors import Fault, InvalidInputError, NotFoundError

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
BLOCK = 8_000_000
"""Bytes of a CSV file that are read at a time. Chosen."""
ROWS = 100_000
"""Rows of a Parquet or NetCDF file that are read at a time. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Readings of some rows of a file; one row may hold several."""

    rows: int
    """Rows of the file up to the end of this piece."""
    stream: NDArray[np.int32]
    """Row in the city's datastreams. (n,)"""
    at: I64
    """[µs UTC] (n,)"""
    value: F64
    """In the datastream's unit. (n,)"""
    is_whole: bool
    """Whether these rows have been told of whole, with all their columns."""


def kind_of(file: Path) -> str:
    """Return `csv`, `parquet` or `netcdf` by how the file begins.

    Raises
    ------
    NotFoundError
        When it is not there.
    """
    if not file.is_file():
        raise NotFoundError(
            "history_import.no_file",
            f"there is no file {file}",
            hint="Look at the path",
            params={"path": str(file)},
        )
    with file.open("rb") as handle:
        start = handle.read(8)
    if start.startswith(b"PAR1"):
        return "parquet"
    return "netcdf" if start.startswith((b"CDF", b"\x89HDF")) else "csv"


def columns_of(file: Path) -> list[str]:
    """Return the names of a file's columns (variables)."""
    kind = kind_of(file)
    if kind == "parquet":
        import pyarrow.parquet as pq

        return list(pq.read_schema(file).names)
    if kind == "netcdf":
        from rencheng.adapters.history_import.netcdf import variables_of

        return variables_of(file)
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        return next(csv.reader(handle), [])


def pieces(
    file: Path, given: HistoryMap, row_of: Mapping[str, int], tally: Tally, *, skip: int = 0
) -> Iterator[Piece]:
    """Yield the readings of a file; what cannot be read is counted in `tally`.

    Parameters
    ----------
    row_of
        Row of each datastream by id.
    skip
        Rows that were taken in before; no piece tells of them again.

    Raises
    ------
    InvalidInputError
        When columns or datastreams that the map names are not there; all are named.
    """
    _must_fit(file, given, row_of)
    kind = kind_of(file)
    if kind == "netcdf":
        from rencheng.adapters.history_import.netcdf import netcdf_pieces

        yield from netcdf_pieces(file, given, row_of, tally, skip=skip)
        return
    import pyarrow as pa

    done = 0
    try:
        for batch in _parquet(file, given) if kind == "parquet" else _csv(file, given, tally):
            first, done = done, done + batch.num_rows
            if done > skip:
                yield from _converted(batch, first, given, row_of, tally)
    except pa.ArrowInvalid as error:
        raise InvalidInputError(
            "history_import.unreadable",
            f"{file} cannot be read after row {done}: {error}",
            hint="CSV must be UTF-8 with commas; mend the file, what was read is kept",
            params={"path": str(file), "row": done, "why": str(error)[:200]},
        ) from error


def _must_fit(file: Path, given: HistoryMap, row_of: Mapping[str, int]) -> None:
    there = set(columns_of(file))
    wanted = [given.time, given.stream, *(one.name for one in given.columns)]
    faults = [_absent("column", one) for one in wanted if one and one not in there]
    streams = [*(one.datastream for one in given.columns), *given.streams.values()]
    faults += [_absent("datastream", one) for one in streams if one and one not in row_of]
    if faults:
        raise InvalidInputError(
            "history_import.absent",
            f"{len(faults)} things that the map names are not there: {[f.where for f in faults]}",
            hint="Mend the map",
            params={"count": len(faults), "where": ", ".join(f.where for f in faults)},
            faults=faults,
        )


def _absent(kind: str, name: str) -> Fault:
    return Fault(
        where=f"{kind} {name}",
        key="history_import.absent",
        problem="is not there",
        hint="Mend the map",
    )


def _csv(file: Path, given: HistoryMap, tally: Tally) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import csv as arrow

    wanted = _wanted(given)

    def odd(row: Any) -> str:
        tally.add("row", int(row.number or 0) - 1, str(row.text))
        return "skip"

    options = arrow.ReadOptions(block_size=BLOCK, use_threads=False)
    reader = arrow.open_csv(
        file,
        read_options=options,
        parse_options=arrow.ParseOptions(invalid_row_handler=odd),
        convert_options=arrow.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=True,
        ),
    )
    with reader:
        yield from reader


def _parquet(file: Path, given: HistoryMap) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        yield from opened.iter_batches(ROWS, columns=_wanted(given))


def _wanted(given: HistoryMap) -> list[str]:
    names = [given.time, given.stream, *(one.name for one in given.columns)]
    return list(dict.fromkeys(one for one in names if one))


def _converted(
    batch: Any, first: int, given: HistoryMap, row_of: Mapping[str, int], tally: Tally
) -> Iterator[Piece]:
    said = batch.column(given.time)
    at = times(said, given.time_format, given.zone)
    number = np.arange(first + 1, first + 1 + len(at))
    unread = np.flatnonzero(at == UNREAD)
    tally.add_rows("time", number[unread], said.take(unread[:5]).to_pylist())
    named = _streams(batch, given, row_of, tally, number) if given.stream else None
    for place, column in enumerate(given.columns):
        raw = numbers(batch.column(column.name))
        if place == 0 and named is not None:
            raw = np.where(named == -2, np.nan, raw)
        wrong = np.flatnonzero(np.isinf(raw))
        tally.add_rows(
            "value", number[wrong], batch.column(column.name).take(wrong[:5]).to_pylist()
        )
        stream = np.full(len(at), row_of[column.datastream], np.int32) if named is None else named
        good = np.isfinite(raw) & (at != UNREAD) & (stream >= 0)
        for none in given.missing:
            good &= raw != none
        yield Piece(
            rows=int(number[-1]) if len(number) else first,
            stream=stream[good],
            at=at[good],
            value=raw[good] * column.factor + column.offset,
            is_whole=place == len(given.columns) - 1,
        )


def _streams(
    batch: Any, given: HistoryMap, row_of: Mapping[str, int], tally: Tally, number: I64
) -> NDArray[np.int32]:
    """Return rows of datastreams; -1: unknown, -2: not wanted. (n,)"""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(batch.column(given.stream).cast(pa.string()))
    names = [str(one) for one in encoded.dictionary.to_pylist()]
    chosen = [given.streams.get(one, one) for one in names]
    rows = np.array([-2 if not one else row_of.get(one, -1) for one in chosen] or [-1], np.int32)
    place = np.asarray(pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False))
    found = rows[place] if names else np.full(len(number), -1, np.int32)
    unknown = np.flatnonzero(found == -1)
    tally.add_rows(
        "stream", number[unknown], [names[i] if names else "" for i in place[unknown[:5]]]
    )
    return found
