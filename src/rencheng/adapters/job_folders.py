"""Jobs on disk: one folder a job, its record in one file that is replaced whole."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, Generic

import msgspec

from rencheng.domain.errors import (
    CorruptDataError,
    NotFoundError,
    RenchengError,
    SourceUnavailableError,
)
from rencheng.service.jobs import Broken, J, Trouble

PART = ".part-"
"""Beginning of the name of what is being written."""


class JobFolders(Generic[J]):
    """Jobs of one kind below a folder. Writers are serialised by the store's lock.

    Parameters
    ----------
    folder
        Where the folders of the jobs lie.
    what
        The kind of job.
    record
        Name of the file that holds a job.
    ids
        What an id looks like; anything else is not there.
    kind
        Beginning of the words for what is wrong: `risk`, `import`.
    """

    def __init__(
        self, folder: Path, what: type[J], *, record: str, ids: re.Pattern[str], kind: str
    ) -> None:
        self.folder = folder
        self._record, self._ids, self._kind = record, ids, kind
        # Made before any thread: two that decode a type for the first time at once crash msgspec.
        self._decoder = msgspec.json.Decoder(what)

    def all(self) -> list[J]:
        """Return all jobs that can be read, in no order."""
        found = []
        for file in self._records():
            with suppress(NotFoundError, CorruptDataError):  # deleted meanwhile, or broken
                found.append(self._read(file))
        return found

    def broken(self) -> list[Broken]:
        """Return those whose record cannot be read, newest first."""
        found = []
        for file in self._records():
            try:
                self._read(file)
            except NotFoundError:
                continue
            except CorruptDataError as error:
                with suppress(FileNotFoundError):
                    changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                    found.append(
                        Broken(id=file.parent.name, changed=changed, trouble=Trouble.of(error))
                    )
        return sorted(found, key=attrgetter("changed", "id"), reverse=True)

    def get(self, key: str) -> J:
        """Return a job, or raise `NotFoundError`; `CorruptDataError` where it is broken."""
        return self._read(self.folder_of(key) / self._record)

    def put(self, item: J) -> None:
        """Keep a job; a reader sees it as it was or as it is, never half of it."""
        body = msgspec.json.format(msgspec.json.encode(item), indent=1)
        self.write(self.folder_of(item.id) / self._record, lambda stream: stream.write(body))

    def remove(self, key: str) -> None:
        """Forget a job and all that lies with it."""
        folder = self.folder_of(key)
        (folder / self._record).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def folder_of(self, key: str) -> Path:
        """Return the folder of a job; `NotFoundError` for what is no id."""
        if not self._ids.fullmatch(key):
            raise self._unknown(key)
        return self.folder / key

    def write(self, file: Path, fill: Callable[[BinaryIO], object]) -> None:
        """Write a file of a job: durable and whole when this returns, else as it was before.

        Raises
        ------
        SourceUnavailableError
            When the disk is full or does not take it for another reason.
        """
        try:
            write_whole(file, fill)
        except OSError as error:
            raise no_room(self._kind, file, error) from error

    def _records(self) -> list[Path]:
        files = self.folder.glob(f"*/{self._record}")
        return [file for file in files if self._ids.fullmatch(file.parent.name)]

    def _read(self, file: Path) -> J:
        key = file.parent.name
        try:
            item = self._decoder.decode(file.read_bytes())
        except FileNotFoundError as error:
            raise self._unknown(key) from error
        except (OSError, msgspec.DecodeError) as error:
            raise self._damaged(key, str(error)) from error
        if item.id != key:
            raise self._damaged(key, f"it is the record of {item.id[:80]!r}")
        return item

    def _unknown(self, key: str) -> RenchengError:
        return NotFoundError(
            f"{self._kind}.unknown",
            f"there is nothing with the id {key[:80]!r}",
            hint="Reload the list",
            params={"id": key[:80]},
        )

    def _damaged(self, key: str, why: str) -> CorruptDataError:
        return CorruptDataError(
            f"{self._kind}.broken",
            f"{self.folder / key} cannot be read: {why}",
            hint="Delete it and ask again",
            params={"file": key, "why": why},
        )


def write_whole(file: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file so that it and its name are on the disk when this returns, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{PART}{file.name}-", dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    sync(file.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def no_room(kind: str, file: Path, error: OSError) -> SourceUnavailableError:
    """Return the error for a disk that is full or does not take a file for another reason."""
    return SourceUnavailableError(
        f"{kind}.no_room",
        f"{file} cannot be written: {error.strerror}",
        hint="Make room on the disk of the state folder",
        params={"why": error.strerror or str(error)},
    )
