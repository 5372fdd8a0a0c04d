"""The compiled encoder of one tile; import it inside a function: numba loads slowly.

Trusts its input. Twin: `twin.encode`, which gives the same bytes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.adapters.tiles.drawing import LINE, NODE, POINT, Drawing, Window

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
fast: Any = njit(nogil=True, cache=True, error_model="numpy")


class Room(NamedTuple):
    """Scratch space: two rings, the snapped one, geometry, one feature's tags, the cursor."""

    a: Reals
    b: Reals
    p: Whole
    geometry: Bytes
    tags: Bytes
    cursor: Whole


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
def find(d: Drawing, west: float, north: float, east: float, south: float) -> NDArray[np.int32]:
    """Return the rows whose box meets a box in world units, ascending."""
    top = len(d.level) - 2
    count = d.level[top + 1] - d.level[top]
    hits = np.arange(count).astype(np.int32)
    for depth in range(top, -1, -1):
        first = d.level[depth]
        met = 0
        for k in range(len(hits)):
            box = d.box[first + hits[k]]
            if box[0] <= east and box[2] >= west and box[1] <= south and box[3] >= north:
                hits[met] = hits[k]
                met += 1
        if depth == 0:
            return hits[:met]
        below = d.level[depth] - d.level[depth - 1]
        wider = np.empty(met * NODE, dtype=np.int32)
        size = 0
        for k in range(met):
            begin = hits[k] * NODE
            for child in range(begin, min(begin + NODE, below)):
                wider[size] = child
                size += 1
        hits = wider[:size]
    return hits[:0]


@fast
def load(d: Drawing, part: int, w: Window, a: Reals) -> int:
    """Copy a part's vertices in tile units; return how many."""
    first, end = d.part[part], d.part[part + 1]
    for v in range(first, end):
        a[v - first, 0] = (d.xy[v, 0] - w.west) * w.step
        a[v - first, 1] = (d.xy[v, 1] - w.north) * w.step
    return end - first


@fast
def turn(a: Reals, n: int) -> float:
    """Return twice the signed area of an open ring; y points down, so positive is clockwise."""
    area = 0.0
    for i in range(1, n - 1):
        area += (a[i, 0] - a[0, 0]) * (a[i + 1, 1] - a[0, 1])
        area -= (a[i + 1, 0] - a[0, 0]) * (a[i, 1] - a[0, 1])
    return area


@fast
def clip_side(a: Reals, n: int, b: Reals, axis: int, bound: float, sign: float) -> int:
    """Cut an open ring at one line (Sutherland and Hodgman 1974); return the vertices kept in b."""
    m = 0
    other = 1 - axis
    before = n - 1
    for i in range(n):
        here = (a[i, axis] - bound) * sign
        there = (a[before, axis] - bound) * sign
        if (here >= 0.0) != (there >= 0.0):
            share = there / (there - here)
            b[m, axis] = bound
            b[m, other] = a[before, other] + share * (a[i, other] - a[before, other])
            m += 1
        if here >= 0.0:
            b[m, 0] = a[i, 0]
            b[m, 1] = a[i, 1]
            m += 1
        before = i
    return m


@fast
def clip_ring(a: Reals, n: int, b: Reals, low: float, high: float) -> int:
    """Cut an open ring at a square; return the vertices kept, in a."""
    n = clip_side(a, n, b, 0, low, 1.0)
    n = clip_side(b, n, a, 0, high, -1.0)
    n = clip_side(a, n, b, 1, low, 1.0)
    return clip_side(b, n, a, 1, high, -1.0)


@fast
def is_near(p: Whole, i: int, x: int, y: int, tolerance: int) -> bool:
    """Return whether a place is nearer than the tolerance to a snapped vertex, in x and in y."""
    return abs(x - p[i, 0]) < tolerance and abs(y - p[i, 1]) < tolerance


@fast
def snap_ring(a: Reals, n: int, p: Whole, tolerance: int) -> int:
    """Round an open ring and leave out near vertices; return how many stay."""
    m = 0
    for i in range(n):
        x, y = int(np.floor(a[i, 0] + 0.5)), int(np.floor(a[i, 1] + 0.5))
        if m == 0 or not is_near(p, m - 1, x, y, tolerance):
            p[m, 0], p[m, 1] = x, y
            m += 1
    while m > 1 and is_near(p, 0, p[m - 1, 0], p[m - 1, 1], tolerance):
        m -= 1
    return m


