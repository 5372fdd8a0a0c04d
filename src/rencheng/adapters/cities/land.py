"""Zones by the sea, and the management grid (网格) cut from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from rencheng.adapters.cities.ground import Geometries, Ground, make_shapes, rings_of
from rencheng.adapters.cities.recipe import Cells, Coast
from rencheng.adapters.cities.source import RawZones
from rencheng.domain.city import F64, I32, City, Grid


@dataclass(frozen=True, slots=True)
class Land:
    """The zones' areas and the coast, in metres."""

    areas: Geometries
    coast: shapely.LineString
    touches: np.ndarray
    """Whether the zone borders on the sea. (zones,)"""


def survey(raw: RawZones, coast: Coast, ground: Ground) -> Land:
    """Return the zones' areas and the part of their common outer edge that is the coast.

    The edge is cut at the vertices nearest to the recipe's two points; of the two ways between
    them the western one is the sea (its mean easting is smaller).
    """
    areas = np.array(
        [
            shapely.MultiPolygon(
                [(ground.metres(p[0]), [ground.metres(h) for h in p[1:]]) for p in parts]
            )
            for parts in raw.parts
        ],
        dtype=object,
    )
    whole = max(shapely.get_parts(shapely.union_all(areas)), key=lambda part: part.area)
    ring = shapely.get_coordinates(shapely.get_exterior_ring(whole))[:-1]
    ends = ground.metres(np.array([coast.north, coast.south]))
    a, b = (int(((ring - end) ** 2).sum(axis=1).argmin()) for end in ends)
    one, other = _between(ring, a, b), _between(ring, b, a)[::-1]
    line = shapely.LineString(min((one, other), key=lambda way: float(way[:, 0].mean())))
    # One metre absorbs the rounding of shared vertices.
    touches = shapely.length(shapely.intersection(areas, line.buffer(1.0).boundary)) > 50.0
    return Land(areas, line, touches)


def _between(ring: F64, a: int, b: int) -> F64:
    return ring[a : b + 1] if a <= b else np.concatenate([ring[a:], ring[: b + 1]])


def zone_shapes(raw: RawZones) -> tuple[list[F64], ...]:
    """Return the zones' rings, oriented. [deg]"""
    return tuple(
        rings_of(shapely.MultiPolygon([(p[0], list(p[1:])) for p in parts])) for parts in raw.parts
    )


@dataclass(frozen=True, slots=True)
class Squares:
    """The cells before anybody lives in them."""

    id: tuple[str, ...]
    zone: I32
    areas: Geometries
    index: dict[tuple[int, int, int], int]
    """Cell by zone row, column and row of the square."""
    side_m: float

    def cell_of(self, places_m: F64, zone: I32) -> I32:
        """Return the cell that holds each place of a zone. (points,)"""
        at = np.floor(places_m / self.side_m).astype(np.int64)
        return np.array(
            [
                self.index.get((int(z), int(i), int(j)), -1)
                for z, (i, j) in zip(zone, at, strict=True)
            ],
            dtype=np.int32,
        )


def cut_grid(areas: Geometries, zone_id: np.ndarray, cells: Cells) -> Squares:
    """Cut the zones into squares of the projection's own raster.

    An id names zone, column and row of the square (`CQ-017-0562-13370`), so it stays the same
    whatever the order of zones, as long as zone and raster stay. A piece smaller than
    `smallest_m2` goes to the nearest larger cell of its zone.
    """
    pieces: list[tuple[int, int, int, shapely.Geometry]] = []
    for zone, area in enumerate(areas):
        west, south, east, north = shapely.bounds(area)
        span_x = np.arange(np.floor(west / cells.side_m), np.floor(east / cells.side_m) + 1)
        span_y = np.arange(np.floor(south / cells.side_m), np.floor(north / cells.side_m) + 1)
        i, j = (v.ravel() for v in np.meshgrid(span_x, span_y, indexing="ij"))
        s = cells.side_m
        boxes = shapely.box(i * s, j * s, (i + 1) * s, (j + 1) * s)
        cut = shapely.intersection(boxes, area)
        pieces += [
            (zone, int(i[k]), int(j[k]), _area_only(cut[k]))
            for k in np.flatnonzero(shapely.area(cut) > 0)
        ]
    merged = _merge(pieces, cells.smallest_m2)
    index = {key: row for row, (keys, _) in enumerate(merged) for key in keys}
    first = [keys[0] for keys, _ in merged]
    return Squares(
        id=tuple(f"{cells.prefix}-{zone_id[z]:03d}-{i:04d}-{j:05d}" for z, i, j in first),
        zone=np.array([z for z, _, _ in first], dtype=np.int32),
        areas=np.array([area for _, area in merged], dtype=object),
        index=index,
        side_m=cells.side_m,
    )


def _area_only(piece: shapely.Geometry) -> shapely.Geometry:
    parts = [p for p in shapely.get_parts(piece) if p.geom_type == "Polygon" and p.area > 0]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _merge(
    pieces: list[tuple[int, int, int, shapely.Geometry]], smallest_m2: float
) -> list[tuple[list[tuple[int, int, int]], shapely.Geometry]]:
    """Give each small piece to the nearest large one of its zone; keep it if there is none."""
    large = [p for p in pieces if p[3].area >= smallest_m2]
    kept: list[tuple[list[tuple[int, int, int]], list[shapely.Geometry]]] = [
        ([p[:3]], [p[3]]) for p in large
    ]
    by_zone: dict[int, list[int]] = {}
    for row, piece in enumerate(large):
        by_zone.setdefault(piece[0], []).append(row)
    for piece in pieces:
        if piece[3].area >= smallest_m2:
            continue
        rows = by_zone.get(piece[0])
        if rows:
            near = min(rows, key=lambda r: (large[r][3].distance(piece[3]), r))
            kept[near][0].append(piece[:3])
            kept[near][1].append(piece[3])
        else:
            kept.append(([piece[:3]], [piece[3]]))
    return [(keys, _area_only(shapely.union_all(parts))) for keys, parts in kept]


def make_grid(squares: Squares, population: F64, ground: Ground) -> Grid:
    """Return the grid with its residents."""
    inside = shapely.get_coordinates(shapely.point_on_surface(squares.areas))
    return Grid(
        id=squares.id,
        zone=squares.zone,
        centre=ground.degrees(inside),
        population=population,
        shapes=make_shapes(
            [ground.degrees(ring) for ring in rings_of(area)] for area in squares.areas
        ),
    )


def coast_points(city: City, *, step_m: float = 500.0) -> F64:
    """Return points along the coast, north to south. [deg] (points, 2)

    They are the outer edges of the coastal zones that no other zone shares, nearest to the sea; a
    city without coastal zones has none.
    """
    import math

    from rencheng.adapters.cities.ground import areas_of

    if not city.zones.is_coastal.any():
        return np.empty((0, 2))
    areas = areas_of(city.zones.shapes)
    whole = max(shapely.get_parts(shapely.union_all(areas)), key=lambda part: part.area)
    edge = shapely.get_exterior_ring(whole)
    step = step_m / (111_195.0 * math.cos(math.radians(city.bbox[1])))
    places = shapely.get_coordinates(
        shapely.line_interpolate_point(edge, np.arange(0.0, edge.length, step))
    )
    row = shapely.STRtree(areas).nearest(shapely.points(places))
    found: F64 = places[city.zones.is_coastal[row]]
    return found[np.argsort(-found[:, 1], kind="stable")]
