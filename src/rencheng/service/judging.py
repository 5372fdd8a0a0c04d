"""Quality control at the door: what is remembered of each stream between batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City
from rencheng.domain.observation import Datastream
from rencheng.domain.quality import LimitsVersion, QualityLimits
from rencheng.domain.readings import Rows
from rencheng.sense.quality import (
    F64,
    I32,
    I64,
    NEVER,
    Watched,
    grown,
    judge,
    relearn,
    watch,
)

_RUNS = 8
"""Runs remembered at a time; what an older one needs is looked up again. Chosen."""

Past = Callable[[], tuple[Rows, Rows, I64]]
"""Looks up the latest row, the latest good one, and how many ended alike, by stream."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The datastreams of a city, found by id. Rows of streams that stay never move."""

    streams: tuple[Datastream, ...]
    ids: tuple[str, ...]
    row: dict[str, int]
    units: tuple[str, ...]
    watched: Watched
    limits: QualityLimits


@dataclass(slots=True)
class _Run:
    """What is remembered of a run."""

    streams: Streams
    memory: NDArray[Any]
    is_read: NDArray[np.bool_]
    """Whether a stream's past was looked up. (streams,)"""


@dataclass(slots=True)
class QualityMemory:
    """What was last heard of each stream by run; what is lost with the process is looked up again.

    Streams that join are added to what is remembered, and nothing of the others is forgotten. The
    means behind `drift` are learnt again from hourly means by `warm_up`.
    """

    _streams: Streams | None = None
    _stated: QualityLimits | None = None
    _merged: QualityLimits | None = None
    _learnt: LimitsVersion | None = None
    _runs: dict[str, _Run] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def learn(self, version: LimitsVersion | None) -> None:
        """Judge by learnt limits that a person approved from now on; None: by the stated ones."""
        with self._lock:
            self._learnt, self._merged = version, None

    def limits(self, stated: QualityLimits) -> QualityLimits:
        """Return the limits that hold: the stated ones, and over them the learnt."""
        with self._lock:
            return self._in_force(stated)

    def _in_force(self, stated: QualityLimits) -> QualityLimits:
        if self._merged is None or self._stated is not stated:
            learnt, self._stated = self._learnt, stated
            self._merged = stated
            if learnt is not None:
                version = f"{stated.version}+L{learnt.number}"
                self._merged = replace(stated, version=version, learnt=learnt.held)
        return self._merged

    def streams(self, city: City, stated: QualityLimits) -> Streams:
        """Return the city's streams as arrays, the same object while they are the same."""
        with self._lock:
            held, streams = self._streams, city.datastreams
            limits = self._in_force(stated)
            if held is not None and held.streams is streams and held.limits is limits:
                return held
            has_grown = held is not None and held.limits is limits
            if held is not None and has_grown and streams[: len(held.streams)] == held.streams:
                if len(streams) == len(held.streams):
                    return held
                watched = grown(held.watched, streams, limits)
            else:
                watched = watch(streams, limits)
            ids = tuple(one.id for one in streams)
            row = {one: number for number, one in enumerate(ids)}
            units = tuple(one.unit for one in streams)
            self._streams = Streams(streams, ids, row, units, watched, limits)
            return self._streams

    def judging(
        self, streams: Streams, run: str, past: Past
    ) -> tuple[Callable[[Rows], None], Callable[[], None]]:
        """Return what judges a batch, and what makes it forgotten when it could not be kept.

        Parameters
        ----------
        streams
            From `streams`.
        run
            Whose memory.
        past
            Called when a stream is new to this process.

        Returns
        -------
        judge
            Writes `reasons` into rows sorted by stream and time; one batch of a run at a time.
        undo
            To be called when the batch was not kept.
        """
        before: list[tuple[_Run, I64, NDArray[Any]]] = []

        def judge_rows(rows: Rows) -> None:
            held = self._run(streams, run)
            stream = rows["stream"].astype(np.int64)
            touched = np.unique(stream)
            _look_up(held, touched, past)
            before.append((held, touched, held.memory[touched]))
            at, heard = (np.ascontiguousarray(rows[name]) for name in ("at", "received"))
            value = np.ascontiguousarray(rows["value"])
            rows["reasons"] = judge(streams.watched, held.memory, stream, at, heard, value)

        def undo() -> None:
            for held, touched, memory in before:
                held.memory[touched] = memory

        return judge_rows, undo

    def take_hours(self, streams: Streams, run: str, row: I32, hour: I64, mean: F64) -> None:
        """Learn the means behind `drift` from the hours before this process began."""
        held = self._run(streams, run)
        held.memory = relearn(streams.watched, held.memory, row.astype(np.int64), hour, mean)

    def _run(self, streams: Streams, run: str) -> _Run:
        """Return the memory of a run, with room for every stream."""
        with self._lock:
            held = self._runs.get(run)
            if held is None:
                for older in list(self._runs)[: len(self._runs) + 1 - _RUNS]:
                    del self._runs[older]
            if held is None or held.streams is not streams:
                fresh = _Run(
                    streams, streams.watched.nothing_heard(), np.zeros(len(streams.ids), bool)
                )
                if held is not None:
                    _carry_over(held, fresh)
                held = self._runs[run] = fresh
            return held


def _carry_over(old: _Run, new: _Run) -> None:
    """Take what is known of streams that stay, wherever their rows are now."""
    pairs = [
        (row, new.streams.row[name])
        for row, name in enumerate(old.streams.ids)
        if name in new.streams.row
    ]
    if pairs:
        rows = np.array(pairs)
        new.memory[rows[:, 1]] = old.memory[rows[:, 0]]
        new.is_read[rows[:, 1]] = old.is_read[rows[:, 0]]
        # A neighbour is known by its row, which may be another's now: -1 is found again as new.
        moved = np.full(len(old.streams.ids) + 1, -1, np.int32)
        moved[rows[:, 0]] = rows[:, 1]
        new.memory["pair_of"][rows[:, 1]] = moved[new.memory["pair_of"][rows[:, 1]]]


def _look_up(held: _Run, rows: I64, past: Past) -> None:
    """Read the last values of streams that are new to this process, all at once."""
    if held.is_read[rows].all():
        return
    last, good, equal = past()
    known = np.flatnonzero(~held.is_read & (last["stream"] >= 0))
    memory = held.memory
    memory["last_at"][known], memory["last"][known] = last["at"][known], last["value"][known]
    memory["equal"][known] = equal[known]
    fine = known[good["stream"][known] >= 0]
    memory["good_at"][fine], memory["good"][fine] = good["at"][fine], good["value"][fine]
    memory["heard"][known] = NEVER
    held.is_read[:] = True
