"""Keys that were shown lately, so that showing one again costs no look into the store.

A change of any account or key, by this program or another, empties the ring: this program says so
at once, another's change is seen by a stamp of both tables that is asked for every second.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

from rencheng.service.callers import Caller
from rencheng.service.ports import KeyUse, UnitOfWork

KEPT = 20_000
"""Most keys kept at hand, some 2 kB each; the one not shown for longest goes first. Chosen."""
FRESH_S = 1.0
"""How long a change by another program may go unseen. Chosen. [s]"""
LATEST_S = 5.0
"""After so long nobody goes on without a new stamp, however busy the store is. Chosen. [s]"""
COARSE = timedelta(minutes=10)
"""Of a key's uses within so long one is noted. Chosen."""
NOTED_AT_ONCE = 200
"""Uses that are written in one go, so that nobody waits for them. Chosen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ring knows of a key, and at which turn it said so."""

    caller: Caller | None
    turn: int


class KeyRing:
    """Callers by the hash of their key. Any thread may ask."""

    def __init__(self, work: Callable[[], UnitOfWork], *, clock: Callable[[], float] = monotonic):
        self._work, self._clock = work, clock
        self._kept: OrderedDict[str, Caller] = OrderedDict()
        self._lock, self._asking = Lock(), Lock()
        self._turn = 0
        self._stamp: tuple[int, ...] = ()
        self._looked = float("-inf")
        self._waiting: dict[str, datetime] = {}
        self._noted: OrderedDict[str, datetime] = OrderedDict()

    def seen(self, key: str) -> Seen:
        """Return the caller of a key, None when the store has to be asked."""
        self._look()
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return Seen(found, self._turn)

    def turn(self) -> int:
        """Return a number that grows with every change of any account or key."""
        self._look()
        return self._turn

    def keep(self, key: str, caller: Caller, turn: int) -> None:
        """Remember what the store said, unless something changed since it was asked."""
        with self._lock:
            if turn == self._turn:
                self._kept[key] = caller
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)

    def forget(self) -> None:
        """Empty the ring: a key or an account has changed."""
        with self._lock:
            self._kept.clear()
            self._turn += 1

    def used(self, key: str, now: datetime) -> None:
        """Remember that a key was good for something now."""
        last = self._noted.get(key)
        if last is None or now - last >= COARSE:
            with self._lock:
                self._waiting[key] = now

    def uses(self) -> dict[str, datetime]:
        """Return when each key was last used, as far as that is noted."""
        with self._work() as work:
            noted = {one.id: one.at for one in work.key_uses.list("")}
        with self._lock:
            return noted | self._waiting

    def note(self) -> int:
        """Write down some of the uses that nobody noted yet, and return how many."""
        with self._lock:
            some = dict(list(self._waiting.items())[:NOTED_AT_ONCE])
        if not some:
            return 0
        with self._work() as work:
            work.lock()
            for key, at in some.items():
                old = work.key_uses.find(key)
                if old is None:
                    work.key_uses.add(KeyUse(id=key, at=at))
                else:
                    work.key_uses.replace(replace(old, at=at))
            work.commit()
        with self._lock:
            for key, at in some.items():
                self._noted[key] = at
                self._noted.move_to_end(key)
                if self._waiting.get(key) == at:
                    del self._waiting[key]
            while len(self._noted) > KEPT:
                self._noted.popitem(last=False)
        return len(some)

    def _look(self) -> None:
        """See, once a second, whether another program changed an account or a key."""
        now = self._clock()
        age = now - self._looked
        if age < FRESH_S or not self._asking.acquire(blocking=age >= LATEST_S):
            return
        try:
            if self._clock() - self._looked < FRESH_S:
                return
            with self._work() as work:
                stamp = (*work.tokens.stamp(), *work.accounts.stamp())
            if stamp != self._stamp:
                self.forget()
            self._stamp, self._looked = stamp, now
        finally:
            self._asking.release()
