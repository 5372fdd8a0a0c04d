"""Imports on disk: one folder an import, its state in one file that is replaced whole.

imports/<id>/import.json     the import
imports/<id>/files/          what was uploaded
imports/<id>/recipe.toml     written before a check or a build
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from rencheng.adapters.arriving import Arriving
from rencheng.adapters.imports.names import ENDINGS, safe_name
from rencheng.adapters.job_folders import JobFolders
from rencheng.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    TooLargeError,
)
from rencheng.service.importing import Import, ImportFile, Incoming

LARGEST = 2 * 1024**3
"""Largest file that is taken when nothing else is said. [byte]"""
_ID = re.compile(r"[a-z][a-z0-9_-]{1,80}")
_STATE, _FILES = "import.json", "files"
_DEEPEST = 3
_MOST_LOOKED_AT = 5000


class FolderShelf(JobFolders[Import]):
    """Imports in a state folder.

    Parameters
    ----------
    state
        The state folder.
    data_root
        Folder of the server that files may be taken from; None: none.
    largest
        Largest file that is taken. [byte]
    """

    def __init__(
        self, state: Path, *, data_root: Path | None = None, largest: int = LARGEST
    ) -> None:
        super().__init__(state / "imports", Import, record=_STATE, ids=_ID, kind="import")
        self.largest = largest
        self._root = data_root.resolve() if data_root else None

    def all(self) -> list[Import]:
        """Return all imports that can be read, newest first."""
        return sorted(super().all(), key=attrgetter("created", "id"), reverse=True)

    def incoming(self, key: str, name: str) -> Arriving:
        """Open a file for writing."""
        self.get(key)
        safe_name(name)
        folder = self.folder_of(key) / _FILES
        return Arriving(folder, self.largest, too_large=too_large, kind="import")

    def keep(self, key: str, name: str, arrived: Incoming, at: datetime) -> ImportFile:
        """Put what arrived in its place."""
        if not isinstance(arrived, Arriving):
            raise TypeError("only what `incoming` opened can be kept")
        clean = safe_name(name)
        mark = arrived.finish()
        arrived.move(self.folder_of(key) / _FILES / clean)
        return ImportFile(name=clean, size=arrived.size, mark=mark, added=at)

    def drop(self, key: str, name: str) -> None:
        """Delete an uploaded file."""
        (self.folder_of(key) / _FILES / safe_name(name)).unlink(missing_ok=True)

    def roots(self) -> Sequence[str]:
        """Return the folders of the server that files may be taken from."""
        return [str(self._root)] if self._root else []

    def look(self, folder: str, at: datetime) -> list[ImportFile]:
        """Return the readable files of a folder of the server, three folders deep at most.

        Raises
        ------
        NotAllowedError
            When no folder of the server is open, or this one lies outside it.
        NotFoundError
            When it is no folder.
        """
        root = self._root
        if root is None:
            raise NotAllowedError(
                "import.no_root",
                "no folder of the server is open for imports",
                hint="Upload the files, or start the server with --data-root <folder>",
            )
        place = self._inside(root, folder)
        found: dict[str, ImportFile] = {}
        for file in _files_of(place, root):
            try:
                name = safe_name(file.name)
            except InvalidInputError:
                continue
            said = file.stat()
            mark = hashlib.sha256(f"{file}/{said.st_size}/{said.st_mtime_ns}".encode())
            found.setdefault(
                name,
                ImportFile(name=name, size=said.st_size, mark=mark.hexdigest()[:16], added=at,
                           path=str(file)),
            )  # fmt: skip
        if not found:
            raise NotFoundError(
                "import.no_data",
                f"{folder} holds no file that a reader takes",
                hint=f"Readers take {' '.join(ENDINGS)}",
                params={"folder": folder, "endings": " ".join(ENDINGS)},
            )
        return list(found.values())

    def path(self, item: Import, name: str) -> Path:
        """Return where a file of an import lies."""
        file = item.file(name)
        if file is None:
            raise _no_file(name)
        place = Path(file.path) if file.path else self.folder_of(item.id) / _FILES / safe_name(name)
        if file.path and (self._root is None or not place.resolve().is_relative_to(self._root)):
            raise _outside(file.path)
        if not place.is_file():
            raise _no_file(name)
        return place

    def _inside(self, root: Path, folder: str) -> Path:
        try:
            place = (root / folder).resolve()
        except (OSError, ValueError) as error:
            raise _outside(folder) from error
        if not place.is_relative_to(root):
            raise _outside(folder)
        if not place.is_dir():
            raise NotFoundError(
                "import.no_folder",
                f"{folder} is no folder",
                hint="Name a folder inside the one that the server opens",
                params={"folder": folder},
            )
        return place


def too_large(largest: int) -> TooLargeError:
    """Return the error for a file over the limit."""
    return TooLargeError(
        "import.too_large",
        f"the file is larger than {largest} bytes",
        hint="Cut it to the city's extent, or open a folder of the server with --data-root",
        params={"limit_mb": largest / 1024**2},
    )


def _files_of(folder: Path, root: Path) -> list[Path]:
    """Return regular files that lie, links resolved, inside `root`."""
    found: list[Path] = []
    looked = 0
    for base, folders, files in os.walk(folder):
        depth = len(Path(base).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and depth + 1 < _DEEPEST)
        for name in sorted(files):
            looked += 1
            if looked > _MOST_LOOKED_AT:
                return found
            file = (Path(base) / name).resolve()
            if file.is_relative_to(root) and file.is_file():
                found.append(file)
    return found


def _no_file(name: str) -> NotFoundError:
    return NotFoundError(
        "import.no_file",
        f"the import has no file {name[:80]!r}",
        hint="Reload the list of files",
        params={"file": name[:80]},
    )


def _outside(folder: str) -> NotAllowedError:
    return NotAllowedError(
        "import.outside",
        f"{folder[:80]!r} lies outside the folder that the server opens",
        hint="Name a folder inside it",
        params={"folder": folder[:80]},
    )
