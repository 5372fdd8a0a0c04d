"""A whole house for use-case tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops_kit import Kit, make_kit
from rencheng.domain.city import City


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City) -> Iterator[Kit]:
    made = make_kit(tmp_path, tiny_city)
    yield made
    made.store.close()
