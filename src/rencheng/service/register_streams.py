"""A registered datastream as quality control and the stages see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, isfinite
from typing import Any

import numpy as np
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from rencheng.domain.city import City
from rencheng.domain.observation import Datastream
from rencheng.domain.provenance import Origin
from rencheng.domain.sensing import DatastreamResource, EntityKind, FeatureOfInterest, Location
from rencheng.domain.sensing import Thing as ThingEntity
from rencheng.service.areas import rings
from rencheng.service.register_index import Index

INTERVAL_S = 3600.0
"""Expected time between values where none is stated. Chosen; no source. [s]"""


def house_stream(item: DatastreamResource, index: Index, zones: Outlines) -> Datastream | None:
    """Return the stream behind a resource; None while its thing has no place.

    What is plausible for it stands in `properties` of the datastream: `low`, `high`, `rate`,
    `interval_s`, `stuck_after`, `is_vital`; the asset that it watches there or in the thing's.
    """
    thing = index.find(EntityKind.THINGS, item.thing)
    place = place_of(thing, index) if isinstance(thing, ThingEntity) else None
    if place is None or not isinstance(thing, ThingEntity):
        return None
    said = item.properties
    return Datastream(
        id=item.id,
        name=item.name,
        quantity=item.quantity,
        unit=item.unit.symbol or item.unit.name or "1",
        xy=(place.x, place.y),
        asset=str(said.get("asset") or thing.properties.get("asset") or ""),
        zone=zones.holding(place.x, place.y),
        interval_s=_number(said, "interval_s", INTERVAL_S),
        low=_number(said, "low", -inf),
        high=_number(said, "high", inf),
        rate=_number(said, "rate", inf),
        stuck_after=int(_number(said, "stuck_after", 0.0)),
        is_vital=said.get("is_vital") is True,
        origin=Origin.OBSERVED,
        is_forecast=said.get("is_forecast") is True,
    )


def retired(stream: Datastream) -> Datastream:
    """Return what stays in the row of a stream that was deleted: it expects nothing."""
    return replace(stream, interval_s=inf, is_vital=False, asset="", stuck_after=0)


def place_of(thing: ThingEntity, index: Index) -> Point | None:
    """Return a point inside the first location of a thing that is GeoJSON, None: there is none."""
    for key in thing.locations:
        found = index.find(EntityKind.LOCATIONS, key)
        geometry = geometry_of(found.location) if isinstance(found, Location) else None
        if geometry is not None:
            return geometry if isinstance(geometry, Point) else geometry.representative_point()
    return None


def geometry_of(value: Any) -> BaseGeometry | None:
    """Return the geometry of a GeoJSON geometry or feature on the globe, None: it is none."""
    said = value.get("geometry") if isinstance(value, Mapping) and "geometry" in value else value
    if not isinstance(said, Mapping):
        return None
    try:
        found: BaseGeometry = shape(said)
        west, south, east, north = found.bounds
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return None
    is_there = all(isfinite(x) for x in (west, south, east, north))
    return (
        found if is_there and west >= -180 and east <= 180 and abs(south) <= 90 >= north else None
    )


def feature_geometry(item: FeatureOfInterest) -> BaseGeometry | None:
    """Return where a feature is, None when its encoding says nothing that we read."""
    return geometry_of(item.feature)


class Outlines:
    """The zones of a city, to ask which one holds a point."""

    def __init__(self, city: City) -> None:
        self._rings = [
            (row, ring) for row in range(len(city.zones.id)) for ring in rings(city, row)
        ]
        boxes = [np.concatenate([ring.min(axis=0), ring.max(axis=0)]) for _, ring in self._rings]
        self._boxes = np.array(boxes, dtype=np.float64).reshape(-1, 4)

    def holding(self, x: float, y: float) -> int:
        """Return the row of the zone that holds a point, -1: none does.

        Even-odd rule over the zone's rings: a ring within a ring is a hole.
        """
        box = self._boxes
        near = (box[:, 0] <= x) & (box[:, 1] <= y) & (box[:, 2] >= x) & (box[:, 3] >= y)
        crossed: dict[int, int] = {}
        for which in np.flatnonzero(near).tolist():
            row, ring = self._rings[which]
            x0, y0, x1, y1 = ring[:-1, 0], ring[:-1, 1], ring[1:, 0], ring[1:, 1]
            cut = (y0 > y) != (y1 > y)
            at = (x1[cut] - x0[cut]) * (y - y0[cut]) / (y1[cut] - y0[cut]) + x0[cut]
            crossed[row] = crossed.get(row, 0) + int((at > x).sum())
        return next((row for row, count in crossed.items() if count % 2), -1)


def _number(said: Mapping[str, Any], key: str, otherwise: float) -> float:
    value: Any = said.get(key)
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if is_one else otherwise
