"""Vector tiles (Mapbox Vector Tile 2.1) and terrain tiles of a city, made here and on demand."""

from rencheng.adapters.tiles.city import CityTiles, Tile
from rencheng.adapters.tiles.layers import PLANS, Plan

__all__ = ["PLANS", "CityTiles", "Plan", "Tile"]
