"""Loops over sparse events, compiled; import them inside a function: numba loads slowly.

They trust their input: `impact` and `states` alone call them. Serial, with the GIL released. Slow
twins: `twin`.

Tuples, as the compiled functions take them:

table
    `head` (curves, 4): where the buckets begin, buckets per unit, last bucket, offset in `bucket`;
    `bucket`: first line that a bucket can need; `line` (lines, 6): from, to, mean there and its
    slope, standard deviation there and its slope.
items
    What stands at the points, those of a point side by side: `first` (points + 1,), `curve`,
    `value` and `asset` of each item. An item is one component of one asset.
events
    `start` (events + 1,), `point`, `intensity`, `rate`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]
Table = tuple[F64, I32, F64]
Items = tuple[I32, I32, F64, I32]
Blocked = tuple[I64, I32, F32, F64]


@njit(nogil=True, cache=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def line_of(head: F64, bucket: I32, line: F64, curve: np.uint64, x: float) -> np.uint64:
    """Return the line of a curve that holds at `x`, which is not NaN."""
    t = (x - head[curve, 0]) * head[curve, 1]
    t = t if t > 0.0 else 0.0
    t = t if t < head[curve, 2] else head[curve, 2]
    s = np.uint64(bucket[np.uint64(np.int64(t + head[curve, 3]))])
    s += np.uint64(x >= line[s, 1])  # most buckets hold one knot at most: no branch to guess
    while x >= line[s, 1]:
        s += np.uint64(1)
    return s


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def losses(
    events: Blocked,
    items: Items,
    table: Table,
    by_event: tuple[F64, I64],
    by_item: tuple[F64, I64],
    touched: U8,
) -> None:
    """Add up the loss of each event and the expected annual loss of each item.

    Writes loss and number of unknown items of each event, adds to annual loss (beside the value in
    `worth`, so that one line of the cache has both) and number of unknown events of each item,
    marks the points that an event reaches.
    """
    start, point, intensity, rate = events
    first, curve, _, _ = items
    head, bucket, line = table
    loss, unknown = by_event
    worth, dark = by_item
    one = np.uint64(1)
    for e in range(start.size - 1):
        total, missing, often = 0.0, 0, rate[e]
        for k in range(np.uint64(start[e]), np.uint64(start[e + 1])):
            p = np.uint64(point[k])
            x = np.float64(intensity[k])
            touched[p] = 1
            if x != x:
                for i in range(np.uint64(first[p]), np.uint64(first[p + one])):
                    missing += 1
                    dark[i] += 1
                continue
            for i in range(np.uint64(first[p]), np.uint64(first[p + one])):
                s = line_of(head, bucket, line, np.uint64(curve[i]), x)
                y = worth[i, 0] * (line[s, 2] + line[s, 3] * (x - line[s, 0]))
                if y != y:
                    missing += 1
                    dark[i] += 1
                else:
                    total += y
                    worth[i, 1] += often * y
        loss[e] = total
        unknown[e] = missing


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def spreads(events: Blocked, items: Items, table: Table, square: F64, straight: F64) -> None:
    """Write Σσ² and Σσ of the losses of each event; losses that are unknown are left out."""
    start, point, intensity, _ = events
    first, curve, value, _ = items
    head, bucket, line = table
    for e in range(start.size - 1):
        squares, sums = 0.0, 0.0
        for k in range(start[e], start[e + 1]):
            p = point[k]
            x = np.float64(intensity[k])
            if x != x:
                continue
            for i in range(first[p], first[p + 1]):
                s = line_of(head, bucket, line, np.uint64(curve[i]), x)
                mean = line[s, 2]
                if mean == mean:
                    sd = value[i] * (line[s, 4] + line[s, 5] * (x - line[s, 0]))
                    squares += sd * sd
                    sums += sd
        square[e] = squares
        straight[e] = sums


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def matrix(events: Blocked, items: Items, table: Table, stored: tuple[I64, I32, F32]) -> None:
    """Write the loss of each event at each asset; an asset's items stand side by side."""
    start, point, intensity, _ = events
    first, curve, value, asset = items
    head, bucket, line = table
    begin, who, loss = stored
    at = 0
    for e in range(start.size - 1):
        begin[e] = at
        for k in range(start[e], start[e + 1]):
            p = point[k]
            x = np.float64(intensity[k])
            last, total = -1, 0.0
            for i in range(first[p], first[p + 1]):
                if asset[i] != last and last >= 0:
                    who[at], loss[at] = last, total
                    at += 1
                    total = 0.0
                last = asset[i]
                y = np.nan
                if x == x:
                    s = line_of(head, bucket, line, np.uint64(curve[i]), x)
                    y = value[i] * (line[s, 2] + line[s, 3] * (x - line[s, 0]))
                total += y
            if last >= 0:
                who[at], loss[at] = last, total
                at += 1
    begin[start.size - 1] = at
