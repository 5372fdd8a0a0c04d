"""Things, sensors and what they observe, in the words of OGC SensorThings 1.1 (18-088)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.observation import Quantity

NUMBER = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
"""Observation type of a stream of numbers."""
COMPLEX = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_ComplexObservation"
"""Observation type of a `MultiDatastream`."""
GEOJSON = "application/geo+json"


class EntityKind(StrEnum):
    """Entity sets by the name that stands in addresses."""

    THINGS = "Things"
    LOCATIONS = "Locations"
    HISTORICAL_LOCATIONS = "HistoricalLocations"
    DATASTREAMS = "Datastreams"
    MULTI_DATASTREAMS = "MultiDatastreams"
    SENSORS = "Sensors"
    OBSERVED_PROPERTIES = "ObservedProperties"
    OBSERVATIONS = "Observations"
    FEATURES = "FeaturesOfInterest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object of the world that sensors sit on: a pump, a pole, a gauge house."""

    id: str
    name: str
    description: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    locations: tuple[str, ...] = ()
    """Where it is now; several are several ways to say it."""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place of things."""

    id: str
    name: str
    description: str
    encoding_type: str
    location: Any
    """As its encoding says; GeoJSON is lon, lat (WGS84)."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoricalLocation:
    """Where a thing was from a time on."""

    id: str
    time: datetime
    thing: str
    locations: tuple[str, ...]
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """The instrument or procedure that makes values."""

    id: str
    name: str
    description: str
    encoding_type: str
    metadata: Any
    properties: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedProperty:
    """What is observed, with the address of its definition."""

    id: str
    name: str
    definition: str
    description: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of measurement; any part may be None where values have no unit."""

    name: str | None = None
    symbol: str | None = None
    definition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastreamResource:
    """Observations of one property by one sensor on one thing, as the standard describes them.

    `observation.Datastream` is the same stream as quality control and the stages see it.
    """

    id: str
    name: str
    description: str
    observation_type: str
    unit: Unit
    thing: str
    sensor: str
    observed_property: str
    quantity: Quantity = Quantity.OTHER
    observed_area: tuple[float, float, float, float] | None = None
    """Box around every feature that was observed: west, south, east, north; None: unknown. [deg]"""
    properties: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiDatastream:
    """Observations whose result is a list of values, one for each property."""

    id: str
    name: str
    description: str
    observation_type: str
    multi_types: tuple[str, ...]
    """Observation type of each value."""
    units: tuple[Unit, ...]
    thing: str
    sensor: str
    observed_properties: tuple[str, ...]
    observed_area: tuple[float, float, float, float] | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOfInterest:
    """What an observation is about: mostly the place of the thing."""

    id: str
    name: str
    description: str
    encoding_type: str
    feature: Any
    properties: Mapping[str, Any] = field(default_factory=dict)
    location: str = ""
    """Id of the location that it was made from; empty: none."""
    version: int = 1


Entity = (
    Thing
    | Location
    | HistoricalLocation
    | Sensor
    | ObservedProperty
    | DatastreamResource
    | MultiDatastream
    | FeatureOfInterest
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationDetails:
    """What of an observation is no plain number at one time; lies beside the raw value.

    Without a raw value in the history (`is_raw` false) it is the whole observation.
    """

    id: str
    """As in `Reading`."""
    datastream: str
    """Of a `DatastreamResource` or a `MultiDatastream`."""
    at: int
    """Begin of the phenomenon. [µs UTC]"""
    end: int
    """End of the phenomenon; `at` where it is a moment. [µs UTC]"""
    result: Any
    """Corrected where a raw value is there too."""
    result_at: int | None = None
    """When the result was made; None: not said. [µs UTC]"""
    result_quality: Any = None
    valid_time: tuple[int, int] | None = None
    """[µs UTC]"""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    feature: str = ""
    """Own feature of interest; empty: that of the thing's place."""
    is_raw: bool = False
    is_withdrawn: bool = False
    """Taken back: no longer told, though the raw value stays in the history."""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Observations that were kept with the entities they came with, on their way to the history."""

    id: str
    actor: str
    """Id of the account that sent them."""
    observations: tuple[ObservationDetails, ...]
    """Each with an empty id: it depends on where it will lie."""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One observation as the standard tells it."""

    id: str
    datastream: str
    is_multi: bool
    """Whether `datastream` is a `MultiDatastream`."""
    at: int
    end: int
    result: Any
    result_at: int | None
    result_quality: Any
    """The verdict of quality control where the sender said none."""
    valid_time: tuple[int, int] | None
    parameters: Mapping[str, Any]
    feature: str
    """Id of the feature of interest; empty: none known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Many observations as columns, for filters and sorting."""

    streams: tuple[str, ...]
    """Ids of the datastreams."""
    stream: NDArray[np.int32]
    """Row in `streams`. (n,)"""
    at: NDArray[np.int64]
    """Begin of the phenomenon. [µs UTC] (n,)"""
    end: NDArray[np.int64]
    """End of the phenomenon. [µs UTC] (n,)"""
    value: NDArray[np.float64]
    """Result where it is a number; NaN: look at `details`. (n,)"""
    result_at: NDArray[np.int64]
    """When the result was made; the smallest integer: not said. [µs UTC] (n,)"""
    ident: NDArray[np.uint64]
    """With stream and time, what makes an observation one. (n,)"""
    reasons: NDArray[np.uint16]
    """Bits of `QualityReason` against the value; 0: good. (n,)"""
    details: Mapping[int, ObservationDetails]
    """By row, for those that have more than a number and a time."""

    def __len__(self) -> int:
        return len(self.at)


