"""The loop in the background: it turns again whenever something new was accepted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Condition, Thread
from time import monotonic, perf_counter

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.finding import weak_layers
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.provenance import Mode, Text
from rencheng.domain.run import LIVE_RUN
from rencheng.service import alarms, foreseeing, proposals, warned, watching
from rencheng.service.clock_watch import ClockWatch
from rencheng.service.cycle import (
    SAMPLES,
    CycleInputs,
    CycleResult,
    Memory,
    Models,
    Ways,
    run_cycle,
)
from rencheng.service.gather import inputs_of, strong_motion
from rencheng.service.house import Context, House, context, new_id, tell
from rencheng.service.ports import CycleRecord
from rencheng.service.state_figures import LOOKED_BACK, Sensed
from rencheng.service.state_watch import review_state

FAILED_RULE = "cycle_failed"
_LOOP = "loop"
_IDLE_S = 30.0
"""Longest wait: ages grow and sensors fall silent even when nothing comes in. [s]"""
_ARRIVING_S = 20.0
"""For so long after the last news a replay counts as still being delivered. [s]"""
_KEPT_RUNS = 4
_LOG = logging.getLogger(__name__)


class CycleRunner:
    """Turn the loop, never twice at once; what came in meanwhile is taken together.

    Parameters
    ----------
    house, models
        Where, and with which data.
    samples
        Realisations of each turn.
    spacing_s
        Least wall time from the end of one turn to the start of the next. [s]
    """

    def __init__(
        self, house: House, models: Models, *, samples: int = SAMPLES, spacing_s: float = 1.0
    ) -> None:
        self._house, self._models = house, models
        self._samples, self._spacing_s = samples, spacing_s
        self._latest: dict[str, CycleResult] = {}
        self._turned: dict[str, str] = {}
        """Version of the city that the last turn of a run was for."""
        self._memory: dict[str, Memory] = {}
        self._ways = Ways()
        self._clock = ClockWatch(house)
        self._wanted: dict[str, None] = {}
        self._wake = Condition()
        self._is_running = self._is_over = False
        self._thread: Thread | None = None
        self._woken = -_ARRIVING_S
        self._took_s = 0.0

    @property
    def is_running(self) -> bool:
        """Whether a turn is being computed now."""
        return self._is_running

    def latest(self, run: str) -> CycleResult | None:
        """Return the last turn of a run; None before its first for the city served now."""
        if self._turned.get(run) != self._house.cities.current().version:
            return None
        return self._latest.get(run)

    def start(self, warmed: Callable[[], object] = lambda: None) -> None:
        """Start the background thread; `warmed` is called before the first turn, which follows."""
        self._thread = Thread(target=self._loop, args=(warmed,), name="cycle", daemon=True)
        self._thread.start()
        self.wake()

    def stop(self, wait_s: float = 10.0) -> None:
        """End the thread after the turn that it is in."""
        with self._wake:
            self._is_over = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join(wait_s)

    def wake(self, run: str = "") -> None:
        """Ask for a turn of a run; empty: of the run that is active then."""
        with self._wake:
            self._woken = monotonic()
            self._wanted[run] = None
            self._wake.notify_all()

    def warm_up(self) -> None:
        """Compile what an earthquake needs, on a made-up one that is kept nowhere."""
        city = self._house.cities.current()
        with self._house.work() as work:
            ctx = context(self._house, work, LIVE_RUN)
            inputs = inputs_of(work, city, self._models, ctx, samples=self._samples)
        west, south, east, north = city.bbox
        quake = Bulletin(
            id="warm-up", event="warm-up", kind=BulletinKind.EARTHQUAKE, issuer="",
            issued=inputs.at, origin_time=inputs.at, lon=(west + east) / 2,
            lat=(south + north) / 2, depth_km=30.0, magnitude=7.5, magnitude_sd=0.1, text="",
            source="", mode=Mode.TEST, run="",
        )  # fmt: skip
        memory = Memory(ways=self._ways)
        run_cycle(replace(inputs, bulletins=[quake], station_records=()), memory)

    def turn(self, run: str) -> CycleResult:
        """Turn the loop once for a run, keep what it found, and tell everybody."""
        start = perf_counter()
        self._is_running = True
        try:
            city = self._house.cities.current()
            with self._house.work() as work:
                ctx = context(self._house, work, run)
                inputs = inputs_of(
                    work, city, self._models, ctx,
                    samples=self._samples, is_arriving=monotonic() - self._woken < _ARRIVING_S,
                )  # fmt: skip
            inputs = replace(inputs, weak=weak_layers(self._house.findings(city)))
            found = run_cycle(inputs, self._memory_of(run))
            wall = self._house.now()
            result = replace(
                found, id=new_id(wall), run=run, finished=wall, duration_s=perf_counter() - start
            )
            self._watch(ctx, inputs, result)
            proposals.publish(self._house, ctx, result.decisions.drafts, result.id)
            self._latest[run], self._turned[run] = result, city.version
            self._keep(ctx, result)
            self._took_s = perf_counter() - start
        finally:
            self._is_running = False
        return result

    def _memory_of(self, run: str) -> Memory:
        while len(self._memory) >= _KEPT_RUNS and run not in self._memory:
            oldest = next(iter(self._memory))
            self._memory.pop(oldest)
            self._latest.pop(oldest, None)
        return self._memory.setdefault(run, Memory(ways=self._ways))

    def _watch(self, ctx: Context, inputs: CycleInputs, result: CycleResult) -> None:
        """Raise and clear the alarms of the rules, and that of a failed turn."""
        run, at = ctx.run, result.at
        with self._house.work() as work:
            records = strong_motion(work, inputs.city, run, at - LOOKED_BACK, at)
        sensed = Sensed(
            at=at, city=inputs.city, statuses=inputs.statuses, records=records, state=result.state
        )
        alarms.review(self._house, run, (), rules={FAILED_RULE})
        review_state(self._house, ctx, sensed)
        watching.time_passed(self._house, run, inputs.city, at)
        foreseeing.review_forecasts(self._house, ctx, inputs.city, result)
        warned.review_warnings(self._house, run, inputs.city, at)

    def _keep(self, ctx: Context, result: CycleResult) -> None:
        record = CycleRecord(
            id=result.id,
            run=result.run,
            mode=ctx.mode,
            at=result.at,
            finished=result.finished,
            duration_s=result.duration_s,
            seed=result.seed,
            samples=result.samples,
            bulletin=result.bulletin.id if result.bulletin else "",
            city_version=self._turned[result.run],
            models=result.models,
            figures=tuple(
                (f.key, f.band.p05, f.band.p50, f.band.p95, f.unit) for f in result.figures
            ),
        )
        with self._house.work() as work:
            work.lock()
            work.cycles.add(record)
            tell(work, ctx, "cycle", result.id)
            work.commit()

    def _loop(self, warmed: Callable[[], object]) -> None:
        # Each job runs as a future: its error is a value here, so nothing can end this thread.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="turn") as pool:
            self._try(pool, self.warm_up, "")
            self._try(pool, warmed, "")
            while (run := self._next()) is not None:
                self._try(pool, self._clock.look, LIVE_RUN)
                began = monotonic()
                self._try(pool, partial(self._turn_of, run), run)
                self._rest(monotonic() - began)

    def _turn_of(self, run: str) -> None:
        self.turn(run or self._active())

    def _active(self) -> str:
        """Return the newest replay or drill that is not over, else the live run."""
        with self._house.work() as work:
            runs = work.runs.list("", where={"is_over": "false"})
        others = [run for run in runs if run.mode is not Mode.LIVE]
        return max(others, key=lambda run: run.started).id if others else LIVE_RUN

    def _next(self) -> str | None:
        """Wait for the next run to turn; None at the end."""
        with self._wake:
            if not self._wanted and not self._is_over:
                self._wake.wait(_IDLE_S)
            if self._is_over:
                return None
            run = next(iter(self._wanted), "")
            self._wanted.pop(run, None)
            return run

    def _rest(self, took_s: float) -> None:
        """Leave the machine at least half of the time for everything else."""
        until = monotonic() + max(self._spacing_s, took_s)
        with self._wake:
            while not self._is_over and (left := until - monotonic()) > 0:
                self._wake.wait(left)

    def _try(self, pool: ThreadPoolExecutor, job: Callable[[], object], run: str) -> None:
        error = pool.submit(job).exception()
        if error is None:
            return
        _LOG.error("a turn of the loop failed", exc_info=error)
        told = pool.submit(lambda: self._tell_failure(run, error)).exception()
        if told is not None:
            _LOG.error("the failure of a turn could not be told", exc_info=told)

    def _tell_failure(self, run: str, error: BaseException) -> None:
        alarms.raise_alarm(
            self._house,
            run or self._active(),
            Finding(
                rule=FAILED_RULE,
                rule_version="1",
                object=_LOOP,
                level=Level.ORANGE,
                text=Text(f"alarm.{FAILED_RULE}", {"error": type(error).__name__}),
            ),
        )
