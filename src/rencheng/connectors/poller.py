"""Ask every feed in its time, write down how it went, and leave sources in trouble alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from secrets import randbelow
from threading import Condition, Thread
from time import perf_counter

from rencheng.connectors.feeds import Feed
from rencheng.connectors.fetching import MARK, Fetcher
from rencheng.connectors.shape import Connector, Delivery, Way
from rencheng.connectors.taking import Taken, take
from rencheng.domain.errors import RenchengError
from rencheng.domain.feed import FeedHealth, FeedPoll
from rencheng.domain.provenance import Text
from rencheng.service.feeds import health_of, polled
from rencheng.service.house import House

WORKERS = 4
"""Feeds asked at the same time. Chosen."""
LONGEST_S = 3600.0
"""Longest wait after failures, unless the feed is asked more seldom anyway. Chosen. [s]"""
_JITTER = 0.1
"""Share by which each wait is longer or shorter, so that many cities do not ask as one."""
_LOOK_S = 1.0
_LOG = logging.getLogger(__name__)
Validators = Iterable[tuple[str, str, str]]


class Poller:
    """Ask feeds in the background, and one of them at once when somebody wants to.

    Parameters
    ----------
    house, feeds
        Where, and what.
    known
        All connectors that there are, for whoever lists them.
    wake
        Called when something new was taken in.
    fetcher
        Makes the way out of one poll.
    """

    def __init__(
        self,
        house: House,
        feeds: Mapping[str, Feed],
        *,
        known: Mapping[str, Connector] | None = None,
        wake: Callable[[], None] = lambda: None,
        fetcher: Callable[[Feed, Validators], Fetcher] = Fetcher,
    ) -> None:
        self.feeds, self.known = dict(feeds), dict(known or {})
        self._house, self._wake_house, self._fetcher = house, wake, fetcher
        self._due: dict[str, datetime] = {}
        self._busy: dict[str, Future[FeedPoll]] = {}
        self._wake = Condition()
        self._is_over = False
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the background thread."""
        asked = [one for one in self.feeds.values() if _is_asked(one)]
        if not asked:
            return
        now = self._house.now()
        for feed in asked:
            health = health_of(self._house, feed.name, feed.connector.manifest.id)
            soon = now + timedelta(seconds=min(feed.every_s, 10.0) * randbelow(1000) / 1000)
            latest = now + timedelta(seconds=max(feed.every_s, LONGEST_S))
            self._due[feed.name] = min(max(health.next_poll or soon, soon), latest)
        self._thread = Thread(target=self._loop, name="feeds", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 10.0) -> None:
        """End the thread; a poll under way may end on its own."""
        with self._wake:
            self._is_over = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join(wait_s)

    def poll(self, name: str) -> FeedPoll:
        """Ask a feed now, take in what it has, and write down how that went."""
        feed, began, at = self.feeds[name], perf_counter(), self._house.now()
        health = health_of(self._house, name, feed.connector.manifest.id)
        fetch = self._fetcher(feed, health.validators)
        with ThreadPoolExecutor(max_workers=1) as own:  # an error of a stranger's is a value here
            asked = own.submit(self._ask, feed, health, fetch)
            error = asked.exception()
        fetch.close()
        took = perf_counter() - began
        if error is not None:
            poll = _failed(error, at, took)
            if not isinstance(error, RenchengError):
                _LOG.error("feed %s failed", name, exc_info=error)
            wait = self._wait(feed, health.failures + 1)
            polled(self._house, health, poll, next_poll=at + wait)
            return poll
        done = asked.result()
        poll = FeedPoll(
            at=at,
            took_s=took,
            is_good=True,
            problem=None,
            hint=None,
            detail="",
            taken=done.taken,
            known=done.known,
            refused=done.refused,
            findings=tuple(done.findings),
        )
        polled(
            self._house,
            health,
            poll,
            next_poll=at + self._wait(feed, 0),
            newest=done.newest,
            validators=_remembered(fetch, done),
        )
        if done.taken:
            self._wake_house()
        return poll

    def _ask(self, feed: Feed, health: FeedHealth, fetch: Fetcher) -> Taken:
        found: Delivery = feed.connector.reader().read(feed.settings, health.newest, fetch)
        return take(self._house, feed.name, found)

    def _wait(self, feed: Feed, failures: int) -> timedelta:
        """Return how long to wait: twice as long after each failure, up to a cap."""
        longest = max(feed.every_s, LONGEST_S)
        wait = min(feed.every_s * 2.0 ** min(failures, 30), longest)
        return timedelta(seconds=wait * (1.0 + _JITTER * (randbelow(2001) / 1000 - 1.0)))

    def _loop(self) -> None:
        with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="feed") as pool:
            while not self._is_over:
                self._gather()
                now = self._house.now()
                for name, due in self._due.items():
                    if due <= now and name not in self._busy:
                        self._busy[name] = pool.submit(self.poll, name)
                with self._wake:
                    if not self._is_over:
                        self._wake.wait(_LOOK_S)

    def _gather(self) -> None:
        """See which polls have ended, and when their feeds are due again."""
        for name, running in list(self._busy.items()):
            if not running.done():
                continue
            del self._busy[name]
            feed, error = self.feeds[name], running.exception()
            failures = 0
            if error is not None:  # the store itself could not be written
                _LOG.error("feed %s could not be written down", name, exc_info=error)
                failures = 3
            else:
                health = health_of(self._house, name, feed.connector.manifest.id)
                failures = health.failures
            self._due[name] = self._house.now() + self._wait(feed, failures)


def _remembered(fetch: Fetcher, done: Taken) -> tuple[tuple[str, str, str], ...]:
    """Return what to ask with next time.

    After a refusal an index is asked for whole again, so that what could not be had is tried again.
    """
    return tuple(
        (url, tag, modified)
        for url, (tag, modified) in fetch.validators.items()
        if not done.refused or tag.startswith(MARK)
    )


def _is_asked(feed: Feed) -> bool:
    return not feed.is_paused and feed.connector.manifest.way is Way.POLLING


def _failed(error: BaseException, at: datetime, took_s: float) -> FeedPoll:
    """Return a poll that failed, in words: what, and how to mend it."""
    if isinstance(error, RenchengError):
        problem = Text(f"error.{error.key}.problem", error.params)
        hint = Text(f"error.{error.key}.hint", error.params)
        detail = error.problem
    else:
        detail = f"{type(error).__name__}: {error}"
        problem = Text("feed.broken", {"why": detail[:300]})
        hint = Text("feed.broken.hint")
    return FeedPoll(
        at=at,
        took_s=took_s,
        is_good=False,
        problem=problem,
        hint=hint,
        detail=detail[:500],
    )
