"""Sparse intensities that were read once and lie on the disk until a block of them is asked for."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterable
from typing import IO

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.table import greatest
from rencheng.domain.errors import CorruptDataError
from rencheng.domain.risk import EventHead

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class SpooledEvents:
    """Events whose points and intensities were written to files without a name.

    The files are gone when the set is: nothing has to be cleaned up.
    """

    def __init__(self, head: EventHead, rows: Iterable[tuple[I32, F32]]) -> None:
        """Write the rows, one event after another."""
        self.head = head
        self._turn = threading.Lock()
        self._files = tuple(tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115 - see below
        for file in self._files:
            weakref.finalize(self, file.close)
        sizes, self.largest = [0], float("-inf")
        for point, intensity in rows:
            self._files[0].write(np.ascontiguousarray(point, dtype=np.int32).data)
            self._files[1].write(np.ascontiguousarray(intensity, dtype=np.float32).data)
            sizes.append(point.size)
            self.largest = max(self.largest, greatest(intensity))
        for file in self._files:
            file.flush()
        self.start: I64 = np.cumsum(sizes, dtype=np.int64)

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return point and intensity of events; see `EventSource`."""
        begin, end = int(self.start[first]), int(self.start[last])
        point, intensity = (self._read(file, begin, end) for file in self._files)
        return (
            np.frombuffer(point, dtype=np.int32),
            np.frombuffer(intensity, dtype=np.float32),
        )

    def _read(self, file: IO[bytes], begin: int, end: int) -> bytearray:
        """Return a piece of a file of four bytes a number; jobs may share the set."""
        with self._turn:
            file.seek(4 * begin)
            whole = bytearray(4 * (end - begin))
            if file.readinto(whole) != len(whole):  # type: ignore[attr-defined]
                raise CorruptDataError(
                    "risk.spool",
                    "the temporary files of an event set are shorter than what was written",
                    hint="Look whether the disk of temporary files is full, and run the job again",
                )
        return whole
