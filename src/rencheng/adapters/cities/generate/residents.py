"""People in buildings that a source gave: residents of a zone spread over its floor area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rencheng.domain.city import F32, F64, I32, Flags

Times = tuple[float, float, float]


class PeopleRules(Protocol):
    """Where people are by night, day and commute; see `[people]` of a recipe."""

    @property
    def home(self) -> Times:
        """Share of residents at home."""
        ...

    @property
    def commercial(self) -> Times:
        """Share of the most people that offices and shops hold."""
        ...

    @property
    def education(self) -> Times:
        """Share of the most people that schools hold."""
        ...

    @property
    def industry(self) -> Times:
        """Share of the most people that works hold."""
        ...

    @property
    def commercial_share(self) -> float:
        """Most people in offices and shops, as a share of residents."""
        ...

    @property
    def education_share(self) -> float:
        """Most people in schools, as a share of residents."""
        ...

    @property
    def industry_share(self) -> float:
        """Most people in works, as a share of residents."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What decides who is in a building."""

    zone: I32
    occupancy: tuple[str, ...]
    use: np.ndarray
    """Row in `occupancy`. (buildings,)"""
    floor_m2: F64
    people: F64
    """Residents where the source counts them; NaN unknown. (buildings,)"""


# Nobody works in a garage, nor, for the table of occupancies, at a building site.
_EMPTY = ("COM10", "IND6")
_GROUPS = {
    "commercial": ("COM", "GOV", "REL"),
    "education": ("EDU",),
    "industry": ("IND", "AGR"),
}


def occupants_of(rooms: Rooms, population: F64, rules: PeopleRules) -> F32:
    """Return people inside by night, day and commute. (3, buildings)

    Parameters
    ----------
    population
        Residents by zone; NaN unknown. (zones,)

    Notes
    -----
    Residents of a zone are spread over its homes in proportion to floor area, after what the
    source counts; by night those at work are missing at home, so that the night of each zone adds
    up to its residents. A zone without homes puts its residents into whatever stands there.
    """
    zones = population.size
    count = len(rooms.zone)
    living = _residents(rooms, population)
    total = float(living.sum())
    inside = np.zeros((3, count))
    for name, prefixes in _GROUPS.items():
        weight = np.where(_is_any(rooms, prefixes), rooms.floor_m2, 0.0)
        if weight.sum() > 0:
            most = total * getattr(rules, f"{name}_share")
            inside += np.array(getattr(rules, name))[:, None] * (weight / weight.sum() * most)
    by_night = np.bincount(rooms.zone, weights=inside[0], minlength=zones)
    at_home = np.bincount(rooms.zone, weights=living, minlength=zones)
    # Nobody is at work by night in a zone beyond its own residents.
    cap = np.minimum(1.0, at_home / np.maximum(by_night, 1e-9))
    inside[0] *= cap[rooms.zone]
    left = np.where(at_home > 0, 1.0 - by_night * cap / np.maximum(at_home, 1e-9), 0.0)
    found = inside + np.array(rules.home)[:, None] * living
    found[0] = inside[0] + left[rooms.zone] * living
    return found.astype(np.float32)


def _is_any(rooms: Rooms, prefixes: tuple[str, ...]) -> Flags:
    wanted = [name.startswith(prefixes) and name not in _EMPTY for name in rooms.occupancy]
    found: Flags = np.array(wanted, dtype=bool)[rooms.use]
    return found


def _residents(rooms: Rooms, population: F64) -> F64:
    """Return the residents of each building. (buildings,)"""
    zones = population.size
    floor = np.where(rooms.floor_m2 > 0, rooms.floor_m2, 1.0)
    is_home = _is_any(rooms, ("RES",)) | (rooms.people > 0)
    for others in (~_is_any(rooms, ("RES",)) & _is_any(rooms, ("COM", "GOV", "REL", "EDU", "IND",
                   "AGR")), np.ones(len(floor), dtype=bool)):  # fmt: skip
        homeless = np.bincount(rooms.zone, weights=is_home, minlength=zones) == 0
        is_home = is_home | (others & homeless[rooms.zone])
    counted = np.where(rooms.people >= 0, rooms.people, 0.0)
    known = np.bincount(rooms.zone, weights=counted, minlength=zones)
    people = np.where(np.nan_to_num(population) > 0, population, known)
    is_open = is_home & np.isnan(rooms.people)
    room = np.bincount(rooms.zone, weights=np.where(is_open, floor, 0.0), minlength=zones)
    rest = np.maximum(people - known, 0.0) / np.maximum(room, 1e-9)
    weight = counted + np.where(is_open, floor * rest[rooms.zone], 0.0)
    given = np.bincount(rooms.zone, weights=weight, minlength=zones)
    # A zone whose only homes are counted as empty still houses its residents.
    dry = (given <= 0) & (people > 0)
    weight = np.where(dry[rooms.zone] & is_home, floor, weight)
    given = np.bincount(rooms.zone, weights=weight, minlength=zones)
    found: F64 = weight * (people / np.maximum(given, 1e-9))[rooms.zone]
    return found
