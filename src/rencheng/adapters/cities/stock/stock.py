"""Buildings that a source gave, completed: type, storeys, use, dwellings, floor area, people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np

from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.generate.residents import PeopleRules, Rooms, occupants_of
from rencheng.adapters.cities.given import RawBuildings
from rencheng.adapters.cities.ground import Geometries, Ground
from rencheng.adapters.cities.numbering import draws, own_ids
from rencheng.adapters.cities.stock.classify import (
    Types,
    classify,
    drawn_numbers,
    occupancy_of,
)
from rencheng.adapters.cities.stock.footprints import (
    Footprints,
    mend,
    metres_of,
    nearest_link,
    outlines,
    taken,
    zones_of,
)
from rencheng.adapters.cities.stock.tags import Tag, coded, read_tag
from rencheng.adapters.cities.stock.taxonomy import (
    OCCUPANCIES,
    OTHERS,
    UNDECIDED,
    Spread,
    Taxonomy,
    clean,
)
from rencheng.adapters.cities.streets import Streets
from rencheng.domain.city import F32, F64, I8, I32, Buildings, Flags
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.provenance import Layer, Origin, Text

# What is taken for a slip. The tallest building has 163 storeys and 828 m (Burj Khalifa, CTBUH);
# 150 storeys is the house's limit, the others are house defaults too.
MOST_STOREYS, MOST_HEIGHT_M, FIRST_YEAR = 150, 900.0, 500
MOST_FLOOR_M2, MOST_DWELLINGS = 3e6, 20_000
# A building this near to a zone stands on its edge.
EDGE_M = 50.0
# Without storeys and height, a large footprint speaks for flats. House default. [m²]
_LARGE_M2 = 250.0
_USES, _TYPES, _STOREYS = 1, 2, 3
# HAZUS 6.1 Inventory Technical Manual, table 3-1: single family dwelling, mobile home.
_SINGLE = ("RES1", "RES2")


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What is known or drawn of each building before it gets a type."""

    tags: tuple[Tag, ...]
    tag: I32
    use: I8
    uses: tuple[str, ...]
    storeys: F64
    year: F64
    floor_m2: F64
    is_drawn: Flags
    """Whether the storeys were drawn. (buildings,)"""


def make_stock(
    raw: RawBuildings, zones_m: Geometries, streets: Streets, population: F64,
    taxonomy: Taxonomy, people_rules: PeopleRules, seed: int, ground: Ground,
) -> tuple[Buildings, tuple[DataFinding, ...], tuple[Layer, ...]]:  # fmt: skip
    """Complete buildings that a source gave; nothing that it stated is changed.

    Parameters
    ----------
    raw
        As read; rows outside all zones and outlines given twice are left out, with a finding.
    zones_m
        Zones in the projection. [m] (zones,)
    population
        Residents by zone. (zones,)
    seed
        Of what is drawn. Each building draws by its own id, so another building changes nothing.

    Returns
    -------
    buildings
        With `cell` -1: the grid finds it. `link` is the nearest street, -1 without streets.
    findings
        Of the layer `buildings`.
    layers
        `building_types` and `occupants`; their coverage is found by the build.

    Notes
    -----
    Storeys: as stated, else of the structure tag (`H:5`), else height divided by the table's
    storey height (rounded, at least 1), else drawn. Floor area: as stated, else footprint times
    storeys. Dwellings: as stated, else one in a single-family house, else the floor area of homes
    divided by the table's dwelling.
    The table's numbers are assumptions until a city gives its own.
    """
    faults = Faults("buildings")
    raw = _plausible(raw, faults)
    shapes = _footprints(raw, faults)
    raw, shapes, zone, places_m = _placed(raw, shapes, zones_m, ground, faults)
    sizes = _sizes(raw, shapes, taxonomy, seed, faults)
    types = classify(
        taxonomy, sizes.tags, sizes.tag, sizes.use, sizes.uses, sizes.storeys, sizes.year,
        draws(raw.id, seed, _TYPES),
    )  # fmt: skip
    rooms = Rooms(
        zone=zone, occupancy=sizes.uses, use=sizes.use, floor_m2=sizes.floor_m2,
        people=raw.people.astype(np.float64),
    )  # fmt: skip
    _lonely_zones(zone, population, faults)
    made = Buildings(
        id=raw.id,
        xy=raw.xy,
        zone=zone,
        cell=np.full(len(zone), -1, dtype=np.int32),
        link=nearest_link(streets.lines, places_m),
        curve=types.curve,
        curves=types.curves,
        certainty=types.certainty,
        storeys=np.clip(sizes.storeys, 1, MOST_STOREYS).astype(np.int16),
        height_m=raw.height_m.astype(np.float32),
        use=sizes.use,
        uses=sizes.uses,
        dwellings=_dwellings(raw, sizes, taxonomy),
        floor_area_m2=sizes.floor_m2.astype(np.float32),
        occupants=occupants_of(rooms, population, people_rules),
        shapes=shapes.shapes,
    )
    return made, faults.findings, _layers(raw, types, sizes, taxonomy, seed)


