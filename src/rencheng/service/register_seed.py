"""The things, sensors and streams that a city's own data state, as the standard describes them."""

from __future__ import annotations

from collections.abc import Iterator

from rencheng.domain.city import City
from rencheng.domain.observation import Datastream
from rencheng.domain.sensing import (
    GEOJSON,
    NUMBER,
    DatastreamResource,
    Entity,
    EntityKind,
    FeatureOfInterest,
    Location,
    ObservedProperty,
    Sensor,
    Thing,
    Unit,
)

DEFINITIONS = "urn:rencheng:quantity:"
"""What the definition of a quantity of the house begins with."""


def seed(city: City) -> Iterator[tuple[EntityKind, Entity]]:
    """Yield what the city's datastreams amount to; ids rest on the city's own and stay.

    Streams of one asset at one place belong to one thing. The instrument behind a stream is not
    known to the city: each stream has a sensor of its own that says so.
    """
    seen: dict[tuple[str, float, float], str] = {}
    things: set[str] = set()
    quantities: set[str] = set()
    for stream in city.datastreams:
        key = (stream.asset or stream.id, *stream.xy)
        if key not in seen:
            name = key[0] if key[0] not in things else stream.id
            seen[key] = name
            things.add(name)
            yield from _place(name, stream)
        if stream.quantity.value not in quantities:
            quantities.add(stream.quantity.value)
            yield EntityKind.OBSERVED_PROPERTIES, _property(stream)
        yield EntityKind.SENSORS, _sensor(stream)
        yield EntityKind.DATASTREAMS, _resource(stream, seen[key])


def _place(name: str, stream: Datastream) -> Iterator[tuple[EntityKind, Entity]]:
    point = {"type": "Point", "coordinates": list(stream.xy)}
    title = stream.asset or stream.name or stream.id
    yield (
        EntityKind.LOCATIONS,
        Location(
            id=name, name=title, description=title, encoding_type=GEOJSON, location=point
        ),
    )  # fmt: skip
    yield (
        EntityKind.FEATURES,
        FeatureOfInterest(
            id=name, name=title, description=title, encoding_type=GEOJSON, feature=point,
            location=name,
        ),
    )  # fmt: skip
    properties = {"asset": stream.asset} if stream.asset else {}
    yield (
        EntityKind.THINGS,
        Thing(
            id=name, name=title, description=title, properties=properties, locations=(name,)
        ),
    )  # fmt: skip


def _property(stream: Datastream) -> ObservedProperty:
    name = stream.quantity.value
    return ObservedProperty(
        id=name, name=name, definition=f"{DEFINITIONS}{name}", description=name.replace("_", " ")
    )


def _sensor(stream: Datastream) -> Sensor:
    return Sensor(
        id=stream.id,
        name=stream.name or stream.id,
        description="instrument not stated in the city's data",
        encoding_type="text/plain",
        metadata="",
    )


def _resource(stream: Datastream, thing: str) -> DatastreamResource:
    unit = Unit(name=stream.unit, symbol=stream.unit, definition=f"ucum:{stream.unit}")
    x, y = stream.xy
    return DatastreamResource(
        id=stream.id,
        name=stream.name or stream.id,
        description=stream.name or stream.id,
        observation_type=NUMBER,
        unit=unit,
        thing=thing,
        sensor=stream.id,
        observed_property=stream.quantity.value,
        quantity=stream.quantity,
        observed_area=(x, y, x, y),
        properties={"origin": stream.origin.value, "interval_s": stream.interval_s},
    )
