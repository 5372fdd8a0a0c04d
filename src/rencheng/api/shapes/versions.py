"""Shapes of the city's versions and of what changed between them."""

from __future__ import annotations

from pydantic import AwareDatetime

from rencheng.api.shapes.common import Shape


class VersionOut(Shape):
    """One version of the city that is kept."""

    version: str
    built: AwareDatetime
    buildings: int
    links: int
    is_current: bool


class LayerChangeOut(Shape):
    """What changed in one layer."""

    layer: str
    added: int
    removed: int
    changed: int
    first: list[str]
    places: list[tuple[float, float]]


class ZoneChangeOut(Shape):
    """Construction and population change in one zone; null: unknown."""

    zone: int
    name: str
    built: int
    demolished: int
    floor_area_m2: float
    population: float | None


class CityChangeOut(Shape):
    """The difference between two versions: layers and zones in which something changed."""

    city: str
    before: str
    after: str
    layers: list[LayerChangeOut]
    zones: list[ZoneChangeOut]
