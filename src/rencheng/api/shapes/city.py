"""The city's layers, sensors and places."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime

from rencheng.api.shapes.common import OriginName, Shape, TextOut


class LayerOut(Shape):
    """A layer with its provenance."""

    name: str
    origin: OriginName
    source: str
    licence: str
    version: str
    count: int
    coverage: float
    notes: TextOut | None


class CityOut(Shape):
    """The city that is served."""

    id: str
    name_zh: str
    name_en: str
    version: str
    timezone: str
    bbox: tuple[float, float, float, float]
    population: float | None
    layers: list[LayerOut]


class FindingOut(Shape):
    """A gap or a weakness of the city's data."""

    key: str
    severity: Literal["info", "warning", "error"]
    text: TextOut
    count: int
    first: list[str]
    mend: TextOut


class CheckOut(Shape):
    """What `rencheng city check` says."""

    city: str
    version: str
    findings: list[FindingOut]


class FeatureCollection(Shape):
    """GeoJSON; `properties.row` is the row that columns refer to."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


class SensorOut(Shape):
    """A datastream and its health."""

    id: str
    name: str
    quantity: str
    unit: str
    xy: tuple[float, float]
    asset: str
    zone: str
    is_vital: bool
    origin: OriginName
    health: Literal["ok", "stuck", "silent", "suspect", "never"]
    last_value: float | None
    last_time: AwareDatetime | None
    age_s: float | None
    count: int
    suspect: int


class PlaceOut(Shape):
    """A search hit."""

    id: str
    kind: str
    name: str
    xy: tuple[float, float]


class ObservationIn(Shape):
    """One value from a device."""

    id: str
    datastream: str
    value: float
    unit: str
    phenomenon_time: AwareDatetime


class RejectOut(Shape):
    """An observation that was not taken."""

    index: int
    id: str
    key: str
    problem: TextOut
    hint: TextOut


class IngestOut(Shape):
    """What became of a batch: taken, known already, or refused by index and reason."""

    batch: str
    accepted: int
    duplicate: int
    suspect: int
    rejected: list[RejectOut]
