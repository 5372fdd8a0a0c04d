"""Imports on disk, and the work on them in a process of its own."""

from __future__ import annotations

from pathlib import Path

from rencheng.adapters.imports.shelf import LARGEST, FolderShelf
from rencheng.adapters.imports.statements import FolderStatements
from rencheng.adapters.imports.versions import FolderVersions
from rencheng.adapters.imports.workshop import ProcessWorkshop
from rencheng.service.house import House
from rencheng.service.import_desk import ImportRoom, import_desk


def open_room(
    house: House, state: Path, *, data_root: Path | None = None, largest: int = LARGEST
) -> ImportRoom:
    """Wire importing on a state folder.

    Parameters
    ----------
    house, state
        Where.
    data_root
        Folder of the server that files may be taken from; None: none.
    largest
        Largest file that is taken. [byte]
    """
    shelf = FolderShelf(state, data_root=data_root, largest=largest)
    workshop = ProcessWorkshop(state, shelf)
    return ImportRoom(
        shelf=shelf,
        workshop=workshop,
        versions=FolderVersions(state),
        statements=FolderStatements(state),
        desk=import_desk(house, shelf, workshop),
    )
