"""Streams of sensors as others state them, checked and turned into the house's units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan, nan

from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.files.units import factor_of, quantity_of
from rencheng.adapters.cities.generate.sensing import LIMITS, VITAL
from rencheng.domain.finding import Severity
from rencheng.domain.observation import UNITS, Datastream, Quantity
from rencheng.domain.provenance import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One stream in its source's words; NaN: not stated."""

    id: str
    name: str = ""
    quantity: str
    unit: str
    xy: tuple[float, float]
    """Lon, lat. [deg]"""
    asset: str = ""
    interval_s: float = nan
    low: float = nan
    high: float = nan
    """Plausible range in `unit`."""
    rate: float = nan
    """Largest plausible change per second in `unit`."""
    stuck_after: float = nan
    is_vital: bool | None = None


def make_streams(
    stated: Iterable[Stated], faults: Faults, origin: Origin
) -> tuple[Datastream, ...]:
    """Return streams in the house's units; what has no known quantity or unit is left out.

    Limits that a source does not state are those of the house for the quantity. A stream's values
    are to be sent in the house's unit.
    """
    found: dict[str, Datastream] = {}
    strange: list[str] = []
    units: list[str] = []
    twice: list[str] = []
    turned: list[str] = []
    limits: list[str] = []
    for one in stated:
        quantity = quantity_of(one.quantity)
        factor = factor_of(quantity, one.unit) if quantity else None
        if quantity is None:
            strange.append(f"{one.id}: {one.quantity or '-'}")
        elif factor is None:
            units.append(f"{one.id}: {one.unit or '-'}")
        elif one.id in found or not one.id:
            twice.append(one.id or "-")
        else:
            if one.low > one.high:
                limits.append(one.id)
            if factor != 1.0:
                turned.append(f"{one.id}: {one.unit} → {UNITS[quantity]}")
            found[one.id] = _stream(one, quantity, factor, origin)
    known = ", ".join(Quantity)
    faults.add("sensor_quantity", Severity.WARNING, strange, quantities=known)
    faults.add("sensor_unit", Severity.ERROR, units)
    faults.add("id_repeated", Severity.ERROR, twice)
    faults.add("sensor_limits", Severity.ERROR, limits)
    faults.add("sensor_unit_turned", Severity.INFO, turned)
    return tuple(found.values())


def _stream(one: Stated, quantity: Quantity, factor: float, origin: Origin) -> Datastream:
    interval, low, high, rate, stuck = LIMITS[quantity]
    given_low, given_high = one.low * factor, one.high * factor
    if one.low > one.high:
        given_low = given_high = nan
    return Datastream(
        id=one.id,
        name=one.name or one.id,
        quantity=quantity,
        unit=UNITS[quantity],
        xy=one.xy,
        asset=one.asset,
        zone=-1,
        interval_s=_or(one.interval_s if one.interval_s > 0 else nan, interval),
        low=_or(given_low, low),
        high=_or(given_high, high),
        rate=_or(one.rate * factor if one.rate > 0 else nan, rate),
        stuck_after=int(_or(one.stuck_after, stuck)),
        is_vital=quantity in VITAL if one.is_vital is None else one.is_vital,
        origin=origin,
    )


def _or(value: float, usual: float) -> float:
    return usual if isnan(value) else value
