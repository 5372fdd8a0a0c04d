"""The tiles of one version of a city: layers are made ready when first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from rencheng.adapters.tiles import wire
from rencheng.adapters.tiles.drawing import (
    EXTENT,
    EXTENT_BITS,
    WORLD_BITS,
    Drawing,
    Window,
    make_drawing,
)
from rencheng.adapters.tiles.layers import PLANS
from rencheng.domain.city import City

PIXELS = 512
"""Width of a tile on a screen; MapLibre's."""
BUFFER = 64.0
"""How far geometry reaches beyond a tile: 8 pixels, more than the widest line. [tile unit]"""
FINE_ZOOM = 14
COARSE = 2
"""Tolerance below `FINE_ZOOM`: a quarter of a pixel. [tile unit]"""


@dataclass(frozen=True, slots=True)
class Tile:
    """One encoded tile."""

    body: bytes
    """Empty where the layer has nothing."""
    drawn: int
    left_out: int
    """Features that meet the tile but are too small, or not drawn at this zoom."""


@dataclass(slots=True)
class CityTiles:
    """Makes the vector tiles of a city. Safe to ask from several threads."""

    city: City
    _ready: dict[str, tuple[Drawing, tuple[str, ...]]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def drawing(self, layer: str) -> tuple[Drawing, tuple[str, ...]]:
        """Return a layer made ready, and the keys of its features' properties."""
        with self._lock:
            if layer not in self._ready:
                source = PLANS[layer].source(self.city)
                keys = tuple(column.key for column in source.columns)
                self._ready[layer] = (make_drawing(source), keys)
            return self._ready[layer]

    def tile(self, layer: str, zoom: int, x: int, y: int) -> Tile:
        """Return the tile of a layer at a place of the web-mercator pyramid."""
        from rencheng.adapters.tiles.kernel import encode

        plan = PLANS[layer]
        if not plan.least_zoom <= zoom <= plan.most_zoom:
            return Tile(b"", 0, 0)
        drawing, keys = self.drawing(layer)
        if len(drawing.row) == 0:
            return Tile(b"", 0, 0)
        body, drawn, left_out = encode(drawing, window(layer, zoom, x, y))
        if drawn == 0:
            return Tile(b"", 0, left_out)
        return Tile(wire.layer(layer, keys, body.data), drawn, left_out)


def window(layer: str, zoom: int, x: int, y: int) -> Window:
    """Return what a tile shows, and how finely."""
    size = 1 << (WORLD_BITS - zoom)
    pixel = EXTENT / PIXELS
    side = PLANS[layer].coarse.get(zoom, 0.0) * pixel
    return Window(
        west=x * size,
        north=y * size,
        size=size,
        zoom=zoom,
        step=EXTENT / size,
        shift=WORLD_BITS - EXTENT_BITS - zoom,
        buffer=BUFFER,
        tolerance=COARSE if zoom < FINE_ZOOM else 1,
        least=side * side,
    )
