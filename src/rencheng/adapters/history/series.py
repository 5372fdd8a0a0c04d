"""The readings of one run of the clock: taken in, found again, moved to files when many."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from rencheng.adapters.files import take
from rencheng.adapters.history.parts import Part, Parts
from rencheng.adapters.history.rows import (
    I32,
    I64,
    NONE,
    ROW,
    Flags,
    Rows,
    Runs,
    is_first,
    sorted_rows,
)
from rencheng.adapters.history.segment import Segment, read
from rencheng.domain.errors import ConflictError, CorruptDataError

SCHEMA = "rencheng.history/1"
MANIFEST = "manifest.json"
FLUSH_ROWS = 1_000_000
"""Rows in memory before they move to files: 40 MB. Chosen."""
KINDS = ("streams", "verdicts", "modes")
"""What has names and numbers: streams, versions of quality control, the run's mode (one)."""
_NAMES, _ROWS = 1, 2
"""Kinds of frames: names of new streams or verdict versions, and rows."""
_EVER = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch."""

    is_new: Flags
    """Which rows were not known yet. (n,)"""
    position: tuple[Segment, int]
    """What to `sync` before anybody is told."""


class RunSeries:
    """Readings of one run. Any thread may call it; one batch is taken in at a time.

    Parameters
    ----------
    folder
        Where it lies; made when missing.
    flush_rows
        Rows in memory before they move to files.
    """

    def __init__(self, folder: Path, *, flush_rows: int = FLUSH_ROWS) -> None:
        self.folder = folder
        self._flush_rows = flush_rows
        self._lock = threading.RLock()
        self._moving = threading.Lock()
        self._names: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
        self._hot, self._frozen = Runs(), Runs()
        self._last, self._good = np.zeros(0, ROW), np.zeros(0, ROW)
        self._count, self._suspect = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._number = 1
        folder.mkdir(parents=True, exist_ok=True)
        self._alone = _taken(folder)
        self._parts = Parts(folder)
        try:
            self._segment = self._open()
        except BaseException:
            self._alone.close()
            raise

    # What is there -----------------------------------------------------------------------------

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the streams by number."""
        return self.names("streams")

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of a kind by number."""
        return tuple(self._names[kind])

    def __len__(self) -> int:
        return int(self._count.sum())

    def counts(self) -> tuple[I64, I64]:
        """Return by stream how many rows there are, and how many have reasons against them."""
        with self._lock:
            return self._count.copy(), self._suspect.copy()

    def latest(self) -> tuple[Rows, Rows]:
        """Return by stream the latest row and the latest good one; `stream` -1 where none."""
        with self._lock:
            return self._last.copy(), self._good.copy()

    def between(self, streams: Sequence[int], start: int, end: int) -> Rows:
        """Return the streams' rows from `start` to `end` [µs], by stream, then time. (n,)"""
        with self._lock:
            parts = self._parts
            found = [r.between(s, start, end) for s in streams for r in (self._hot, self._frozen)]
        return sorted_rows(np.concatenate([parts.between(streams, start, end), NONE, *found]))

    def before(self, stream: int, end: int, limit: int, *, good: bool = False) -> Rows:
        """Return the last `limit` rows of a stream up to `end` [µs], by time. (n,)

        Looks in memory first, then through the files from the youngest back.
        """
        with self._lock:
            parts = self._parts
            found = [r.between(stream, _EVER[0], end) for r in (self._hot, self._frozen)]
        rows = sorted_rows(np.concatenate(found))
        kept = rows[rows["reasons"] == 0] if good else rows
        for part in sorted((p for p in parts.parts if p.first <= end), key=lambda p: -p.last):
            if len(kept) >= limit and int(kept["at"][-limit]) > part.last:
                break
            older = parts.of((part,)).between([stream], _EVER[0], end)
            own = older[older["reasons"] == 0] if good else older
            kept = sorted_rows(np.concatenate([own, kept]))
        return kept[max(0, len(kept) - limit) :]

    def by_hour(self, start: int, end: int) -> dict[str, np.ndarray]:
        """Return count, mean and max of good values by stream and hour, of everything kept.

        Rows still in memory move to files first, so that one query sees all.
        """
        self.move()
        return self._parts.by_hour(start, end)

    # Taking in ---------------------------------------------------------------------------------

    def numbers(self, names: Sequence[str], *, kind: str = "streams") -> I32:
        """Return the numbers of names of a kind; new names get new ones. (n,)"""
        known = self._names[kind]
        with self._lock:
            fresh = [name for name in dict.fromkeys(names) if name not in known]
            if fresh:
                self._segment.write(_NAMES, json.dumps({kind: fresh}).encode())
                self._name(kind, fresh)
            return np.fromiter((known[name] for name in names), np.int32, len(names))

    def take(self, rows: Rows, judge: Callable[[Rows], None] | None = None) -> Taken:
        """Take in a batch: keep what is new, once.

        Parameters
        ----------
        rows
            Of streams that have numbers. (n,)
        judge
            Called with the new rows, sorted by stream and time, while no other batch is taken in;
            writes `reasons` and `verdict` into them.

        Returns
        -------
        Taken
            Which rows are new. They are readable now, and durable after `sync`.
        """
        with self._lock:
            is_new = self._is_new(rows)
            kept = sorted_rows(rows[is_new])
            if len(kept):
                if judge is not None:
                    judge(kept)
                self._segment.write(_ROWS, kept.tobytes())
                self._count_in(kept)
                self._hot.add(kept)
            position = (self._segment, self._segment.size)
        if len(self._hot) >= self._flush_rows and not self._moving.locked():
            threading.Thread(target=self.move, name="history", daemon=True).start()
        return Taken(is_new, position)

    def sync(self, taken: Taken) -> None:
        """Return when a batch is on the disk."""
        segment, position = taken.position
        segment.sync(position)

    def _is_new(self, rows: Rows) -> Flags:
        """Return which rows are not known: later than all of their stream, or not found. (n,)"""
        is_new = is_first(rows)
        last = self._last[rows["stream"]] if len(self._last) else np.zeros(len(rows), ROW)
        late = is_new & (last["stream"] >= 0) & (rows["at"] <= last["at"])
        if late.any():
            asked = rows[late]
            known = self._hot.holds(asked) | self._frozen.holds(asked)
            known[~known] = self._parts.holds(asked[~known])
            is_new[np.flatnonzero(late)[known]] = False
        return is_new

    def _count_in(self, rows: Rows) -> None:
        """Count sorted rows, and remember the latest of each stream."""
        stream, good = rows["stream"], rows["reasons"] == 0
        self._count += np.bincount(stream, minlength=len(self._count))
        self._suspect += np.bincount(stream[~good], minlength=len(self._suspect))
        for latest, own in ((self._last, rows), (self._good, rows[good])):
            final = own[np.append(np.diff(own["stream"]) != 0, True)] if len(own) else own
            held = latest[final["stream"]]
            newer = (held["stream"] < 0) | (final["at"] >= held["at"])
            latest[final["stream"][newer]] = final[newer]

    def _name(self, kind: str, fresh: Sequence[str]) -> None:
        known = self._names[kind]
        for name in fresh:
            known.setdefault(name, len(known))
        more = len(self._names["streams"]) - len(self._count)
        if more > 0:
            empty = np.zeros(more, ROW)
            empty["stream"] = -1
            self._last, self._good = (np.concatenate([a, empty]) for a in (self._last, self._good))
            zeros = np.zeros(more, np.int64)
            self._count = np.concatenate([self._count, zeros])
            self._suspect = np.concatenate([self._suspect, zeros])

    # Memory, log and files ---------------------------------------------------------------------

    def move(self) -> None:
        """Move what is in memory to files and forget its log; readers notice nothing.

        A crash anywhere in between loses nothing: the manifest names files and the first segment
        that still counts, and is replaced in one step.
        """
        with self._moving:
            with self._lock:
                if not len(self._hot):
                    return
                self._frozen, self._hot = self._hot, Runs()
                before, self._segment = self._segment, self._fresh_segment()
                number, state = self._number, self._state()
            try:
                before.close()
                made = self._parts.write(self._frozen.all(), number)
                parts = self._parts.of((*self._parts.parts, *made))
                self._write_manifest(parts.parts, number, state)
            except BaseException:
                self._take_back()
                raise
            with self._lock:
                self._parts, self._frozen = parts, Runs()
            for path in self._segments():
                if _number(path) < number:
                    path.unlink()

    def _take_back(self) -> None:
        """Go on in memory after a move that failed: the log still has every row."""
        with self._lock:
            for run in self._frozen.runs:
                self._hot.add(run)
            self._frozen = Runs()

    def close(self) -> None:
        """Sync and let go of everything."""
        with self._moving, self._lock:
            self._segment.close()
            self._parts.close()
            self._alone.close()

    def _fresh_segment(self) -> Segment:
        self._number += 1
        segment = Segment(self.folder / f"log-{self._number:06d}.bin")
        _sync_folder(self.folder)
        return segment

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob("log-*.bin"), key=_number)

    def _state(self) -> dict[str, Any]:
        """Return what the rows of all files so far amount to."""
        return {
            "names": {kind: list(names) for kind, names in self._names.items()},
            "count": self._count.tolist(),
            "suspect": self._suspect.tolist(),
            "last": self._last.tobytes().hex(),
            "good": self._good.tobytes().hex(),
        }

    def _write_manifest(self, parts: Sequence[Part], number: int, state: dict[str, Any]) -> None:
        body = {"schema": SCHEMA, "log": number, "parts": [asdict(p) for p in parts]} | state
        fresh = self.folder / f".{MANIFEST}"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(body, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / MANIFEST)
        _sync_folder(self.folder)

    def _open(self) -> Segment:
        """Take up what the manifest and the segments after it say."""
        first = self._take_manifest()
        for path in self._segments():
            if _number(path) < first:
                path.unlink()
                continue
            self._number = max(self._number, _number(path))
            for kind, content in read(path):
                if kind == _NAMES:
                    for what, names in json.loads(content).items():
                        self._name(what, names)
                elif kind == _ROWS:
                    rows = np.frombuffer(content, ROW)
                    self._count_in(rows)
                    self._hot.add(rows)
        named = {part.file for part in self._parts.parts}
        for path in self.folder.glob("part-*.parquet"):
            if path.name not in named:
                path.unlink()
        return Segment(self.folder / f"log-{self._number:06d}.bin")

    def _take_manifest(self) -> int:
        path = self.folder / MANIFEST
        if not path.is_file():
            return 0
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            if body["schema"] != SCHEMA:
                raise ValueError(f"schema {body['schema']!r} is not {SCHEMA!r}")
            self._parts = Parts(self.folder, (Part(**one) for one in body["parts"]))
            for kind, names in body["names"].items():
                self._name(kind, names)
            self._count, self._suspect = (
                np.array(body[key], dtype=np.int64) for key in ("count", "suspect")
            )
            self._last, self._good = (
                np.frombuffer(bytes.fromhex(body[key]), ROW).copy() for key in ("last", "good")
            )
            self._number = int(body["log"])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        for part in self._parts.parts:
            if not (self.folder / part.file).is_file():
                raise _damaged(self.folder / part.file, "it is missing")
        return self._number


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _taken(folder: Path) -> IO[str]:
    """Take the folder for this process; `ConflictError` when another one has it."""
    handle = take(folder / "lock")
    if handle is None:
        raise ConflictError(
            "history.taken",
            f"another program has the readings in {folder} open",
            hint="Stop it, or name another state folder",
            params={"path": str(folder)},
        )
    return handle


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, why: str) -> CorruptDataError:
    return CorruptDataError(
        "history.damaged",
        f"{path} cannot be used: {why}",
        hint="Put the last copy of the folder back; what the log after it holds is taken up again",
        params={"path": str(path), "why": why},
    )
