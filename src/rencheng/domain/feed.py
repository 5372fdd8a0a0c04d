"""Feeds: what is fetched from others again and again, and how that goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rencheng.domain.provenance import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPoll:
    """One time that a feed was asked."""

    at: datetime
    took_s: float
    is_good: bool
    problem: Text | None
    """What failed; None when nothing did."""
    hint: Text | None
    """How to mend it."""
    detail: str
    """The same in English for a log, with what the source said."""
    taken: int = 0
    """New readings, bulletins, warnings and maps."""
    known: int = 0
    refused: int = 0
    findings: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """How a feed does; kept over restarts."""

    id: str
    connector: str
    last_good: datetime | None = None
    last_failure: datetime | None = None
    failures: int = 0
    """In a row, up to now."""
    next_poll: datetime | None = None
    newest: datetime | None = None
    """Time of the newest thing that the feed has given. [UTC]"""
    delay_s: float = float("nan")
    """From when the newest thing was so to when we took it in; NaN: nothing yet. [s]"""
    validators: tuple[tuple[str, str, str], ...] = ()
    """Address, `ETag` and `Last-Modified` of what was taken in last."""
    polls: tuple[FeedPoll, ...] = ()
    """The last ones, newest first."""
    version: int = 1
