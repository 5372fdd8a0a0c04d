"""The background of the risk page: one run at a time, oldest first; what it comes to is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Condition, Thread
from time import monotonic

from rencheng.domain.errors import RenchengError
from rencheng.domain.identity import SYSTEM
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.ports import UnitOfWork
from rencheng.service.risk_runs import (
    Engine,
    RiskRun,
    RiskTrouble,
    RunShelf,
    RunState,
    RunStep,
)

_LOG = logging.getLogger(__name__)
_IDLE_S = 5.0
"""Longest wait between two looks at the queue. [s]"""
STOPPED = "risk.stopped"


class RiskDesk:
    """Take up what was asked for, tell how far it is, and keep what it came to."""

    def __init__(self, house: House, runs: RunShelf, engine: Engine) -> None:
        self._house, self._runs, self._engine = house, runs, engine
        self._step: tuple[str, RunStep, float] | None = None
        self._wake = Condition()
        self._is_over = False
        self._thread: Thread | None = None

    def start(self) -> None:
        """Say of runs that the last server left that they are stopped, then look for new ones."""
        self.recover()
        self._thread = Thread(target=self._loop, name="risk", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 15.0) -> None:
        """Stop the run under way."""
        with self._wake:
            self._is_over = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join(wait_s)

    def wake(self) -> None:
        """Say that something was asked for, or is to be stopped."""
        with self._wake:
            self._wake.notify_all()

    def step(self, key: str) -> tuple[RunStep, float | None] | None:
        """Return how far a run is and the seconds left; None: not under way."""
        found = self._step
        if found is None or found[0] != key:
            return None
        _, step, began = found
        spent = monotonic() - began
        left = spent * (1.0 - step.share) / step.share if step.share >= 0.05 else None
        return step, left

    def recover(self) -> None:
        """Mark as stopped what a server that is gone was working on."""
        for item in self._runs.all():
            if item.state in (RunState.RUNNING, RunState.STOPPING):
                self._end(item.id, RunState.STOPPED, "risk.interrupted")

    def turn(self) -> bool:
        """Do the oldest run that waits; return whether there was one."""
        queued = [one for one in self._runs.all() if one.state is RunState.QUEUED]
        if not queued:
            return False
        item = min(queued, key=lambda one: (one.asked, one.id))
        taken = self._begin(item.id)
        if taken is None:
            return True
        try:
            self._do(taken)
        finally:
            self._step = None
        return True

    def _do(self, item: RiskRun) -> None:
        began = monotonic()
        self._step = (item.id, RunStep(), began)

        def tell(step: RunStep) -> None:
            before = self._step[1].share if self._step else 0.0
            self._step = (item.id, replace(step, share=max(step.share, before)), began)

        try:
            result = self._engine.work(item, tell, lambda: self._is_stopped(item.id))
            self._runs.keep(item.id, result)
        except RenchengError as error:
            if error.key == STOPPED:
                self._end(item.id, RunState.STOPPED, "risk.stopped")
            else:
                self._end(item.id, RunState.FAILED, "risk.failed", trouble_of(error))
            return
        except MemoryError:
            short = RiskTrouble(
                type="TooMuchError", key="risk.memory",
                problem="the run needs more memory than there is",
                hint="Pick a smaller set, or run it from the command line",
            )  # fmt: skip
            self._end(item.id, RunState.FAILED, "risk.failed", short)
            return
        self._end(item.id, RunState.DONE, "risk.done")

    def _is_stopped(self, key: str) -> bool:
        return self._is_over or self._runs.get(key).state is RunState.STOPPING

    def _begin(self, key: str) -> RiskRun | None:
        """Take a run up, unless it was stopped or deleted meanwhile."""

        def change(_: UnitOfWork, ctx: Context) -> Done[RiskRun | None]:
            item = self._runs.get(key)
            if item.state is not RunState.QUEUED:
                return Done(item=None, id=key, event="")
            taken = replace(item, state=RunState.RUNNING, began=ctx.wall, version=item.version + 1)
            self._runs.put(taken)
            return Done(item=taken, id=key, event="risk")

        return self._perform(change)

    def _end(
        self, key: str, state: RunState, action: str, trouble: RiskTrouble | None = None
    ) -> None:
        def change(_: UnitOfWork, ctx: Context) -> Done[RiskRun | None]:
            item = self._runs.get(key)
            ended = replace(
                item, state=state, ended=ctx.wall, trouble=trouble, version=item.version + 1
            )
            self._runs.put(ended)
            params: dict[str, str | int | float] = {
                "set": item.set.id,
                "city": item.city,
                "why": trouble.key if trouble else "",
            }
            return Done(item=ended, id=key, event="risk", action=action, params=params)

        self._perform(change)

    def _perform(
        self, change: Callable[[UnitOfWork, Context], Done[RiskRun | None]]
    ) -> RiskRun | None:
        return perform(
            self._house,
            Command(actor=SYSTEM, run=LIVE_RUN),
            change,
            again=lambda _, key: self._runs.get(key),
            content=(),
        )

    def _loop(self) -> None:
        # Each turn runs as a future: its error is a value here, so nothing can end this thread.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="risk") as pool:
            while not self._is_over:
                turn = pool.submit(self.turn)
                error = turn.exception()
                if error is not None:
                    _LOG.error("a run of the risk engine failed inside", exc_info=error)
                    pool.submit(self.recover).exception()
                if error is not None or not turn.result():
                    with self._wake:
                        if not self._is_over:
                            self._wake.wait(_IDLE_S)


def trouble_of(error: RenchengError) -> RiskTrouble:
    """Return an error in the form in which it is kept."""
    return RiskTrouble(
        type=type(error).__name__,
        key=error.key,
        problem=error.problem,
        hint=error.hint,
        params=error.params,
        faults=error.faults,
    )
