"""The recipe of a city: what to read, what to do about gaps, and every assumption with a name."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec

from rencheng.adapters.cities.forms import fill
from rencheng.adapters.cities.generate.assumptions import (
    Beds,
    Crews,
    Era,
    Home,
    Housing,
    Lots,
    Networks,
    Place,
    Presence,
    Range,
    Scaled,
    Sensing,
    Shelters,
    Workplace,
)
from rencheng.adapters.cities.packages import Package
from rencheng.adapters.cities.readers import Box, Source
from rencheng.adapters.files import data_folder, read_toml
from rencheng.domain.errors import Fault, InvalidInputError, NotFoundError
from rencheng.domain.resource import OrganisationKind

SCHEMA = "rencheng.city-recipe/2"
RECIPE, DEFAULTS = "recipe.toml", "defaults.toml"
Choice = Literal["generate", "leave"]
_REGISTERS = {"health_sites": "health-sites.csv", "schools": "schools.csv"}
_EXTRAS = {"facts": "facts.toml", "organisations": "organisations.toml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coast:
    """The part of the zones' outer edge that is the sea, and the planning band along it."""

    north: Place
    south: Place
    band_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The management grid."""

    kind: Literal["squares", "h3", "zones"] = "squares"
    prefix: str = "G"
    side_m: float
    """Of squares. [m]"""
    smallest_m2: float
    """A smaller piece of a square goes to its neighbour. [m²]"""
    resolution: int = 9
    """Of H3 cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Districts:
    """Zones where no source gives any: squares cut from the boundary."""

    side_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeTable:
    """Which table turns building tags into types."""

    file: str = ""
    """File beside the recipe; empty: the one that is shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What to do about a layer that no source gives."""

    population: Choice
    buildings: Choice
    power: Choice
    water: Choice
    telecom: Choice
    facilities: Choice
    dependencies: Choice
    sensors: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Where a list that lies beside the recipe comes from."""

    source: str
    licence: str
    version: str
    as_of: str = ""
    crs: str = ""


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
    """Everything that decides what a city becomes, apart from the sources' files."""

    schema: Literal["rencheng.city-recipe/2"]
    id: str
    name_zh: str
    name_en: str
    timezone: str
    seed: int = 1
    epsg: int = 0
    """Projected system in which lengths are measured; 0: the UTM zone of the middle."""
    bbox: Box | None = None
    """Only what touches it is read, and without boundary or zones it is the city's edge."""
    jurisdiction: str = ""
    valid_from: str = ""
    status: str = "unverified"
    packages: tuple[Package, ...] = ()
    sources: tuple[Source, ...] = ()
    missing: Missing
    grid: Cells
    zones: Districts
    taxonomy: TypeTable = TypeTable()
    coast: Coast | None = None
    registers: dict[str, Register] = field(default_factory=dict)
    """Lists beside the recipe: `health_sites` and `schools` (CSV), `beds`, `facts`."""
    notes: dict[str, str] = field(default_factory=dict)
    """Remarks on layers, by the layer's name: a key of the words, or a sentence."""
    housing: Housing
    speeds_km_h: dict[str, float]
    lots: Lots
    homes: tuple[Home, ...]
    workplaces: tuple[Workplace, ...]
    eras: tuple[Era, ...]
    people: Presence
    networks: Networks
    sensors: Sensing
    shelters: Shelters
    beds: tuple[Beds, ...] = ()
    backups: dict[str, Range]
    teams: Crews
    stocks: dict[str, float]
    facts: dict[str, Fact] = field(default_factory=dict)
    organisations: tuple[Party, ...] = ()
    health_sites: tuple[Site, ...] = ()
    schools: tuple[Site, ...] = ()
    scaled: dict[str, Scaled] = field(default_factory=dict)
    """Counts that follow the residents, by the path of the field; see `settle`."""
    folder: str = field(default="", compare=False)
    """Where the recipe lies: paths of sources start there."""


def settle(recipe: Recipe, residents: float) -> Recipe:
    """Return the recipe with every count that follows the residents worked out."""
    body = msgspec.json.decode(msgspec.json.encode(recipe))
    for path, scale in recipe.scaled.items():
        *above, last = path.split(".")
        table = body
        for step in above:
            table = table[int(step)] if isinstance(table, list) else table[step]
        table[last] = scale.of(residents)
    return msgspec.convert(body, Recipe)


