"""Sector boards: state, forecast, proposed measures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rencheng.domain.city import Sector
from rencheng.domain.provenance import Figure, Text, Why


class Light(StrEnum):
    """The lamp of a sector; grey means unknown and is never green."""

    NORMAL = "normal"
    STRAINED = "strained"
    FAILING = "failing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What the sector board suggests."""

    text: Text
    reason: Text
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorBoard:
    """One sector on one screen."""

    sector: Sector
    light: Light
    headline: Text
    state: tuple[Figure, ...]
    forecast: tuple[Figure, ...]
    """Figures by horizon; keys end in `_24h`, `_72h`, …"""
    measures: tuple[Measure, ...]
    why: Why
