"""Quality control at the door: what is remembered of each stream between batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.observation import Datastream, Observation, Quality, Verdict
from rencheng.domain.quality import QualityLimits
from rencheng.sense.quality import I64, NEVER, Watched, equal_in_a_row, judge, verdict, watch
from rencheng.service.ports import UnitOfWork

_LOOK_BACK = 8
"""Values looked back at, at least, for a stream that is new to this process. Chosen."""
_RUNS = 8
"""Runs remembered at a time; what an older one needs is looked up again. Chosen."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Run:
    """What is remembered of a run."""

    memory: NDArray[Any]
    is_read: NDArray[np.bool_]
    """Whether a stream's past was looked up. (streams,)"""


@dataclass(slots=True)
class QualityMemory:
    """What was last heard of each stream by run; what is lost with the process is looked up again.

    The means behind `drift` are not looked up: they are learnt anew after a start.
    """

    _watched: tuple[tuple[Datastream, ...], QualityLimits, Watched, dict[str, int]] | None = None
    _runs: dict[str, _Run] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def judged(
        self,
        work: UnitOfWork,
        city: City,
        limits: QualityLimits,
        run: str,
        items: Sequence[tuple[str, datetime, float]],
        received: datetime,
    ) -> tuple[list[Verdict], Callable[[], None]]:
        """Judge (stream, time, value) in any order.

        Returns
        -------
        verdicts
            In the order of the items.
        keep
            To be called once the readings are kept; until then nothing is remembered.
        """
        watched, rows = self._watch(city, limits)
        with self._lock:
            held = self._runs.get(run)
            if held is None:
                for older in list(self._runs)[: len(self._runs) + 1 - _RUNS]:
                    del self._runs[older]
                empty = watched.nothing_heard()
                held = self._runs[run] = _Run(empty, np.zeros(len(empty), bool))
            stream = np.array([rows[name] for name, _, _ in items], dtype=np.int64)
            self._look_up(work, city, run, held, stream, received)
            memory = held.memory.copy()
        at = np.array([to_us(time) for _, time, _ in items], dtype=np.int64)
        value = np.array([one for _, _, one in items], dtype=np.float64)
        order = np.lexsort((at, stream))
        heard = np.full(len(items), to_us(received), np.int64)
        bits = np.empty(len(items), np.uint16)
        bits[order] = judge(watched, memory, stream[order], at[order], heard, value[order])
        known = {int(one): verdict(int(one), watched.version) for one in np.unique(bits)}

        def keep() -> None:
            held.memory = memory

        return [known[one] for one in bits.tolist()], keep

    def _watch(self, city: City, limits: QualityLimits) -> tuple[Watched, dict[str, int]]:
        """Return the city's streams as arrays; another city starts all memory anew."""
        with self._lock:
            streams = city.datastreams
            held = self._watched
            if held is None or held[0] is not streams or held[1] is not limits:
                rows = {one.id: row for row, one in enumerate(streams)}
                held = self._watched = (streams, limits, watch(streams, limits), rows)
                self._runs.clear()
            return held[2], held[3]

    def _look_up(
        self, work: UnitOfWork, city: City, run: str, held: _Run, rows: I64, now: datetime
    ) -> None:
        """Read the last values of streams that are new to this process."""
        for row in np.unique(rows[~held.is_read[rows]]):
            held.is_read[row] = True
            stream = city.datastreams[row]
            limit = max(_LOOK_BACK, stream.stuck_after)
            recent = work.observations.recent(run, stream.id, now + timedelta(days=1), limit)
            if not recent:
                continue
            last, past = recent[-1], held.memory[row]
            earlier = [(one.phenomenon_time, one.value) for one in recent[:-1]]
            past["last_at"], past["last"] = to_us(last.phenomenon_time), last.value
            past["equal"] = equal_in_a_row(last.value, earlier)
            good = [one for one in recent if one.verdict.quality is Quality.GOOD]
            best: Observation | None = good[-1] if good else None
            if best is None:
                best = work.observations.last_good(run, stream.id, now + timedelta(days=1))
            if best is not None:
                past["good_at"], past["good"] = to_us(best.phenomenon_time), best.value
            past["heard"] = NEVER


def to_us(time: datetime) -> int:
    """Return microseconds since 1970. [µs UTC]"""
    return (time - _EPOCH) // timedelta(microseconds=1)
