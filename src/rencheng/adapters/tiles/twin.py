"""The encoder once more in plain Python, for tests: no tree, no kernel, the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rencheng.adapters.tiles.drawing import LINE, POINT, POLYGON, Drawing, Window
from rencheng.adapters.tiles.wire import framed, varint

Place = tuple[float, float]
Snapped = tuple[int, int]
Path = tuple[list[Snapped], bool]
"""Vertices, and whether they are a ring."""


def encode(d: Drawing, w: Window) -> tuple[bytes, int, int]:
    """Return features and values of a tile's layer, and how many are drawn and left out."""
    features, used, drawn, left = b"", list[int](), 0, 0
    rim = w.buffer / w.step
    for i in range(len(d.row)):
        west, north, east, south = (int(v) for v in d.box[i])
        if (
            west > w.west + w.size + rim
            or east < w.west - rim
            or north > w.north + w.size + rim
            or south < w.north - rim
        ):
            continue
        wide = (east - west) * (south - north) * w.step * w.step
        if d.least[i] > w.zoom or (d.kind[i] == POLYGON and wide < w.least):
            left += 1
            continue
        paths = list(_paths(d, i, w))
        if not paths:
            continue
        drawn += 1
        tags = b""
        for column, code in enumerate(d.code[i].tolist()):
            if code >= 0:
                if code not in used:
                    used.append(code)
                tags += varint(column) + varint(used.index(code))
        body = b"\x08" + varint(int(d.row[i]))
        body += framed(2, tags) if tags else b""
        body += b"\x18" + varint(int(d.kind[i])) + framed(4, _commands(paths))
        features += framed(2, body)
    values = [d.value[d.value_start[c] : d.value_start[c + 1]].tobytes() for c in used]
    return features + b"".join(values), drawn, left


def _paths(d: Drawing, i: int, w: Window) -> Iterator[Path]:
    parts = [
        [
            ((int(x) - w.west) * w.step, (int(y) - w.north) * w.step)
            for x, y in d.xy[d.part[k] : d.part[k + 1]]
        ]
        for k in range(d.shape[i], d.shape[i + 1])
    ]
    if d.kind[i] == POINT:
        x, y = parts[0][0]
        if 0 <= x < w.size * w.step and 0 <= y < w.size * w.step:
            yield [(math.floor(x), math.floor(y))], False
    elif d.kind[i] == LINE:
        for part in parts:
            for piece in _pieces(part, w):
                snapped = _line(piece, w.tolerance)
                if len(snapped) > 1:
                    yield snapped, False
    else:
        yield from _rings(parts, w)


def _rings(parts: Sequence[list[Place]], w: Window) -> Iterator[Path]:
    outer, has_shell = 0.0, False
    for part in parts:
        ring = part[:-1] if len(part) > 1 and part[0] == part[-1] else part
        around = _turn(ring) if len(parts) > 1 else 1.0
        if around == 0.0:
            continue
        outer = outer or around
        is_hole = around * outer < 0.0
        if is_hole and not has_shell:
            continue
        ring = _clipped(ring, w)
        snapped = _near_left_out(ring, w.tolerance)
        while len(snapped) > 1 and _is_near(snapped[-1], snapped[0], w.tolerance):
            snapped.pop()
        area = _turn(snapped) if len(snapped) > 2 else 0
        if not is_hole:
            has_shell = area != 0
        if area:
            yield (snapped[::-1] if (area > 0) == is_hole else snapped), True


def _clipped(ring: list[Place], w: Window) -> list[Place]:
    low, high = -w.buffer, w.size * w.step + w.buffer
    if all(low <= v <= high for place in ring for v in place):
        return ring
    for axis, bound, sign in ((0, low, 1.0), (0, high, -1.0), (1, low, 1.0), (1, high, -1.0)):
        kept: list[Place] = []
        for before, place in zip(ring[-1:] + ring[:-1], ring, strict=True):
            here, there = (place[axis] - bound) * sign, (before[axis] - bound) * sign
            if (here >= 0.0) != (there >= 0.0):
                share = there / (there - here)
                other = before[1 - axis] + share * (place[1 - axis] - before[1 - axis])
                kept.append((bound, other) if axis == 0 else (other, bound))
            if here >= 0.0:
                kept.append(place)
        ring = kept
    return ring


def _pieces(line: list[Place], w: Window) -> Iterator[list[Place]]:
    low, high = -w.buffer, w.size * w.step + w.buffer
    if all(low <= v <= high for place in line for v in place):
        yield line
        return
    piece: list[Place] = []
    for a, b in zip(line[:-1], line[1:], strict=True):
        enter, leave = 0.0, 1.0
        for axis in (0, 1):
            step = b[axis] - a[axis]
            if step == 0.0:
                if not low <= a[axis] <= high:
                    enter, leave = 1.0, 0.0
                    break
            else:
                near, far = sorted(((low - a[axis]) / step, (high - a[axis]) / step))
                enter, leave = max(enter, near), min(leave, far)
        if piece and (enter > leave or enter > 0.0):
            yield piece
            piece = []
        if enter > leave:
            continue
        if not piece:
            piece = [_at(a, b, enter)]
        piece.append(_at(a, b, leave))
        if leave < 1.0:
            yield piece
            piece = []
    if piece:
        yield piece


def _at(a: Place, b: Place, share: float) -> Place:
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def _line(piece: list[Place], tolerance: int) -> list[Snapped]:
    snapped, last = _near_left_out(piece, tolerance), _rounded(piece[-1])
    if last == snapped[-1]:
        return snapped
    return [*(snapped[:-1] if len(snapped) > 1 else snapped), last]


def _near_left_out(places: Sequence[Place], tolerance: int) -> list[Snapped]:
    kept: list[Snapped] = []
    for place in map(_rounded, places):
        if not kept or not _is_near(place, kept[-1], tolerance):
            kept.append(place)
    return kept


def _rounded(place: Place) -> Snapped:
    return math.floor(place[0] + 0.5), math.floor(place[1] + 0.5)


def _is_near(a: Snapped, b: Snapped, tolerance: int) -> bool:
    return abs(a[0] - b[0]) < tolerance and abs(a[1] - b[1]) < tolerance


def _turn(ring: Sequence[tuple[float, float]]) -> float:
    if len(ring) < 3:
        return 0.0
    x, y = ring[0]
    return sum(
        (a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y)
        for a, b in zip(ring[1:-1], ring[2:], strict=True)
    )


def _commands(paths: Sequence[Path]) -> bytes:
    out, x, y = b"", 0, 0
    for places, is_ring in paths:
        for k, (east, south) in enumerate(places):
            if k == 0:
                out += varint(1 << 3 | 1)
            elif k == 1:
                out += varint((len(places) - 1) << 3 | 2)
            out += varint(_zigzag(east - x)) + varint(_zigzag(south - y))
            x, y = east, south
        out += varint(1 << 3 | 7) if is_ring else b""
    return out


def _zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1
