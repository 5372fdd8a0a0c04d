"""Ways out of the house for warnings: one folder a channel, each with a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rencheng.adapters.files import read_ours

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a channel says of itself in its `manifest.toml`."""

    name: str
    """Name of the folder."""
    title_zh: str
    title_en: str
    is_live: bool
    """Whether people outside the house get it; such a channel takes live warnings only."""
    format: str
    """What is handed over, such as `CAP 1.2`."""
    needs: tuple[str, ...]
    """Settings that each subscriber must have, such as `url`."""
    channel: str
    """Class in the folder's `channel.py`."""


def manifests() -> dict[str, Manifest]:
    """Return the manifest of every channel by name."""
    found = {}
    for file in sorted(FOLDER.glob("*/manifest.toml")):
        content = read_ours(file)
        content["needs"] = tuple(content["needs"])
        manifest = Manifest(**content)
        found[manifest.name] = manifest
    return found
