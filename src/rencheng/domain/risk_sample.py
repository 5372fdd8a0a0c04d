"""Sampled states of damage, counted realisation by realisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import Fault
from rencheng.domain.risk import Standing

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledStates:
    """States of damage drawn for every asset in every realisation, counted.

    State 0 is *no damage*; assets that an event does not reach are in it. What is unknown is
    counted apart and is in no state; assets without curve or with bad data are in no count.
    """

    states: tuple[str, ...]
    """Names of the states, from none to the worst. (states,)"""
    names: tuple[str, ...]
    """Id of each event; its realisations stand side by side. (events,)"""
    draws: int
    """Realisations of each event."""
    groups: tuple[str, ...]
    """What assets were counted by, such as zones; one without a name when by nothing. (groups,)"""
    by_group: I32
    """Assets in each state. (realisations, groups, states)"""
    unknown: I32
    """Assets of which the state is unknown. (realisations, groups)"""
    by_asset: I32
    """Realisations that left an asset in each state. (assets, states)"""
    dark: I32
    """Realisations in which an asset's state is unknown. (assets,)"""
    state: I8 | None
    """State of each asset, if kept; -1 unknown or not assessed. (realisations, assets)"""
    standing: U8
    """`Standing` of each asset. (assets,)"""
    counts: Mapping[Standing, int]
    seed: int
    correlation: float
    """Of the normal numbers behind the states of any two assets; 0 alone, 1 all together."""
    versions: Mapping[str, str]
    """What the result rests on: program, event set, curves."""
    faults: tuple[Fault, ...] = ()
    """What was wrong with the input: counted, with the first ids and how to mend it."""

    @property
    def event(self) -> I64:
        """Return the row of the event of each realisation. (realisations,)."""
        return np.repeat(np.arange(len(self.names)), self.draws)

    @property
    def by_realisation(self) -> I64:
        """Return how many assets are in each state. (realisations, states)."""
        return np.asarray(self.by_group.sum(axis=1, dtype=np.int64))

    @property
    def share(self) -> F64:
        """Return how often each asset was found in each state, of what is known. (assets, states).

        NaN for assets that were not assessed and for those always unknown.
        """
        known = self.by_asset.sum(axis=1, keepdims=True)
        return np.where(known > 0, self.by_asset / np.maximum(known, 1), np.nan)
