"""The built versions of every city in a state folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rencheng.adapters.cities.store import Folder

_CITY = re.compile(r"[a-z][a-z0-9_-]{1,79}")
_VERSION = re.compile(r"[0-9a-f]{8,64}")


class FolderVersions:
    """Versions on disk, of any city."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def of(self, city: str) -> Sequence[str]:
        """Return the versions of a city that are on disk."""
        return self._folder(city).versions() if _CITY.fullmatch(city) else ()

    def current(self, city: str) -> str:
        """Return the version that is served, or will be at the next start; empty: none."""
        if not _CITY.fullmatch(city):
            return ""
        try:
            text = (self._folder(city).path / "current").read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return ""
        return next(iter(text.split()), "")

    def set_current(self, city: str, version: str) -> None:
        """Serve a version from now on, after reading it whole."""
        if _VERSION.fullmatch(version):
            self._folder(city).set_current(version)

    def _folder(self, city: str) -> Folder:
        return Folder(self._state, city)
