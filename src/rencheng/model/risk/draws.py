"""Random numbers that are a pure function of seed, asset and realisation, and of nothing else.

Nobody's number depends on who was drawn before, so blocks, threads and the order of assets and
events change nothing. Keys are names, hashed by BLAKE2b (RFC 7693): rows change their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import cast

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]

# SplitMix64: Steele, Lea, Flood (2014), doi:10.1145/2660193.2660195, figure 17 and its constants.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

NODES_PER_OCTAVE = 64
"""Of the table of normal numbers: probabilities are within 5e-6 by it. Ours; a power of two."""
LOWEST_OCTAVE, OCTAVES = 126, 33
"""Exponents, as IEEE 754 stores them, of ½ to 2³¹: the smallest and largest half-draw."""


SEEDS = 2**63 - 1
"""The largest seed, as large as a whole number of TOML or a database may be."""


def is_seed(seed: object) -> bool:
    """Whether a number can be a seed: larger ones, and those below zero, would stand for others."""
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    return whole and 0 <= int(cast("int", seed)) <= SEEDS


def mix(values: U64) -> U64:
    """Return the SplitMix64 finaliser of each value."""
    h = (values ^ (values >> np.uint64(30))) * FIRST
    h = (h ^ (h >> np.uint64(27))) * SECOND
    return np.asarray(h ^ (h >> np.uint64(31)), dtype=np.uint64)


def keys(names: Sequence[str]) -> U64:
    """Return 64 bits for each name. (names,)."""
    hashed = b"".join(blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(hashed, dtype="<u8").astype(np.uint64)


def starts(seed: int, names: Sequence[str]) -> U64:
    """Return where the generator of each asset starts under a seed. (names,)."""
    # Arrays of one, because 64-bit overflow is meant here and scalars warn of it.
    label = mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64) + GOLDEN)
    return mix(label + keys(names))


def common(seed: int) -> U64:
    """Return where the generator that all assets share starts; no name gives it. (1,)."""
    return mix(~starts(seed, ("",)))


def turns(names: Sequence[str], draws: int) -> U64:
    """Return what each realisation adds to a generator's start. (events, draws)."""
    step = np.arange(1, draws + 1, dtype=np.uint64) * GOLDEN
    return np.asarray(mix(keys(names))[:, None] + step, dtype=np.uint64)


def normal_table() -> tuple[F32, F32]:
    """Return the standard normal number at each node, and how it goes on to the next.

    Nodes stand at the half-draws w whose exponent and first six bits of mantissa they are; the
    number is Φ⁻¹(1 - w / 2³²) by AS 241 (Wichura 1988, doi:10.2307/2347330), which the standard
    library carries. (nodes,) each
    """
    first = LOWEST_OCTAVE * NODES_PER_OCTAVE
    node = np.arange(first, first + OCTAVES * NODES_PER_OCTAVE, dtype=np.uint32)
    half = (node << np.uint32(17)).view(np.float32).astype(np.float64)
    tail = np.minimum(half / 2.0**32, 0.5)
    inverse = NormalDist().inv_cdf
    z = -np.array([inverse(p) for p in tail])
    slope = np.append(np.diff(z), 0.0) / 2.0**17
    return z.astype(np.float32), slope.astype(np.float32)


def uniforms(start: U64, turn: U64) -> F32:
    """Return a number from 0 to below 1 for each asset, Φ of `normals`. (turns, assets)."""
    h = ~mix(np.ravel(turn)[:, None] + start[None, :])
    half = (h & np.uint64(0xFFFFFFFF)).astype(np.uint32).astype(np.float32) + np.float32(0.5)
    most = np.float32(1.0 - 2.0**-24)
    return np.asarray(np.minimum(half * np.float32(2.0**-32), most), dtype=np.float32)


def normals(start: U64, turn: U64) -> F32:
    """Return the standard normal numbers of assets in realisations. (turns, assets)."""
    h = mix(np.ravel(turn)[:, None] + start[None, :])
    half = (h & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.int32).astype(np.float32)
    half += np.float32(0.5)
    return normal_at(half)


def normal_at(half: F32) -> F32:
    """Return the standard normal number of half-draws, which run from -2³¹ to 2³¹ but never 0.

    Positive ones stand for Φ⁻¹(1 - w / 2³²), negative ones for its mirror image. (...,)
    """
    value, slope = normal_table()
    bits = np.abs(half).view(np.uint32)
    node = (bits >> np.uint32(17)).astype(np.int64) - LOWEST_OCTAVE * NODES_PER_OCTAVE
    rest = (bits & np.uint32(0x1FFFF)).astype(np.float32)
    return np.copysign(value[node] + rest * slope[node], half).astype(np.float32)
