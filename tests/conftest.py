"""Fixtures that every test may take."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from rencheng.domain.city import City

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("house")


@pytest.fixture
def tiny_city() -> City:
    """Return the small hand-made city; see `tests/tiny_city.py`."""
    from tiny_city import make_tiny_city

    return make_tiny_city()
