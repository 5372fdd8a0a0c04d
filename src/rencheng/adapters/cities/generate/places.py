"""Places with a public duty: registered health sites and schools, generated stations and depots."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count as numbers

import numpy as np

from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.given import RawPlaces
from rencheng.adapters.cities.ground import Ground, nearest_row, row_of
from rencheng.adapters.cities.land import Land
from rencheng.adapters.cities.recipe import Recipe, Site
from rencheng.adapters.cities.streets import Streets
from rencheng.domain.city import F64, I32, Facilities
from rencheng.domain.finding import Severity

# Types of the Chilean register of health establishments, in this house's words. A `Clínica` is a
# private hospital: the one here is of the third level and has a hospital emergency unit.
HEALTH_KINDS = {
    "Hospital": "hospital",
    "Clínica": "hospital",
    "Servicio de Atención Primaria de Urgencia (SAPU)": "urgent_care",
    "Servicio de Atención Primaria de Urgencia de Alta Resolutividad (SAR)": "urgent_care",
    "Servicio de Urgencia Rural (SUR)": "urgent_care",
    "Centro de Salud Familiar (CESFAM)": "primary_care",
    "Centro Comunitario de Salud Familiar (CECOSF)": "primary_care",
    "Centro de Diálisis": "dialysis",
    "Centro Comunitario de Salud Mental (COSAM)": "mental_health",
}
# Fragility of the main building by kind of facility. No source: the registers state no structure.
CURVES = {
    "hospital": "LF.C2.M.MC",
    "urgent_care": "LF.RM1.L.HC",
    "primary_care": "LF.RM1.L.HC",
    "dialysis": "LF.RM1.L.MC",
    "mental_health": "LF.RM1.L.MC",
    "clinic": "LF.RM1.L.MC",
    "shelter": "LF.RM1.L.MC",
    "fire_station": "LF.RM1.L.MC",
    "ambulance_station": "LF.RM1.L.MC",
    "warehouse": "LF.S3.MC",
    "command_centre": "LF.C1.L.HC",
}


HEALTH = frozenset(
    {
        "hospital",
        "clinic",
        "urgent_care",
        "primary_care",
        "dialysis",
        "mental_health",
        "ambulance_station",
    }  # fmt: skip
)
SCHOOLS = frozenset({"shelter"})
STATIONS = frozenset({"fire_station", "warehouse", "command_centre"})


@dataclass(frozen=True, slots=True)
class Spots:
    """Facilities before they become columns."""

    id: list[str]
    name: list[str]
    kind: list[str]
    place: list[F64]
    """In metres."""
    beds: list[float]
    shelter: list[float]
    emergency: list[bool]
    commune: list[str]
    dropped: dict[str, int]
    """Known places that lie outside the zones, by layer."""
    made: set[int]
    """Rows of facilities that are generated."""
    faults: Faults
    """What was wrong with those given."""

    def add(self, ident: str, name: str, kind: str, place: F64) -> None:
        """Add a facility of which nothing more is known."""
        self.id.append(ident)
        self.name.append(name)
        self.kind.append(kind)
        self.place.append(place)
        self.beds.append(float("nan"))
        self.shelter.append(float("nan"))
        self.emergency.append(False)
        self.commune.append("")


def registered(recipe: Recipe, land: Land, ground: Ground) -> Spots:
    """Return the open health sites and schools that lie in the zones."""
    spots = Spots([], [], [], [], [], [], [], [], {}, set(), Faults("facilities"))
    rng = np.random.default_rng([recipe.seed, 3])
    beds = {b.facility: b.beds for b in recipe.beds}
    for site, place in _inside(recipe.health_sites, land, ground, spots, "health_sites"):
        spots.add(f"health-{site.code}", site.name, HEALTH_KINDS.get(site.kind, "clinic"), place)
        spots.beds[-1] = beds.get(site.code, float("nan"))
        spots.emergency[-1] = bool(site.emergency)
        spots.commune[-1] = site.commune
    for site, place in _inside(recipe.schools, land, ground, spots, "schools"):
        spots.add(f"school-{site.code}", site.name, "shelter", place)
        spots.shelter[-1] = _shelter_places(recipe, site.name, rng)
        spots.commune[-1] = site.commune
    return spots


def _inside(
    sites: tuple[Site, ...], land: Land, ground: Ground, spots: Spots, kind: str
) -> list[tuple[Site, F64]]:
    """Return the sites in operation that lie in a zone, and count the others."""
    is_open = [site for site in sites if site.is_open]
    if not is_open:
        return []
    places = ground.metres(np.array([site.xy for site in is_open]))
    zone = row_of(land.areas, places)
    spots.dropped[kind] = int((zone < 0).sum())
    return [(s, p) for s, p, z in zip(is_open, places, zone, strict=True) if z >= 0]


def add_given(
    spots: Spots, raw: RawPlaces | None, recipe: Recipe, land: Land, ground: Ground
) -> Spots:
    """Add the facilities that a source gives and that lie in a zone.

    The floor area of a shelter is drawn where the source does not say how many people it takes,
    if the recipe lets facilities be generated; else it stays unknown.
    """
    if raw is None or len(raw.id) == 0:
        return spots
    rng = np.random.default_rng([recipe.seed, 31])
    places = ground.metres(raw.xy)
    inside = row_of(land.areas, places) >= 0
    spots.dropped["facilities"] = int((~inside).sum())
    _note(spots, "facilities_outside", raw, np.flatnonzero(~inside))
    taken = set(spots.id)
    beds = {b.facility: b.beds for b in recipe.beds}
    twice: list[int] = []
    for row in np.flatnonzero(inside):
        ident = str(raw.id[row])
        if ident in taken:
            twice.append(int(row))
            ident = _free(ident, taken)
        taken.add(ident)
        spots.add(ident, str(raw.name[row]), str(raw.kind[row]), places[row])
        spots.beds[-1] = beds.get(ident, float(raw.beds[row]))
        spots.emergency[-1] = bool(raw.has_emergency[row])
        if raw.kind[row] == "shelter":
            known = float(raw.shelter_places[row])
            may_draw = np.isnan(known) and recipe.missing.facilities == "generate"
            drawn = _shelter_places(recipe, spots.name[-1], rng) if may_draw else known
            spots.shelter[-1] = drawn
    _note(spots, "facilities_same_id", raw, np.array(twice, dtype=np.int64))
    return spots


def _free(ident: str, taken: set[str]) -> str:
    """Return an id that nobody has, made of one that another source uses too."""
    return next(name for n in numbers(2) if (name := f"{ident}-{n}") not in taken)


def _note(spots: Spots, key: str, raw: RawPlaces, rows: np.ndarray) -> None:
    spots.faults.add(key, Severity.WARNING, raw.id[rows], raw.xy[rows])


def _shelter_places(recipe: Recipe, name: str, rng: np.random.Generator) -> float:
    rule = recipe.shelters
    area = rule.school_area_m2 * float(np.exp(rng.normal(0.0, rule.school_area_sigma)))
    if any(word in name.upper() for word in rule.small_words):
        area *= rule.small_factor
    return float(np.floor(area / rule.area_per_person_m2))


def add_care(spots: Spots, recipe: Recipe, streets: Streets, centre_m: F64, weight: F64) -> Spots:
    """Add hospitals, and shelters, on streets near people where none at all is known: generated."""
    rng = np.random.default_rng([recipe.seed, 41])
    plan = recipe.networks
    for name, kind, count in (
        ("Hospital", "hospital", plan.hospitals),
        ("Shelter", "shelter", plan.shelters),
    ):
        if kind in spots.kind:
            continue
        for number, place in enumerate(spread(centre_m, weight, count, rng), start=1):
            node = streets.nearest(place[None])[0]
            spots.made.add(len(spots.id))
            spots.add(f"{kind}-{number:02d}", f"{name} {number}", kind, streets.node_m[node])
            if kind == "hospital":
                spots.beds[-1], spots.emergency[-1] = plan.hospital_beds, True
            else:
                spots.shelter[-1] = _shelter_places(recipe, "", rng)
    return spots


def add_stations(
    spots: Spots, recipe: Recipe, streets: Streets, centre_m: F64, weight: F64
) -> Spots:
    """Add fire stations, warehouses and a command centre on streets near people: generated.

    A kind of which a source gives any is not added to.
    """
    rng = np.random.default_rng([recipe.seed, 4])
    plan = recipe.networks
    known = set(spots.kind)
    for name, kind, count in (
        ("Fire station", "fire_station", plan.fire_stations),
        ("Warehouse", "warehouse", plan.warehouses),
        ("Command centre", "command_centre", 1),
    ):
        if kind in known:
            continue
        for number, place in enumerate(spread(centre_m, weight, count, rng), start=1):
            node = streets.nearest(place[None])[0]
            ident = f"{kind.replace('_', '-')}-{number:02d}"
            spots.made.add(len(spots.id))
            spots.add(ident, f"{name} {number}", kind, streets.node_m[node])
    return spots


def spread(places: F64, weight: F64, count: int, rng: np.random.Generator) -> F64:
    """Return centres that lie well among weighted places (k-means). (count, 2)

    Lloyd's iteration from a weighted random start; a centre that loses everybody stays put.
    """
    weight = np.nan_to_num(weight)
    if not weight.sum() > 0:
        weight = np.ones(len(places))
    # No more centres than places with people.
    count = min(count, int(np.count_nonzero(weight)))
    first = rng.choice(len(places), size=count, replace=False, p=weight / weight.sum())
    centres = places[np.sort(first)].astype(float)
    for _ in range(50):
        mine = ((places[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
        moved = centres.copy()
        for k in range(count):
            load = np.where(mine == k, weight, 0.0)
            if load.sum() > 0:
                moved[k] = (places * load[:, None]).sum(0) / load.sum()
        if np.allclose(moved, centres):
            break
        centres = moved
    return centres[np.lexsort((centres[:, 0], centres[:, 1]))]


def make_facilities(
    spots: Spots, streets: Streets, land: Land, ground: Ground
) -> tuple[Facilities, F64]:
    """Return the facilities as columns, and their places in metres."""
    places = np.array(spots.place).reshape(-1, 2)
    return (
        Facilities(
            id=tuple(spots.id),
            name=tuple(spots.name),
            kind=tuple(spots.kind),
            xy=ground.degrees(places),
            zone=zone_of(land, places),
            road_node=streets.nearest(places),
            beds=np.array(spots.beds, dtype=np.float64),
            shelter_places=np.array(spots.shelter, dtype=np.float64),
            has_emergency=np.array(spots.emergency, dtype=bool),
            curve=tuple(CURVES.get(kind, "") for kind in spots.kind),
        ),
        places,
    )


def zone_of(land: Land, places: F64) -> I32:
    """Return the zone that holds each place, or the nearest one. (points,)"""
    if len(places) == 0:
        return np.empty(0, dtype=np.int32)
    row = row_of(land.areas, places)
    return np.where(row >= 0, row, nearest_row(land.areas, places)).astype(np.int32)


def commune_of_zones(spots: Spots, places: F64, centre_m: F64) -> tuple[str, ...]:
    """Return the commune code of each zone: what most of its three nearest sites say; derived."""
    known = np.flatnonzero([bool(c) for c in spots.commune])
    codes = np.array(spots.commune, dtype=object)[known]
    if not known.size:
        return ("",) * len(centre_m)
    away = ((centre_m[:, None] - places[known][None]) ** 2).sum(-1)
    found = []
    for row in np.argsort(away, axis=1, kind="stable")[:, :3]:
        names, count = np.unique(codes[row].astype(str), return_counts=True)
        found.append(str(names[count.argmax()]))
    return tuple(found)
