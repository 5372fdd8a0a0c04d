"""Alarm rules held against every batch of readings as it comes in."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.service.house import Context, House


def watched(house: House, run: str, city: City, rows: NDArray[Any], ctx: Context) -> int:  # noqa: ARG001
    """Hold new readings against the alarm rules; raise and clear what they change.

    Parameters
    ----------
    house, run
        Where.
    city
        The city served, registered streams included.
    rows
        Readings just taken: structured, with `stream` (row in `city.datastreams`), `at` [µs UTC],
        `received` [µs UTC], `value` and `reasons` (bits, 0: good); sorted by stream, then time.
        (n,)
    ctx
        The run's clock when they came in.

    Returns
    -------
    changed
        How many alarms were raised, changed or cleared. Durable when it returns.
    """
    return 0
