"""Dead letters: messages that nobody could take in, with the reason, few and kept over restarts."""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

import msgspec

from rencheng.domain.provenance import Text

MOST = 200
"""Kinds of dead letters that are kept, a topic and a reason each. Chosen."""
SHOWN = 1_000
"""Bytes of a message that are kept. Chosen. [B]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Messages of one topic that were refused for one reason."""

    topic: str
    reason: Text
    """Why, of the last of them."""
    count: int
    first: datetime
    last: datetime
    size: int
    """Of the last of them. [B]"""
    body: str
    """How the last of them begins, in base64."""


class DeadLetters:
    """Keeps one letter for each topic and reason, and how often it came.

    Parameters
    ----------
    file
        Where they are kept; None: in memory alone.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = Lock()
        self._held: OrderedDict[tuple[str, str], DeadLetter] = OrderedDict()
        self._is_new = False
        if file is not None and file.is_file():
            for one in _read(file):
                self._held[one.topic, one.reason.key] = one

    def add(self, topic: str, body: bytes, size: int, reason: Text, at: datetime) -> None:
        """Keep a message that was refused."""
        key = (topic[:200], reason.key)
        with self._lock:
            old = self._held.pop(key, None)
            self._held[key] = DeadLetter(
                topic=key[0],
                reason=reason,
                count=old.count + 1 if old else 1,
                first=old.first if old else at,
                last=at,
                size=size,
                body=base64.b64encode(body[:SHOWN]).decode(),
            )
            if len(self._held) > MOST:
                self._held.popitem(last=False)
            self._is_new = True

    def all(self) -> list[DeadLetter]:
        """Return them, the last first."""
        with self._lock:
            return list(reversed(self._held.values()))

    def save(self) -> None:
        """Write them down when there are new ones."""
        with self._lock:
            if self._file is None or not self._is_new:
                return
            self._is_new = False
            raw = msgspec.json.encode(list(self._held.values()))
        fresh = self._file.with_name(f".{self._file.name}")
        fresh.write_bytes(raw)
        fresh.replace(self._file)


def _read(file: Path) -> list[DeadLetter]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[DeadLetter])
    except (msgspec.DecodeError, OSError):
        return []  # a list of refusals that cannot be read must not keep values out
