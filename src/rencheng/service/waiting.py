"""What was taken in and is not followed up yet: rows for the rules, and what is told of batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Lock
from typing import Any

from rencheng.domain.city import City
from rencheng.domain.readings import Rows
from rencheng.service.together import Together

JUMP_US = 60_000_000
"""The clock of the machine is set, rather than kept, when it moves by more. Chosen. [µs]"""
BRIDGED_S = 3600.0
"""For so long a clock that was set back is not believed. Chosen. [s]"""


@dataclass(frozen=True, slots=True)
class Batch:
    """New rows of a run, as they are shown to the rules."""

    run: str
    city: City
    rows: Rows
    """With rows of `city.datastreams`, sorted by stream and time. (n,)"""


@dataclass(slots=True)
class Refusals:
    """What of a sender was refused since the last line in the log."""

    batch: str = ""
    rejected: int = 0
    accepted: int = 0


@dataclass(slots=True)
class SteadyClock:
    """Time of the machine that does not fall back when somebody sets the clock back.

    Devices whose clocks are right would seem to be ahead, and their values would be refused.
    """

    last_us: int = 0
    last_s: float = 0.0
    _back_s: float | None = None
    """When a clock that was set back was first seen. [s]"""

    def at(self, wall_us: int, now_s: float) -> int:
        """Return the time, given the machine's clock [µs] and one that cannot be set [s]."""
        expected = self.last_us + int((now_s - self.last_s) * 1e6)
        is_back = self.last_us > 0 and wall_us < expected - JUMP_US
        if is_back and self._back_s is None:
            self._back_s = now_s
        is_believed = not is_back or (
            self._back_s is not None and now_s - self._back_s >= BRIDGED_S
        )
        if is_believed:
            self._back_s = None
        self.last_us, self.last_s = (wall_us if is_believed else expected), now_s
        return self.last_us


@dataclass(slots=True)
class Waiting:
    """What intake leaves to be followed up. Any thread may call it."""

    intake: Lock = field(default_factory=Lock)
    """Held while a batch is taken in; not while it is synced."""
    together: Together[Any, Any] = field(default_factory=Together)
    """Where small batches wait to be taken in as one."""
    following: Lock = field(default_factory=Lock)
    """Held while the rules look."""
    clock: SteadyClock = field(default_factory=SteadyClock)
    is_followed: bool = False
    """Whether a thread follows up; else who takes in does so."""
    news: Condition = field(default_factory=Condition)
    rows: int = 0
    """Rows that wait."""
    unwritten: set[str] = field(default_factory=set)
    """Runs whose alarms the store has not taken yet."""
    listeners: list[Callable[[Batch], None]] = field(default_factory=list)
    """Are handed each batch of new rows at once; must be quick and may not fail."""
    _batches: list[Batch] = field(default_factory=list)
    _refusals: dict[tuple[str, str], Refusals] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)

    def put(self, batch: Batch, *, is_shown: bool = True) -> None:
        """Note that a run has something new; leave the rows to the rules if they are to see it."""
        with self.news:
            self._told[batch.run] = ""
            if is_shown and len(batch.rows):
                self._batches.append(batch)
                self.rows += len(batch.rows)
            self.news.notify_all()
        for listener in self.listeners:
            listener(batch)

    def refused(self, run: str, actor: str, batch: str, rejected: int, accepted: int) -> None:
        """Leave refusals to be written down."""
        with self.news:
            found = self._refusals.setdefault((run, actor), Refusals())
            found.batch, found.rejected = batch, found.rejected + rejected
            found.accepted += accepted
            self.news.notify_all()

    def batches(self) -> list[Batch]:
        """Return the rows that wait, oldest first, of one run and one set of streams."""
        with self.news:
            first = self._batches[:1]
            return [
                one
                for one in self._batches
                if one.run == first[0].run and one.city.datastreams is first[0].city.datastreams
            ]

    def done(self, batches: list[Batch]) -> None:
        """Forget rows that the rules have seen."""
        with self.news:
            gone = {id(one) for one in batches}
            self._batches = [one for one in self._batches if id(one) not in gone]
            self.rows -= sum(len(one.rows) for one in batches)

    def runs_with_news(self) -> list[str]:
        """Return, once, the runs in which something was taken in."""
        with self.news:
            found, self._told = list(self._told), {}
        return found

    def again(self, runs: list[str]) -> None:
        """Take back what could not be told."""
        with self.news:
            self._told |= dict.fromkeys(runs, "")

    def refusals(self) -> dict[tuple[str, str], Refusals]:
        """Return, once, what was refused, by run and sender."""
        with self.news:
            found, self._refusals = self._refusals, {}
        return found