@fast
def snap_line(a: Reals, n: int, p: Whole, tolerance: int) -> int:
    """Round a line, keep its ends and leave out near vertices; return how many stay."""
    m = 0
    for i in range(n):
        x, y = int(np.floor(a[i, 0] + 0.5)), int(np.floor(a[i, 1] + 0.5))
        if m == 0 or not is_near(p, m - 1, x, y, tolerance):
            p[m, 0], p[m, 1] = x, y
            m += 1
        elif i == n - 1 and m > 1:
            p[m - 1, 0], p[m - 1, 1] = x, y
        elif i == n - 1 and (x != p[0, 0] or y != p[0, 1]):
            p[m, 0], p[m, 1] = x, y
            m += 1
    return m


@fast
def put_path(r: Room, m: int, at: int, is_reversed: bool, is_ring: bool) -> int:
    """Write the commands of a snapped line or ring; return where the next byte goes."""
    out, cursor = r.geometry, r.cursor
    for i in range(m):
        if i == 0:
            at = put(out, at, 1 << 3 | 1)
        elif i == 1:
            at = put(out, at, (m - 1) << 3 | 2)
        k = m - 1 - i if is_reversed else i
        for axis in range(2):
            delta = r.p[k, axis] - cursor[axis]
            at = put(out, at, (delta << 1) ^ (delta >> 63))
            cursor[axis] = r.p[k, axis]
    return put(out, at, 1 << 3 | 7) if is_ring else at


@fast
def put_point(d: Drawing, i: int, w: Window, r: Room) -> int:
    """Write the commands of a point inside the tile; return the bytes, 0 outside."""
    v = d.part[d.shape[i]]
    x, y = d.xy[v, 0] - w.west, d.xy[v, 1] - w.north
    if x < 0 or y < 0 or x >= w.size or y >= w.size:
        return 0
    r.p[0, 0], r.p[0, 1] = int(np.floor(x * w.step)), int(np.floor(y * w.step))
    return put_path(r, 1, 0, False, False)


@fast
def put_polygon(d: Drawing, i: int, w: Window, r: Room, is_inside: bool) -> int:
    """Write the commands of a polygon's rings; return the bytes, 0 when nothing is left.

    A ring that runs the other way than the first one is a hole of the last one that did not.
    """
    at, outer, has_shell = 0, 0.0, False
    low, high = -w.buffer, w.size * w.step + w.buffer
    for part in range(d.shape[i], d.shape[i + 1]):
        n = load(d, part, w, r.a)
        if n > 1 and r.a[0, 0] == r.a[n - 1, 0] and r.a[0, 1] == r.a[n - 1, 1]:
            n -= 1
        around = turn(r.a, n)
        if around == 0.0:
            continue
        if outer == 0.0:
            outer = around
        is_hole = around * outer < 0.0
        if is_hole and not has_shell:
            continue
        if not is_inside:
            n = clip_ring(r.a, n, r.b, low, high)
        m = snap_ring(r.a, n, r.p, w.tolerance)
        for k in range(m):
            r.a[k, 0], r.a[k, 1] = r.p[k, 0], r.p[k, 1]
        area = turn(r.a, m)
        if not is_hole:
            has_shell = area != 0.0
        if area != 0.0:
            at = put_path(r, m, at, (area > 0.0) == is_hole, True)
    return at


@fast
def cut(a: Reals, i: int, low: float, high: float) -> tuple[float, float]:
    """Return the share of the segment from i at which it enters a square and leaves it.

    The first is larger than the second when it misses (Liang and Barsky 1984).
    """
    enter, leave = 0.0, 1.0
    for axis in range(2):
        start, step = a[i, axis], a[i + 1, axis] - a[i, axis]
        if step == 0.0:
            if start < low or start > high:
                return 1.0, 0.0
            continue
        near, far = (low - start) / step, (high - start) / step
        if near > far:
            near, far = far, near
        enter, leave = max(enter, near), min(leave, far)
    return enter, leave


@fast
def put_line(d: Drawing, i: int, w: Window, r: Room, is_inside: bool) -> int:
    """Write the commands of a line's parts; return the bytes, 0 when nothing is left."""
    at = 0
    low, high = -w.buffer, w.size * w.step + w.buffer
    for part in range(d.shape[i], d.shape[i + 1]):
        n = load(d, part, w, r.a)
        if is_inside:
            m = snap_line(r.a, n, r.p, w.tolerance)
            at = put_path(r, m, at, False, False) if m > 1 else at
            continue
        held = 0
        for k in range(n - 1):
            enter, leave = cut(r.a, k, low, high)
            if held > 0 and (enter > leave or enter > 0.0):
                at, held = close_line(r, held, w, at), 0
            if enter > leave:
                continue
            if held == 0:
                at_share(r, k, enter, 0)
                held = 1
            at_share(r, k, leave, held)
            held += 1
            if leave < 1.0:
                at, held = close_line(r, held, w, at), 0
        at = close_line(r, held, w, at)
    return at


