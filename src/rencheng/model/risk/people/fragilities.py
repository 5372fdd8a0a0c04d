"""Curves as the loops over people take them, and the normal distribution behind them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import erfc, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Beyond, Curve, Formula
from rencheng.model.risk.lines import Knots, Table, knots_of_states, tabulate

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Coded = tuple[tuple[F64, F64, F64, I32], Table, F64]

FARTHEST, PER_UNIT = 8.5, 64.0
"""How far the table of the normal distribution goes, and its rows for each unit. Beyond, it is 0
or 1 within 1e-17."""


def coded(curves: Sequence[Curve], many: int) -> Coded:
    """Return curves with `many` states each as arrays; see `kernel.reach`.

    Log median and β (curves, states); limits (curves, 4): lowest and highest valid intensity and
    what stands in for one below and above; row of the mildest state in the table of straight
    pieces, -1 of a lognormal curve; and the table of the normal distribution.
    """
    size = (len(curves), many)
    log_median, beta, limit = np.zeros(size), np.ones(size), np.zeros((len(curves), 4))
    row = np.full(len(curves), -1, dtype=np.int32)
    lines: list[Knots] = []
    for i, curve in enumerate(curves):
        if curve.median.size:
            log_median[i], beta[i] = np.log(curve.median), curve.beta
        else:
            row[i] = len(lines)
            lines += knots_of_states(curve)
        limit[i] = *curve.span, _below(curve), _above(curve)
    return (log_median, beta, limit, row), tabulate(lines), rows_of_normal()


def share(curve: Curve, x: F64) -> F64:
    """Return the share lost of a vulnerability, or P[worst state] of a fragility; NaN unknown.

    As `Curve.value`, within 1e-15, and many times faster for lognormal curves of one state.
    """
    if curve.formula is not Formula.LOGNORMAL or len(curve.states) > 1:
        value = curve.value(x)
        return np.asarray(value[..., -1] if curve.states else value)
    with np.errstate(divide="ignore"):
        z = np.log(np.clip(x, curve.low, curve.high) / curve.median[0]) / curve.beta[0]
    found = normal(z)
    low, high = curve.span
    for outside, rule in ((x < low, curve.below), (x > high, curve.above)):
        if rule is not Beyond.HOLD:
            found[outside] = 0.0 if rule is Beyond.ZERO else np.nan
    return found


def normal(z: F64) -> F64:
    """Return Φ, within 1e-15; NaN unknown.

    A series of five terms around the nearest row of a table, as the compiled loop has it.
    """
    rows = rows_of_normal()
    inside = np.clip(np.nan_to_num(z), -FARTHEST, FARTHEST)
    node = np.rint((inside + FARTHEST) * PER_UNIT).astype(np.int64)
    near = node / PER_UNIT - FARTHEST
    h, n = inside - near, near * near
    far = near * (3.0 - n) / 24.0 + h * (n * (n - 6.0) + 3.0) / 120.0
    series = 1.0 + h * (h * ((n - 1.0) / 6.0 + h * far) - near / 2.0)
    found = rows[node, 0] + rows[node, 1] * h * series
    return np.where(np.isnan(z), np.nan, found)


@cache
def rows_of_normal() -> F64:
    """Return Φ and its density at even steps. (rows, 2)"""
    z = np.arange(-FARTHEST, FARTHEST + 0.5 / PER_UNIT, 1.0 / PER_UNIT)
    below = np.array([0.5 * erfc(-one / sqrt(2.0)) for one in z])
    return np.column_stack([below, np.exp(-0.5 * z * z) / sqrt(2.0 * pi)])


def _below(curve: Curve) -> float:
    return _outside(curve, curve.below, curve.low)


def _above(curve: Curve) -> float:
    return _outside(curve, curve.above, curve.high)


def _outside(curve: Curve, rule: Beyond, end: float) -> float:
    """Return the intensity at which the curve does what it says of one outside its range."""
    nothing = 0.0 if curve.median.size else float(np.nextafter(curve.span[0], -np.inf))
    return {Beyond.HOLD: end, Beyond.UNKNOWN: float("nan"), Beyond.ZERO: nothing}[rule]
