"""A map of water as observations: one multi-datastream a grid cell, the cell as what is observed.

Observations are told of the live run alone, as all that SensorThings shows. A cell of which the
scenes show less than half has none: nothing is known of it, and unknown is not zero.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from rencheng.domain.city import City
from rencheng.domain.outlines import Geometry, polygons
from rencheng.domain.provenance import Text
from rencheng.domain.readings import to_us
from rencheng.domain.scene import WaterMap
from rencheng.domain.sensing import (
    COMPLEX,
    GEOJSON,
    NUMBER,
    Entity,
    EntityKind,
    FeatureOfInterest,
    MultiDatastream,
    ObservationDetails,
    ObservedProperty,
    Sensor,
    Thing,
    Unit,
)
from rencheng.service.house import Words
from rencheng.service.ports import UnitOfWork
from rencheng.service.register import Register
from rencheng.service.register_plan import Box, Plan
from rencheng.service.register_readings import id_of, ident_of
from rencheng.service.register_seed import DEFINITIONS
from rencheng.service.registering import keep

K = EntityKind
GROUND = "seen-from-above"
"""Id of the thing and of the sensor; streams of cells are `seen-from-above:<cell>`."""
WATER, FLOODED = "surface_water_share", "flooded_share"
"""Ids of the observed properties, in the order of a result."""
_SHARE = Unit(name="share of the area", symbol="1", definition="ucum:1")
_DIGITS = 4
"""Decimal places of a share."""


def told(
    work: UnitOfWork, register: Register, words: Words, plan: Plan,
    water: WaterMap, earlier: Sequence[WaterMap],
) -> int:  # fmt: skip
    """Keep the observations of a map within the unit of work of its command; return how many.

    Parameters
    ----------
    plan
        Takes up the streams and features that are new.
    earlier
        Maps of the same scene that were kept before, the newest first: the new one replaces what
        they say, cell by cell, and what they alone say is told no longer.
    """
    city = register.current()
    row_of = {cell: row for row, cell in enumerate(city.grid.id)}
    known = [
        (cell, row_of[cell], values)
        for cell, *values in zip(
            water.cells, water.water, water.flooded, water.confidence, water.seen, strict=True
        )
        if cell in row_of and all(isfinite(one) for one in values)
    ]
    features = _placed(plan, words, city, [row for _, row, _ in known])
    at, ident = to_us(water.taken), _ident(water)
    said = _said(water, earlier)
    items = [
        ObservationDetails(
            id=id_of(stream_of(cell), at, ident), datastream=stream_of(cell), at=at, end=at,
            result=[round(values[0], _DIGITS), round(values[1], _DIGITS)],
            result_at=to_us(water.received),
            result_quality={
                "confidence": round(values[2], _DIGITS), "seen": round(values[3], _DIGITS)
            },
            parameters=said, feature=features[row],
        )
        for cell, row, values in known
    ]  # fmt: skip
    now = {one.id for one in items}
    before = {id_of(stream_of(cell), at, ident) for one in earlier for cell in one.cells}
    register.note(one.datastream for one in items)
    keep(work, plan)
    work.details.put(items)
    work.details.drop(sorted(before - now))
    return len(items)


def stream_of(cell: str) -> str:
    """Return the id of the multi-datastream of a cell."""
    return f"{GROUND}:{cell}"


# Inside ----------------------------------------------------------------------------------------


def _ident(water: WaterMap) -> int:
    """Return what makes observations of one pass one and the same, by whatever method."""
    return ident_of(json.dumps([GROUND, water.scene]))


def _said(water: WaterMap, earlier: Sequence[WaterMap]) -> dict[str, str | float]:
    """Return where the figures of every cell come from."""
    found: dict[str, str | float] = {
        "scene": water.scene,
        "before": water.before,
        "before_taken": water.before_taken.isoformat(),
        "kind": water.kind.value,
        "method": water.method,
        "source": water.source,
        "licence": water.licence,
        "origin": water.origin.value,
        "pixel_m": round(water.pixel_m, 2),
        "map": water.id,
        "city": water.city,
    }
    return found | ({"corrects": earlier[0].id} if earlier else {})


def _placed(plan: Plan, words: Words, city: City, rows: Sequence[int]) -> dict[int, str]:
    """Plan the streams and features that cells need; return the feature of each row."""
    if rows:
        for kind, item in _common(words):
            if plan.index.find(kind, item.id) is None:
                plan.put(kind, item)
    outlines: list[Geometry] = list(polygons(city.grid.shapes))
    boxes, found = _boxes(city), {}
    for row in rows:
        cell = city.grid.id[row]
        shape = outlines[row]
        if not shape["coordinates"]:
            shape = {"type": "Point", "coordinates": city.grid.centre[row].tolist()}
        found[row] = key = _feature_id(cell, shape)
        if plan.index.find(K.FEATURES, key) is None:
            plan.put(K.FEATURES, _feature(key, words, city, row, shape))
        old = plan.index.find(K.MULTI_DATASTREAMS, stream_of(cell))
        if not isinstance(old, MultiDatastream):
            plan.put(K.MULTI_DATASTREAMS, _stream(words, cell, boxes[row]))
        elif (wide := _wider(old.observed_area, boxes[row])) != old.observed_area:
            plan.put(K.MULTI_DATASTREAMS, replace(old, observed_area=wide))
    return found


def _feature_id(cell: str, shape: Geometry) -> str:
    """Return the id of a cell's outline: another outline is another feature."""
    mark = hashlib.blake2b(json.dumps(shape).encode(), digest_size=4).hexdigest()
    return f"cell:{cell}:{mark}"


