"""The sampling loop in plain NumPy: slow, short, and the judge of the compiled one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from rencheng.domain.impact import FragilityTable
from rencheng.model.damage.sampling import bits

Counts = NDArray[np.int32]
F64 = NDArray[np.float64]


def tally(
    start: NDArray[np.uint64],
    zone: NDArray[np.int32],
    link: NDArray[np.int32],
    pair: NDArray[np.int32],
    exceed: NDArray[np.uint32],
    collapse: NDArray[np.uint32],
    shape: tuple[int, int],
) -> tuple[Counts, Counts, Counts, NDArray[np.uint8]]:
    """Do what `kernel.tally` does, one sample at a time."""
    zones, links = shape
    samples = exceed.shape[2]
    by_building = np.zeros((start.size, 5), dtype=np.int32)
    by_zone = np.zeros((zones, samples, 5), dtype=np.int32)
    collapsed = np.zeros((zones, samples), dtype=np.int32)
    on_link = np.zeros((samples, links), dtype=np.uint8)
    known = np.flatnonzero(pair >= 0)
    p, z = pair[known], zone[known]
    step = np.uint64(0x9E3779B97F4A7C15)
    for s in range(samples):
        offset = np.array([s], dtype=np.uint64) * step
        draw = bits(start[known] + offset, 1)[0]
        high = (draw >> np.uint64(32)).astype(np.uint32)
        state = (high[:, None] < exceed[p, :, s]).sum(axis=1)
        by_building[known, state] += 1
        by_zone[:, s] = np.bincount(z * 5 + state, minlength=5 * zones).reshape(zones, 5)
        low = (draw & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        down = (state == 4) & (low < collapse[p])
        collapsed[:, s] = np.bincount(z[down], minlength=zones)
        at = link[known][down]
        on_link[s] = np.minimum(np.bincount(at[at >= 0], minlength=links), 255)
    return by_building, by_zone, collapsed, on_link


def exceedance(table: FragilityTable, row: NDArray[np.int64], intensity: F64) -> F64:
    """Return P[state ≥ k], k = slight to complete.

    Parameters
    ----------
    table
        Curves.
    row
        Row in `table` of each item. (items,)
    intensity
        Of the row's kind. [g] (samples, items)

    Returns
    -------
    probability
        Never rising with k, also where two curves of one row cross; NaN where the intensity is.
        (samples, items, 4)

    Notes
    -----
    Rows cross where their β differ, far out in the tails: there the worse state is held to the
    probability of the milder one.
    """
    with np.errstate(divide="ignore"):
        log = np.log(intensity)[:, :, None]
    z = (log - np.log(table.median_g[row])) / table.beta[row]
    p = ndtr(z)
    for k in range(1, 4):
        np.minimum(p[..., k], p[..., k - 1], out=p[..., k])
    return np.asarray(p, dtype=np.float64)
