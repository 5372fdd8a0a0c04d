"""Quality control of a batch of 10,000 readings: compiled, against its slow twin.

Run with `python benchmarks/quality.py [streams] [batches]`. Streams are tide gauges a kilometre
apart in rows of a hundred, one reading each a batch, with the shipped limits: every check that the
sea level has, four neighbours each. The twin gets a tenth of the batches; both must agree. The
third line is the whole door of judging: looking the past up, keeping what a refusal would undo; the
last one readings that come one by one.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from common import measure, report

from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.provenance import Origin
from rencheng.domain.readings import ROW
from rencheng.sense.quality import judge, watch
from rencheng.service.judging import QualityMemory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "sense"))
from slow_quality import SlowQuality

START = datetime(2026, 3, 1, tzinfo=UTC)
SINGLE = 500
"""Batches of a single reading."""


def streams(count: int) -> tuple[Datastream, ...]:
    """Return tide gauges on a grid."""
    one = Datastream(
        id="", name="", quantity=Quantity.WATER_LEVEL, unit="m", xy=(0.0, 0.0), asset="", zone=0,
        interval_s=60.0, low=-15.0, high=20.0, rate=0.05, stuck_after=10, is_vital=True,
        origin=Origin.SYNTHETIC,
    )  # fmt: skip
    return tuple(
        replace(one, id=f"g{n}", xy=(0.01 * (n % 100), 0.01 * (n // 100))) for n in range(count)
    )


def main(count: int = 10_000, batches: int = 20) -> None:
    """Time both on the same readings."""
    gauges, limits = streams(count), load_quality_limits()
    watched = watch(gauges, limits)
    rows = np.arange(count)
    rng = np.random.default_rng(1)
    values = np.round(rng.normal(0.0, 0.3, (batches, count)), 3)
    values[rng.random(values.shape) < 0.01] += 9.0
    seconds = START.timestamp() + 60.0 * np.arange(batches)

    def fast(turns: int) -> list[list[int]]:
        memory = watched.nothing_heard()
        said = []
        for turn in range(turns):
            at = np.full(count, int(seconds[turn] * 1e6))
            said.append(judge(watched, memory, rows, at, at + 1_000_000, values[turn]).tolist())
        return said

    def slow(turns: int) -> list[list[int]]:
        twin = SlowQuality(gauges, limits, watched.near.tolist())
        month = START.month - 1
        return [
            twin.judge([
                (row, seconds[turn], seconds[turn] + 1.0, value, month)
                for row, value in enumerate(values[turn].tolist())
            ])
            for turn in range(turns)
        ]  # fmt: skip

    def door(turns: int) -> None:
        memory: Any = QualityMemory()
        city: Any = SimpleNamespace(datastreams=gauges)
        nothing = np.zeros(count, ROW)
        nothing["stream"] = -1
        for turn in range(turns):
            readings = np.zeros(count, ROW)
            readings["stream"], readings["value"] = rows, values[turn]
            readings["at"] = int(seconds[turn] * 1e6)
            readings["received"] = readings["at"] + 1_000_000
            held = memory.streams(city, limits)
            judge_rows, _ = memory.judging(held, "live", lambda: (nothing, nothing, rows))
            judge_rows(readings)

    def single(turns: int) -> None:
        memory = watched.nothing_heard()
        for turn in range(turns):
            at = np.full(1, int(seconds[0] * 1e6) + turn * 60_000_000)
            judge(watched, memory, rows[:1], at, at + 1_000_000, values[0, :1])

    few = max(1, batches // 10)
    fast(1)
    quick, same, twin = (
        measure(lambda: fast(batches)),
        measure(lambda: fast(few)),
        measure(lambda: slow(few), repeat=1),
    )
    whole, alone = measure(lambda: door(batches)), measure(lambda: single(SINGLE))
    per = f"{count} readings a batch"
    report(
        [
            ("compiled", quick, f"{batches} × {per}: {each(quick.cpu_s, count * batches)}"),
            ("slow twin", twin, f"{few} × {per}: {each(twin.cpu_s, count * few)}"),
            ("the door", whole, f"{batches} × {per}, streams set up: "
             f"{each(whole.cpu_s, count * batches)}"),
            ("one by one", alone, f"{SINGLE} batches of one reading, {count} streams: "
             f"{each(alone.cpu_s, SINGLE)}"),
        ]
    )  # fmt: skip
    agree = same.result == twin.result
    print(f"results {'equal' if agree else 'DIFFERENT'}")
    if not agree:
        raise SystemExit(1)


def each(cpu_s: float, readings: int) -> str:
    """Return the cost of a reading in words."""
    return f"{cpu_s / readings * 1e6:.2f} µs a reading"


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:3]))