def _feature(key: str, words: Words, city: City, row: int, shape: Geometry) -> FeatureOfInterest:
    cell, zone = city.grid.id[row], int(city.grid.zone[row])
    properties = {"cell": cell} | ({"zone": int(city.zones.id[zone])} if zone >= 0 else {})
    name = _both(words, "scene.cell", cell=cell)
    return FeatureOfInterest(
        id=key, name=name, description=name, encoding_type=GEOJSON, feature=shape,
        properties=properties,
    )  # fmt: skip


def _stream(words: Words, cell: str, box: Box) -> MultiDatastream:
    return MultiDatastream(
        id=stream_of(cell),
        name=_both(words, "scene.stream", cell=cell),
        description=_both(words, "scene.stream_about"),
        observation_type=COMPLEX,
        multi_types=(NUMBER, NUMBER),
        units=(_SHARE, _SHARE),
        thing=GROUND,
        sensor=GROUND,
        observed_properties=(WATER, FLOODED),
        observed_area=box,
        properties={"cell": cell},
    )


def _common(words: Words) -> Iterable[tuple[EntityKind, Entity]]:
    """Yield what the streams of all cells share."""
    thing, about = _both(words, "scene.thing"), _both(words, "scene.thing_about")
    yield K.THINGS, Thing(id=GROUND, name=thing, description=about)
    name, about = _both(words, "scene.sensor"), _both(words, "scene.sensor_about")
    yield (
        K.SENSORS,
        Sensor(id=GROUND, name=name, description=about, encoding_type="text/plain", metadata=about),
    )
    for key in (WATER, FLOODED):
        yield (
            K.OBSERVED_PROPERTIES,
            ObservedProperty(
                id=key,
                name=_both(words, f"scene.property.{key}"),
                definition=f"{DEFINITIONS}{key}",
                description=_both(words, f"scene.property_about.{key}"),
            ),
        )


def _both(words: Words, key: str, **params: str) -> str:
    text = Text(key, params)
    return f"{words(text, 'zh-CN')} {words(text, 'en')}"


def _boxes(city: City) -> list[Box]:
    """Return the box around each cell, its centre where it has no outline. [deg]"""
    shapes, found = city.grid.shapes, []
    ends = shapes.part[shapes.shape]
    for row, (first, last) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
        xy = shapes.xy[first:last] if last > first else city.grid.centre[row : row + 1]
        west, south, east, north = np.concatenate([xy.min(axis=0), xy.max(axis=0)]).tolist()
        found.append((west, south, east, north))
    return found


def _wider(old: Box | None, box: Box) -> Box:
    if old is None:
        return box
    return (min(old[0], box[0]), min(old[1], box[1]), max(old[2], box[2]), max(old[3], box[3]))
