"""A result of the risk engine as tables for a screen: events, zones, buildings, one building."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import NotFoundError
from rencheng.domain.provenance import Band
from rencheng.domain.risk import Standing
from rencheng.service.figures import BUILDING, PERSON
from rencheng.service.risk_runs import RiskResult

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

HARM = {
    "damaged": BUILDING, "complete": BUILDING, "collapsed": BUILDING, "dead": PERSON,
    "injured": PERSON, "displaced": PERSON,
}  # fmt: skip
"""Tables by event and zone beside the loss, with their units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneColumn:
    """One number for each zone; NaN unknown."""

    key: str
    unit: str
    values: F64
    low: F64 | None = None
    high: F64 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetTable:
    """Every building under one event, under the samples of one, or in a year; NaN unknown."""

    loss: F64
    """[currency], or [currency/yr] (assets,)"""
    intensity: F64
    """Under one event, or the median of its samples. (assets,)"""


def event_row(result: RiskResult, name: str) -> int:
    """Return the row of an event by its name, or raise `NotFoundError`."""
    try:
        return result.summary.event_names.index(name)
    except ValueError as error:
        raise NotFoundError(
            "risk.no_event",
            f"the result has no event {name[:80]!r}",
            hint="Reload the list",
            params={"event": name[:80]},
        ) from error


def shown_event(result: RiskResult, name: str) -> int | None:
    """Return the row of the event to show; None: all together.

    Events whose rates nobody knows do not add up: without a name the largest of them is shown.
    """
    if name:
        return event_row(result, name)
    summary = result.summary
    if summary.is_sampled or summary.is_annual or not summary.events:
        return None
    return int(np.argmax(result.arrays["loss"]))


def zone_columns(result: RiskResult, event: int | None) -> list[ZoneColumn]:
    """Return what happens in each zone.

    Parameters
    ----------
    result
        Of a run.
    event
        Row of one event; None: the median of the samples of one event with 5 and 95 %, or what is
        expected in a year.
    """
    summary, arrays = result.summary, result.arrays
    per = "/a" if event is None and summary.is_annual else ""
    loss = _over(result, arrays["zone_loss"], event)
    worth = arrays["zone_value"]
    money = f"{summary.currency}{per}"
    key = "annual_loss" if per else "loss"
    columns = [ZoneColumn(key=key, unit=money, values=loss.p50, low=loss.low, high=loss.high)]
    columns.append(
        ZoneColumn(
            key=f"{key}_ratio",
            unit=f"1{per}" if per else "1",
            values=_share(loss.p50, worth),
            low=None if loss.low is None else _share(loss.low, worth),
            high=None if loss.high is None else _share(loss.high, worth),
        )
    )
    for name, unit in HARM.items():
        if f"zone_{name}" in arrays:
            found = _over(result, arrays[f"zone_{name}"], event)
            columns.append(
                ZoneColumn(
                    key=f"annual_{name}" if per else name, unit=f"{unit}{per}",
                    values=found.p50, low=found.low, high=found.high,
                )
            )  # fmt: skip
    columns.append(ZoneColumn(key="value", unit=summary.currency, values=worth.astype(np.float64)))
    if not per:
        seen = _over(result, arrays["zone_intensity"], event)
        columns.append(
            ZoneColumn(
                key="intensity", unit=summary.unit, values=seen.p50, low=seen.low, high=seen.high
            )
        )
    return columns


@dataclass(frozen=True, slots=True)
class _Over:
    p50: F64
    low: F64 | None = None
    high: F64 | None = None


def _over(result: RiskResult, table: NDArray[np.generic], event: int | None) -> _Over:
    """Return a table (events, zones) under one event, as quantiles of samples, or a year's sum."""
    whole = table.astype(np.float64)
    if event is not None:
        return _Over(whole[event])
    if result.summary.is_sampled:
        low, middle, high = np.quantile(whole, (0.05, 0.5, 0.95), axis=0)
        return _Over(middle, low, high)
    rate = result.arrays["rate"]
    often = rate > 0  # a rate of zero times what is unknown is unknown to nobody
    return _Over(rate[often] @ whole[often])


def _share(loss: F64, worth: NDArray[np.generic]) -> F64:
    value = worth.astype(np.float64)
    empty = np.full(loss.shape, np.nan)
    return np.asarray(np.divide(loss, value, out=empty, where=value > 0), dtype=np.float64)


