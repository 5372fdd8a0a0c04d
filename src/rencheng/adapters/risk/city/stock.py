"""The city's buildings as a portfolio: what each is worth, and the curve that it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.adapters.risk.city.use_tables import (
    BY_USE,
    OWN_REGION,
    Costs,
    curve_of,
    read_costs,
    read_use_curves,
)
from rencheng.adapters.risk.repair_cost import repair_cost
from rencheng.domain.city import City
from rencheng.domain.curve import Curve, CurveKind
from rencheng.domain.errors import Fault, InvalidInputError, NotFoundError
from rencheng.domain.risk import NO_CURVE_ROW, Portfolio
from rencheng.domain.risk_consequence import RepairCost
from rencheng.model.risk.consequence import vulnerability_of

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Curves = Callable[[str], Curve]
"""A curve by its id, or `NotFoundError`."""

BUILDING_CURVES = "hazus.earthquake/"
"""Where the fragilities that buildings name stand in the library."""
LEVELS = ("PC", "LC", "MC", "HC")
"""Ends of the names of these fragilities: HAZUS' levels of seismic design, rising."""
AS_RECORDED, LOWER, HIGHER = "as_recorded", "one_lower", "one_higher"
"""Alternatives of a study: the level of design that is recorded, or the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A curve with what it was made of."""

    curve: Curve
    fragility: Curve | None = None
    cost: RepairCost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CityStock:
    """Buildings as the engine takes them."""

    portfolio: Portfolio
    curves: tuple[Curve, ...]
    costs: Costs
    used: tuple[str, ...]
    """Use classes that stand in the city, which cost rows were taken for."""
    faults: tuple[Fault, ...]


class Shelves:
    """Curves of buildings, from the library of the state folder.

    Parameters
    ----------
    state
        State folder, or None where there is none.
    curves
        Where curves come from; by default the library of the state folder.
    """

    def __init__(self, state: Path, curves: Curves | None = None) -> None:
        self.state = state
        self._curves = curves or CurveLibrary(state).get
        self._made: dict[tuple[str, str, str], Pair | None] = {}

    def pair(
        self, hazard: str, curve: str, use: str, timezone: str, variant: str = ""
    ) -> Pair | None:
        """Return what an intensity does to a building of a curve and a use; None: no curve.

        `variant` takes another level of design, or the curves of another region; where there is
        none, what holds without it.
        """
        if hazard in BY_USE:
            return self._by_use(hazard, use, timezone, variant or OWN_REGION)
        curve = self._level(curve, variant)
        key = (hazard, curve, use)
        if key not in self._made:
            self._made[key] = self._quake(curve, use)
        return self._made[key]

    def _by_use(self, hazard: str, use: str, timezone: str, region: str) -> Pair | None:
        identity = curve_of(use, read_use_curves(self.state, hazard, timezone, region))
        found = self._found(identity) if identity else None
        if found is None and region != OWN_REGION:
            return self._by_use(hazard, use, timezone, OWN_REGION)
        return Pair(curve=found) if found else None

    def _level(self, curve: str, variant: str) -> str:
        """Return the name of a fragility a level of design lower or higher, where there is one."""
        base, _, level = curve.rpartition(".")
        step = {LOWER: -1, HIGHER: 1}.get(variant, 0)
        if not step or level not in LEVELS:
            return curve
        row = min(max(LEVELS.index(level) + step, 0), len(LEVELS) - 1)
        other = f"{base}.{LEVELS[row]}"
        return other if self.fragility(f"{BUILDING_CURVES}{other}") else curve

    def _quake(self, curve: str, use: str) -> Pair | None:
        fragility = self.fragility(f"{BUILDING_CURVES}{curve}")
        if fragility is None:
            return None
        try:
            cost = repair_cost(use)
            return Pair(curve=vulnerability_of(fragility, cost), fragility=fragility, cost=cost)
        except (NotFoundError, InvalidInputError):
            return None

    def fragility(self, identity: str) -> Curve | None:
        """Return a fragility by its id; None where there is none."""
        found = self._found(identity)
        return found if found is not None and found.kind is CurveKind.FRAGILITY else None

    def curve(self, identity: str) -> Curve | None:
        """Return any curve by its id; None where there is none."""
        return self._found(identity)

    def _found(self, identity: str) -> Curve | None:
        try:
            return self._curves(identity)
        except NotFoundError:
            return None