def recipe_file(name: str) -> Path:
    """Return the file of a recipe: a shipped one by name, a folder that holds one, or the file.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    shipped = data_folder() / "cities"
    for file in (shipped / name / RECIPE, Path(name) / RECIPE, Path(name)):
        if file.is_file():
            return file
    known = sorted(p.parent.name for p in shipped.glob(f"*/{RECIPE}"))
    raise NotFoundError(
        "city.no_recipe",
        f"there is no recipe {name!r}; known: {', '.join(known)}",
        hint="Name one of them, or a folder that holds a recipe.toml",
        params={"name": name, "known": ", ".join(known)},
    )


def recipe_folder(name: str) -> Path:
    """Return the folder of a recipe."""
    return recipe_file(name).parent


def city_id(name: str) -> str:
    """Return the id of a city that is named by its id, or by the folder or file of its recipe.

    A recipe that is being edited need not be whole: its id alone is read.
    """
    file = Path(name) / "recipe.toml" if Path(name).is_dir() else Path(name)
    try:
        found = read_toml(file).get("id")
    except (OSError, InvalidInputError):
        return name
    return found if isinstance(found, str) and found else name


def load_recipe(name: str) -> Recipe:
    """Read a recipe, the facts and lists beside it, and the house's assumptions for the rest.

    Raises
    ------
    NotFoundError
        When there is no such recipe.
    InvalidInputError
        When a file of it is not readable; `faults` name every field that is missing, misspelt or
        impossible.
    """
    from rencheng.adapters.cities.recipe_faults import faults_of

    file = recipe_file(name)
    table = read_toml(file)
    if str(table.get("schema", SCHEMA)) != SCHEMA:
        raise _faulty(file, [_old_schema(str(table["schema"]))])
    base = read_toml(data_folder() / "cities" / DEFAULTS)
    table = _filled(base, table) | {"packages": _packages(base, table)}
    for key, extra in _EXTRAS.items():
        if (file.parent / extra).is_file():
            table[key] = read_toml(file.parent / extra).get(key, {})
    scaled: dict[str, dict[str, Any]] = {}
    table = _without_scales(table, "", scaled)
    registers = table.get("registers", {})
    for key, name in _REGISTERS.items():
        table[key] = _sites(file.parent / name) if key in registers else []
    table |= {"scaled": scaled, "folder": str(file.parent)}
    recipe, faults = fill(Recipe, table)
    faults += faults_of(table)
    if faults:
        raise _faulty(file, faults)
    return recipe  # type: ignore[no-any-return]


def _filled(base: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table with what only the base states; lists are taken whole."""
    found = dict(base)
    for key, value in table.items():
        under = found.get(key)
        is_table = isinstance(value, dict) and isinstance(under, dict) and "per_100k" not in under
        found[key] = _filled(under, value) if is_table else value  # type: ignore[arg-type]
    return found


def _packages(base: Mapping[str, Any], table: Mapping[str, Any]) -> Any:
    """Return the recipe's packages, and those that every city needs."""
    own = table.get("packages", [])
    if not isinstance(own, list):
        return own
    named = {one.get("name") for one in own if isinstance(one, dict)}
    return [*own, *(one for one in base.get("packages", []) if one["name"] not in named)]


def _without_scales(value: Any, path: str, scaled: dict[str, dict[str, Any]]) -> Any:
    """Return the table with each `{ per_100k, least }` replaced by its least; remember them."""
    if isinstance(value, dict):
        if "per_100k" in value and value.keys() <= {"per_100k", "least"}:
            scaled[path] = value
            return value.get("least", 0)
        dot = f"{path}." if path else ""
        return {k: _without_scales(v, f"{dot}{k}", scaled) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_scales(v, f"{path}.{i}", scaled) for i, v in enumerate(value)]
    return value.isoformat() if isinstance(value, date) else value


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


def _old_schema(found: str) -> Fault:
    return Fault(
        where="schema",
        key="city.old_schema",
        problem=f"schema: {found} is not {SCHEMA}",
        hint="write a new one with `rencheng city new`",
        first=(found, SCHEMA),
    )


def _faulty(file: Path, faults: list[Fault]) -> InvalidInputError:
    """Name every fault of a recipe at once."""
    said = "; ".join(f"{fault.problem} ({fault.hint})" for fault in faults[:5])
    return InvalidInputError(
        "city.recipe_faults",
        f"{file.name} has {len(faults)} fault(s): {said}",
        hint="Mend the fields named; `rencheng city new` writes one with every field explained",
        params={"file": file.name, "count": len(faults)},
        faults=faults,
    )


def _unreadable(file: Path, problem: str) -> InvalidInputError:
    return InvalidInputError(
        "city.recipe",
        f"{file.name}: {problem}",
        hint="Compare it with data/cities/coquimbo, which is complete",
        params={"file": file.name, "problem": problem},
    )
