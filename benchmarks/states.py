"""1e8 states of damage: 100,000 buildings in 1,000 realisations, against the NumPy twin.

Drawn from fixed probabilities (a single field), drawn from a field for each realisation, and
expected without sampling. Run with `python benchmarks/states.py [buildings] [realisations]`. The
fields are made while they are read, as a reader of files does, and that time is left out; the twin
runs on a hundredth of the realisations.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Measured, measure, report
from numpy.typing import NDArray

from rencheng.domain.curve import Curve, CurveKind, CurveStatus
from rencheng.domain.risk import EventHead, Portfolio, StateImpact
from rencheng.domain.risk_sample import SampledStates
from rencheng.model.risk.draws import starts, turns, uniforms
from rencheng.model.risk.states.expected import expected_states
from rencheng.model.risk.states.sampling import Sampling, sample_states

CLASSES, ZONES, STATES = 100, 133, 5
CPU_S, EXTRA_MB, OFF = 1.5, 250.0, 1e-5
BUDGET_MB = 120.0
F32 = NDArray[np.float32]


class Fields:
    """Ground-motion fields at every point, of which a block exists only while it is asked for."""

    def __init__(self, events: int, points: int) -> None:
        rng = np.random.default_rng(1)
        self.head = EventHead(
            place=rng.random((points, 2)),
            rate=np.full(events, 1.0 / events),
            names=tuple(f"field {i}" for i in range(events)),
            measure="PGA",
            unit="g",
            source="made up for a measurement",
        )
        self.start = np.arange(events + 1, dtype=np.int64) * points
        self.making_s = 0.0
        self._site = rng.lognormal(-1.0, 0.6, points).astype(np.float32)
        self._event = rng.lognormal(0.0, 0.4, events).astype(np.float32)

    def block(self, first: int, last: int) -> tuple[NDArray[np.int32], F32]:
        """Return the fields, and remember what making them took."""
        began = time.process_time()
        points = np.arange(self._site.size, dtype=np.int32)
        point = np.tile(points, last - first)
        field = (self._event[first:last, None] * self._site).ravel()
        self.making_s += time.process_time() - began
        return point, field


def case(buildings: int) -> tuple[Portfolio, list[Curve], list[str]]:
    """Return a building at each point, of 100 classes, in zones."""
    rng = np.random.default_rng(2)
    folio = Portfolio(
        id=tuple(f"house {i}" for i in range(buildings)),
        point=np.arange(buildings, dtype=np.int32),
        curve=rng.integers(0, CLASSES, (buildings, 1)).astype(np.int32),
        value=np.ones((buildings, 1)),
        components=("whole",),
        currency="",
        year=0,
    )
    zones = [f"zone {z}" for z in np.sort(rng.integers(0, ZONES, buildings))]
    return folio, [made_up(rng, str(i)) for i in range(CLASSES)], zones


def made_up(rng: np.random.Generator, name: str) -> Curve:
    """Return a lognormal fragility of four states."""
    return Curve(
        id=name,
        kind=CurveKind.FRAGILITY,
        hazard="earthquake",
        component="whole",
        intensity="PGA",
        unit="g",
        asset="house",
        region="any",
        states=("slight", "moderate", "extensive", "complete"),
        median=np.sort(rng.lognormal(-0.5, 0.5, STATES - 1)),
        beta=rng.uniform(0.4, 0.8, STATES - 1),
        source="made up for a measurement",
        licence="CC0-1.0",
        status=CurveStatus.ASSUMPTION,
        version="1",
    )


def main(buildings: int = 100_000, realisations: int = 1000) -> None:
    """Measure, compare with the twin and with exact, and say where a bound is broken."""
    folio, curves, zones = case(buildings)
    fields, one = Fields(realisations, buildings), Fields(1, buildings)
    fixed = Sampling(seed=1, draws=realisations, group=zones, budget_mb=BUDGET_MB)
    single = Sampling(seed=1, group=zones, budget_mb=BUDGET_MB)
    sample_states(one, folio, curves, single)  # compiled or loaded
    expected_states(one, folio, curves)

    def expectation() -> StateImpact:
        return expected_states(fields, folio, curves, budget_mb=BUDGET_MB)

    before = peak_mb()
    rows = [
        ("drawn, one field", timed(lambda: sample_states(one, folio, curves, fixed), one)),
        ("drawn, many fields", timed(lambda: sample_states(fields, folio, curves, single), fields)),
        ("expected, many fields", timed(expectation, fields)),
    ]  # fmt: skip
    extra = peak_mb() - before
    part = Fields(max(1, realisations // 100), buildings)
    slow = measure(lambda: numpy_twin(part, folio, curves), repeat=1)
    times = realisations / part.start[1:].size
    states = buildings * realisations
    report(
        [(name, took, f"{1e9 * took.cpu_s / states:.1f} ns a state") for name, took in rows]
        + [
            (
                "NumPy twin, a hundredth",
                slow,
                f"{times * slow.cpu_s / rows[1][1].cpu_s:.0f} times drawn",
            )
        ]
    )
    same = (rows[1][1].result.by_realisation[: len(slow.result)] == slow.result).mean()
    exact = exact_states(one, folio, curves)
    off = float(np.abs(expected_states(one, folio, curves).by_event - exact).max()) / buildings
    drawn: SampledStates = rows[0][1].result
    error = np.abs(drawn.by_realisation.mean(axis=0) - exact) / np.sqrt(exact / realisations)
    print(
        f"{states:.0e} states, {CLASSES} classes: at most {extra:.0f} MB more than before, "
        f"expected within {off:.1e} of erfc, drawn within {error.max():.1f} standard errors of it, "
        f"{100 * same:.1f} % of the twin's counts equal"
    )
    if max(took.cpu_s for _, took in rows) > CPU_S or extra > EXTRA_MB or off > OFF:
        raise SystemExit(1)


def timed(call: Callable[[], Any], source: Fields) -> Measured:
    """Return the best of three, without what making the fields took."""
    best: Measured | None = None
    for _ in range(3):
        source.making_s = 0.0
        took = measure(call, repeat=1)
        net = Measured(took.cpu_s - source.making_s, took.wall_s - source.making_s, took.result)
        best = net if best is None or net.cpu_s < best.cpu_s else best
    assert best is not None
    return best


def numpy_twin(fields: Fields, folio: Portfolio, curves: list[Curve]) -> NDArray[np.int64]:
    """Return assets in each state, field by field, by NumPy alone and with the same numbers."""
    start, turn = starts(1, folio.id), turns(fields.head.names, 1)
    found = np.zeros((len(turn), STATES), dtype=np.int64)
    for e in range(len(turn)):
        _, x = fields.block(e, e + 1)
        reached = np.zeros((x.size, STATES - 1))
        for row, curve in enumerate(curves):
            mine = folio.curve[:, 0] == row
            reached[mine] = curve.value(x[mine].astype(np.float64))
        state = (uniforms(start, turn[e])[0][:, None] < reached).sum(axis=1)
        found[e] = np.bincount(state, minlength=STATES)
    return found


def exact_states(one: Fields, folio: Portfolio, curves: list[Curve]) -> NDArray[np.float64]:
    """Return expected assets in each state of the first field, by the C library's erfc."""
    _, x = one.block(0, 1)
    total = np.zeros(STATES)
    for row, curve in enumerate(curves):
        total += curve.shares(x[folio.curve[:, 0] == row].astype(np.float64)).sum(axis=0)
    return total


def peak_mb() -> float:
    """Return the most memory that this process has held so far. [MB]"""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:3]))
