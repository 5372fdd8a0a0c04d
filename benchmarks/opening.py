"""Time and memory of opening a city of 1,000,000 buildings and 100,000 road links.

Run with `python benchmarks/opening.py [buildings] [links]`. The city is made in a folder of its
own; each opening runs in a fresh process, once with the files in the page cache and, where the
system allows, once after they were dropped from it. Bounds: 2 s, 1.5 GB.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import machine
from synthetic import synthetic

SECONDS, BYTES = 2.0, 1.5e9


def opened(state: Path, *, touch: bool) -> dict[str, float]:
    """Open the city in this process, and say how long it took and how much memory it holds."""
    before_s, cpu = time.perf_counter(), time.process_time()
    from rencheng.adapters.cities.store import Folder

    imported = time.perf_counter()
    city = Folder(state, "synthetic").current()
    wall, spent = time.perf_counter() - imported, time.process_time() - cpu
    if touch:  # every page of what a turn of the loop reads
        table = city.buildings
        for values in (table.xy, table.zone, table.curve, table.occupants, table.shapes.xy):
            values.sum()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "import_s": imported - before_s,
        "wall_s": wall,
        "cpu_s": spent,
        "peak_bytes": peak,
        "buildings": len(city.buildings.id),
    }


def _dropped(folder: Path) -> bool:
    """Ask the system to forget the files, so that the next opening reads the disk."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)
    return True


def _in_a_fresh_process(state: Path, *flags: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--open", str(state), *flags]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)


def main(buildings: int = 1_000_000, links: int = 100_000) -> None:
    """Make, save, open; fail when a bound is broken."""
    from rencheng.adapters.cities.store import Folder

    print(machine())
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        began = time.perf_counter()
        city = synthetic(buildings, links)
        made = time.perf_counter()
        folder = Folder(state, "synthetic")
        folder.set_current(folder.save(city).version)
        size = sum(file.stat().st_size for file in state.rglob("*") if file.is_file())
        print(
            f"made in {made - began:.1f} s, saved in {time.perf_counter() - made:.1f} s", end=", "
        )
        print(f"{size / 1e6:.0f} MB on disk, {len(city.roads.start):,} links")
        rows = [("files in the page cache", _in_a_fresh_process(state))]
        if _dropped(state):
            rows.append(("files dropped from it", _in_a_fresh_process(state)))
        rows.append(("and buildings read whole", _in_a_fresh_process(state, "--touch")))
    for label, row in rows:
        print(
            f"{label:<26} {row['wall_s']:6.2f} s wall {row['cpu_s']:6.2f} CPU s "
            f"{row['peak_bytes'] / 1e9:6.2f} GB at most"
        )
    late = min(row["wall_s"] for _, row in rows) > SECONDS
    large = max(row["peak_bytes"] for _, row in rows) > BYTES
    if late or large:
        raise SystemExit(f"the bound is {SECONDS} s and {BYTES / 1e9} GB")


if __name__ == "__main__":
    if "--open" in sys.argv:
        at = Path(sys.argv[sys.argv.index("--open") + 1])
        print(json.dumps(opened(at, touch="--touch" in sys.argv)))
    else:
        main(*(int(v) for v in sys.argv[1:3]))
