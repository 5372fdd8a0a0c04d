"""1,000,000 buildings under 1,000 events, 5 % reached: losses and drawn states, within 2 GB.

The set is made while it is read, as a reader of files does; that time is left out of the CPU
seconds and in the wall time. Run with `python benchmarks/scale.py [buildings] [events]`.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from common import Measured, report
from impact import made_up as share_lost
from numpy.typing import NDArray
from states import Fields, case

from rencheng.model.risk.impact import impact
from rencheng.model.risk.states.sampling import Sampling, sample_states

T = TypeVar("T")
SHARE, CLASSES, BUDGET_MB = 0.05, 100, 512.0
CPU_S, PEAK_MB = 15.0, 2000.0


class Storms(Fields):
    """Each event reaches every twentieth point, from another one on."""

    def __init__(self, events: int, points: int, strength: float = 1.0) -> None:
        super().__init__(events, points)
        self._site *= np.float32(strength)
        self.step = round(1 / SHARE)
        self.start = np.arange(events + 1, dtype=np.int64) * (points // self.step)

    def block(self, first: int, last: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the events, and remember what making them took."""
        began = time.process_time()
        many = self._site.size // self.step
        point = np.arange(many, dtype=np.int32) * self.step
        shift = (np.arange(first, last, dtype=np.int32) * 7) % self.step
        at = (shift[:, None] + point).astype(np.int32)
        field = self._event[first:last, None] * self._site[at]
        self.making_s += time.process_time() - began
        return at.ravel(), field.ravel()


def main(buildings: int = 1_000_000, events: int = 1000) -> None:
    """Measure both one after the other in this process."""
    folio, frail, zones = case(buildings)
    rng = np.random.default_rng(3)
    curves = [share_lost(rng, str(i)) for i in range(CLASSES)]
    worth = replace(folio, value=rng.gamma(2.0, 1e5, (buildings, 1)))
    plan = Sampling(seed=1, group=zones, budget_mb=BUDGET_MB)
    small = Storms(1, buildings)
    impact(small, worth, curves)  # compiled or loaded
    sample_states(small, folio, frail, plan)
    winds, quakes = Storms(events, buildings, 100.0), Storms(events, buildings)  # [m/s], [g]
    losses, loss = timed(winds, lambda: impact(winds, worth, curves, budget_mb=BUDGET_MB))
    drawn, state = timed(quakes, lambda: sample_states(quakes, folio, frail, plan))
    assert loss.known_loss.all()
    assert (state.by_realisation.sum(axis=1) == buildings).all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report([("losses", losses, ""), ("drawn states", drawn, "")])
    print(f"{int(winds.start[-1]):,} intensities, {peak:.0f} MB at most with program and input")
    if losses.cpu_s + drawn.cpu_s > CPU_S or peak > PEAK_MB:
        raise SystemExit(1)


def timed(storms: Storms, call: Callable[[], T]) -> tuple[Measured, T]:
    """Return one call without what making the events took, and its answer."""
    storms.making_s = 0.0
    cpu, wall = time.process_time(), time.perf_counter()
    answer = call()
    spent = time.process_time() - cpu - storms.making_s
    return Measured(spent, time.perf_counter() - wall, None), answer


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:3]))
