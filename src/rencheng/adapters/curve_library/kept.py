"""The library of a state folder, read once and again only when a table of the folder changes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rencheng.adapters.curve_library.library import OFFICE_FOLDER, CurveLibrary

KEPT = 4
"""Libraries that are kept. Ours."""
Seen = tuple[tuple[str, int, int], ...]


def library_of(state: Path) -> CurveLibrary:
    """Return the curves of an office; the same object while its folder stays as it is.

    Parameters
    ----------
    state
        State folder. What tells a change: name, size and time of each of its tables of curves, and
        the packages that were fetched.
    """
    tables = sorted((state / OFFICE_FOLDER).glob("*.toml"))
    fetched = sorted((state / "packages").glob("*"))
    stats = [(file.name, file.stat()) for file in (*tables, *fetched)]
    seen = tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
    return _library(state.resolve(), seen)


@lru_cache(maxsize=KEPT)
def _library(state: Path, seen: Seen) -> CurveLibrary:
    del seen
    return CurveLibrary(state)
