"""The sampling loop over buildings, compiled; import it inside a function: numba loads slowly.

They trust their input: `state` alone calls them. Serial, with the GIL released. One simple loop
over the samples after another, so that the compiler can use wide registers. Slow twin: `twin`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Counts = NDArray[np.int32]
F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]
U8 = NDArray[np.uint8]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def thresholds(log: F64, slope: F64, shift: F64, phi: F64) -> U32:
    """Return what a 32-bit draw must stay below for each state to be reached. (pairs, 4, samples)

    `sampling.as_threshold` of `sampling.exceedance`, by a table of Φ: cubics that are within 2e-8
    (`model.risk.states.fragility.normal_table`). `log` of the intensity (pairs, samples); `slope`
    1/β and `shift` ln median/β (pairs, 4). NaN never happens.
    """
    pairs, samples = log.shape
    last = float(phi.shape[1] - 1)
    limit = np.empty((pairs, 4, samples), dtype=np.uint32)
    milder = np.empty(samples)
    a, b, c, d = phi[0], phi[1], phi[2], phi[3]
    for p in range(pairs):
        y = log[p]
        for s in range(samples):
            milder[s] = 4294967295.0 if y[s] == y[s] else 0.0
        for k in range(4):
            here = limit[p, k]
            for s in range(samples):
                t = (y[s] * slope[p, k] - shift[p, k]) * 32.0 + 0.5 * last
                t = t if t > 0.0 else 0.0
                t = t if t < last else last
                i = np.int32(t)
                f, q = t - np.float64(i), np.uint64(i)
                reached = (a[q] + f * (b[q] + f * (c[q] + f * d[q]))) * 4294967296.0
                milder[s] = min(milder[s], reached)
                here[s] = np.uint32(milder[s])
    return limit


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def draw(start: np.uint64, turn: U64, high: U32, low: U32) -> None:
    """Write both halves of a building's draw in every sample: SplitMix64, as `sampling.bits`."""
    first, second = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
    for s in range(turn.size):
        h = start + turn[s]
        h = (h ^ (h >> np.uint64(30))) * first
        h = (h ^ (h >> np.uint64(27))) * second
        h = h ^ (h >> np.uint64(31))
        high[s] = np.uint32(h >> np.uint64(32))
        low[s] = np.uint32(h & np.uint64(0xFFFFFFFF))


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def reach(high: U32, limit: U32, packed: U64) -> np.uint64:
    """Add each state that a building reaches to its zone's counts, 16 bits a state.

    Returns the same sum over the samples.
    """
    l1, l2, l3, l4 = limit[0], limit[1], limit[2], limit[3]
    total = np.uint64(0)
    for s in range(high.size):
        u = high[s]
        worse = (np.uint64(u < l3[s]) << np.uint64(32)) | (np.uint64(u < l4[s]) << np.uint64(48))
        here = worse | np.uint64(u < l1[s]) | (np.uint64(u < l2[s]) << np.uint64(16))
        packed[s] += here
        total += here
    return total


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def states(packed: np.uint64, whole: int, count: Counts) -> None:
    """Add to counts by state (5,) what was packed of `whole` draws."""
    left = np.int64(whole)
    for k in range(4):
        reached = np.int64((packed >> np.uint64(16 * k)) & np.uint64(0xFFFF))
        count[k] += left - reached
        left = reached
    count[4] += left


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def empty_out(packed: U64, whole: int, count: Counts) -> None:
    """Move a zone's packed counts to counts by sample and state. (samples,), (samples, 5)"""
    for s in range(packed.size):
        states(packed[s], whole, count[s])
        packed[s] = np.uint64(0)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def fall(high: U32, low: U32, limit: U32, share: np.uint32, down: U8) -> None:
    """Mark the samples in which a building is complete and collapses."""
    for s in range(high.size):
        down[s] = (high[s] < limit[s]) & (low[s] < share)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def tally(
    start: U64,
    zone: Counts,
    link: Counts,
    pair: Counts,
    exceed: U32,
    collapse: U32,
    shape: tuple[int, int],
) -> tuple[Counts, Counts, Counts, U8]:
    """Draw a state for every building and sample, and count.

    The draw of building b in sample s is a hash of `start[b]` and s alone, so the order of the
    buildings does not matter. `exceed`: see `thresholds`.
    """
    full = 65535  # what 16 bits count to
    zones, links = shape
    samples = exceed.shape[2]
    by_building = np.zeros((start.size, 5), dtype=np.int32)
    by_zone = np.zeros((zones, samples, 5), dtype=np.int32)
    collapsed = np.zeros((zones, samples), dtype=np.int32)
    on_link = np.zeros((samples, links), dtype=np.uint8)
    packed, whole = np.zeros((zones, samples), np.uint64), np.zeros(zones, np.int64)
    turn = np.arange(1, samples + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    high, low = np.empty(samples, np.uint32), np.empty(samples, np.uint32)
    eights = np.zeros((samples + 7) // 8, np.uint64)
    down = eights.view(np.uint8)[:samples]
    for b in range(start.size):
        p, z, at = pair[b], zone[b], link[b]
        if p < 0:
            continue
        if whole[z] == full:
            empty_out(packed[z], full, by_zone[z])
            whole[z] = 0
        whole[z] += 1
        draw(start[b], turn, high, low)
        for s in range(0, samples, full):
            end = min(s + full, samples)
            of_states = reach(high[s:end], exceed[p, :, s:end], packed[z, s:end])
            states(of_states, end - s, by_building[b])
        if by_building[b, 4] == 0:
            continue
        fall(high, low, exceed[p, 3], collapse[p], down)
        for w in range(eights.size):
            if eights[w] == 0:
                continue
            for s in range(8 * w, min(8 * w + 8, samples)):
                collapsed[z, s] += down[s]
                if at >= 0 and on_link[s, at] < 255:
                    on_link[s, at] += down[s]
    for z in range(zones):
        empty_out(packed[z], whole[z], by_zone[z])
    return by_building, by_zone, collapsed, on_link
