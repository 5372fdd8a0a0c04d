"""The log: what was accepted is on the disk before anybody is told so.

A segment is a file of frames. A frame is its length, the CRC-32 of its content, a kind, and the
content. A frame that was cut short or spoiled ends the segment: nobody was told that it was kept.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Iterator
from errno import EIO
from pathlib import Path

from rencheng.domain.errors import SourceUnavailableError

_HEAD = struct.Struct("<IIB")
MAX_FRAME = 1 << 30
"""Longer than any frame we write; a length beyond it is damage. [bytes]"""


class Segment:
    """One open segment; appends are written at once and synced together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.size = os.fstat(self._file).st_size
        self._synced = self.size
        self._sync = threading.Lock()
        self.is_spoiled = False
        """Whether a write or a sync failed so that what is on the disk is not known."""

    def write(self, kind: int, content: bytes) -> int:
        """Write a frame and return the position to `sync` to. One caller at a time.

        Raises
        ------
        SourceUnavailableError
            When the disk refuses; the segment is as it was before, or spoiled for good.
        """
        self._must_be_whole()
        frame = _HEAD.pack(len(content), zlib.crc32(content), kind) + content
        try:
            view = memoryview(frame)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            self._cut_back()
            raise refused(self.path, error) from error
        self.size += len(frame)
        return self.size

    def sync(self, position: int) -> None:
        """Return when everything up to `position` is on the disk; callers share one sync."""
        with self._sync:
            if self._synced >= position:
                return
            self._must_be_whole()
            reached = self.size
            try:
                os.fdatasync(self._file)
            except OSError as error:
                # What the system could not write it may forget, and a second sync would say that
                # all is well: nothing of this segment may be relied on from here on.
                self.is_spoiled = True
                raise refused(self.path, error) from error
            self._synced = reached

    def close(self) -> None:
        """Sync, if that still means anything, and let go of the file."""
        try:
            if not self.is_spoiled:
                self.sync(self.size)
        finally:
            os.close(self._file)

    def _cut_back(self) -> None:
        """Take back a frame that was written in part."""
        try:
            os.ftruncate(self._file, self.size)
        except OSError:
            self.is_spoiled = True

    def _must_be_whole(self) -> None:
        if self.is_spoiled:
            raise refused(self.path, OSError(EIO, os.strerror(EIO)))


def read(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of every whole frame; cut off what is damaged at the end."""
    with path.open("rb") as file:
        good = 0
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, crc, kind = _HEAD.unpack(head)
            content = file.read(length) if length <= MAX_FRAME else b""
            if len(content) != length or zlib.crc32(content) != crc:
                break
            good = file.tell()
            yield kind, content
    if good < path.stat().st_size:
        os.truncate(path, good)


def refused(path: Path, error: OSError) -> SourceUnavailableError:
    """Return the error for a disk that does not take what is written."""
    return SourceUnavailableError(
        "history.disk",
        f"readings cannot be written to {path.parent}: {error.strerror}",
        hint="Look at the free space and the rights of the state folder; send the batch again",
        params={"path": str(path.parent), "why": error.strerror or str(error)},
    )
