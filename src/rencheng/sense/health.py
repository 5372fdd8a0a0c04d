"""Whether a stream can be relied on now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf, nan

from rencheng.domain.observation import RESTS_AT_ZERO, Datastream, StreamHealth, StreamStatus

SILENT_AFTER = 3.0
"""Intervals without a value after which a stream is silent. Chosen; no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a stream last said."""

    at: datetime
    value: float
    is_suspect: bool
    good: float
    """Last value that was good; NaN: none was."""
    equal: int
    """Values in a row, good or not, that are equal to the last, itself included."""


def stream_status(stream: Datastream, heard: Heard | None, at: datetime) -> StreamStatus:
    """Say what a stream last said and how healthy it is.

    Parameters
    ----------
    stream
        The stream.
    heard
        What it last said; None: nothing yet.
    at
        The time to judge at. [UTC]

    Returns
    -------
    StreamStatus
        `never` before the first value, else `silent` after three intervals without one, else
        `stuck` when its last values are all equal, else `suspect` when the last is, else `ok`.
        Silence outranks the rest: whatever a silent stream said no longer tells the present.
    """
    if heard is None:
        return StreamStatus(
            datastream=stream.id,
            health=StreamHealth.NEVER,
            last_value=nan,
            last_good_value=nan,
            last_time=None,
            age_s=inf,
        )
    age = max(0.0, (at - heard.at).total_seconds())
    if age > SILENT_AFTER * stream.interval_s:
        health = StreamHealth.SILENT
    elif _is_stuck(stream, heard):
        health = StreamHealth.STUCK
    elif heard.is_suspect:
        health = StreamHealth.SUSPECT
    else:
        health = StreamHealth.OK
    return StreamStatus(
        datastream=stream.id,
        health=health,
        last_value=heard.value,
        last_good_value=heard.good,
        last_time=heard.at,
        age_s=age,
    )


def _is_stuck(stream: Datastream, heard: Heard) -> bool:
    if not stream.stuck_after or (stream.quantity in RESTS_AT_ZERO and heard.value == 0.0):
        return False
    return heard.equal >= stream.stuck_after
