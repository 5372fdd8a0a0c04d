"""The recipe of a city: what to read, where from, and every assumption as a number with a name."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rencheng.adapters.cities.packages import Package
from rencheng.adapters.files import data_folder
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.resource import OrganisationKind

Place = tuple[float, float]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Where zones, streets and buses stand: an AequilibraE project inside a package."""

    package: str
    archive: str
    network: str
    transit: str
    drop_link_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coast:
    """The part of the zones' outer edge that is the sea, and the planning band along it."""

    north: Place
    south: Place
    band_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The management grid."""

    side_m: float
    smallest_m2: float
    prefix: str


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
    """In the whole city; -1: one at each registered site."""
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

    bulk: tuple[Place, ...]
    substations: int
    feeder_residents: float
    anchored_share: float
    treatment: tuple[Place, ...]
    wells: tuple[Place, ...]
    pumps: int
    tanks: int
    brittle_share: float
    exchanges: int
    fire_stations: int
    warehouses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensing:
    """How many sensors of each kind."""

    accelerometers: int
    pressure_points: int
    tide_gauge: Place


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """An organisation; `commune` limits it to the zones of one commune."""

    id: str
    name_zh: str
    name_en: str
    kind: OrganisationKind
    duties: tuple[str, ...]
    commune: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A public figure with its source."""

    value: float
    unit: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A registered health site or school."""

    code: str
    name: str
    kind: str
    emergency: str
    commune: str
    xy: Place
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what a city becomes, apart from the packages' files."""

    id: str
    name_zh: str
    name_en: str
    timezone: str
    epsg: int
    seed: int
    packages: tuple[Package, ...]
    project: Project
    coast: Coast
    speeds_km_h: dict[str, float]
    grid: Cells
    lots: Lots
    homes: tuple[Home, ...]
    workplaces: tuple[Workplace, ...]
    eras: tuple[Era, ...]
    people: Presence
    networks: Networks
    sensors: Sensing
    shelters: Shelters
    beds: tuple[Beds, ...]
    backups: dict[str, Range]
    teams: Crews
    stocks: dict[str, float]
    facts: dict[str, Fact] = field(default_factory=dict)
    organisations: tuple[Party, ...] = ()
    health_sites: tuple[Site, ...] = ()
    schools: tuple[Site, ...] = ()


def recipe_folder(name: str) -> Path:
    """Return the folder of a recipe: a shipped one by name, or a folder of the reader's own."""
    for folder in (data_folder() / "cities" / name, Path(name)):
        if (folder / "recipe.toml").is_file():
            return folder
    known = sorted(p.parent.name for p in (data_folder() / "cities").glob("*/recipe.toml"))
    raise NotFoundError(
        "city.no_recipe",
        f"there is no recipe {name!r}; known: {', '.join(known)}",
        hint="Name one of them, or a folder that holds a recipe.toml",
        params={"name": name, "known": ", ".join(known)},
    )


def load_recipe(name: str) -> Recipe:
    """Read a recipe and the facts beside it.

    Raises
    ------
    NotFoundError
        When there is no such recipe.
    InvalidInputError
        When a file of it is not readable or a field is missing, misspelt or of the wrong kind.
    """
    folder = recipe_folder(name)
    table = _toml(folder / "recipe.toml")
    for extra in ("facts", "organisations"):
        file = folder / f"{extra}.toml"
        if file.is_file():
            table[extra] = _toml(file).get(extra, {})
    table["health_sites"] = _sites(folder / "health-sites.csv")
    table["schools"] = _sites(folder / "schools.csv")
    try:
        return msgspec.convert(table, Recipe)
    except msgspec.ValidationError as error:
        raise _unreadable(folder / "recipe.toml", str(error)) from error


def _toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unreadable(file, str(error)) from error


def _sites(file: Path) -> list[dict[str, object]]:
    """Return the rows of a register of sites; lines with # are remarks."""
    if not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8").splitlines()
    sites: list[dict[str, object]] = []
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        try:
            place = (float(row["lon"]), float(row["lat"]))
            sites.append(
                {
                    "code": row["code"],
                    "name": row["name"],
                    "kind": row.get("type") or row.get("kind") or "",
                    "emergency": row.get("emergency") or "",
                    "commune": row["commune"],
                    "xy": place,
                    "is_open": row["is_open"] == "1",
                }
            )
        except (KeyError, ValueError) as error:
            raise _unreadable(file, f"row {len(sites) + 1}: {error}") from error
    return sites


def _unreadable(file: Path, problem: str) -> InvalidInputError:
    return InvalidInputError(
        "city.recipe",
        f"{file.name}: {problem}",
        hint="Compare it with data/cities/coquimbo, which is complete",
        params={"file": file.name, "problem": problem},
    )
