"""Pictures from above: read where the city is, compared, told cell by cell."""

from rencheng.adapters.scenes.look import Look, look_at
from rencheng.adapters.scenes.water import Wanted, map_water

__all__ = ["Look", "Wanted", "look_at", "map_water"]
