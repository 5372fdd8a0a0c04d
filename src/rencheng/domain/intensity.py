"""Intensity measures of hazards, and the units that each may be given in."""

from __future__ import annotations

import re

_LENGTH = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
_SPEED = {
    "m/s": 1.0,
    "cm/s": 0.01,
    "km/h": 1 / 3.6,
    "mph": 0.44704,
    "kn": 1852 / 3600,
}
# Standard gravity 9.80665 m/s² (CGPM 1901).
_ACCELERATION = {"g": 9.80665, "m/s2": 1.0, "cm/s2": 0.01}
_SHARE = {"1": 1.0, "%": 0.01}

UNITS: dict[str, dict[str, float]] = {
    "PGA": _ACCELERATION,
    "SA": _ACCELERATION,
    "PFA": _ACCELERATION,
    "PFV": _SPEED,
    "PGV": _SPEED,
    "PGD": _LENGTH,
    "drift": _SHARE,
    "roof_drift": _SHARE,
    "MMI": {"1": 1.0},
    "water_depth": _LENGTH,
    "depth_above_floor": _LENGTH,
    "flow_speed": _SPEED,
    "depth_speed": {"m2/s": 1.0, "ft2/s": 0.3048**2},
    "gust_3s": _SPEED,
    "wind_1min": _SPEED,
    "wind_10min": _SPEED,
    "ash_thickness": _LENGTH,
    "reach": {"1": 1.0},
}
"""Factor to SI of every unit of every intensity. `SA` stands for `SA(T)` with the period T in
seconds; PFA and PFV are the peak acceleration and speed of a floor, `drift` the ratio of a
storey, `roof_drift` that of the whole building, `MMI` degrees of
the modified Mercalli scale, `water_depth` stands above ground,
`depth_above_floor` above the first floor, `gust_3s`, `wind_1min` and `wind_10min`
winds at 10 m height over open ground, `reach` 1 where a flow (lava, mud) arrives."""
_PERIOD = re.compile(r"SA\((\d+(?:\.\d+)?)\)")


def units_of(intensity: str) -> dict[str, float]:
    """Return the units of an intensity with their factors to SI; empty when it is not known.

    Examples
    --------
    >>> units_of("SA(0.3)")["g"]
    9.80665
    """
    found = _PERIOD.fullmatch(intensity)
    if found:
        return UNITS["SA"] if float(found[1]) > 0 else {}
    return {} if intensity == "SA" else UNITS.get(intensity, {})


def factor(intensity: str, unit: str, to: str) -> float:
    """Return what a number in `unit` is multiplied by to be in `to`.

    Examples
    --------
    >>> factor("water_depth", "ft", "m")
    0.3048
    """
    units = units_of(intensity)
    return 1.0 if unit == to else units[unit] / units[to]
