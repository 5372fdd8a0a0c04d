"""Outages through 1,000 dependency nodes with 200 samples: compiled events against the slow twin.

Run with `python benchmarks/cascade.py [nodes] [samples]`. The twin computes the whole fixpoint
again at every event, in plain Python, so it gets a small city; its ratio is no measure of merit.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from common import measure, report

from rencheng.domain.city import Dependencies
from rencheng.model.networks.cascade import TIME_H, cascade

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "model" / "networks"))
from slow_cascade import slow_cascade

TWIN_NODES, TWIN_SAMPLES = 150, 4


def layered_city(nodes: int, rng: np.random.Generator) -> Dependencies:
    """Return plants, substations, feeders, pumps, exchanges, and what they serve.

    Exchanges need power and substations need telecom, so there are loops.
    """
    substations, feeders = max(2, nodes // 50), max(4, nodes // 8)
    pumps, exchanges = max(2, nodes // 20), max(2, nodes // 60)
    first = np.cumsum([0, 1, substations, feeders, pumps, exchanges])
    needs: list[list[tuple[float, list[int]]]] = [[]]

    def some(kind: int, count: int = 1) -> list[int]:
        return [int(n) for n in rng.integers(first[kind], first[kind + 1], count)]

    needs += [[(0.0, [0]), (24.0, some(4, 2))] for _ in range(substations)]
    needs += [[(0.0, some(1, 1))] for _ in range(feeders)]
    needs += [[(4.0, some(2))] for _ in range(pumps)]
    needs += [[(8.0, some(2, 2))] for _ in range(exchanges)]
    while len(needs) < nodes:
        needs.append([(0.0, some(2)), (12.0, some(3, 2)), (4.0, some(4, 2))])
    groups = [group for of in needs for group in of]
    backup = np.array([b for b, _ in groups])
    return Dependencies(
        node=tuple(str(n) for n in range(len(needs))),
        group_start=np.cumsum([0] + [len(of) for of in needs]).astype(np.int32),
        service=("power",) * len(groups),
        backup_low_h=backup,
        backup_high_h=backup,
        supplier_start=np.cumsum([0] + [len(s) for _, s in groups]).astype(np.int32),
        supplier=np.array([s for _, of in groups for s in of], dtype=np.int32),
    )


def given(nodes: int, samples: int) -> tuple[Dependencies, np.ndarray, np.ndarray, np.ndarray]:
    """Return a city with a fifth of its nodes broken, and its backups."""
    rng = np.random.default_rng(1)
    city = layered_city(nodes, rng)
    broken = rng.random((samples, nodes)) < 0.2
    repair = np.where(broken, rng.exponential(72.0, broken.shape), 0.0)
    backup = rng.uniform(0.5, 2.0, (samples, len(city.service))) * city.backup_low_h
    return city, repair, backup, TIME_H


def main(nodes: int = 1000, samples: int = 200) -> None:
    """Time both and check that they agree where both ran."""
    large, small = given(nodes, samples), given(TWIN_NODES, TWIN_SAMPLES)
    cascade(*small)
    fast = measure(lambda: cascade(*large))
    same_case = measure(lambda: cascade(*small))
    slow = measure(lambda: slow_cascade(*small), repeat=1)
    same = bool((slow.result == same_case.result).all())
    ratio = slow.cpu_s / max(same_case.cpu_s, 1e-6)
    report(
        [
            ("compiled events", fast, f"{nodes} nodes × {samples} samples × {TIME_H.size} times"),
            ("compiled events", same_case, f"{TWIN_NODES} nodes × {TWIN_SAMPLES} samples"),
            ("slow twin", slow, f"the same, {ratio:,.0f} times the cost"),
        ]
    )
    print(f"mean service {fast.result.mean():.3f}, results {'equal' if same else 'DIFFERENT'}")
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:3]))
