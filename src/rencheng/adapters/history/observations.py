"""The readings of every run, as the services ask for them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import numpy as np

from rencheng.adapters.history.copying import copy_of
from rencheng.adapters.history.latest import Latest
from rencheng.adapters.history.rows import F64, I32, I64, ROW, Rows
from rencheng.adapters.history.series import RunSeries, Taken
from rencheng.domain.observation import Observation, Quality, QualityReason, Verdict
from rencheng.domain.provenance import Mode
from rencheng.domain.readings import from_us, to_us
from rencheng.service.row_store import Kept

_REASONS = tuple(QualityReason)
"""By bit: the first reason is bit 0. New reasons are only ever added at the end."""


_KEPT = 16
"""Lists of streams whose numbers are remembered at a time. Chosen."""


@dataclass(slots=True)
class _Numbers:
    """Which number in a run each of the services' streams has, and the other way round."""

    number: I32
    """By row in `ids`, -1 where it has none yet. (streams,)"""
    row: I32
    """By number, -1 where it is none of these. (numbers,)"""


class History:
    """All runs under one folder; each is opened when it is first asked for.

    Parameters
    ----------
    folder
        Where the runs lie, a folder each.
    is_shared
        Whether another program may have them open: then a copy of each is read, as it is when it
        is first asked for, and what is taken in is forgotten.
    """

    def __init__(self, folder: Path, *, is_shared: bool = False) -> None:
        self.folder = folder
        self.is_shared = is_shared
        self._copies: list[TemporaryDirectory[str]] = []
        self._runs: dict[str, RunSeries] = {}
        self._numbers: dict[tuple[str, tuple[str, ...]], _Numbers] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def run(self, run: str) -> RunSeries:
        """Return the readings of a run, empty when nothing was heard yet."""
        with self._lock:
            if run not in self._runs:
                folder = self.folder / (quote(run, safe="") or "_")
                if self.is_shared:
                    self._copies.append(copy_of(folder))
                    folder = Path(self._copies[-1].name)
                self._runs[run] = RunSeries(folder)
            return self._runs[run]

    def close(self) -> None:
        """Sync and let go of every run."""
        with self._lock:
            for series in self._runs.values():
                series.close()
            for copied in self._copies:
                copied.cleanup()
            self._runs.clear()
            self._copies.clear()
            self._numbers.clear()
            self._places.clear()

    def take(
        self,
        run: str,
        mode: Mode,
        ids: tuple[str, ...],
        rows: Rows,
        *,
        version: str,
        judge: Callable[[Rows], None],
        batch: str = "",
        answer: Callable[[Kept], bytes] | None = None,
    ) -> Kept:
        """Take in rows whose `stream` are rows of `ids`; see `service.row_store`."""
        series = self.run(run)
        series.numbers([mode.value], kind="modes")
        numbers = self._numbers_of(run, series, ids, rows["stream"])
        own = rows.copy()
        own["stream"] = numbers.number[rows["stream"]]
        own["verdict"] = series.numbers([version], kind="verdicts")[0]
        judged = rows[:0]
        order = np.zeros(0, np.int64)

        def judge_ours(kept: Rows) -> None:
            nonlocal judged, order
            judged = kept.copy()
            judged["stream"] = numbers.row[kept["stream"]]
            order = np.lexsort((judged["at"], judged["stream"]))
            judged = judged[order]
            judge(judged)
            kept["reasons"][order] = judged["reasons"]

        def kept_of(taken: Taken) -> Kept:
            return Kept(taken.is_new, judged, taken.order[order], taken)

        told = None if answer is None else lambda taken: answer(kept_of(taken))
        return kept_of(series.take(own, judge_ours, batch=batch, answer=told))

    def sync(self, run: str, kept: Kept) -> None:
        """Return when what was taken in is on the disk."""
        self.run(run).sync(kept.token)

    def compact(self, before: datetime) -> int:
        """Write months that ended before a time to a file each; return how many were."""
        with self._lock:
            every = list(self._runs.values())
        return sum(series.compact(to_us(before)) for series in every)

    def answered(self, run: str, batch: str) -> bytes | None:
        """Return what the sender of a batch was told, None when it is new or long ago."""
        return self.run(run).answered(batch)

    def latest_rows(self, run: str, ids: tuple[str, ...]) -> tuple[Rows, Rows, I64]:
        """Return the latest row, the latest good one, and how many ended alike, by row of `ids`."""
        series = self.run(run)
        numbers = self._numbers_of(run, series, ids, np.zeros(0, np.int32))
        known = np.flatnonzero(numbers.number >= 0)
        latest = series.told(numbers.number[known])
        told = tuple(np.zeros(len(ids), ROW) for _ in range(2))
        count = np.zeros(len(ids), np.int64)
        for ours, theirs in zip(told, (latest.last, latest.good), strict=True):
            ours["stream"] = -1
            ours[known] = theirs
            heard = ours["stream"] >= 0
            ours["stream"][heard] = np.flatnonzero(heard)
        count[known] = latest.equal
        return told[0], told[1], count

    def hours(
        self, run: str, ids: tuple[str, ...], start: int, end: int, *, against: int, most: int
    ) -> tuple[I32, I64, F64]:
        """Return row of `ids`, hour [µs] and mean of the values by stream and hour. (n,) each"""
        series = self.run(run)
        numbers = self._numbers_of(run, series, ids, np.zeros(0, np.int32))
        found = series.by_hour(start, end, against=against, most=most)
        row = numbers.row[found["stream"]] if len(found["stream"]) else np.zeros(0, np.int32)
        ours = row >= 0
        mean = found.get("mean", np.zeros(0))
        return row[ours], found["hour"][ours], np.asarray(mean, np.float64)[ours]

    def _numbers_of(
        self, run: str, series: RunSeries, ids: tuple[str, ...], needed: I32
    ) -> _Numbers:
        """Return the numbers of the services' streams; those that are needed get one."""
        with self._lock:
            held = self._numbers.get((run, ids))
            if held is None:
                for older in list(self._numbers)[: len(self._numbers) + 1 - _KEPT]:
                    del self._numbers[older]
                empty = np.zeros(0, np.int32)
                held = self._numbers[run, ids] = _Numbers(np.full(len(ids), -1, np.int32), empty)
            fresh = np.unique(needed[held.number[needed] < 0])
            if len(fresh):
                series.numbers([ids[row] for row in fresh])
            if len(held.row) < len(series.streams):
                known = {name: number for number, name in enumerate(series.streams)}
                held.number = np.array([known.get(name, -1) for name in ids], dtype=np.int32)
                held.row = np.full(len(known), -1, np.int32)
                given = np.flatnonzero(held.number >= 0)
                held.row[held.number[given]] = given
            return held

    def add(self, items: Sequence[Observation]) -> set[str]:
        """Keep new observations, durable on return; return the ids that were known already."""
        known: set[str] = set()
        for run in dict.fromkeys(item.run for item in items):
            own = [item for item in items if item.run == run]
            series = self.run(run)
            series.numbers([own[0].mode.value], kind="modes")
            taken = series.take(_rows(series, own))
            series.sync(taken)
            known |= {i.id for i, new in zip(own, taken.is_new, strict=True) if not new}
        return known

    def recent(self, run: str, datastream: str, before: datetime, limit: int) -> list[Observation]:
        """Return the last `limit` observations up to `before`, oldest first."""
        return self._before(run, datastream, before, limit, good=False)

    def last_good(self, run: str, datastream: str, before: datetime) -> Observation | None:
        """Return the last good observation up to `before`, None when there is none."""
        found = self._before(run, datastream, before, 1, good=True)
        return found[0] if found else None

    def series(
        self, run: str, datastreams: Iterable[str], start: datetime, end: datetime
    ) -> list[Observation]:
        """Return the observations between two times, both included, oldest first."""
        series = self.run(run)
        wanted = set(datastreams)
        numbers = [i for i, name in enumerate(series.streams) if name in wanted]
        rows = series.between(numbers, to_us(start), to_us(end))
        rows = rows[np.argsort(rows["at"], kind="stable")]
        return [_observation(series, run, row) for row in rows]

    def rows(self, run: str, datastreams: Sequence[str], start: int, end: int) -> Rows:
        """Return rows between two times by time; `stream` is its name's place in `datastreams`."""
        series = self.run(run)
        numbers = self._places_of(run, series)
        asked = {numbers[name]: i for i, name in enumerate(datastreams) if name in numbers}
        rows = series.between(sorted(asked), start, end)
        places = np.full(len(numbers), -1, np.int32)
        places[list(asked)] = list(asked.values())
        rows["stream"] = places[rows["stream"]]
        return rows[np.argsort(rows["at"], kind="stable")]

    def spans(self, run: str, datastreams: Sequence[str]) -> I64:
        """Return by datastream how many rows, and the first and the last time. [µs UTC] (n, 3)"""
        latest, there = self._latest_of(run, datastreams)
        spans = np.zeros((len(datastreams), 3), np.int64)
        own = latest.count > 0
        spans[there[own]] = np.stack([latest.count, latest.first, latest.last["at"]], axis=1)[own]
        return spans

    def newest(self, run: str, datastreams: Sequence[str]) -> tuple[Rows, I64]:
        """Return the last row by datastream, and how many share its time; 0: look them up.

        `stream` is the place in `datastreams`, -1 where there is none. (n,) each
        """
        latest, there = self._latest_of(run, datastreams)
        rows, same = np.zeros(len(datastreams), ROW), np.zeros(len(datastreams), np.int64)
        rows["stream"] = -1
        rows[there], same[there] = latest.last, latest.same
        heard = np.flatnonzero(rows["stream"] >= 0)
        rows["stream"][heard] = heard
        return rows, same

    def _latest_of(self, run: str, datastreams: Sequence[str]) -> tuple[Latest, I64]:
        """Return what is known of those datastreams that are, and which they are."""
        series = self.run(run)
        find = self._places_of(run, series).get
        number = np.fromiter((find(one, -1) for one in datastreams), np.int32, len(datastreams))
        there = np.flatnonzero(number >= 0)
        return series.told(number[there]), there

    def _places_of(self, run: str, series: RunSeries) -> dict[str, int]:
        """Return the number of every stream by name; streams only ever become more."""
        held, streams = self._places.get(run, {}), series.streams
        if len(held) != len(streams):
            held = self._places[run] = {name: i for i, name in enumerate(streams)}
        return held

    def counts(self, run: str) -> dict[str, tuple[int, int]]:
        """Return by datastream how many observations there are, and how many are suspect."""
        series = self.run(run)
        count, suspect = series.counts()
        return {name: (int(count[i]), int(suspect[i])) for i, name in enumerate(series.streams)}

    def _before(
        self, run: str, datastream: str, before: datetime, limit: int, *, good: bool
    ) -> list[Observation]:
        series = self.run(run)
        if datastream not in series.streams:
            return []
        number = series.streams.index(datastream)
        rows = series.before(number, to_us(before), limit, good=good)
        return [_observation(series, run, row) for row in rows]


