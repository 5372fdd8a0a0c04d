"""A copy of a run's readings, to be read while another program takes in more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from rencheng.adapters.history.manifest import MANIFEST, read_manifest
from rencheng.domain.errors import ConflictError

_TRIES = 20
"""How often to begin anew when files move meanwhile. Chosen: each takes less than a second."""


def copy_of(folder: Path) -> TemporaryDirectory[str]:
    """Return a folder of its own with what a run's folder holds now.

    Files of older readings never change and are linked; the log is copied. The other program may
    move its log into files at any time: then the manifest is another one, and we begin anew.

    Raises
    ------
    ConflictError
        When the files never stayed the same for long enough.
    CorruptDataError
        When the manifest cannot be read.
    """
    for _ in range(_TRIES):
        copied = TemporaryDirectory(prefix="rencheng-")
        try:
            if _is_whole(folder, Path(copied.name)):
                return copied
        except FileNotFoundError:  # moved since it was listed
            pass
        except BaseException:
            copied.cleanup()
            raise
        copied.cleanup()
    raise ConflictError(
        "history.moving",
        f"the readings in {folder} move all the time",
        hint="Try again in a minute",
        params={"path": str(folder)},
    )


def _is_whole(folder: Path, target: Path) -> bool:
    """Copy once, and say whether the manifest stayed the same meanwhile."""
    before = _content(folder / MANIFEST)
    if before:
        (target / MANIFEST).write_bytes(before)
    for log in sorted(folder.glob("log-*.bin")):
        shutil.copyfile(log, target / log.name)
    if _content(folder / MANIFEST) != before:
        return False
    parts = folder.glob("part-*.parquet")
    for part in parts:
        _link(part, target / part.name)
    read_manifest(target)
    return _content(folder / MANIFEST) == before


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(file, target)
