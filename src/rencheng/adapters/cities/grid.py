"""The management grid (网格): squares, H3 cells or given polygons, each with a permanent id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from rencheng.adapters.cities.ground import (
    Geometries,
    Ground,
    make_shapes,
    nearest_row,
    rings_of,
    row_of,
)
from rencheng.domain.city import F64, I32, I64, Grid
from rencheng.domain.errors import InvalidInputError

KINDS = ("squares", "h3", "zones", "polygons")
# House defaults, no source: the side of a 网格 in a built-up area is some hundreds of metres; an H3
# cell of resolution 9 has 0.105 km² on average (h3geo.org, table of cell statistics).
SIDE_M, SMALLEST_M2, RESOLUTION = 500.0, 10_000.0, 9
_NO_SQUARE = np.int64(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """The cells before anybody lives in them."""

    id: tuple[str, ...]
    zone: I32
    """Row of the zone that a cell belongs to. (cells,)"""
    areas: Geometries
    """In the projection's metres. (cells,)"""
    is_cut: bool
    """Whether no cell reaches from one zone into another."""
    version: str
    """Hash of kind, options and ids: another grid has another version."""
    side_m: float = 0.0
    square: I64 | None = None
    """Zone, column and row of every square, sorted. [m / side_m] (squares, 3)"""
    square_cell: I32 | None = None
    """The cell that each square belongs to. (squares,)"""

    def cell_of(self, places_m: F64, zone: I32) -> I32:
        """Return the cell that holds each place of a zone, -1 where none does. (points,)

        In a grid of polygons a place that no polygon of its zone holds gets the nearest one.
        """
        if self.square is not None and self.square_cell is not None:
            at = np.floor(places_m / self.side_m).astype(np.int64)
            return _looked_up(self.square, self.square_cell, np.column_stack([zone, at]))
        if len(self.areas) == 0:
            return np.full(len(places_m), -1, dtype=np.int32)
        cell = row_of(self.areas, places_m)
        if self.is_cut:
            cell[(cell >= 0) & (self.zone[cell] != zone)] = -1
        for row in np.unique(zone[cell < 0]):
            lost = np.flatnonzero((cell < 0) & (zone == row))
            own = np.flatnonzero(self.zone == row)
            if own.size == 0:
                own = np.arange(len(self.areas))
            cell[lost] = own[nearest_row(self.areas[own], places_m[lost])]
        return cell


def make_cells(
    kind: str, areas: Geometries, zone_id: I64, options: Mapping[str, Any], ground: Ground
) -> Mesh:
    """Cut or choose the cells of a management grid.

    Parameters
    ----------
    kind
        `squares`: the zones cut by a raster of the projection. `h3`: whole H3 cells. `zones`: each
        zone is a cell. `polygons`: any set of areas, such as a city's own 网格.
    areas
        Zones. [m] (zones,)
    options
        `prefix`; of squares `side_m`, `smallest_m2`; of h3 `resolution`; of polygons `areas` [m]
        and `ids`.

    Returns
    -------
    mesh
        Its ids depend on place and zone only, never on the order of anything.

    Raises
    ------
    InvalidInputError
        When the kind is unknown, an option is impossible, or polygons have no ids of their own.
    """
    if kind not in KINDS:
        raise _refused("kind", kind, f"use one of {', '.join(KINDS)}")
    if kind == "squares":
        return _squares(areas, zone_id, options)
    if kind == "h3":
        return _hexagons(areas, options, ground)
    if kind == "zones":
        prefix = str(options.get("prefix", "Z"))
        ids = tuple(f"{prefix}-{int(number)}" for number in zone_id)
        rows = np.arange(len(ids), dtype=np.int32)
        return Mesh(id=ids, zone=rows, areas=areas, is_cut=True, version=_version(kind, {}, ids))
    return _polygons(areas, options)


def make_grid(mesh: Mesh, population: F64, ground: Ground) -> Grid:
    """Return the grid with its residents.

    Parameters
    ----------
    population
        Residents by cell. (cells,)
    """
    inside = shapely.get_coordinates(shapely.point_on_surface(mesh.areas))
    return Grid(
        id=mesh.id,
        zone=mesh.zone,
        centre=ground.degrees(inside),
        population=population,
        shapes=make_shapes(
            [ground.degrees(ring) for ring in rings_of(area)] for area in mesh.areas
        ),
    )


def _squares(areas: Geometries, zone_id: I64, options: Mapping[str, Any]) -> Mesh:
    """Cut the zones into squares of the projection's own raster.

    An id names zone, column and row of the square (`CQ-017-0562-13370`), so it stays the same
    whatever the order of zones, as long as zone and raster stay. A piece smaller than
    `smallest_m2` goes to the nearest larger cell of its zone.
    """
    side = float(options.get("side_m", SIDE_M))
    smallest = float(options.get("smallest_m2", SMALLEST_M2))
    prefix = str(options.get("prefix", "G"))
    if not side > 0:
        raise _refused("side_m", side, "give a side above 0 m")
    pieces: list[tuple[int, int, int, shapely.Geometry]] = []
    for zone, area in enumerate(areas):
        west, south, east, north = shapely.bounds(area)
        span_x = np.arange(np.floor(west / side), np.floor(east / side) + 1)
        span_y = np.arange(np.floor(south / side), np.floor(north / side) + 1)
        i, j = (v.ravel() for v in np.meshgrid(span_x, span_y, indexing="ij"))
        boxes = shapely.box(i * side, j * side, (i + 1) * side, (j + 1) * side)
        cut = shapely.intersection(boxes, area)
        pieces += [
            (zone, int(i[k]), int(j[k]), _area_only(cut[k]))
            for k in np.flatnonzero(shapely.area(cut) > 0)
        ]
    merged = _merge(pieces, smallest)
    first = [keys[0] for keys, _ in merged]
    ids = tuple(f"{prefix}-{int(zone_id[z]):03d}-{i:04d}-{j:05d}" for z, i, j in first)
    square = np.array([key for keys, _ in merged for key in keys], dtype=np.int64).reshape(-1, 3)
    cell = np.repeat(np.arange(len(merged)), [len(keys) for keys, _ in merged]).astype(np.int32)
    order = np.lexsort(square.T[::-1])
    return Mesh(
        id=ids,
        zone=np.array([z for z, _, _ in first], dtype=np.int32),
        areas=np.array([area for _, area in merged], dtype=object),
        is_cut=True,
        version=_version("squares", {"side_m": side, "smallest_m2": smallest}, ids),
        side_m=side,
        square=square[order],
        square_cell=cell[order],
    )


