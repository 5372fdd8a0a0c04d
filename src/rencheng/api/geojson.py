"""The city's layers as GeoJSON (RFC 7946); `id` and `properties.row` are the row of the layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rencheng.api.telling import number
from rencheng.domain.city import City, Shapes
from rencheng.domain.impact import Damage
from rencheng.domain.outlines import DIGITS, lines, polygons

Feature = dict[str, Any]


def encode_one(feature: Feature) -> bytes:
    """Return one feature as JSON."""
    return msgspec.json.encode(feature)


def layer(city: City, name: str) -> bytes:
    """Return one whole layer, feature by feature: encoded at once it would hold up all answers."""
    features = [encode_one(feature) for feature in LAYERS[name](city)]
    told = b'{"type":"FeatureCollection","features":[%b],"total":%d}'
    return told % (b",".join(features), len(features))


def zones(city: City) -> Iterator[Feature]:
    """Return the zones."""
    table = city.zones
    return (
        _feature(
            row,
            geometry,
            zone=int(table.id[row]),
            name=table.name[row],
            population=number(float(table.population[row])),
            area_m2=number(float(table.area_m2[row])),
            is_coastal=bool(table.is_coastal[row]),
            coast_m=number(float(table.coast_m[row])),
            centre=_point(table.centre[row]),
        )
        for row, geometry in enumerate(polygons(table.shapes))
    )


def grid(city: City) -> Iterator[Feature]:
    """Return the cells of the management grid."""
    table = city.grid
    return (
        _feature(
            row,
            geometry,
            cell=table.id[row],
            zone_row=int(table.zone[row]),
            population=number(float(table.population[row])),
        )
        for row, geometry in enumerate(polygons(table.shapes))
    )


def roads(city: City) -> Iterator[Feature]:
    """Return the road links."""
    table = city.roads
    return (
        _feature(
            row,
            geometry,
            kind=table.kinds[int(table.kind[row])],
            name=table.name[row],
            length_m=round(float(table.length_m[row]), 1),
            direction=int(table.direction[row]),
        )
        for row, geometry in enumerate(lines(table.shapes))
    )


def mains(city: City) -> Iterator[Feature]:
    """Return power lines and water mains."""
    table = city.mains
    ends = city.lifelines.id
    return (
        _feature(
            row,
            geometry,
            main=table.id[row],
            sector=table.sector[row],
            material=table.material[row],
            start=ends[int(table.start[row])],
            end=ends[int(table.end[row])],
            length_m=round(float(table.length_m[row]), 1),
        )
        for row, geometry in enumerate(lines(table.shapes))
    )


def facilities(city: City) -> Iterator[Feature]:
    """Return places with a public duty."""
    table = city.facilities
    return (
        _feature(
            row,
            {"type": "Point", "coordinates": _point(table.xy[row])},
            facility=table.id[row],
            name=table.name[row],
            kind=table.kind[row],
            beds=number(float(table.beds[row])),
            shelter_places=number(float(table.shelter_places[row])),
            has_emergency=bool(table.has_emergency[row]),
            curve=table.curve[row],
        )
        for row in range(len(table.id))
    )


def lifelines(city: City) -> Iterator[Feature]:
    """Return the nodes of the power, water and telecom networks."""
    table = city.lifelines
    return (
        _feature(
            row,
            {"type": "Point", "coordinates": _point(table.xy[row])},
            lifeline=table.id[row],
            sector=table.sector[row],
            kind=table.kind[row],
            serves=number(float(table.serves[row])),
            curve=table.curve[row],
        )
        for row in range(len(table.id))
    )


def stops(city: City) -> Iterator[Feature]:
    """Return the stops of public transport."""
    table = city.stops
    return (
        _feature(
            row,
            {"type": "Point", "coordinates": _point(table.xy[row])},
            stop=table.id[row],
            name=table.name[row],
            departures=found if (found := int(table.departures[row])) >= 0 else None,
        )
        for row in range(len(table.id))
    )


def building(city: City, row: int, damage: Damage | None) -> Feature:
    """Return one building: its footprint, or its point, with P[state] where it was assessed."""
    table = city.buildings
    state = None
    if damage is not None:
        found = damage.building_state[row]
        state = None if np.isnan(found).any() else [round(float(p), 4) for p in found]
    curve, use, storeys = int(table.curve[row]), int(table.use[row]), int(table.storeys[row])
    first, end = int(table.shapes.shape[row]), int(table.shapes.shape[row + 1])
    point: Feature = {"type": "Point", "coordinates": _point(table.xy[row])}
    return _feature(
        row,
        next(polygons(_cut_out(table.shapes, first, end))) if end > first else point,
        building=str(int(table.id[row])),
        curve=table.curves[curve] if curve >= 0 else "",
        storeys=storeys if storeys > 0 else None,
        height_m=number(float(table.height_m[row])),
        use=table.uses[use] if use >= 0 else "",
        zone_row=int(table.zone[row]),
        dwellings=int(table.dwellings[row]),
        has_footprint=end > first,
        state=state,
    )


def _cut_out(shapes: Shapes, first: int, end: int) -> Shapes:
    """Return the parts from `first` to `end` as one shape."""
    part = shapes.part[first : end + 1]
    return Shapes(
        xy=shapes.xy[part[0] : part[-1]],
        part=part - part[0],
        shape=np.array([0, end - first], dtype=np.int32),
    )


def _feature(row: int, geometry: Feature, **properties: Any) -> Feature:
    return {
        "type": "Feature",
        "id": row,
        "geometry": geometry,
        "properties": {"row": row, **properties},
    }


def _point(xy: NDArray[np.float64]) -> list[float]:
    return [round(float(xy[0]), DIGITS), round(float(xy[1]), DIGITS)]


LAYERS = {
    "zones": zones,
    "grid": grid,
    "roads": roads,
    "mains": mains,
    "facilities": facilities,
    "lifelines": lifelines,
    "stops": stops,
}
