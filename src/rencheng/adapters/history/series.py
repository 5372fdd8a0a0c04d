"""The readings of one run of the clock: taken in, found again, moved to files when many."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from rencheng.adapters.history.answers import Answers, frame
from rencheng.adapters.history.compaction import compacted
from rencheng.adapters.history.latest import UNKNOWN, Latest
from rencheng.adapters.history.manifest import (
    MANIFEST,
    damaged,
    read_manifest,
    sync_folder,
    take_folder,
    write_manifest,
)
from rencheng.adapters.history.parts import Parts
from rencheng.adapters.history.rows import (
    I32,
    I64,
    ROW,
    Flags,
    Rows,
    Runs,
    is_first,
    joined,
    sorted_rows,
)
from rencheng.adapters.history.segment import Segment, read, refused
from rencheng.domain.errors import RenchengError

FLUSH_ROWS = 1_000_000
"""Rows in memory before they move to files: 40 MB. Chosen."""
KINDS = ("streams", "verdicts", "modes")
"""What has names and numbers: streams, versions of quality control, the run's mode (one)."""
_NAMES, _ROWS, _ANSWERS = 1, 2, 3
"""Kinds of frames: names of new streams or verdict versions, rows, and answers to batches."""
_AGAIN_S = 60.0
"""Wait after a move that failed. Chosen. [s]"""
_EVER = -(2**62), 2**62
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch."""

    is_new: Flags
    """Which rows were not known yet. (n,)"""
    rows: Rows
    """The new ones, sorted by stream and time, as they are kept. (m,)"""
    order: I64
    """Which row of the batch each of them is. (m,)"""
    position: tuple[Segment, int]
    """What to `sync` before anybody is told."""


class RunSeries:
    """Readings of one run in a folder. Any thread may call it; one batch is taken in at a time.

    `flush_rows` is how many stay in memory before they move to files.
    """

    def __init__(self, folder: Path, *, flush_rows: int = FLUSH_ROWS) -> None:
        self.folder = folder
        self._flush_rows = flush_rows
        self._lock = threading.RLock()
        self._moving = threading.Lock()
        self._names: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
        self._listed: dict[str, tuple[str, ...]] = dict.fromkeys(KINDS, ())
        self._hot, self._frozen = Runs(), Runs()
        self._latest, self._answers = Latest(), Answers()
        self._number, self._rest_until = 1, 0.0
        self._outdated: list[Path] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._alone = take_folder(folder)
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
        known, listed = self._names[kind], self._listed[kind]
        if len(listed) != len(known):
            listed = self._listed[kind] = tuple(known)
        return listed

    def __len__(self) -> int:
        return int(self._latest.count.sum())

    def counts(self) -> tuple[I64, I64]:
        """Return by stream how many rows there are, and how many have reasons against them."""
        with self._lock:
            return self._latest.count.copy(), self._latest.suspect.copy()

    def latest(self) -> tuple[Rows, Rows]:
        """Return by stream the latest row and the latest good one; `stream` -1 where none."""
        with self._lock:
            return self._latest.last.copy(), self._latest.good.copy()

    def told(self, streams: I32) -> Latest:
        """Return what is known of some streams, in their order."""
        with self._lock:
            first = self._latest.first
            for stream in streams[first[streams] == UNKNOWN].tolist():
                first[stream] = self.between([stream], *_EVER)["at"][0]
            return self._latest.of(streams)

    def answered(self, batch: str) -> bytes | None:
        """Return what the sender of a batch was told, None when it is new or long ago."""
        return self._answers.find(batch)

    def between(self, streams: Sequence[int], start: int, end: int) -> Rows:
        """Return the streams' rows from `start` to `end` [µs], by stream, then time. (n,)"""
        with self._lock:
            parts = self._parts
            found = [x for r in (self._hot, self._frozen) for x in r.between(streams, start, end)]
        return sorted_rows(joined([parts.between(streams, start, end), *found]))

    def before(self, stream: int, end: int, limit: int, *, good: bool = False) -> Rows:
        """Return the last `limit` rows of a stream up to `end` [µs], by time. (n,)

        Looks in memory first, then through the files from the youngest back.
        """
        with self._lock:
            parts = self._parts
            runs = (self._hot, self._frozen)
            found = [x for r in runs for x in r.between([stream], _EVER[0], end)]
        rows = sorted_rows(joined(found))
        kept = rows[rows["reasons"] == 0] if good else rows
        for part in sorted((p for p in parts.parts if p.first <= end), key=lambda p: -p.last):
            if len(kept) >= limit and int(kept["at"][-limit]) > part.last:
                break
            older = parts.of((part,)).between([stream], _EVER[0], end)
            own = older[older["reasons"] == 0] if good else older
            kept = sorted_rows(joined([own, kept]))
        return kept[max(0, len(kept) - limit) :]

    def by_hour(
        self, start: int, end: int, *, against: int = 0xFFFF, most: int = 2**62
    ) -> dict[str, np.ndarray]:
        """Return count, mean and max of good values by stream and hour, of everything kept.

        Of more than `most` rows only the youngest files are read. Rows still in memory move to
        files first, so that one query sees all.
        """
        self.move()
        return self._parts.by_hour(max(start, self._parts.start_of(most)), end, against)

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

    def take(
        self,
        rows: Rows,
        judge: Callable[[Rows], None] | None = None,
        *,
        batch: str = "",
        answer: Callable[[Taken], bytes] | None = None,
    ) -> Taken:
        """Take in a batch: keep what is new, once.

        Parameters
        ----------
        rows
            Of streams that have numbers. (n,)
        judge
            Called with the new rows, sorted by stream and time, while no other batch is taken in;
            writes `reasons` and `verdict` into them.
        batch, answer
            Name of the batch, and what its sender will be told; kept with the rows.

        Returns
        -------
        Taken
            Which rows are new. They are readable now, and durable after `sync`.
        """
        if self._segment.is_spoiled:
            self.move()
        with self._lock:
            is_new = self._is_new(rows)
            order = np.flatnonzero(is_new)
            order = order[np.lexsort((rows["at"][order], rows["stream"][order]))]
            kept = rows[order]
            if len(kept):
                if judge is not None:
                    judge(kept)
                self._segment.write(_ROWS, kept.tobytes())
                self._latest.add(kept)
                self._hot.add(kept, is_sorted=True)
            position = (self._segment, self._segment.size)
            taken = Taken(is_new, kept, order, position)
            if answer is not None:
                told = answer(taken)
                self._segment.write(_ANSWERS, frame(batch, told))
                self._answers.keep(batch, told)
                taken = replace(taken, position=(self._segment, self._segment.size))
        if len(self._hot) >= self._flush_rows and monotonic() >= self._rest_until:
            self._move_aside()
        return taken

    def sync(self, taken: Taken) -> None:
        """Return when a batch is on the disk."""
        segment, position = taken.position
        segment.sync(position)

    def _is_new(self, rows: Rows) -> Flags:
        """Return which rows are not known: later than all of their stream, or not found. (n,)"""
        is_new = is_first(rows)
        last = self._latest.last[rows["stream"]]
        late = is_new & (last["stream"] >= 0) & (rows["at"] <= last["at"])
        if late.any():
            asked = rows[late]
            known = self._hot.holds(asked) | self._frozen.holds(asked)
            known[~known] = self._parts.holds(asked[~known])
            is_new[np.flatnonzero(late)[known]] = False
        return is_new

    def _name(self, kind: str, fresh: Sequence[str]) -> None:
        known = self._names[kind]
        for name in fresh:
            known.setdefault(name, len(known))
        self._latest.grow(len(self._names["streams"]))

    # Memory, log and files ---------------------------------------------------------------------

    def move(self) -> None:
        """Move what is in memory to files and forget its log; readers notice nothing.

        A crash anywhere in between loses nothing: the manifest names files and the first segment
        that still counts, and is replaced in one step.
        """
        with self._moving:
            with self._lock:
                before = self._segment
                if not len(self._hot) and not before.is_spoiled:
                    return
                self._segment = self._fresh_segment()
                self._frozen, self._hot = self._hot, Runs()
                number, state = self._number, self._state()
            try:
                before.close()
                made = self._parts.write(self._frozen.all(), number)
                parts = self._parts.of((*self._parts.parts, *made))
                write_manifest(self.folder, parts.parts, number, state)
            except BaseException:
                self._take_back(is_spoiled=before.is_spoiled)
                raise
            with self._lock:
                self._parts, self._frozen = parts, Runs()
            for path in self._segments():
                if _number(path) < number:
                    path.unlink()

    def compact(self, before: int) -> int:
        """Put each month that ended before a time [µs] into one file; return how many were.

        Readers notice nothing: the files that they may be reading go at the next call.
        """
        with self._moving:
            while self._outdated:
                self._outdated.pop().unlink(missing_ok=True)
            groups = self._parts.by_month(before)
            for group in groups:
                self._parts = compacted(self.folder, self._parts, group)
                self._outdated += [self.folder / part.file for part in group]
        return len(groups)

    def _move_aside(self) -> None:
        """Move in a thread of its own, unless one does so already."""

        def move() -> None:
            try:
                self.move()
            except (RenchengError, OSError) as error:
                self._rest_until = monotonic() + _AGAIN_S
                _LOG.warning("readings stay in memory and in their log for now: %s", error)

        if not self._moving.locked():
            threading.Thread(target=move, name="history", daemon=True).start()

    def _take_back(self, *, is_spoiled: bool) -> None:
        """Go on in memory after a move that failed: the log still has every row.

        A spoiled log may not have them: then nothing is taken in until a move succeeds.
        """
        with self._lock:
            for run in self._frozen.runs:
                self._hot.add(run)
            self._frozen = Runs()
            self._segment.is_spoiled |= is_spoiled

    def close(self) -> None:
        """Sync and let go of everything."""
        with self._moving, self._lock:
            self._segment.close()
            self._parts.close()
            self._alone.close()

    def _fresh_segment(self) -> Segment:
        """Return the next segment of the log, with the answers that are remembered."""
        path = self.folder / f"log-{self._number + 1:06d}.bin"
        try:
            segment = Segment(path)
            sync_folder(self.folder)
        except OSError as error:
            raise refused(path, error) from error
        try:
            segment.write(_ANSWERS, self._answers.frames())
        except BaseException:
            segment.close()
            raise
        self._number += 1
        return segment

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob("log-*.bin"), key=_number)

    def _state(self) -> dict[str, Any]:
        """Return what the rows of all files so far amount to."""
        return {
            "names": {kind: list(names) for kind, names in self._names.items()}
        } | self._latest.state()

    def _open(self) -> Segment:
        """Take up what the manifest and the segments after it say."""
        first = self._take_manifest()
        for path in self._segments():
            if _number(path) < first:
                path.unlink()
                continue
            self._number = max(self._number, _number(path))
            for kind, content in read(path):
                self._take_frame(kind, content)
        named = {part.file for part in self._parts.parts}
        for path in self.folder.glob("part-*.parquet"):
            if path.name not in named:
                path.unlink()
        return Segment(self.folder / f"log-{self._number:06d}.bin")

    def _take_frame(self, kind: int, content: bytes) -> None:
        if kind == _NAMES:
            for what, names in json.loads(content).items():
                self._name(what, names)
        elif kind == _ROWS:
            rows = np.frombuffer(content, ROW)
            self._latest.add(rows)
            self._hot.add(rows, is_sorted=True)
        elif kind == _ANSWERS:
            self._answers.take_frame(content)

    def _take_manifest(self) -> int:
        body = read_manifest(self.folder)
        if body is None:
            return 0
        try:
            self._parts = Parts(self.folder, body["parts"])
            for kind, names in body["names"].items():
                self._name(kind, names)
            self._latest.take_state(body)
            self._number = body["log"]
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self.folder / MANIFEST, str(error)) from error
        return self._number


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