NAVIGATION: Mapping[EntityKind, Mapping[str, tuple[EntityKind, bool]]] = {
    EntityKind.THINGS: {
        "Locations": (EntityKind.LOCATIONS, True),
        "HistoricalLocations": (EntityKind.HISTORICAL_LOCATIONS, True),
        "Datastreams": (EntityKind.DATASTREAMS, True),
        "MultiDatastreams": (EntityKind.MULTI_DATASTREAMS, True),
    },
    EntityKind.LOCATIONS: {
        "Things": (EntityKind.THINGS, True),
        "HistoricalLocations": (EntityKind.HISTORICAL_LOCATIONS, True),
    },
    EntityKind.HISTORICAL_LOCATIONS: {
        "Thing": (EntityKind.THINGS, False),
        "Locations": (EntityKind.LOCATIONS, True),
    },
    EntityKind.DATASTREAMS: {
        "Thing": (EntityKind.THINGS, False),
        "Sensor": (EntityKind.SENSORS, False),
        "ObservedProperty": (EntityKind.OBSERVED_PROPERTIES, False),
        "Observations": (EntityKind.OBSERVATIONS, True),
    },
    EntityKind.MULTI_DATASTREAMS: {
        "Thing": (EntityKind.THINGS, False),
        "Sensor": (EntityKind.SENSORS, False),
        "ObservedProperties": (EntityKind.OBSERVED_PROPERTIES, True),
        "Observations": (EntityKind.OBSERVATIONS, True),
    },
    EntityKind.SENSORS: {
        "Datastreams": (EntityKind.DATASTREAMS, True),
        "MultiDatastreams": (EntityKind.MULTI_DATASTREAMS, True),
    },
    EntityKind.OBSERVED_PROPERTIES: {
        "Datastreams": (EntityKind.DATASTREAMS, True),
        "MultiDatastreams": (EntityKind.MULTI_DATASTREAMS, True),
    },
    EntityKind.OBSERVATIONS: {
        "Datastream": (EntityKind.DATASTREAMS, False),
        "MultiDatastream": (EntityKind.MULTI_DATASTREAMS, False),
        "FeatureOfInterest": (EntityKind.FEATURES, False),
    },
    EntityKind.FEATURES: {"Observations": (EntityKind.OBSERVATIONS, True)},
}
"""Navigation properties of each kind: where they lead, and whether to many."""

PROPERTIES: Mapping[EntityKind, Mapping[str, str]] = {
    EntityKind.THINGS: {
        "name": "name", "description": "description", "properties": "properties",
    },
    EntityKind.LOCATIONS: {
        "name": "name", "description": "description", "encodingType": "encoding_type",
        "location": "location", "properties": "properties",
    },
    EntityKind.HISTORICAL_LOCATIONS: {"time": "time"},
    EntityKind.DATASTREAMS: {
        "name": "name", "description": "description", "observationType": "observation_type",
        "unitOfMeasurement": "unit", "observedArea": "observed_area",
        "phenomenonTime": "", "resultTime": "", "properties": "properties",
    },
    EntityKind.MULTI_DATASTREAMS: {
        "name": "name", "description": "description", "observationType": "observation_type",
        "multiObservationDataTypes": "multi_types", "unitOfMeasurements": "units",
        "observedArea": "observed_area", "phenomenonTime": "", "resultTime": "",
        "properties": "properties",
    },
    EntityKind.SENSORS: {
        "name": "name", "description": "description", "encodingType": "encoding_type",
        "metadata": "metadata", "properties": "properties",
    },
    EntityKind.OBSERVED_PROPERTIES: {
        "name": "name", "definition": "definition", "description": "description",
        "properties": "properties",
    },
    EntityKind.OBSERVATIONS: {
        "phenomenonTime": "at", "result": "result", "resultTime": "result_at",
        "resultQuality": "result_quality", "validTime": "valid_time", "parameters": "parameters",
    },
    EntityKind.FEATURES: {
        "name": "name", "description": "description", "encodingType": "encoding_type",
        "feature": "feature", "properties": "properties",
    },
}  # fmt: skip
"""Properties of each kind in JSON, and the attribute that holds them; empty: from the readings."""
