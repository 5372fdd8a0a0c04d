"""Tables of hazard curves, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.assets.table import Assets
from rencheng.adapters.risk.assets.table import portfolio as at_points
from rencheng.adapters.risk.events.table import (
    Table,
    column,
    largest_of,
    numbers,
    places_of,
    spacing_m,
)
from rencheng.adapters.risk.faults import FIRST, fault, refuse
from rencheng.adapters.risk.tables import read_table
from rencheng.domain.errors import Fault
from rencheng.domain.intensity import units_of
from rencheng.domain.risk import OUTSIDE, EventHead, Portfolio
from rencheng.domain.risk_classical import HazardCurves

F64 = NDArray[np.float64]

PREFIX = "poe-"
# Rounding of printed probabilities must not look like a rise. No published source.
ROUNDING = 1e-12
SAID = {
    "columns": ("columns are missing", "Give lon, lat and poe-LEVEL for every level"),
    "measure": ("measures are unknown", "Name one of those that curves have, such as PGA"),
    "unit": ("units are missing or unknown", "Give the unit that the levels are in"),
    "level": ("columns of levels do not rise", "Name them poe-LEVEL, lowest first, two at least"),
    "level_large": ("levels are too large for their unit", "Give the unit that they are in"),
    "poe": ("places have probabilities outside 0 to 1", "Give probabilities, not percent or rates"),
    "poe_rises": ("places have probabilities that rise", "Compare with the source"),
    "years": ("is no investigation time", "Give the years that the probabilities are of"),
    "double_place": ("places stand more than once", "Keep one hazard curve for each place"),
    "site_place": ("hazard curves have no readable place", "Give lon and lat in degrees"),
    "sure": (
        "places have a probability of 1, which has no finite frequency",
        "It is taken as just below 1; take a shorter time, or leave out levels that low",
    ),
    "dark_site": ("places have unknown probabilities", "Complete or remove these rows"),
    "no_states": ("curves are no fragilities", "Name curves that give states of damage"),
    "after": ("curves after the retrofit replace none", "Name them as the curves before"),
    "retrofit_cost": ("assets have no readable cost", "Give a number in the column `cost`"),
    "weights": ("weights of branches are negative or do not sum to 1", "Give shares that sum to 1"),
    "other_branch": (
        "hazards have other places, another measure or unit than the first",
        "Give every branch the same places in the same order, and the same measure and unit",
    ),
    "quantile": ("quantiles lie outside 0 to 1", "Give shares, such as 0.05 for 5 %"),
    "uncovered": ("assets have no hazard curve within reach", "Add curves, or allow more reach"),
}


def hazard_curves(
    table: Table | str | Path, *, measure: str, unit: str, years: float
) -> HazardCurves:
    """Return hazard curves; their `faults` say what is doubtful about rows that stay.

    Parameters
    ----------
    table
        Columns `lon`, `lat` [deg] and `poe-LEVEL` for every level, such as `poe-0.05`; others are
        left aside. A mapping, a data frame or the path of a CSV.
    measure
        What the levels are, such as `PGA`.
    unit
        Their unit.
    years
        Investigation time of the probabilities. [yr]

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute: levels that do not rise or are larger than
        was ever seen, probabilities
        outside [0, 1] or rising with the level, places doubled, a measure or unit unknown.
    """
    source, columns = _columns(table)
    names = [str(name) for name in columns]
    levels = [name for name in names if name.startswith(PREFIX)]
    units = units_of(measure)
    _stop(
        fault_of("columns", source, [n for n in ("lon", "lat") if n not in names]),
        fault_of("columns", source, [] if levels else [f"{PREFIX}…"]),
        fault_of("measure", source, [] if units else [measure]),
        fault_of("unit", source, [] if not units or unit in units else [unit or "''"]),
        fault_of("years", source, [] if 0.0 < years < np.inf else [f"{years:g}"]),
    )
    level = np.array([_number(name.removeprefix(PREFIX)) for name in levels])
    place = np.column_stack([numbers(column(columns, n))[0] for n in ("lon", "lat")])
    poe = np.column_stack([numbers(column(columns, n))[0] for n in levels])
    bad = ~np.isfinite(level) | (level < 0.0) | np.append(False, ~(np.diff(level) > 0.0))
    wrong = [name for name, b in zip(levels, bad, strict=True) if b or len(levels) < 2]
    huge = [f"{name} {unit}" for name, x in zip(levels, level, strict=True)
            if np.isfinite(x) and x > largest_of(measure, unit)]  # fmt: skip
    _stop(
        fault_of("level", source, wrong),
        fault_of("level_large", source, huge),
        *_rows_refused(place, poe, source),
    )
    return HazardCurves(
        place=place,
        level=level,
        poe=poe,
        years=float(years),
        measure=measure,
        unit=unit,
        source=source,
        faults=tuple(
            one
            for one in (
                _rows("sure", source, place, np.any(poe == 1.0, axis=1)),
                _rows("dark_site", source, place, np.any(np.isnan(poe), axis=1)),
            )
            if one
        ),
    )


def _columns(table: Table | str | Path) -> tuple[str, Table]:
    if isinstance(table, str | Path):
        return Path(table).name, read_table(table)
    return "table", table


def _rows_refused(place: F64, poe: F64, source: str) -> list[Fault | None]:
    lost = ~((np.abs(place[:, 0]) <= 360) & (np.abs(place[:, 1]) <= 90))
    turned = lost & (np.abs(place[:, 1]) > 90) & (np.abs(place[:, 0]) <= 90)
    _, row = places_of(place)
    counts = np.bincount(row)
    outside = np.any((poe < 0.0) | (poe > 1.0), axis=1)
    rises = np.any(np.diff(poe, axis=1) > ROUNDING, axis=1)
    return [
        fault("turned_axes", source, _said(place[turned])) if turned.any() else None,
        _rows("site_place", source, place, lost & ~turned),
        _rows("double_place", source, place, (counts[row] > 1) & ~lost),
        _rows("poe", source, place, outside),
        _rows("poe_rises", source, place, rises & ~outside),
    ]


def _rows(key: str, source: str, place: F64, bad: NDArray[Any]) -> Fault | None:
    return fault_of(key, source, _said(place[bad]))


def _said(place: F64) -> list[str]:
    return [f"{lon:g} {lat:g}" for lon, lat in place]


def head_of(hazard: HazardCurves) -> EventHead:
    """Return places, measure and unit as an event set without events has them."""
    return EventHead(
        place=hazard.place,
        rate=np.zeros(0),
        names=(),
        measure=hazard.measure,
        unit=hazard.unit,
        source=hazard.source,
    )


def portfolio(
    assets: Assets,
    names: Sequence[str],
    hazard: HazardCurves,
    reach_m: float | None,
    *,
    currency: str,
    year: int,
) -> tuple[Portfolio, tuple[Fault, ...]]:
    """Return assets at their nearest hazard curves, and what is wrong with them.

    Parameters
    ----------
    assets
        As read.
    names
        Of the curves, in their order.
    hazard
        The hazard.
    reach_m
        Beyond this an asset has no hazard curve; None: as far as they usually lie from each other.
        [m]
    currency, year
        Of the values.
    """
    reach = spacing_m(hazard.place) if reach_m is None else reach_m
    found, faults = at_points(assets, names, hazard.place, reach, currency=currency, year=year)
    far = [found.id[i] for i in np.flatnonzero(found.point == OUTSIDE)]
    other = [one for one in faults if one.key != "risk.outside"]
    beyond = fault_of("uncovered", "assets.lon, lat", far)
    return found, tuple(other + ([beyond] if beyond else []))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _stop(*found: Fault | None) -> None:
    refuse([one for one in found if one])


def fault_of(key: str, where: str, first: Sequence[str]) -> Fault | None:
    """Return the fault of the things named, none when there are none."""
    if not first:
        return None
    problem, hint = SAID[key]
    names = tuple(first[:FIRST])
    said = f"{len(first)} {problem}: {', '.join(names)}"
    return Fault(
        where=where, key=f"risk.{key}", problem=said, hint=hint, count=len(first), first=names
    )
