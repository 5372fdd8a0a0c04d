"""Loops over states of damage, compiled; import them inside a function: numba loads slowly.

They trust their input: `sampling` and `states` alone call them. Serial, with the GIL released. Slow
twins: `twin`. Work goes in chunks that stay in the first cache, one simple loop after another, so
that the compiler can use wide registers: a fused loop takes three times as long.

Tuples, as the compiled functions take them:

events
    `start` (events + 1,), `point`, `intensity`, and its bits as `uint32`.
items
    What stands at the points: `first` (points + 1,), `curve`, and what is drawn or counted by item.
    An item is one asset.
fragility
    `slope` 1/β and `shift` ln median/β (states padded to fours, curves): a state is reached where
    slope · ln x - shift is beyond a standard normal number. `limit` (curves, 4): lowest and highest
    valid intensity and what stands in for one below and above; `row` (curves,): in `table`, of the
    mildest state of a tabulated curve, -1 of a lognormal one; `table` as in `kernel`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.model.risk.kernel import CHUNK, TILE, alone, line_of, tiles, until

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U32 = NDArray[np.uint32]
U8 = NDArray[np.uint8]
Fragility = tuple[F64, F64, F64, I32, tuple[F64, I32, F64]]
Stored = tuple[I64, I32, F32, U32]
Pairs = tuple[I32, F64, F64]
Place = tuple[int, int, int]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def logs(bits: U32, log: F64) -> None:
    """Write the natural logarithm of float32 values: 2 artanh((m - 1) / (m + 1)) + e ln 2.

    Six terms of the series are within 1e-10 for √½ ≤ m < √2. Zero gives -∞, what is below the
    smallest normal number too; NaN and infinite give NaN.
    """
    half = np.uint32(0x3504F3)  # the mantissa of √2
    for j in range(bits.size):
        b = bits[j]
        rest = b & np.uint32(0x7FFFFF)
        e = np.float64(np.int32((b >> np.uint32(23)) + np.uint32(rest > half)) - np.int32(127))
        m = np.float64(np.int32(rest)) * (1.0 / 8388608.0) + 1.0
        m = m * (0.5 if rest > half else 1.0)
        s = (m - 1.0) / (m + 1.0)
        q = s * s
        series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11)))))
        here = e * 0.6931471805599453 + 2.0 * s * series  # ln 2
        log[j] = here if b >= np.uint32(0x800000) else -np.inf
        log[j] = log[j] if b < np.uint32(0x7F800000) else np.nan


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def within(kind: I32, limit: F64, x: F64, log: F64) -> None:
    """Put what stands in for it in place of an intensity outside its curve's range."""
    for j in range(kind.size):
        c = np.uint64(kind[j])
        y = x[j]
        if y < limit[c, 0]:
            y = limit[c, 2]
        elif y > limit[c, 1]:
            y = limit[c, 3]
        else:
            continue
        x[j] = y
        log[j] = math.log(y) if y >= 0.0 else (-np.inf if y < 0.0 else np.nan)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def levels(kind: I32, slope: F64, shift: F64, log: F64, level: F64) -> None:
    """Write the normal number below which each state is reached; four states at a time."""
    for s in range(0, slope.shape[0], 4):
        a0, a1, a2, a3 = slope[s], slope[s + 1], slope[s + 2], slope[s + 3]
        b0, b1, b2, b3 = shift[s], shift[s + 1], shift[s + 2], shift[s + 3]
        t0, t1, t2, t3 = level[s], level[s + 1], level[s + 2], level[s + 3]
        for j in range(kind.size):
            c = np.uint64(kind[j])
            y = log[j]
            t0[j] = y * a0[c] - b0[c]
            t1[j] = y * a1[c] - b1[c]
            t2[j] = y * a2[c] - b2[c]
            t3[j] = y * a3[c] - b3[c]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def from_table(kind: I32, x: F64, row: I32, table: tuple[F64, I32, F64], reached: F64) -> None:
    """Write P[state ≥ k] of the tabulated curves among those asked, exact."""
    head, bucket, line = table
    for j in range(kind.size):
        at = row[kind[j]]
        if at < 0:
            continue
        y = x[j]
        for s in range(reached.shape[0]):
            if y != y:
                reached[s, j] = np.nan
                continue
            i = line_of(head, bucket, line, np.uint64(at + s), y)
            reached[s, j] = line[i, 2] + line[i, 3] * (y - line[i, 0])


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def ordered(worse: F64) -> None:
    """Let no state be reached where a milder one is not."""
    for s in range(1, worse.shape[0]):
        for j in range(worse.shape[1]):
            a, b = worse[s - 1, j], worse[s, j]
            worse[s, j] = b if b < a else a


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def fill(events: Stored, first: I32, at: tuple[int, int], stop: int, pairs: Pairs) -> Place:
    """Write the next pairs of item and intensity of an event, from an entry and one of its items.

    Returns how many there are, and the entry and item to go on from.
    """
    _, point, intensity, bits = events
    who, x, log = pairs
    k, skip = at
    n = min(CHUNK, stop - k)
    if skip == 0 and alone(point[k : k + n], first, who):
        logs(bits[k : k + n], log)
        x[:n] = intensity[k : k + n]
        return n, k + n, 0
    n = 0
    while k < stop:
        p = np.uint64(point[k])
        begin, end = first[p] + skip, first[p + np.uint64(1)]
        m = min(end - begin, CHUNK - n)
        if m > 0:
            logs(bits[k : k + 1], log[n : n + 1])
            here = log[n]
            for j in range(m):
                who[n + j], x[n + j], log[n + j] = begin + j, intensity[k], here
            n += m
        if m < end - begin:
            return n, k, skip + m
        k, skip = k + 1, 0
    return n, k, 0


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def kinds(n: int, who: I32, of: I32, room: I32) -> I32:
    """Return what belongs to each item: a view where they stand side by side, else copied."""
    if n and who[n - 1] - who[0] == n - 1:
        return of[who[0] : who[0] + n]
    for j in range(n):
        room[j] = of[np.uint64(who[j])]
    return room[:n]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def share(level: F64, table: F64) -> None:
    """Turn levels into the probability that a normal number lies below: cubics, within 2e-8."""
    a, b, c, d = table[0], table[1], table[2], table[3]
    last = float(a.size - 1)
    for s in range(level.shape[0]):
        here = level[s]
        for j in range(here.size):
            t = here[j] * 32.0 + 0.5 * last
            t = t if t > 0.0 else 0.0
            t = t if t < last else last
            i = np.int32(t)
            f, q = t - i, np.uint64(i)
            y = a[q] + f * (b[q] + f * (c[q] + f * d[q]))
            here[j] = y if here[j] == here[j] else np.nan


