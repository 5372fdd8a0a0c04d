"""Alarm rules as data, and what they find in what is known now. Pure: no clock, no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.city import F64, City
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.hazard import StationRecord
from rencheng.domain.impact import CityState
from rencheng.domain.observation import Quantity, StreamHealth, StreamStatus
from rencheng.domain.provenance import Text

GROUND, SEA, POWER, WATER = "ground", "sea", "power", "water"
_SCHEMA = "rencheng/alarms/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """One row of `data/rules/alarms.toml`."""

    id: str
    condition: str
    """Key of `CONDITIONS`."""
    unit: str
    steps: tuple[tuple[float, Level], ...]
    """Threshold in `unit` and level, the least serious first."""
    source: str
    least_streams: int = 1
    """So many streams must agree."""
    least_readings: int = 1
    window_s: float = 0.0
    """How far back values count. [s]"""
    hold_s: float = 0.0
    """How long an alarm is kept after the last value that raised it. [s]"""
    least_known: float = 0.0
    """Share of the streams that must be known before the rule may say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRules:
    """A version of all alarm rules."""

    version: str
    status: str
    rules: tuple[AlarmRule, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all rules."""
        return tuple(rule.id for rule in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """What the rules look at."""

    at: datetime
    city: City
    statuses: Mapping[str, StreamStatus]
    records: Sequence[StationRecord]
    """Good peak accelerations, any order."""
    state: CityState


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What holds, and the objects of which nothing can be said now."""

    found: tuple[Finding, ...]
    unknown: tuple[str, ...]
    """Ids of sensors and facilities, or `ground`, `sea`, `power`, `water`; alarms of these stay."""


Params = dict[str, str | int | float]
Found = tuple[str, float, Params]
"""Object, value compared with the steps, parameters of the sentence."""
Condition = Callable[[AlarmRule, Sensed], tuple[list[Found], list[str]]]


def rules_from(document: Mapping[str, Any]) -> AlarmRules:
    """Read alarm rules from a parsed file.

    Raises
    ------
    InvalidInputError
        When the schema, a condition, a step or a field is wrong; all faults are named at once.
    """
    faults: list[Fault] = []
    if document.get("schema") != _SCHEMA:
        faults.append(_fault("schema", f"schema is not {_SCHEMA}"))
    rules = []
    for index, row in enumerate(document.get("rule", ())):
        try:
            rules.append(_rule(row))
        except (KeyError, TypeError, ValueError) as error:
            faults.append(_fault(f"rule[{index}]", f"{type(error).__name__}: {error}"))
    if faults:
        raise InvalidInputError(
            "alarms.file",
            f"the alarm rules have {len(faults)} faults",
            hint="Mend them all and load again",
            params={"count": len(faults)},
            faults=faults,
        )
    return AlarmRules(
        version=str(document["version"]), status=str(document["status"]), rules=tuple(rules)
    )


def evaluate(rules: AlarmRules, sensed: Sensed) -> Findings:
    """Say which alarms hold, and which cannot be judged.

    Notes
    -----
    Every condition reads good values only, so a flagged value can neither raise nor clear. The
    sentence of a finding stands under `alarm.<rule>`.
    """
    found: list[Finding] = []
    unknown: list[str] = []
    for rule in rules.rules:
        holds, silent = CONDITIONS[rule.condition](rule, sensed)
        unknown += silent
        for thing, value, params in holds:
            if level := _level(rule, value):
                text = Text(f"alarm.{rule.id}", {"object": thing, "value": value, **params})
                found.append(
                    Finding(
                        rule=rule.id,
                        rule_version=rules.version,
                        object=thing,
                        level=level,
                        text=text,
                    )
                )
    return Findings(found=tuple(found), unknown=tuple(unknown))


def _rule(row: Mapping[str, Any]) -> AlarmRule:
    steps = tuple((float(step["at"]), Level(step["level"])) for step in row["steps"])
    if not steps:
        raise ValueError("no steps")
    if row["condition"] not in CONDITIONS:
        raise ValueError(f"unknown condition {row['condition']!r}")
    return AlarmRule(**{**row, "steps": steps})


def _fault(where: str, problem: str) -> Fault:
    return Fault(where=where, key="alarms.row", problem=problem, hint="Mend this row")


def _level(rule: AlarmRule, value: float) -> Level | None:
    """Return the most serious level that the value reaches."""
    is_low = rule.condition == "free_beds"
    reached = [level for at, level in rule.steps if (value <= at if is_low else value >= at)]
    return min(reached, default=None)


def _shaking(rule: AlarmRule, sensed: Sensed) -> tuple[list[Found], list[str]]:
    """Find what at least so many accelerometers recorded within one window of each other."""
    since = sensed.at - timedelta(seconds=max(rule.hold_s, rule.window_s))
    recent = [r for r in sensed.records if since <= r.time <= sensed.at]
    strong = [r for r in recent if r.pga_g >= rule.steps[0][0]]
    best = 0.0
    for record in strong:
        peaks: dict[str, float] = {}
        for other in strong:
            if 0 <= (other.time - record.time).total_seconds() <= rule.window_s:
                peaks[other.datastream] = max(peaks.get(other.datastream, 0.0), other.pga_g)
        ranked = sorted(peaks.values(), reverse=True)
        if len(ranked) >= rule.least_streams:
            best = max(best, ranked[rule.least_streams - 1])
    heard = {r.datastream for r in recent}
    if len(heard) < rule.least_streams:
        return [], [GROUND]
    return [(GROUND, best, {"streams": len(heard)})], []


def _tide(rule: AlarmRule, sensed: Sensed) -> tuple[list[Found], list[str]]:
    since = sensed.at - timedelta(seconds=rule.window_s)
    recent = [
        abs(float(height))
        for time, height in zip(sensed.state.tide_time, sensed.state.tide_anomaly_m, strict=True)
        if since <= time <= sensed.at
    ]
    if len(recent) < rule.least_readings:
        return [], [SEA]
    # The n-th largest: one reading alone neither raises an alarm nor sets its level.
    return [(SEA, sorted(recent)[-rule.least_readings], {})], []


def _share_down(
    rule: AlarmRule, sensed: Sensed, quantity: Quantity
) -> tuple[list[Found], list[str]]:
    service = POWER if quantity is Quantity.FEEDER_STATE else WATER
    assets = {s.asset for s in sensed.city.datastreams if s.quantity is quantity and s.asset}
    nodes = {f"{a}:{service}" if a.startswith("zone:") else a for a in assets}
    up = np.array(
        [v for n, v in zip(sensed.state.node, sensed.state.up, strict=True) if n in nodes]
    )
    known: F64 = up[~np.isnan(up)]
    if not up.size or not known.size or known.size / up.size < rule.least_known:
        return [], [service]
    down = int((known < 0.5).sum())
    params: Params = {"down": down, "known": known.size, "all": up.size}
    return [(service, down / known.size, params)], []


def _feeders(rule: AlarmRule, sensed: Sensed) -> tuple[list[Found], list[str]]:
    return _share_down(rule, sensed, Quantity.FEEDER_STATE)


def _pressure(rule: AlarmRule, sensed: Sensed) -> tuple[list[Found], list[str]]:
    return _share_down(rule, sensed, Quantity.WATER_PRESSURE)


def _beds(rule: AlarmRule, sensed: Sensed) -> tuple[list[Found], list[str]]:  # noqa: ARG001
    facilities = sensed.city.facilities
    found: list[Found] = []
    unknown: list[str] = []
    for row, free in enumerate(sensed.state.free_beds):
        beds = facilities.beds[row]
        if np.isnan(beds) or beds <= 0:
            continue
        if np.isnan(free):
            unknown.append(facilities.id[row])
            continue
        params: Params = {"name": facilities.name[row], "free": float(free), "beds": float(beds)}
        found.append((facilities.id[row], float(free / beds), params))
    return found, unknown


def _vital(rule: AlarmRule, sensed: Sensed) -> tuple[list[Found], list[str]]:  # noqa: ARG001
    found: list[Found] = []
    for stream in sensed.city.datastreams:
        status = sensed.statuses.get(stream.id)
        if stream.is_vital and status and status.health is StreamHealth.SILENT:
            params: Params = {"name": stream.name, "minutes": status.age_s / 60.0}
            found.append((stream.id, status.age_s, params))
    return found, []


def _stuck(rule: AlarmRule, sensed: Sensed) -> tuple[list[Found], list[str]]:  # noqa: ARG001
    found: list[Found] = []
    for stream in sensed.city.datastreams:
        status = sensed.statuses.get(stream.id)
        if status and status.health is StreamHealth.STUCK:
            found.append((stream.id, 1.0, {"name": stream.name, "last": status.last_value}))
    return found, []


CONDITIONS: dict[str, Condition] = {
    "shaking": _shaking,
    "tide_anomaly": _tide,
    "feeder_outage": _feeders,
    "pressure_loss": _pressure,
    "free_beds": _beds,
    "vital_silent": _vital,
    "sensor_stuck": _stuck,
}
"""What a rule may ask; each returns what it compared, and the objects it cannot judge."""
