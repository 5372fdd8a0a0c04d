"""From a user's rows to the layers of a city: what `vector` and `table` share."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.files import placing
from rencheng.adapters.cities.files.columns import plain
from rencheng.adapters.cities.files.faults import Faults, refuse
from rencheng.adapters.cities.files.lines import make_links
from rencheng.adapters.cities.files.picking import (
    Names,
    Picked,
    as_texts,
    hashed_ids,
    per_value,
    pick,
    repeated,
    whole_ids,
)
from rencheng.adapters.cities.files.placing import AREAS, LINES, POINTS, Placed, place
from rencheng.adapters.cities.files.tabular import Rows
from rencheng.adapters.cities.formats.stating import layer_of
from rencheng.adapters.cities.given import (
    Given,
    RawBuildings,
    RawCounts,
    RawPeople,
    RawPlaces,
    RawStops,
    RawZones,
)
from rencheng.adapters.cities.ground import place_ids
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F32, F64, I64
from rencheng.domain.errors import Fault
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.provenance import Layer

WANTED: dict[str, tuple[str, ...]] = {
    "zones": (AREAS,), "boundary": (AREAS,), "roads": (LINES,), "people": (POINTS,),
    "buildings": (AREAS, POINTS), "facilities": (POINTS, AREAS), "stops": (POINTS,),
}  # fmt: skip
"""Kinds of geometry that each layer takes."""
FACILITY_KINDS = (
    "hospital", "clinic", "urgent_care", "primary_care", "dialysis", "mental_health", "shelter",
    "fire_station", "ambulance_station", "warehouse", "command_centre",
)  # fmt: skip
_KIND_WORDS = {
    "hospital": ("医院", "综合医院", "general hospital", "三级医院", "二级医院"),
    "clinic": ("诊所", "卫生站", "clínica", "health centre", "health center", "doctors", "clinica"),
    "primary_care": ("社区卫生服务中心", "卫生院", "乡镇卫生院", "cesfam", "consultorio", "ubs"),
    "urgent_care": ("急诊", "急诊中心", "sapu", "sar", "upa", "emergency"),
    "ambulance_station": ("急救站", "急救中心", "急救分站", "120急救站", "ambulance station"),
    "dialysis": ("血透中心", "透析中心", "diálisis"),
    "mental_health": ("精神卫生中心", "精神病医院", "cosam", "psychiatric"),
    "shelter": ("school", "学校", "小学", "中学", "避难场所", "应急避难场所", "colegio", "escuela",
                "escola", "liceo"),
    "fire_station": ("fire station", "消防站", "消防救援站", "bomberos", "bombeiros"),
    "warehouse": ("仓库", "物资库", "应急物资储备库", "bodega", "armazem"),
    "command_centre": ("command center", "指挥中心", "应急指挥中心"),
}  # fmt: skip
"""Words of others for our kinds of facility, compared whole."""
# Largest plausible values of one building. No source: house defaults.
_MAX_STOREYS, _MAX_HEIGHT_M, _YEARS = 200.0, 1000.0, (500.0, 2200.0)
# Age groups and total may differ by so much before it is worth a word. No source: house default.
_AGE_TOLERANCE = 0.05


def make_given(rows: Rows, layers: tuple[str, ...], source: Source, file: Path, job: Job) -> Given:
    """Return the layers that a table or the features of a file give.

    Raises
    ------
    InvalidInputError
        When it cannot be used; every column that is missing, and what is wrong with its
        coordinates, stand in `faults`.
    """
    wrong: list[Fault] = []
    tables: dict[str, Any] = {}
    stated: list[Layer] = []
    findings: list[DataFinding] = []
    for layer in layers:
        faults = Faults(layer)
        faults.add("line_ragged", Severity.ERROR, rows.ragged)
        if rows.encoding not in ("", "utf-8", "utf-8-sig"):
            faults.add("text_encoding", Severity.INFO, [file.name], encoding=rows.encoding)
        picked, missing = pick(rows, source, layer, faults)
        wrong += missing
        placed, crs = None, ""
        if not rows.count:
            wrong.append(Fault(where=file.name, key="reading.no_rows", problem="it has no rows",
                               hint="Export it again"))  # fmt: skip
        elif layer != "counts":
            placed, lost = place(picked, source, WANTED[layer], job)
            wrong += [fault for fault in lost if fault not in wrong]
            crs = placed.crs if placed else ""
        if wrong:
            continue
        table, count = _table(layer, picked, placed, source)
        tables[layer] = table
        findings += faults.findings
        stated.append(layer_of(layer, source, file, count, crs=crs))
    refuse(source.id, file, wrong)
    return Given(**tables, layers=tuple(stated), findings=tuple(findings))


def _table(layer: str, picked: Picked, placed: Placed | None, source: Source) -> tuple[Any, int]:
    """Return one layer and the number of things in it."""
    if layer == "counts" or placed is None:
        counts = make_counts(picked)
        return counts, len(counts.code)
    if layer == "boundary":
        return shapely.union_all(placed.shapes), len(placed.shapes)
    if layer == "roads":
        at_ends = source.options.get("cut") == "ends"
        links = make_links(placed.picked, placed.shapes, at_ends=at_ends)
        return links, len(links.start)
    if layer == "facilities":
        places = make_places(placed, str(source.options.get("kind", "")))
        return places, len(places.id)
    make = {"zones": make_zones, "buildings": make_buildings, "stops": make_stops,
            "people": make_people}[layer]  # fmt: skip
    table: Any = make(placed)
    return table, len(table.people if layer == "people" else table.id)


def _unique(placed: Placed, ours: str) -> Placed:
    """Leave out rows whose id stood before."""
    picked = placed.picked
    if not picked.has(ours):
        return placed
    ids = as_texts(picked.rows.columns[picked.mapping[ours]])
    twice = repeated(ids) & (ids != "")
    picked.faults.add("id_repeated", Severity.ERROR, ids[twice], placed.xy[twice])
    good = ~twice
    return Placed(picked.keep(good), placed.xy[good], placed.shapes[good], placed.crs)


def _total(picked: Picked, ours: str) -> tuple[F64, F64]:
    """Return residents and their age groups: (rows,) and (groups, rows)."""
    people, age = picked.numbers(ours, low=0.0), picked.ages()
    whole = age.sum(axis=0)
    people = np.where(np.isnan(people), whole, people)
    with np.errstate(invalid="ignore"):
        apart = np.abs(whole - people) > _AGE_TOLERANCE * np.maximum(people, 1.0)
    picked.faults.add("ages_disagree", Severity.WARNING, picked.ids[apart])
    return people, age


def make_zones(placed: Placed) -> RawZones:
    """Return zones; ids are the file's when they are small whole numbers, else counted by code."""
    by = "id" if placed.picked.has("id") else "code"
    placed = _unique(placed, by)
    picked = placed.picked
    people, age = _total(picked, "population")
    given = picked.texts(by)
    ids = whole_ids(given) if picked.has(by) else None
    if ids is None or (ids < 0).any() or (ids >= 2**31).any():
        ids = np.empty(len(given), dtype=np.int64)
        key = given if (given != "").all() else place_ids(placed.xy).astype(str)
        ids[np.argsort(key.astype(str), kind="stable")] = np.arange(1, len(given) + 1)
    code = picked.texts("code")
    return RawZones(
        id=ids,
        code=code if picked.has("code") else given,
        name=picked.texts("name"),
        population=people,
        age=age,
        areas=placed.shapes,
    )


