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

CHUNK = 512
"""Pairs of item and intensity at a time: what they need stays in the first cache. Ours."""
PIECE = 32768
"""Items at a time, in every event of a block: they stay in the second cache. Ours."""


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
def pieces(first: I32, start: I64, point: I32, room: int) -> I64:
    """Return event, first entry, end and last point of each piece of work. (pieces, 4)

    All events go through a part of the stock before the next part, so that the part stays in the
    second cache. `room`: items in a part; more where events are so sparse that one would meet few
    of their entries.
    """
    events, points = start.size - 1, first.size - 1
    entries, items = int(start[events] - start[0]), int(first[points])
    room = max(room, (CHUNK // 4) * events * max(items, points) // max(entries, 1))
    piece = np.empty((events * (items // room + points // room + 2), 4), np.int64)
    cursor = start[:-1].copy()
    n = p = 0
    while p < points:
        after = np.searchsorted(first, first[p] + room, side="right") - 1
        p = min(max(after, p + 1), p + room, points)
        for e in range(events):
            begin = cursor[e]
            cursor[e] += np.searchsorted(point[begin : start[e + 1]], p)
            if cursor[e] > begin:
                piece[n] = e, begin, cursor[e], p
                n += 1
    return piece[:n]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def alone(point: I32, first: I32, who: I32) -> bool:
    """Write the first item at each point; say whether every point has exactly one."""
    others = 0
    for j in range(point.size):
        p = np.uint64(point[j])
        i = first[p]
        who[j] = i
        others |= first[p + np.uint64(1)] - i - 1
    return others == 0


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def one_each(first: I32) -> bool:
    """Say whether one item stands at every point, so that points are items."""
    others = 0
    for p in range(first.size):
        others |= first[p] - p
    return others == 0


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def meet(
    point: I32, intensity: F32, first: I32, at: tuple[int, int], pairs: tuple[I32, F32]
) -> tuple[int, int, int]:
    """Write the next pairs of item and intensity, from an entry and one of its items.

    Returns how many there are, and the entry and item to go on from.
    """
    who, x = pairs
    k, skip = at
    n = min(CHUNK, point.size - k)
    if skip == 0 and alone(point[k : k + n], first, who):
        x[:n] = intensity[k : k + n]
        return n, k + n, 0
    n = 0
    while k < point.size:
        p = np.uint64(point[k])
        begin, end = first[p] + skip, first[p + np.uint64(1)]
        m = min(end - begin, CHUNK - n)
        for j in range(m):
            who[n + j], x[n + j] = begin + j, intensity[k]
        n += m
        if m < end - begin:
            return n, k, skip + m
        k, skip = k + 1, 0
    return n, k, 0


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def add(
    pairs: tuple[I32, F32],
    so_far: tuple[float, float],
    curve: I32,
    tables: tuple[Table, F64],
    by_item: tuple[F64, I64],
) -> tuple[float, int]:
    """Add the losses of pairs of item and intensity to the sum so far of an event of a rate.

    Returns the sum, and how many are unknown. What a pair needs stands in three lines of memory, so
    that a dozen pairs are under way at a time.
    """
    who, intensity = pairs
    total, often = so_far
    (head, bucket, line), cell = tables
    worth, dark = by_item
    missing = 0
    for j in range(who.size):
        i, x = np.uint64(who[j]), np.float64(intensity[j])
        c = np.uint64(curve[i])
        t = (x - head[c, 0]) * head[c, 1]
        t = t if t > 0.0 else 0.0
        t = t if t < head[c, 2] else head[c, 2]
        s = np.uint64(np.int64(t + head[c, 3])) * np.uint64(8)
        past = x - cell[s]
        s += np.uint64(past >= 0.0) * np.uint64(2) + np.uint64(1)
        y = worth[i, 0] * (cell[s] + cell[s + np.uint64(1)] * past)
        if y != y:  # unknown, or a bucket of many knots
            s = line_of(head, bucket, line, c, x)
            y = worth[i, 0] * (line[s, 2] + line[s, 3] * (x - line[s, 0]))
            if y != y:
                missing += 1
                dark[i] += 1
                continue
        total += y
        worth[i, 1] += often * y
    return total, missing


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def mark(point: I32, touched: U8) -> int:
    """Mark points; return how many are new."""
    new = 0
    for k in range(point.size):
        p = np.uint64(point[k])
        new += int(touched[p] == 0)
        touched[p] = 1
    return new


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def losses(
    events: Blocked,
    items: Items,
    tables: tuple[Table, F64],
    by_event: tuple[F64, I64],
    by_item: tuple[F64, I64],
    touched: U8,
) -> None:
    """Add up the loss of each event and the expected annual loss of each item.

    `tables`: lines, and what `lines.cells_of` makes of them. Writes loss and number of unknown
    items of each event, adds to annual loss (beside the value in `worth`, so that one line of the
    cache has both) and number of unknown events of each item, marks the points that an event
    reaches. Goes through a piece of the stock with all events before the next, so that the piece
    stays in the cache; the sum of an event goes on where it stopped.
    """
    start, point, intensity, rate = events
    first, curve, _, _ = items
    loss, unknown = by_event
    who, x = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.float32)
    loss[:], unknown[:] = 0.0, 0
    same = one_each(first)
    part = unreached = np.int64(0)
    for piece in pieces(first, start, point, PIECE):
        e, begin, end, until = piece[0], piece[1], piece[2], piece[3]
        reached, here = point[begin:end], intensity[begin:end]
        if until > part:
            unreached = np.count_nonzero(touched[part:until] == 0)
            part = until
        if unreached:
            unreached -= mark(reached, touched)
        k, skip = 0, 0
        while k < reached.size:
            if same:
                k = reached.size
                sums = add((reached, here), (loss[e], rate[e]), curve, tables, by_item)
            else:
                n, k, skip = meet(reached, here, first, (k, skip), (who, x))
                sums = add((who[:n], x[:n]), (loss[e], rate[e]), curve, tables, by_item)
            loss[e], missing = sums
            unknown[e] += missing


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
