"""Where the real data for tests lie: beside the project, never inside it."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""A test that needs it skips, and says why, when it is not there."""
