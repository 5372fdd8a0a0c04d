"""A run of the clock: live, or a replay, drill or test that never mixes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.domain.provenance import Mode

LIVE_RUN = "live"
MAX_SPEED = 600.0


class Phase(StrEnum):
    """The mode of the city as the top bar shows it: 平时 / 预警 / 应急 / 恢复."""

    ORDINARY = "ordinary"
    WARNING = "warning"
    EMERGENCY = "emergency"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One clock and everything that happens under it."""

    id: str
    mode: Mode
    scenario: str
    """Id of the scenario; empty when live."""
    city_version: str
    started: datetime
    """Wall time of the start. [UTC]"""
    sim_start: datetime
    sim_end: datetime
    anchor_sim: datetime
    """Simulated time at `anchor_wall`. [UTC]"""
    anchor_wall: datetime
    speed: float
    """Simulated seconds per wall second; 0 while paused."""
    is_over: bool = False
    version: int = 1

    def now(self, wall: datetime) -> datetime:
        """Return the run's time at wall time `wall`, never past its end. [UTC]"""
        if self.mode is Mode.LIVE:
            return wall
        passed = max(0.0, (wall - self.anchor_wall).total_seconds()) * self.speed
        return min(self.anchor_sim + timedelta(seconds=passed), self.sim_end)

    def with_speed(self, speed: float, wall: datetime) -> Run:
        """Run on at `speed` (0: pause)."""
        if not 0.0 <= speed <= MAX_SPEED:
            problem = f"speed {speed} is outside 0 to {MAX_SPEED:g}"
            raise InvalidInputError(
                "run.speed",
                problem,
                hint="Choose ×1 to ×600, or 0 to pause",
                params={"speed": speed},
            )
        self._must_be_open()
        return replace(self, anchor_sim=self.now(wall), anchor_wall=wall, speed=speed)

    def jumped_to(self, sim: datetime, wall: datetime) -> Run:
        """Jump forward to `sim`; what lies between is delivered at once."""
        self._must_be_open()
        if not self.now(wall) <= sim <= self.sim_end:
            problem = f"{sim.isoformat()} is not between now and the end of the run"
            raise InvalidInputError(
                "run.jump",
                problem,
                hint="Jump forward; start the replay again to go back",
                params={"time": sim.isoformat()},
            )
        return replace(self, anchor_sim=sim, anchor_wall=wall)

    def _must_be_open(self) -> None:
        if self.is_over or self.mode is Mode.LIVE:
            raise ConflictError(
                "run.over",
                f"run {self.id} is over or live",
                hint="Start a new replay",
            )
