"""Event sets, portfolios and curves for the tests of the risk engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from rencheng.domain.curve import Beyond, Curve, CurveKind, CurveStatus
from rencheng.domain.risk import EventHead, Events, Portfolio


def ramp(x: list[float], mean: list[float], sd: list[float] | None = None, **other: Any) -> Curve:
    """A vulnerability of water depth, valid between its knots unless said otherwise."""
    said = {"low": x[0], "high": x[-1], "below": Beyond.ZERO, "above": Beyond.HOLD, **other}
    return Curve(
        id=said.pop("id", "made-up"), kind=CurveKind.VULNERABILITY, hazard="flood",
        component="structure", intensity="water_depth", unit="m", asset="house", region="any",
        x=np.array(x), mean=np.array(mean), sd=None if sd is None else np.array(sd),
        source="made up for a test", licence="CC0-1.0", status=CurveStatus.ASSUMPTION,
        version="1", **said,
    )  # fmt: skip


def fragility(median: list[float], beta: list[float], **other: Any) -> Curve:
    """A lognormal fragility of shaking."""
    return _states(median=np.array(median), beta=np.array(beta), many=len(median), **other)


def steps(x: list[float], probability: list[list[float]], **other: Any) -> Curve:
    """A tabulated fragility of shaking, valid between its knots."""
    said = {"low": x[0], "high": x[-1], **other}
    table = np.array(probability)
    return _states(x=np.array(x), probability=table, many=len(table), **said)


def _states(*, many: int, **other: Any) -> Curve:
    return Curve(
        id=other.pop("id", "made-up"), kind=CurveKind.FRAGILITY, hazard="earthquake",
        component="structure", intensity="PGA", unit="g", asset="house", region="any",
        states=("slight", "moderate", "extensive", "complete")[:many],
        source="made up for a test", licence="CC0-1.0", status=CurveStatus.ASSUMPTION,
        version="1", **other,
    )  # fmt: skip


def event_set(
    rows: list[dict[int, float]], points: int, rate: list[float] | None = None, unit: str = "m"
) -> Events:
    """Events as {point: intensity}."""
    sizes = [len(row) for row in rows]
    return Events(
        head=EventHead(
            place=np.column_stack([np.arange(points) / 100.0, np.zeros(points)]),
            rate=np.array(rate if rate is not None else [0.01] * len(rows)),
            names=tuple(f"e{i}" for i in range(len(rows))),
            measure="water_depth",
            unit=unit,
            source="made up for a test",
        ),
        start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        point=np.array([p for row in rows for p in sorted(row)], dtype=np.int32),
        intensity=np.array([row[p] for row in rows for p in sorted(row)], dtype=np.float32),
    )


def assets(
    point: list[int], value: list[list[float]], curve: list[list[int]] | None = None
) -> Portfolio:
    worth = np.array(value, dtype=float)
    return Portfolio(
        id=tuple(f"a{i}" for i in range(len(point))),
        point=np.array(point, dtype=np.int32),
        curve=np.array(curve if curve is not None else np.zeros(worth.shape), dtype=np.int32),
        value=worth,
        components=tuple(f"c{i}" for i in range(worth.shape[1])),
        currency="CNY",
        year=2024,
    )


def random_case(
    seed: int, *, events: int = 40, points: int = 60, stock: int = 90, classes: int = 7
) -> tuple[Events, Portfolio, list[Curve]]:
    """Unknown intensities, crowded points, several components, uneven knots."""
    rng = np.random.default_rng(seed)
    rows: list[dict[int, float]] = []
    for _ in range(events):
        hit = rng.choice(points, rng.integers(0, points // 2), replace=False)
        x = rng.gamma(2.0, 1.0, hit.size)
        x[rng.random(hit.size) < 0.02] = np.nan
        rows.append(dict(zip(hit.tolist(), x.tolist(), strict=True)))
    curves = []
    for _ in range(classes):
        x = np.unique(rng.gamma(2.0, 1.0, rng.integers(4, 12)).round(3))
        curves.append(
            ramp(
                x.tolist(), np.sort(rng.random(x.size)).tolist(),
                (rng.random(x.size) / 5).tolist(),
                low=(x[0] + x[1]) / 2 if rng.random() < 0.5 else x[0],
                below=Beyond(rng.choice(["zero", "hold", "unknown"], p=[0.8, 0.1, 0.1])),
                above=Beyond(rng.choice(["hold", "unknown"], p=[0.8, 0.2])),
            )
        )  # fmt: skip
    value = rng.gamma(1.0, 1e5, (stock, 2)).round(2)
    value[rng.random(value.shape) < 0.2] = 0.0
    value[0, 0], value[1, 1] = np.nan, -1.0
    folio = assets(
        rng.integers(-2, points, stock).tolist(), value.tolist(),
        rng.integers(-1, classes, value.shape).tolist(),
    )  # fmt: skip
    rate = rng.gamma(1.0, 0.01, events).tolist()
    return event_set(rows, points, rate), folio, curves
