"""Zones and their residents, from whatever the sources say about either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.given import Given, RawPeople, RawZones
from rencheng.adapters.cities.ground import Geometries, Ground, nearest_row, row_of
from rencheng.adapters.cities.recipe import Recipe
from rencheng.domain.city import AGES, F64, Buildings, Roads
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.provenance import Origin, Text

# HAZUS 6.1 Inventory Technical Manual, table 3-1: institutional dormitory, nursing home.
_SHARED = ("RES5", "RES6")
# A district smaller than this share of a square joins its neighbour. No source: house default.
SLIVER = 0.1
# Width of the built-up land along a street, both sides together. No source: house default. [m]
BESIDE_M = 150.0
# A point this near to a zone still counts to it: cells of a raster hang over the edge. [m]
NEAR_M = 1500.0


@dataclass(frozen=True, slots=True)
class Districts:
    """Zones in the making."""

    raw: RawZones
    zones_from: Origin
    people_from: Origin
    """MISSING while nobody has said how many residents there are."""
    findings: tuple[DataFinding, ...] = ()


def middle_of(recipe: Recipe, given: Given) -> tuple[float, float]:
    """Return lon, lat of the middle of everything that has a place. [deg]

    Raises
    ------
    InvalidInputError
        When nothing has.
    """
    west, south, east, north = _extent(recipe, given)
    return (west + east) / 2, (south + north) / 2


def _extent(recipe: Recipe, given: Given) -> tuple[float, float, float, float]:
    shapes: list[Any] = []
    if given.zones is not None:
        shapes.append(given.zones.areas)
    elif given.boundary is not None:
        shapes.append(given.boundary)
    elif recipe.bbox is not None:
        return recipe.bbox
    elif given.roads is not None and len(given.roads.node_xy):
        shapes.append(shapely.multipoints(given.roads.node_xy))
    if not shapes or np.isnan(shapely.total_bounds(shapes[0])).any():
        raise InvalidInputError(
            "city.nowhere",
            "no source says where the city is",
            hint="Give zones, a boundary or roads, or state `bbox` in the recipe",
        )
    west, south, east, north = shapely.total_bounds(shapes[0]).tolist()
    return west, south, east, north


def make_zones(recipe: Recipe, given: Given, ground: Ground) -> Districts:
    """Return the zones, given or cut from the boundary, with the residents that a source counted.

    Notes
    -----
    Without zones of a source, squares of the projection's raster are cut from the boundary, else
    from the recipe's box, else from the extent of the streets; pieces below a tenth of a square
    join the neighbour with the longest common edge. Residents are, in this order: the zones' own;
    those of a table by zone; the points of a raster or table, summed by the zone that holds them,
    or by the nearest one within 1.5 km.
    """
    findings: list[DataFinding] = []
    if given.zones is not None:
        raw, zones_from = _numbered(given.zones), Origin.OBSERVED
    else:
        raw, zones_from = _squares(recipe, given, ground), Origin.DERIVED
    people_from = _is_counted(raw, given)
    if given.counts is not None and not _is_known(raw):
        from rencheng.adapters.cities.readers.table import join_population

        raw, joined = join_population(raw, given.counts)
        findings += joined
        people_from = Origin.OBSERVED if _is_known(raw) else people_from
    if given.people is not None:
        raw, found = _with_points(raw, given.people, ground)
        findings += found
        people_from = Origin.DERIVED if people_from is Origin.MISSING else people_from
    if not _is_known(raw):
        people_from = Origin.MISSING
    return Districts(raw, zones_from, people_from, tuple(findings))


def _numbered(raw: RawZones) -> RawZones:
    """Return zones with numbers that a city can hold: long codes stay codes, and are counted."""
    limit = np.iinfo(np.int32).max
    is_sound = np.unique(raw.id).size == raw.id.size and ((raw.id >= 0) & (raw.id <= limit)).all()
    if is_sound:
        return raw
    own = np.array([str(number) for number in raw.id] + [None], dtype=object)[:-1]
    code = np.where(raw.code.astype(str) == "", own, raw.code)
    return replace(raw, id=np.arange(1, raw.id.size + 1, dtype=np.int64), code=code)


def _is_known(raw: RawZones) -> bool:
    return bool(np.nansum(raw.population) > 0)


def _is_counted(raw: RawZones, given: Given) -> Origin:
    return Origin.OBSERVED if given.zones is not None and _is_known(raw) else Origin.MISSING


def _squares(recipe: Recipe, given: Given, ground: Ground) -> RawZones:
    box = _extent(recipe, given)
    whole = given.boundary if given.boundary is not None else shapely.box(*box)
    whole_m = shapely.make_valid(shapely.transform(shapely.segmentize(whole, 0.01), ground.metres))
    side = recipe.zones.side_m
    west, south, east, north = shapely.bounds(whole_m)
    i = np.arange(np.floor(west / side), np.floor(east / side) + 1)
    j = np.arange(np.floor(south / side), np.floor(north / side) + 1)
    rows, columns = (v.ravel() for v in np.meshgrid(j, i, indexing="ij"))
    boxes = shapely.box(columns * side, rows * side, (columns + 1) * side, (rows + 1) * side)
    pieces = shapely.intersection(boxes, whole_m)
    pieces = _without_slivers([p for p in pieces if p.area > 0], SLIVER * side * side)
    areas = np.array([shapely.transform(_polygons(p), ground.degrees) for p in pieces] + [None])[
        :-1
    ]
    count = len(areas)
    return RawZones(
        id=np.arange(1, count + 1, dtype=np.int64),
        code=np.full(count, "", dtype=object),
        name=np.full(count, "", dtype=object),
        population=np.full(count, np.nan),
        age=np.full((len(AGES), count), np.nan),
        areas=areas,
    )


def _polygons(piece: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(
        [p for p in shapely.get_parts(piece) if p.geom_type == "Polygon" and p.area > 0]
    )


def _without_slivers(pieces: Sequence[shapely.Geometry], least_m2: float) -> list[Any]:
    """Give every small piece to the large one that it shares the longest edge with."""
    large = [k for k, p in enumerate(pieces) if p.area >= least_m2]
    if not large:
        return list(pieces)
    tree = shapely.STRtree([pieces[k] for k in large])
    joined: dict[int, list[Any]] = {k: [pieces[k]] for k in large}
    for piece in pieces:
        if piece.area >= least_m2:
            continue
        near = tree.query(piece.buffer(1.0), predicate="intersects")
        if near.size == 0:
            near = np.atleast_1d(tree.nearest(piece))
        near = np.sort(near)
        edge = [piece.buffer(1.0).intersection(pieces[large[k]]).area for k in near]
        joined[large[int(near[int(np.argmax(edge))])]].append(piece)
    return [shapely.union_all(parts) for parts in joined.values()]


def _with_points(
    raw: RawZones, people: RawPeople, ground: Ground
) -> tuple[RawZones, list[DataFinding]]:
    """Fill residents and ages that the zones do not have with the sums of points."""
    areas = shapely.transform(raw.areas, ground.metres)
    places = ground.metres(people.xy)
    zone = row_of(areas, places)
    lost = np.flatnonzero(zone < 0)
    if lost.size:
        near = nearest_row(areas, places[lost])
        away = shapely.distance(areas[near], shapely.points(places[lost]))
        zone[lost] = np.where(away <= NEAR_M, near, -1)
    inside = zone >= 0
    size = raw.id.size
    count: F64 = np.bincount(
        zone[inside], weights=np.nan_to_num(people.people[inside]), minlength=size
    ).astype(float)
    age = np.array(
        [
            np.bincount(zone[inside], weights=np.nan_to_num(group[inside]), minlength=size)
            if np.isfinite(group).any() else np.full(size, np.nan)
            for group in people.age
        ]
    ).reshape(len(AGES), size)  # fmt: skip
    filled = replace(
        raw,
        population=np.where(np.isnan(raw.population), count, raw.population),
        age=np.where(np.isnan(raw.age), age, raw.age),
    )
    outside = float(np.nansum(people.people[~inside]))
    if outside < 1:
        return filled, []
    first = np.flatnonzero(~inside)[:3]
    return filled, [
        DataFinding(
            key="people_outside",
            severity=Severity.WARNING,
            layer="population",
            text=Text("check.people_outside", {"n": round(outside)}),
            count=int((~inside).sum()),
            first=tuple(str(row) for row in first),
            places=tuple((float(x), float(y)) for x, y in people.xy[first]),
            mend=Text("check.people_outside.mend"),
        )
    ]


def estimate_people(
    recipe: Recipe, raw: RawZones, areas_m: Geometries, roads: Roads, buildings: Buildings | None
) -> F64:
    """Return residents by zone where nobody counted them: an assumption, not an observation.

    Parameters
    ----------
    buildings
        As a source gives them: residents are their dwellings times the recipe's people in a
        dwelling, less the share that is vacant. Dormitories and nursing homes are no dwellings:
        their floor area over the recipe's floor area a person. None: residents are the recipe's
        density times the built-up area, which is a strip along the streets with homes, and never
        more than the zone.
    """
    rule = recipe.housing
    if buildings is not None:
        shared = np.array([use in _SHARED for use in buildings.uses] or [False])[buildings.use]
        floor = np.where(shared, np.nan_to_num(buildings.floor_area_m2.astype(float)), 0.0)
        people = buildings.dwellings * rule.people_per_dwelling * (1.0 - rule.vacant_share)
        people = people + floor / rule.floor_m2_per_person
        inside = buildings.zone >= 0
        found: F64 = np.bincount(
            buildings.zone[inside], weights=people[inside], minlength=raw.id.size
        ).astype(float)
        return np.round(found)
    kinds = [k for k, kind in enumerate(roads.kinds) if kind in recipe.lots.kinds]
    rows = np.isin(roads.kind, kinds) & (roads.zone >= 0)
    # A network of main roads only says where people are, if less well.
    rows = rows if rows.any() else roads.zone >= 0
    length: F64 = np.bincount(
        roads.zone[rows], weights=roads.length_m[rows].astype(float), minlength=raw.id.size
    ).astype(float)
    area = shapely.area(areas_m)
    # Only land beside streets is built up: a district of forest with one road has few people.
    built: F64 = np.minimum(area, length * BESIDE_M) if length.sum() > 0 else area
    return np.asarray(np.round(built / 1e6 * rule.people_per_km2), dtype=np.float64)
