"""What the compiled loops do, said again in NumPy: slow, with large temporaries, and the oracle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Stored = tuple[I64, I32, F32, F64]
Items = tuple[I32, I32, F64, I32]


def spread_out(events: Stored, first: I32) -> tuple[I64, I64, F64]:
    """Return event, item and intensity of every item that an event reaches. (pairs,) each."""
    start, point, intensity, _ = events
    here = (first[1:] - first[:-1]).astype(np.int64)
    times = here[point]
    event = np.repeat(np.repeat(np.arange(start.size - 1), np.diff(start)), times)
    begin = np.repeat(first[:-1][point].astype(np.int64), times)
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return event, begin + within, np.repeat(intensity.astype(np.float64), times)


def pairs(events: Stored, items: Items, curves: Sequence[Curve]) -> tuple[I64, I64, F64, F64]:
    """Return event, item, loss and its standard deviation, pair by pair."""
    event, item, x = spread_out(events, items[0])
    loss, sd = np.full(x.size, np.nan), np.full(x.size, np.nan)
    kind = items[1][item]
    for row, curve in enumerate(curves):
        mine = kind == row
        loss[mine], sd[mine] = curve.value(x[mine]), curve.spread(x[mine])
    return event, item, loss * items[2][item], sd * items[2][item]


def losses(events: Stored, items: Items, curves: Sequence[Curve]) -> tuple[F64, I64, F64, I64]:
    """Return loss and unknown items of each event, annual loss and unknown events of each item."""
    event, item, loss, _ = pairs(events, items, curves)
    missing = np.isnan(loss)
    known = np.where(missing, 0.0, loss)
    many, stock = events[0].size - 1, items[1].size
    return (
        np.bincount(event, known, many).astype(np.float64),
        np.bincount(event, missing, many).astype(np.int64),
        np.bincount(item, known * events[3][event], stock).astype(np.float64),
        np.bincount(item, missing, stock).astype(np.int64),
    )


def states(
    events: Stored, items: tuple[I32, I32], curves: Sequence[Curve], many: int
) -> tuple[F64, F64]:
    """Return expected items in each state beyond none: of each event, and a year of each item."""
    event, item, x = spread_out(events, items[0])
    exact = np.zeros((x.size, many))
    kind = items[1][item]
    for row, curve in enumerate(curves):
        mine = kind == row
        exact[np.ix_(mine, range(len(curve.states)))] = curve.shares(x[mine])[:, 1:]
    by_event = np.zeros((events[0].size - 1, many))
    by_item = np.zeros((items[1].size, many))
    np.add.at(by_event, event, np.nan_to_num(exact))
    np.add.at(by_item, item, exact * events[3][event][:, None])
    return by_event, by_item
