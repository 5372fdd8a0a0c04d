"""What every benchmark prints and how it measures: CPU seconds, machine, load."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILT = (ROOT / ".state", ROOT / ".cache/test-state")
"""Where `make city` and the tests build the default city."""


@dataclass(frozen=True)
class Measured:
    """One timed call."""

    cpu_s: float
    wall_s: float
    result: Any


def machine() -> str:
    """Say on what, and beside how much else, the numbers were measured."""
    cores = os.cpu_count()
    load = ", ".join(f"{v:.2f}" for v in os.getloadavg())
    return (
        f"{_processor()} · {cores} cores · {platform.system()} · Python "
        f"{platform.python_version()} · load {load}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def built_state(*named: str) -> Path:
    """Return a folder with a city that can be read: the one named, else the first of `BUILT`.

    Ends with one sentence for each folder and what to do where there is none, such as when the city
    was built by an older program.
    """
    from rencheng.adapters.cities.store import Folder
    from rencheng.adapters.files import DEFAULT_CITY
    from rencheng.domain.errors import RenchengError

    problems = []
    for folder in [Path(name) for name in named] or BUILT:
        try:
            Folder(folder, DEFAULT_CITY).current()
        except RenchengError as error:
            problems.append(f"{folder}: {error.problem}")
        else:
            return folder
    told = "\n  ".join(problems)
    return sys.exit(
        f"No city can be read:\n  {told}\n"
        f"Run `make city` or `rencheng city build {DEFAULT_CITY} --fetch --state FOLDER` first."
    )


def measure(call: Callable[[], Any], *, repeat: int = 3) -> Measured:
    """Return the best of a few calls, after none: warm up before you measure."""
    best: Measured | None = None
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        result = call()
        took = Measured(time.process_time() - cpu, time.perf_counter() - wall, result)
        best = took if best is None or took.cpu_s < best.cpu_s else best
    assert best is not None
    return best


def report(rows: list[tuple[str, Measured, str]]) -> None:
    """Print machine and load, then one line for each measurement."""
    print(machine())
    width = max(len(name) for name, _, _ in rows)
    for name, took, note in rows:
        print(f"{name:<{width}}  {took.cpu_s:8.3f} CPU s  {took.wall_s:8.3f} s wall  {note}")
