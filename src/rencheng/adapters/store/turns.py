"""Who writes next in a store that has one writer at a time: the one who has waited longest."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from threading import Event, Lock

from rencheng.domain.errors import SourceUnavailableError


@dataclass(slots=True)
class Turns:
    """A queue before the write lock of a file; any thread may call it.

    SQLite lets whoever asks at the right moment have its lock: a long row of transactions of one
    thread would keep all others out until it is through. Other programs are not in this queue; the
    lock of the file itself is between us and them.
    """

    wait_s: float
    """How long a writer waits for its turn. [s]"""
    _lock: Lock = field(default_factory=Lock)
    _waiting: deque[Event] = field(default_factory=deque)
    _is_taken: bool = False

    def take(self) -> None:
        """Wait for one's turn.

        Raises
        ------
        SourceUnavailableError
            If those before take longer than `wait_s`.
        """
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = Event()
            self._waiting.append(mine)
        if mine.wait(self.wait_s):
            return
        with self._lock:
            if mine.is_set():  # it came at the last moment
                return
            self._waiting.remove(mine)
        raise SourceUnavailableError(
            "store.busy",
            "the store is held by another writer",
            hint="Try again; if it stays so, look for a second program on the same folder",
        )

    def give(self) -> None:
        """End one's turn: the next in the queue has it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False
