"""The compiled encoder of one tile; import it inside a function: numba loads slowly.

Trusts its input. Twin: `twin.encode`, which gives the same bytes.
"""

from __future__ import annotations

import numpy as np

from rencheng.adapters.tiles.drawing import Drawing, Window
from rencheng.adapters.tiles.trace import OPEN, REVERSED, Bytes, Marks, Rows, choose, fast, trace


@fast
def put(out: Bytes, at: int, value: int) -> int:
    """Write a varint; return where the next byte goes."""
    while value >= 128:
        out[at] = (value & 127) | 128
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@fast
def put_path(p: Rows, first: int, end: int, how: int, out: Bytes, at: int, cursor: Marks) -> int:
    """Write the commands of a path; return where the next byte goes."""
    out[at] = 1 << 3 | 1
    at += 1
    k, step = (end - 1, -1) if how == REVERSED else (first, 1)
    left, up = cursor[0], cursor[1]
    for i in range(end - first):
        if i == 1:
            at = put(out, at, (end - first - 1) << 3 | 2)
        x, y = np.int64(p[k, 0]), np.int64(p[k, 1])
        across, down = x - left, y - up
        at = put(out, put(out, at, (across << 1) ^ (across >> 63)), (down << 1) ^ (down >> 63))
        left, up = x, y
        k += step
    cursor[0], cursor[1] = left, up
    if how != OPEN:
        out[at] = 1 << 3 | 7
        at += 1
    return at


@fast
def encode(d: Drawing, w: Window) -> tuple[Bytes, int, int]:
    """Return features and values of a tile's layer, and how many are drawn and left out."""
    code, row, kind = d.code, d.row, d.kind
    rows, inside, left = choose(d, w)
    p, paths, ends = trace(d, w, rows, inside)
    # A feature's head and tags take at most 64 bytes and 10 for each column; a path's commands
    # 8; a vertex inside a buffered tile 2 times 2, and 2 more where the first delta is longer.
    bound = 64 + len(d.value) + len(rows) * (64 + 10 * code.shape[1]) + 16 * len(paths) + 6 * len(p)
    out = np.empty(bound, np.uint8)
    geometry = np.empty(64 + 16 * len(paths) + 6 * len(p), np.uint8)
    tags = np.empty(16 + 12 * code.shape[1], np.uint8)
    local = np.full(len(d.value_start), -1, np.int32)
    order = np.empty(len(d.value_start), np.int32)
    cursor = np.zeros(2, np.int64)
    at, used, drawn, vertex, path = 0, 0, 0, 0, 0
    for k in range(len(rows)):
        if ends[k] == path:
            continue
        size, cursor[0], cursor[1] = 0, 0, 0
        while path < ends[k]:
            size = put_path(p, vertex, paths[path, 0], paths[path, 1], geometry, size, cursor)
            vertex = paths[path, 0]
            path += 1
        said = 0
        for column in range(code.shape[1]):
            one = code[rows[k], column]
            if one < 0:
                continue
            if local[one] < 0:
                local[one] = used
                order[used] = one
                used += 1
            said = put(tags, put(tags, said, column), local[one])
        at = put_feature(out, at, row[rows[k]], kind[rows[k]], tags, said, geometry, size)
        drawn += 1
    at = put_values(out, at, d.value, d.value_start, order[:used])
    return out[:at], drawn, left


@fast
def length(value: int) -> int:
    """Return how many bytes a varint takes."""
    size = 1
    while value >= 128:
        value >>= 7
        size += 1
    return size


@fast
def put_feature(
    out: Bytes, at: int, row: int, kind: int, tags: Bytes, said: int, geometry: Bytes, size: int
) -> int:
    """Write a feature with so many bytes of tags and geometry; return where the next byte goes."""
    body = 1 + length(row) + 2 + 1 + length(size) + size
    if said:
        body += 1 + length(said) + said
    out[at] = 0x12
    at = put(out, at + 1, body)
    out[at] = 0x08
    at = put(out, at + 1, row)
    if said:
        out[at] = 0x12
        at = put(out, at + 1, said)
        for k in range(said):
            out[at + k] = tags[k]
        at += said
    out[at] = 0x18
    out[at + 1] = kind
    out[at + 2] = 0x22
    at = put(out, at + 3, size)
    for k in range(size):
        out[at + k] = geometry[k]
    return at + size


@fast
def put_values(out: Bytes, at: int, value: Bytes, start: Marks, order: Rows) -> int:
    """Write the values that the features speak of; return where the next byte goes."""
    for code in order:
        for k in range(start[code], start[code + 1]):
            out[at] = value[k]
            at += 1
    return at