def _looked_up(keys: I64, values: I32, wanted: I64) -> I32:
    """Return the value of each wanted row of three numbers, -1 where there is none. (rows,)"""
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int32)
    low = keys.min(axis=0)
    span = keys.max(axis=0) - low + 1
    inside = ((wanted >= low) & (wanted < low + span)).all(axis=1)
    flat = ((keys[:, 0] - low[0]) * span[1] + keys[:, 1] - low[1]) * span[2] + keys[:, 2] - low[2]
    there = wanted - low
    asked = np.where(
        inside, (there[:, 0] * span[1] + there[:, 1]) * span[2] + there[:, 2], _NO_SQUARE
    )
    at = np.clip(np.searchsorted(flat, asked), 0, len(flat) - 1)
    found: I32 = np.where(flat[at] == asked, values[at], -1).astype(np.int32)
    return found


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


def _hexagons(areas: Geometries, options: Mapping[str, Any], ground: Ground) -> Mesh:
    """Return all H3 cells that touch a zone, whole, sorted by id; the id is H3's own.

    A cell belongs to the zone that holds its middle, else to the one with the most of it.
    """
    try:
        import h3
    except ModuleNotFoundError as error:
        raise InvalidInputError(
            "city.no_h3",
            "cells of kind h3 need the package h3",
            hint="Install the extra: pip install 'rencheng[data]'",
        ) from error
    resolution = int(options.get("resolution", RESOLUTION))
    if not 0 <= resolution <= 15:
        raise _refused("resolution", resolution, "H3 knows 0 to 15")
    found: set[str] = set()
    for area in areas:
        for part in shapely.get_parts(area):
            rings = [
                [(float(y), float(x)) for x, y in ground.degrees(shapely.get_coordinates(ring))]
                for ring in shapely.get_rings(part)
            ]
            shape = h3.LatLngPoly(rings[0], *rings[1:])
            found.update(h3.h3shape_to_cells_experimental(shape, resolution, contain="overlap"))
    ids = tuple(sorted(found))
    corner = [np.array(h3.cell_to_boundary(cell))[:, ::-1] for cell in ids]
    middle = np.array([h3.cell_to_latlng(cell) for cell in ids]).reshape(-1, 2)[:, ::-1]
    cells = np.array([shapely.Polygon(ground.metres(ring)) for ring in corner], dtype=object)
    return Mesh(
        id=ids,
        zone=_zone_of_cells(cells, ground.metres(middle), areas),
        areas=cells,
        is_cut=False,
        version=_version("h3", {"resolution": resolution}, ids),
    )


def _polygons(areas: Geometries, options: Mapping[str, Any]) -> Mesh:
    given: Geometries = np.asarray(options.get("areas", ()), dtype=object)
    ids: Sequence[str] = [str(name).strip() for name in options.get("ids", ())]
    if len(ids) != len(given) or len(given) == 0 or not all(ids):
        raise _refused("ids", f"{len(ids)} for {len(given)} areas", "give every area its own id")
    if len(set(ids)) < len(ids):
        twice = sorted({name for name in ids if ids.count(name) > 1})
        raise _refused("ids", ", ".join(twice[:3]), "give every area an id that no other has")
    order = sorted(range(len(ids)), key=ids.__getitem__)
    cells = shapely.make_valid(given[order])
    middle = shapely.get_coordinates(shapely.point_on_surface(cells))
    names = tuple(ids[row] for row in order)
    return Mesh(
        id=names,
        zone=_zone_of_cells(cells, middle, areas),
        areas=cells,
        is_cut=False,
        version=_version("polygons", {}, names),
    )


def _zone_of_cells(cells: Geometries, middle_m: F64, areas: Geometries) -> I32:
    """Return the zone that holds the middle of each cell, else the one with the most of it."""
    zone = row_of(areas, middle_m)
    tree = shapely.STRtree(areas)
    for row in np.flatnonzero(zone < 0):
        near: NDArray[np.int64] = np.sort(tree.query(cells[row], predicate="intersects"))
        if near.size:
            shared = shapely.area(shapely.intersection(areas[near], cells[row]))
            zone[row] = near[shared.argmax()]
        else:
            zone[row] = tree.nearest(cells[row])
    return zone


def _version(kind: str, options: Mapping[str, Any], ids: Sequence[str]) -> str:
    text = "\n".join([kind, *(f"{k}={v}" for k, v in sorted(options.items())), *sorted(ids)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _refused(option: str, value: object, hint: str) -> InvalidInputError:
    return InvalidInputError(
        "city.grid",
        f"the management grid cannot be made with {option} = {value}",
        hint=hint[0].upper() + hint[1:],
        params={"option": option, "value": str(value)},
    )
