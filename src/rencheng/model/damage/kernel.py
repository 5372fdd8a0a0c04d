"""The sampling loop over buildings, compiled; import it inside a function: numba loads slowly."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Counts = NDArray[np.int32]
F64 = NDArray[np.float64]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def thresholds(x: F64, slope: F64, shift: F64, phi: F64) -> NDArray[np.uint32]:
    """Return what a 32-bit draw must stay below for each state to be reached. Trusts its input.

    `sampling.as_threshold` of `sampling.exceedance`, (pairs, samples, 4), by a table of Φ: cubics
    that are within 2e-8 (`model.risk.fragility.normal_table`). `x` (samples, pairs); `slope` 1/β
    and `shift` ln median/β (pairs, 4). NaN never happens.
    """
    samples, pairs = x.shape
    last = float(phi.shape[1] - 1)
    limit = np.empty((pairs, samples, 4), dtype=np.uint32)
    for s in range(samples):
        for p in range(pairs):
            log = math.log(x[s, p]) if x[s, p] > 0.0 else -np.inf
            milder = 4294967295.0 if x[s, p] == x[s, p] else 0.0
            for k in range(4):
                t = (log * slope[p, k] - shift[p, k]) * 32.0 + 0.5 * last
                t = t if t > 0.0 else 0.0
                t = t if t < last else last
                i = np.uint64(np.int64(t))
                f = t - np.float64(np.int64(t))
                y = phi[0, i] + f * (phi[1, i] + f * (phi[2, i] + f * phi[3, i]))
                milder = min(milder, y * 4294967296.0)
                limit[p, s, k] = np.uint32(milder)
    return limit


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def tally(
    start: NDArray[np.uint64],
    zone: NDArray[np.int32],
    link: NDArray[np.int32],
    pair: NDArray[np.int32],
    exceed: NDArray[np.uint32],
    collapse: NDArray[np.uint32],
    shape: tuple[int, int],
) -> tuple[Counts, Counts, Counts, NDArray[np.uint8]]:
    """Draw a state for every building and sample, and count. Trusts its input.

    Serial, with the GIL released. The draw of building b in sample s is a hash of `start[b]` and s
    alone, so the order of the buildings does not matter. Twin: `twin.tally`.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    first, second = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
    zones, links = shape
    samples = exceed.shape[1]
    by_building = np.zeros((start.size, 5), dtype=np.int32)
    by_zone = np.zeros((zones, samples, 5), dtype=np.int32)
    collapsed = np.zeros((zones, samples), dtype=np.int32)
    on_link = np.zeros((samples, links), dtype=np.uint8)
    for b in range(start.size):
        p = pair[b]
        if p < 0:
            continue
        z = zone[b]
        state = start[b]
        for s in range(samples):
            state += golden
            h = state
            h = (h ^ (h >> np.uint64(30))) * first
            h = (h ^ (h >> np.uint64(27))) * second
            h = h ^ (h >> np.uint64(31))
            u = np.uint32(h >> np.uint64(32))
            k = (
                int(u < exceed[p, s, 0])
                + int(u < exceed[p, s, 1])
                + int(u < exceed[p, s, 2])
                + int(u < exceed[p, s, 3])
            )
            by_building[b, k] += 1
            by_zone[z, s, k] += 1
            if k == 4 and np.uint32(h & np.uint64(0xFFFFFFFF)) < collapse[p]:
                collapsed[z, s] += 1
                at = link[b]
                if at >= 0 and on_link[s, at] < 255:
                    on_link[s, at] += 1
    return by_building, by_zone, collapsed, on_link
