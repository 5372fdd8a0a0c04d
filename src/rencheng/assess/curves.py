"""Resilience measures of service curves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.assessment import CurveMeasures
from rencheng.domain.impact import Services
from rencheng.domain.provenance import UNKNOWN, Band, Origin, Text, Why

F64 = NDArray[np.float64]

MODEL = "resilience-curve"
VERSION = "1"
# Within 2 % of the target counts as full: rule (c) of the project's reference on resilience
# metrics, so that noise in the base line is not a loss. No published source.
FULL_WITHIN = 0.02
LEVELS = (0.5, 0.9, 0.95)
# A curve is censored when more than this share of its samples has not recovered in time.
CENSORED_FROM = 0.05


def measure(
    services: Services, *, at: datetime, origin: Origin = Origin.SYNTHETIC
) -> tuple[CurveMeasures, ...]:
    """Measure robustness, rapidity, loss and time to recover of every service curve.

    Parameters
    ----------
    at
        Time of the youngest input of the curves. [UTC]
    origin
        The weakest origin among the layers behind them.

    Returns
    -------
    measures
        In the order of `services.names`; bands are unknown where a curve is.

    Notes
    -----
    Bruneau et al. (2003): robustness is the lowest level; loss the area between target and
    curve, by trapezoids over real times, up to the horizon; rapidity the mean slope from the
    lowest point (its last moment) to full recovery or the horizon, over the samples that lose
    anything. A level is held from the last time on at which the curve, straight between its
    times, crosses it upwards; infinity when it is not held at the horizon. Levels within 2 % of
    the target count as full. Checked against the triangle, a step, and the recovery shapes of
    Cimellaro et al. (2010).

    References
    ----------
    .. [1] Bruneau et al. (2003), A framework to quantitatively assess and enhance the seismic
       resilience of communities, doi:10.1193/1.1623497.
    .. [2] Cimellaro, Reinhorn & Bruneau (2010), Framework for analytical quantification of
       disaster resilience, doi:10.1016/j.engstruct.2010.08.008.
    """
    return tuple(
        _measure(name, services.time_h, services.level[row].astype(np.float64), (at, origin))
        for row, name in enumerate(services.names)
    )


def loss_days(time_h: F64, level: F64) -> F64:
    """Return the area between full service and each curve. [day] (samples,)

    Examples
    --------
    Half of the service lost at once and back in a straight line after ten days:

    >>> float(loss_days(np.array([0.0, 240.0]), np.array([[0.5, 1.0]]))[0])
    2.5
    """
    return np.asarray(np.trapezoid(1.0 - _with_full(level), time_h, axis=1) / 24.0)


def rapidity_per_day(time_h: F64, level: F64) -> F64:
    """Return the mean rate of recovery; NaN where nothing was lost. [1/day] (samples,)"""
    level = _with_full(level)
    lowest = level.min(axis=1)
    last = level.shape[1] - 1 - np.argmin(level[:, ::-1], axis=1)
    full = held_from_h(time_h, level, 1.0)
    end = np.where(np.isfinite(full), full, time_h[-1])
    gained = np.where(np.isfinite(full), 1.0, level[:, -1]) - lowest
    days = (end - time_h[last]) / 24.0
    rate = np.divide(gained, days, out=np.zeros_like(gained), where=days > 0)
    return np.where(lowest < 1.0, rate, np.nan)


def held_from_h(time_h: F64, level: F64, least: float) -> F64:
    """Return from when on each curve stays at `least` or above; infinity: not at the end. [h]

    Examples
    --------
    >>> held_from_h(np.array([0.0, 10.0, 20.0]), np.array([[0.2, 0.6, 1.0]]), 0.5).tolist()
    [7.5]
    """
    level = _with_full(level)
    is_below = level < least
    steps = level.shape[1]
    last = steps - 1 - np.argmax(is_below[:, ::-1], axis=1)
    rows = np.arange(level.shape[0])
    after = np.minimum(last + 1, steps - 1)
    low, high = level[rows, last], level[rows, after]
    rise = np.where(high > low, high - low, 1.0)
    crossed = time_h[last] + (least - low) / rise * (time_h[after] - time_h[last])
    hours = np.where(last == steps - 1, np.inf, crossed)
    return np.where(is_below.any(axis=1), hours, time_h[0])


def band_of_times(hours: F64) -> Band:
    """Return quantiles that may be infinite: order statistics, never between two of them.

    Examples
    --------
    >>> band_of_times(np.array([1.0, 2.0, np.inf])).p95
    inf
    """
    if hours.size == 0 or np.isnan(hours).any():
        return UNKNOWN
    ordered = np.sort(hours)
    ranks = np.ceil(np.array([0.05, 0.5, 0.95]) * hours.size).astype(int) - 1
    return Band(*(float(ordered[max(rank, 0)]) for rank in ranks))


def _measure(name: str, time_h: F64, level: F64, made: tuple[datetime, Origin]) -> CurveMeasures:
    is_known = not np.isnan(level).any()
    horizon_h = float(time_h[-1])
    notes = [Text("curves.definition", {"full": FULL_WITHIN})]
    missing_out = 0.0
    rate, times = np.empty(0), dict.fromkeys(LEVELS, UNKNOWN)
    if is_known:
        rate = rapidity_per_day(time_h, level)
        unhurt = int(np.isnan(rate).sum())
        rate = rate[~np.isnan(rate)]
        times = {least: band_of_times(held_from_h(time_h, level, least)) for least in LEVELS}
        missing_out = float(np.isinf(held_from_h(time_h, level, 1.0)).mean())
        if unhurt:
            notes.append(Text("curves.no_loss", {"count": unhurt}))
        if missing_out > CENSORED_FROM:
            notes.append(Text("curves.censored", {"share": missing_out, "hours": horizon_h}))
    return CurveMeasures(
        service=name,
        robustness=Band.of(_with_full(level).min(axis=1)) if is_known else UNKNOWN,
        rapidity=Band.of(rate),
        loss=Band.of(loss_days(time_h, level)) if is_known else UNKNOWN,
        time_to_h=tuple(times.items()),
        horizon_h=horizon_h,
        is_censored=missing_out > CENSORED_FROM,
        why=_why(name, made, notes, () if is_known else (name,)),
    )


def _why(
    name: str, made: tuple[datetime, Origin], notes: Sequence[Text], missing: tuple[str, ...]
) -> Why:
    return Why(
        data=(f"services.{name}",),
        model=MODEL,
        version=VERSION,
        as_of=made[0],
        missing=missing,
        notes=tuple(notes),
        origin=made[1],
    )


def _with_full(level: F64) -> F64:
    return np.where(np.abs(1.0 - level) < FULL_WITHIN, 1.0, level)
