"""What is known of each stream without a search: how many readings, and the last ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rencheng.adapters.history.rows import I32, I64, ROW, Rows

NOTHING, UNKNOWN = np.iinfo(np.int64).max, np.iinfo(np.int64).min


class Latest:
    """Counts and last rows by stream number, kept as rows are taken in."""

    def __init__(self) -> None:
        self.last, self.good = np.zeros(0, ROW), np.zeros(0, ROW)
        self.count, self.suspect = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.equal = np.zeros(0, np.int64)
        """How many readings in a row ended with the last value. (streams,)"""
        self.same = np.zeros(0, np.int64)
        """How many readings share the last time; 0: none, or it must be looked up. (streams,)"""
        self.first = np.zeros(0, np.int64)
        """Earliest time; `NOTHING` where there is none, `UNKNOWN` where it must be looked up. [µs]
        (streams,)"""

    def grow(self, streams: int) -> None:
        """Make room for new streams that said nothing yet; `stream` is -1 there."""
        more = streams - len(self.count)
        if more > 0:
            empty = np.zeros(more, ROW)
            empty["stream"] = -1
            self.last, self.good = (np.concatenate([a, empty]) for a in (self.last, self.good))
            self.count, self.suspect, self.equal, self.same = (
                np.concatenate([a, np.zeros(more, np.int64)])
                for a in (self.count, self.suspect, self.equal, self.same)
            )
            self.first = np.concatenate([self.first, np.full(more, NOTHING)])

    def add(self, rows: Rows) -> None:
        """Count new rows, sorted by stream and time."""
        stream, good = rows["stream"], rows["reasons"] == 0
        self.count += np.bincount(stream, minlength=len(self.count))
        self.suspect += np.bincount(stream[~good], minlength=len(self.suspect))
        self._count_equal(rows)
        self._count_same(rows)
        opening = rows[np.diff(stream, prepend=-1) != 0]
        own = opening["stream"]
        self.first[own] = np.minimum(self.first[own], opening["at"])
        for latest, own in ((self.last, rows), (self.good, rows[good])):
            final = own[_is_final(own["stream"])]
            held = latest[final["stream"]]
            newer = (held["stream"] < 0) | (final["at"] >= held["at"])
            latest[final["stream"][newer]] = final[newer]

    def _count_equal(self, rows: Rows) -> None:
        held = self.last[rows["stream"]]
        is_next = (held["stream"] < 0) | (rows["at"] >= held["at"])
        rows, held = rows[is_next], held[is_next]
        if not len(rows):
            return
        stream, value = rows["stream"], rows["value"]
        is_new_stream = np.diff(stream, prepend=-1) != 0
        is_change = is_new_stream.copy()
        is_change[1:] |= value[1:] != value[:-1]
        begun = np.maximum.accumulate(np.where(is_change, np.arange(len(rows)), 0))
        final = np.flatnonzero(_is_final(stream))
        first = begun[final]
        goes_on = is_new_stream[first] & (held["stream"][first] >= 0)
        goes_on &= held["value"][first] == value[first]
        own = stream[final]
        self.equal[own] = final - first + 1 + np.where(goes_on, self.equal[own], 0)

    def _count_same(self, rows: Rows) -> None:
        """Count, before the last rows are replaced, how many share the last time."""
        if not len(rows):
            return
        is_new = (np.diff(rows["stream"], prepend=-1) != 0) | (np.diff(rows["at"], prepend=0) != 0)
        begun, final = np.flatnonzero(is_new), np.flatnonzero(_is_final(rows["stream"]))
        many = final - begun[np.searchsorted(begun, final, side="right") - 1] + 1
        own, at = rows["stream"][final], rows["at"][final]
        held = self.last[own]
        is_later = (held["stream"] < 0) | (at > held["at"])
        goes_on = ~is_later & (at == held["at"]) & (self.same[own] > 0)
        self.same[own] = np.where(is_later, many, self.same[own] + np.where(goes_on, many, 0))

    def of(self, streams: I32) -> Latest:
        """Return what is known of some streams, in their order."""
        found = Latest()
        for name in ("last", "good", "count", "suspect", "equal", "same", "first"):
            setattr(found, name, getattr(self, name)[streams])
        return found

    def state(self) -> dict[str, Any]:
        """Return everything as plain values for a manifest."""
        return {
            "count": self.count.tolist(),
            "suspect": self.suspect.tolist(),
            "equal": self.equal.tolist(),
            "same": self.same.tolist(),
            "first": self.first.tolist(),
            "last": self.last.tobytes().hex(),
            "good": self.good.tobytes().hex(),
        }

    def take_state(self, body: Mapping[str, Any]) -> None:
        """Take up what `state` gave; a manifest of before knows less."""
        self.count, self.suspect = (
            np.array(body[key], dtype=np.int64) for key in ("count", "suspect")
        )
        self.last, self.good = (
            np.frombuffer(bytes.fromhex(body[key]), ROW).copy() for key in ("last", "good")
        )
        known: I64 = np.minimum(self.count, 1)
        self.equal = np.array(body.get("equal", known), dtype=np.int64)
        self.same = np.array(body.get("same", np.zeros_like(known)), dtype=np.int64)
        unknown = np.where(self.count > 0, UNKNOWN, NOTHING)
        self.first = np.array(body.get("first", unknown), dtype=np.int64)


def _is_final(stream: Any) -> Any:
    """Return which of sorted rows are the last of their stream. (n,)"""
    return np.append(np.diff(stream) != 0, True) if len(stream) else np.zeros(0, bool)
