"""How resilient the city is: curves, indicators, maturity, the brain's own delays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rencheng.domain.alarm import RuleVerdict
from rencheng.domain.provenance import Band, Figure, Text, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveMeasures:
    """Measures of one service curve, each as a band over the samples."""

    service: str
    robustness: Band
    """Lowest service level. [1]"""
    rapidity: Band
    """Mean rate of recovery from the lowest point to the end of recovery. [1/day]"""
    loss: Band
    """Resilience loss, the area between target and service. [day]"""
    time_to_h: tuple[tuple[float, Band], ...]
    """Level (0.5, 0.9, 0.95) and hours until it is held; infinity: not within the horizon. [h]"""
    horizon_h: float
    is_censored: bool
    """Whether more than 5 % of the samples had not recovered at the horizon."""
    why: Why


class Dimension(StrEnum):
    """The four dimensions of the framework."""

    ORGANISATION = "organisation"
    ECONOMY_SOCIETY = "economy_society"
    INFRASTRUCTURE = "infrastructure"
    INSTITUTIONS_CULTURE = "institutions_culture"


class IndicatorStatus(StrEnum):
    """Whether an indicator could be computed."""

    MEASURED = "measured"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorValue:
    """One third-level indicator of this city."""

    id: str
    item: str
    """One of the framework's twelve items."""
    dimension: Dimension
    title_zh: str
    title_en: str
    status: IndicatorStatus
    value: float
    """NaN when missing."""
    unit: str
    score: float
    """0 to 1 between fixed goalposts; NaN when missing."""
    goalposts: tuple[float, float]
    """Values that score 0 and 1."""
    source: str
    standard: str
    """Standard and clause it follows, such as `ISO 37123 12.1`."""
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore:
    """One of the twelve items: coverage first, score only when enough is known."""

    item: str
    dimension: Dimension
    coverage: float
    """Share of the item's indicators that could be measured."""
    score: Band
    """Unknown below the coverage rule; low and high count missing ones as 0 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaturityLevel:
    """One level L1 to L4 with the evidence for each of its conditions."""

    level: int
    conditions: tuple[tuple[Text, bool], ...]
    """Condition and whether the program's own records prove it."""

    @property
    def is_reached(self) -> bool:
        """Whether every condition holds."""
        return all(holds for _, holds in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """How good the warnings of a rule are, by what people said of its alarms."""

    rule: str
    """Empty: all rules together."""
    hits: int
    false: int
    misses: int
    pod: Band
    """Probability of detection, hits of hits and misses. [1]"""
    far: Band
    """False alarm ratio, false alarms of hits and false alarms. [1]"""
    lead_min: Band
    """From the alarm to the event, over the hits whose event has a time. [min]"""
    leads: int
    """How many hits that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The re-assessed city."""

    curves: tuple[CurveMeasures, ...]
    indicators: tuple[IndicatorValue, ...]
    items: tuple[ItemScore, ...]
    coverage: float
    """Share of all indicators that could be measured."""
    maturity: tuple[MaturityLevel, ...]
    level: int
    """Highest level with itself and all below reached; 0: not even L1."""
    delays: tuple[Figure, ...]
    """The brain's own delays: detection, decision, action."""
    warnings: tuple[RuleScore, ...] = ()
    """Quality of the alarms by rule, all rules together first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the program's own records of a run say; times on the run's clock, None: not yet."""

    origin_time: datetime | None
    first_observation: datetime | None
    """First good observation of the event."""
    first_alarm: datetime | None
    first_decision: datetime | None
    first_alert_sent: datetime | None
    first_task_acknowledged: datetime | None
    first_task_done: datetime | None
    tasks: int
    tasks_in_time: int
    """Acknowledged tasks that were done before their due time."""
    proposals: int
    proposals_decided: int
    alerts_sent: int
    log_lines: int
    log_is_whole: bool | None
    """None: not checked."""
    streams_ok: int
    streams_total: int
    models_approved: int
    damage_reports: int
    cycles: int
    verdicts: tuple[RuleVerdict, ...] = ()
    """What people said of alarms, and the events that no alarm told of."""