def heights(buildings: Buildings, taxonomy: Taxonomy) -> F32:
    """Return the height of each building: as observed, else storeys times the table's storey. [m]

    Returns
    -------
    height
        (buildings,)
    """
    storey = np.array([taxonomy.size("storey_m", name) for name in buildings.uses] or [3.0])
    guess = buildings.storeys * storey[buildings.use] if len(buildings.use) else np.empty(0)
    known = np.isfinite(buildings.height_m)
    return np.where(known, buildings.height_m, guess).astype(np.float32)


def _plausible(raw: RawBuildings, faults: Faults) -> RawBuildings:
    """Take impossible numbers as unknown, and say so."""
    this_year = date.today().year
    limits: tuple[tuple[str, float, float], ...] = (
        ("storeys", 0.5, MOST_STOREYS), ("height_m", 0.5, MOST_HEIGHT_M),
        ("year", FIRST_YEAR, this_year), ("floor_area_m2", 1.0, MOST_FLOOR_M2),
        ("dwellings", 0.0, MOST_DWELLINGS), ("people", 0.0, np.inf),
    )  # fmt: skip
    change: dict[str, Any] = {}
    for name, low, high in limits:
        value = np.asarray(getattr(raw, name), dtype=np.float32)
        with np.errstate(invalid="ignore"):
            bad = np.isfinite(value) & ~((value >= low) & (value <= high)) | np.isinf(value)
        if bad.any():
            rows = np.flatnonzero(bad)
            faults.add(
                f"building_{name}", Severity.WARNING, raw.id[rows[:5]], raw.xy[rows[:5]],
                count=rows.size, first=", ".join(f"{v:g}" for v in value[rows[:3]]),
            )  # fmt: skip
            change[name] = np.where(bad, np.nan, value).astype(np.float32)
    return replace(raw, **change) if change else raw


def _footprints(raw: RawBuildings, faults: Faults) -> Footprints:
    found = mend(raw.areas)
    for key, rows in (("mended", found.is_mended), ("lost", found.is_lost)):
        at = np.flatnonzero(rows)
        faults.add(
            f"footprints_{key}", Severity.WARNING, raw.id[at[:5]], raw.xy[at[:5]], count=at.size
        )
    return found


def _placed(
    raw: RawBuildings, shapes: Footprints, zones_m: Geometries, ground: Ground, faults: Faults
) -> tuple[RawBuildings, Footprints, I32, F64]:
    """Leave out what stands outside all zones or twice; return the zone and place of the rest."""
    places_m = metres_of(ground, raw.xy)
    zone = zones_of(zones_m, np.nan_to_num(places_m, nan=1e12), EDGE_M)
    outside = zone < 0
    _note(faults, "buildings_outside", Severity.WARNING, raw, outside)
    print_of = outlines(shapes.shapes)
    order = np.lexsort((raw.id, print_of))
    same = np.zeros(len(order), dtype=bool)
    same[order[1:]] = (print_of[order[1:]] == print_of[order[:-1]]) & (print_of[order[1:]] != 0)
    twice = same & ~outside
    _note(faults, "buildings_twice", Severity.WARNING, raw, twice)
    kept = np.flatnonzero(~outside & ~twice)
    whole = RawBuildings(**{f.name: getattr(raw, f.name)[kept] for f in fields(RawBuildings)})
    rest = Footprints(
        taken(shapes.shapes, kept), shapes.area_m2[kept], shapes.is_mended[kept],
        shapes.is_lost[kept],
    )  # fmt: skip
    return _own_ids(whole, faults), rest, zone[kept], places_m[kept]


