"""The append-only log: each entry carries the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from rencheng.domain.provenance import Mode

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Who did what when, before it has its place in the chain."""

    at: datetime
    """Wall time. [UTC]"""
    sim_at: datetime
    """Time on the run's clock. [UTC]"""
    actor: str
    action: str
    """Key of the sentence under `log.<action>`."""
    subject: str
    params: Mapping[str, str | int | float]
    mode: Mode
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry(Line):
    """A line of the log, chained to the one before it."""

    seq: int
    previous: str
    hash: str


def digest(entry: LogEntry) -> str:
    """Return the SHA-256 of everything in `entry` but its own hash, as hexadecimal text."""
    body = [
        entry.seq,
        entry.at.isoformat(),
        entry.sim_at.isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        dict(entry.params),
        entry.mode.value,
        entry.run,
        entry.previous,
    ]
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken(entries: Iterable[LogEntry], previous: str = GENESIS) -> int | None:
    """Return the `seq` of the first entry that was altered, moved or lost; None: all is whole."""
    expected: int | None = None
    for entry in entries:
        is_next = expected is None or entry.seq == expected
        if not is_next or entry.previous != previous or entry.hash != digest(entry):
            return entry.seq
        previous, expected = entry.hash, entry.seq + 1
    return None