def make_buildings(placed: Placed) -> RawBuildings:
    """Return buildings; one whose number is missing or stood before is numbered by its place."""
    picked = placed.picked
    ids: I64 = place_ids(placed.xy)
    if picked.has("id"):
        given = picked.rows.columns[picked.mapping["id"]]
        given = given if given.dtype.kind in "iu" else as_texts(given)
        twice = repeated(given) | (given == "")
        picked.faults.add("building_renumbered", Severity.WARNING, given[twice], placed.xy[twice])
        own = whole_ids(given[~twice])
        ids[~twice] = hashed_ids(given[~twice]) if own is None else own
    same = repeated(ids)
    picked.faults.add("building_repeated", Severity.ERROR, picked.ids[same], placed.xy[same])
    good = ~same
    picked, ids = picked.keep(good), ids[good]

    def number(name: str, low: float = 0.0, high: float = np.inf) -> F32:
        return picked.numbers(name, low=low, high=high).astype(np.float32)

    return RawBuildings(
        id=ids,
        xy=placed.xy[good],
        areas=_areas(placed)[good],
        use=picked.texts("use"),
        structure=picked.texts("structure"),
        storeys=number("storeys", high=_MAX_STOREYS),
        height_m=number("height_m", high=_MAX_HEIGHT_M),
        year=number("year", *_YEARS),
        dwellings=number("dwellings"),
        floor_area_m2=number("floor_area_m2"),
        people=number("people"),
    )


