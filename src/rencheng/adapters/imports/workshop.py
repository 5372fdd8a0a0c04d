"""Checks and builds in a process of their own: a reader that crashes harms nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from rencheng.adapters.child import Child
from rencheng.adapters.imports.shelf import FolderShelf
from rencheng.domain.errors import ConflictError
from rencheng.service.importing import (
    STOPPED,
    Import,
    KindInfo,
    Outcome,
    Preview,
    Task,
)
from rencheng.service.jobs import IsStopped, Tell


def _stopped() -> ConflictError:
    return ConflictError(
        STOPPED,
        "the build was stopped",
        hint="Start it again: what was read and has not changed is taken up",
    )


CHILD = Child(module="rencheng.adapters.imports.work", kind="import", stopped=_stopped)


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
        root = str(self._shelf.roots()[0]) if self._shelf.roots() else ""
        said = [str(self._state), item.id, task.value, str(self._memory_mb), root]
        found = CHILD.work(said, self._shelf.folder_of(item.id), tell, is_stopped)
        return msgspec.json.decode(found, type=Outcome)
