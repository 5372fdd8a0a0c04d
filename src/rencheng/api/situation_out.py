"""Clock, boards, cycles, curves and columns as answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from rencheng.adapters.words import both
from rencheng.api.shapes.common import TextOut
from rencheng.api.shapes.operations import CurveOut, NeedOut, RepairOut
from rencheng.api.shapes.situation import (
    ClockOut,
    ColumnOut,
    CycleOut,
    EventOut,
    FlagOut,
    MeasureOut,
    ObservedSeriesOut,
    SectorOut,
    SeriesOut,
    StreamsOut,
)
from rencheng.api.telling import figure_out, figures_out, number, numbers, text_out, why_out
from rencheng.domain.city import F64
from rencheng.domain.control import SectorBoard
from rencheng.domain.impact import Impact
from rencheng.domain.observation import Datastream, Observation, Quality, QualityReason
from rencheng.domain.provenance import Origin, Text, Why
from rencheng.domain.recovery import Need, RepairJob
from rencheng.domain.run import Run
from rencheng.service.columns import Column
from rencheng.service.cycle import CycleResult
from rencheng.service.happenings import Happening
from rencheng.service.lookup import Gazetteer
from rencheng.service.situation import Streams

QUANTILES = (0.05, 0.5, 0.95)


def clock_out(run: Run, wall: datetime, timezone: str) -> ClockOut:
    """Return the run's clock."""
    now = run.now(wall)
    return ClockOut(
        run=run.id,
        mode=run.mode.value,
        scenario=run.scenario,
        now=now,
        wall=wall,
        speed=run.speed,
        sim_start=run.sim_start,
        sim_end=run.sim_end,
        is_over=run.is_over,
        timezone=timezone,
    )


def cycle_out(turn: CycleResult, *, is_running: bool) -> CycleOut:
    """Return the last full turn of the loop."""
    return CycleOut(
        id=turn.id,
        at=turn.at,
        finished_wall=turn.finished,
        duration_s=round(turn.duration_s, 3),
        samples=turn.samples,
        seed=turn.seed,
        models=list(turn.models),
        is_running=is_running,
    )


def sector_out(board: SectorBoard) -> SectorOut:
    """Return one of the six sector boards."""
    return SectorOut(
        sector=board.sector.value,
        light=board.light.value,
        headline=text_out(board.headline),
        state=figures_out(board.state),
        forecast=figures_out(board.forecast),
        measures=[
            MeasureOut(text=text_out(one.text), reason=text_out(one.reason), place=one.place)
            for one in board.measures
        ],
        why=why_out(board.why),
    )


def streams_out(streams: Streams) -> StreamsOut:
    """Return the health of the sensing net."""
    return StreamsOut(
        ok=streams.ok,
        total=streams.total,
        oldest_vital_s=number(streams.oldest_vital_s),
        oldest_vital=streams.oldest_vital,
    )


def event_out(one: Happening) -> EventOut:
    """Return a line of the event list."""
    return EventOut(
        seq=one.seq,
        at=one.at,
        kind=one.kind,
        level=one.level.value if one.level else None,
        text=_about(one),
        source=one.source,
        origin=one.origin.value,
    )


def _about(one: Happening) -> TextOut:
    """Return the sentence, and what it is about behind a colon."""
    text = text_out(one.text)
    if one.subject is None:
        return text
    told = one.subject
    zh, en = told if isinstance(told, tuple) else both(told)
    return TextOut(key=text.key, zh=f"{text.zh}：{zh}", en=f"{text.en}: {en}")


def series_out(stream: Datastream, found: Sequence[Observation]) -> ObservedSeriesOut:
    """Return what a datastream has said."""
    return ObservedSeriesOut(
        datastream=stream.id,
        name=stream.name,
        quantity=stream.quantity.value,
        unit=stream.unit,
        time=[one.phenomenon_time for one in found],
        value=[one.value for one in found],
        suspect=[one.verdict.quality is Quality.SUSPECT for one in found],
        flags=[
            FlagOut(
                index=index,
                reasons=[reason.value for reason in one.verdict.reasons],
                version=one.verdict.version,
            )
            for index, one in enumerate(found)
            if one.verdict.quality is Quality.SUSPECT
        ],
        reasons=[
            text_out(Text(f"quality.reason.{reason.value}"))
            for reason in QualityReason
            if any(reason in one.verdict.reasons for one in found)
        ],
        origin=stream.origin.value,
    )


def forecast_series(impact: Impact, until: datetime) -> list[SeriesOut]:
    """Return the forecast service levels from the origin time on, as bands."""
    hours = impact.services.time_h
    times = [impact.origin_time + timedelta(hours=float(hour)) for hour in hours]
    shown = sum(time <= until for time in times)
    return [
        SeriesOut(
            key=curve.service,
            unit="1",
            time=times[:shown],
            p05=curve.p05[:shown],
            p50=curve.p50[:shown],
            p95=curve.p95[:shown],
            why=curve.why,
        )
        for curve in service_curves(impact, {})
    ]


def service_curves(impact: Impact, observed: dict[str, tuple[F64, F64]]) -> list[CurveOut]:
    """Return each service's curve over the hours after the origin, with what was observed."""
    services = impact.services
    curves = []
    for row, name in enumerate(services.names):
        low, middle, high = np.quantile(services.level[row].astype(np.float64), QUANTILES, axis=0)
        seen_h, seen = observed.get(name, (np.zeros(0), np.zeros(0)))
        curves.append(
            CurveOut(
                service=name,
                hours=[round(float(hour), 4) for hour in services.time_h],
                p05=numbers(low),
                p50=numbers(middle),
                p95=numbers(high),
                observed_hours=[round(float(hour), 4) for hour in seen_h],
                observed=numbers(seen),
                why=why_out(curve_why(impact)),
            )
        )
    return curves


def curve_why(impact: Impact) -> Why:
    """Return why the service curves say what they say."""
    return Why(
        data=("power_network", "water_network", "dependencies", "sensors"),
        model="recovery",
        version=dict(impact.model_versions).get("restoration", ""),
        as_of=impact.at,
        missing=("utilities' own network data",),
        origin=Origin.SYNTHETIC,
    )


def column_out(column: Column) -> ColumnOut:
    """Return a column."""
    return ColumnOut(
        key=column.key,
        unit=column.unit,
        values=numbers(column.values),
        low=None if column.low is None else numbers(column.low),
        high=None if column.high is None else numbers(column.high),
        why=why_out(column.why),
    )


def repair_out(job: RepairJob, names: Gazetteer) -> RepairOut:
    """Return one job of the repair order."""
    return RepairOut(
        rank=job.rank,
        asset=job.asset,
        name=names.name(job.asset),
        sector=job.sector,
        damage=job.state.name.lower(),
        people_served=number(job.people_served),
        crew=job.team,
        start_h=job.start_h,
        end_h=job.end_h,
        is_reachable=job.is_reachable,
    )


def need_out(need: Need) -> NeedOut:
    """Return what one item is needed and in stock."""
    return NeedOut(
        item=need.item,
        need=figure_out(need.need),
        stock=number(need.stock),
        stock_origin=need.stock_origin.value,
        standard=need.standard,
    )
