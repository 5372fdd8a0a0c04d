"""Alarm rules over 10,000 streams: cost of a reading with 1,000 rules.

Run with `python benchmarks/rules.py [streams] [rules] [batches]`. Streams are spread evenly over
the quantities of the house, one reading each a minute; of the rules six in ten are thresholds
(half of them must last), two add up or average windows of 1 to 24 hours, one asks three sensors
of the city within ten minutes, one watches for silence. `all` rules read every stream of a
quantity; `own` rules read the streams of one tenth of a quantity. One reading in a thousand is
beyond a threshold.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date

import numpy as np
from common import Measured, measure, report

from rencheng.adapters.series_file import StreamsAlone
from rencheng.domain.alarm import Level
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.provenance import Origin
from rencheng.domain.readings import ROW
from rencheng.domain.rules import RuleStatus
from rencheng.domain.watch import (
    Condition,
    Input,
    Measure,
    Selection,
    Speaks,
    WatchRule,
    WatchStep,
)
from rencheng.sense.rules.compiled import US, compiled
from rencheng.sense.rules.evaluate import passed, watch
from rencheng.sense.rules.memory import nothing_seen

T0 = 1_770_000_000 * US


def streams(count: int) -> StreamsAlone:
    """Return streams of all quantities, by tens: `d<digit>-<number>`."""
    one = Datastream(
        id="", name="", quantity=Quantity.RAIN, unit="mm", xy=(0.0, 0.0), asset="", zone=-1,
        interval_s=60.0, low=-1e9, high=1e9, rate=np.inf, stuck_after=0, is_vital=False,
        origin=Origin.SYNTHETIC,
    )  # fmt: skip
    kinds = tuple(Quantity)
    return StreamsAlone(
        tuple(
            replace(one, id=f"d{n // len(kinds) % 10}-{n}", quantity=kinds[n % len(kinds)])
            for n in range(count)
        )
    )


def rules(count: int, *, own: bool) -> list[WatchRule]:
    """Return rules of the mix above."""
    kinds = tuple(Quantity)
    found = []
    for n in range(count):
        named = (f"d{n // len(kinds) % 10}-*",) if own else ()
        select, at = Selection(quantity=kinds[n % len(kinds)], streams=named), 5.0 + n % 7 / 10
        speaks, mix = Speaks.STREAM, n // len(kinds) % 10
        if mix < 6:
            one = Condition(select=select, at=at, clear=4.0, lasting_s=120.0 * (mix % 2))
        elif mix < 8:
            work = (Measure.SUM, Measure.MEAN)[mix % 2]
            hours = (1, 3, 6, 12, 24)[n % 5]
            one = Condition(select=select, at=1e6, measure=work, window_s=3600.0 * hours)
        elif mix == 8:
            one = Condition(select=select, at=at, at_least=3, within_s=600.0)
            speaks = Speaks.CITY
        else:
            one = Condition(select=select, at=900.0, measure=Measure.SILENCE)
        found.append(
            WatchRule(
                id=f"b/{n}", version="1", title_zh="", title_en="", speaks=speaks,
                input=Input.OBSERVATION, steps=(WatchStep(level=Level.RED, conditions=(one,)),),
                jurisdiction="*", status=RuleStatus.UNVERIFIED, source="", valid_from=date.min,
            )
        )  # fmt: skip
    return found


def main(count: int = 10_000, number: int = 1_000, batches: int = 60) -> None:
    """Time compiling, a batch of one reading of each stream, and a look at the time alone."""
    city = streams(count)
    rng = np.random.default_rng(1)
    lines: list[tuple[str, Measured, str]] = []
    for own in (True, False):
        made = rules(number, own=own)
        fixed = measure(lambda made=made: compiled(made, city))
        one, state = fixed.result, nothing_seen(fixed.result)
        rows = np.zeros(count, ROW)
        rows["stream"] = np.arange(count)

        def batch(n: int, state=state, one=one, rows=rows) -> int:
            rows["at"] = T0 + 60 * n * US + rng.integers(0, 50 * US, count)
            rows["value"] = np.where(rng.random(count) < 0.001, 9.0, rng.random(count))
            return len(watch(one, state, rows))

        batch(0)
        passed(one, state, T0)
        timed = measure(lambda batch=batch: sum(batch(n) for n in range(1, batches + 1)))
        turn = measure(lambda s=state, o=one: passed(o, s, T0 + 60 * (batches + 1) * US))
        size = sum(
            array.nbytes for array in (*(getattr(state, k) for k in state.__slots__), one.cells)
        )
        name = "own" if own else "all"
        each = timed.cpu_s / batches / count * 1e6
        lines += [
            (f"{name}: compile", fixed, f"{len(one.cells):,} cells, {len(one.rings):,} windows"),
            (
                f"{name}: {batches} batches",
                timed,
                f"{each:.2f} µs CPU a reading, {len(one.touch) / count:.0f} cells each, "
                f"{timed.result:,} changes, memory {size / 1e6:.0f} MB",
            ),
            (f"{name}: time alone", turn, f"{len(one.timed):,} cells"),
        ]
    report(lines)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
