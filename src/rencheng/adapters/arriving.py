"""A file on its way onto a shelf: written beside its later place, durable before it moves."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from rencheng.domain.errors import RenchengError, SourceUnavailableError

SPARE = 512 * 1024**2
"""Room that uploads leave on the disk for everything else. No source: our choice. [byte]"""


class Arriving:
    """A file on its way in; its caller closes it, kept or not.

    Parameters
    ----------
    folder
        Where it is written; made when missing.
    largest
        Largest file that is taken. [byte]
    too_large
        Makes the error for a larger one, from the limit that holds.
    kind
        Beginning of the words for a disk that is full: `risk`, `import`.

    Raises
    ------
    SourceUnavailableError
        When the disk is nearly full; `write` raises it when the disk takes no more.
    """

    def __init__(
        self, folder: Path, largest: int, *, too_large: Callable[[int], RenchengError], kind: str
    ) -> None:
        self._too_large, self._kind = too_large, kind
        folder.mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(folder).free - SPARE
        if room <= 0:
            raise self._no_room("the disk is nearly full")
        self._largest = min(largest, room)
        self._hash = hashlib.sha256()
        self.size = 0
        handle, name = tempfile.mkstemp(prefix=".part-", dir=folder)
        self.path = Path(name)
        self._stream: BinaryIO = os.fdopen(handle, "wb")

    def write(self, part: bytes) -> None:
        """Add bytes; refuse over the limit, and when the disk would be full."""
        self.size += len(part)
        if self.size > self._largest:
            raise self._too_large(self._largest)
        self._hash.update(part)
        try:
            self._stream.write(part)
        except OSError as error:
            raise self._no_room(str(error.strerror)) from error

    def finish(self) -> str:
        """Make what was written durable and return the start of its SHA-256."""
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise self._no_room(str(error.strerror)) from error
        self._stream.close()
        return self._hash.hexdigest()[:16]

    def move(self, place: Path) -> None:
        """Put what was finished in its place."""
        self.path.chmod(0o640)
        self.path.replace(place)

    def close(self) -> None:
        """Forget what was not kept."""
        with suppress(OSError):  # a full disk does not take the rest either
            self._stream.close()
        self.path.unlink(missing_ok=True)

    def _no_room(self, why: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"{self._kind}.no_room",
            f"the file cannot be kept: {why}",
            hint="Make room on the disk of the state folder",
            params={"why": why},
        )