def _note(faults: Faults, key: str, severity: Severity, raw: RawBuildings, rows: Flags) -> None:
    at = np.flatnonzero(rows)
    faults.add(key, severity, raw.id[at[:5]], raw.xy[at[:5]], count=at.size)


def _own_ids(raw: RawBuildings, faults: Faults) -> RawBuildings:
    """Give a number of its own to each building that shares its number with an earlier one."""
    new = own_ids(raw.id)
    _note(faults, "buildings_same_id", Severity.WARNING, raw, new != raw.id)
    return replace(raw, id=new)


def _sizes(
    raw: RawBuildings, shapes: Footprints, taxonomy: Taxonomy, seed: int, faults: Faults
) -> _Sizes:
    tag, texts = coded(raw.structure)
    tags = tuple(read_tag(text, taxonomy) for text in texts)
    unknown = np.array([not one.is_known for one in tags], dtype=bool)
    _unknown_tags(faults, "building_tags", raw, unknown, tag, texts)
    by_tag = np.array([one.storeys for one in tags] or [np.nan])
    stated = np.where(np.isnan(raw.storeys), by_tag[tag], raw.storeys).astype(np.float64)
    year = np.where(np.isnan(raw.year), np.array([one.year for one in tags] or [np.nan])[tag],
                    raw.year).astype(np.float64)  # fmt: skip
    guess = np.where(np.isnan(stated), raw.height_m / taxonomy.size("storey_m", OTHERS), stated)
    large = np.where(shapes.area_m2 >= _LARGE_M2, 3.0, 1.0)
    guess = np.maximum(np.where(np.isnan(guess), large, np.round(guess)), 1.0)
    bare = np.isnan(stated) & np.isnan(raw.height_m)
    use, uses = _uses(raw, taxonomy, guess, np.where(bare, shapes.area_m2, np.nan), seed, faults)
    storey = np.array([taxonomy.size("storey_m", name) for name in uses] or [3.0])[use]
    storeys = np.where(
        np.isnan(stated), np.maximum(np.round(raw.height_m / storey), 1.0), np.round(stated)
    )
    drawn = np.isnan(storeys)
    free = drawn_numbers(taxonomy, "storeys", use, uses, draws(raw.id, seed, _STOREYS))
    storeys = np.clip(np.where(drawn, free, storeys), 1.0, MOST_STOREYS)
    point = np.array([taxonomy.size("footprint_m2", name) for name in uses] or [100.0])[use]
    ground_m2 = np.where(np.isnan(shapes.area_m2), point, shapes.area_m2)
    floor = np.where(np.isnan(raw.floor_area_m2), ground_m2 * storeys, raw.floor_area_m2)
    with np.errstate(invalid="ignore"):
        odd = ~drawn & ((raw.height_m / storeys < 2.0) | (raw.height_m / storeys > 10.0))
    _note(faults, "building_storey_height", Severity.INFO, raw, odd)
    return _Sizes(tags, tag, use, uses, storeys, year, floor.astype(np.float64), drawn)


def _uses(
    raw: RawBuildings, taxonomy: Taxonomy, storeys: F64, outline_m2: F64, seed: int,
    faults: Faults,
) -> tuple[I8, tuple[str, ...]]:  # fmt: skip
    """Return the occupancy of each building: its tag's, else drawn as for all others.

    Parameters
    ----------
    outline_m2
        Area of the outline where storeys and height are unknown, else NaN: without a use it is
        all that tells a shed from a home and a home from a hall. (buildings,)
    """
    tag, texts = coded(raw.use)
    values = [_use_key(text, taxonomy) for text in texts]
    unknown = np.array([value == "" for value in values], dtype=bool)
    _unknown_tags(faults, "building_uses", raw, unknown, tag, texts)

    vague = np.array([not _decides(taxonomy, value) for value in values], dtype=bool)[tag]
    by_outline = vague & np.isfinite(outline_m2)
    tag = np.where(by_outline, len(values), tag)
    number = np.where(by_outline, np.floor(outline_m2), storeys)
    one_home = Spread(1.0, np.inf, ("RES1",), (1.0,))

    def spread(row: int, number: float) -> Spread:
        if row == len(values):
            return taxonomy.spread("outline", OTHERS, number) or one_home
        value = values[row]
        if value.isupper() and value.isascii():
            return Spread(1.0, np.inf, (value,), (1.0,))
        found = taxonomy.spread("use", value, number) if value else None
        if found is None or UNDECIDED in found.results:
            found = taxonomy.spread("use", OTHERS, number)
        return found or one_home

    return occupancy_of(taxonomy, tag, spread, number, draws(raw.id, seed, _USES))


