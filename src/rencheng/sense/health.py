"""Whether a stream can be relied on now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import inf, nan

from rencheng.domain.observation import (
    RESTS_AT_ZERO,
    Datastream,
    Observation,
    Quality,
    StreamHealth,
    StreamStatus,
)
from rencheng.sense.quality import equal_in_a_row

SILENT_AFTER = 3.0
"""Intervals without a value after which a stream is silent. Chosen; no source."""


def stream_status(
    stream: Datastream,
    last: Observation | None,
    last_good: Observation | None,
    recent: Sequence[Observation],
    at: datetime,
) -> StreamStatus:
    """Say what a stream last said and how healthy it is.

    Parameters
    ----------
    stream
        The stream.
    last, last_good
        Its last value, and the last one that was good; None: there is none.
    recent
        Its last values, good or not, oldest first; as many as `stream.stuck_after` are enough.
    at
        The time to judge at. [UTC]

    Returns
    -------
    StreamStatus
        `never` before the first value, else `silent` after three intervals without one, else
        `stuck` when its last values are all equal, else `suspect` when the last is, else `ok`.
        Silence outranks the rest: whatever a silent stream said no longer tells the present.
    """
    if last is None:
        return StreamStatus(
            datastream=stream.id,
            health=StreamHealth.NEVER,
            last_value=nan,
            last_good_value=nan,
            last_time=None,
            age_s=inf,
        )
    age = max(0.0, (at - last.phenomenon_time).total_seconds())
    if age > SILENT_AFTER * stream.interval_s:
        health = StreamHealth.SILENT
    elif _is_stuck(stream, recent):
        health = StreamHealth.STUCK
    elif last.verdict.quality is Quality.SUSPECT:
        health = StreamHealth.SUSPECT
    else:
        health = StreamHealth.OK
    return StreamStatus(
        datastream=stream.id,
        health=health,
        last_value=last.value,
        last_good_value=last_good.value if last_good else nan,
        last_time=last.phenomenon_time,
        age_s=age,
    )


def _is_stuck(stream: Datastream, recent: Sequence[Observation]) -> bool:
    if not stream.stuck_after or not recent:
        return False
    if stream.quantity in RESTS_AT_ZERO and recent[-1].value == 0.0:
        return False
    earlier = [(item.phenomenon_time, item.value) for item in recent[:-1]]
    return equal_in_a_row(recent[-1].value, earlier) >= stream.stuck_after
