"""The situation page: clock, figures, alarms, sectors, time bar, map columns."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from rencheng.api.shapes.alarms import AlarmCountsOut, AlarmOut
from rencheng.api.shapes.common import (
    FigureOut,
    LevelNumber,
    ModeName,
    OriginName,
    Shape,
    TextOut,
    WhyOut,
)

PhaseName = Literal["ordinary", "warning", "emergency", "recovery"]
LightName = Literal["normal", "strained", "failing", "unknown"]


class ClockOut(Shape):
    """The run's clock; the browser advances it by `speed` until the next event says otherwise."""

    run: str
    mode: ModeName
    scenario: str
    now: AwareDatetime
    wall: AwareDatetime
    speed: float
    """Simulated seconds per second; 0 paused."""
    sim_start: AwareDatetime
    sim_end: AwareDatetime
    is_over: bool
    timezone: str


class RunOut(Shape):
    """A run that can be looked at with `?run=`: live, or a replay, over or not."""

    id: str
    mode: ModeName
    scenario: str
    started: AwareDatetime
    now: AwareDatetime
    is_over: bool
    is_active: bool
    """Whether it is the one shown when no run is named."""


class IncidentOut(Shape):
    """An incident."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    level: LevelNumber | None
    status: str
    occurred: AwareDatetime
    opened: AwareDatetime
    xy: tuple[float, float]
    mode: ModeName
    version: int


class IncidentStepIn(Shape):
    """Moving an incident on: to recovery, back to response, or to its close."""

    version: int
    status: Literal["responding", "recovering", "closed"]


class EventOut(Shape):
    """A line of the event list: bulletin, alarm, decision, task, report."""

    seq: int
    at: AwareDatetime
    kind: str
    level: LevelNumber | None
    text: TextOut
    source: str
    origin: OriginName


class MeasureOut(Shape):
    """A measure that a sector board suggests."""

    text: TextOut
    reason: TextOut
    place: str


class SectorOut(Shape):
    """One of the six sector boards."""

    sector: Literal["transport", "medical", "water", "energy", "environment", "services"]
    light: LightName
    headline: TextOut
    state: list[FigureOut]
    forecast: list[FigureOut]
    measures: list[MeasureOut]
    why: WhyOut


class CycleOut(Shape):
    """The last full turn of the loop."""

    id: str
    at: AwareDatetime
    """On the run's clock."""
    finished_wall: AwareDatetime
    duration_s: float
    samples: int
    seed: int
    models: list[tuple[str, str]]
    is_running: bool


class StreamsOut(Shape):
    """Health of the sensing net."""

    ok: int
    total: int
    oldest_vital_s: float | None
    """Age of the oldest vital stream; null: none has been heard."""
    oldest_vital: str


class SituationOut(Shape):
    """Everything the situation page shows beside the map; the snapshot before live events."""

    seq: int
    clock: ClockOut
    phase: PhaseName
    figures: list[FigureOut]
    alarms: list[AlarmOut]
    """The most urgent ones that are listed and not shelved; `alarm_counts` knows them all."""
    alarm_counts: AlarmCountsOut
    incident: IncidentOut | None
    sectors: list[SectorOut]
    cycle: CycleOut | None
    streams: StreamsOut
    open_proposals: int
    open_tasks: int


class SeriesOut(Shape):
    """A curve with its band: past and forecast by time."""

    key: str
    unit: str
    time: list[AwareDatetime]
    p05: list[float | None]
    p50: list[float | None]
    p95: list[float | None]
    why: WhyOut


class FlagOut(Shape):
    """What is said against one value of a series."""

    index: int
    reasons: list[str]
    version: str
    """Version of the checks and limits that said so."""


class ObservedSeriesOut(Shape):
    """What a datastream has said."""

    datastream: str
    name: str
    quantity: str
    unit: str
    time: list[AwareDatetime]
    value: list[float]
    suspect: list[bool]
    flags: list[FlagOut]
    reasons: list[TextOut]
    """Words of the reasons that occur in `flags`; the last part of each key is the reason."""
    origin: OriginName


class TimelineOut(Shape):
    """The time bar: what happened, and what is forecast."""

    start: AwareDatetime
    end: AwareDatetime
    now: AwareDatetime
    marks: list[EventOut]
    observed: list[ObservedSeriesOut]
    forecast: list[SeriesOut]


class ColumnOut(Shape):
    """One number for each zone, building cell, link or asset; null is unknown."""

    key: str
    unit: str
    values: list[float | None]
    low: list[float | None] | None
    high: list[float | None] | None
    why: WhyOut


class ColumnsOut(Shape):
    """State or forecast for the map, apart from its geometry, in the geometry's order."""

    cycle: str | None
    at: AwareDatetime
    ids: list[str]
    columns: list[ColumnOut]


class LiveEvent(Shape):
    """A numbered event of the live stream."""

    seq: int
    """Numbered per subscriber without holes: a gap is a missed event."""
    kind: Literal[
        "snapshot",
        "clock",
        "cycle",
        "alarm",
        "proposal",
        "task",
        "alert",
        "report",
        "event",
        "incident",
        "model",
        "import",
        "city",
        "risk",
    ]
    id: str
    at: AwareDatetime
