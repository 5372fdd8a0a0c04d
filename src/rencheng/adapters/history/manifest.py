"""The manifest of a run: which files count, replaced in one step."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from rencheng.adapters.files import take
from rencheng.adapters.history.parts import Part
from rencheng.domain.errors import ConflictError, CorruptDataError

SCHEMA = "rencheng.history/1"
MANIFEST = "manifest.json"


def write_manifest(folder: Path, parts: Sequence[Part], log: int, state: dict[str, Any]) -> None:
    """Say which files count, and the first segment of the log that does; durable on return."""
    body = {"schema": SCHEMA, "log": log, "parts": [asdict(p) for p in parts]} | state
    fresh = folder / f".{MANIFEST}"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(body, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / MANIFEST)
    sync_folder(folder)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return what the manifest says, with `parts` as parts; None before the first one.

    Raises
    ------
    CorruptDataError
        If it cannot be read, or a file that it names is missing.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if body["schema"] != SCHEMA:
            raise ValueError(f"schema {body['schema']!r} is not {SCHEMA!r}")
        body["parts"] = [Part(**one) for one in body["parts"]]
        body["log"] = int(body["log"])
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, str(error)) from error
    for part in body["parts"]:
        if not (folder / part.file).is_file():
            raise damaged(folder / part.file, "it is missing")
    return body


def take_folder(folder: Path) -> IO[str]:
    """Take the folder for this process; `ConflictError` when another one has it."""
    handle = take(folder / "lock")
    if handle is None:
        raise ConflictError(
            "history.taken",
            f"another program has the readings in {folder} open",
            hint="Stop it, or name another state folder",
            params={"path": str(folder)},
        )
    return handle


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def damaged(path: Path, why: str) -> CorruptDataError:
    """Return the error for a file of ours that cannot be used."""
    return CorruptDataError(
        "history.damaged",
        f"{path} cannot be used: {why}",
        hint="Put the last copy of the folder back; what the log after it holds is taken up again",
        params={"path": str(path), "why": why},
    )
