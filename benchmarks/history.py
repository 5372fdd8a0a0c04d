"""Taking in and finding readings: 14 million of 10,000 streams, synced batch by batch.

Run with `python benchmarks/history.py [batches]` (1,400 by default). The twin writes the same rows
to SQLite, one transaction a batch, with the index that finding a stream's month needs.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import measure, report

from rencheng.adapters.history.rows import ROW, Rows
from rencheng.adapters.history.series import RunSeries

STREAMS = 10_000
STEP_US = 60_000_000
"""A minute. [µs]"""
TWIN_BATCHES = 30


def batch(number: int, rng: np.random.Generator) -> Rows:
    """Return one reading of every stream."""
    rows = np.zeros(STREAMS, ROW)
    rows["stream"] = np.arange(STREAMS)
    rows["at"] = number * STEP_US
    rows["value"] = np.round(20 + np.sin(number / 720) + rng.normal(0, 1, STREAMS), 2)
    return rows


def take_in(series: RunSeries, first: int, count: int) -> None:
    """Take in batches, each durable before the next."""
    rng = np.random.default_rng(1)
    for number in range(first, first + count):
        series.sync(series.take(batch(number, rng)))


def take_in_sqlite(file: Path, count: int) -> None:
    """Do the same with a table and its index."""
    rng = np.random.default_rng(1)
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute(
            "create table readings (stream int, at int, received int, value real, ident int, "
            "reasons int, verdict int, primary key (stream, at, ident)) without rowid"
        )
        for number in range(count):
            rows = [tuple(row) for row in batch(number, rng).tolist()]
            connection.execute("begin immediate")
            connection.executemany(
                "insert or ignore into readings values (?, ?, ?, ?, ?, ?, ?)", rows
            )
            connection.execute("commit")
    connection.close()


def main() -> None:
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 1400
    with tempfile.TemporaryDirectory() as folder:
        series = RunSeries(Path(folder) / "run")
        series.numbers([f"s{number}" for number in range(STREAMS)])
        rng = np.random.default_rng(2)
        taken = measure(lambda: take_in(series, 0, batches), repeat=1)
        moved = measure(series.move, repeat=1)
        end = batches * STEP_US
        hours = measure(lambda: series.by_hour(0, end), repeat=1)
        month = measure(lambda: series.between([77], 0, end), repeat=3)
        late = np.zeros(250_000, ROW)
        late["stream"] = rng.integers(0, STREAMS, len(late))
        late["at"] = rng.integers(0, batches, len(late)) * STEP_US + 1
        belated = measure(lambda: series.sync(series.take(late)), repeat=1)
        series.close()
        twin = measure(lambda: take_in_sqlite(Path(folder) / "twin", TWIN_BATCHES), repeat=1)
    rows, twin_rows = batches * STREAMS, TWIN_BATCHES * STREAMS
    ratio = (twin.cpu_s / twin_rows) / (taken.cpu_s / rows)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    report(
        [
            ("take in", taken, f"{rows:,} rows, {rows / taken.wall_s:,.0f} a second, {memory} MB"),
            ("move to files", moved, ""),
            ("hourly mean and max of all", hours, f"{len(hours.result['hour']):,} hours"),
            ("all readings of one stream", month, f"{len(month.result):,} rows"),
            ("late readings", belated, f"{len(late):,} rows"),
            ("SQLite twin", twin, f"{twin_rows:,} rows; {ratio:.1f} × the CPU of a row here"),
        ]
    )


if __name__ == "__main__":
    main()
