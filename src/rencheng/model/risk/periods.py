"""Losses by return period from the events of a catalogue that stands for a number of years."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def periods_of(years: float, events: int) -> I64:
    """Return the return periods that a catalogue can speak of: 1, 2, 5, 10 … [yr]

    Parameters
    ----------
    years
        Time that the catalogue stands for. [yr]
    events
        How many it has.

    Examples
    --------
    >>> periods_of(1000.0, 42).tolist()
    [50, 100, 200, 500, 1000]
    """
    if not years >= 1.0 or events < 1:
        return np.empty(0, dtype=np.int64)
    steps = np.outer(10 ** np.arange(int(np.log10(years)) + 1), [1, 2, 5]).ravel()
    return steps[(steps <= years) & (steps >= years / events)].astype(np.int64)


def loss_by_period(loss: ArrayLike, years: float, period: ArrayLike) -> F64:
    """Return the loss that is reached once in so many years.

    Parameters
    ----------
    loss
        Of each event; those left out have none. NaN unknown. [currency] (events,)
    years
        Time that the events stand for together. [yr]
    period
        Return periods. [yr] (periods,)

    Returns
    -------
    reached
        [currency] (periods,) NaN where a loss is unknown, and for a period longer than `years`, of
        which the catalogue cannot speak. Zero for one shorter than the time between losses.

    Notes
    -----
    The k-th largest loss is reached every years / k; between two of them the loss runs straight
    over the logarithm of the period. `rencheng.model.risk.tail.loss_at` takes the step below
    instead, and rates that differ from event to event. Judged on OpenQuake's published curves.

    Examples
    --------
    >>> loss_by_period([5.0, 20.0], 1000.0, [100, 500, 1000, 2000]).tolist()
    [0.0, 5.0, 20.0, nan]
    """
    asked = np.asarray(period, dtype=np.float64)
    sizes = np.sort(np.asarray(loss, dtype=np.float64))
    if np.isnan(sizes).any():
        return np.full(asked.shape, np.nan)
    if not sizes.size:
        return np.where(asked > years, np.nan, 0.0)
    reached_every = years / np.arange(sizes.size, 0, -1)
    found = np.interp(np.log(asked), np.log(reached_every), sizes, left=0.0)
    return np.where(asked > years * (1 + 1e-12), np.nan, found)


def own_periods(loss: ArrayLike, years: float) -> F64:
    """Return how often the loss of each event is reached: years over its rank. [yr] (events,)

    Examples
    --------
    >>> own_periods([5.0, 20.0], 1000.0).tolist()
    [500.0, 1000.0]
    """
    sizes = np.asarray(loss, dtype=np.float64)
    rank = np.empty(sizes.size)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, sizes.size + 1)
    return np.asarray(years / rank)


def amplified(loss: ArrayLike, years: float, period: ArrayLike, factor: ArrayLike) -> F64:
    """Return losses raised by what rebuilding costs more after a rare event (demand surge).

    Parameters
    ----------
    loss
        Of each event. [currency] (events,)
    years
        Time that the events stand for together. [yr]
    period, factor
        How much dearer it is after an event of a return period; straight between, held beyond.
        [yr], [1] (steps,)

    Notes
    -----
    Judged on OpenQuake's published case of post-loss amplification.

    Examples
    --------
    >>> amplified([5.0, 20.0], 1000.0, [1, 500, 1000], [1.0, 1.2, 1.5]).tolist()
    [6.0, 30.0]
    """
    dearer = np.interp(
        own_periods(loss, years),
        np.asarray(period, dtype=np.float64),
        np.asarray(factor, dtype=np.float64),
    )
    found: F64 = np.asarray(loss, dtype=np.float64) * dearer
    return found
