"""Wiring of the risk page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rencheng.adapters.replay.scenarios import ScenarioFolder
    from rencheng.domain.curve import Curve
    from rencheng.service.cycle import Models
    from rencheng.service.house import House
    from rencheng.service.risk_jobs import RiskRoom


def open_risk(
    house: House,
    state: Path,
    models: Models,
    *,
    scenarios: ScenarioFolder | None = None,
    curves: Callable[[str], Curve] | None = None,
) -> RiskRoom:
    """Wire runs of the risk engine on a state folder.

    Parameters
    ----------
    house, state, models
        Where, and with what.
    scenarios
        Where scenarios come from; by default those that come with the program.
    curves
        Where curves come from; by default the library of the state folder.
    """
    from rencheng.adapters.risk.city.engine import CityEngine
    from rencheng.adapters.risk.city.measures import MeasureFiles
    from rencheng.adapters.risk.city.run_shelf import FolderRuns
    from rencheng.adapters.risk.city.sets import EventSets
    from rencheng.adapters.risk.city.stock import Shelves
    from rencheng.service.risk_desk import risk_desk
    from rencheng.service.risk_jobs import RiskRoom

    sets, runs = EventSets(state, scenarios), FolderRuns(state)
    engine = CityEngine(house.cities, sets, Shelves(state, curves), models)
    return RiskRoom(
        sets=sets, runs=runs, engine=engine, desk=risk_desk(house, runs, engine),
        measures=MeasureFiles(state),
    )  # fmt: skip
