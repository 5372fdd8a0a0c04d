"""Alarms: one open alarm for one cause, active or cleared, acknowledged or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from rencheng.domain.provenance import Mode, Text


class Level(IntEnum):
    """Levels of warning and response; 1 is the highest (红 red), 4 the lowest (蓝 blue)."""

    RED = 1
    ORANGE = 2
    YELLOW = 3
    BLUE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found, before the service turns it into an alarm."""

    rule: str
    rule_version: str
    object: str
    level: Level
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something a rule found; `rule` and `object` name the cause."""

    id: str
    rule: str
    rule_version: str
    object: str
    level: Level
    text: Text
    started: datetime
    last: datetime
    cleared: datetime | None = None
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    mode: Mode
    run: str
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether the cause still holds."""
        return self.cleared is None

    def acknowledge(self, by: str, at: datetime) -> Alarm:
        """Take note of it; a second acknowledgement changes nothing."""
        if self.acknowledged:
            return self
        return replace(self, acknowledged=at, acknowledged_by=by)
