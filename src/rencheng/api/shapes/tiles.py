"""What tiles there are; a single feature."""

from __future__ import annotations

from typing import Any, Literal

from rencheng.api.shapes.common import Shape


class TileLayerOut(Shape):
    """A layer of tiles."""

    name: str
    least_zoom: int
    """Below it tiles are empty."""
    most_zoom: int
    """Above it a map magnifies those of this zoom."""
    coarse: dict[str, float]
    """Zoom and the size in pixels below which polygons are left out there, 512 pixels a tile."""


class TilesOut(Shape):
    """The tiles of the city that is served, under /tiles/{version}/{layer}/{z}/{x}/{y}.mvt."""

    version: str
    layers: list[TileLayerOut]
    terrain: tuple[float, float, float, float] | None
    """West, south, east, north of the terrain's picture tiles; null: the city has none."""


class FeatureOut(Shape):
    """GeoJSON of one row of a layer."""

    type: Literal["Feature"]
    id: int
    geometry: dict[str, Any]
    properties: dict[str, Any]
