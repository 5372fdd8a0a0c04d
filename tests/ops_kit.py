"""A whole house on a temporary store, with clocks in the hand of the test."""

from __future__ import annotations

from datetime import UTC, datetime

from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.provenance import Origin

T0 = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
GAUGE = Datastream(
    id="tide", name="tide", quantity=Quantity.WATER_LEVEL, unit="m", xy=(-71.3, -29.9), asset="",
    zone=0, interval_s=60.0, low=-6.0, high=8.0, rate=0.05, stuck_after=4, is_vital=True,
    origin=Origin.SYNTHETIC,
)  # fmt: skip
