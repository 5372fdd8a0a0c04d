"""Measures as transformations: of the curves, of the hazard, of what stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.risk import NO_CURVE_ROW, EventSource, Portfolio
from rencheng.domain.risk_measures import Measure, MeasureKind
from rencheng.model.risk.measures.shield import Shield, shielded

Bools = NDArray[np.bool_]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Hazard, assets and curves, as `impact` takes them."""

    source: EventSource
    portfolio: Portfolio
    curves: tuple[Curve, ...]
    names: Mapping[str, int]
    """Row of each curve by the name that assets and measures use."""
    asset: I32 | None = None
    """Of areas and lines, whose pieces are the rows of `portfolio` (`parts.spread_out`): the asset
    of each. None: every row is an asset. (pieces,)"""
    assets: int = 0
    """How many they are; plays no part where every row is one."""

    built_rate: F64 | None = None
    """Rates by which barriers were built, where those of `source` are others. [1/yr] (events,)"""
    times: float = 1.0
    """So many times as high as `source` says are intensities; `curves` say so already, barriers
    were built without knowing it."""

    @property
    def owner(self) -> NDArray[np.integer[Any]]:
        """Return the asset of each row. (rows,)"""
        return np.arange(self.portfolio.point.size) if self.asset is None else self.asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A measure and the assets on which it stands."""

    measure: Measure
    where: Bools
    """(rows,)"""
    shield: Shield | None = None
    """Of a barrier: what it takes off in each event."""


def with_measures(before: Situation, applied: Sequence[Applied], *, budget_mb: float) -> Situation:
    """Return the situation with measures in place.

    Parameters
    ----------
    before
        Without them.
    applied
        In any order: the result does not depend on it. Insurance changes nothing here.
    budget_mb
        Memory that lowered intensities may take. [MB]

    Raises
    ------
    TooMuchError
        When they do not fit.

    Notes
    -----
    Together on one asset: relocation leaves nothing that could be lost; factors of curves are
    multiplied; of several barriers that hold the one that takes off most counts, they are not
    added. Two measures that put another curve in place exclude each other, which the caller sees
    to. An asset without a curve gets none by a retrofit: it is in no total before, so it must be in
    none afterwards.
    """
    portfolio, curves = _recurved(before, applied)
    gone = np.zeros(portfolio.point.size, dtype=np.bool_)
    for one in applied:
        if one.measure.kind is MeasureKind.RELOCATION:
            gone |= one.where
    portfolio = replace(portfolio, value=np.where(gone[:, None], 0.0, portfolio.value))
    barriers = [(one.shield, one.where) for one in applied if one.shield is not None]
    source = before.source
    if barriers:
        source, portfolio = shielded(source, portfolio, barriers, budget_mb=budget_mb)
    return replace(before, source=source, portfolio=portfolio, curves=curves)


def _recurved(before: Situation, applied: Sequence[Applied]) -> tuple[Portfolio, tuple[Curve, ...]]:
    """Return the portfolio with the rows of the curves that measures make of the present ones."""
    portfolio = before.portfolio
    row = portfolio.curve.copy()
    median, ratio = np.ones(row.shape), np.ones(row.shape)
    for one in applied:
        what = one.measure
        if what.kind not in (MeasureKind.RETROFIT, MeasureKind.WARNING):
            continue
        here = one.where[:, None] & components(portfolio, what)[None, :]
        if what.curve:
            row[here & (portfolio.curve != NO_CURVE_ROW)] = before.names[what.curve]
        median[here] *= what.median_factor
        ratio[here] *= what.ratio_factor
    factors = [np.unique(each, return_inverse=True) for each in (median, ratio)]
    code = row.astype(np.int64) + 1
    for levels, level in factors:
        code = code * levels.size + level.reshape(row.shape)
    kinds, first, which = np.unique(code, return_index=True, return_inverse=True)
    made: list[Curve] = []
    rows = np.full(kinds.size, NO_CURVE_ROW, dtype=np.int32)
    for i, at in enumerate(first):
        base = row.flat[at]
        if base != NO_CURVE_ROW:
            rows[i] = len(made)
            made.append(changed(before.curves[base], median.flat[at], ratio.flat[at]))
    return replace(portfolio, curve=rows[which.ravel()].reshape(row.shape)), tuple(made)


def components(portfolio: Portfolio, measure: Measure) -> Bools:
    """Return which components a measure works on. (components,)"""
    wanted = measure.components or portfolio.components
    return np.array([name in wanted for name in portfolio.components], dtype=np.bool_)


def changed(curve: Curve, median_factor: float, ratio_factor: float) -> Curve:
    """Return a vulnerability that starts later and rises less.

    Intensities are multiplied with `median_factor`, mean and standard deviation with
    `ratio_factor`: f'(x) = ratio x f(x / median).

    Examples
    --------
    >>> from rencheng.domain.curve import CurveKind, CurveStatus
    >>> one = Curve(id="a", kind=CurveKind.VULNERABILITY, hazard="flood", component="whole",
    ...     intensity="water_depth", unit="m", asset="house", region="any",
    ...     x=[0, 1], mean=[0, 0.5], low=0, high=1, source="by hand", licence="CC0-1.0",
    ...     status=CurveStatus.ASSUMPTION, version="1")
    >>> changed(one, 2.0, 0.8).value([1.0, 2.0]).tolist()
    [0.2, 0.4]
    """
    if median_factor == ratio_factor == 1.0:
        return curve
    return replace(
        curve,
        id=f"{curve.id} (x {median_factor:g}, mean x {ratio_factor:g})",
        x=curve.x * median_factor,
        low=curve.low * median_factor,
        high=curve.high * median_factor,
        mean=curve.mean * ratio_factor,
        sd=None if curve.sd is None else curve.sd * ratio_factor,
        status=curve.status,
    )
