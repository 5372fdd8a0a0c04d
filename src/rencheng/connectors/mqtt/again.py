"""Messages without a time that come again after a lost connection, and nothing else of them.

The broker sends again what we have not acknowledged, and marks it as such; but a broker that was
killed has forgotten what it sent, and sends it again as if for the first time. What carries a time
is known by that. Of the rest we remember the bytes that we took in and could not acknowledge: each
of them comes once more, and then no more. A broker that marks one message as sent before remembers
them all: then only what it marks is a repeat. Broker and house killed together are beyond this, and
so is a true message that is like one whose acknowledgement is in doubt, from a broker that had
nothing to send again: it counts as the repeat.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rencheng.connectors.mqtt.client import Heard

Key = tuple[str, int]
"""Datastream, and id of the bytes."""
UNSURE_S = 2.0
"""An acknowledgement given so shortly before the connection was lost may not have reached the
broker's disk. Chosen. [s]"""
AWAITED = timedelta(seconds=60)
"""So long from its first message on a connection may bring what was open before. Chosen."""


@dataclass(slots=True)
class Expected:
    """What may come again, as one batch sees it; nothing counts until `Open.settle`."""

    connection: int
    until: datetime | None
    coming: Counter[Key]
    carried: list[Key]
    """What becomes expected once a new connection begins."""
    seen: list[tuple[int, Key]] = field(default_factory=list)
    """Connection and key of every message without a time in this batch."""
    is_new: bool = False
    has_marks: bool = False
    """Whether the broker marked a message of this connection as sent before."""

    def has(self, one: Heard, key: Key) -> bool:
        """Return whether a message is one that was taken in before; each counts once."""
        if not one.quality:
            return False  # it was never promised, and does not come again
        if one.connection != self.connection:
            self.coming += Counter([*self.carried, *(key for _, key in self.seen)])
            self.carried = []
            self.connection, self.until, self.is_new = one.connection, one.received + AWAITED, True
            self.has_marks = False
        self.has_marks |= one.is_again
        self.seen.append((one.connection, key))
        if self.has_marks and not one.is_again:
            return False  # what it sends again it marks, and it sends that first
        if not self.coming[key] or self.until is None or one.received > self.until:
            return False
        self.coming[key] -= 1
        return True


class Open:
    """What was taken in, and the broker may not know it."""

    def __init__(self) -> None:
        self._expected = Expected(0, None, Counter(), [])
        self._unsaid: list[Key] = []
        """Taken in, and the connection was gone before we could say so."""
        self._said: deque[tuple[float, Key]] = deque()
        """When it was acknowledged [monotonic s], lately."""

    def expected(self, lost: float) -> Expected:
        """Return what may come again. `lost`: when the last connection ended. [monotonic s]"""
        unsure = [key for at, key in self._said if at >= lost - UNSURE_S]
        old = self._expected
        carried = [*self._unsaid, *unsure]
        coming = Counter(old.coming)
        return Expected(old.connection, old.until, coming, carried, has_marks=old.has_marks)

    def settle(self, batch: Expected, said: int, now: float) -> None:
        """Keep what a batch has changed, once it is durable.

        Parameters
        ----------
        batch
            From `expected`.
        said
            Number of the connection on which it was acknowledged; 0: on none.
        now
            When that was. [monotonic s]
        """
        if batch.is_new:
            self._unsaid.clear()
            self._said.clear()
        mine = [(c, key) for c, key in batch.seen if c == batch.connection or not batch.is_new]
        self._unsaid += [key for c, key in mine if c != said]
        self._say((key for c, key in mine if c == said), now)
        batch.coming = +batch.coming
        self._expected = batch

    def _say(self, keys: Iterable[Key], now: float) -> None:
        self._said.extend((now, key) for key in keys)
        while self._said and self._said[0][0] < now - UNSURE_S:
            self._said.popleft()
