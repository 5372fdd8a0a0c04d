"""The city's layers, sensors and places."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime

from rencheng.api.shapes.common import HealthName, OriginName, Page, Shape, TextOut


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
    as_of: str
    """Day that the data describe; empty: not said."""
    crs: str
    """Coordinates that the source came in; empty: lon, lat."""


class OrganisationOut(Shape):
    """A party of the city, and the kinds of task that it takes."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    duties: list[str]


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
    organisations: list[OrganisationOut]


class FindingOut(Shape):
    """A gap or a weakness of the city's data."""

    key: str
    severity: Literal["info", "warning", "error"]
    layer: str
    """Name of the layer that it concerns; empty: the whole city."""
    text: TextOut
    count: int
    first: list[str]
    places: list[tuple[float, float]]
    """Where the first of them lie, lon lat; empty where no place can be named."""
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
    total: int
    """How many there are; more than `features` when a limit cut them."""


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
    health: HealthName
    last_value: float | None
    last_time: AwareDatetime | None
    age_s: float | None
    count: int
    suspect: int


class SensorsOut(Page[SensorOut]):
    """A page of sensors; `total` counts those that were asked for."""

    all: int
    """How many there are, whatever was asked for."""
    health: dict[HealthName, int]
    """Of all: how many are in each state of health."""
    quantities: list[str]
    """Of all: what they measure."""


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


class ObservationsIn(Shape):
    """A batch of values; the same batch again changes nothing."""

    batch: str
    items: list[ObservationIn]


class BulletinIn(Shape):
    """An official message about a hazard; null: not said."""

    id: str
    event: str
    kind: Literal["earthquake", "tsunami_alert", "tsunami_cancel", "evacuation_order", "withdrawn"]
    issuer: str
    issued: AwareDatetime
    origin_time: AwareDatetime
    lon: float
    lat: float
    depth_km: float | None = None
    magnitude: float | None = None
    magnitude_sd: float | None = None
    text: str = ""
    source: str = ""


class BulletinsIn(Shape):
    """A batch of bulletins."""

    batch: str
    items: list[BulletinIn]


class ReportIn(Shape):
    """A damage report that a survey or a program sends."""

    id: str
    building: int | None = None
    xy: tuple[float, float]
    state: Literal[0, 1, 2, 3, 4]
    reporter: str
    reported: AwareDatetime
    origin: Literal["observed", "synthetic"]
    note: str = ""


class ReportsIn(Shape):
    """A batch of damage reports."""

    batch: str
    items: list[ReportIn]


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
