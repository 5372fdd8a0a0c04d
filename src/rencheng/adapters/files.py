"""Where the project's own data files lie, and how tables that a user writes are read."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from rencheng.domain.errors import (
    ConflictError,
    CorruptDataError,
    Fault,
    InvalidInputError,
    NotFoundError,
)
from rencheng.service.toml import parse_toml

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


def read_toml(file: Path) -> dict[str, Any]:
    """Return the table of a TOML file; a byte order mark, as Windows sets it, is left out.

    Raises
    ------
    InvalidInputError
        `files.toml`, with the line, when it is not in UTF-8 or no TOML.
    OSError
        When it cannot be read at all.
    """
    return parse_toml(file.read_bytes(), file.name)


def read_ours(file: Path) -> dict[str, Any]:
    """Return the table of a TOML file that came with the program or stands in its state folder.

    Raises
    ------
    CorruptDataError
        `files.toml`, with the line, as `read_toml`; `files.unread` when it cannot be read at all.
    """
    try:
        return read_toml(file)
    except InvalidInputError as error:
        raise CorruptDataError(
            error.key, error.problem, hint=error.hint, params=error.params
        ) from error
    except OSError as error:
        reason = str(error.strerror or error)
        raise CorruptDataError(
            "files.unread",
            f"{file} cannot be read: {reason}",
            hint="Put it back as it was installed, or give the right to read it",
            params={"where": str(file), "reason": reason},
        ) from error


def unread_fault(error: InvalidInputError) -> Fault:
    """Return the error of a file that could not be read as one fault among others."""
    return Fault(
        where=str(error.params["where"]),
        key=error.key,
        problem=error.problem,
        hint=error.hint,
        first=(str(error.params["reason"]),),
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
