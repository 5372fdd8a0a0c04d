"""1,000 samples of the losses of 100,000 assets under 1,000 events, 5 % of the points reached.

The compiled loops against their NumPy twin, which is run on a few samples and taken times as many:
it is the same work for each. Run with `python benchmarks/uncertainty.py [samples] [assets]`.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Mapping

import numpy as np
from common import Measured, measure, report
from impact import case

from rencheng.domain.curve import Curve
from rencheng.domain.risk import Events, Portfolio
from rencheng.domain.risk_uncertainty import (
    CurveChoice,
    CurveFactor,
    IntensityFactor,
    RateFactor,
    Study,
    UncertainInput,
    ValueFactor,
)
from rencheng.model.risk.uncertain import twin
from rencheng.model.risk.uncertain.design import monte_carlo
from rencheng.model.risk.uncertain.lanes import lanes
from rencheng.model.risk.uncertain.memory import Carry
from rencheng.model.risk.uncertain.study import Asked, uncertain_impact

EVENTS, CLASSES, FEW = 1000, 100, 2
BUDGET_MB = 512.0
SHARED: tuple[UncertainInput, ...] = (
    ValueFactor(name="worth", common=0.3),
    CurveChoice(name="choice", of="0", curves=("0", "1", "2"), weights=(0.5, 0.3, 0.2)),
    RateFactor(name="rate", cv=0.3),
)
OWN = (*SHARED, ValueFactor(name="own", own=0.4))
BENT = (*SHARED, CurveFactor(name="curve", common=0.2), IntensityFactor(name="x", between=0.2))
YEARLY = Carry(periods=False, events=False, assets=False)
TAIL = Carry(events=False, assets=False)
CASES = {
    "average annual loss, shared inputs": (SHARED, YEARLY),
    "exceedance band, shared inputs": (SHARED, TAIL),
    "average annual loss, assets of their own": (OWN, YEARLY),
    "exceedance band, assets of their own": (OWN, TAIL),
    "everything, assets of their own": (OWN, Carry()),
    "exceedance band, curves and intensities bent": (BENT, TAIL),
}


def main(samples: int = 1000, assets: int = 100_000) -> None:
    """Time every case and check it against the twin."""
    happened, folio, listed = case(np.random.default_rng(1), EVENTS, assets, CLASSES)
    curves = {one.id: one for one in listed}
    rows, off = [], 0.0
    for name, (inputs, carry) in CASES.items():
        run(happened, folio, curves, inputs, carry, 8)
        fast = measure(
            lambda i=inputs, c=carry: run(happened, folio, curves, i, c, samples), repeat=1
        )  # type: ignore[misc]
        tracemalloc.start()
        run(happened, folio, curves, inputs, carry, samples)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        slow = measure(lambda i=inputs: by_twin(happened, folio, listed, i, samples), repeat=1)  # type: ignore[misc]
        off = max(off, float(np.abs(fast.result[:FEW] / slow.result - 1.0).max()))
        whole = slow.cpu_s * samples / FEW
        each = 1e9 * fast.cpu_s / samples / happened.point.size
        note = f"{each:.2f} ns a hit and sample, {peak:.0f} MB, {whole / fast.cpu_s:.0f} times"
        rows += [(name, fast, note), ("  NumPy twin, taken times", Measured(whole, 0.0, None), "")]
    report(rows)
    print(
        f"{samples:,} samples, {assets:,} assets, {happened.point.size:,} values; budget "
        f"{BUDGET_MB:g} MB; largest relative difference of a sample's AAL {off:.1e}"
    )
    if off > 1e-9:
        raise SystemExit(1)


def run(
    happened: Events, folio: Portfolio, curves: Mapping[str, Curve],
    inputs: tuple[UncertainInput, ...], carry: Carry, samples: int,
) -> np.ndarray:  # fmt: skip
    """Return the average annual loss of each sample."""
    study = Study(inputs=inputs)
    design = monte_carlo(study.names, samples, 1)
    asked = Asked(carry=carry, budget_mb=BUDGET_MB)
    return uncertain_impact([(happened, folio)], curves, study, design, asked).known_aal


def by_twin(
    happened: Events, folio: Portfolio, curves: list[Curve], inputs: tuple[UncertainInput, ...],
    samples: int,
) -> np.ndarray:  # fmt: skip
    """Return the average annual loss of the first samples by the oracle of the tests."""
    study = Study(inputs=inputs)
    design = monte_carlo(study.names, samples, 1)
    drawn = lanes(study, design, tuple(one.id for one in curves)).at(np.arange(FEW))
    loss, _, _ = twin.losses(happened, folio, curves, drawn)
    return (happened.head.rate[:, None] * loss).sum(axis=0) * drawn.often


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
