"""What stands at the points of an event set, in the order that the compiled loops walk it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk import NO_CURVE_ROW, NO_PLACE, OUTSIDE, Portfolio, Standing

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A portfolio by point; one item is one component of one asset."""

    first: I32
    """Where the items of each point begin. (points + 1,)"""
    curve: I32
    """(items,)"""
    value: F64
    """[currency] (items,)"""
    asset: I32
    """Row in the portfolio; items of an asset stand side by side. (items,)"""
    standing: U8
    """`Standing` as far as it is known before any event. (assets,)"""


def stock(portfolio: Portfolio, points: int) -> Stock:
    """Return a portfolio's items, point by point.

    Parameters
    ----------
    portfolio
        What stands there.
    points
        How many points the event set has.

    Notes
    -----
    The order within a point follows curves and values and not the rows of the table, so that sums
    do not depend on how the table is sorted.
    """
    standing = judged(portfolio)
    whole = (standing == Standing.ASSESSED)[:, None] & (portfolio.value > 0.0)
    item, many = np.flatnonzero(whole), portfolio.value.shape[1]
    asset = item // max(1, many)
    point = portfolio.point[asset]
    counts = np.bincount(point, minlength=points)
    if (point[1:] < point[:-1]).any() or counts.max(initial=0) > 1:
        keys: list[NDArray[np.generic]] = [item % many, asset]
        for k in range(many):
            keys += [portfolio.value[asset, k], portfolio.curve[asset, k]]
        order = np.lexsort([*keys, point])
        item, asset = item[order], asset[order]
    first = np.zeros(points + 1, dtype=np.int32)
    np.cumsum(counts, out=first[1:])
    return Stock(
        first=first,
        curve=portfolio.curve.ravel()[item].astype(np.int32, copy=False),
        value=portfolio.value.ravel()[item].astype(np.float64, copy=False),
        asset=asset.astype(np.int32),
        standing=standing,
    )


def judged(portfolio: Portfolio) -> U8:
    """Return how each asset stands before any event. (assets,)"""
    standing = np.full(portfolio.point.size, Standing.ASSESSED, dtype=np.uint8)
    standing[portfolio.point == OUTSIDE] = Standing.NOT_EXPOSED
    bare = (portfolio.value > 0.0) & (portfolio.curve == NO_CURVE_ROW)
    standing[bare.any(axis=1)] = Standing.NO_CURVE
    bad = ~np.isfinite(portfolio.value) | (portfolio.value < 0.0)
    standing[bad.any(axis=1) | (portfolio.point == NO_PLACE)] = Standing.BAD_DATA
    return standing


def settled(standing: U8, point: I32, touched: U8) -> U8:
    """Return the final standing: whom no event reached is not exposed. (assets,)"""
    final = standing.copy()
    waiting = np.flatnonzero(standing == Standing.ASSESSED)
    final[waiting[touched[point[waiting]] == 0]] = Standing.NOT_EXPOSED
    return final


def met(things: Stock, point: I32, seen: NDArray[np.generic]) -> U8:
    """Return the final standing by the items that an event reached. (assets,)"""
    touched = np.zeros(things.first.size - 1, dtype=np.uint8)
    touched[point[things.asset[seen != 0]]] = 1
    return settled(things.standing, point, touched)


def stood(each: U8, asset: I32, many: int) -> U8:
    """Return how each asset ended: bad pieces first, then those that an event reaches. (assets,)"""
    best, worst = np.full(many, 255, dtype=np.uint8), np.zeros(many, dtype=np.uint8)
    np.minimum.at(best, asset, each)
    np.maximum.at(worst, asset, each)
    return np.asarray(np.where(worst >= Standing.NO_CURVE, worst, best), dtype=np.uint8)


def counted(standing: U8) -> dict[Standing, int]:
    """Return how many assets ended in each standing; together they are all."""
    many = np.bincount(standing, minlength=len(Standing))
    return {one: int(many[one]) for one in Standing}
