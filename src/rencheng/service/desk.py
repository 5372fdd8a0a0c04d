"""The background: one job of a kind at a time, oldest first, with its end kept and logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Condition, Thread
from time import monotonic
from typing import Generic

from rencheng.domain.errors import (
    ConflictError,
    CorruptDataError,
    RenchengError,
    TooMuchError,
)
from rencheng.domain.identity import SYSTEM
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.jobs import J, JobShelf, State, Step, Trouble, Worker, require_idle
from rencheng.service.ports import UnitOfWork

_LOG = logging.getLogger(__name__)
_IDLE_S = 5.0
"""Longest wait between two looks at the queue. [s]"""
_EVER = datetime.min.replace(tzinfo=UTC)


class Desk(Generic[J]):
    """Take up what was asked for, tell how far it is, stop it, and keep what it came to.

    Parameters
    ----------
    house, shelf, worker
        Where, and with what. A state folder has one server, and each kind of job one desk: what
        is under way on the shelf and not at the desk was left by a server that is gone.
    """

    def __init__(self, house: House, shelf: JobShelf[J], worker: Worker[J]) -> None:
        self._house, self._shelf, self._worker = house, shelf, worker
        self._step: tuple[str, Step, float] | None = None
        self._wake = Condition()
        self._is_over = False
        self._taken = ""
        self._thread: Thread | None = None

    def start(self) -> None:
        """Say of jobs that the last server left that they are stopped, then look for new ones."""
        self._thread = Thread(target=self._loop, name=self._worker.kind, daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 15.0) -> None:
        """Stop the job under way."""
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
        """Return how far a job is and the seconds left; None: not under way."""
        found = self._step
        if found is None or found[0] != key:
            return None
        _, step, began = found
        spent = monotonic() - began
        left = spent * (1.0 - step.share) / step.share if step.share >= 0.05 else None
        return step, left

    def cancel(self, command: Command, key: str) -> J:
        """Stop a job that waits or is under way; one that is over stays as it is."""
        command.actor.must(self._worker.may)

        def change(_: UnitOfWork, __: Context) -> Done[J]:
            item = self._shelf.get(key)
            if item.state not in (State.QUEUED, State.RUNNING):
                return Done(item=item, id=key, event="")
            state = State.STOPPED if item.state is State.QUEUED else State.STOPPING
            return self._put(replace(item, state=state), "stop_asked")

        item = perform(
            self._house,
            replace(command, run=LIVE_RUN),
            change,
            again=lambda _, made: self._shelf.get(made),
            content=(self._worker.kind, "stop", key),
        )
        self.wake()
        return item

    def delete(self, command: Command, key: str) -> None:
        """Delete a job that is not under way, or is broken, with all that lies with it."""
        command.actor.must(self._worker.may)
        kind = self._worker.kind

        def change(_: UnitOfWork, __: Context) -> Done[str]:
            try:
                item = self._shelf.get(key)
            except CorruptDataError:
                self._shelf.remove(key)
                action, told = f"{kind}.broken_deleted", {"id": key}
                return Done(item=key, id=key, event=kind, action=action, params=told)
            require_idle(item, kind)
            self._shelf.remove(key)
            action = self._worker.action(item, "deleted")
            said = self._worker.params(item)
            return Done(item=key, id=key, event=kind, action=action, params=said)

        perform(
            self._house,
            replace(command, run=LIVE_RUN),
            change,
            again=lambda _, made: made,
            content=(kind, "delete", key),
        )

    def recover(self) -> None:
        """Say of what seems to be under way and is not how it ended."""
        for item in self._shelf.all():
            if item.state in (State.RUNNING, State.STOPPING):
                self._cut(item)

    def turn(self) -> bool:
        """Do the oldest job that waits; return whether there was one."""
        self.recover()
        queued = [one for one in self._shelf.all() if one.state is State.QUEUED]
        if not queued:
            return False
        taken = self._begin(min(queued, key=lambda one: (one.asked or _EVER, one.id)).id)
        if taken.state is State.RUNNING:
            self._taken = taken.id
            try:
                self._do(taken)
            finally:
                self._step = None
            self._taken = ""
        return True

    def _do(self, item: J) -> None:
        began = monotonic()
        self._step = (item.id, Step(), began)

        def tell(step: Step) -> None:
            before = self._step[1].share if self._step else 0.0
            self._step = (item.id, replace(step, share=max(step.share, before)), began)

        try:
            made = self._worker.work(item, tell, lambda: self._is_stopped(item.id))
        except RenchengError as error:
            if error.key == self._worker.stopped:
                self._cut(item)
            else:
                self._end(item, State.FAILED, "failed", Trouble.of(error))
        except MemoryError:
            short = TooMuchError(
                f"{self._worker.kind}.memory",
                "the job needs more memory than there is",
                hint="Ask for less at once",
            )
            self._end(item, State.FAILED, "failed", Trouble.of(short))
        else:
            self._end(made, State.DONE, "done")

    def _is_stopped(self, key: str) -> bool:
        return self._is_over or self._shelf.get(key).state is State.STOPPING

    def _begin(self, key: str) -> J:
        """Take a job up, unless it was stopped or deleted meanwhile."""

        def change(_: UnitOfWork, ctx: Context) -> Done[J]:
            item = self._shelf.get(key)
            if item.state is not State.QUEUED:
                return Done(item=item, id=key, event="")
            return self._put(replace(item, state=State.RUNNING, began=ctx.wall, ended=None), "")

        return self._perform(change)

    def _end(self, item: J, state: State, end: str, trouble: Trouble | None = None) -> None:
        """Keep a job with what it came to; only a stop can have been asked for meanwhile."""

        def change(_: UnitOfWork, ctx: Context) -> Done[J]:
            now = self._shelf.get(item.id).version
            ended = replace(item, state=state, ended=ctx.wall, trouble=trouble, version=now)
            return self._put(ended, end)

        self._perform(change)

    def _cut(self, item: J) -> None:
        """Say of a job that ended without a word why: as somebody asked, or what happened."""
        if self._shelf.get(item.id).state is State.STOPPING:
            self._end(item, State.STOPPED, "stopped")
            return
        if item.id == self._taken and not self._is_over:
            inside = CorruptDataError(
                f"{self._worker.kind}.inside",
                "the work failed inside; the log of the server says where",
                hint="Send the log to who maintains the program, and ask again",
            )
            self._end(item, State.FAILED, "failed", Trouble.of(inside))
            return
        why = ConflictError(
            f"{self._worker.kind}.interrupted",
            "the server ended while this was under way",
            hint="Ask for it again",
        )
        self._end(item, State.STOPPED, "interrupted", Trouble.of(why))

    def _put(self, item: J, end: str) -> Done[J]:
        changed = replace(item, version=item.version + 1)
        self._shelf.put(changed)
        worker = self._worker
        return Done(
            item=changed,
            id=changed.id,
            event=worker.kind,
            action=worker.action(changed, end) if end else "",
            params=worker.params(changed),
        )

    def _perform(self, change: Callable[[UnitOfWork, Context], Done[J]]) -> J:
        return perform(
            self._house,
            Command(actor=SYSTEM, run=LIVE_RUN),
            change,
            again=lambda _, key: self._shelf.get(key),
            content=(),
        )

    def _loop(self) -> None:
        # Each turn runs as a future: its error is a value here, so nothing can end this thread.
        # What a turn that failed inside was working on is recovered by the next one.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._worker.kind) as pool:
            while not self._is_over:
                turn = pool.submit(self.turn)
                error = turn.exception()
                if error is not None:
                    _LOG.error("a %s job failed inside", self._worker.kind, exc_info=error)
                if error is not None or not turn.result():
                    with self._wake:
                        if not self._is_over:
                            self._wake.wait(_IDLE_S)
