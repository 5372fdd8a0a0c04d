"""A device that sends far more than was agreed is held back, and nobody else with it."""

from __future__ import annotations

from collections import OrderedDict
from math import isfinite

MANY = 10.0
"""So many times its agreed rate may a stream send. Chosen."""
SPAN = 60.0
"""Agreed intervals over which is counted. Chosen."""
LEAST_S = 60.0
"""Shortest span over which is counted. Chosen. [s]"""
_SPANS = 48
"""Spans of a stream that are counted at a time; older ones begin anew. Chosen."""


class Limits:
    """Counts values by stream and span of the time at which they were so.

    By that time and not by arrival: a device that was cut off and sends a day at once is welcome.
    """

    def __init__(self) -> None:
        self._counts: dict[str, OrderedDict[int, int]] = {}

    def admits(self, stream: str, interval_s: float, at_us: int) -> bool:
        """Count a value, and return whether it is within the limit.

        Parameters
        ----------
        stream
            Id of the stream.
        interval_s
            Agreed time between its values. [s]
        at_us
            When it was so. [µs]
        """
        interval = interval_s if interval_s > 0.0 and isfinite(interval_s) else 1.0
        span = max(SPAN * interval, LEAST_S)
        held = self._counts.get(stream)
        if held is None:
            held = self._counts[stream] = OrderedDict()
        index = int(at_us // (span * 1e6))
        count = held.get(index, 0) + 1
        held[index] = count
        if len(held) > _SPANS:
            held.popitem(last=False)
        return count <= MANY * span / interval