def _decides(taxonomy: Taxonomy, value: str) -> bool:
    """Return whether a use tag says what a building is for."""
    if value in ("", OTHERS):
        return False
    said = taxonomy.rules["use"].get(value, ())
    return not any(UNDECIDED in one.results for one in said)


def _use_key(text: str, taxonomy: Taxonomy) -> str:
    """Return the table's value of a use tag, an occupancy as it is, empty for an unknown tag."""
    value = clean(text).partition(";")[0].strip()
    code = value.upper()
    code = code[:4] if code.startswith("RES3") else code
    if code in OCCUPANCIES:
        return code
    if value in ("", "nan", "none"):
        return OTHERS
    for key in (
        value,
        value.replace(" ", "_"),
        value.removesuffix("建筑"),
        value.removesuffix("用房"),
    ):
        if key in taxonomy.rules["use"]:
            return key
    return ""


def _unknown_tags(
    faults: Faults, key: str, raw: RawBuildings, unknown: Flags, tag: I32, texts: Sequence[str]
) -> None:
    if not unknown.any():
        return
    rows = np.flatnonzero(unknown[tag])
    count = np.bincount(tag, minlength=len(texts)) * unknown
    most = np.argsort(-count, kind="stable")[: min(5, int(unknown.sum()))]
    faults.add(
        f"{key}_unknown", Severity.WARNING, raw.id[rows[:5]], raw.xy[rows[:5]], count=rows.size,
        kinds=int(unknown.sum()), first=", ".join(texts[int(i)][:40] for i in most),
    )  # fmt: skip


def _dwellings(raw: RawBuildings, sizes: _Sizes, taxonomy: Taxonomy) -> np.ndarray:
    """Return dwellings: as stated, else floor area of homes over the size of one. (buildings,)"""
    size = np.array([taxonomy.size("dwelling_m2", name) for name in sizes.uses] or [0.0])[sizes.use]
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = np.where(size > 0, np.maximum(np.round(sizes.floor_m2 / size), 1.0), 0.0)
    single = np.array([name in _SINGLE for name in sizes.uses] or [False])[sizes.use]
    guess = np.where(single, 1.0, guess)
    found = np.where(np.isnan(raw.dwellings), guess, np.round(raw.dwellings))
    return np.clip(found, 0, np.iinfo(np.int16).max).astype(np.int16)


def _lonely_zones(zone: I32, population: F64, faults: Faults) -> None:
    built = np.bincount(zone, minlength=population.size) > 0
    lonely = np.flatnonzero(~built & (np.nan_to_num(population) > 0))
    faults.add(
        "zones_no_building", Severity.WARNING, [int(row) for row in lonely],
        people=round(float(population[lonely].sum())),
    )  # fmt: skip


def _layers(
    raw: RawBuildings, types: Types, sizes: _Sizes, taxonomy: Taxonomy, seed: int
) -> tuple[Layer, ...]:
    stated = int(types.is_stated.sum())
    note = {"stated": stated, "drawn": len(raw.id) - stated, "storeys": int(sizes.is_drawn.sum())}
    version = f"{taxonomy.name}, seed {seed}"
    # Types of which the source says nothing are the table's shares, drawn from the seed.
    types_from = Origin.DERIVED if stated else Origin.SYNTHETIC
    return tuple(
        Layer(
            name=name,
            origin=origin,
            source=f"rencheng taxonomy {taxonomy.name}",
            licence="Apache-2.0",
            version=version,
            count=len(raw.id),
            coverage=0.0,
            notes=Text(f"layer.{name}.note", params),
        )
        for name, origin, params in (
            ("building_types", types_from, note),
            ("occupants", Origin.DERIVED, {}),
        )  # fmt: skip
    )
