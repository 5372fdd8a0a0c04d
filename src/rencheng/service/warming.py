"""What quality control knew before this process began: approved limits, means of days and weeks."""

from __future__ import annotations

from datetime import timedelta

from rencheng.domain.observation import QualityReason
from rencheng.domain.readings import to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.sense.quality import REASONS
from rencheng.service.house import House
from rencheng.service.limits import take_up

BACK = timedelta(days=30)
"""How far back hours are read: as long as the memory of the means. Chosen."""
MOST_ROWS = 50_000_000
"""Readings that are read at most, the youngest; some seconds of work. Chosen."""
_BESIDE = (QualityReason.DRIFT, QualityReason.NEIGHBOUR, QualityReason.RAIN)
_AGAINST = 0xFFFF & ~sum(1 << REASONS.index(one) for one in _BESIDE)
"""Bits that leave a value out: it failed a check of its own, and taught nothing then either."""


def warm_up(house: House) -> None:
    """Take up the learnt limits in force, and learn the live run's means again from its hours.

    Called once, before anything is taken in. What a replay had heard is not learnt again.
    """
    take_up(house)
    streams = house.heard.streams(house.cities.current(), house.quality)
    now = house.now()
    with house.work() as work:
        row, hour, mean = work.observations.hours(
            LIVE_RUN, streams.ids, to_us(now - BACK), to_us(now), against=_AGAINST, most=MOST_ROWS
        )
    if len(row):
        house.heard.take_hours(streams, LIVE_RUN, row, hour, mean)
