"""Observations as the standard tells them: raw values of the live run, and what lies beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import QualityReason
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.sensing import EntityKind, ObservationDetails, Reading, Readings
from rencheng.service.house import House
from rencheng.service.register import register_of
from rencheng.service.register_index import absent

I64 = NDArray[np.int64]
UNSAID = np.iinfo(np.int64).min
"""In `Readings.result_at`: not said."""
EVER = (-(2**62), 2**62)
"""From the beginning of time to its end. [µs UTC]"""
_MARK = 0x5254
"""First 16 bits of `ident` where the value came in by this door: its last two bits then speak."""
_REASONS = tuple(QualityReason)


def readings(
    house: House,
    streams: Sequence[str],
    start: int = EVER[0],
    end: int = EVER[1],
    *,
    limit: int | None = None,
    is_newest_first: bool = False,
) -> Readings:
    """Return observations of datastreams between two times, both included, sorted by time.

    Parameters
    ----------
    streams
        Ids of datastreams of both kinds.
    start, end
        Of the begin of the phenomenon. [µs UTC]
    limit
        At least so many, if there are, and all that share the last one's time; None: all.
    is_newest_first
        Sort from `end` back instead of from `start` on.
    """
    raise NotImplementedError


def reading(house: House, key: str) -> Reading:
    """Return one observation by its id (`<datastream>@<µs>-<hash>`), or raise `NotFoundError`."""
    raise NotImplementedError


def reading_at(house: House, found: Readings, row: int) -> Reading:
    """Return one row of what was found."""
    raise NotImplementedError


def count(house: House, streams: Sequence[str]) -> int:
    """Return how many observations datastreams have in all."""
    raise NotImplementedError


def extent(house: House, stream: str) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Return the first and the last time of the phenomena and of the results of a datastream.

    Kept as values come in; None: there are none. [µs UTC]
    """
    raise NotImplementedError
