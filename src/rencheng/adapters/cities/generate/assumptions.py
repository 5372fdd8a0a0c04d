"""What is assumed where nothing was observed: sizes, shares, places, each a number with a name."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[float, float]
"""Longitude, latitude. [deg]"""
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A count that grows with the residents: written `{ per_100k = 2.5, least = 1 }`."""

    per_100k: float
    """For 100,000 residents."""
    least: int = 0

    def of(self, residents: float) -> int:
        """Return the count for so many residents.

        Examples
        --------
        >>> Scaled(per_100k=2.5, least=1).of(200_000)
        5
        """
        return max(self.least, round(self.per_100k * residents / 100_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Housing:
    """How people live, where no census says so."""

    people_per_dwelling: float
    vacant_share: float
    """Of all dwellings."""
    floor_m2_per_person: float
    """Of residential buildings: residents are estimated by it where nobody counted them. [m²]"""
    people_per_km2: float
    """Residents of a built-up square kilometre, where not even buildings are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """Where buildings can stand along streets."""

    spacing_m: float
    rows_m: tuple[float, ...]
    kinds: tuple[str, ...]
    main_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A kind of residential building."""

    key: str
    share: float
    """Of all dwellings."""
    dwellings: int
    use: str
    storeys: tuple[int, int]
    area_m2: float
    """Of one dwelling. [m²]"""
    on_main: float
    """How strongly it stands on main streets, 0 to 1."""
    coastal: float
    """Factor on `share` in coastal zones."""
    structures: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """A kind of building that nobody lives in."""

    key: str
    count: int
    """In the whole city; -1: one at each school, or each health site, that is known."""
    use: str
    storeys: tuple[int, int]
    area_m2: float
    structures: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """When a street was built up, and the code level of the time."""

    key: str
    share: float
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Where people are by night, day and commute."""

    home: tuple[float, float, float]
    commercial: tuple[float, float, float]
    education: tuple[float, float, float]
    industry: tuple[float, float, float]
    commercial_share: float
    education_share: float
    industry_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Sizes and places of the generated networks."""

    substations: int
    feeder_residents: float
    anchored_share: float
    pumps: int
    tanks: int
    brittle_share: float
    exchanges: int
    fire_stations: int
    warehouses: int
    hospitals: int = 0
    """Made only where no source names a hospital."""
    shelters: int = 0
    """Made only where no source names a shelter."""
    hospital_beds: float = 0.0
    """In one hospital that is made."""
    bulk: tuple[Place, ...] = ()
    """Bulk supply points of power; none: `bulk_points` of them among the people."""
    treatment: tuple[Place, ...] = ()
    """Water works; none: `treatment_plants` of them among the people."""
    wells: tuple[Place, ...] = ()
    bulk_points: int = 1
    treatment_plants: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensing:
    """How many sensors of each kind."""

    accelerometers: int
    pressure_points: int
    tide_gauge: Place | None = None
    tide_gauge_name: str = "Tide gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelters:
    """How many people a school can take."""

    area_per_person_m2: float
    school_area_m2: float
    school_area_sigma: float
    small_words: tuple[str, ...]
    small_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beds:
    """Beds of one health site, as published."""

    facility: str
    beds: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crews:
    """How many crews there are."""

    ambulance_per_base: int
    ambulance_hospital: int
    rescue_per_station: int
    repair_power: int
    repair_water: int
    roads: int
    bus: int
