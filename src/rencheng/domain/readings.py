"""Readings as rows of one fixed layout: how intake, rules and history hand them on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
"""Structured array of `ROW`. (n,)"""

ROW = np.dtype(
    [
        ("stream", "<i4"),
        ("at", "<i8"),
        ("received", "<i8"),
        ("value", "<f8"),
        ("ident", "<u8"),
        ("reasons", "<u2"),
        ("verdict", "<u2"),
    ]
)
"""Number of the stream (in the services: its row in `City.datastreams`); when it was so and when it
was heard [µs UTC]; value; hash of the sender's id; reasons against it as bits of `QualityReason`
(none: good); number of the verdict's version. 40 bytes."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(time: datetime) -> int:
    """Return microseconds since 1970; exact, unlike a float timestamp. [µs UTC]"""
    return (time - EPOCH) // _MICROSECOND


def from_us(time: int) -> datetime:
    """Return the time, aware and in UTC."""
    return EPOCH + timedelta(microseconds=time)
