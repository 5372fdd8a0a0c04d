"""The ground under everything: a metric projection, shapes, and which zone holds a point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from rencheng.domain.city import F64, I32, I64, Shapes

Geometries = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Ground:
    """A local metric projection. Degrees outside, metres inside."""

    to_metres: Transformer
    to_degrees: Transformer

    @classmethod
    def of(cls, epsg: int) -> Ground:
        """Return the ground of a projected coordinate system by its EPSG number."""
        return cls(
            Transformer.from_crs(4326, epsg, always_xy=True),
            Transformer.from_crs(epsg, 4326, always_xy=True),
        )

    @classmethod
    def around(cls, epsg: int, lon: float, lat: float) -> Ground:
        """Return the ground of a system by its number; 0: the UTM zone of the place."""
        zone = min(int((lon + 180.0) // 6.0) + 1, 60)
        return cls.of(epsg or (32600 if lat >= 0 else 32700) + zone)

    def metres(self, lonlat: F64) -> F64:
        """Return easting, northing of lon, lat. [m] (points, 2)"""
        places = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
        return np.column_stack(self.to_metres.transform(places[:, 0], places[:, 1]))

    def degrees(self, metres: F64) -> F64:
        """Return lon, lat of easting, northing, to 1e-7°. [deg] (points, 2)"""
        places = np.asarray(metres, dtype=np.float64).reshape(-1, 2)
        return np.round(np.column_stack(self.to_degrees.transform(places[:, 0], places[:, 1])), 7)


def make_shapes(items: Iterable[Sequence[F64]]) -> Shapes:
    """Return ragged shapes from sequences of parts, each an array of vertices. [deg]"""
    parts: list[F64] = []
    first = [0]
    for item in items:
        parts.extend(item)
        first.append(len(parts))
    ends = np.cumsum([0] + [len(part) for part in parts])
    return Shapes(
        xy=np.concatenate(parts) if parts else np.empty((0, 2)),
        part=ends.astype(np.int32),
        shape=np.array(first, dtype=np.int32),
    )


def lines_shapes(lines: Geometries) -> Shapes:
    """Return shapes of one part each from linestrings. [deg]"""
    xy, row = shapely.get_coordinates(lines, return_index=True)
    size = np.bincount(row, minlength=len(lines))
    return Shapes(
        xy=xy,
        part=np.concatenate([[0], np.cumsum(size)]).astype(np.int32),
        shape=np.arange(len(lines) + 1, dtype=np.int32),
    )


def place_ids(xy: F64) -> I64:
    """Return a permanent number for each place, the same wherever and whenever it is made. (n,)

    It is made of lon and lat to 1e-7° (about 1 cm), spread over 63 bits; places that are equal get
    equal numbers.
    """
    at = np.round(np.asarray(xy, dtype=np.float64).reshape(-1, 2) * 1e7).astype(np.int64)
    # Mixing constants of SplitMix64 (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195).
    mixed = at[:, 0].astype(np.uint64) << np.uint64(32) ^ at[:, 1].astype(np.uint32)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: I64 = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
    return found


def rings_of(area: shapely.Geometry) -> list[F64]:
    """Return all rings of a polygon or several: outer ones anticlockwise, holes clockwise."""
    rings: list[F64] = []
    for part in shapely.get_parts(area):
        if part.geom_type == "Polygon":
            turned = shapely.normalize(part)
            oriented = shapely.orient_polygons(turned)
            rings += [shapely.get_coordinates(r) for r in shapely.get_rings(oriented)]
    return rings


def areas_of(shapes: Shapes) -> Geometries:
    """Return polygons from shapes whose rings follow `rings_of`; a clockwise ring is a hole."""
    areas = np.empty(len(shapes.shape) - 1, dtype=object)
    for i, (a, b) in enumerate(zip(shapes.shape[:-1], shapes.shape[1:], strict=True)):
        shells: list[tuple[F64, list[F64]]] = []
        for k in range(a, b):
            ring = shapes.xy[shapes.part[k] : shapes.part[k + 1]]
            if shells and not shapely.is_ccw(shapely.linearrings(ring)):
                shells[-1][1].append(ring)
            else:
                shells.append((ring, []))
        parts = [shapely.Polygon(shell, holes) for shell, holes in shells]
        areas[i] = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return areas


def row_of(areas: Geometries, places: F64) -> I32:
    """Return the first area that holds each place, -1 where none does. (points,)"""
    tree = shapely.STRtree(areas)
    place, area = tree.query(shapely.points(places), predicate="intersects")
    row = np.full(len(places), -1, dtype=np.int32)
    # Later assignments win: hand them over in falling order so that the smallest row stays.
    order = np.argsort(-area, kind="stable")
    row[place[order]] = area[order]
    return row


def nearest_row(areas: Geometries, places: F64) -> I32:
    """Return the nearest area of each place. (points,)"""
    row: I32 = shapely.STRtree(areas).nearest(shapely.points(places)).astype(np.int32)
    return row