def _areas(placed: Placed) -> Names:
    """Return footprints; None where the source has a point."""
    shapes = placed.shapes
    is_area = np.isin(shapely.get_type_id(shapes), placing.TYPES[AREAS])
    found = shapes.copy()
    found[~is_area] = None
    return found


def make_places(placed: Placed, only: str = "") -> RawPlaces:
    """Return facilities; a kind that nobody knows is left out and named.

    Parameters
    ----------
    only
        The kind of all of them (`options.kind`), where the file has no column for it.
    """
    placed = _unique(placed, "id")
    picked = placed.picked
    kinds = picked.texts("kind") if picked.has("kind") else np.full(len(placed.xy), only, object)
    kinds = per_value(kinds, facility_kind)
    known = np.isin(kinds.astype(str), FACILITY_KINDS)
    strange = Counter(kinds[~known].tolist()).most_common(5)
    told = [f"{kind or '-'} ({count})" for kind, count in strange]
    picked.faults.add(
        "facility_kind", Severity.ERROR, told, placed.xy[~known], count=int((~known).sum()),
        kinds=", ".join(FACILITY_KINDS),
    )  # fmt: skip
    picked, xy = picked.keep(known), placed.xy[known]
    return RawPlaces(
        id=_ids(picked, xy),
        name=picked.texts("name"),
        kind=kinds[known],
        xy=xy,
        beds=picked.numbers("beds", low=0.0),
        shelter_places=picked.numbers("shelter_places", low=0.0),
        has_emergency=picked.flags("has_emergency"),
    )


def facility_kind(word: str) -> str:
    """Return our kind for a word of others; what nobody knows comes back as it is.

    Examples
    --------
    >>> facility_kind("Hospital"), facility_kind("消防站"), facility_kind("moon base")
    ('hospital', 'fire_station', 'moon base')
    """
    folded = plain(word)
    for kind in FACILITY_KINDS:
        if folded == plain(kind) or folded in {plain(one) for one in _KIND_WORDS[kind]}:
            return kind
    return word


def _ids(picked: Picked, xy: F64) -> Names:
    """Return the file's ids; a place's number where it has none."""
    ids = picked.texts("id")
    lost = ids == ""
    ids[lost] = place_ids(xy[lost]).astype(str)
    return ids


def make_stops(placed: Placed) -> RawStops:
    """Return stops of public transport; departures unknown are -1."""
    placed = _unique(placed, "id")
    picked = placed.picked
    departures = picked.numbers("departures", low=0.0)
    picked.faults.add("departures_unknown", Severity.WARNING, picked.ids[np.isnan(departures)])
    return RawStops(
        id=_ids(picked, placed.xy),
        name=picked.texts("name"),
        xy=placed.xy,
        departures=np.nan_to_num(departures, nan=-1.0).astype(np.int64),
    )


def make_people(placed: Placed) -> RawPeople:
    """Return residents at points; rows without a number are left out."""
    picked = placed.picked
    people, age = _total(picked, "people")
    known = np.isfinite(people)
    picked.faults.add("people_unknown", Severity.WARNING, picked.ids[~known], placed.xy[~known])
    return RawPeople(xy=placed.xy[known], people=people[known], age=age[:, known])


def make_counts(picked: Picked) -> RawCounts:
    """Return residents by zone; a code that stood before is left out."""
    code = picked.texts("code")
    twice = repeated(code)
    picked.faults.add("id_repeated", Severity.ERROR, code[twice])
    picked = picked.keep(~twice)
    people, age = _total(picked, "population")
    return RawCounts(code=code[~twice], population=people, age=age)


def layers_of(
    source: Source, allowed: tuple[str, ...], guessed: str, file: Path
) -> tuple[str, ...]:
    """Return the layers to read: the recipe's, else the one that the file most likely gives.

    Raises
    ------
    InvalidInputError
        When the recipe names one that cannot come of this kind, or none can be guessed.
    """
    wrong = [layer for layer in source.layers if layer not in allowed]
    if wrong or not (source.layers or guessed):
        key = "reading.layer_not_here" if wrong else "reading.layer_unknown"
        fault = Fault(
            where="layers",
            key=key,
            problem=f"{', '.join(wrong) or 'no layer'}: choose from {', '.join(allowed)}",
            hint="Name the layer in `layers`",
            count=max(1, len(wrong)),
            first=tuple(allowed),
        )
        refuse(source.id, file, [fault])
    return source.layers or (guessed,)
