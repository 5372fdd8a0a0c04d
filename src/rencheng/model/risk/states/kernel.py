"""Loops over states of damage, compiled; import them inside a function: numba loads slowly.

They trust their input: `expected` alone calls them. Serial, with the GIL released. Slow twins:
`twin`. Work goes in chunks that stay in the first cache, one simple loop after another.

Tuples, as the compiled functions take them:

events
    `start` (events + 1,), `point`, `intensity`.
items
    What stands at the points: `first` (points + 1,), `curve`, and what is drawn or counted by item.
    An item is one asset.
fragility
    Cells: of each curve the lowest and highest intensity they hold, as the bits of a float32, how
    many of the bits are within a cell, and where the cell of bits 0 would be (curves, 4); for each
    cell and four states, cubics of P[state ≥ k] over the bits within, constants first
    (cells · 4 · states padded to fours,). No logarithm is taken: cells follow the exponent and the
    leading bits of an intensity. Ends: lowest and highest valid intensity (curves, 2), and P beyond
    them (curves, 2, states); empty where the cells say it all. Slow: the curves without cells, as
    rows of a table of lines (see `model.risk.kernel`), or `EXACT`; ln median and β
    (curves, states); the table.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.model.risk.kernel import CHUNK, line_of, meet, one_each, pieces
from rencheng.model.risk.states.cubic import cubics
from rencheng.model.risk.states.fragility import CELLS, EXACT, Cells, Ends, Fragility, Slow

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]
Stored = tuple[I64, I32, F32]

PIECE = 4096
"""Items at a time, in every event of a block: they stay in the second cache. Ours."""


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def beside(who: I32, of: NDArray[Any], room: NDArray[Any]) -> NDArray[Any]:
    """Return what belongs to each item: a view where they stand side by side, else copied."""
    n = who.size
    if n and who[n - 1] - who[0] == n - 1:
        return of[who[0] : who[0] + n]
    for j in range(n):
        room[j] = of[np.uint64(who[j])]
    return room[:n]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def from_cells(kind: I32, x: F32, cells: Cells, reached: NDArray[Any]) -> None:
    """Write P[state ≥ k] by the cells; an intensity that is no finite number gives NaN."""
    head, cell = cells
    bits, flat, one = x.view(np.int32), reached.reshape(-1), np.int32(1)
    wide, endless = np.uint64(reached.shape[1]), np.int32(0x7F800000)
    strange = np.int32(0)
    for j in range(kind.size):
        strange |= np.int32((bits[j] & endless) == endless)
    for s in range(np.uint64(0), wide, np.uint64(4)):
        for j in range(kind.size):
            c, b = np.uint64(kind[j]), bits[j]
            b = b if b > head[c, 0] else head[c, 0]
            b = b if b < head[c, 1] else head[c, 1]
            at = np.uint64((b >> head[c, 2]) + head[c, 3]) * wide + s
            f = np.float32(np.int32(b & ((one << head[c, 2]) - one)))
            cubics(cell, np.uint64(4) * at, f, flat, np.uint64(j) * wide + s)  # type: ignore[call-arg, unused-ignore]
    if strange:
        for j in range(kind.size):
            if (bits[j] & endless) == endless:
                reached[j] = np.nan


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def one_by_one(kind: I32, x: F32, slow: Slow, many: int, reached: NDArray[Any]) -> None:
    """Write P[state ≥ k] of the curves without cells, exact."""
    row, log_median, beta, (head, bucket, line) = slow
    for j in range(kind.size):
        c, y = kind[j], np.float64(x[j])
        at = row[c]
        if at == CELLS:
            continue
        for s in range(many):
            if y != y:
                reached[j, s] = np.nan
            elif at == EXACT:
                log = math.log(y) if y > 0.0 else -np.inf
                reached[j, s] = 0.5 * math.erfc((log_median[c, s] - log) / beta[c, s] / 2.0**0.5)
            else:
                i = line_of(head, bucket, line, np.uint64(at + s), y)
                reached[j, s] = line[i, 2] + line[i, 3] * (y - line[i, 0])


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def outside(kind: I32, x: F32, ends: Ends, reached: NDArray[Any]) -> None:
    """Write what curves say of intensities outside their range."""
    limit, beyond = ends
    for j in range(kind.size):
        c = kind[j]
        side = 0 if x[j] < limit[c, 0] else (1 if x[j] > limit[c, 1] else 2)
        if side < 2:
            for s in range(beyond.shape[2]):
                reached[j, s] = beyond[c, side, s]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def ordered(reached: NDArray[Any]) -> None:
    """Let no state be reached where a milder one is not."""
    for j in range(reached.shape[0]):
        for s in range(1, reached.shape[1]):
            if reached[j, s] > reached[j, s - 1]:
                reached[j, s] = reached[j, s - 1]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def reach(kind: I32, x: F32, fragility: Fragility, many: int, reached: NDArray[Any]) -> None:
    """Write P[state ≥ k] of pairs of curve and intensity. (pairs, states padded to fours)"""
    cells, ends, slow = fragility
    from_cells(kind, x, cells, reached)
    if slow[0].size:
        one_by_one(kind, x, slow, many, reached)
    if ends[0].size:
        outside(kind, x, ends, reached)
    if slow[0].size or many > 4:
        ordered(reached)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def total(reached: F64, by_event: F64) -> None:
    """Add the probabilities of pairs to those of their event."""
    for s in range(0, by_event.size, 4):
        a, b, c, d = by_event[s], by_event[s + 1], by_event[s + 2], by_event[s + 3]
        for j in range(reached.shape[0]):
            a += reached[j, s]
            b += reached[j, s + 1]
            c += reached[j, s + 2]
            d += reached[j, s + 3]
        by_event[s], by_event[s + 1], by_event[s + 2], by_event[s + 3] = a, b, c, d


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def add(reached: F64, who: I32, rate: float, tallies: tuple[F64, I64, F64, U8]) -> None:
    """Add the probabilities of pairs to those of their items and event."""
    by_event, unknown, by_item, seen = tallies
    n, wide = reached.shape
    if n and who[n - 1] - who[0] == n - 1:  # side by side
        seen[who[0] : who[0] + n] = 1
        mine, more = by_item[who[0] : who[0] + n].reshape(-1), reached.reshape(-1)
        for j in range(more.size):
            mine[j] += rate * more[j]
    else:
        for j in range(n):
            i = np.uint64(who[j])
            seen[i] = 1
            for s in range(wide):
                by_item[i, s] += rate * reached[j, s]
    before = by_event.copy()
    total(reached, by_event)
    if by_event[0] != by_event[0]:
        for j in range(n):
            if reached[j, 0] != reached[j, 0]:
                unknown[0] += 1
                reached[j] = 0.0
        by_event[:] = before
        total(reached, by_event)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def expect_of(
    pairs: tuple[I32, F32],
    rate: float,
    curve: I32,
    states: tuple[Fragility, int],
    rooms: tuple[I32, F64],
    tallies: tuple[F64, I64, F64, U8],
) -> None:
    """Add what is expected of pairs of item and intensity, in an event of a rate."""
    who, x = pairs
    fragility, many = states
    reached = rooms[1][: who.size]
    reach(beside(who, curve, rooms[0]), x, fragility, many, reached)
    add(reached, who, rate, tallies)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def expect(
    events: Stored,
    rate: F64,
    items: tuple[I32, I32],
    fragility: Fragility,
    many: int,
    tallies: tuple[F64, I64, F64, U8],
) -> None:
    """Add up the probabilities that states are reached, and what is unknown.

    `tallies`: by event and state, unknown by event, by item and state, each event as often as it
    happens, NaN where unknown in some event; marks of items that an event reaches. States are
    padded to fours.
    """
    start, point, intensity = events
    first, curve = items
    by_event, unknown, by_item, seen = tallies
    pairs = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.float32)
    rooms = np.empty(CHUNK, np.int32), np.empty((CHUNK, by_event.shape[1]), np.float64)
    same = one_each(first)
    for piece in pieces(first, start, point, PIECE):
        e, k, end, skip = piece[0], piece[1], piece[2], 0
        mine = (by_event[e], unknown[e : e + 1], by_item, seen)
        while k < end:
            if same:
                upto = min(k + CHUNK, end)
                here = (point[k:upto], intensity[k:upto])
                expect_of(here, rate[e], curve, (fragility, many), rooms, mine)
                k = upto
            else:
                n, k, skip = meet(point[:end], intensity[:end], first, (k, skip), pairs)
                met = (pairs[0][:n], pairs[1][:n])
                expect_of(met, rate[e], curve, (fragility, many), rooms, mine)
