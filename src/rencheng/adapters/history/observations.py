"""The readings of every run, as the services ask for them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import numpy as np

from rencheng.adapters.history.rows import ROW, Rows
from rencheng.adapters.history.series import RunSeries
from rencheng.domain.observation import Observation, Quality, QualityReason, Verdict
from rencheng.domain.provenance import Mode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REASONS = tuple(QualityReason)
"""By bit: the first reason is bit 0. New reasons are only ever added at the end."""


class History:
    """All runs under one folder; each is opened when it is first asked for.

    Parameters
    ----------
    folder
        Where the runs lie, a folder each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs: dict[str, RunSeries] = {}
        self._lock = threading.Lock()

    def run(self, run: str) -> RunSeries:
        """Return the readings of a run, empty when nothing was heard yet."""
        with self._lock:
            if run not in self._runs:
                self._runs[run] = RunSeries(self.folder / (quote(run, safe="") or "_"))
            return self._runs[run]

    def close(self) -> None:
        """Sync and let go of every run."""
        with self._lock:
            for series in self._runs.values():
                series.close()
            self._runs.clear()

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

    def known(self, run: str, items: Sequence[tuple[str, datetime, str]]) -> list[bool]:
        """Return which of these (datastream, time, id) are kept already."""
        series = self.run(run)
        numbers = {name: i for i, name in enumerate(series.streams)}
        found = []
        for stream, at, key in items:
            time = to_us(at)
            rows = series.between([numbers[stream]], time, time) if stream in numbers else None
            found.append(rows is not None and bool((rows["ident"] == ident(key)).any()))
        return found

    def recent(self, run: str, datastream: str, before: datetime, limit: int) -> list[Observation]:
        """Return the last `limit` observations up to `before`, oldest first."""
        return self._before(run, datastream, before, limit, good=False)

    def last_good(self, run: str, datastream: str, before: datetime) -> Observation | None:
        """Return the last good observation up to `before`, None when there is none."""
        found = self._before(run, datastream, before, 1, good=True)
        return found[0] if found else None

    def latest(self, run: str, at: datetime) -> dict[str, tuple[Observation, Observation | None]]:
        """Return by datastream the last observation and the last good one up to `at`."""
        series, time = self.run(run), to_us(at)
        last, good = series.latest()
        found: dict[str, tuple[Observation, Observation | None]] = {}
        for number, name in enumerate(series.streams):
            one = _up_to(series, last[number], number, time, good=False)
            if one is not None:
                best = _up_to(series, good[number], number, time, good=True)
                found[name] = (
                    _observation(series, run, one),
                    None if best is None else _observation(series, run, best),
                )
        return found

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


def to_us(time: datetime) -> int:
    """Return microseconds since 1970. [µs UTC]"""
    return (time - _EPOCH) // timedelta(microseconds=1)


def ident(key: str) -> int:
    """Return 64 bits of a sender's id: enough, as stream and time must be equal too."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")


def _up_to(
    series: RunSeries, row: np.void, number: int, time: int, *, good: bool
) -> np.void | None:
    """Return the latest row if it is not later than `time`, else the last one before."""
    if row["stream"] < 0:
        return None
    if row["at"] <= time:
        return row
    found = series.before(number, time, 1, good=good)
    return found[0] if len(found) else None


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
        phenomenon_time=_EPOCH + timedelta(microseconds=int(row["at"])),
        received=_EPOCH + timedelta(microseconds=int(row["received"])),
        verdict=Verdict(
            quality=Quality.SUSPECT if reasons else Quality.GOOD,
            reasons=reasons,
            version=series.names("verdicts")[int(row["verdict"])],
        ),
        mode=Mode(series.names("modes")[0]),
        run=run,
    )
