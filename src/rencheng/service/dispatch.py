"""Teams on their way: who drives where, along roads that are likely open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.impact import Impact
from rencheng.domain.incident import Task, TaskStatus
from rencheng.domain.resource import Team
from rencheng.model.networks.roads import route

CLOSED_FROM = 0.5
"""Share of samples with debris from which a link counts as closed. No source: our choice."""
UNDER_WAY = {TaskStatus.ASSIGNED, TaskStatus.ACKNOWLEDGED}
_KEPT = 500
Line = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A team with a task, and its way there."""

    team: Team
    task: Task
    start: tuple[float, float]
    line: Line
    """Empty: no way on roads that are likely open, or none known."""
    eta_s: float
    """Free-flow driving time from the base; infinity: no way, NaN: unknown. [s]"""


@dataclass(slots=True)
class Dispatcher:
    """Finds ways and remembers them while the city and the blocked roads stay the same."""

    _ways: dict[tuple[int, int], tuple[Line, float]] = field(default_factory=dict)
    _key: tuple[str, bytes] = ("", b"")
    _lock: Lock = field(default_factory=Lock)

    def trips(self, city: City, tasks: Iterable[Task], impact: Impact | None) -> list[Trip]:
        """Return the trips of tasks that name a team and are not done."""
        blocked = impact.access.blocked_share >= CLOSED_FROM if impact is not None else None
        with self._lock:
            key = (city.version, b"" if blocked is None else np.packbits(blocked).tobytes())
            if key != self._key or len(self._ways) > _KEPT:
                self._ways, self._key = {}, key
            found = [self._trip(city, task, blocked) for task in tasks if task.status in UNDER_WAY]
        return [trip for trip in found if trip is not None]

    def _trip(self, city: City, task: Task, blocked: np.ndarray | None) -> Trip | None:
        team = next((one for one in city.teams if one.id == task.team), None)
        if team is None or team.facility not in city.facilities.id:
            return None
        if not np.isfinite(task.xy).all():
            return None
        base = city.facilities.id.index(team.facility)
        nodes = int(city.facilities.road_node[base]), _nearest_node(city, task.xy)
        if nodes not in self._ways:
            line, seconds = route(city, blocked, *nodes)
            self._ways[nodes] = tuple((float(x), float(y)) for x, y in line), seconds
        line_xy, eta = self._ways[nodes]
        start = city.facilities.xy[base]
        return Trip(
            team=team, task=task, start=(float(start[0]), float(start[1])), line=line_xy, eta_s=eta
        )


def _nearest_node(city: City, xy: tuple[float, float]) -> int:
    """Return the nearest road node."""
    # Degrees of longitude are shorter than those of latitude away from the equator.
    scale = np.array([np.cos(np.radians(xy[1])), 1.0])
    return int((((city.roads.node_xy - np.array(xy)) * scale) ** 2).sum(axis=1).argmin())
