"""The background of imports: one task at a time, oldest first; what it finds is kept and logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Condition, Thread
from time import monotonic

from rencheng.domain.errors import RenchengError
from rencheng.domain.identity import SYSTEM
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.importing import (
    Import,
    Outcome,
    Shelf,
    State,
    Step,
    Task,
    Trouble,
    Versions,
    Workshop,
)
from rencheng.service.needs_form import Statements
from rencheng.service.ports import UnitOfWork

_LOG = logging.getLogger(__name__)
_IDLE_S = 5.0
"""Longest wait between two looks at the queue. [s]"""
STOPPED = "city.stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRoom:
    """Everything that importing and collecting need, wired once."""

    shelf: Shelf
    workshop: Workshop
    versions: Versions
    statements: Statements
    desk: ImportDesk


class ImportDesk:
    """Take up what was asked for, tell how far it is, and keep what it came to.

    Parameters
    ----------
    house, shelf, workshop
        Where, and with what.
    """

    def __init__(self, house: House, shelf: Shelf, workshop: Workshop) -> None:
        self._house, self._shelf, self._workshop = house, shelf, workshop
        self._steps: dict[str, tuple[Step, float]] = {}
        self._wake = Condition()
        self._is_over = False
        self._thread: Thread | None = None

    def start(self) -> None:
        """Say of tasks that the last server left that they are stopped, then look for new ones."""
        self.recover()
        self._thread = Thread(target=self._loop, name="imports", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 15.0) -> None:
        """Stop the task under way; it can be resumed."""
        with self._wake:
            self._is_over = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join(wait_s)

    def wake(self) -> None:
        """Say that something was asked for, or is to be stopped."""
        with self._wake:
            self._wake.notify_all()

    def step(self, key: str) -> tuple[Step, float | None] | None:
        """Return how far the task of an import is and the seconds left; None: not under way."""
        found = self._steps.get(key)
        if found is None:
            return None
        step, began = found
        spent = monotonic() - began
        left = spent * (1.0 - step.share) / step.share if step.share >= 0.05 else None
        return step, left

    def recover(self) -> None:
        """Mark as stopped what a server that is gone was working on."""
        for item in self._shelf.all():
            if item.state in (State.RUNNING, State.STOPPING):
                self._end(item.id, State.STOPPED, "import.interrupted")

    def turn(self) -> bool:
        """Do the oldest task that waits; return whether there was one."""
        queued = [one for one in self._shelf.all() if one.state is State.QUEUED]
        if not queued:
            return False
        item = min(queued, key=lambda one: (one.asked or one.created, one.id))
        taken = self._begin(item.id)
        if taken is None:
            return True
        try:
            self._do(taken)
        finally:
            self._steps.pop(item.id, None)
        return True

    def _do(self, item: Import) -> None:
        began = monotonic()
        self._steps[item.id] = (Step(), began)

        def tell(step: Step) -> None:
            before = self._steps[item.id][0].share
            self._steps[item.id] = (replace(step, share=max(step.share, before)), began)

        task = Task(item.task)
        try:
            outcome = self._workshop.work(item, task, tell, lambda: self._is_stopped(item.id))
        except RenchengError as error:
            if error.key == STOPPED:
                self._end(item.id, State.STOPPED, "import.stopped")
            else:
                self._end(item.id, State.FAILED, f"import.{task}_failed", trouble=trouble_of(error))
            return
        self._end(item.id, State.DONE, f"import.{task}_done", outcome=outcome)

    def _is_stopped(self, key: str) -> bool:
        return self._is_over or self._shelf.get(key).state is State.STOPPING

    def _begin(self, key: str) -> Import | None:
        """Take an import up, unless it was stopped or deleted meanwhile."""

        def change(_: UnitOfWork, __: Context) -> Done[Import | None]:
            item = self._shelf.get(key)
            if item.state is not State.QUEUED:
                return Done(item=None, id=key, event="")
            taken = replace(item, state=State.RUNNING, version=item.version + 1)
            self._shelf.put(taken)
            return Done(item=taken, id=key, event="import")

        return self._perform(change)

    def _end(
        self,
        key: str,
        state: State,
        action: str,
        *,
        outcome: Outcome | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        def change(_: UnitOfWork, __: Context) -> Done[Import | None]:
            item = self._shelf.get(key)
            ended = replace(item, state=state, trouble=trouble, version=item.version + 1)
            if outcome is not None and item.task == Task.CHECK:
                ended = replace(ended, checked=outcome)
            elif outcome is not None:
                ended = replace(ended, built=outcome, checked=replace(outcome, version=""))
            self._shelf.put(ended)
            params: dict[str, str | int | float] = {
                "city": item.city,
                "task": item.task,
                "version": outcome.version if outcome else "",
                "findings": len(outcome.findings) if outcome else 0,
                "why": trouble.key if trouble else "",
            }
            return Done(item=ended, id=key, event="import", action=action, params=params)

        self._perform(change)

    def _perform(
        self, change: Callable[[UnitOfWork, Context], Done[Import | None]]
    ) -> Import | None:
        return perform(
            self._house,
            Command(actor=SYSTEM, run=LIVE_RUN),
            change,
            again=lambda _, key: self._shelf.get(key),
            content=(),
        )

    def _loop(self) -> None:
        # Each turn runs as a future: its error is a value here, so nothing can end this thread.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as pool:
            while not self._is_over:
                turn = pool.submit(self.turn)
                error = turn.exception()
                if error is not None:
                    _LOG.error("a task of an import failed inside", exc_info=error)
                    pool.submit(self.recover).exception()
                if error is not None or not turn.result():
                    with self._wake:
                        if not self._is_over:
                            self._wake.wait(_IDLE_S)


def trouble_of(error: RenchengError) -> Trouble:
    """Return an error in the form in which it is kept."""
    return Trouble(
        type=type(error).__name__,
        key=error.key,
        problem=error.problem,
        hint=error.hint,
        params=error.params,
        faults=error.faults,
    )