@fast
def close_line(r: Room, held: int, w: Window, at: int) -> int:
    """Write the line of the vertices held in b; return where the next byte goes."""
    m = snap_line(r.b, held, r.p, w.tolerance)
    return put_path(r, m, at, False, False) if m > 1 else at


@fast
def at_share(r: Room, k: int, share: float, held: int) -> None:
    """Keep the place at a share of the segment from k as vertex `held` of b."""
    for axis in range(2):
        r.b[held, axis] = r.a[k, axis] + share * (r.a[k + 1, axis] - r.a[k, axis])


@fast
def room_for(d: Drawing, hits: NDArray[np.int32]) -> tuple[Room, int]:
    """Return scratch space for the largest of the rows, and bytes enough for all of them.

    Four cuts make at most 6 vertices of one; deltas inside a buffered tile take 2 bytes each.
    """
    most, bound, largest = 2, 64, 64
    for i in hits:
        parts = d.shape[i + 1] - d.shape[i]
        size = d.part[d.shape[i + 1]] - d.part[d.shape[i]]
        bytes_ = 32 * parts + 4 * 6 * size + 64 + 6 * d.code.shape[1]
        bound += bytes_
        most, largest = max(most, size), max(largest, bytes_)
    many = 6 * most + 16
    room = Room(
        np.empty((many, 2)),
        np.empty((many, 2)),
        np.empty((many, 2), np.int64),
        np.empty(largest, np.uint8),
        np.empty(16 + 12 * d.code.shape[1], np.uint8),
        np.zeros(2, np.int64),
    )
    return room, bound


@fast
def encode(d: Drawing, w: Window) -> tuple[Bytes, int, int]:
    """Return features and values of a tile's layer, and how many are drawn and left out."""
    rim = w.buffer / w.step
    west, north = w.west - rim, w.north - rim
    east, south = w.west + w.size + rim, w.north + w.size + rim
    hits = find(d, west, north, east, south)
    r, bound = room_for(d, hits)
    out = np.empty(bound, np.uint8)
    local = np.full(len(d.value_start), -1, np.int32)
    order = np.empty(len(d.value_start), np.int32)
    at, used, drawn, left = 0, 0, 0, 0
    for i in hits:
        box = d.box[i]
        wide = (box[2] - box[0]) * w.step * (box[3] - box[1]) * w.step
        if d.least[i] > w.zoom or (wide < w.least and d.kind[i] > LINE):
            left += 1
            continue
        r.cursor[0], r.cursor[1] = 0, 0
        is_inside = box[0] >= west and box[2] <= east and box[1] >= north and box[3] <= south
        if d.kind[i] == POINT:
            size = put_point(d, i, w, r)
        elif d.kind[i] == LINE:
            size = put_line(d, i, w, r, is_inside)
        else:
            size = put_polygon(d, i, w, r, is_inside)
        if size == 0:
            continue
        drawn += 1
        tags = 0
        for column in range(d.code.shape[1]):
            code = d.code[i, column]
            if code < 0:
                continue
            if local[code] < 0:
                local[code] = used
                order[used] = code
                used += 1
            tags = put(r.tags, put(r.tags, tags, column), local[code])
        at = put_feature(out, at, d.row[i], d.kind[i], r, (tags, size))
    return with_values(out[:at], d, order[:used]), drawn, left


@fast
def length(value: int) -> int:
    """Return how many bytes a varint takes."""
    size = 1
    while value >= 128:
        value >>= 7
        size += 1
    return size


@fast
def put_feature(out: Bytes, at: int, row: int, kind: int, r: Room, sizes: tuple[int, int]) -> int:
    """Write a feature of so many bytes of tags and geometry; return where the next byte goes."""
    tags, size = sizes
    body = 1 + length(row) + 2 + 1 + length(size) + size
    if tags:
        body += 1 + length(tags) + tags
    out[at] = 0x12
    at = put(out, at + 1, body)
    out[at] = 0x08
    at = put(out, at + 1, row)
    if tags:
        out[at] = 0x12
        at = put(out, at + 1, tags)
        out[at : at + tags] = r.tags[:tags]
        at += tags
    out[at] = 0x18
    at = put(out, at + 1, kind)
    out[at] = 0x22
    at = put(out, at + 1, size)
    out[at : at + size] = r.geometry[:size]
    return at + size


@fast
def with_values(features: Bytes, d: Drawing, order: NDArray[np.int32]) -> Bytes:
    """Return the features, followed by the values that they speak of."""
    size = len(features)
    for code in order:
        size += d.value_start[code + 1] - d.value_start[code]
    whole = np.empty(size, np.uint8)
    at = len(features)
    whole[:at] = features
    for code in order:
        first, end = d.value_start[code], d.value_start[code + 1]
        whole[at : at + end - first] = d.value[first:end]
        at += end - first
    return whole
