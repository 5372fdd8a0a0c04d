"""What the child process does: read everything, then check it or build a city from it."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from rencheng.adapters.child import Parent, answer
from rencheng.adapters.imports.shelf import FolderShelf
from rencheng.service.importing import Outcome, Task, mark_of


def main(arguments: list[str]) -> int:
    """Work on one import; everything that goes wrong is said to the parent."""
    state, key, task, memory_mb, root = arguments
    shelf = FolderShelf(Path(state), data_root=Path(root) if root else None)
    return answer(
        lambda parent: work(Path(state), shelf, key, Task(task), int(memory_mb), parent), "import"
    )


def work(
    state: Path, shelf: FolderShelf, key: str, task: Task, memory_mb: int, parent: Parent
) -> Outcome:
    """Check or build an import in this process."""
    from rencheng.adapters.imports.making import build, check

    item = shelf.get(key)
    began = monotonic()
    do = check if task is Task.CHECK else build
    found = do(state, shelf, item, parent, memory_mb)
    return replace(
        found,
        mark=mark_of(item),
        at=datetime.now(UTC),
        seconds=round(monotonic() - began, 1),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
