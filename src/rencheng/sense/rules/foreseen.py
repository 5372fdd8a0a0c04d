"""Alarm rules held against what is forecast: streams of times to come, and figures by zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import Datastream, QualityReason
from rencheng.domain.provenance import quantiles
from rencheng.domain.watch import (
    FIGURES,
    Condition,
    Input,
    Measure,
    Speaks,
    WatchRule,
)
from rencheng.sense.rules.compiled import US, Place, district_of, objects_of, selected

F64 = NDArray[np.float64]
Rows = NDArray[Any]
_LATE = 1 << tuple(QualityReason).index(QualityReason.LATE)
"""A newer forecast starts before the end of the last one: that is no fault of it."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A step of a rule that holds of an object, in what is forecast."""

    rule: WatchRule
    object: str
    step: int
    condition: Condition
    value: float
    at: int
    """When it is first so. [µs]"""
    unit: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is forecast."""

    now: int
    """Time on the run's clock. [µs]"""
    rows: Rows
    """Readings of forecast streams of times to come; `stream` is their row in the city. (n,)"""
    figures: Mapping[str, F64]
    """Figures by zone, NaN unknown. (samples, zones) each"""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one condition finds of one stream or zone."""

    holds: bool
    is_known: bool
    value: float
    at: int
    unit: str


def foresee(
    rules: Sequence[WatchRule], city: Place, ahead: Ahead
) -> tuple[list[Foreseen], list[tuple[str, str]]]:
    """Say which rules on forecasts hold of what.

    Returns
    -------
    found
        One for each rule and object of which a step holds, the most serious step.
    unknown
        Rule and object of which nothing is forecast; alarms of these stay.
    """
    found: list[Foreseen] = []
    unknown: list[tuple[str, str]] = []
    names, codes = objects_of(city)
    of_zone = _zones_of(city, names)
    series = _latest_word(ahead.rows)
    for rule in rules:
        if rule.input is not Input.FORECAST:
            continue
        read: list[list[dict[str, list[_Said]]]] = []
        for step in rule.steps:
            read.append(
                [
                    _figures(one, rule.speaks, of_zone, ahead)
                    if one.select.figure
                    else _streams(one, rule.speaks, city.datastreams, (names, codes), ahead, series)
                    for one in step.conditions
                ]
            )
        for about in dict.fromkeys(key for each in read for said in each for key in said):
            best = _first_step(rule, read, about)
            if best is not None:
                found.append(best)
            elif not any(one.is_known for each in read for s in each for one in s.get(about, [])):
                unknown.append((rule.id, about))
    return found, unknown


def _first_step(
    rule: WatchRule, read: list[list[dict[str, list[_Said]]]], about: str
) -> Foreseen | None:
    for number, (step, each) in enumerate(zip(rule.steps, read, strict=True)):
        held = [
            _agreed(one, said.get(about, []))
            for one, said in zip(step.conditions, each, strict=True)
        ]
        if held and all(one is not None for one in held):
            first = held[0]
            if first is not None:
                one = step.conditions[0]
                return Foreseen(rule, about, number, one, first.value, first.at, first.unit)
    return None


def _agreed(one: Condition, said: Sequence[_Said]) -> _Said | None:
    """Return the strongest of those that hold when enough do, else None."""
    holding = [each for each in said if each.holds]
    known = sum(each.is_known for each in said)
    if one.share > 0:
        few = not known or known < one.least_known * len(said)
        if few or len(holding) < one.share * known:
            return None
    elif len(holding) < max(1, one.at_least):
        return None
    best = min if one.is_below else max
    return best(holding, key=lambda each: each.value) if holding else None


def _figures(
    one: Condition, speaks: Speaks, of_zone: Mapping[Speaks, Sequence[str]], ahead: Ahead
) -> dict[str, list[_Said]]:
    figure = ahead.figures.get(one.select.figure)
    found: dict[str, list[_Said]] = {}
    if figure is None:
        return found
    unit = FIGURES[one.select.figure]
    is_known = np.asarray(~np.isnan(figure).all(axis=0))
    values = np.full(figure.shape[1], np.nan)
    if is_known.any():
        values[is_known] = quantiles(figure[:, is_known], [one.quantile])[0]
    holds = np.asarray(values <= one.at if one.is_below else values >= one.at)
    for zone, about in enumerate(of_zone.get(speaks, ())):
        if about:
            said = _Said(
                bool(holds[zone]), bool(is_known[zone]), float(values[zone]), ahead.now, unit
            )
            found.setdefault(about, []).append(said)
    return found


def _streams(
    one: Condition,
    speaks: Speaks,
    streams: Sequence[Datastream],
    objects: tuple[Mapping[Speaks, Sequence[str]], Mapping[Speaks, NDArray[np.int64]]],
    ahead: Ahead,
    series: Mapping[int, Rows],
) -> dict[str, list[_Said]]:
    names, codes = objects
    end = ahead.now + int(one.ahead_s * US)
    found: dict[str, list[_Said]] = {}
    for row in selected(one.select, streams, forecast=True).tolist():
        code = int(codes[speaks][row])
        if code < 0:
            continue
        rows = series.get(row, ahead.rows[:0])
        rows = rows[(rows["at"] > ahead.now) & (rows["at"] <= end)]
        unit = streams[row].unit
        values = _measured(one, rows)
        reached = np.asarray(values <= one.at if one.is_below else values >= one.at)
        if reached.any():
            first = int(np.flatnonzero(reached)[0])
            peak = values[reached].min() if one.is_below else values[reached].max()
            said = _Said(True, True, float(peak), int(rows["at"][first]), unit)
        else:
            said = _Said(False, bool(len(rows)), float("nan"), ahead.now, unit)
        found.setdefault(names[speaks][code], []).append(said)
    return found


def _measured(one: Condition, rows: Rows) -> F64:
    """Return what is compared at the time of each row; windows reach back within the forecast."""
    value = rows["value"].astype(np.float64)
    if one.measure is Measure.LAST:
        return np.asarray(value)
    first = np.searchsorted(rows["at"], rows["at"] - int(one.window_s * US), side="right")
    work = {
        Measure.SUM: np.sum, Measure.MEAN: np.mean, Measure.MAX: np.max, Measure.MIN: np.min,
        Measure.CHANGE: lambda part: part[-1] - part[0],
        Measure.ANOMALY: lambda part: part[-1] - np.mean(part),
    }  # fmt: skip
    reduce: Any = work[one.measure]
    return np.array([reduce(value[a : b + 1]) for b, a in enumerate(first)], dtype=np.float64)


def _latest_word(rows: Rows) -> dict[int, Rows]:
    """Return by stream the readings by time; of one time the last that was heard counts."""
    good = rows[(rows["reasons"] & np.uint16(0xFFFF ^ _LATE)) == 0]
    good = good[np.lexsort((good["received"], good["at"], good["stream"]))]
    if not len(good):
        return {}
    is_last = np.append((np.diff(good["at"]) != 0) | (np.diff(good["stream"]) != 0), True)
    good = good[is_last]
    return {int(row): good[good["stream"] == row] for row in np.unique(good["stream"])}


def _zones_of(city: Place, names: Mapping[Speaks, Sequence[str]]) -> dict[Speaks, list[str]]:
    districts = [district_of(code) for code in city.zones.code]
    return {
        Speaks.ZONE: list(names[Speaks.ZONE]),
        Speaks.DISTRICT: [f"district:{one}" if one else "" for one in districts],
        Speaks.CITY: list(names[Speaks.CITY]) * len(districts),
    }
