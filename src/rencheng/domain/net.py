"""How well the sensing net sees the city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rencheng.domain.city import F64, I32, Flags, Sector
from rencheng.domain.observation import Quantity

SECTORS: dict[Quantity, Sector] = {
    Quantity.FEEDER_STATE: Sector.ENERGY,
    Quantity.WATER_PRESSURE: Sector.WATER,
    Quantity.FREE_BEDS: Sector.MEDICAL,
}
"""Sector that a quantity tells of; all others tell of the environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetHealth:
    """Coverage and uptime of the sensing net by quantity and zone."""

    at: datetime
    """[UTC]"""
    since: datetime
    """Begin of the time that uptime is counted over. [UTC]"""
    quantities: tuple[Quantity, ...]
    expected: Flags
    """Whether the zone has something that this quantity should tell of. (quantities, zones)"""
    seen: Flags
    """Whether a stream that can be relied on now tells of it. (quantities, zones)"""
    streams: I32
    """Streams in the zone. (quantities, zones)"""
    ok: I32
    """Those of them that can be relied on now. (quantities, zones)"""
    uptime: F64
    """Mean share of the hours in which a good value came; NaN: no stream. (quantities, zones)"""

    def sector(self, row: int) -> Sector:
        """Return the sector of a quantity's row."""
        return SECTORS.get(self.quantities[row], Sector.ENVIRONMENT)

    def blind(self) -> Flags:
        """Return which quantities nobody tells of though they should. (quantities, zones)"""
        return self.expected & ~self.seen

    def seen_share(self) -> F64:
        """Return the share of what should be told of each zone that is; NaN: nothing should."""
        expected = self.expected.sum(axis=0)
        seen = (self.expected & self.seen).sum(axis=0)
        found: F64 = seen / expected.astype(float).clip(min=1.0)
        found[expected == 0] = float("nan")
        return found
