"""Checks and builds in a process of their own: a reader that crashes or eats memory harms nobody.

The child says how far it is on its standard output, a JSON line each, and ends when it finds the
file `stop`, or its parent gone.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import IO

import msgspec

from rencheng.adapters.imports.shelf import FolderShelf
from rencheng.domain.errors import ConflictError, CorruptDataError
from rencheng.service.importing import (
    STOPPED,
    Import,
    KindInfo,
    Outcome,
    Preview,
    Task,
)
from rencheng.service.jobs import IsStopped, Step, Tell, Trouble

MODULE = "rencheng.adapters.imports.work"
LOG, STOP = "work.log", "stop"
GRACE_S = 10.0
"""How long the child may take to stop by itself. No source: our choice. [s]"""
_LOOK_S = 0.5


class Line(msgspec.Struct, omit_defaults=True):
    """One thing that the child says."""

    step: Step | None = None
    outcome: Outcome | None = None
    trouble: Trouble | None = None


class ProcessWorkshop:
    """Works on imports of a state folder.

    Parameters
    ----------
    state
        The state folder.
    shelf
        Its imports.
    memory_mb
        What a source may take; larger ones are refused before they are read.
    """

    def __init__(self, state: Path, shelf: FolderShelf, *, memory_mb: int = 2048) -> None:
        self._state, self._shelf, self._memory_mb = state, shelf, memory_mb
        self._kinds: tuple[KindInfo, ...] | None = None

    def kinds(self) -> Sequence[KindInfo]:
        """Return the kinds of source there are."""
        if self._kinds is None:
            from rencheng.adapters.imports.kinds import all_kinds

            self._kinds = all_kinds()
        return self._kinds

    def columns(self) -> Mapping[str, Sequence[str]]:
        """Return by layer our columns that a file's columns can be mapped to."""
        from rencheng.adapters.imports.kinds import all_columns

        return all_columns()

    def preview(self, file: Path, part: str, crs: str) -> Preview:
        """Look at the beginning of a file, or of a table in it, in the coordinates said."""
        from rencheng.adapters.imports.preview import preview

        return preview(file, part, crs)

    def work(
        self,
        item: Import,
        task: Task,
        tell: Tell,
        is_stopped: IsStopped,
    ) -> Outcome:
        """Check or build, in a child; blocks until it is done."""
        folder = self._shelf.folder_of(item.id)
        (folder / STOP).unlink(missing_ok=True)
        with (folder / LOG).open("wb") as log:
            child = subprocess.Popen(  # noqa: S603 our own program, with our own arguments
                [sys.executable, "-m", MODULE, str(self._state), item.id, task.value,
                 str(self._memory_mb), str(self._shelf.roots()[0] if self._shelf.roots() else "")],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
            try:
                return self._listen(child, folder, tell, is_stopped)
            finally:
                _end(child)

    def _listen(
        self,
        child: subprocess.Popen[bytes],
        folder: Path,
        tell: Tell,
        is_stopped: IsStopped,
    ) -> Outcome:
        said: queue.Queue[bytes | None] = queue.Queue()
        assert child.stdout is not None
        threading.Thread(target=_read, args=(child.stdout, said), daemon=True).start()
        asked_at: float | None = None
        while True:
            if asked_at is None and is_stopped():
                asked_at = monotonic()
                (folder / STOP).touch()
            if asked_at is not None and monotonic() - asked_at > GRACE_S:
                raise _stopped()
            try:
                raw = said.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if raw is None:
                break
            line = msgspec.json.decode(raw, type=Line)
            if line.step is not None:
                tell(line.step)
            if line.trouble is not None:
                raise line.trouble.error()
            if line.outcome is not None:
                return line.outcome
        if asked_at is not None:
            raise _stopped()
        raise _died(child.wait(GRACE_S), folder)


def _read(stream: IO[bytes], said: queue.Queue[bytes | None]) -> None:
    for line in stream:
        if line.startswith(b"{"):
            said.put(line)
    said.put(None)


def _end(child: subprocess.Popen[bytes]) -> None:
    """See that the child is gone, by force if it must be."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _stopped() -> ConflictError:
    return ConflictError(
        STOPPED,
        "the build was stopped",
        hint="Start it again: what was read and has not changed is taken up",
    )


def _died(code: int, folder: Path) -> CorruptDataError:
    return CorruptDataError(
        "import.died",
        f"the work on the import ended by itself with code {code}; see {folder / LOG}",
        hint="Give it smaller files or more memory, and start it again",
        params={"code": code},
    )