def stock_of(  # noqa: PLR0913
    city: City,
    shelves: Shelves,
    point: I32,
    *,
    hazard: str,
    measure: str,
    unit: str,
    variant: str = "",
) -> CityStock:
    """Return the buildings of a city.

    Parameters
    ----------
    city
        Floor area, use and curve of each building.
    shelves
        Where curves come from.
    point
        Row of each building among the points of the event set. (buildings,)
    hazard, measure, unit
        Of the event set.
    variant
        Of the curves, as `Shelves.pair` takes it.

    Notes
    -----
    Worth is floor area times the cost of building anew, without contents and land. A building whose
    floor area is unknown, or whose use has no cost, is bad data; one whose curve is for another
    measure has no curve.
    """
    b = city.buildings
    costs = read_costs(shelves.state, city.timezone)
    uses = [*b.uses, ""]
    per_m2 = np.array([costs.per_m2(use) if use else np.nan for use in uses])
    value = b.floor_area_m2.astype(np.float64) * per_m2[b.use]
    value[~(value > 0)] = np.nan
    row, curves, lacking = _rows(city, shelves, hazard, (measure, unit), variant)
    unknown = np.isnan(value)
    faults = []
    if unknown.any():
        bad = [str(b.id[i]) for i in np.flatnonzero(unknown)[:3]]
        faults.append(_fault("no_worth", bad, int(unknown.sum())))
    bare = (row == NO_CURVE_ROW) & ~unknown
    if bare.any():
        faults.append(_fault("no_city_curve", lacking, int(bare.sum())))
    return CityStock(
        portfolio=Portfolio(
            id=tuple(map(str, b.id.tolist())),
            point=point,
            curve=row[:, None],
            value=value[:, None],
            components=("whole",),
            currency=costs.currency,
            year=costs.year,
        ),
        curves=curves,
        costs=costs,
        used=tuple(sorted({b.uses[u] for u in np.unique(b.use) if u >= 0})),
        faults=tuple(faults),
    )


def _rows(
    city: City, shelves: Shelves, hazard: str, head: tuple[str, str], variant: str
) -> tuple[I32, tuple[Curve, ...], Sequence[str]]:
    """Return each building's row among the curves, the curves, and what has none."""
    b, (measure, unit) = city.buildings, head
    both, which = np.unique(
        np.column_stack([b.curve, b.use]).astype(np.int64), axis=0, return_inverse=True
    )
    row_of: dict[str, int] = {}
    curves: list[Curve] = []
    lacking: list[str] = []
    rows = np.full(len(both), NO_CURVE_ROW, dtype=np.int32)
    for i, (curve, use) in enumerate(both.tolist()):
        name = b.curves[curve] if curve >= 0 else ""
        said = b.uses[use] if use >= 0 else ""
        pair = shelves.pair(hazard, name, said, city.timezone, variant)
        if pair is None or pair.curve.intensity != measure:
            lacking.append(f"{name or '—'}, {said or '—'}")
            continue
        if pair.curve.id not in row_of:
            row_of[pair.curve.id] = len(curves)
            curves.append(pair.curve.in_unit(unit))
        rows[i] = row_of[pair.curve.id]
    return rows[which.ravel()], tuple(curves), lacking


_SAID = {
    "no_worth": ("buildings have no known worth", "Give floor areas, and a cost for every use"),
    "no_city_curve": ("buildings have no curve for this measure", "Give their class a curve"),
}


def _fault(key: str, first: Sequence[str], count: int) -> Fault:
    problem, hint = _SAID[key]
    return Fault(
        where="buildings", key=f"risk.{key}", problem=f"{count} {problem}", hint=hint, count=count,
        first=tuple(first[:3]),
    )  # fmt: skip
