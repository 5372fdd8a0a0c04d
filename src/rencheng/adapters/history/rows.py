"""Runs of rows sorted by stream and time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.readings import ROW as ROW
from rencheng.domain.readings import Rows as Rows

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

KEY = ["stream", "at", "ident"]
"""What makes a reading one and the same."""
NONE = np.empty(0, ROW)


def sorted_rows(rows: Rows) -> Rows:
    """Return rows by stream, then time; equal ones keep their order of arrival. (n,)"""
    return rows[np.lexsort((rows["at"], rows["stream"]))]


def is_first(rows: Rows) -> Flags:
    """Return which rows are the first of their key in the array. (n,)"""
    order = np.lexsort((rows["ident"], rows["at"], rows["stream"]))
    ranked = rows[order]
    differs = np.ones(len(rows), dtype=bool)
    differs[1:] = (ranked[KEY[0]][1:] != ranked[KEY[0]][:-1]) | (
        ranked[KEY[1]][1:] != ranked[KEY[1]][:-1]
    )
    differs[1:] |= ranked[KEY[2]][1:] != ranked[KEY[2]][:-1]
    found = np.zeros(len(rows), dtype=bool)
    found[order[differs]] = True  # lexsort is stable: the first of equal ones comes first
    return found


class Runs:
    """Sorted runs, each at most half as long as the one before it, so that there are few.

    Adding n rows one batch after the other costs n log n in all; a stream's rows are found by
    binary search in each run.
    """

    def __init__(self) -> None:
        self.runs: list[Rows] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs)

    def add(self, rows: Rows, *, is_sorted: bool = False) -> None:
        """Take in a batch."""
        if not len(rows):
            return
        self.runs.append(rows if is_sorted else sorted_rows(rows))
        while len(self.runs) > 1 and len(self.runs[-2]) < 2 * len(self.runs[-1]):
            last = self.runs.pop()
            self.runs[-1] = sorted_rows(np.concatenate([self.runs[-1], last]))

    def all(self) -> Rows:
        """Return everything, sorted. (n,)"""
        return sorted_rows(np.concatenate(self.runs)) if self.runs else NONE

    def between(self, stream: int, start: int, end: int) -> Rows:
        """Return a stream's rows from `start` to `end`, both included, by time. [µs] (n,)"""
        found = []
        for run in self.runs:
            # Not `searchsorted`: it would copy the whole column out of the rows first.
            column, at = run["stream"], run["at"]
            low, high = bisect_left(column, stream), bisect_right(column, stream)
            first, last = bisect_left(at, start, low, high), bisect_right(at, end, low, high)
            if last > first:
                found.append(run[first:last])
        if len(found) == 1:
            return found[0]
        return sorted_rows(np.concatenate(found)) if found else NONE

    def holds(self, rows: Rows) -> Flags:
        """Return which of the rows are here already, by key. (n,)"""
        known = np.zeros(len(rows), dtype=bool)
        times = np.unique(rows["at"])
        for run in self.runs:
            near = run[np.isin(run["at"], times)]
            if len(near):
                known |= ~is_first(np.concatenate([near, rows]))[len(near) :]
        return known
