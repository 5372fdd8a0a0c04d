"""The loop that draws states of damage, compiled; import it inside a function: numba loads slowly.

It trusts its input: `sampling` alone calls it. Serial, with the GIL released. Slow twin: `twin`.
How it walks, and the tuples it takes, stand in `states.kernel`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.model.risk.kernel import CHUNK, meet, one_each, pieces
from rencheng.model.risk.states.cubic import above
from rencheng.model.risk.states.fragility import Fragility
from rencheng.model.risk.states.kernel import PIECE, Stored, beside, reach

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]
U64 = NDArray[np.uint64]
Items = tuple[I32, U64, I32, I32]
Chance = tuple[float, tuple[tuple[F32, F32], F64]]
Rooms = tuple[I32, U64, F32, F32, F32, U8]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def draw(start: U64, turn: np.uint64, uniform: F32) -> None:
    """Write a uniform number below 1 for each start: SplitMix64, as `draws` has it."""
    one, two = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
    most = np.float32(1.0 - 2.0**-24)
    for j in range(start.size):
        h = start[j] + turn
        h = (h ^ (h >> np.uint64(30))) * one
        h = (h ^ (h >> np.uint64(27))) * two
        h = ~(h ^ (h >> np.uint64(31)))
        u = (np.float32(np.uint32(h)) + np.float32(0.5)) * np.float32(2.0**-32)
        uniform[j] = u if u < most else most


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def together(
    uniform: F32, shared: float, own: float, tables: tuple[tuple[F32, F32], F64], half: F32
) -> None:
    """Turn uniform numbers into those whose normal numbers share a part."""
    (value, slope), phi = tables
    bits, last, most = half.view(np.uint32), float(phi.shape[1] - 1), np.float32(1.0 - 2.0**-24)
    for j in range(uniform.size):
        u = uniform[j]
        w = (u if u < np.float32(0.5) else np.float32(1.0) - u) * np.float32(2.0**32)
        half[j] = w if w > np.float32(0.5) else np.float32(0.5)
        i = np.uint64(np.int32(bits[j] >> np.uint32(17)) - np.int32(126 * 64))
        z = value[i] + np.float32(np.int32(bits[j] & np.uint32(0x1FFFF))) * slope[i]
        t = (shared + own * (z if u > 0.5 else -z)) * 32.0 + 0.5 * last
        t = t if t > 0.0 else 0.0
        t = t if t < last else last
        q = np.uint64(np.int64(t))
        f = t - np.float64(q)
        v = np.float32(phi[0, q] + f * (phi[1, q] + f * (phi[2, q] + f * phi[3, q])))
        uniform[j] = v if v < most else most


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def judge(uniform: F32, reached: F32, state: U8) -> None:
    """Write how many states are reached; 255 where that is unknown."""
    flat, wide = reached.reshape(-1), np.uint64(reached.shape[1])
    state[:] = 0
    for s in range(np.uint64(0), wide, np.uint64(4)):
        for j in range(uniform.size):
            state[j] += np.uint8(above(flat, np.uint64(j) * wide + s, uniform[j]))  # type: ignore[call-arg, unused-ignore]
    for j in range(uniform.size):
        if reached[j, 0] != reached[j, 0]:
            state[j] = 255


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
def sample_of(
    pairs: tuple[I32, F32],
    turns: tuple[int, U64, F32],
    items: Items,
    fragility: Fragility,
    chance: Chance,
    tallies: tuple[I32, I32, I8],
    rooms: Rooms,
) -> None:
    """Draw and count the states of pairs of item and intensity, in all realisations of an event.

    `turns`: the first of these realisations, and the event's row of those of `sample`.
    """
    who, x = pairs
    first, turn, shared = turns
    curve, key, group, asset = items
    own, tables = chance
    by_group, by_item, kept = tallies
    kinds, keys, reached, uniform, half, state = rooms
    n = who.size
    reached, uniform, half, state = reached[:n], uniform[:n], half[:n], state[:n]
    reach(beside(who, curve, kinds), x, fragility, by_item.shape[1] - 2, reached)
    start = beside(who, key, keys)
    for d in range(turn.size):
        draw(start, turn[d], uniform)
        if own < 1.0:
            together(uniform, shared[d], own, tables, half)
        judge(uniform, reached, state)
        count(state, who, group, by_group[first + d], by_item)
        if kept.size:
            keep(state, who, asset, kept[first + d])


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def sample(
    events: Stored,
    turns: tuple[U64, F32],
    stock: tuple[I32, Items],
    fragility: Fragility,
    chance: Chance,
    tallies: tuple[I32, I32, I8],
) -> None:
    """Draw the states of assets in every realisation of every event, and count them.

    `turns`: what to add to each start, and the part of the normal number that all assets share,
    (events, draws) each. `stock`: first item at each point; of items the curve, where each
    generator starts, group and row of the asset. `chance`: weight of an asset's own normal number,
    and tables of such numbers and of Φ. `tallies`: by realisation, group and state, by item and
    state, states kept, if any.
    """
    begin, point, intensity = events
    turn, shared = turns
    first, items = stock
    by_group, by_item, kept = tallies
    draws, wide = turn.shape[1], 4 * max(1, (by_item.shape[1] + 1) // 4)
    pairs = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.float32)
    rooms = (
        np.empty(CHUNK, np.int32),
        np.empty(CHUNK, np.uint64),
        np.empty((CHUNK, wide), np.float32),
        np.empty(CHUNK, np.float32),
        np.empty(CHUNK, np.float32),
        np.empty(CHUNK, np.uint8),
    )
    same = one_each(first)
    for piece in pieces(first, begin, point, PIECE):
        e, k, end, skip = piece[0], piece[1], piece[2], 0
        here = (e * draws, turn[e], shared[e])
        while k < end:
            if same:
                upto = min(k + CHUNK, end)
                met = (point[k:upto], intensity[k:upto])
                sample_of(met, here, items, fragility, chance, tallies, rooms)
                k = upto
            else:
                n, k, skip = meet(point[:end], intensity[:end], first, (k, skip), pairs)
                few = (pairs[0][:n], pairs[1][:n])
                sample_of(few, here, items, fragility, chance, tallies, rooms)
