"""Loops over events and people, compiled; import them inside a function: numba loads slowly.

They trust their input: `casualties` and `responses` alone call them. Serial, with the GIL released.
Slow twins: `twin`. What a pair of event and item says is gathered in small arrays that stay in the
first cache, and booked at once: a call for every number takes ten times as long.

Tuples, as the compiled functions take them:

people
    `amount` (items, bases): people of each base of counting, NaN unknown; `share` (items, 2,
    parts): of those present and of the residents that belong to each group and, where that is not
    known of all, of whom it is not known.
terms
    `base` and `to` (terms,): which people a response is of, and the column that it is added to;
    `home` (bases,): 1 where the base counts residents.
totals
    `out` (events, columns, 3): people, assets of whom nothing is known, people there; `parts`
    (events, grouped, parts): of the first columns, people by group; `by_item` (items, columns);
    `owner` (items,): of pieces of areas, the asset of each, else empty; `seen` (assets, columns):
    the event in which an asset was last counted as unknown, so that it counts once; -1 before.

A pair is gathered in `said` (4, columns): people present, residents, people of whom nothing is
known, a mark. The mark is 1 where people are lost, and ½ where nobody knows how many there are:
such items end as bad data and are not counted.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rencheng.model.risk.kernel import line_of
from rencheng.model.risk.people.fragilities import FARTHEST, PER_UNIT

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]
Blocked = tuple[I64, I32, F64]
People = tuple[F64, F64]
Terms = tuple[I64, I64, U8]
Totals = tuple[F64, F64, F64, I32, I64]


@njit(nogil=True, cache=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def gather(many: float, rate: float, at_home: np.uint8, o: np.uint64, said: F64) -> None:
    """Add a share of the people of an item to a column, or note that it is unknown."""
    y = many * rate
    if y == y:
        said[at_home, o] += y
    elif many == many:
        said[2, o] += many
        said[3, o] = 1.0
    else:
        said[3, o] = max(said[3, o], 0.5)


@njit(nogil=True, cache=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def book(
    e: int, i: int, often: float, share: F64, totals: Totals, said: F64,
) -> None:  # fmt: skip
    """Add what was gathered of an item in an event to the totals, and clear it."""
    out, parts, by_item, owner, seen = totals
    for o in range(np.uint64(said.shape[1])):
        there, home = said[0, o], said[1, o]
        y = there + home
        said[0, o] = said[1, o] = 0.0
        if y > 0.0:
            out[e, o, 0] += y
            by_item[i, o] += often * y
            if o < np.uint64(parts.shape[1]):
                for g in range(np.uint64(share.shape[2])):
                    parts[e, o, g] += there * share[i, 0, g] + home * share[i, 1, g]
        if said[3, o] > 0.0:
            by_item[i, o] = np.nan
            if said[3, o] == 1.0:
                if owner.size == 0:
                    out[e, o, 1] += 1.0
                elif seen[np.uint64(owner[i]), o] != np.int64(e):
                    seen[np.uint64(owner[i]), o] = np.int64(e)
                    out[e, o, 1] += 1.0
                out[e, o, 2] += said[2, o]
            said[2, o] = said[3, o] = 0.0


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def tally(
    events: Blocked, items: tuple[I32, I32], response: F64, people: People, terms: Terms,
    totals: Totals, touched: U8,
) -> None:  # fmt: skip
    """Add up responses that are known for each stored intensity and class of item.

    `response` (stored, classes, terms); NaN unknown. `items` is `first` and the class of each.
    """
    start, point, rate = events
    first, kind = items
    amount, share = people
    base, to, home = terms
    one = np.uint64(1)
    said = np.zeros((4, totals[0].shape[1]))
    for e in range(np.uint64(start.size - 1)):
        for k in range(np.uint64(start[e]), np.uint64(start[e + one])):
            p = np.uint64(point[k])
            touched[p] = 1
            for i in range(np.uint64(first[p]), np.uint64(first[p + one])):
                c = np.uint64(kind[i])
                for t in range(np.uint64(base.size)):
                    b = np.uint64(base[t])
                    gather(amount[i, b], response[k, c, t], home[b], np.uint64(to[t]), said)
                book(e, i, rate[e], share, totals, said)


@njit(nogil=True, cache=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def reach(
    x: float, c: np.uint64, log_median: F64, beta: F64, limit: F64, row: I32, normal: F64, p: F64,
) -> float:  # fmt: skip
    """Write P[state or worse] of a lognormal curve, mildest first, and return the intensity.

    The intensity is the one that stands for what lies outside the valid range; NaN unknown. Of a
    tabulated curve nothing is written. The normal distribution is a series of five terms around
    the nearest of `normal`'s rows, within 1e-15.
    """
    if x < limit[c, 0]:
        x = limit[c, 2]
    elif x > limit[c, 1]:
        x = limit[c, 3]
    if row[c] >= 0 or x != x:
        return x
    log = np.log(x)
    for state in range(np.uint64(p.size)):
        z = (log - log_median[c, state]) / beta[c, state]
        if not z > -FARTHEST:
            p[state] = 0.0
        elif z >= FARTHEST:
            p[state] = 1.0
        else:
            node = np.uint64((z + FARTHEST) * PER_UNIT + 0.5)
            near = node / PER_UNIT - FARTHEST
            h, n = z - near, near * near
            far = near * (3.0 - n) / 24.0 + h * (n * (n - 6.0) + 3.0) / 120.0
            series = 1.0 + h * (h * ((n - 1.0) / 6.0 + h * far) - near / 2.0)
            p[state] = normal[node, 0] + normal[node, 1] * h * series
    return x


@njit(nogil=True, cache=True, error_model="numpy", inline="always")  # type: ignore[untyped-decorator, unused-ignore]
def apart(x: float, p: F64) -> None:
    """Turn P[state or worse] into P[state]; never less than nothing, where curves cross."""
    many = np.uint64(p.size)
    one = np.uint64(1)
    if x != x:
        p[:] = np.nan
        return
    for state in range(one, many):
        p[state] = min(p[state - one], p[state])
    for state in range(many - one):
        p[state] -= p[state + one]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def harm(
    events: tuple[I64, I32, F32, F64],
    items: tuple[I32, I32, I32],
    curves: tuple[tuple[F64, F64, F64, I32], tuple[F64, I32, F64], F64],
    fates: F64,
    people: People,
    terms: Terms,
    totals: Totals,
    touched: U8,
) -> None:
    """Add up what states of damage do to people.

    `items` is `first`, row of the curve and row in `fates`; `fates` (kinds, terms, states) is the
    share of people that a state concerns. A kind whose shares are NaN is left out of the term.
    """
    start, point, intensity, rate = events
    first, curve, kind = items
    (log_median, beta, limit, bent), (head, bucket, line), normal = curves
    amount, share = people
    base, to, home = terms
    one = np.uint64(1)
    p = np.zeros(fates.shape[2])
    said = np.zeros((4, totals[0].shape[1]))
    for e in range(np.uint64(start.size - 1)):
        for k in range(np.uint64(start[e]), np.uint64(start[e + one])):
            at = np.uint64(point[k])
            touched[at] = 1
            for i in range(np.uint64(first[at]), np.uint64(first[at + one])):
                c, row = np.uint64(curve[i]), np.uint64(kind[i])
                x = reach(np.float64(intensity[k]), c, log_median, beta, limit, bent, normal, p)
                if bent[c] >= 0 and x == x:
                    for state in range(np.uint64(p.size)):
                        f = np.uint64(bent[c]) + state
                        at_line = line_of(head, bucket, line, f, x)
                        p[state] = line[at_line, 2] + line[at_line, 3] * (x - line[at_line, 0])
                apart(x, p)
                for t in range(np.uint64(base.size)):
                    y = 0.0
                    for s in range(np.uint64(p.size)):
                        y += p[s] * fates[row, t, s]
                    if fates[row, t, 0] == fates[row, t, 0]:
                        b = np.uint64(base[t])
                        gather(amount[i, b], y, home[b], np.uint64(to[t]), said)
                book(e, i, rate[e], share, totals, said)
