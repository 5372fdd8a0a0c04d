"""Measures for tests."""

from __future__ import annotations

from typing import Any

from rencheng.domain.curve import CurveStatus
from rencheng.domain.risk_measures import Estimate, Measure, MeasureKind


def sure(number: float) -> Estimate:
    return Estimate(low=number, best=number, high=number)


def measure(**other: Any) -> Measure:
    """A retrofit of every asset unless said otherwise; costs as one number or three."""
    said: dict[str, Any] = {"id": "m", "kind": MeasureKind.RETROFIT, "where": {}, "cost": 0.0,
                            "upkeep": 0.0, "life": 10, **other}  # fmt: skip
    for key in ("cost", "upkeep"):
        if isinstance(said[key], float | int):
            said[key] = sure(float(said[key]))
    return Measure(
        name=said.pop("name", said["id"]), source="made up for a test",
        status=CurveStatus.ASSUMPTION, **said,
    )  # fmt: skip
