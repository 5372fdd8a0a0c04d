"""A study of an event set larger than its memory: read in blocks, with the same numbers."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest

from rencheng.domain.curve import Curve
from rencheng.domain.errors import TooMuchError
from rencheng.domain.risk import EventHead, Events, Portfolio
from rencheng.domain.risk_uncertainty import (
    CurveFactor,
    CurveQuantile,
    IntensityFactor,
    Study,
    UncertainImpact,
    UncertainInput,
    ValueFactor,
)
from rencheng.model.risk.uncertain.design import monte_carlo
from rencheng.model.risk.uncertain.memory import Carry
from rencheng.model.risk.uncertain.study import Asked, uncertain_impact
from risk_kit import assets, event_set, ramp

STRAIGHT = (ValueFactor(name="worth", common=0.3),)
OWN = (*STRAIGHT, ValueFactor(name="own", own=0.3))
BENT = (*OWN, IntensityFactor(name="x", common=0.1, between=0.2, within=0.1))
BENT += (CurveFactor(name="curve", common=0.1), CurveQuantile(name="q", correlation=0.4))
KINDS = {"classes": STRAIGHT, "own": OWN, "bent": BENT}
EVENTS, POINTS, STOCK = 1500, 4000, 300
BUDGET_MB = 2.4


@dataclass
class OnDisk:
    """A set that is copied whenever it is read, as from a file, and keeps account of it."""

    whole: Events
    asked: list[int] = field(default_factory=list)

    @property
    def head(self) -> EventHead:
        return self.whole.head

    @property
    def start(self) -> np.ndarray:
        return self.whole.start

    def block(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        point, x = self.whole.block(first, last)
        self.asked.append(point.size)
        return point.copy(), x.copy()


@cache
def large() -> tuple[Events, Portfolio, dict[str, Curve]]:
    """A set of 24 MB: 8 bytes a hit turned around, and 8 as it is read."""
    rng = np.random.default_rng(4)
    many = 1000
    point = np.concatenate(
        [np.sort(rng.choice(POINTS, many, replace=False)) for _ in range(EVENTS)]
    ).astype(np.int32)
    head = event_set([{}] * EVENTS, POINTS, rng.gamma(1.0, 0.01, EVENTS).tolist()).head
    intensity = rng.gamma(2.0, 1.0, point.size).astype(np.float32)
    intensity[::977] = np.nan
    start = np.arange(EVENTS + 1, dtype=np.int64) * many
    events = Events(head=head, start=start, point=point, intensity=intensity)
    folio = assets(
        rng.integers(0, POINTS, STOCK).tolist(), rng.gamma(2.0, 100.0, (STOCK, 1)).tolist(),
        rng.integers(0, 2, (STOCK, 1)).tolist(),
    )  # fmt: skip
    curves = {
        "a": ramp([0.0, 1.0, 2.5, 6.0], [0.0, 0.2, 0.6, 0.9], [0.0, 0.1, 0.2, 0.1]),
        "b": ramp([0.5, 2.0, 5.0], [0.1, 0.5, 0.8], [0.1, 0.2, 0.1], id="b"),
    }
    return events, folio, curves


def run(source: Any, inputs: tuple[UncertainInput, ...], **asked: Any) -> UncertainImpact:
    _, folio, curves = large()
    study = Study(inputs=inputs)
    design = monte_carlo(study.names, 12, 3)
    return uncertain_impact([(source, folio)], curves, study, design, Asked(**asked))


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_ten_times_too_large_for_the_memory_has_the_same_numbers(kind: str) -> None:
    events, *_ = large()
    disk = OnDisk(events)
    kept = Carry(events=False)
    run(disk, KINDS[kind], carry=kept, budget_mb=BUDGET_MB)  # compiles, and counts as an import
    disk.asked.clear()
    tracemalloc.start()
    cut = run(disk, KINDS[kind], carry=kept, budget_mb=BUDGET_MB)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert 16 * events.point.size / 1e6 == 10 * BUDGET_MB and peak <= BUDGET_MB
    assert sum(disk.asked) >= 3 * events.point.size and max(disk.asked) < events.point.size / 10
    whole = run(events, KINDS[kind], carry=kept)
    for name in ("known_aal", "unknown", "known_pml", "known_eai_quantiles", "dark", "standing"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))


def test_a_memory_that_not_one_event_fits_is_refused_with_what_it_takes() -> None:
    events, *_ = large()
    with pytest.raises(TooMuchError) as error:
        run(OnDisk(events), BENT, carry=Carry(events=False), budget_mb=0.4)
    need = error.value.params["need"]
    assert isinstance(need, int) and need < 12
    run(OnDisk(events), BENT, carry=Carry(events=False), budget_mb=float(need))
