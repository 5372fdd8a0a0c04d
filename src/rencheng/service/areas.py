"""The area of a warning: exactly the zones that were approved, as closed outlines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from rencheng.domain.city import F64, City
from rencheng.domain.errors import Fault, InvalidInputError

MOST_VERTICES = 100
"""CAP 1.2 implementers' guideline for one polygon."""
# One degree of latitude on the WGS84 ellipsoid, mean: 111.2 km (a quarter meridian / 90).
_DEGREE_M = 111_132.0
_FIRST_TOLERANCE_M = 1.0


def area_hash(city: City, zones: Sequence[int]) -> str:
    """Return the SHA-256 of the zones' ids and outlines, in the order of their ids.

    Raises
    ------
    InvalidInputError
        If a zone does not exist.
    """
    total = hashlib.sha256()
    for zone, row in sorted(zip(zones, rows(city, zones), strict=True)):
        total.update(f"{zone}:".encode())
        for ring in rings(city, row):
            total.update(np.ascontiguousarray(ring, dtype="<f8").tobytes())
    return total.hexdigest()


def rows(city: City, zones: Sequence[int]) -> list[int]:
    """Return the rows of zones given by id; all unknown ones are named at once."""
    row_of = {int(zone): row for row, zone in enumerate(city.zones.id)}
    unknown = [zone for zone in zones if zone not in row_of]
    if unknown or len(set(zones)) != len(zones):
        fault = Fault(
            where="zones",
            key="alert.unknown_zone",
            problem="zones are unknown or named twice",
            hint="Choose zones of this city on the map",
            count=len(unknown),
            first=tuple(str(zone) for zone in unknown[:3]),
        )
        raise InvalidInputError(
            "alert.zones",
            f"{len(unknown)} zones are unknown, or one is named twice: {unknown[:3]}",
            hint="Choose zones of this city on the map",
            params={"count": len(unknown)},
            faults=(fault,),
        )
    return [row_of[zone] for zone in zones]


def rings(city: City, row: int) -> list[F64]:
    """Return the closed rings of a zone, lon lat. [deg] each (vertices, 2)"""
    shapes = city.zones.shapes
    first, last = shapes.shape[row], shapes.shape[row + 1]
    return [shapes.xy[shapes.part[p] : shapes.part[p + 1]] for p in range(first, last)]


def polygons(city: City, zone: int) -> tuple[list[F64], float]:
    """Return the outlines of a zone as CAP can carry them.

    Parameters
    ----------
    city, zone
        Where, and the zone's id.

    Returns
    -------
    outlines
        Closed rings without holes, at most 100 vertices each, lon lat. [deg]
    tolerance
        How far a simplified outline may lie from the true one; 0: nothing was simplified. [m]

    Raises
    ------
    InvalidInputError
        If the zone is unknown or its outline is absent, open, empty or crosses itself.

    Notes
    -----
    CAP knows no holes. A zone with a hole is cut in two through it, so that the hole stays out: the
    audience is never widened. The id of the zone travels beside its outline and is exact.
    """
    shape = _shape(city, zone)
    outlines: list[F64] = []
    worst = 0.0
    for part in _without_holes(shape):
        outline, tolerance = _simplified(part)
        outlines.append(outline)
        worst = max(worst, tolerance)
    return outlines, worst


def _shape(city: City, zone: int) -> BaseGeometry:
    row = rows(city, [zone])[0]
    shape: BaseGeometry = MultiPolygon()
    for ring in rings(city, row):
        is_ring = len(ring) >= 4 and bool((ring[0] == ring[-1]).all())
        part = Polygon(ring) if is_ring and np.isfinite(ring).all() else None
        if part is None or not part.is_valid or part.area == 0:
            raise _invalid(zone)
        shape = shape.symmetric_difference(part)  # even-odd: a ring within a ring is a hole
    if shape.is_empty or not shape.is_valid:
        raise _invalid(zone)
    return shape


def _without_holes(shape: BaseGeometry) -> list[Polygon]:
    found: list[Polygon] = []
    waiting = [part for part in getattr(shape, "geoms", [shape]) if isinstance(part, Polygon)]
    while waiting:
        part = waiting.pop()
        if not part.interiors:
            found.append(part)
            continue
        x = part.interiors[0].centroid.x
        _, south, _, north = part.bounds
        waiting += split(part, LineString([(x, south - 1.0), (x, north + 1.0)])).geoms
    return found


def _simplified(part: Polygon) -> tuple[F64, float]:
    outline, tolerance = part, 0.0
    step = _FIRST_TOLERANCE_M
    while len(outline.exterior.coords) > MOST_VERTICES:
        outline, tolerance = part.simplify(step / _DEGREE_M, preserve_topology=True), step
        step *= 1.5
    return np.asarray(outline.exterior.coords, dtype=np.float64)[:, :2], tolerance


def _invalid(zone: int) -> InvalidInputError:
    return InvalidInputError(
        "alert.area_invalid",
        f"the outline of zone {zone} is absent, open, empty or crosses itself",
        hint="Choose other zones, and have the city's data mended",
        params={"zone": zone},
    )
