"""Shapes as the coordinates of GeoJSON (RFC 7946)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rencheng.domain.city import Shapes

DIGITS = 6
"""Decimal places of a degree: about 0.1 m."""
Geometry = dict[str, Any]


def lines(shapes: Shapes) -> Iterator[Geometry]:
    """Yield the lines of each shape."""
    for parts in _parts(shapes):
        if len(parts) == 1:
            yield {"type": "LineString", "coordinates": parts[0]}
        else:
            yield {"type": "MultiLineString", "coordinates": parts}


def polygons(shapes: Shapes) -> Iterator[Geometry]:
    """Yield polygons; a ring that runs the other way than the first one is a hole of the last."""
    for parts in _parts(shapes):
        found: list[list[list[list[float]]]] = []
        outside = _turn(parts[0]) if parts else 0.0
        for ring in parts:
            if found and _turn(ring) * outside < 0:
                found[-1].append(ring)
            else:
                found.append([ring])
        if len(found) == 1:
            yield {"type": "Polygon", "coordinates": found[0]}
        else:
            yield {"type": "MultiPolygon", "coordinates": found}


def _parts(shapes: Shapes) -> Iterator[list[list[list[float]]]]:
    """Yield the parts of each shape as lists of vertices."""
    xy = np.round(shapes.xy, DIGITS).tolist()
    part, shape = shapes.part.tolist(), shapes.shape.tolist()
    for first, end in zip(shape[:-1], shape[1:], strict=True):
        yield [xy[part[p] : part[p + 1]] for p in range(first, end)]


def _turn(ring: list[list[float]]) -> float:
    """Return twice the signed area of a ring; positive runs anticlockwise."""
    pairs = zip(ring[:-1], ring[1:], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)
