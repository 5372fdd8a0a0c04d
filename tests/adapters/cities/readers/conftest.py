"""What tests of the readers share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a test writes its file of OpenStreetMap."""
    return tmp_path / "city.osm.pbf"
