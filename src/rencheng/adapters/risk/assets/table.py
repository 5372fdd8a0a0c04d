"""Assets as a portfolio: read, checked, brought to the points and curves of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_numbers, as_texts
from rencheng.adapters.risk.events.table import Table, column, near, on_sphere
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.domain.curve import Curve, CurveKind
from rencheng.domain.errors import Fault
from rencheng.domain.risk import NO_CURVE_ROW, NO_PLACE, OUTSIDE, EventHead, Portfolio

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

LARGEST_VALUE = 1e18
"""More than anything is worth in any currency; sums of such values stay finite. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Rows of a table of assets, before they meet an event set."""

    id: NDArray[Any]
    lonlat: F64
    """NaN unknown. [deg] (assets, 2)"""
    value: F64
    """NaN unknown. (assets, components)"""
    curve: NDArray[Any]
    """Names of curves; blank where none is named. (assets, components)"""
    components: tuple[str, ...]
    faults: tuple[Fault, ...]
    """What was wrong with rows that stay."""
    shapes: NDArray[Any] | None = None
    """Areas, lines and points in lon, lat; None of one without a place. None: `lonlat` is all."""
    step_m: float = 0.0
    """Pieces into which lines, and areas over points, are cut. [m]"""


def read_assets(table: Table, curves: Mapping[str, Curve]) -> Assets:
    """Return the assets of a table.

    Parameters
    ----------
    table
        Columns `id`, `lon`, `lat` [deg], `value` and `curve`; or, by component,
        `value_structure` and `curve_structure`, `value_contents` and `curve_contents` …
    curves
        By the names that the table uses. Where only one is given, the column may be missing.

    Raises
    ------
    InvalidInputError
        When columns are missing or ids stand twice. Rows with other faults stay: they end as bad
        data or without a curve, and are counted.
    """
    given = [str(name) for name in table]
    values = [n for n in given if n == "value" or n.startswith("value_")]
    missing = [n for n in ("id", "lon", "lat") if n not in given]
    missing += [] if values else ["value"]
    names = [n.replace("value", "curve", 1) for n in values]
    missing += [n for n in names if n not in given and len(curves) != 1]
    if missing:
        refuse([fault("columns", "assets", missing)])
    ids = as_texts(column(table, "id"))
    known, counts = np.unique(ids, return_counts=True)
    refuse(rows_fault("double_id", "assets.id", (counts > 1) | (known == ""), known))
    lonlat = np.column_stack([as_numbers(column(table, n))[0] for n in ("lon", "lat")])
    value = np.column_stack([as_numbers(column(table, n))[0] for n in values])
    only = next(iter(curves), "")
    columns = [
        as_texts(column(table, n)) if n in given else np.full(ids.size, only, dtype=object)
        for n in names
    ]
    curve = np.column_stack(columns) if ids.size else np.empty((0, len(names)), dtype=object)
    wrong = ~((np.abs(lonlat[:, 0]) <= 360) & (np.abs(lonlat[:, 1]) <= 90))
    turned = (np.abs(lonlat[:, 1]) > 90) & (np.abs(lonlat[:, 0]) <= 90)
    lonlat[wrong] = np.nan
    bad = np.any(~np.isfinite(value) | (value < 0), axis=1)
    huge = np.any(value > LARGEST_VALUE, axis=1) & ~bad
    value[value > LARGEST_VALUE] = np.nan
    unknown = np.any((value > 0) & ~np.isin(curve, list(curves)), axis=1)
    return Assets(
        id=ids,
        lonlat=lonlat,
        value=value,
        curve=curve,
        components=tuple(n.partition("_")[2] or "whole" for n in values),
        faults=(
            *rows_fault("turned", "assets.lon, lat", turned, ids),
            *rows_fault("place", "assets.lon, lat", wrong & ~turned, ids),
            *rows_fault("value", "assets.value", np.asarray(bad), ids),
            *rows_fault("value_large", "assets.value", np.asarray(huge), ids),
            *rows_fault(
                "curve", "assets.curve", np.asarray(unknown & ~bad & ~huge), _named(ids, curve)
            ),
        ),
    )


def _named(ids: NDArray[Any], curve: NDArray[Any]) -> Sequence[str]:
    return [f"{i} ({', '.join(map(str, row))})" for i, row in zip(ids, curve, strict=True)]


def curves_for(curves: Mapping[str, Curve], head: EventHead) -> list[Curve]:
    """Return the curves in the unit of an event set.

    Raises
    ------
    InvalidInputError
        When a curve is no vulnerability, or asks for another measure than the set gives.
    """
    kind = [n for n, c in curves.items() if c.kind is not CurveKind.VULNERABILITY]
    other = [f"{n} ({c.intensity})" for n, c in curves.items() if c.intensity != head.measure]
    faults = [fault("kind", "curves", kind)] if kind else []
    faults += [fault("other_measure", f"curves, {head.measure}", other)] if other else []
    refuse(faults)
    return [curve.in_unit(head.unit) for curve in curves.values()]


def portfolio(
    assets: Assets,
    names: Sequence[str],
    place: F64,
    reach_m: float,
    *,
    currency: str,
    year: int,
) -> tuple[Portfolio, tuple[Fault, ...]]:
    """Return the assets at their nearest points, and what is wrong with them.

    Parameters
    ----------
    assets
        As read.
    names
        Of the curves, in their order.
    place
        Points of the event set. [deg] (points, 2)
    reach_m
        Beyond this from every point an asset lies outside. [m]
    currency, year
        Of the values.
    """
    point = nearest(place, assets.lonlat, reach_m)
    row = {name: i for i, name in enumerate(names)}
    known, which = np.unique(assets.curve.astype(str), return_inverse=True)
    rows = np.array([row.get(str(name), NO_CURVE_ROW) for name in known], dtype=np.int32)
    found = Portfolio(
        id=tuple(map(str, assets.id)),
        point=point,
        curve=rows[which].reshape(assets.curve.shape),
        value=assets.value,
        components=assets.components,
        currency=currency,
        year=year,
    )
    outside = rows_fault("outside", "assets.lon, lat", point == OUTSIDE, assets.id)
    return found, (*assets.faults, *outside)


def nearest(place: F64, lonlat: F64, reach_m: float) -> I32:
    """Return the nearest point of each place; `OUTSIDE` beyond reach, `NO_PLACE` of a NaN."""
    point = np.full(len(lonlat), NO_PLACE, dtype=np.int32)
    known = ~np.isnan(lonlat).any(axis=1)
    point[known] = OUTSIDE
    if len(place) and known.any():
        # Half a millimetre, so that a place that is a point is within no reach at all.
        far, row = near(on_sphere(place), on_sphere(lonlat[known]))
        point[known] = np.where(far <= reach_m + 5e-4, row, OUTSIDE)
    return point
