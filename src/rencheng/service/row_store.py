"""What intake needs of the history: whole batches as arrays, in the order of the city's streams."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.provenance import Mode
from rencheng.domain.readings import Rows

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch of rows."""

    is_new: Flags
    """Which rows were not known yet. (n,)"""
    rows: Rows
    """The new ones with the reasons against them, sorted by stream and time. (m,)"""
    order: I64
    """Which row of the batch each of them is. (m,)"""
    token: Any
    """What `sync` waits for."""


class RowStore(Protocol):
    """The history as intake uses it. `ids` names the streams that rows speak of, by row."""

    def take(
        self,
        run: str,
        mode: Mode,
        ids: tuple[str, ...],
        rows: Rows,
        *,
        version: str,
        judge: Callable[[Rows], None],
        batch: str = "",
        answer: Callable[[Kept], bytes] | None = None,
    ) -> Kept:
        """Keep what is new of a batch, once; durable after `sync`.

        Parameters
        ----------
        run, mode
            Whose history.
        ids
            Ids of the streams; the same object as long as they are the same.
        rows
            Any order; `stream` is a row of `ids`, `reasons` and `verdict` are not read. (n,)
        version
            Version of quality control.
        judge
            Writes `reasons` into the new rows, sorted by stream and time, while no other batch is
            taken in.
        batch, answer
            Name of the batch and what its sender will be told, kept together with the rows.

        Raises
        ------
        SourceUnavailableError
            When the disk refuses; nothing of the batch is kept.
        """
        ...

    def sync(self, run: str, kept: Kept) -> None:
        """Return when what was taken in is on the disk; batches share one sync."""
        ...

    def answered(self, run: str, batch: str) -> bytes | None:
        """Return what the sender of a batch was told, None when it is new or long ago."""
        ...

    def compact(self, before: datetime) -> int:
        """Put months that ended before a time into a file each; return how many were."""
        ...

    def latest_rows(self, run: str, ids: tuple[str, ...]) -> tuple[Rows, Rows, I64]:
        """Return the latest row, the latest good one, and how many readings in a row ended alike.

        `stream` is -1 where there is none. (streams,) each
        """
        ...

    def hours(
        self, run: str, ids: tuple[str, ...], start: int, end: int, *, against: int, most: int
    ) -> tuple[I32, I64, F64]:
        """Return row of `ids`, hour [µs] and mean of the values by stream and hour. (n,) each

        `against` has the bits of the reasons that leave a value out; of more than `most` rows only
        the youngest are read.
        """
        ...
