"""What tests of the risk page need: a room on a folder, curves and a scenario of the tiny city."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cycle_kit import SCENARIO, table
from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.adapters.files import data_folder
from rencheng.adapters.replay.scenarios import ScenarioFolder
from rencheng.bootstrap.risk import open_risk
from rencheng.domain.curve import Curve, CurveKind, CurveStatus
from rencheng.domain.errors import NotFoundError
from rencheng.service.cycle import Models
from rencheng.service.house import House
from rencheng.service.risk_jobs import RiskRoom

QUAKE = f"scenario-{SCENARIO}"
SOURCE = """\
schema = "rencheng/event-set/1"
kind = "gutenberg_richter"
name_zh = "演示震源"
name_en = "A source"
hazard = "earthquake"
measure = "PGA"
unit = "g"
origin = "synthetic"
source = "made up for a test"
[source_model]
west = -72.0
south = -30.4
east = -71.5
north = -29.6
rate = 0.5
b = 0.9
low = 6.0
high = 8.0
step = 0.5
draws = 3
"""


def room_in(house: House, state: Path, models: Models) -> RiskRoom:
    """Return a room whose scenario and source are of the tiny city."""
    folder = state / "scenarios" / SCENARIO
    folder.mkdir(parents=True)
    said = (data_folder() / "scenarios" / SCENARIO / "scenario.toml").read_text(encoding="utf-8")
    (folder / "scenario.toml").write_text(said.replace('city = "coquimbo"', 'city = "tiny"'))
    (state / "events").mkdir()
    (state / "events" / "source.toml").write_text(SOURCE)
    own = ScenarioFolder(state / "scenarios")
    return open_risk(house, state, models, scenarios=own, curves=curve, is_apart=False)


def curve(identity: str) -> Curve:
    """Return a fragility of the tiny city's table, or a curve that comes with the program."""
    if identity in CurveLibrary(Path("nowhere")).ours:
        return CurveLibrary(Path("nowhere")).ours[identity]
    name, found = identity.partition("/")[2], table()
    if found.row(name) < 0:
        raise NotFoundError("curve.unknown", identity, hint="", params={"curve": identity})
    row = found.row(name)
    return Curve(
        id=identity, kind=CurveKind.FRAGILITY, hazard="earthquake", component="structure",
        intensity="PGA", unit="g", asset=name, region="any",
        states=("slight", "moderate", "extensive", "complete"),
        median=found.median_g[row], beta=found.beta[row],
        collapse=float(np.nan_to_num(found.collapse[row])), source="made up for a test",
        licence="CC0-1.0", status=CurveStatus.ASSUMPTION, version="1",
    )  # fmt: skip


def depths(*rows: tuple[str, float, float, float, float]) -> bytes:
    """Return a table of water depths: event, rate, lon, lat, depth."""
    lines = [",".join(map(str, row)) for row in rows]
    return "\n".join(["event,rate,lon,lat,intensity", *lines]).encode()
