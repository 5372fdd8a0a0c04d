"""Where the project's own data files lie: in the wheel, or in the source tree."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from rencheng.domain.errors import ConflictError, NotFoundError

PACKAGE = Path(__file__).resolve().parent.parent
DEFAULT_CITY = "coquimbo"
"""Recipe and city that are used when none is named."""


def data_folder() -> Path:
    """Return the folder with city recipes, curves, rules, plans, indicators and scenarios."""
    for folder in (PACKAGE / "data", PACKAGE.parent.parent / "data"):
        if (folder / "cities").is_dir():
            return folder
    raise NotFoundError(
        "files.data",
        "the data folder of the installation is missing",
        hint="Install the package again",
    )


def take(file: Path) -> IO[str] | None:
    """Take a lock file for this process, as long as the handle stays open; None: another has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = file.open("w")
    try:
        import fcntl
    except ImportError:  # no such lock outside Unix
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


def must_be_alone(state: Path) -> IO[str]:
    """Take the state folder for this process; `ConflictError` when another server has it."""
    handle = take(state / "serve.lock")
    if handle is None:
        raise ConflictError(
            "bootstrap.taken",
            f"another server uses {state}",
            hint="Stop it first, or name another folder with --state",
            params={"path": str(state)},
        )
    return handle
