"""Curves that tests change in one place."""

from __future__ import annotations

from typing import Any

from rencheng.domain.curve import Curve, CurveKind, CurveStatus

SHARED: dict[str, Any] = {
    "id": "a",
    "hazard": "earthquake",
    "component": "structure",
    "intensity": "PGA",
    "unit": "g",
    "asset": "C1L",
    "region": "any",
    "source": "by hand",
    "licence": "CC0-1.0",
    "status": CurveStatus.ASSUMPTION,
    "version": "1",
}


def fragility(**changes: Any) -> Curve:
    """Return a lognormal fragility of two states."""
    own = {"states": ("slight", "heavy"), "median": [0.2, 0.4], "beta": [0.4, 0.5]}
    return Curve(**{**SHARED, "kind": CurveKind.FRAGILITY, **own, **changes})


def tabulated(**changes: Any) -> Curve:
    """Return a fragility of two states by knots."""
    own = {"states": ("slight", "heavy"), "x": [0, 1, 2], "low": 0, "high": 2}
    own["probability"] = [[0, 0.5, 1], [0, 0.25, 0.5]]
    return Curve(**{**SHARED, "kind": CurveKind.FRAGILITY, **own, **changes})


def vulnerability(**changes: Any) -> Curve:
    """Return a curve of loss by depth."""
    own = {"hazard": "flood", "intensity": "water_depth", "unit": "m", "x": [0, 1, 2]}
    own |= {"mean": [0, 0.4, 0.8], "sd": [0, 0.2, 0.1], "low": 0, "high": 2}
    return Curve(**{**SHARED, "kind": CurveKind.VULNERABILITY, **own, **changes})
