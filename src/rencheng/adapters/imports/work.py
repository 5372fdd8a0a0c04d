"""What the child process does: read everything, then check it or build a city from it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import msgspec

from rencheng.adapters.imports.shelf import FolderShelf
from rencheng.adapters.imports.workshop import STOP, Line
from rencheng.domain.errors import CorruptDataError, RenchengError
from rencheng.service.importing import Outcome, Task, mark_of
from rencheng.service.jobs import Step, Trouble

_TELL_S = 0.2
"""Least time between two words on how far it is. [s]"""


@dataclass(slots=True)
class Speaker:
    """Says how far the work is, not too often, and hears when it is to stop."""

    folder: Path
    parent: int = field(default_factory=os.getppid)
    _told: float = 0.0
    _step: tuple[str, str] = ("", "")
    _looked: float = 0.0
    _is_stopped: bool = False

    def tell(self, step: Step) -> None:
        """Say how far it is: at each new step at once, within one now and then."""
        now, name = monotonic(), (step.source, step.step)
        if name != self._step or now - self._told >= _TELL_S:
            self._told, self._step = now, name
            say(Line(step=step))

    def is_stopped(self) -> bool:
        """Return whether to stop: the page says so, or the server is gone."""
        now = monotonic()
        if not self._is_stopped and now - self._looked >= _TELL_S:
            self._looked = now
            self._is_stopped = (self.folder / STOP).exists() or os.getppid() != self.parent
        return self._is_stopped


def say(line: Line) -> None:
    """Hand a line to the parent."""
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def main(arguments: list[str]) -> int:
    """Work on one import; everything that goes wrong is said to the parent."""
    state, key, task, memory_mb, root = arguments
    shelf = FolderShelf(Path(state), data_root=Path(root) if root else None)
    try:
        say(Line(outcome=work(Path(state), shelf, key, Task(task), int(memory_mb))))
    except RenchengError as error:
        say(Line(trouble=Trouble.of(error)))
        return 1
    except MemoryError:
        short = CorruptDataError(
            "import.memory",
            "the work needs more memory than there is",
            hint="Cut the files to the city's extent",
        )
        say(Line(trouble=Trouble.of(short)))
        return 1
    return 0


def work(state: Path, shelf: FolderShelf, key: str, task: Task, memory_mb: int) -> Outcome:
    """Check or build an import in this process."""
    from rencheng.adapters.imports.making import build, check

    item = shelf.get(key)
    began = monotonic()
    do = check if task is Task.CHECK else build
    found = do(state, shelf, item, Speaker(shelf.folder_of(key)), memory_mb)
    return replace(
        found,
        mark=mark_of(item),
        at=datetime.now(UTC),
        seconds=round(monotonic() - began, 1),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
