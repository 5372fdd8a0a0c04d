"""The six sector boards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rencheng.control.energy.board import board as energy
from rencheng.control.environment.board import board as environment
from rencheng.control.medical.board import board as medical
from rencheng.control.services.board import board as services
from rencheng.control.transport.board import board as transport
from rencheng.control.view import View
from rencheng.control.water.board import board as water
from rencheng.domain.city import City, Sector
from rencheng.domain.control import SectorBoard
from rencheng.domain.impact import CityState, Impact

BOARDS: dict[Sector, Callable[[View], SectorBoard]] = {
    Sector.TRANSPORT: transport,
    Sector.MEDICAL: medical,
    Sector.WATER: water,
    Sector.ENERGY: energy,
    Sector.ENVIRONMENT: environment,
    Sector.SERVICES: services,
}


def boards(
    city: City, state: CityState, impact: Impact | None, *, at: datetime
) -> tuple[SectorBoard, ...]:
    """Return the board of each sector, always all six.

    Parameters
    ----------
    impact
        The last forecast; None: there was no event, and nothing is forecast.
    at
        Time on the run's clock; horizons count from it. [UTC]

    Notes
    -----
    A lamp follows what is seen where enough is seen, else what the model estimates, else it is
    grey: a board without data never shows green.
    """
    view = View(city, state, impact, at)
    return tuple(BOARDS[sector](view) for sector in Sector)
