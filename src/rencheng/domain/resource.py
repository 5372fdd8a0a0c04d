"""Who can act and with what: organisations, teams, stocks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OrganisationKind(StrEnum):
    """Parties of the collaboration layer."""

    EMERGENCY = "emergency"
    UTILITY = "utility"
    HOSPITAL = "hospital"
    COMMUNITY = "community"
    RESIDENTS = "residents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A party with duties and a territory."""

    id: str
    name_zh: str
    name_en: str
    kind: OrganisationKind
    duties: tuple[str, ...]
    """Kinds of task it takes, such as `evacuate`, `repair_power`, `repair_water`, `ambulance`."""
    zones: tuple[int, ...]
    """Rows in `Zones` it is responsible for; empty: the whole city."""


class TeamKind(StrEnum):
    """What a team can do."""

    AMBULANCE = "ambulance"
    RESCUE = "rescue"
    REPAIR_POWER = "repair_power"
    REPAIR_WATER = "repair_water"
    ROADS = "roads"
    BUS = "bus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A crew with a base."""

    id: str
    organisation: str
    kind: TeamKind
    facility: str
    """Id of the facility it starts from."""
    capacity: float
    """Patients or passengers a trip, or crew members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Goods in a warehouse."""

    facility: str
    item: str
    """`water_l`, `food_kcal`, `tent`, `blanket`."""
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A team on its way to a place for a task."""

    team: str
    task: str
    xy: tuple[float, float]
    eta_s: float
    """NaN: cannot be reached. [s]"""