@njit(nogil=True, cache=True, fastmath={"reassoc"})  # type: ignore[untyped-decorator, unused-ignore]
def total(values: F64) -> float:
    """Return the sum, in whatever order is quick; always the same one for as many values."""
    result = 0.0
    for j in range(values.size):
        result += values[j]
    return result


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def add(reached: F64, who: I32, rate: float, tallies: tuple[F64, I64, F64, U8]) -> None:
    """Add the probabilities of a chunk of pairs to those of their event and items."""
    by_event, unknown, by_item, seen = tallies
    n, missing = who.size, 0
    for j in range(n):
        seen[np.uint64(who[j])] = 1
        missing += int(reached[0, j] != reached[0, j])
    unknown[0] += missing
    for s in range(reached.shape[0]):
        here, yearly = reached[s], by_item[s]
        if n and who[n - 1] - who[0] == n - 1:
            mine = yearly[who[0] : who[0] + n]
            for j in range(n):
                mine[j] += rate * here[j]
        else:
            for j in range(n):
                yearly[np.uint64(who[j])] += rate * here[j]
        if missing:
            for j in range(n):
                here[j] = here[j] if here[j] == here[j] else 0.0
        by_event[s] += total(here)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def expect(
    events: Stored,
    rate: F64,
    items: tuple[I32, I32],
    fragility: Fragility,
    phi: F64,
    tallies: tuple[F64, I64, F64, U8],
) -> None:
    """Add up the probabilities that states are reached, and what is unknown.

    `phi`: table of `share` (4, nodes). `tallies`: by event and state, unknown by event, by state
    and item, each event as often as it happens, NaN where unknown in some event; marks of items
    that an event reaches.
    """
    begin, point, _, _ = events
    first, curve = items
    slope, shift, limit, row, table = fragility
    by_event, unknown, by_item, seen = tallies
    many = by_event.shape[1]
    pairs = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.float64), np.empty(CHUNK, np.float64)
    level_, room = np.empty((slope.shape[0], CHUNK), np.float64), np.empty(CHUNK, np.int32)
    cursor = begin[:-1].copy()
    for end in tiles(first, begin, TILE):
        for e in range(begin.size - 1):
            k, skip, stop = cursor[e], 0, until(point, cursor[e], begin[e + 1], end)
            cursor[e] = stop
            while k < stop:
                n, k, skip = fill(events, first, (k, skip), stop, pairs)
                who, x, log, level = pairs[0][:n], pairs[1][:n], pairs[2][:n], level_[:, :n]
                kind = kinds(n, who, curve, room)
                if limit.size:
                    within(kind, limit, x, log)
                levels(kind, slope, shift, log, level)
                share(level[:many], phi)
                if table[1].size:
                    from_table(kind, x, row, table, level[:many])
                ordered(level[:many])
                add(level[:many], who, rate[e], (by_event[e], unknown[e : e + 1], by_item, seen))
