"""The loop where samples bend curves or intensities, compiled; it takes the tuples of `kernel`.

What an asset's class does to an intensity is a factor on it, so a sample looks its curve up at
another place. Where all samples have the curve's mean, that is one row of a table of buckets
(`curves.buckets`, or `curves.cells` where knots crowd towards zero): a knot, the value there, the
slopes on both sides. Where they have quantiles,
each sample has a curve of its own: a first value plus, for each piece, slope x what of the piece
the intensity has passed. Both run over samples side by side, in one simple loop after another.

Tuples beside those of `kernel`:

axis
    Factors on the intensity: by class, by event and the largest of each event; own parts; parts of
    point and event, with the keys of events.
quantile
    Shared score, correlation of each class, which key holds (-1: the mean does), keys.
knots
    Where each curve's knots begin, their intensity and mean; what is below and above (NaN unknown);
    first quantile of each curve (-1 none), quantiles by knot and node; head and rows of `buckets`,
    and of `cells`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.model.risk.uncertain.curves import HELD, NODES, NODES_PER_UNIT, REACH
from rencheng.model.risk.uncertain.kernel import booked, own, score

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U64 = NDArray[np.uint64]
U8 = NDArray[np.uint8]
Points = tuple[int, int, int, U8]
Hits = tuple[I64, I32, F32, F64]
Items = tuple[I32, I32, F64, I32, I32, U64, U64]
Kinds = tuple[I32, I32, I32]
Worth = tuple[F64, F64, F64, F64, U64]
Axis = tuple[F64, F64, F64, F64, U64, F64, U64, U64]
Quantile = tuple[F64, F64, I32, U64]
Knots = tuple[I64, F64, F64, F64, F64, I64, F64, F64, F64, I64, F64]
Out = tuple[F64, I32, F64, F64, I64, F64, I64]
Pieces = tuple[F64, F64, F64]
Ends = tuple[F64, F64, F64, F64]
"""Lowest and highest intensity of each lane's curve, and what is below and above."""


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def bent(
    points: Points, hits: Hits, items: Items, knots: Knots, kinds: Kinds, worth: Worth,
    more: tuple[Axis, Quantile], out: Out,
) -> None:  # fmt: skip
    """Add what the assets at some points lose."""
    begin, event, x, rate = hits
    first, cls, value, slot, group, key, point_key = items
    by_class, on_total, often, sd, own_key = worth
    (on_axis, on_event, top, axis_sd, axis_key, within, within_key, event_key), quantile = more
    loss, unknown, eai, aal, missing, by_group, dark = out
    lanes, with_events = often.size, loss.size > 0
    factor, total, axis = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    z, y, ratio, annual = np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes)
    nan, slot_, heads = np.empty(lanes, np.int64), np.empty(lanes, np.int32), np.empty((4, lanes))
    pieces, ends = _room(knots[0], kinds, lanes)
    for p in range(points[0], points[1]):
        if begin[p] == begin[p + 1]:
            continue
        for i in range(first[p], first[p + 1]):
            if points[3][0]:
                return
            k = cls[i]
            for s in range(lanes):
                factor[s], axis[s] = value[i] * by_class[k, s], on_axis[k, s]
            own(factor, sd, own_key, k, key[i])
            own(axis, axis_sd, axis_key, k, key[i])
            for s in range(lanes):
                total[s] = factor[s] * on_total[k, s]
                annual[s], nan[s] = 0.0, 0
            jumps, many = _heads(heads, ends, knots, kinds, k), 0
            row, is_alone = kinds[1][kinds[0][k]], kinds[0][k + 1] - kinds[0][k] == 1
            is_close = is_alone and quantile[2][k] < 0 and knots[9][row, 2] >= 0
            if quantile[2][k] >= 0 or (heads[2].min() < 0.0 and not is_close):
                _scores(ratio, quantile, k, key[i])
                many = _pieces(pieces, knots, kinds, k, ratio, quantile[2][k] >= 0)
            widest = axis.max()
            for t in range(begin[p], begin[p + 1]):
                e = event[t]
                _intensities(z, x[t], axis, on_event, e)
                _scattered(z, within, within_key, event_key[e] + point_key[p])
                if many:
                    most = x[t] * widest * (top[e] if on_event.size else 1.0)
                    passed = many
                    while not within.size and passed and pieces[1][passed - 1] >= most:
                        passed -= 1
                    _shares(y, z, pieces, passed)
                elif is_close:
                    _looked_close(y, z, slot_, knots[9][row], knots[10])
                elif is_alone:
                    _looked_alone(y, z, slot_, knots[7][row], knots[8])
                else:
                    _looked(y, z, slot_, heads, knots[8])
                if jumps or x[t] != x[t]:
                    _ended(y, z, ends)
                    _left_out(y, nan, unknown, e)
                for s in range(lanes):
                    annual[s] += rate[e] * y[s]
                if with_events:
                    for s in range(lanes):
                        loss[e, s] += total[s] * y[s]
            for s in range(lanes):
                annual[s] *= often[s]
                missing[s] += nan[s]
            booked((annual, factor, total), eai, slot[i] - points[2], aal, by_group[group[i]])
            dark[slot[i] - points[2]] += nan.max()


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _intensities(z: F64, x: float, axis: F64, on_event: F64, e: int) -> None:
    """Write at which intensity the curve is looked up in each sample."""
    if on_event.size:
        for s in range(z.size):
            z[s] = x * axis[s] * on_event[e, s]
    else:
        for s in range(z.size):
            z[s] = x * axis[s]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _scattered(z: F64, within: F64, key: U64, thing: np.uint64) -> None:
    """Multiply by the parts of a point in an event."""
    for n in range(within.size):
        for s in range(z.size):
            z[s] *= math.exp(within[n] * score(key[n, s], thing))


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _room(begin: I64, kinds: Kinds, lanes: int) -> tuple[Pieces, Ends]:
    """Return empty pieces, as many as the longest curve has, and empty ends."""
    most = 1
    for r in kinds[1]:
        most = max(most, begin[r + 1] - begin[r] - 1)
    pieces = (np.empty((most, 3, lanes)), np.empty(most), np.empty(lanes))
    return pieces, (np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes))


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _heads(heads: F64, ends: Ends, knots: Knots, kinds: Kinds, kind: int) -> bool:
    """Write where each lane's curve stands among the buckets; say whether an end is no knot's."""
    begin, x, mean, under, over, _, _, head, _, _, _ = knots
    start, row, choice = kinds
    jumps = False
    for s in range(heads.shape[1]):
        r = row[start[kind] + choice[kind, s]]
        a, b = begin[r], begin[r + 1] - 1
        for n in range(4):
            heads[n, s] = head[r, n]
        ends[0][s], ends[1][s] = x[a], x[b]
        ends[2][s] = mean[a] if under[r] == HELD else under[r]
        ends[3][s] = mean[b] if over[r] == HELD else over[r]
        # Quantiles differ from the mean at the ends: there, only what is held goes on.
        jumps = jumps or ends[2][s] != mean[a] or ends[3][s] != mean[b]
        if under[r] == HELD:
            ends[0][s] = -np.inf
        if over[r] == HELD:
            ends[1][s] = np.inf
    return jumps


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _scores(ratio: F64, quantile: Quantile, kind: int, thing: np.uint64) -> None:
    """Write where an asset's quantile lies among the nodes."""
    shared, correlation, of_key, keys = quantile
    near, far = math.sqrt(correlation[kind]), math.sqrt(1.0 - correlation[kind])
    for s in range(ratio.size):
        z = near * shared[kind, s]
        if far > 0.0:
            z += far * score(keys[of_key[kind], s], thing)
        ratio[s] = min(max((z + REACH) * NODES_PER_UNIT, 0.0), NODES - 1 - 1e-9)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _pieces(pieces: Pieces, knots: Knots, kinds: Kinds, kind: int, ratio: F64, drawn: bool) -> int:
    """Write the pieces of a class's curve in every sample; return how many."""
    piece, nearest, start_value = pieces
    begin, x, mean, _, _, q_first, q, _, _, _, _ = knots
    start, row, choice = kinds
    most = 0
    for j in range(start[kind], start[kind + 1]):
        most = max(most, begin[row[j] + 1] - begin[row[j]] - 1)
    for s in range(ratio.size):
        r = row[start[kind] + choice[kind, s]]
        a, b = begin[r], begin[r + 1]
        has = drawn and q_first[r] >= 0
        at = np.int64(ratio[s]) if has else 0
        part = ratio[s] - at if has else 0.0
        last = 0.0
        for c in range(a, b):
            y = mean[c]
            if has:
                n = (q_first[r] + c - a) * NODES + at
                y = q[n] + part * (q[n + 1] - q[n])
            if c == a:
                start_value[s] = y
            else:
                j = c - a - 1
                piece[j, 0, s], piece[j, 1, s] = x[c - 1], x[c] - x[c - 1]
                piece[j, 2, s] = (y - last) / piece[j, 1, s]
            last = y
        for j in range(b - a - 1, most):
            piece[j, 0, s], piece[j, 1, s], piece[j, 2, s] = np.inf, 0.0, 0.0
    for j in range(most):
        nearest[j] = piece[j, 0].min()
    return most


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _shares(y: F64, z: F64, pieces: Pieces, many: int) -> None:
    """Write the share lost at an intensity in every sample, by the sample's own pieces."""
    piece, _, start_value = pieces
    for s in range(y.size):
        y[s] = start_value[s]
    for j in range(many):
        for s in range(y.size):
            d = z[s] - piece[j, 0, s]
            d = d if d > 0.0 else 0.0
            d = d if d < piece[j, 1, s] else piece[j, 1, s]
            y[s] += piece[j, 2, s] * d


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _looked(y: F64, z: F64, slot: I32, heads: F64, buckets: F64) -> None:
    """Write the share lost at an intensity in every sample, by the buckets of its curve."""
    for s in range(y.size):
        n = z[s] * heads[0, s] + heads[1, s]
        n = n if n > 0.0 else 0.0
        n = n if n < heads[2, s] else heads[2, s]
        slot[s] = np.int32(n + heads[3, s])
    for s in range(y.size):
        n = np.uint64(slot[s])
        d = z[s] - buckets[n, 0]
        y[s] = buckets[n, 1] + (buckets[n, 2] if d < 0.0 else buckets[n, 3]) * d


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _looked_alone(y: F64, z: F64, slot: I32, head: F64, buckets: F64) -> None:
    """Do as `_looked` where all samples have one curve: a quarter less work."""
    per_unit, shift, top, first = head[0], head[1], head[2], head[3]
    for s in range(y.size):
        n = z[s] * per_unit + shift
        n = n if n > 0.0 else 0.0
        n = n if n < top else top
        slot[s] = np.int32(n + first)
    for s in range(y.size):
        n = np.uint64(slot[s])
        d = z[s] - buckets[n, 0]
        y[s] = buckets[n, 1] + (buckets[n, 2] if d < 0.0 else buckets[n, 3]) * d


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _looked_close(y: F64, z: F64, slot: I32, head: I64, cells: F64) -> None:
    """Do as `_looked_alone` by cells that follow the bits of an intensity."""
    drop, zero, top, first = np.uint64(head[0]), head[1], head[2], head[3]
    bits = z.view(np.int64)
    for s in range(y.size):
        n = (bits[s] >> drop) - zero
        n = n if n > 0 else 0
        n = n if n < top else top
        slot[s] = np.int32(n + first)
    for s in range(y.size):
        n = np.uint64(slot[s])
        d = z[s] - cells[n, 0]
        y[s] = cells[n, 1] + (cells[n, 2] if d < 0.0 else cells[n, 3]) * d


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _ended(y: F64, z: F64, ends: Ends) -> None:
    """Write what is lost beyond the ends of a curve, and that nothing is known of nothing."""
    low, high, below, above = ends
    for s in range(y.size):
        y[s] = below[s] if z[s] < low[s] else y[s]
        y[s] = above[s] if z[s] > high[s] else y[s]
        y[s] = z[s] if z[s] != z[s] else y[s]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def _left_out(y: F64, nan: I64, unknown: I32, e: int) -> None:
    """Count what is unknown, of the asset and of the event, and leave it out of sums."""
    for s in range(y.size):
        if y[s] != y[s]:
            y[s] = 0.0
            nan[s] += 1
            if unknown.size:
                unknown[e, s] += 1
