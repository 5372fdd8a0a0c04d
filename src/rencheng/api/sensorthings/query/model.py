"""What the properties of entities hold, and where navigation leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from rencheng.api.problems import RefusedError
from rencheng.api.sensorthings.query.values import (
    Interval,
    Value,
    as_count,
    write_time,
)
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.readings import from_us
from rencheng.domain.sensing import (
    NAVIGATION,
    PROPERTIES,
    Entity,
    EntityKind,
    FeatureOfInterest,
    HistoricalLocation,
    Reading,
    Unit,
)
from rencheng.service.house import House
from rencheng.service.register import View
from rencheng.service.register_extents import extents
from rencheng.service.register_readings import count, reading_at, readings

K = EntityKind
Item: TypeAlias = Entity | Reading
Times: TypeAlias = tuple[int, int] | None
"""First and last. [µs UTC]"""
ID_NAMES = ("@iot.id", "id")
JSON = frozenset(
    {"properties", "parameters", "unitOfMeasurement", "unitOfMeasurements", "location", "feature",
     "metadata", "observedArea", "multiObservationDataTypes", "result", "resultQuality"}
)  # fmt: skip
"""Properties with something inside that a path can lead to."""
STREAMS = (K.DATASTREAMS, K.MULTI_DATASTREAMS)
MAX_FOLLOWED = 20_000
"""Most observations of one entity that a filter of another one looks at. Chosen."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one caller may read."""

    house: House
    view: View
    now: datetime
    spans: dict[str, tuple[Times, Times]] = field(default_factory=dict)
    """Extents in time of the datastreams that were looked at, read once for a request."""

    def span(self, stream: str) -> tuple[Times, Times]:
        """Return the first and last time of the phenomena and of the results of a datastream."""
        self.look_at((stream,))
        return self.spans[stream]

    def look_at(self, streams: Iterable[str]) -> None:
        """Read the extents of datastreams that will be asked for, all at once."""
        fresh = [one for one in streams if one not in self.spans]
        if fresh:
            self.spans.update(extents(self.house, fresh))


def property_of(source: Source, kind: EntityKind, name: str) -> Callable[[Any], Value]:
    """Return the function that reads a property of an entity as a value of the language."""
    if name in ID_NAMES:
        return lambda item: item.id
    if kind is K.OBSERVATIONS:
        return _READING[name]
    if kind in STREAMS and name in ("phenomenonTime", "resultTime"):
        place = 0 if name == "phenomenonTime" else 1
        return lambda item: _span(source.span(item.id)[place])
    attribute = PROPERTIES[kind][name]
    if attribute == "observed_area":
        return lambda item: area_of(item.observed_area)
    if attribute in ("unit", "units", "multi_types", "properties"):
        return lambda item: _plain(getattr(item, attribute))
    return lambda item: getattr(item, attribute)


def json_of(value: Value) -> Any:
    """Return a value as it stands in JSON."""
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, Interval):
        return f"{write_time(value.start)}/{write_time(value.end)}"
    if isinstance(value, float) and not isinstance(value, bool):
        return None if value != value else as_count(value)  # noqa: PLR0124 - NaN is unknown
    return value


