"""What a proposal says about its own numbers: figures, reasons, what makes two of them the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import floor, isfinite, log10

from rencheng.domain.city import City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import Impact
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Origin, Text, Why

PERSON = "{person}"
_WEAKER = (Origin.OBSERVED, Origin.DERIVED, Origin.SYNTHETIC)


def why(
    city: City,
    layers: Sequence[str],
    *,
    model: str,
    version: str,
    as_of: datetime,
    missing: Sequence[str] = (),
    notes: Sequence[Text] = (),
) -> Why:
    """Say what a proposal rests on; of `layers` the city's missing ones are listed apart."""
    known = {layer.name: layer.origin for layer in city.layers}
    used = [name for name in layers if known.get(name, Origin.MISSING) is not Origin.MISSING]
    origins = [known[name] for name in used] or [Origin.DERIVED]
    return Why(
        data=tuple(used),
        model=model,
        version=version,
        as_of=as_of,
        missing=tuple([name for name in layers if name not in used] + list(missing)),
        notes=tuple(notes),
        origin=max(origins, key=_WEAKER.index),
    )


def exactly(value: float) -> Band:
    """Return the band of a number that is planned, not forecast; NaN stays unknown."""
    return Band(value, value, value) if isfinite(value) else UNKNOWN


def figure(key: str, band: Band, unit: str, reason: Why) -> Figure:
    """Make a figure."""
    return Figure(key=key, band=band, unit=unit, why=reason)


def about(value: float, digits: int = 2) -> float:
    """Round to significant digits, so that equal content stays equal from cycle to cycle.

    Examples
    --------
    >>> about(12345.0), about(0.0), about(0.0234)
    (12000.0, 0.0, 0.023)
    """
    if not isfinite(value) or value == 0:
        return value
    return round(value, digits - 1 - floor(log10(abs(value))))


def cause(name: str, impact: Impact | None, bulletin: Bulletin | None) -> str:
    """Name what a proposal answers: the same through all cycles of one event."""
    if bulletin is not None:
        return f"{name}:{bulletin.event}"
    return f"{name}:{impact.origin_time.isoformat()}" if impact is not None else f"{name}:now"
