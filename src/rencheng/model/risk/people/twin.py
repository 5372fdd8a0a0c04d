"""What the compiled loops over people do, said again in NumPy: slow, and the oracle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.model.risk.twin import Stored, spread_out

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
Totals = tuple[F64, F64, F64]
"""`out`, `parts` and `by_item`, as the compiled loops write them; parts of every column."""


def harm(
    events: Stored,
    items: tuple[I32, I32, I32],
    curves: Sequence[Curve],
    fates: F64,
    people: tuple[F64, F64],
    terms: tuple[I64, I64, U8],
    columns: int,
) -> Totals:
    """Return the totals of `kernel.harm`."""
    event, item, x = spread_out(events, items[0])
    chance = np.zeros((x.size, fates.shape[2]))
    for row, curve in enumerate(curves):
        mine = items[1][item] == row
        chance[mine] = curve.shares(x[mine])[:, 1:]
    share = np.einsum("ps,pts->pt", chance, fates[items[2][item]])
    counts = ~np.isnan(fates[items[2][item], :, 0])
    return _added(events, (event, item, share, counts), people, terms, columns)


def tally(
    events: Stored,
    items: tuple[I32, I32],
    response: F64,
    people: tuple[F64, F64],
    terms: tuple[I64, I64, U8],
    columns: int,
) -> Totals:
    """Return the totals of `kernel.tally`."""
    stored = np.arange(events[1].size, dtype=np.float64)
    event, item, row = spread_out((events[0], events[1], stored, events[3]), items[0])  # type: ignore[arg-type]
    share = response[row.astype(np.int64), items[1][item]]
    counts = np.ones(share.shape, dtype=bool)
    return _added(events, (event, item, share, counts), people, terms, columns)


def _added(
    events: Stored,
    pairs: tuple[I64, I64, F64, NDArray[np.bool_]],
    people: tuple[F64, F64],
    terms: tuple[I64, I64, U8],
    columns: int,
) -> Totals:
    """Return totals of what pairs of event and item say: (pairs, terms), and which terms count."""
    event, item, share, counts = pairs
    amount, part = people
    many = events[0].size - 1
    out, parts = np.zeros((many, columns, 3)), np.zeros((many, columns, part.shape[2]))
    by_item = np.zeros((amount.shape[0], columns))
    dark = np.zeros((event.size, columns), dtype=bool)
    for t, (base, to) in enumerate(zip(*terms[:2], strict=True)):
        has, there = counts[:, t], amount[item, base]
        y = there * share[:, t]
        known = has & ~np.isnan(y)
        gap = has & np.isnan(y) & ~np.isnan(there)
        np.add.at(out[:, to, 0], event[known], y[known])
        np.add.at(by_item[:, to], item[has], (events[3][event] * y)[has])
        np.add.at(out[:, to, 2], event[gap], there[gap])
        dark[:, to] |= gap
        belongs = part[item[known], terms[2][base]]
        np.add.at(parts[:, to], event[known], y[known, None] * belongs)
    for to in range(columns):
        np.add.at(out[:, to, 1], event[dark[:, to]], 1)
    return out, parts, by_item
