"""Samples of a study: one number for each input, and the keys that all its other draws hash."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.risk_uncertainty import Design
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.draws import GOLDEN, keys, mix, starts
from rencheng.model.risk.uncertain.memory import must_hold

F64 = NDArray[np.float64]
U64 = NDArray[np.uint64]


def monte_carlo(
    names: Sequence[str], samples: int, seed: int, budget_mb: float = BUDGET_MB
) -> Design:
    """Return independent samples.

    Parameters
    ----------
    names
        Of the inputs.
    samples
        How many.
    seed
        0 … 2^63 - 1.
    budget_mb
        Memory that the study may take. [MB]

    Raises
    ------
    TooMuchError
        When the samples cannot fit the memory; asked before any is drawn.

    Notes
    -----
    The number of an input in a sample is a hash of seed, name and sample alone: other inputs, more
    samples and their order change nothing. SplitMix64 from a start that BLAKE2b makes of seed and
    name.
    """
    must_hold(len(names), samples, budget_mb)
    count = np.arange(1, samples + 1, dtype=np.uint64) * GOLDEN
    columns = [unit(mix(count + start)) for start in starts(seed, names)]
    return Design(
        names=tuple(names),
        uniform=np.column_stack(columns) if names else np.zeros((samples, 0)),
        origin=f"Monte Carlo, seed {seed}",
    )


def keys_of(name: str, uniform: F64) -> U64:
    """Return the keys of an input's own draws, from its number in each sample. (samples,)"""
    bits = np.ascontiguousarray(uniform, dtype=np.float64).view(np.uint64)
    return mix(mix(bits) ^ keys([name])[0])


def place_keys(place: F64) -> U64:
    """Return a number for each point, from where it lies. (points,)"""
    bits = np.ascontiguousarray(place + 0.0, dtype=np.float64).view(np.uint64)
    return mix(mix(bits[:, 0]) + mix(~bits[:, 1]))


def unit(h: U64) -> F64:
    """Return numbers strictly between 0 and 1: 52 bits, so that a half still fits beside them."""
    return ((h >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normals(key: U64, thing: U64) -> F64:
    """Return the standard normal draw of each thing in each sample. (things, samples)"""
    from scipy.special import ndtri

    return np.asarray(ndtri(unit(mix(key[None, :] + thing[:, None]))), dtype=np.float64)
