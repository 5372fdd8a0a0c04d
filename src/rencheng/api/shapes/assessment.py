"""Indicators, maturity, curve measures, learning."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from rencheng.api.shapes.alarms import RuleScoreOut
from rencheng.api.shapes.common import BandOut, FigureOut, ModeName, Shape, TextOut, WhyOut


class TimeToOut(Shape):
    """Hours until a level is held; null in a band: not within the horizon."""

    level: float
    hours: BandOut


class MeasuresOut(Shape):
    """Measures of one service curve."""

    service: str
    robustness: BandOut
    rapidity_per_day: BandOut
    loss_days: BandOut
    time_to: list[TimeToOut]
    horizon_h: float
    is_censored: bool
    why: WhyOut


class IndicatorOut(Shape):
    """An indicator of this city."""

    id: str
    item: str
    dimension: str
    title_zh: str = ""
    title_en: str = ""
    status: Literal["measured", "missing"]
    value: float | None
    unit: str
    score: float | None
    goalposts: tuple[float, float]
    source: str
    standard: str
    why: WhyOut


class ItemOut(Shape):
    """One of the twelve items."""

    item: str
    dimension: str
    coverage: float
    score: BandOut


class ConditionOut(Shape):
    """A condition of a maturity level."""

    text: TextOut
    holds: bool


class MaturityOut(Shape):
    """A maturity level with its evidence."""

    level: Literal[1, 2, 3, 4]
    is_reached: bool
    conditions: list[ConditionOut]


class AssessmentOut(Shape):
    """The re-assessed city."""

    at: AwareDatetime
    curves: list[MeasuresOut]
    indicators: list[IndicatorOut]
    items: list[ItemOut]
    coverage: float
    maturity: list[MaturityOut]
    level: int
    delays: list[FigureOut]
    warnings: list[RuleScoreOut]


class AdjustmentOut(Shape):
    """Posterior of one group of curves."""

    group: str
    median_factor: BandOut
    beta_factor: BandOut
    reports: int


class ModelVersionOut(Shape):
    """A version of the fragilities."""

    id: str
    base: str
    adjustments: list[AdjustmentOut]
    reports_used: int
    reports_held_out: int
    log_score_before: float
    log_score_after: float
    brier_before: float
    brier_after: float
    status: Literal["proposed", "approved", "refused", "retired"]
    created: AwareDatetime
    decided_by: str
    decided: AwareDatetime | None
    reason: str
    mode: ModeName
    version: int


class ModelDecisionIn(Shape):
    """Approving or refusing a model version."""

    version: int
    decision: Literal["approve", "refuse"]
    reason: str = Field(default="", max_length=400)


class ScenarioOut(Shape):
    """A scenario that can be replayed."""

    id: str
    name_zh: str
    name_en: str
    start: AwareDatetime
    end: AwareDatetime
    synthetic_streams: int
    sources: list[str]


class ReplayIn(Shape):
    """Starting a replay."""

    scenario: str
    speed: float = Field(default=60.0, ge=0, le=600)


class ClockIn(Shape):
    """Steering a replay: a new speed (0 pauses), a jump forward, or the end."""

    speed: float | None = Field(default=None, ge=0, le=600)
    jump_to: AwareDatetime | None = None
    stop: bool = False
