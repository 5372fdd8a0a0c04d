"""The sensing net: coverage, uptime, blind spots."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from rencheng.api.shapes.common import Shape, WhyOut

SectorName = Literal["transport", "medical", "water", "energy", "environment", "services"]


class NetRowOut(Shape):
    """One quantity in one district."""

    zone: int
    zone_name: str
    quantity: str
    sector: SectorName
    residents: float | None
    streams: int
    ok: int
    """Streams that can be relied on now."""
    uptime: float | None
    """Mean share of the hours in which a good value came; null: no stream."""
    expected: bool
    """Whether the district has something that the quantity should tell of."""
    seen: bool
    """Whether a stream that can be relied on now tells of it."""


class NetTotalOut(Shape):
    """One quantity in the whole city."""

    quantity: str
    sector: SectorName
    streams: int
    health: dict[str, int]
    """Streams by health: ok, stuck, silent, suspect, never."""
    uptime: float | None
    districts: int
    """Districts that should be told of."""
    districts_seen: int
    residents: float | None
    """People who live in those districts."""
    residents_seen: float | None


class NetOut(Shape):
    """How well the sensing net sees the city now."""

    at: AwareDatetime
    since: AwareDatetime
    """Begin of the time that uptime is counted over."""
    totals: list[NetTotalOut]
    rows: list[NetRowOut]
    why: WhyOut
