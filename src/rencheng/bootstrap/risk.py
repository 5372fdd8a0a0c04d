"""Wiring of the risk page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rencheng.adapters.replay.scenarios import ScenarioFolder
    from rencheng.adapters.risk.city.engine import CityEngine
    from rencheng.adapters.risk.city.sets import EventSets
    from rencheng.domain.curve import Curve
    from rencheng.service.cycle import Models
    from rencheng.service.house import House
    from rencheng.service.ports import Cities
    from rencheng.service.risk_jobs import RiskRoom


def open_risk(
    house: House,
    state: Path,
    models: Models,
    *,
    scenarios: ScenarioFolder | None = None,
    curves: Callable[[str], Curve] | None = None,
    is_apart: bool = True,
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
    is_apart
        Whether runs have a process of their own. It reads the state folder, so a city, scenarios
        or curves from elsewhere need runs in this one.
    """
    from rencheng.adapters.risk.city.measures import MeasureFiles
    from rencheng.adapters.risk.city.run_shelf import FolderRuns
    from rencheng.adapters.risk.city.runner import ChildRunner
    from rencheng.adapters.risk.city.sets import EventSets
    from rencheng.service.risk_desk import Here, risk_desk
    from rencheng.service.risk_jobs import RiskRoom

    sets, runs = EventSets(state, scenarios), FolderRuns(state)
    sets.sweep()
    engine = open_engine(house.cities, state, sets, models, curves=curves)
    runner = ChildRunner(state, runs) if is_apart else Here(runs, engine)
    return RiskRoom(
        sets=sets, runs=runs, engine=engine, desk=risk_desk(house, runs, runner),
        measures=MeasureFiles(state),
    )  # fmt: skip


def open_engine(
    cities: Cities,
    state: Path,
    sets: EventSets,
    models: Models,
    *,
    curves: Callable[[str], Curve] | None = None,
) -> CityEngine:
    """Wire the engine: the server and the process of a run have the same one."""
    from rencheng.adapters.risk.city.engine import CityEngine
    from rencheng.adapters.risk.city.stock import Shelves

    return CityEngine(cities, sets, Shelves(state, curves), models)