def area_of(box: tuple[float, float, float, float] | None) -> dict[str, Any] | None:
    """Return a box as GeoJSON: a point where it has no size. [deg]"""
    if box is None:
        return None
    west, south, east, north = box
    if (west, south) == (east, north):
        return {"type": "Point", "coordinates": [west, south]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _span(times: tuple[int, int] | None) -> Value:
    return None if times is None else Interval(from_us(times[0]), from_us(times[1]))


def _plain(value: Any) -> Any:
    """Return units, tuples and mappings as JSON has them."""
    if isinstance(value, Unit):
        return {"name": value.name, "symbol": value.symbol, "definition": value.definition}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _phenomenon(item: Reading) -> Value:
    if item.end == item.at:
        return from_us(item.at)
    return Interval(from_us(item.at), from_us(item.end))


_READING: dict[str, Callable[[Any], Value]] = {
    "phenomenonTime": _phenomenon,
    "resultTime": lambda item: None if item.result_at is None else from_us(item.result_at),
    "result": lambda item: item.result,
    "resultQuality": lambda item: item.result_quality,
    "validTime": lambda item: _span(item.valid_time),
    "parameters": lambda item: _plain(item.parameters) or None,
}


# Navigation ------------------------------------------------------------------------------------


def relations(kind: EntityKind, item: Item | None = None) -> Iterator[str]:
    """Yield the neighbours of a kind; of an observation only the kind of stream that it has."""
    for name in NAVIGATION[kind]:
        if isinstance(item, Reading) and name == (
            "Datastream" if item.is_multi else "MultiDatastream"
        ):
            continue
        yield name


def neighbour(source: Source, kind: EntityKind, item: Any, name: str) -> Item | None:
    """Return the one entity that a navigation property leads to, None where there is none."""
    target = NAVIGATION[kind][name][0]
    if isinstance(item, Reading):
        if name == "FeatureOfInterest":
            return source.view.find(target, item.feature)
        is_it = item.is_multi is (target is K.MULTI_DATASTREAMS)
        return source.view.find(target, item.datastream) if is_it else None
    key = item.thing if name == "Thing" else _POINTERS[name](item)
    return source.view.find(target, key)


_POINTERS: dict[str, Callable[[Any], str]] = {
    "Sensor": lambda item: item.sensor,
    "ObservedProperty": lambda item: item.observed_property,
}


def neighbours(source: Source, kind: EntityKind, item: Any, name: str) -> list[Item]:
    """Return the entities that a navigation property leads to."""
    target = NAVIGATION[kind][name][0]
    if target is K.OBSERVATIONS:
        streams = streams_of(source, kind, item.id)
        if count(source.house, streams) > MAX_FOLLOWED:
            raise wide(MAX_FOLLOWED)
        found = readings(source.house, streams)
        every = (reading_at(source.house, found, row) for row in range(len(found)))
        return [one for one in every if kind is not K.FEATURES or one.feature == item.id]
    keys = source.view.related(kind, item.id, name)
    reached = (source.view.find(target, key) for key in keys)
    return [one for one in reached if one is not None]


def streams_of(source: Source, kind: EntityKind, key: str) -> tuple[str, ...]:
    """Return the datastreams in which the observations of an entity lie."""
    if kind in STREAMS:
        return (key,)
    feature = source.view.find(K.FEATURES, key)
    if not isinstance(feature, FeatureOfInterest):
        return ()
    with source.house.work() as work:
        own = {one.datastream for one in work.details.of_feature(key)}
    if feature.location and source.view.find(K.LOCATIONS, feature.location) is not None:
        for thing in _ever_at(source, feature.location):
            for name in ("Datastreams", "MultiDatastreams"):
                own.update(source.view.related(K.THINGS, thing, name))
    return tuple(one for one in own if any(source.view.find(kind, one) for kind in STREAMS))


def _ever_at(source: Source, place: str) -> set[str]:
    """Return the things that are or once were at a location."""
    found = set(source.view.related(K.LOCATIONS, place, "Things"))
    for key in source.view.related(K.LOCATIONS, place, "HistoricalLocations"):
        past = source.view.find(K.HISTORICAL_LOCATIONS, key)
        if isinstance(past, HistoricalLocation) and source.view.find(K.THINGS, past.thing):
            found.add(past.thing)
    return found


def wide(limit: int) -> RefusedError:
    """Return the refusal of a question that would look at too many observations one by one."""
    error = InvalidInputError(
        "sta.query.wide",
        f"this would look at more than {limit} observations one by one",
        hint="Bound it by phenomenonTime, or ask one datastream",
        params={"limit": limit},
    )
    return RefusedError(error, 400)
