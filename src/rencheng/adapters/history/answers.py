"""What senders of batches were told, so that a repeat gets the same answer."""

from __future__ import annotations

from collections import OrderedDict

MOST_BYTES = 8 << 20
"""Answers kept, with their names; the oldest go first. Chosen: some 60,000 batches. [bytes]"""


class Answers:
    """Answers by batch, the newest up to a size."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._size = most_bytes, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def find(self, batch: str) -> bytes | None:
        """Return the answer to a batch, None when it is new or long ago."""
        return self._kept.get(batch)

    def keep(self, batch: str, answer: bytes) -> None:
        """Remember an answer, and forget the oldest ones when they grow too many."""
        self._size -= len(self._kept.pop(batch, b"")) if batch in self._kept else -len(batch)
        self._kept[batch] = answer
        self._size += len(answer)
        while self._size > self._most and len(self._kept) > 1:
            oldest, told = self._kept.popitem(last=False)
            self._size -= len(oldest) + len(told)

    def take_frame(self, frame: bytes) -> None:
        """Take up what `frame` or `frames` gave."""
        start = 0
        while start < len(frame):
            name, size = (int.from_bytes(frame[i : i + 4], "little") for i in (start, start + 4))
            middle = start + 8 + name
            self.keep(frame[start + 8 : middle].decode(), frame[middle : middle + size])
            start = middle + size

    def frames(self) -> bytes:
        """Return all answers as one frame of the log, the oldest first."""
        return b"".join(frame(batch, answer) for batch, answer in self._kept.items())


def frame(batch: str, answer: bytes) -> bytes:
    """Return an answer as a frame of the log."""
    name = batch.encode()
    return len(name).to_bytes(4, "little") + len(answer).to_bytes(4, "little") + name + answer
