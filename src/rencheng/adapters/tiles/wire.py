"""The few messages of protocol buffers that a tile consists of, where speed does not matter.

Field numbers: Mapbox Vector Tile Specification 2.1, vector_tile.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from rencheng.adapters.tiles.drawing import EXTENT

SPECIFICATION = 2
Value = str | bool | int | float


def varint(value: int) -> bytes:
    """Return a non-negative number as base-128 varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def framed(number: int, body: bytes) -> bytes:
    """Return a field of bytes with its number and length."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def value(item: Value) -> bytes:
    """Return a property's value as field 4 of a layer; real numbers have 32 bits."""
    if isinstance(item, bool):
        body = b"\x38" + varint(int(item))
    elif isinstance(item, int):
        body = (b"\x28" + varint(item)) if item >= 0 else (b"\x30" + varint(-2 * item - 1))
    elif isinstance(item, float):
        body = b"\x15" + struct.pack("<f", item)
    else:
        body = framed(1, item.encode())
    return framed(4, body)


def layer(name: str, keys: Sequence[str], body: bytes | memoryview) -> bytes:
    """Return a tile of one layer; `body` holds its features and values, encoded."""
    head = b"\x78" + varint(SPECIFICATION) + framed(1, name.encode())
    tail = b"".join(framed(3, key.encode()) for key in keys) + b"\x28" + varint(EXTENT)
    size = len(head) + len(body) + len(tail)
    return b"".join([varint(3 << 3 | 2), varint(size), head, body, tail])
