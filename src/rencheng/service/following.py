"""What follows once readings are durable: the rules look, and everybody is told.

It waits for the operational store where it must, and intake does not wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

import numpy as np

from rencheng.domain.errors import RenchengError, SourceUnavailableError
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import House, context, tell
from rencheng.service.ports import UnitOfWork
from rencheng.service.rule_changes import RuleChanges, open_runs
from rencheng.service.waiting import Refusals
from rencheng.service.watching import time_passed, watched

TELL_S = 1.0
"""Least time between two events that say of a run that readings came in. Chosen. [s]"""
REFUSALS_S = 60.0
"""Least time between two lines in the log on what was refused. Chosen. [s]"""
LOOK_S = 1.0
"""Least time between two looks at the files of rules. Chosen. [s]"""
COMPACT_S = 86_400.0
"""Time between two looks for months that can be compacted. Chosen. [s]"""
_AGAIN_S = 1.0
"""Wait after the store could not be written. Chosen. [s]"""
_LOG = logging.getLogger(__name__)


def follow_up(house: House) -> None:
    """Show the rules what was taken in, then tell of it and of what was refused.

    When the store cannot be written now, what is left waits for the next call.
    """
    with house.waiting.following:
        try:
            _show_rules(house)
            _tell_news(house)
            _tell_refusals(house)
        except SourceUnavailableError as error:
            _LOG.warning("alarms wait for the store: %s", error)


def compact(house: House) -> int:
    """Put months of readings older than the office keeps by day into a file each."""
    before = house.now() - timedelta(days=house.settings.history_days)
    with house.work() as work:
        return work.observations.compact(before)


class Follower:
    """Follows up in a thread of its own, as soon as something was taken in.

    Parameters
    ----------
    house
        Where.
    wake
        Asks for a turn of the loop of a run, when other rules are in force.
    """

    def __init__(self, house: House, wake: Callable[[str], None] = lambda _run: None) -> None:
        self._house, self._wake = house, wake
        self._changes = RuleChanges(house)
        self._is_over = Event()
        self._thread: Thread | None = None
        self._told_s = self._refused_s = self._compact_s = self._looked_s = float("-inf")

    def start(self) -> None:
        """Let the rules look at what is in the history, and go on from there."""
        self._house.waiting.unwritten.add(LIVE_RUN)
        self._house.waiting.is_followed = True
        self._thread = Thread(target=self._loop, name="following", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 10.0) -> None:
        """End the thread; what still waits is shown to the rules at the next start."""
        self._is_over.set()
        with self._house.waiting.news:
            self._house.waiting.news.notify_all()
        if self._thread is not None:
            self._thread.join(wait_s)
        self._house.waiting.is_followed = False

    def _loop(self) -> None:
        # Each job runs as a future: its error is a value here, so nothing can end this thread.
        self._compact_s = monotonic()
        with (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="rules") as pool,
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="compaction") as slow,
        ):
            while not self._is_over.is_set():
                is_well = self._try(pool, self._turn) and self._try(pool, self._look)
                if monotonic() >= self._compact_s:
                    self._compact_s = monotonic() + COMPACT_S
                    slow.submit(self._compact)
                with self._house.waiting.news:
                    if not self._is_over.is_set() and not (is_well and self._house.waiting.rows):
                        self._house.waiting.news.wait(_AGAIN_S)

    def _look(self) -> None:
        """Take up rules of the office that have changed, and let all runs be judged by them."""
        if monotonic() - self._looked_s < LOOK_S:
            return
        self._looked_s = monotonic()
        if self._changes.look():
            runs = open_runs(self._house)
            self._house.waiting.unwritten.update(runs)
            for run in runs:
                self._wake(run)

    def _compact(self) -> None:
        try:
            compact(self._house)
        except (RenchengError, OSError) as error:
            _LOG.warning("old readings stay in files by day for now: %s", error)

    def _turn(self) -> None:
        with self._house.waiting.following:
            _show_rules(self._house)
            now = monotonic()
            if now - self._told_s >= TELL_S and _tell_news(self._house):
                self._told_s = now
            if now - self._refused_s >= REFUSALS_S and _tell_refusals(self._house):
                self._refused_s = now

    def _try(self, pool: ThreadPoolExecutor, job: Callable[[], object]) -> bool:
        error = pool.submit(job).exception()
        if isinstance(error, SourceUnavailableError):
            _LOG.warning("alarms wait for the store: %s", error)
            self._is_over.wait(_AGAIN_S)
        elif error is not None:
            _LOG.error("readings could not be followed up", exc_info=error)
        return error is None


def _show_rules(house: House) -> None:
    waiting = house.waiting
    for run in list(waiting.unwritten):
        with house.work() as work:
            at = context(house, work, run).at
        time_passed(house, run, house.cities.current(), at)
        waiting.unwritten.discard(run)
    while batches := waiting.batches():
        first, rows = batches[0], batches[0].rows
        if len(batches) > 1:
            rows = np.concatenate([one.rows for one in batches])
            rows = rows[np.lexsort((rows["at"], rows["stream"]))]
        with house.work() as work:
            ctx = context(house, work, first.run)
        try:
            watched(house, first.run, first.city, rows, ctx)
        except SourceUnavailableError:
            waiting.unwritten.add(first.run)  # the rules have seen them and know what to write
            raise
        finally:
            waiting.done(batches)


def _tell_news(house: House) -> bool:
    """Write an event for every run in which something came in."""
    runs = house.waiting.runs_with_news()
    if not runs:
        return False
    try:
        with house.work() as work:
            for run in runs:
                tell(work, context(house, work, run), "event", "observations")
            work.commit()
    except RenchengError:
        house.waiting.again(runs)
        raise
    return True


def _tell_refusals(house: House) -> bool:
    """Write a line in the log for every sender of whom something was refused."""
    found = house.waiting.refusals()
    if not found:
        return False
    try:
        with house.work() as work:
            for (run, actor), one in found.items():
                _record(house, work, run, actor, one)
            work.commit()
    except RenchengError:
        for (run, actor), one in found.items():
            house.waiting.refused(run, actor, one.batch, one.rejected, one.accepted)
        raise
    return True


def _record(house: House, work: UnitOfWork, run: str, actor: str, one: Refusals) -> None:
    ctx = context(house, work, run)
    work.log.append(
        actor=actor,
        action="ingest.rejected",
        subject=one.batch,
        params={"rejected": one.rejected, "accepted": one.accepted},
        at=ctx.wall,
        sim_at=ctx.at,
        mode=ctx.mode,
        run=run,
    )
