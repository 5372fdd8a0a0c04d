"""Loops over points, events and samples, compiled; import them inside a function.

They trust their input: `member` alone calls them. Serial, with the GIL released. Every sample
is summed by itself in the order of the points, so blocks and threads change no bit. Slow twin:
`twin`.

Tuples, as the compiled functions take them (lanes are samples side by side):

points
    First point, the one after the last, and slot of their first asset; `stop` (1,): when it is set,
    from another thread, the loop ends at its next asset and what it wrote is of no use.
hits
    By point: where its hits begin, event, intensity; `rate` of each event. Those of some points
    only, when a set does not fit the memory: the others' are not looked at.
part
    First point and the one after the last.
items
    `first`, class, value, slot of the asset, group, key of the asset; `point_key`.
kinds
    Curves that a class may have: where its rows begin, the rows, choice of each lane.
worth
    Factors of each class and lane on an asset and on totals; on rates by lane; standard deviations
    (inputs, classes) and keys (inputs, lanes) of assets' own parts.
out
    Loss and unknown by event and lane (or empty), annual loss by slot and lane, annual loss and
    unknown by lane, annual loss by group and lane, unknown events by slot.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.model.risk.kernel import line_of

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U64 = NDArray[np.uint64]
U8 = NDArray[np.uint8]
Table = tuple[F64, I32, F64]
Points = tuple[int, int, int, U8]
Hits = tuple[I64, I32, F32, F64]
Items = tuple[I32, I32, F64, I32, I32, U64, U64]
Kinds = tuple[I32, I32, I32]
Worth = tuple[F64, F64, F64, F64, U64]
Out = tuple[F64, I32, F64, F64, I64, F64, I64]


@njit(nogil=True, cache=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def _mixed(h: np.uint64) -> np.uint64:
    """Return a hash: SplitMix64's last step (Steele et al. 2014, 10.1145/2660193.2660195)."""
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def normal(p: float) -> float:
    """Return the normal quantile: Wichura (1988), AS 241 PPND16, Appl. Stat. 37(3):477-484."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        a = ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
        a = ((a + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427
        a = (a * r + 133.14166789178437745) * r + 3.387132872796366608
        b = ((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
        b = ((b + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083
        return q * a / ((b * r + 42.313330701600911252) * r + 1.0)
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    if r <= 5.0:
        r -= 1.6
        a = ((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r) + 0.24178072517745061177
        a = ((a * r + 1.27045825245236838258) * r + 3.64784832476320460504) * r
        a = ((a + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734
        b = (
            (1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
        ) + 0.0151986665636164571966
        b = ((b * r + 0.14810397642748007459) * r + 0.68976733498510000455) * r
        b = ((b + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        a = (
            (2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
        ) + 1.2426609473880784386e-3
        a = ((a * r + 0.026532189526576123093) * r + 0.29656057182850489123) * r
        a = ((a + 1.7848265399172913358) * r + 5.4637849111641143699) * r + 6.6579046435011037772
        b = (
            (2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r
        ) + 1.8463183175100546818e-5
        b = ((b * r + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r
        b = ((b + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1.0
    return a / b if q > 0.0 else -a / b


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def score(key: np.uint64, thing: np.uint64) -> float:
    """Return the standard normal draw of a thing in a sample: a hash of both keys alone."""
    h = _mixed(key + thing) >> np.uint64(12)
    return normal((np.float64(h) + 0.5) * 2.220446049250313e-16)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def counted(point: I32, begin: I64) -> None:
    """Count the hits of each point, one place further on."""
    for k in range(point.size):
        begin[point[k] + 1] += 1


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _until(point: I32, low: int, high: int, end: int) -> int:
    """Return where points from `end` on begin, between two hits of an event."""
    while low < high:
        middle = (low + high) // 2
        if point[middle] < end:
            low = middle + 1
        else:
            high = middle
    return low


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def by_point(
    stored: tuple[I64, I32, F32], first: int, part: tuple[int, int], at: I64, out: tuple[I32, F32]
) -> None:
    """Write a block of events turned around: the hits of some points, events rising.

    `first` is the block's first event, `at` where the next hit of each of the points goes.
    """
    start, point, intensity = stored
    event, x = out
    for e in range(start.size - 1):
        low = _until(point, start[e], start[e + 1], part[0])
        for k in range(low, _until(point, low, start[e + 1], part[1])):
            t = at[point[k] - part[0]]
            event[t], x[t] = first + e, intensity[k]
            at[point[k] - part[0]] = t + 1


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def own(factor: F64, sd: F64, key: U64, kind: int, thing: np.uint64) -> None:
    """Multiply by the lognormal parts of a thing's own."""
    for n in range(sd.shape[0]):
        if sd[n, kind] > 0.0:
            for s in range(factor.size):
                factor[s] *= math.exp(sd[n, kind] * score(key[n, s], thing))


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def booked(
    item: tuple[F64, F64, F64], eai: F64, slot: int, aal: F64, group: F64
) -> None:  # fmt: skip
    """Add an item's annual share of its worth to its asset, to the totals and to its group."""
    share, factor, total = item
    if eai.size:
        for s in range(aal.size):
            eai[slot, s] += factor[s] * share[s]
    for s in range(aal.size):
        y = total[s] * share[s]
        aal[s] += y
        group[s] += y


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def yearly(
    part: tuple[int, int], hits: Hits, items: Items, table: Table, kinds: Kinds,
    out: tuple[I64, F64, I64],
) -> None:  # fmt: skip
    """Write the annual share lost, and unknown events, of items by each curve they may have."""
    begin, event, x, rate = hits
    first, cls, _, _, _, _, _ = items
    head, bucket, line = table
    start, row, _ = kinds
    at, annual, nan = out
    for p in range(part[0], part[1]):
        for i in range(first[p], first[p + 1]):
            for t in range(begin[p], begin[p + 1]):
                z = np.float64(x[t])
                for j in range(at[i + 1] - at[i]):
                    y = np.nan
                    if z == z:
                        c = line_of(head, bucket, line, np.uint64(row[start[cls[i]] + j]), z)
                        y = line[c, 2] + line[c, 3] * (z - line[c, 0])
                    if y == y:
                        annual[at[i] + j] += rate[event[t]] * y
                    else:
                        nan[at[i] + j] += 1


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def straight(
    points: Points, hits: Hits, items: Items, curves: tuple[Table, I64, F64, I64], kinds: Kinds,
    worth: Worth, out: Out,
) -> None:  # fmt: skip
    """Add what assets at some points lose where no sample bends a curve or an intensity."""
    begin, event, x, _ = hits
    first, cls, value, slot, group, key, _ = items
    (head, bucket, line), at, annual, nan = curves
    start, row, choice = kinds
    by_class, on_total, often, sd, own_key = worth
    loss, unknown, eai, aal, missing, by_group, dark = out
    lanes, with_events = often.size, loss.size > 0
    factor, total, share = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    ratio = np.empty(row.size)
    for p in range(points[0], points[1]):
        if begin[p] == begin[p + 1]:
            continue
        for i in range(first[p], first[p + 1]):
            if points[3][0]:
                return
            k = cls[i]
            for s in range(lanes):
                factor[s] = value[i] * by_class[k, s]
            own(factor, sd, own_key, k, key[i])
            for s in range(lanes):
                total[s] = factor[s] * on_total[k, s]
                share[s] = annual[at[i] + choice[k, s]] * often[s]
                missing[s] += nan[at[i] + choice[k, s]]
            booked((share, factor, total), eai, slot[i] - points[2], aal, by_group[group[i]])
            dark[slot[i] - points[2]] += nan[at[i] : at[i + 1]].max()
            if not with_events:
                continue
            many = start[k + 1] - start[k]
            for t in range(begin[p], begin[p + 1]):
                e, z = event[t], np.float64(x[t])
                for j in range(many):
                    y = np.nan
                    if z == z:
                        c = line_of(head, bucket, line, np.uint64(row[start[k] + j]), z)
                        y = line[c, 2] + line[c, 3] * (z - line[c, 0])
                    ratio[j] = y
                y = ratio[0]
                if many == 1 and y == y:
                    for s in range(lanes):
                        loss[e, s] += total[s] * y
                else:
                    for s in range(lanes):
                        y = ratio[choice[k, s]]
                        if y == y:
                            loss[e, s] += total[s] * y
                        else:
                            unknown[e, s] += 1


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def by_kind(
    part: tuple[int, int], hits: Hits, items: Items, table: Table, kinds: Kinds,
    out: tuple[F64, I64],
) -> None:  # fmt: skip
    """Add loss and unknown of each event by class and alternative. (events, rows of kinds)"""
    begin, event, x, _ = hits
    first, cls, value, _, _, _, _ = items
    head, bucket, line = table
    start, row, _ = kinds
    loss, unknown = out
    for p in range(part[0], part[1]):
        for i in range(first[p], first[p + 1]):
            for t in range(begin[p], begin[p + 1]):
                e, z = event[t], np.float64(x[t])
                for j in range(start[cls[i]], start[cls[i] + 1]):
                    y = np.nan
                    if z == z:
                        c = line_of(head, bucket, line, np.uint64(row[j]), z)
                        y = line[c, 2] + line[c, 3] * (z - line[c, 0])
                    if y == y:
                        loss[e, j] += value[i] * y
                    else:
                        unknown[e, j] += 1


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def of_kinds(
    by: tuple[F64, I64], kinds: Kinds, by_class: F64, on_total: F64, out: tuple[F64, I32]
) -> None:
    """Add the classes up for every sample."""
    start, _, choice = kinds
    loss, unknown = out
    for e in range(loss.shape[0]):
        for k in range(start.size - 1):
            for s in range(loss.shape[1]):
                j = start[k] + choice[k, s]
                loss[e, s] += by[0][e, j] * by_class[k, s] * on_total[k, s]
                unknown[e, s] += by[1][e, j]
