"""How the connection to the broker does: readable at any time, from any thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock

from rencheng.domain.provenance import Text

RATE_SPAN = timedelta(seconds=60)
"""Over which the rate is taken. Chosen."""


class Link(StrEnum):
    """Whether we hear the broker."""

    CONNECTED = "connected"
    WAITING = "waiting"
    """Not connected; it is tried again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttHealth:
    """How the connection does."""

    address: str
    link: Link = Link.WAITING
    since: datetime
    """Since when `link` is so. [UTC]"""
    messages: int = 0
    """Heard since the start, repeats included."""
    values: int = 0
    """Taken in and durable."""
    repeats: int = 0
    """Known already."""
    refused: int = 0
    """Could not be taken in; see the dead letters."""
    limited: int = 0
    """Refused because their device sends far too often."""
    foreign: int = 0
    """Messages and subscriptions beyond the key of who sent them; the broker refused them."""
    waiting: int = 0
    """Heard and not acknowledged yet."""
    rate: float = 0.0
    """Over the last minute. [messages/s]"""
    last_message: datetime | None = None
    problem: Text | None = None
    """What is wrong now; None: nothing."""
    hint: Text | None = None
    """How to mend it."""
    problem_since: datetime | None = None
    last_problem: Text | None = None
    """What was wrong last."""
    last_problem_at: datetime | None = None


@dataclass(slots=True)
class Watch:
    """Keeps the record."""

    address: str
    now: Callable[[], datetime]
    say: Callable[[Text, Text], None]
    """Is told of each new problem and how to mend it."""
    _lock: Lock = field(default_factory=Lock)
    _held: MqttHealth = field(init=False)
    _heard: deque[tuple[datetime, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._held = MqttHealth(address=self.address, since=self.now())

    def connected(self) -> None:
        """Say that we hear the broker."""
        with self._lock:
            self._held = replace(self._held, link=Link.CONNECTED, since=self.now())
            self._clear()

    def lost(self, why: str, detail: str = "") -> None:
        """Say that we do not, and why."""
        with self._lock:
            if self._held.link is Link.CONNECTED:
                self._held = replace(self._held, link=Link.WAITING, since=self.now())
            self._trouble(why, detail)

    def troubled(self, why: str, detail: str = "") -> None:
        """Say what is wrong although we hear the broker."""
        with self._lock:
            self._trouble(why, detail)

    def mended(self) -> None:
        """Say that nothing is wrong any more."""
        with self._lock:
            if self._held.link is Link.CONNECTED:
                self._clear()

    def heard(self, messages: int, **more: int) -> None:
        """Count messages, and what became of their values."""
        now = self.now()
        with self._lock:
            held = self._held
            sums = {name: getattr(held, name) + count for name, count in more.items()}
            self._held = replace(held, messages=held.messages + messages, last_message=now, **sums)
            self._heard.append((now, messages))
            self._forget(now)

    def record(self, *, waiting: int, foreign: int = 0) -> MqttHealth:
        """Return how it does now."""
        now = self.now()
        with self._lock:
            self._forget(now)
            rate = sum(count for _, count in self._heard) / RATE_SPAN.total_seconds()
            return replace(self._held, waiting=waiting, foreign=foreign, rate=rate)

    def _trouble(self, why: str, detail: str) -> None:
        now = self.now()
        said = Text(f"mqtt.problem.{why}", {"address": self.address, "why": detail[:200]})
        hint = Text(f"mqtt.problem.{why}.hint", said.params)
        is_same = self._held.problem is not None and self._held.problem.key == said.key
        self._held = replace(
            self._held,
            problem=said,
            hint=hint,
            problem_since=self._held.problem_since if is_same else now,
            last_problem=said,
            last_problem_at=now,
        )
        if not is_same:
            self.say(said, hint)

    def _clear(self) -> None:
        self._held = replace(self._held, problem=None, hint=None, problem_since=None)

    def _forget(self, now: datetime) -> None:
        while self._heard and self._heard[0][0] < now - RATE_SPAN:
            self._heard.popleft()
