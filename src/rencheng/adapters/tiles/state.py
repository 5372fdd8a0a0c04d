"""State apart from geometry: one byte for each row of a layer, behind a header of 32 bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

MAGIC = b"RCST"
UNKNOWN = 255
"""What an unknown value is; 254 is the largest known one."""
LAYOUT = "<4sBBHIffd4x"
"""Magic; 1: version of the format; 1: one unsigned byte a value; the byte of an unknown value;
number of values; scale; offset; Unix time of the state [s]; four bytes of nothing."""
HEADER = struct.calcsize(LAYOUT)


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the largest value that a field can have."""

    low: float
    high: float


def packed(values: ArrayLike, span: Range, at_s: float) -> bytes:
    r"""Return values in bytes: value = offset + scale × byte, 255 unknown.

    Examples
    --------
    >>> packed([0.0, 1.0, float("nan")], Range(0.0, 1.0), 0.0)[HEADER:]
    b'\x00\xfe\xff'
    """
    table = np.asarray(values, dtype=np.float64)
    scale = (span.high - span.low) / (UNKNOWN - 1)
    known = np.isfinite(table)
    step = np.round((np.where(known, table, span.low) - span.low) / scale)
    body = np.where(known, np.clip(step, 0, UNKNOWN - 1), UNKNOWN).astype(np.uint8)
    head = struct.pack(LAYOUT, MAGIC, 1, 1, UNKNOWN, len(body), scale, span.low, at_s)
    return head + body.tobytes()
