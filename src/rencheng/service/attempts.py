"""How often somebody may knock: failed sign-ins, and requests of one key.

Kept in memory, so that guarding the door never waits for the disk; a restart forgets it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from rencheng.domain.errors import TooMuchError

FREE_FAILURES = 5
"""Wrong passwords for one name from one address before waiting begins. No source: our choice."""
FREE_FOR_NAME = 50
"""The same for one name from everywhere: higher, so that a stranger cannot lock a person out."""
FREE_FOR_ADDRESS = 100
"""The same for one address with every name: a whole office may share one."""
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN = timedelta(hours=1)
"""Quiet time after which failures no longer count: an office mistypes a hundred times a year."""
REMEMBERED = 20_000
"""Keys kept in memory; the oldest go first."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: datetime | None = None
    last: datetime | None = None


@dataclass(slots=True)
class Attempts:
    """Counts failed sign-ins and makes the next one wait, twice as long each time."""

    _failures: OrderedDict[tuple[str, str], _Failures] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def must_be_free(self, name: str, address: str, now: datetime) -> None:
        """Raise `TooMuchError` while this name or address has to wait."""
        with self._lock:
            waits = [
                found.until
                for key, _ in _keys(name, address)
                if (found := self._failures.get(key)) and found.until and found.until > now
            ]
        if waits:
            seconds = max(1, round((max(waits) - now).total_seconds()))
            raise TooMuchError(
                "identity.wait",
                f"too many failed sign-ins, wait {seconds} s",
                hint="Wait, then try again",
                params={"seconds": seconds},
            )

    def failed(self, name: str, address: str, now: datetime) -> None:
        """Note a failure."""
        with self._lock:
            for key, free in _keys(name, address):
                found = self._failures.setdefault(key, _Failures())
                self._failures.move_to_end(key)
                if found.last is not None and now - found.last > FORGOTTEN:
                    found.count = 0
                found.count, found.last = found.count + 1, now
                if found.count >= free:
                    wait = timedelta(seconds=2.0 ** min(found.count - free, 10))
                    found.until = now + min(wait, LONGEST_WAIT)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of this name from this address."""
        with self._lock:
            self._failures.pop((name, address), None)


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    name = name[:200]
    return (
        ((name, address), FREE_FAILURES),
        ((name, ""), FREE_FOR_NAME),
        (("", address), FREE_FOR_ADDRESS),
    )


@dataclass(slots=True)
class Rate:
    """At most `limit` of something in `window` for one key."""

    limit: int
    window: timedelta
    _times: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, key: str, now: datetime, *, limit: int = 0) -> None:
        """Count one, or raise `TooMuchError`; `limit` of its own for this key, 0: the usual."""
        most = limit or self.limit
        with self._lock:
            times = self._times.setdefault(key, deque())
            self._times.move_to_end(key)
            while times and now - times[0] >= self.window:
                times.popleft()
            is_full = len(times) >= most
            if not is_full:
                times.append(now)
            while len(self._times) > REMEMBERED:
                self._times.popitem(last=False)
        if is_full:
            raise TooMuchError(
                "identity.rate",
                f"more than {most} requests in {self.window.total_seconds():g} s",
                hint="Send fewer and larger batches",
                params={"limit": most, "seconds": self.window.total_seconds()},
            )


@dataclass(slots=True)
class Flow:
    """Values of one key as a bucket that fills at a rate: what overdraws it makes the next wait.

    A batch larger than the bucket is taken when there is anything in it, so that none waits for
    ever.
    """

    _left: OrderedDict[str, tuple[float, datetime]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, key: str, count: int, now: datetime, *, a_second: float, most: float) -> None:
        """Take `count` values, or raise `TooMuchError`; 0 only looks whether some may come."""
        with self._lock:
            left, last = self._left.get(key, (most, now))
            left = min(most, left + a_second * max(0.0, (now - last).total_seconds()))
            is_empty = left <= 0
            self._left[key] = (left if is_empty else left - count, now)
            self._left.move_to_end(key)
            while len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        if is_empty:
            seconds = max(1, ceil(-left / a_second))
            raise TooMuchError(
                "intake.rate",
                f"more than {a_second:g} values a second for too long, wait {seconds} s",
                hint="Keep the values and send them after the wait",
                params={"rate": a_second, "seconds": seconds},
            )
