"""Damage states of 100,000 buildings under 200 fields: compiled loop against its NumPy twin.

Run with `python benchmarks/damage.py [buildings] [samples]`.
"""

from __future__ import annotations

import sys

import numpy as np
from common import measure, report

from rencheng.model.damage import twin
from rencheng.model.damage.kernel import tally
from rencheng.model.damage.sampling import BUILDINGS, as_threshold, starts

ZONES, CURVES, LINKS = 133, 25, 15_000


def main(buildings: int = 100_000, samples: int = 200) -> None:
    """Time both on the same input and check that they agree."""
    rng = np.random.default_rng(1)
    zone = np.sort(rng.integers(0, ZONES, buildings)).astype(np.int32)
    pair = (zone * CURVES + rng.integers(0, CURVES, buildings)).astype(np.int32)
    p = np.sort(rng.random((ZONES * CURVES, 4, samples)) ** 3, axis=1)[:, ::-1]
    given = (
        starts(7, BUILDINGS, buildings),
        zone,
        rng.integers(0, LINKS, buildings).astype(np.int32),
        pair,
        np.ascontiguousarray(as_threshold(p)),
        as_threshold(np.full(ZONES * CURVES, 0.1)),
        (ZONES, LINKS),
    )
    tally(*given)
    fast = measure(lambda: tally(*given))
    slow = measure(lambda: twin.tally(*given), repeat=1)
    same = all((a == b).all() for a, b in zip(fast.result, slow.result, strict=True))
    states = buildings * samples
    report(
        [
            ("numba kernel", fast, f"{1e9 * fast.cpu_s / states:.1f} ns per state"),
            ("NumPy twin", slow, f"{slow.cpu_s / fast.cpu_s:.1f} times the kernel"),
        ]
    )
    print(f"{states:,} states, results {'equal' if same else 'DIFFERENT'}")
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:3]))
