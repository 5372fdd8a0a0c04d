"""Warnings that others sent (OASIS CAP), as they were heard: never sent on as our own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rencheng.domain.alarm import Level
from rencheng.domain.alert import CAP_SEVERITY, MessageType
from rencheng.domain.provenance import Mode, Text

LonLat = tuple[float, float]
LEVELS = {severity: level for level, severity in CAP_SEVERITY.items()}
"""CAP severity to level; `Unknown` has none."""

COLOURS = {
    "red": Level.RED,
    "红": Level.RED,
    "orange": Level.ORANGE,
    "橙": Level.ORANGE,
    "yellow": Level.YELLOW,
    "黄": Level.YELLOW,
    "blue": Level.BLUE,
    "蓝": Level.BLUE,
}
"""Colours of the four levels, as parameters of messages name them."""
_COLOUR_NAMES = ("color", "colour", "颜色")


class Signature(StrEnum):
    """What the signature of a warning is worth."""

    NONE = "none"
    """It carries none."""
    UNCHECKED = "unchecked"
    """It carries one, and no certificate of its sender is configured."""
    VERIFIED = "verified"
    BAD = "bad"
    """It does not fit the message or the certificates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningArea:
    """Where a warning holds."""

    text: str
    polygons: tuple[tuple[LonLat, ...], ...] = ()
    """Closed rings of lon, lat. [deg]"""
    circles: tuple[tuple[float, float, float], ...] = ()
    """Lon, lat [deg] and radius [km]."""
    geocodes: tuple[tuple[str, str], ...] = ()
    """Name of a list of codes, and the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningInfo:
    """What a warning says, in one language."""

    language: str
    event: str
    categories: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    effective: datetime
    onset: datetime | None
    expires: datetime | None
    """None: not said; then it holds for a day."""
    sender_name: str
    headline: str
    description: str
    instruction: str
    web: str
    contact: str
    codes: tuple[tuple[str, str], ...] = ()
    """`eventCode` pairs."""
    parameters: tuple[tuple[str, str], ...] = ()
    """`parameter` pairs."""
    areas: tuple[WarningArea, ...] = ()

    @property
    def colour(self) -> Level | None:
        """The level whose colour a parameter states; None when none does."""
        for name, value in self.parameters:
            if any(word in name.casefold() for word in _COLOUR_NAMES):
                said = [level for word, level in COLOURS.items() if word in value.casefold()]
                if len(set(said)) == 1:
                    return said[0]
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignWarning:
    """One message of another office, with its own bytes."""

    id: str
    """Sender, identifier and time of sending, as CAP references name it."""
    sender: str
    identifier: str
    sent: datetime
    status: str
    """CAP status: `Actual`, `Exercise`, `System`, `Test` or `Draft`."""
    kind: MessageType
    scope: str
    references: tuple[str, ...]
    """Ids of the messages that it replaces or withdraws."""
    infos: tuple[WarningInfo, ...]
    signature: Signature
    signed_by: str
    findings: tuple[Text, ...]
    """What the message does against the rules of CAP and was read all the same."""
    original: bytes
    """As it came; a signature can be checked on nothing else."""
    feed: str
    received: datetime
    superseded_by: str = ""
    """Id of the message that replaced or withdrew it."""
    ends: datetime
    """When the last of its texts expires. [UTC]"""
    mode: Mode
    run: str
    version: int = 1

    @property
    def colour(self) -> Level | None:
        """The most serious level whose colour it states itself; None when it states none."""
        return min((info.colour for info in self.infos if info.colour), default=None)

    @property
    def level(self) -> Level | None:
        """The level of its own colour, or else the most serious that its severities mean."""
        if self.colour:
            return self.colour
        known = [LEVELS[info.severity] for info in self.infos if info.severity in LEVELS]
        return min(known, default=None)

    def is_in_force(self, at: datetime) -> bool:
        """Whether it warns for real at a time: no exercise, not withdrawn, not over, not forged."""
        return (
            self.status == "Actual"
            and self.kind is not MessageType.CANCEL
            and not self.superseded_by
            and self.signature is not Signature.BAD
            and self.sent <= at < self.ends
        )
