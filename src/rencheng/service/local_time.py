"""Times as sentences say them: on the clock of the city."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from rencheng.domain.city import City


def local_time(city: City, time: datetime) -> str:
    """Return the time on the clocks of the city, to the minute: `2015-09-16 20:02`."""
    return time.astimezone(ZoneInfo(city.timezone)).strftime("%Y-%m-%d %H:%M")
