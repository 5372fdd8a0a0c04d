"""What quality control holds a stream's values against, beside the stream's own limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from rencheng.domain.observation import Datastream, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Limits of one quantity or one stream, in its unit; infinity: that check is not made."""

    low_by_month: tuple[float, ...] = ()
    """Lowest plausible value by month, January first; empty: the stream's own all year. (12,)"""
    high_by_month: tuple[float, ...] = ()
    spike_up: float = inf
    """Largest plausible rise from the last good value to one that nothing confirms."""
    spike_down: float = inf
    is_whole: bool = False
    """Whether only whole numbers are possible: a state, a count."""
    near_abs: float = inf
    near_rel: float = 0.0
    """A value agrees with a neighbour's x within `near_abs` + `near_rel` × |x|."""
    drift_up: float = inf
    """Most that the mean of the last day may lie above the mean of the last month."""
    drift_down: float = inf
    is_drift_shared: bool = False
    """Whether drift is taken of the difference from the neighbours' median: weather, tide."""
    rain_owed: float = inf
    """Rain on every neighbour while this gauge says none, after which it is suspect."""
    lag_s: float = inf
    """Lag of the clock behind that of the other streams, reading for reading. [s]"""
    reach_m: float = 0.0
    """How far a neighbour may be. [m]"""
    other_units: tuple[float, ...] = ()
    """Factors that a value must not be wrong by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """All limits of an office: by quantity, and by stream where one differs."""

    version: str = ""
    by_quantity: Mapping[Quantity, StreamLimits] = field(default_factory=dict)
    by_stream: Mapping[str, StreamLimits] = field(default_factory=dict)

    def of(self, stream: Datastream) -> StreamLimits:
        """Return the limits of a stream; its own stand in place of its quantity's."""
        own = self.by_stream.get(stream.id)
        return own or self.by_quantity.get(stream.quantity) or StreamLimits()
