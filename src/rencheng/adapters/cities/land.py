"""Zones by the sea."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from rencheng.adapters.cities.ground import Geometries, Ground
from rencheng.adapters.cities.recipe import Coast
from rencheng.domain.city import F64, City, Flags


@dataclass(frozen=True, slots=True)
class Land:
    """The zones' areas and the coast, in metres."""

    areas: Geometries
    coast: shapely.LineString | None
    """None: the recipe names no coast."""
    touches: Flags
    """Whether the zone borders on the sea. (zones,)"""


def survey(zones: Geometries, coast: Coast | None, ground: Ground) -> Land:
    """Return the zones' areas and the part of their common outer edge that is the coast.

    The edge is cut at the vertices nearest to the recipe's two points; of the two ways between
    them the western one is the sea (its mean easting is smaller).

    Parameters
    ----------
    zones
        Polygons. [deg] (zones,)
    """
    areas: Geometries = shapely.transform(zones, ground.metres)
    if coast is None:
        return Land(areas, None, np.zeros(len(areas), dtype=bool))
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
