"""What tests of the loop and of replays need: tables for the tiny city, and its scenario."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from rencheng.adapters.replay.scenarios import ScenarioFile, ScenarioFolder
from rencheng.adapters.restoration import load_restoration
from rencheng.adapters.risk.people.tables import casualty_table
from rencheng.adapters.rules import load_indicators, load_rules
from rencheng.domain.assessment import Records
from rencheng.domain.city import City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import FragilityTable
from rencheng.domain.provenance import Mode
from rencheng.service.cycle import Models

SCENARIO = "illapel_2015"


@cache
def table() -> FragilityTable:
    """Return the tiny city's curves, medians as HAZUS prints them or near it."""
    rows = {
        "LF.W1.MC": ((0.24, 0.43, 0.91, 1.34), 0.4, 0.03),
        "LF.RM1.L.MC": ((0.22, 0.30, 0.50, 0.85), 0.4, 0.13),
        "LF.C2.M.HC": ((0.17, 0.36, 0.87, 1.95), 0.4, 0.10),
        "LF.C2.M.MC": ((0.17, 0.30, 0.68, 1.26), 0.4, 0.10),
        "LF.S3.MC": ((0.13, 0.19, 0.33, 0.60), 0.4, 0.03),
        "LF.URM.L.PC": ((0.13, 0.17, 0.26, 0.37), 0.4, 0.15),
        "LF.C1.L.MC": ((0.16, 0.23, 0.41, 0.77), 0.4, 0.13),
        "EP.G.S.A": ((0.10, 0.21, 0.48, 0.78), 0.5, np.nan),
        "EP.S.M.A": ((0.15, 0.25, 0.35, 0.70), 0.5, np.nan),
        "EP.S.M.U": ((0.10, 0.20, 0.30, 0.50), 0.5, np.nan),
        "EP.C.A": ((0.28, 0.40, 0.72, 1.10), 0.2, np.nan),
        "EP.C.U": ((0.24, 0.33, 0.58, 0.89), 0.2, np.nan),
    }
    return FragilityTable(
        id=tuple(rows),
        intensity=("PGA",) * len(rows),
        median_g=np.array([r[0] for r in rows.values()]),
        beta=np.array([[r[1]] * 4 for r in rows.values()]),
        collapse=np.array([r[2] for r in rows.values()]),
        source=("test",) * len(rows),
        version="test-1",
    )


@cache
def tiny_scenario() -> ScenarioFile:
    """Return the shipped scenario as if it were of the tiny city."""
    file = ScenarioFolder().file(SCENARIO)
    return replace(file, scenario=replace(file.scenario, city="tiny"))


restoration = load_restoration


def tiny_bulletins() -> list[Bulletin]:
    """Return the scenario's bulletins as the house keeps them."""
    scenario = tiny_scenario().scenario
    return [
        Bulletin(
            id=b.id, event=scenario.event, kind=b.kind, issuer=b.issuer, issued=b.issued,
            origin_time=scenario.origin, lon=b.lon, lat=b.lat, depth_km=b.depth_km,
            magnitude=b.magnitude, magnitude_sd=b.magnitude_sd, text=b.text, source=b.source,
            mode=Mode.REPLAY, run="r",
        )
        for b in tiny_scenario().bulletins
    ]  # fmt: skip


@cache
def models() -> Models:
    """Return the shipped rules with the tiny city's curves."""
    return Models(
        table=table(),
        rates=casualty_table(),
        restoration=load_restoration(),
        rules=load_rules(),
        indicators=load_indicators(),
    )


def no_records(city: City) -> Records:
    """Return the records of a run in which the house has done nothing yet."""
    return Records(
        origin_time=None, first_observation=None, first_alarm=None, first_decision=None,
        first_alert_sent=None, first_task_acknowledged=None, first_task_done=None, tasks=0,
        tasks_in_time=0, proposals=0, proposals_decided=0, alerts_sent=0, log_lines=0,
        log_is_whole=None, streams_ok=0, streams_total=len(city.datastreams),
        models_approved=0, damage_reports=0, cycles=0,
    )  # fmt: skip
