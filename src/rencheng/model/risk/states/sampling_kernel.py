"""The loop that draws states of damage, compiled; import it inside a function: numba loads slowly.

It trusts its input: `sampling` alone calls it. Serial, with the GIL released. Slow twin: `twin`.
How it walks, and the tuples it takes, stand in `states_kernel`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.model.risk.kernel import CHUNK, TILE, tiles, until
from rencheng.model.risk.states.kernel import (
    Fragility,
    Stored,
    fill,
    from_table,
    kinds,
    levels,
    ordered,
    within,
)

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
Chance = tuple[F32, F32]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def draw(start: U64, turn: np.uint64, half: F32) -> None:
    """Write a half-draw for each start: SplitMix64, as `draws` has it."""
    one, two = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
    for j in range(start.size):
        h = start[j] + turn
        h = (h ^ (h >> np.uint64(30))) * one
        h = (h ^ (h >> np.uint64(27))) * two
        h = h ^ (h >> np.uint64(31))
        half[j] = np.float32(np.int32(h)) + np.float32(0.5)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def normal(half: F32, bits: U32, table: tuple[F32, F32], z: F32) -> None:
    """Write the standard normal number of each half-draw, by the table of `draws`."""
    value, slope = table
    for j in range(z.size):
        b = bits[j] & np.uint32(0x7FFFFFFF)
        i = np.uint64(np.int32(b >> np.uint32(17)) - np.int32(126 * 64))
        y = value[i] + np.float32(np.int32(b & np.uint32(0x1FFFF))) * slope[i]
        z[j] = math.copysign(y, half[j])


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def judge(z: F32, level: F64, shared: np.float32, own: np.float32, state: U8) -> None:
    """Write how many states are reached; 255 where that is unknown."""
    for j in range(z.size):
        state[j] = np.uint8(0) if level[0, j] == level[0, j] else np.uint8(255)
        z[j] = shared + own * z[j]
    for s in range(0, level.shape[0], 4):
        t0, t1, t2, t3 = level[s], level[s + 1], level[s + 2], level[s + 3]
        for j in range(z.size):
            y = np.float64(z[j])
            low = np.int32(y < t0[j]) + np.int32(y < t1[j])
            state[j] += np.uint8(low + np.int32(y < t2[j]) + np.int32(y < t3[j]))


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def inverse(kind: I32, row: I32, level: F64, rough: tuple[F32, U32, F32], table: Chance) -> None:
    """Turn P[state ≥ k] of tabulated curves into the normal number below which it is reached."""
    half, bits, z = rough
    for s in range(level.shape[0]):
        for j in range(kind.size):
            p = level[s, j]
            known = row[kind[j]] >= 0 and p == p
            half[j] = (1.0 - p if p >= 0.5 else -p) * 4294967296.0 if known else 1.0
        normal(half, bits, table, z)
        for j in range(kind.size):
            p = level[s, j]
            if row[kind[j]] >= 0 and p == p:
                # What happens less than once in 2³³ draws, never does.
                level[s, j] = z[j] if abs(half[j]) >= 0.5 else (-np.inf if p < 0.5 else np.inf)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def count(state: U8, who: I32, group: I32, by_group: I32, by_item: I32) -> None:
    """Count the states of a realisation; the last column counts what is unknown."""
    last = np.uint64(by_item.shape[1] - 1)
    for j in range(state.size):
        k, i = np.uint64(state[j]), np.uint64(who[j])
        k = k if k < last else last
        by_group[np.uint64(group[i]), k] += 1
        by_item[i, k] += 1


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def keep(state: U8, who: I32, asset: I32, kept: I8) -> None:
    """Keep the states of a realisation; -1 unknown."""
    for j in range(state.size):
        kept[asset[who[j]]] = np.int8(state[j])  # 255 is -1


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def starts(n: int, who: I32, of: U64, room: U64) -> U64:
    """Return where the generator of each item starts, as `kinds` does."""
    if n and who[n - 1] - who[0] == n - 1:
        return of[who[0] : who[0] + n]
    for j in range(n):
        room[j] = of[np.uint64(who[j])]
    return room[:n]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def sample(
    events: Stored,
    turns: tuple[U64, F32],
    items: tuple[I32, I32, U64, I32, I32],
    fragility: Fragility,
    chance: tuple[Chance, np.float32],
    tallies: tuple[I32, I32, I8],
) -> None:
    """Draw the states of assets in every realisation of every event, and count them.

    `turns`: what to add to each start, and the part of the normal number that all assets share,
    (events, draws) each. `items`: beside point and curve where each generator starts, group and
    row of the asset. `chance`: table of normal numbers and weight of an asset's own. `tallies`: by
    realisation, group and state, by item and state, states kept, if any.
    """
    begin, point, _, _ = events
    turn, shared = turns
    first, curve, key, group, asset = items
    slope, shift, limit, row, table = fragility
    by_group, by_item, kept = tallies
    draws, many = turn.shape[1], by_item.shape[1] - 2
    pairs = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.float64), np.empty(CHUNK, np.float64)
    half, z = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    bits = half.view(np.uint32)
    level_, state = np.empty((slope.shape[0], CHUNK), np.float64), np.empty(CHUNK, np.uint8)
    rooms = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.uint64)
    cursor = begin[:-1].copy()
    for end in tiles(first, begin, TILE):
        for e in range(begin.size - 1):
            k, skip, stop = cursor[e], 0, until(point, cursor[e], begin[e + 1], end)
            cursor[e] = stop
            while k < stop:
                n, k, skip = fill(events, first, (k, skip), stop, pairs)
                who, x, log, level = pairs[0][:n], pairs[1][:n], pairs[2][:n], level_[:, :n]
                kind, start = kinds(n, who, curve, rooms[0]), starts(n, who, key, rooms[1])
                if limit.size:
                    within(kind, limit, x, log)
                levels(kind, slope, shift, log, level)
                if table[1].size:
                    from_table(kind, x, row, table, level[:many])
                    rough = half[:n], bits[:n], z[:n]
                    inverse(kind, row, level[:many], rough, chance[0])
                ordered(level[:many])
                for d in range(draws):
                    r = e * draws + d
                    draw(start, turn[e, d], half[:n])
                    normal(half[:n], bits[:n], chance[0], z[:n])
                    judge(z[:n], level, shared[e, d], chance[1], state[:n])
                    count(state[:n], who, group, by_group[r], by_item)
                    if kept.size:
                        keep(state[:n], who, asset, kept[r])
