"""What every test of MQTT begins with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mqtt_kit import Kit, house


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    made = house(tmp_path)
    yield made
    made.store.close()
