"""Older readings in Parquet files, one or a few a day, read through DuckDB."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rencheng.adapters.history.rows import NONE, ROW, Flags, Rows
from rencheng.adapters.history.segment import refused

if TYPE_CHECKING:
    import duckdb

DAY_US = 86_400_000_000
"""Microseconds of a day."""
_COLUMNS = ", ".join(f'"{name}"' for name in ROW.names or ())
_GROUP = 65_536
"""Rows of a row group: what a search for one stream has to read at least. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of rows of one day or one month, sorted by stream and time."""

    file: str
    rows: int
    first: int
    """Earliest `at`. [µs]"""
    last: int


class _Engine:
    """DuckDB, started when it is first needed. Each query takes a cursor of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def database(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        return duckdb.connect(
            ":memory:",
            config={
                "threads": 2,
                "memory_limit": "384MB",
                "temp_directory": str(self._folder / "tmp"),
            },
        )

    def cursor(self) -> duckdb.DuckDBPyConnection:
        return self.database.cursor()

    def close(self) -> None:
        if "database" in self.__dict__:
            self.database.close()


class Parts:
    """The files of one run."""

    def __init__(
        self, folder: Path, parts: Iterable[Part] = (), *, engine: _Engine | None = None
    ) -> None:
        self.folder = folder
        self.parts = tuple(parts)
        self._engine = engine or _Engine(folder)

    def of(self, parts: Iterable[Part]) -> Parts:
        """Return other files of the same folder, read through the same database."""
        return Parts(self.folder, parts, engine=self._engine)

    def write(self, rows: Rows, number: int) -> list[Part]:
        """Write sorted rows to new files, one a day; they count once a manifest names them."""
        made = []
        day = rows["at"] // DAY_US
        for today in np.unique(day):
            own = rows[day == today]
            name = f"part-{number:06d}-{np.datetime64(int(today), 'D')}.parquet"
            self._copy(own, self.folder / name)
            times = own["at"]
            made.append(
                Part(file=name, rows=len(own), first=int(times.min()), last=int(times.max()))
            )
        return made

    def _copy(self, rows: Rows, path: Path) -> None:
        columns = {name: np.ascontiguousarray(rows[name]) for name in ROW.names or ()}
        self._write(path, f"select {_COLUMNS} from fresh", fresh=columns)  # noqa: S608 - our names

    def _write(self, path: Path, query: str, **tables: dict[str, np.ndarray]) -> None:
        """Write what a query finds to a file, durable on return."""
        import duckdb

        cursor = self._engine.cursor()
        try:
            for name, columns in tables.items():
                cursor.register(name, columns)
            cursor.execute(
                f"copy ({query}) to {_quoted(path)} "
                f"(format parquet, compression zstd, row_group_size {_GROUP})"
            )
            with path.open("rb") as file:
                os.fsync(file.fileno())
        except (duckdb.Error, OSError) as error:
            path.unlink(missing_ok=True)
            raise refused(path, OSError(0, str(error).splitlines()[0])) from error
        finally:
            cursor.close()

    def by_month(self, before: int) -> list[list[Part]]:
        """Return the files of months that ended before a time [µs], where they are several."""
        months: dict[int, list[Part]] = {}
        for part in self.parts:
            month, last = (_month(at) for at in (part.first, part.last))
            if month == last and _end_of(month) <= before:
                months.setdefault(month, []).append(part)
        return [months[month] for month in sorted(months) if len(months[month]) > 1]

    def merge(self, parts: Sequence[Part], number: int) -> Part:
        """Write the rows of files to one; it counts once a manifest names it."""
        month = np.datetime64(_month(parts[0].first), "M")
        name = f"part-{number:06d}-{month}.parquet"
        sources = ", ".join(_quoted(self.folder / part.file) for part in parts)
        query = f"select {_COLUMNS} from read_parquet([{sources}]) "  # noqa: S608 - our own names
        self._write(self.folder / name, query + 'order by stream, "at", received, ident')
        first, last = min(part.first for part in parts), max(part.last for part in parts)
        return Part(file=name, rows=sum(part.rows for part in parts), first=first, last=last)

    def between(self, streams: Sequence[int], start: int, end: int) -> Rows:
        """Return the streams' rows from `start` to `end`, sorted by stream and time. (n,)"""
        files = self._files(start, end)
        if not files or not streams:
            return NONE
        cursor = self._engine.cursor()
        cursor.register("wanted", {"stream": np.asarray(streams, dtype=np.int32)})
        found = cursor.execute(
            f"select {_COLUMNS} from read_parquet(?) "  # noqa: S608 - our own columns
            'where stream between ? and ? and "at" between ? and ? '
            "and stream in (select stream from wanted) order by all",
            [files, min(streams), max(streams), start, end],
        ).fetchnumpy()
        cursor.close()
        return _rows(found)

    def holds(self, rows: Rows) -> Flags:
        """Return which of the rows are here already, by key. (n,)"""
        known = np.zeros(len(rows), dtype=bool)
        files = self._files(int(rows["at"].min()), int(rows["at"].max())) if len(rows) else []
        if files:
            cursor = self._engine.cursor()
            columns = {name: np.ascontiguousarray(rows[name]) for name in ("stream", "at", "ident")}
            cursor.register("wanted", columns | {"row": np.arange(len(rows))})
            found = cursor.execute(
                "select distinct wanted.row from wanted join read_parquet(?) using "
                '(stream, "at", ident)',
                [files],
            ).fetchnumpy()
            cursor.close()
            known[np.asarray(found["row"], dtype=np.int64)] = True
        return known

    def by_hour(self, start: int, end: int, against: int = 0xFFFF) -> dict[str, np.ndarray]:
        """Return stream, hour [µs], count, mean and max of good values, sorted. (n,) each

        `against` has the bits of the reasons that make a value no good one.
        """
        files = self._files(start, end)
        if not files:
            return {"stream": np.empty(0, np.int32), "hour": np.empty(0, np.int64)}
        cursor = self._engine.cursor()
        found = cursor.execute(
            'select stream, "at" - "at" % 3600000000 as hour, count(*) as count, '
            "avg(value) as mean, max(value) as max from read_parquet(?) "
            'where "at" between ? and ? and reasons & ? = 0 group by all order by all',
            [files, start, end, against],
        ).fetchnumpy()
        cursor.close()
        return {name: np.asarray(values) for name, values in found.items()}

    def start_of(self, most: int) -> int:
        """Return the time from which on the youngest files hold at most `most` rows. [µs]"""
        start, count = 2**62, 0
        for part in sorted(self.parts, key=lambda one: -one.first):
            count += part.rows
            if count > most:
                break
            start = part.first
        return start

    def _files(self, start: int, end: int) -> list[str]:
        return [
            str(self.folder / part.file)
            for part in self.parts
            if part.first <= end and part.last >= start
        ]

    def close(self) -> None:
        """Let go of the database."""
        self._engine.close()


def _month(at: int) -> int:
    """Return the months since 1970 at a time. [µs]"""
    return int(np.datetime64(at, "us").astype("M8[M]").astype(np.int64))


def _end_of(month: int) -> int:
    """Return when a month is over. [µs]"""
    return int(np.datetime64(month + 1, "M").astype("M8[us]").astype(np.int64))


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _rows(columns: dict[str, np.ndarray]) -> Rows:
    rows = np.empty(len(columns["at"]), ROW)
    for name in ROW.names or ():
        rows[name] = columns[name]
    return rows