def ident(key: str) -> int:
    """Return 64 bits of a sender's id: enough, as stream and time must be equal too."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")


def _rows(series: RunSeries, items: Sequence[Observation]) -> Rows:
    rows = np.empty(len(items), ROW)
    rows["stream"] = series.numbers([item.datastream for item in items])
    rows["at"] = [to_us(item.phenomenon_time) for item in items]
    rows["received"] = [to_us(item.received) for item in items]
    rows["value"] = [item.value for item in items]
    rows["ident"] = np.array([ident(item.id) for item in items], dtype=np.uint64)
    rows["reasons"] = [
        sum(1 << _REASONS.index(reason) for reason in item.verdict.reasons) for item in items
    ]
    rows["verdict"] = series.numbers([item.verdict.version for item in items], kind="verdicts")
    return rows


def _observation(series: RunSeries, run: str, row: np.void) -> Observation:
    bits = int(row["reasons"])
    reasons = tuple(reason for i, reason in enumerate(_REASONS) if bits >> i & 1)
    stream = series.streams[int(row["stream"])]
    return Observation(
        id=f"{stream}@{int(row['at'])}-{int(row['ident']):016x}",
        datastream=stream,
        value=float(row["value"]),
        phenomenon_time=from_us(int(row["at"])),
        received=from_us(int(row["received"])),
        verdict=Verdict(
            quality=Quality.SUSPECT if reasons else Quality.GOOD,
            reasons=reasons,
            version=series.names("verdicts")[int(row["verdict"])],
        ),
        mode=Mode(series.names("modes")[0]),
        run=run,
    )
