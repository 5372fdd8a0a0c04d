"""Loops over events and people, compiled; import them inside a function: numba loads slowly.

They trust their input: `casualties` and `tally` alone call them. Serial, with the GIL released.
Slow twins: `twin`.

Tuples, as the compiled functions take them:

people
    `amount` (items, bases): people of each base of counting; `share` (items, 2, groups): of those
    present and of the residents that belong to each group. NaN unknown.
terms
    `base` and `to` (terms,): which people a response is of, and the column that it is added to;
    `home` (bases,): 1 where the base counts residents.
totals
    `by_event` (events, columns), `group` and `group_unknown` (events, columns, groups), `by_item`
    (items, columns), `unknown` and `unknown_people` (events, columns).
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
U8 = NDArray[np.uint8]
Blocked = tuple[I64, I32, F64]
People = tuple[F64, F64]
Terms = tuple[I64, I64, U8]
Totals = tuple[F64, F64, F64, F64, I64, F64]


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def add(
    place: tuple[int, int, float], rate: float, term: int, people: People, terms: Terms,
    totals: Totals, seen: U8,
) -> None:  # fmt: skip
    """Add what one term says of the people of one item in one event, or note that it is unknown.

    `place` is event, item and how often the event happens; `rate` the share of people that the
    term concerns; `seen` marks the columns in which the item was already noted as unknown. Items
    whose people are unknown are in no total: they end as bad data.
    """
    e, i, often = place
    amount, share = people
    base, to, home = terms
    by_event, group, group_unknown, by_item, unknown, unknown_people = totals
    b, o = base[term], to[term]
    y = amount[i, b] * rate
    if y != y:
        by_item[i, o] = np.nan
        if amount[i, b] == amount[i, b]:
            unknown[e, o] += seen[o] == 0
            unknown_people[e, o] += amount[i, b]
            seen[o] = 1
        return
    by_event[e, o] += y
    by_item[i, o] += often * y
    if y > 0.0:
        for g in range(share.shape[2]):
            part = share[i, home[b], g]
            if part == part:
                group[e, o, g] += y * part
            else:
                group_unknown[e, o, g] += y


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
    seen = np.zeros(totals[0].shape[1], dtype=np.uint8)
    for e in range(start.size - 1):
        for k in range(start[e], start[e + 1]):
            p = point[k]
            touched[p] = 1
            for i in range(first[p], first[p + 1]):
                seen[:] = 0
                for t in range(response.shape[2]):
                    add((e, i, rate[e]), response[k, kind[i], t], t, people, terms, totals, seen)


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def reach(
    x: float, c: int, fragility: tuple[F64, F64, F64, I32], table: tuple[F64, I32, F64], p: F64
) -> None:
    """Write P[state] of a curve at an intensity, mildest first; NaN where it is unknown."""
    log_median, beta, limit, row = fragility
    head, bucket, line = table
    many = log_median.shape[1]
    if x < limit[c, 0]:
        x = limit[c, 2]
    elif x > limit[c, 1]:
        x = limit[c, 3]
    if x != x:
        p[:] = np.nan
        return
    log = np.log(x) if row[c] < 0 else 0.0
    milder = 1.0
    for state in range(many):
        if row[c] < 0:
            z = (log - log_median[c, state]) / beta[c, state]
            reached = 0.5 * math.erfc(-z * 0.7071067811865476)  # √½
        else:
            s = line_of(head, bucket, line, np.uint64(row[c] + state), x)
            reached = line[s, 2] + line[s, 3] * (x - line[s, 0])
        reached = min(milder, reached)
        if state > 0:
            p[state - 1] = milder - reached
        milder = reached
    p[many - 1] = milder


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator, unused-ignore]
def harm(
    events: tuple[I64, I32, F32, F64],
    items: tuple[I32, I32, I32],
    curves: tuple[tuple[F64, F64, F64, I32], tuple[F64, I32, F64]],
    fates: F64,
    people: People,
    terms: Terms,
    totals: Totals,
    touched: U8,
) -> None:
    """Add up what states of damage do to people.

    `items` is `first`, row of the curve and row in `fates`; `fates` (kinds, states, terms) is the
    share of people that a state concerns. A kind whose shares are NaN is left out of the term.
    """
    start, point, intensity, rate = events
    first, curve, kind = items
    fragility, table = curves
    p = np.zeros(fates.shape[1])
    seen = np.zeros(totals[0].shape[1], dtype=np.uint8)
    for e in range(start.size - 1):
        for k in range(start[e], start[e + 1]):
            at = point[k]
            touched[at] = 1
            for i in range(first[at], first[at + 1]):
                reach(np.float64(intensity[k]), curve[i], fragility, table, p)
                seen[:] = 0
                for t in range(fates.shape[2]):
                    if fates[kind[i], 0, t] != fates[kind[i], 0, t]:
                        continue
                    y = 0.0
                    for s in range(p.size):
                        y += p[s] * fates[kind[i], s, t]
                    add((e, i, rate[e]), y, t, people, terms, totals, seen)
