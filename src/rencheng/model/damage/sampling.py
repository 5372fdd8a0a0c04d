"""Counter-based random numbers and thresholds: the part of the sampling that NumPy does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]

# SplitMix64: Steele, Lea, Flood (2014), doi:10.1145/2660193.2660195, figure 17 and its constants.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_FULL = 2.0**32

BUILDINGS, LIFELINES, FACILITIES = 1, 2, 3
"""Streams of random numbers: two kinds of asset never share one."""


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
