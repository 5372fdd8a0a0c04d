"""Whether the server's own clock can be relied on: a jump of it is an alarm, never silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.service.alarms import review
from rencheng.service.house import House

CLOCK_RULE = "clock_jump"
_SERVER = "server"
JUMP_S = 5.0
"""Least difference from the steady clock that is a jump; a clock that is set right slowly (at most
500 ppm: 15 ms in 30 s) stays far below it. Chosen. [s]"""
_SHOWN_S = 600.0
"""How long the alarm of a jump stays open after it. Chosen. [s]"""


class ClockWatch:
    """Compare the wall clock with one that cannot be set, and with what was written before a start.

    Parameters
    ----------
    house
        Where; its clock is the one that is looked at.
    pace
        A clock that runs steadily from any start. [s]
    """

    def __init__(self, house: House, pace: Callable[[], float] = monotonic) -> None:
        self._house, self._pace = house, pace
        self._seen: tuple[datetime, float] | None = None
        self._until: float | None = None

    def look(self) -> float:
        """Raise an alarm when the clock has jumped, and clear it when that is long ago.

        Returns
        -------
        jump
            By how much it has jumped since the last look; 0: it has not. [s]
        """
        wall, pace = self._house.now(), self._pace()
        if self._seen is None:
            jump = self._behind(wall)
        else:
            before, then = self._seen
            jump = (wall - before).total_seconds() - (pace - then)
        if abs(jump) >= JUMP_S:
            review(self._house, LIVE_RUN, (_finding(jump),), rules={CLOCK_RULE})
            self._until = pace + _SHOWN_S
        elif self._seen is None or (self._until is not None and pace >= self._until):
            review(self._house, LIVE_RUN, (), rules={CLOCK_RULE})
            self._until = None
        self._seen = (wall, pace)
        return jump if abs(jump) >= JUMP_S else 0.0

    def _behind(self, wall: datetime) -> float:
        """Return how far the clock stands behind the last line of the log, as at a start. [s]"""
        with self._house.work() as work:
            lines = work.log.lines(None, limit=1)
        return min(0.0, (wall - lines[0].at) / timedelta(seconds=1)) if lines else 0.0


def _finding(jump_s: float) -> Finding:
    way = "forward" if jump_s > 0 else "back"
    return Finding(
        rule=CLOCK_RULE,
        rule_version="1",
        object=_SERVER,
        level=Level.YELLOW,
        text=Text(f"alarm.{CLOCK_RULE}.{way}", {"seconds": abs(jump_s)}),
    )
