"""Vector tiles (Mapbox Vector Tile 2.1), terrain tiles and state of a city, made on demand."""

from rencheng.adapters.tiles.city import CityTiles, Tile
from rencheng.adapters.tiles.layers import PLANS, Plan
from rencheng.adapters.tiles.relief import Relief
from rencheng.adapters.tiles.state import Range, packed

__all__ = ["PLANS", "CityTiles", "Plan", "Range", "Relief", "Tile", "packed"]
