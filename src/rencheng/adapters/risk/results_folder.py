"""A folder of results: its summary is there when all of it is, and names what belongs to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SUMMARY = "summary.json"


@contextmanager
def results_folder(folder: Path) -> Iterator[Path]:
    """Make room for results: what an earlier summary names is gone, and first of all itself.

    Parameters
    ----------
    folder
        Of the results; made where it is not there. Files that no summary names stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    old = folder / SUMMARY
    named = _named(old)
    old.unlink(missing_ok=True)
    for name in named:
        (folder / name).unlink(missing_ok=True)
    yield folder


def write_summary(folder: Path, said: Mapping[str, Any], files: Iterable[Path]) -> Path:
    """Write what a result comes to, and its files; last, and at once or not at all."""
    whole = {**said, "files": [file.name for file in files]}
    fresh = folder / f".{SUMMARY}.part"
    fresh.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return fresh.replace(folder / SUMMARY)


def _named(summary: Path) -> list[str]:
    """Return the files of a summary that lie beside it; none where it cannot be read."""
    try:
        files = json.loads(summary.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    if not isinstance(files, list):
        return []
    return [f for f in files if isinstance(f, str) and f.endswith(".csv") and Path(f).name == f]
