"""What OpenQuake calls the intensity measures of `rencheng.domain.intensity`, and its units."""

from __future__ import annotations

import re

# The units in which OpenQuake takes each measure: its manual, "Intensity measure types".
_UNITS = {
    "PGA": ("PGA", "g"),
    "PGV": ("PGV", "cm/s"),
    "PGD": ("PGD", "cm"),
    "MMI": ("MMI", "1"),
    "PGDMax": ("PGD", "m"),
    "PGDGeomMean": ("PGD", "m"),
    "ASH": ("ash_thickness", "mm"),
    "LAVA": ("reach", "1"),
    "LAHAR": ("reach", "1"),
    "PYRO": ("reach", "1"),
}
_SA = re.compile(r"SA\((\d+(?:\.\d*)?|\.\d+)\)")


def measure_of(imt: str) -> tuple[str, str]:
    """Return our name and the unit of an intensity measure; both empty when it is not known.

    Examples
    --------
    >>> measure_of("SA(0.30)"), measure_of("PGDMax"), measure_of("JMA")
    (('SA(0.3)', 'g'), ('PGD', 'm'), ('', ''))
    """
    found = _SA.fullmatch(imt.strip())
    if found:
        period = float(found[1])
        return (f"SA({period!r})", "g") if period > 0 else ("", "")
    return _UNITS.get(imt.strip(), ("", ""))


def imt_of(measure: str) -> str:
    """Return what OpenQuake calls one of our measures; empty when it has no name for it."""
    if measure.startswith("SA("):
        return measure
    return next((imt for imt, (ours, _) in _UNITS.items() if ours == measure), "")


def unit_in(imt: str) -> str:
    """Return the unit in which OpenQuake takes a measure."""
    return measure_of(imt)[1]