def totals(result: RiskResult, key: str) -> F64 | None:
    """Return a table's sum over zones; None where it was not computed. (events,)"""
    table = result.arrays.get(f"zone_{key}")
    return None if table is None else table.sum(axis=1, dtype=np.float64)


def event_losses(result: RiskResult) -> F64:
    """Return the loss of each event; NaN where something of it is unknown. (events,)"""
    arrays = result.arrays
    return np.asarray(np.where(arrays["unknown"] > 0, np.nan, arrays["loss"]), dtype=np.float64)


def intensities(result: RiskResult, event: int) -> F64:
    """Return the intensity of an event at each building: 0 not reached, NaN unknown. (assets,)"""
    arrays = result.arrays
    part = slice(int(arrays["start"][event]), int(arrays["start"][event + 1]))
    at = arrays["asset_point"]
    size = max(int(at.max(initial=-1)) + 1, int(arrays["point"][part].max(initial=-1)) + 1)
    of_point = np.zeros(size + 1)
    of_point[arrays["point"][part]] = arrays["intensity"][part]
    found = of_point[np.maximum(at, -1)]
    found[at < 0] = 0.0
    found[at == -2] = np.nan  # nobody knows where it stands
    return np.asarray(found, dtype=np.float64)


def sampled_intensities(result: RiskResult, asset: int) -> F64:
    """Return the intensity of every event at one building. (events,)"""
    arrays = result.arrays
    start, at = arrays["start"], int(arrays["asset_point"][asset])
    found = np.zeros(start.size - 1)
    if at < 0:
        return np.full(found.size, np.nan if at == -2 else 0.0)
    hits = np.flatnonzero(arrays["point"] == at)
    found[np.searchsorted(start, hits, side="right") - 1] = arrays["intensity"][hits]
    return found


def asset_table(result: RiskResult, event: int | None, curve: Callable[[str], Curve]) -> AssetTable:
    """Return the loss of every building, and the intensity where there is one.

    Parameters
    ----------
    result
        Of a run.
    event
        Row of one event; None: the mean of the samples of one event, or a year's.
    curve
        Gives the vulnerability by its id, in any unit.
    """
    arrays, summary = result.arrays, result.summary
    if event is None:
        middle = np.full(arrays["asset_mean"].shape, np.nan)
        if summary.is_sampled:
            points = np.median(arrays["intensity"].reshape(summary.events, -1), axis=0)
            at = arrays["asset_point"]
            middle[at >= 0] = points[at[at >= 0]]
        return AssetTable(loss=arrays["asset_mean"], intensity=middle)
    x = intensities(result, event)
    loss = np.full(x.shape, np.nan)
    standing = arrays["asset_standing"]
    loss[standing == Standing.NOT_EXPOSED] = 0.0
    assessed = standing == Standing.ASSESSED
    for row, name in enumerate(summary.curves):
        mine = assessed & (arrays["asset_curve"] == row)
        if mine.any():
            share = curve(name).in_unit(summary.unit).value(x[mine])
            share[x[mine] == 0.0] = 0.0  # not reached is not exposed, whatever a curve says of zero
            loss[mine] = arrays["asset_value"][mine] * share
    return AssetTable(loss=loss, intensity=x)


def asset_row(result: RiskResult, identity: str) -> int:
    """Return the row of a building by its id, or by `@` and its row; `NotFoundError` for others."""
    ids = result.arrays["asset_id"]
    found = ids[:0]
    if identity.startswith("@") and identity[1:].isdecimal():
        row = int(identity[1:])
        found = np.array([row] if row < ids.size else [])
    elif identity.removeprefix("-").isdecimal():
        found = np.flatnonzero(ids == int(identity))
    if not found.size:
        raise NotFoundError(
            "risk.no_asset",
            f"the result has no building {identity[:40]!r}",
            hint="Reload the list",
            params={"asset": identity[:40]},
        )
    return int(found[0])


def band_of(values: F64) -> Band:
    """Return 5, 50 and 95 % of samples."""
    return Band.of(values)


def ordered_rows(
    table: Mapping[str, NDArray[np.generic]], rows: I64, key: str, *, descending: bool
) -> I64:
    """Return rows in the order of a column; unknown stands last, ties keep their order."""
    values = table[key][rows]
    if values.dtype.kind not in "fiu":
        order = np.argsort(values.astype(str), kind="stable")
        return rows[order[::-1] if descending else order]
    numbers = values.astype(np.float64)
    order = np.argsort(-numbers if descending else numbers, kind="stable")  # NaN goes last
    return np.asarray(rows[order])
