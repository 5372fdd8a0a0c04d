"""Import of readings of the past: rows a second, quality control included.

    python benchmarks/history_import.py [rows]

14 million rows of a thousand streams, long form, as CSV and as Parquet, into a fresh state. The
bound is the purpose: minutes, not hours.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from ops_kit import GAUGE, make_kit  # noqa: E402
from rencheng.adapters.history_import.importing import import_history  # noqa: E402
from rencheng.adapters.history_import.maps import map_from  # noqa: E402
from tiny_city import make_tiny_city  # noqa: E402

STREAMS = 1000
LEAST_ROWS_S = 25_000
"""14 million rows in less than ten minutes."""
MAP = """
schema = "rencheng/history_map/1"
source = "{name}"
time = "time"
time_format = "{how}"
stream = "station"
[[column]]
name = "level"
"""


def table(rows: int) -> pa.Table:
    """Return readings every ten minutes, a step of time after another, as archives have them."""
    steps = -(-rows // STREAMS)
    at = np.repeat(1_230_768_000 + 600 * np.arange(steps), STREAMS)[:rows]
    station = np.tile(np.arange(STREAMS), steps)[:rows]
    rng = np.random.default_rng(1)
    level = np.round(np.sin(at / 7200) + station / STREAMS + rng.normal(0, 0.02, rows), 3)
    names = pa.array([f"g{i}" for i in range(STREAMS)])
    stations = pa.DictionaryArray.from_arrays(pa.array(station, pa.int32()), names)
    stamps = pa.array(at * 1_000_000).cast(pa.timestamp("us", "UTC"))
    return pa.table({"time": stamps, "station": stations.cast(pa.string()), "level": level})


def main(rows: int) -> bool:
    """Import both files and say how fast."""
    city = make_tiny_city()
    streams = tuple(replace(GAUGE, id=f"g{i}", interval_s=600.0) for i in range(STREAMS))
    is_fast = True
    made = table(rows)
    for kind in ("parquet", "csv"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            kit = make_kit(folder, replace(city, datastreams=streams))
            file = folder / f"readings.{kind}"
            if kind == "csv":
                csv.write_csv(made, file)
            else:
                pq.write_table(made, file)
            given = map_from(MAP.format(name=kind, how="iso"))
            began, cpu = perf_counter(), process_time()
            done = import_history(kit.house, folder, file, given)
            took, cpu = perf_counter() - began, process_time() - cpu
            kit.store.close()
            rate = rows / took
            is_fast &= rate >= LEAST_ROWS_S and done.accepted == rows
            print(
                f"{kind}: {done.accepted:,} of {rows:,} rows kept ({done.suspect:,} suspect) in "
                f"{took:.1f} s ({cpu:.1f} CPU s), {rate:,.0f} rows/s; load {os.getloadavg()[0]:.1f}"
            )
    return is_fast


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 14_000_000))
