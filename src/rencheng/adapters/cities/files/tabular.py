"""Files as columns: CSV in any usual encoding, Parquet, and what Arrow hands over."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.faults import check_size
from rencheng.adapters.cities.readers import Job
from rencheng.domain.errors import InvalidInputError

Texts = NDArray[np.object_]

UNKNOWN_WORDS = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "-", "--", "—", "#n/a", "无", "未知", "不详"}
)
"""Values that mean that nothing is known, folded."""
# Memory that reading takes as a multiple of the file. Parquet measured on 1,000,000 rows of 5
# columns; CSV estimated.
CSV_FACTOR, _UNPACKED_FACTOR = 7.0, 8.0
_SAMPLE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A table, or the features of one layer of a file."""

    columns: Mapping[str, NDArray[Any]]
    """Numbers as they are, everything else as strings or None. (rows,) each"""
    count: int
    geometry: Texts | None = None
    """Shapely geometries in the file's own coordinates. (rows,)"""
    numbers: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Number of each row as the user sees it: line of a CSV, feature of a file. (rows,)"""
    crs: str = ""
    """What the file says; empty: nothing."""
    encoding: str = ""
    ragged: tuple[int, ...] = ()
    """Lines left out because they have another number of fields than the header."""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)


def encoding_of(sample: bytes, *, is_whole: bool = False) -> str:
    """Return the encoding of a text: utf-8(-sig), utf-16, gb18030 or cp1252; empty: no text.

    Notes
    -----
    What is not UTF-8 is taken for gb18030 when the bytes beyond ASCII come in pairs, as Chinese
    does, and for cp1252 when they stand alone between letters, as accents do.

    Examples
    --------
    >>> encoding_of("名称".encode("gb18030")), encoding_of("Clínica".encode("cp1252"))
    ('gb18030', 'cp1252')
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16")):
        if sample.startswith(mark):
            return name
    if b"\0" in sample:
        return ""
    for cut in range(1 if is_whole else 4):
        try:
            sample[: len(sample) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return "utf-8"
    data = np.frombuffer(sample, np.uint8)
    high = data >= 0x80
    alone = high & ~np.append(False, high[:-1]) & ~np.append(high[1:], False)
    guesses = ("cp1252", "gb18030") if alone.sum() * 2 > high.sum() else ("gb18030", "cp1252")
    for name in guesses:
        for cut in range(1 if is_whole else 4):
            try:
                sample[: len(sample) - cut].decode(name)
            except UnicodeDecodeError:
                continue
            return name
    return ""


def unreadable(file: Path, tried: str) -> InvalidInputError:
    """Return the error of a file whose texts cannot be decoded."""
    return InvalidInputError(
        "city.encoding",
        f"{file.name} is no readable text in {tried}",
        hint="Save it as UTF-8, or name its encoding in options.encoding",
        params={"file": file.name, "tried": tried},
    )


def read_text(file: Path, stated: str = "") -> tuple[str, str]:
    """Return the text of a file and the encoding that it was in.

    Raises
    ------
    InvalidInputError
        When it is no text, or not in the encoding stated.
    """
    data = file.read_bytes()
    encoding = stated or encoding_of(data[:_SAMPLE], is_whole=len(data) <= _SAMPLE)
    tried = stated or "utf-8, gb18030, cp1252"
    if not encoding:
        raise unreadable(file, tried)
    try:
        return data.decode(encoding), encoding
    except (UnicodeDecodeError, LookupError) as error:
        if stated:
            raise unreadable(file, stated) from error
        encoding = encoding_of(data, is_whole=True)
    if not encoding:
        raise unreadable(file, tried)
    return data.decode(encoding), encoding


def delimiter_of(header: str) -> str:
    """Return what parts the fields of a header line: comma, semicolon, tab or bar."""
    return max(",;\t|", key=lambda mark: (header.count(mark), mark == ","))


def read_csv(
    file: Path, job: Job, options: Mapping[str, Any] | None = None, *, limit: int = -1
) -> Rows:
    """Read a CSV with a header; every value is a string.

    Parameters
    ----------
    options
        `encoding` and `delimiter`, where they shall not be found out.
    limit
        Read so many rows only; below zero: all.

    Raises
    ------
    InvalidInputError
        When it is empty, no text, or its header has no or repeated names.
    TooMuchError
        When it does not fit the job's memory.
    """
    check_size(file, job, factor=0.0 if limit >= 0 else CSV_FACTOR)
    choice = dict(options or {})
    if limit >= 0:
        with file.open("rb") as stream:
            sample = stream.read(_SAMPLE)
        whole = len(sample) < _SAMPLE
        encoding = str(choice.get("encoding", "")) or encoding_of(sample, is_whole=whole)
        if not encoding:
            raise unreadable(file, "utf-8, gb18030, cp1252")
        try:
            text = sample.decode(encoding, errors="strict" if whole else "ignore")
        except (UnicodeDecodeError, LookupError) as error:
            raise unreadable(file, encoding) from error
        text = text if whole else text[: text.rfind("\n") + 1]
    else:
        text, encoding = read_text(file, str(choice.get("encoding", "")))
    mark = str(choice.get("delimiter", "")) or delimiter_of(text.split("\n", 1)[0])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        return _rows(file, rows, encoding, limit)
    except csv.Error as error:
        raise InvalidInputError(
            "city.csv_broken",
            f"{file.name}, line {rows.line_num}: {error}",
            hint="Check the quotes of this line",
            params={"file": file.name, "line": rows.line_num},
        ) from error


def _rows(file: Path, rows: Any, encoding: str, limit: int) -> Rows:
    header = [name.strip().lstrip("\ufeff") for name in next(rows, [])]
    while header and not header[-1]:
        header.pop()
    check_header(file, header)
    width = len(header)
    kept: list[Sequence[str]] = []
    lines: list[int] = []
    ragged: list[int] = []
    for row in rows:
        if len(kept) == limit:
            break
        if len(row) != width:
            if not any(map(str.strip, row)):
                continue
            if len(row) < width or any(row[width:]):
                ragged.append(rows.line_num)
                continue
            row = row[:width]  # noqa: PLW2901 - empty fields at the end
        kept.append(row)
        lines.append(rows.line_num)
    table = list(zip(*kept, strict=True)) if kept else [()] * width
    return Rows(
        columns={
            name: as_objects(values) for name, values in zip(header, table, strict=True) if name
        },
        count=len(kept),
        numbers=np.array(lines, dtype=np.int64),
        encoding=encoding,
        ragged=tuple(ragged),
    )


def check_header(file: Path, header: Sequence[str]) -> None:
    """Refuse a table without names of columns, or with one twice.

    Raises
    ------
    InvalidInputError
        When it has none, or one twice.
    """
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice or not any(header):
        raise InvalidInputError(
            "city.csv_header",
            f"{file.name}: the first line names no columns, or some twice: {twice[:3]}",
            hint="Write one name for each column into the first line",
            params={"file": file.name, "first": ", ".join(twice[:3]) or "-"},
        )


def as_objects(values: Iterable[Any]) -> Texts:
    """Return any values as an array of objects. (n,)"""
    items = values if isinstance(values, list | tuple) else list(values)
    found = np.empty(len(items), dtype=object)
    found[:] = items
    return found


def from_arrow(table: Any, skip: Iterable[str] = ()) -> dict[str, NDArray[Any]]:
    """Return the columns of an Arrow table: numbers and flags as numbers, the rest as strings."""
    import pyarrow as pa

    left_out = set(skip)
    found: dict[str, NDArray[Any]] = {}
    for name in table.column_names:
        if name in left_out:
            continue
        column = table.column(name)
        kind = column.type
        if isinstance(kind, pa.BaseExtensionType):  # GeoJSON: numbers among which is a text
            column, kind = column.cast(kind.storage_type), kind.storage_type
        if pa.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        if pa.types.is_boolean(kind):
            column, kind = column.cast(pa.int8()), pa.int8()
        if pa.types.is_integer(kind) and column.null_count == 0:
            found[name] = np.asarray(column.to_numpy())
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
            found[name] = np.asarray(column.cast(pa.float64(), safe=False).to_numpy())
        elif pa.types.is_decimal(kind):
            found[name] = np.asarray(column.cast(pa.float64()).to_numpy())
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            found[name] = _strings(column)
        elif pa.types.is_temporal(kind):
            found[name] = as_objects(str(one) if one is not None else None
                                     for one in column.to_pylist())  # fmt: skip
    return found


def _strings(column: Any) -> Texts:
    """Return a column of strings; equal ones are one object. (rows,)"""
    import pyarrow as pa

    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    words = as_objects([*coded.dictionary.to_pylist(), None])
    rows = coded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(words[rows], dtype=object)


def read_parquet(file: Path, job: Job, *, limit: int = -1) -> Rows:
    """Read a Parquet file without geometry.

    Raises
    ------
    InvalidInputError
        When it is no Parquet file.
    TooMuchError
        When it does not fit the job's memory.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "city.no_extra",
            f"{file.name}: Parquet needs the package pyarrow",
            hint="Install the extra: pip install 'rencheng[data]'",
            params={"source": file.name, "kind": "parquet", "package": "pyarrow"},
        ) from error
    check_size(file, job, factor=0.0 if limit >= 0 else 1.0)
    try:
        with pq.ParquetFile(file) as opened:
            check_parquet(file, opened.metadata, job, limit)
            if limit >= 0:
                batch = next(opened.iter_batches(batch_size=max(limit, 1)), None)
                table = pa.Table.from_batches([batch] if batch else [], opened.schema_arrow)
            else:
                table = opened.read()
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(
            "city.file_broken",
            f"{file.name} cannot be read: {error}",
            hint="Export it again",
            params={"file": file.name},
        ) from error
    columns = from_arrow(table)
    return Rows(columns=columns, count=table.num_rows, numbers=np.arange(1, table.num_rows + 1))


def check_parquet(file: Path, metadata: Any, job: Job, limit: int = -1) -> None:
    """Refuse a Parquet file whose unpacked columns would not fit the job's memory."""
    if limit >= 0:
        return
    unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    check_size(file, job, factor=_UNPACKED_FACTOR * unpacked / max(1, file.stat().st_size))


def batches(count: int, size: int = 100_000) -> Iterator[slice]:
    """Return slices that go through so many rows."""
    for start in range(0, count, size):
        yield slice(start, min(count, start + size))
