"""Counter-based random numbers and thresholds: the part of the sampling that NumPy does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from rencheng.domain.impact import FragilityTable

F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]

# SplitMix64: Steele, Lea, Flood (2014), doi:10.1145/2660193.2660195, figure 17 and its constants.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_FULL = 2.0**32

BUILDINGS, LIFELINES, FACILITIES = 1, 2, 3
"""Streams of random numbers: two kinds of asset never share one."""
KINDS = ("PGA", "SA1")
"""Intensities that fields of shaking have."""


def mix(values: U64) -> U64:
    """Return the SplitMix64 finaliser of each value."""
    h = (values ^ (values >> np.uint64(30))) * _FIRST
    h = (h ^ (h >> np.uint64(27))) * _SECOND
    return np.asarray(h ^ (h >> np.uint64(31)), dtype=np.uint64)


def starts(seed: int, stream: int, items: int) -> U64:
    """Return where the generator of each item starts. (items,)."""
    # Arrays of one, because 64-bit overflow is meant here and scalars warn of it.
    label = np.array([stream], dtype=np.uint64) * _GOLDEN
    key = mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64) + label)
    return mix(key + np.arange(1, items + 1, dtype=np.uint64) * _SECOND)


def bits(start: U64, samples: int) -> U64:
    """Return 64 random bits for every sample and item. (samples, items)."""
    step = np.arange(1, samples + 1, dtype=np.uint64) * _GOLDEN
    return mix(start[None, :] + step[:, None])


def as_threshold(probability: F64) -> U32:
    """Return what a 32-bit draw must stay below to happen with `probability`; NaN never happens."""
    scaled = np.nan_to_num(probability, nan=0.0) * _FULL
    return np.minimum(scaled, _FULL - 1.0).astype(np.uint32)


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


def intensity_of(table: FragilityTable, row: NDArray[np.int64], pga: F64, sa1: F64) -> F64:
    """Return the intensity that each item's curve asks for; NaN for a kind we do not have.

    Parameters
    ----------
    table
        Curves.
    row
        Row in `table` of each item. (items,)
    pga, sa1
        At each item. [g] (samples, items)
    """
    kind = np.array(table.intensity)[row]
    answer = np.full(pga.shape, np.nan)
    for name, values in zip(KINDS, (pga, sa1), strict=True):
        answer[:, kind == name] = values[:, kind == name]
    return answer


def sample_states(
    table: FragilityTable, row: NDArray[np.int64], intensity: F64, start: U64
) -> NDArray[np.int8]:
    """Draw the state of a few items.

    Parameters
    ----------
    table
        Curves.
    row
        Row of each item, -1 where there is none. (items,)
    intensity
        NaN unknown. [g] (samples, items)
    start
        See `starts`. (items,)

    Returns
    -------
    state
        `DamageState`; -1 without curve or without intensity. (samples, items)
    """
    draw = (bits(start, len(intensity)) >> np.uint64(32)).astype(np.uint32)
    limit = as_threshold(exceedance(table, np.maximum(row, 0), intensity))
    state = (draw[:, :, None] < limit).sum(axis=-1).astype(np.int8)
    state[np.isnan(intensity) | (row < 0)] = -1
    return np.asarray(state, dtype=np.int8)
