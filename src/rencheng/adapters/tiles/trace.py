"""The first half of the compiled encoder: find, project, clip, simplify; numba loads slowly.

Trusts its input. Arrays are handed over one by one where it matters: a tuple of arrays costs more
to pass than a small building to encode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.adapters.tiles.drawing import LINE, NODE, POINT, Drawing, Window

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]
Rows = NDArray[np.int32]
Marks = NDArray[np.int64]
At = tuple[int, int]
"""Vertices and paths written so far."""
OPEN, RING, REVERSED = 0, 1, 2
"""How a path is written: as a line or point; as a ring; as a ring from its last vertex on."""
GROWTH = 6
"""Vertices that four cuts make of one, at most: each cut makes 3 of 2."""
F = TypeVar("F", bound=Callable[..., Any])


def fast(function: F) -> F:
    """Compile a function on its first call, and keep what was compiled."""
    compiled: Any = njit(nogil=True, cache=True, error_model="numpy")(function)
    return cast(F, compiled)


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
def load(xy: Rows, first: int, end: int, w: Window, rings: Reals) -> int:
    """Copy vertices in tile units; return how many."""
    for v in range(first, end):
        rings[0, v - first, 0] = (xy[v, 0] - w.west) * w.step
        rings[0, v - first, 1] = (xy[v, 1] - w.north) * w.step
    return end - first


@fast
def turn(rings: Reals, n: int) -> float:
    """Return twice the signed area of an open ring; y points down, so positive is clockwise."""
    area, x, y = 0.0, rings[0, 0, 0], rings[0, 0, 1]
    for i in range(1, n - 1):
        area += (rings[0, i, 0] - x) * (rings[0, i + 1, 1] - y)
        area -= (rings[0, i + 1, 0] - x) * (rings[0, i, 1] - y)
    return area


@fast
def turn_snapped(p: Rows, first: int, end: int) -> int:
    """Return twice the signed area of a snapped ring; 0 of fewer than three vertices."""
    if end < first + 3:
        return 0
    area, x, y = 0, np.int64(p[first, 0]), np.int64(p[first, 1])
    for i in range(first + 1, end - 1):
        area += (p[i, 0] - x) * (p[i + 1, 1] - y) - (p[i + 1, 0] - x) * (p[i, 1] - y)
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
def clip_ring(rings: Reals, n: int, low: float, high: float) -> int:
    """Cut the first of two rings at a square; the second is scratch. Return the vertices kept."""
    a, b = rings[0], rings[1]
    n = clip_side(a, n, b, 0, low, 1.0)
    n = clip_side(b, n, a, 0, high, -1.0)
    n = clip_side(a, n, b, 1, low, 1.0)
    return clip_side(b, n, a, 1, high, -1.0)


@fast
def snap(rings: Reals, which: int, n: int, p: Rows, first: int, tolerance: int) -> int:
    """Round vertices and leave out near ones; return the end of those that stay.

    A vertex is left out when it is nearer than the tolerance to the one kept before, in x and in y.
    """
    m = first
    for i in range(n):
        x = np.int64(np.floor(rings[which, i, 0] + 0.5))
        y = np.int64(np.floor(rings[which, i, 1] + 0.5))
        if m > first and abs(x - p[m - 1, 0]) < tolerance and abs(y - p[m - 1, 1]) < tolerance:
            continue
        p[m, 0], p[m, 1] = x, y
        m += 1
    return m


@fast
def opened(p: Rows, first: int, end: int, tolerance: int) -> int:
    """Return the end of a snapped ring without last vertices that are near the first."""
    x, y = p[first, 0], p[first, 1]
    while end > first + 1:
        if abs(p[end - 1, 0] - x) >= tolerance or abs(p[end - 1, 1] - y) >= tolerance:
            break
        end -= 1
    return end


@fast
def trace_ring(xy: Rows, first: int, end: int, w: Window, p: Rows, paths: Marks, at: At) -> At:
    """Append a polygon of one ring that lies inside: what most buildings are. Whole numbers only.

    The same as `trace_polygon`: a world unit is 2⁻ˢʰⁱᶠᵗ of a tile unit.
    """
    stop, count = at
    if end > first + 1 and xy[first, 0] == xy[end - 1, 0] and xy[first, 1] == xy[end - 1, 1]:
        end -= 1
    half = (1 << w.shift) >> 1
    west, north = w.west - half, w.north - half
    m = stop
    for v in range(first, end):
        x, y = (xy[v, 0] - west) >> w.shift, (xy[v, 1] - north) >> w.shift
        if m > stop and abs(x - p[m - 1, 0]) < w.tolerance and abs(y - p[m - 1, 1]) < w.tolerance:
            continue
        p[m, 0], p[m, 1] = x, y
        m += 1
    m = opened(p, stop, m, w.tolerance)
    area = turn_snapped(p, stop, m)
    if area == 0:
        return at
    paths[count, 0] = m
    paths[count, 1] = RING if area > 0 else REVERSED
    return m, count + 1


@fast
def trace_polygon(
    xy: Rows, part: Rows, span: tuple[int, int, bool], w: Window, rings: Reals, p: Rows,
    paths: Marks, at: At,
) -> At:  # fmt: skip
    """Append the snapped rings of a polygon; `span`: its parts, and whether it lies inside.

    A ring that runs the other way than the first one is a hole of the last one that did not. A
    ring without area is left out, and the holes of such a one too.
    """
    end, count = at
    outer, has_shell = 0.0, False
    low, high = -w.buffer, w.size * w.step + w.buffer
    for k in range(span[0], span[1]):
        n = load(xy, part[k], part[k + 1], w, rings)
        if n > 1 and rings[0, 0, 0] == rings[0, n - 1, 0] and rings[0, 0, 1] == rings[0, n - 1, 1]:
            n -= 1
        around = turn(rings, n) if span[1] - span[0] > 1 else 1.0
        if around == 0.0:
            continue
        if outer == 0.0:
            outer = around
        is_hole = around * outer < 0.0
        if is_hole and not has_shell:
            continue
        if not span[2]:
            n = clip_ring(rings, n, low, high)
        m = opened(p, end, snap(rings, 0, n, p, end, w.tolerance), w.tolerance)
        area = turn_snapped(p, end, m)
        if not is_hole:
            has_shell = area != 0
        if area != 0:
            paths[count, 0] = m
            paths[count, 1] = REVERSED if (area > 0) == is_hole else RING
            end, count = m, count + 1
    return end, count


@fast
def cut(rings: Reals, i: int, low: float, high: float) -> tuple[float, float]:
    """Return the shares of the segment from i at which it enters a square and leaves it.

    The first is larger than the second when it misses (Liang and Barsky 1984).
    """
    enter, leave = 0.0, 1.0
    for axis in range(2):
        start, step = rings[0, i, axis], rings[0, i + 1, axis] - rings[0, i, axis]
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
def trace_line(
    xy: Rows, part: Rows, span: tuple[int, int, bool], w: Window, rings: Reals, p: Rows,
    paths: Marks, at: At,
) -> At:  # fmt: skip
    """Append the snapped pieces of a line inside the window; arguments as of `trace_polygon`."""
    low, high = -w.buffer, w.size * w.step + w.buffer
    for part_ in range(span[0], span[1]):
        n = load(xy, part[part_], part[part_ + 1], w, rings)
        if span[2]:
            at = close_line(rings, 0, n, w, p, paths, at)
            continue
        held = 0
        for k in range(n - 1):
            enter, leave = cut(rings, k, low, high)
            if held > 0 and (enter > leave or enter > 0.0):
                at, held = close_line(rings, 1, held, w, p, paths, at), 0
            if enter > leave:
                continue
            if held == 0:
                keep(rings, k, enter, 0)
                held = 1
            keep(rings, k, leave, held)
            held += 1
            if leave < 1.0:
                at, held = close_line(rings, 1, held, w, p, paths, at), 0
        at = close_line(rings, 1, held, w, p, paths, at)
    return at


@fast
def keep(rings: Reals, k: int, share: float, held: int) -> None:
    """Keep the place at a share of the segment from k as vertex `held` of the second ring."""
    for axis in range(2):
        step = rings[0, k + 1, axis] - rings[0, k, axis]
        rings[1, held, axis] = rings[0, k, axis] + share * step


@fast
def close_line(rings: Reals, which: int, n: int, w: Window, p: Rows, paths: Marks, at: At) -> At:
    """Append a snapped line with both its ends, unless it is a point."""
    end, count = at
    m = snap(rings, which, n, p, end, w.tolerance)
    if m > end:
        x = np.int64(np.floor(rings[which, n - 1, 0] + 0.5))
        y = np.int64(np.floor(rings[which, n - 1, 1] + 0.5))
        if x != p[m - 1, 0] or y != p[m - 1, 1]:
            m = max(m - 1, end + 1)
            p[m, 0], p[m, 1] = x, y
            m += 1
    if m < end + 2:
        return at
    paths[count, 0], paths[count, 1] = m, OPEN
    return m, count + 1


@fast
def choose(d: Drawing, w: Window) -> tuple[Rows, NDArray[np.bool_], int]:
    """Return the rows to draw, whether each lies wholly inside, and how many are left out."""
    least, kind, box = d.least, d.kind, d.box
    rim = w.buffer / w.step
    west, north = w.west - rim, w.north - rim
    east, south = w.west + w.size + rim, w.north + w.size + rim
    hits = find(d, west, north, east, south)
    inside = np.empty(len(hits), np.bool_)
    kept = 0
    for i in hits:
        wide = float(box[i, 2] - box[i, 0]) * float(box[i, 3] - box[i, 1]) * w.step * w.step
        if least[i] > w.zoom or (kind[i] > LINE and wide < w.least):
            continue
        inside[kept] = (
            box[i, 0] >= west and box[i, 2] <= east and box[i, 1] >= north and box[i, 3] <= south
        )
        hits[kept] = i
        kept += 1
    return hits[:kept], inside[:kept], len(hits) - kept


@fast
def trace(
    d: Drawing, w: Window, rows: Rows, inside: NDArray[np.bool_]
) -> tuple[Rows, Marks, Marks]:
    """Return snapped vertices, the end and manner of each path, and the end of each row's paths."""
    xy, part, shape, kind = d.xy, d.part, d.shape, d.kind
    most, total, pieces = 2, 16, 16
    for k in range(len(rows)):
        i = rows[k]
        size = part[shape[i + 1]] - part[shape[i]]
        most = max(most, size)
        total += size if inside[k] else GROWTH * size
        pieces += shape[i + 1] - shape[i] if inside[k] else size
    rings = np.empty((2, GROWTH * most + 16, 2))
    p = np.empty((total + GROWTH * most + 16, 2), np.int32)
    paths = np.empty((pieces, 2), np.int64)
    ends = np.empty(len(rows), np.int64)
    at = (0, 0)
    for k in range(len(rows)):
        i = rows[k]
        span = (shape[i], shape[i + 1], inside[k])
        if kind[i] == POINT:
            x, y = xy[part[span[0]], 0] - w.west, xy[part[span[0]], 1] - w.north
            if x >= 0 and y >= 0 and x < w.size and y < w.size:
                p[at[0], 0], p[at[0], 1] = np.floor(x * w.step), np.floor(y * w.step)
                paths[at[1], 0], paths[at[1], 1] = at[0] + 1, OPEN
                at = (at[0] + 1, at[1] + 1)
        elif kind[i] == LINE:
            at = trace_line(xy, part, span, w, rings, p, paths, at)
        elif span[2] and span[1] == span[0] + 1:
            at = trace_ring(xy, part[span[0]], part[span[1]], w, p, paths, at)
        else:
            at = trace_polygon(xy, part, span, w, rings, p, paths, at)
        ends[k] = at[1]
    return p[: at[0]], paths[: at[1]], ends
