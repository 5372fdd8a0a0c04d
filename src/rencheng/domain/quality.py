"""What quality control holds a stream's values against, beside the stream's own limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Any

from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.provenance import Mode
from rencheng.domain.run import LIVE_RUN


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
    rate: float | None = None
    """Largest plausible change per second, in place of the stream's own; None: its own."""
    stuck_after: int | None = None
    """So many equal values in a row are suspect, in place of the stream's own; None: its own."""


Numbers = tuple[float, ...]
"""One number, twelve by month, or none where the check is not made."""
MONTHLY = ("low_by_month", "high_by_month")
LEARNT = (
    *MONTHLY, "rate", "stuck_after", "spike_up", "spike_down", "near_abs", "drift_up", "drift_down",
)  # fmt: skip
"""Limits that history can teach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """All limits of an office: by quantity, by stream where one differs, and what was learnt."""

    version: str = ""
    by_quantity: Mapping[Quantity, StreamLimits] = field(default_factory=dict)
    by_stream: Mapping[str, StreamLimits] = field(default_factory=dict)
    learnt: Mapping[str, Mapping[str, Numbers]] = field(default_factory=dict)
    """By stream the limits of `LEARNT` that a person approved."""

    def of(self, stream: Datastream) -> StreamLimits:
        """Return the limits of a stream: its quantity's or its own, and over them the learnt."""
        own = self.by_stream.get(stream.id)
        found = own or self.by_quantity.get(stream.quantity) or StreamLimits()
        learnt = self.learnt.get(stream.id)
        return with_numbers(found, learnt) if learnt else found


def with_numbers(limits: StreamLimits, learnt: Mapping[str, Numbers]) -> StreamLimits:
    """Return limits with learnt ones in place of their own."""
    values: dict[str, Any] = {}
    for name, numbers in learnt.items():
        if name in MONTHLY:
            values[name] = numbers
        elif numbers:
            values[name] = int(numbers[0]) if name == "stuck_after" else numbers[0]
    return replace(limits, **values)


class LimitsStatus(StrEnum):
    """Where a version of learnt limits stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntLimit:
    """One limit of one stream: what holds now, and what its history says."""

    name: str
    """Of `LEARNT`."""
    before: Numbers
    after: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntStream:
    """What the history of one stream taught."""

    stream: str
    count: int
    """Readings of the period."""
    first: datetime | None
    last: datetime | None
    limits: tuple[LearntLimit, ...]
    """Only those that would change."""
    left: tuple[tuple[str, str], ...]
    """Limits that stay as they are, each with why: `few`, `event`, `state`, `neighbours`."""
    flagged_before: tuple[tuple[str, int], ...]
    """Readings of the same history that the limits that hold now flag, by reason."""
    flagged_after: tuple[tuple[str, int], ...]
    """Readings of the same history that the learnt limits would flag, by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsVersion:
    """A version of learnt limits, proposed by the program and put in force by a person."""

    id: str
    number: int
    """Counts versions from 1; verdicts name it."""
    base: str
    """Version in force that it was learnt beside; empty: none."""
    source_run: str
    """Run whose history was read."""
    start: datetime
    end: datetime
    """The period that was read. [UTC]"""
    streams: tuple[LearntStream, ...]
    held: Mapping[str, Mapping[str, Numbers]]
    """Everything learnt that holds once it is in force, by stream."""
    status: LimitsStatus
    created: datetime
    proposed_by: str
    decided_by: str = ""
    decided: datetime | None = None
    reason: str = ""
    mode: Mode
    run: str = LIVE_RUN
    version: int = 1
