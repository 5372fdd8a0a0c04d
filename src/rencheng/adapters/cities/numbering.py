"""Numbers that follow from a thing's id: draws of its own, and an id of its own."""

from __future__ import annotations

import numpy as np

from rencheng.domain.city import F64, I64

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE, _TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_NUMBERING = 9
"""Stream of draws for ids; see `draws`."""


def draws(ids: I64, seed: int, stream: int) -> F64:
    """Return a number in [0, 1) for each id: always the same for one id, seed and stream. (n,)

    Counter-based (SplitMix64, Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195), so adding
    or removing a building changes nothing for the others.

    Examples
    --------
    >>> a = draws(np.array([7, 8]), 1, 0)
    >>> bool(a[1] == draws(np.array([8]), 1, 0)[0])
    True
    """
    with np.errstate(over="ignore"):
        start = np.uint64((seed * 0x100000001B3 + stream * 0x1000193 + 1) % 2**64)
        mixed = (ids.astype(np.uint64) ^ start) + _GOLDEN * np.uint64(stream + 1)
        for _ in range(2):
            mixed = (mixed ^ (mixed >> np.uint64(30))) * _ONE
            mixed = (mixed ^ (mixed >> np.uint64(27))) * _TWO
            mixed ^= mixed >> np.uint64(31)
    found: F64 = (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found


def own_ids(ids: I64) -> I64:
    """Return the ids, with one of its own for each thing that shares its id with an earlier one.

    The new id follows from the shared one, so it is the same whenever the city is built. (n,)

    Examples
    --------
    >>> new = own_ids(np.array([7, 8, 7]))
    >>> new[:2].tolist(), bool(new[2] in (7, 8)), bool((new == own_ids(np.array([7, 8, 7]))).all())
    ([7, 8], False, True)
    """
    new = np.asarray(ids, dtype=np.int64).copy()
    _, first = np.unique(new, return_index=True)
    again = np.ones(len(new), dtype=bool)
    again[first] = False
    seen = set(new[first].tolist()) if again.any() else set()
    for row in np.flatnonzero(again):
        shared, turn = new[row : row + 1].copy(), 0
        while int(new[row]) in seen:
            turn += 1
            new[row] = int(draws(shared, turn, _NUMBERING)[0] * 2.0**53) | 1 << 54
        seen.add(int(new[row]))
    return new
