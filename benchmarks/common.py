"""What every benchmark prints and how it measures: CPU seconds, machine, load."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
