"""Devices: what one key belongs to, and what it may write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something out there with a key of its own: a thing of the register and its datastreams."""

    id: str
    """Given by who installs it; also the id of its `Thing`, `Location` and `Sensor`."""
    name: str
    account: str
    """Account that its keys act for."""
    streams: tuple[str, ...]
    """Datastreams that its keys may write."""
    keys: tuple[str, ...]
    """Ids of its tokens, the newest first; older ones may be over."""
    expires: datetime | None
    """When its keys end; None: they do not."""
    created: datetime
    changed: datetime
    version: int = 1
