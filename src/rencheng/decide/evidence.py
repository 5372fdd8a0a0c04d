"""What a proposal says about its own numbers: figures, reasons, what makes two of them the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import floor, isfinite, log10

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import Impact
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Origin, Text, Why

PERSON = "{person}"
MIDDLE = (0.4, 0.6)
"""Samples between these quantiles of the city's total are near its median; ours."""
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


def typical(by_zone: F64) -> F64:
    """Spread the city's median over the zones as in the samples near it.

    Parameters
    ----------
    by_zone
        People in each sample; NaN unknown. (samples, zones)

    Returns
    -------
    people
        They add up to the median of the city's totals, which medians of zones do not. Nobody is
        planned for where the number is unknown: the figure beside the plan says so. (zones,)
    """
    by_zone = np.nan_to_num(by_zone)
    total = by_zone.sum(axis=1)
    middle = float(np.median(total))
    low, high = np.quantile(total, MIDDLE)
    shape = by_zone[(total >= low) & (total <= high)].mean(axis=0)
    whole = float(shape.sum())
    spread: F64 = shape * (middle / whole) if whole > 0 else np.zeros_like(shape)
    return spread


def whole_people(people: F64) -> F64:
    """Round to whole people so that the sum is the rounded sum: largest remainders go up. (zones,)

    Examples
    --------
    >>> whole_people(np.array([0.4, 0.4, 0.4]))
    array([1., 0., 0.])
    """
    floor_of = np.floor(people)
    short = round(float(people.sum() - floor_of.sum()))
    up = np.argsort(floor_of - people, kind="stable")[:short]
    floor_of[up] += 1
    rounded: F64 = floor_of
    return rounded


def cause(name: str, impact: Impact | None, bulletin: Bulletin | None) -> str:
    """Name what a proposal answers: the same through all cycles of one event."""
    if bulletin is not None:
        return f"{name}:{bulletin.event}"
    return f"{name}:{impact.origin_time.isoformat()}" if impact is not None else f"{name}:now"
