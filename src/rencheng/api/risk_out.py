"""Runs of the risk engine and their results as answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import nan

import numpy as np

from rencheng.api.problems import fault_out, problem_of
from rencheng.api.risk_study_out import measures_out, study_out
from rencheng.api.risk_tail_out import tail_out
from rencheng.api.shapes.common import WhyOut
from rencheng.api.shapes.risk import (
    RiskAnswerOut,
    RiskAssetOut,
    RiskColumnOut,
    RiskCostOut,
    RiskCurveOut,
    RiskEventOut,
    RiskFigureOut,
    RiskJobOut,
    RiskPeopleOut,
    RiskProgressOut,
    RiskSetOut,
    RiskSummaryOut,
    RiskWhyOut,
    RiskZonesOut,
)
from rencheng.api.telling import band_out, exactly, number, numbers, place_xy, text_out, why_out
from rencheng.bootstrap import Brain
from rencheng.domain.city import City
from rencheng.domain.curve import Curve, CurveAnswer
from rencheng.domain.provenance import Band, Why
from rencheng.domain.risk import Standing
from rencheng.service import risk_tables
from rencheng.service.jobs import State
from rencheng.service.risk_runs import (
    Amount,
    CostRow,
    RiskResult,
    RiskRun,
    RiskSet,
)

KNOTS_SHOWN = 120
"""Knots of a curve that a screen gets. Ours."""


@dataclass(frozen=True)
class Shown:
    """A result with what its ids stand for in the city that is served."""

    brain: Brain
    run: RiskRun
    result: RiskResult

    @cached_property
    def city(self) -> City:
        """The city that is served."""
        return self.brain.house.cities.current()

    @property
    def is_served(self) -> bool:
        """Whether it is the one that the run was made for."""
        return self.city.version == self.run.city_version

    @cached_property
    def zone_names(self) -> dict[int, str]:
        """Names by the ids of zones."""
        zones = self.city.zones
        return {int(key): name for key, name in zip(zones.id, zones.name, strict=True)}

    def zone(self, row: int) -> tuple[str, str]:
        """Return id and name of a zone by its row in the result."""
        if row < 0:
            return "", ""
        key = int(self.result.arrays["zone_id"][row])
        return str(key), self.zone_names.get(key, "")

    def curve(self, identity: str) -> Curve:
        """Return the vulnerability of an id."""
        return self.brain.risk.engine.vulnerability(self.run, identity)[0]


def set_out(one: RiskSet) -> RiskSetOut:
    """Return something that a run can be made of."""
    return RiskSetOut(
        id=one.id,
        kind=one.kind.value,
        name_zh=one.name_zh,
        name_en=one.name_en,
        hazard=one.hazard,
        measure=one.measure,
        unit=one.unit,
        origin=one.origin.value,
        source=one.source,
        licence=one.licence,
        is_own=one.is_own,
        size=one.size,
        trouble=problem_of(one.trouble.error()) if one.trouble else None,
    )


def job_out(brain: Brain, run: RiskRun, before: int = 0) -> RiskJobOut:
    """Return a run with how far it is; `before`: runs that come before it."""
    step = brain.risk.desk.step(run.id)
    progress = None
    if step is not None:
        progress = RiskProgressOut(step=step[0].step, share=step[0].share, left_s=number(step[1]))
    return RiskJobOut(
        id=run.id,
        city=run.city,
        city_version=run.city_version,
        is_served=brain.house.cities.current().version == run.city_version,
        set=set_out(run.set),
        hour=run.wish.hour,
        seed=run.wish.seed,
        note=run.wish.note,
        has_study=run.wish.study is not None,
        has_measures=run.wish.measures is not None,
        speed=set_out(run.speed) if run.speed else None,
        state=run.state.value,  # type: ignore[arg-type]  # `idle` is not a run's
        asked=run.asked,
        asked_by=run.asked_by,
        began=run.began,
        ended=run.ended,
        progress=progress,
        waiting=before,
        trouble=problem_of(run.trouble.error()) if run.trouble else None,
        version=run.version,
    )


def waiting_before(runs: list[RiskRun], run: RiskRun) -> int:
    """Return how many runs come before one that waits."""
    if run.state is not State.QUEUED:
        return 0
    return sum(one.is_busy and (one.asked, one.id) < (run.asked, run.id) for one in runs)


def summary_out(shown: Shown) -> RiskSummaryOut:
    """Return what a run came to."""
    one = shown.result.summary
    return RiskSummaryOut(
        is_annual=one.is_annual,
        is_sampled=one.is_sampled,
        events=one.events,
        hazard=one.hazard,
        measure=one.measures[0],
        unit=one.unit,
        currency=one.currency,
        year=one.year,
        value=number(one.value),
        counts={s.name.lower(): one.counts.get(s.name.lower(), 0) for s in Standing},  # type: ignore[misc]
        figures=[_figure(shown, figure) for figure in one.figures],
        tail=tail_out(one.tail),
        is_partial=one.is_partial,
        people=[
            RiskPeopleOut(
                model=row.model,
                fate=row.fate,
                mean=number(row.mean),
                band=band_out(Band(row.p05, row.p50, row.p95)),
                low=number(row.low),
                high=number(row.high),
                is_partial=row.is_partial,
                notes=[text_out(note) for note in row.notes],
            )
            for row in one.people
        ],
        costs=[_cost(row) for row in one.costs],
        notes=[text_out(note) for note in one.notes],
        versions=dict(one.versions),
        faults=[fault_out(fault) for fault in one.faults],
        seconds=one.seconds,
        origin=one.origin.value,
        study=study_out(one.study, shown.zone) if one.study else None,
        appraisal=measures_out(one.appraisal) if one.appraisal else None,
    )


def _figure(shown: Shown, one: Amount) -> RiskFigureOut:
    return RiskFigureOut(
        key=one.key,
        unit=one.unit,
        mean=number(one.mean),
        band=band_out(Band(one.p05, one.p50, one.p95)),
        base=number(one.base),
        base_unit=one.base_unit,
        why=_why(shown),
    )


def _why(shown: Shown) -> WhyOut:
    run, one = shown.run, shown.result.summary
    said = Why(
        data=one.data,
        model="risk",
        version="; ".join(f"{name} {version}".strip() for name, version in one.versions.items()),
        as_of=run.ended or run.asked,
        missing=one.missing,
        notes=one.notes,
        origin=one.origin,
    )
    return why_out(said)


def events_out(shown: Shown) -> list[RiskEventOut]:
    """Return every event of a result, in its order."""
    arrays, summary = shown.result.arrays, shown.result.summary
    loss = risk_tables.event_losses(shown.result)
    harm = {key: risk_tables.totals(shown.result, key) for key in risk_tables.HARM}
    magnitude, where = arrays.get("event_magnitude"), arrays.get("event_epicentre")

    def of(key: str, row: int) -> float | None:
        table = harm[key]
        return None if table is None else number(float(table[row]))

    return [
        RiskEventOut(
            name=name,
            rate=None if summary.is_sampled else number(float(arrays["rate"][row])),
            loss=number(float(loss[row])),
            loss_ratio=number(float(loss[row]) / summary.value) if summary.value > 0 else None,
            unknown=int(arrays["unknown"][row]),
            magnitude=None if magnitude is None else number(float(magnitude[row])),
            xy=None if where is None else place_xy((float(where[row, 0]), float(where[row, 1]))),
            **{key: of(key, row) for key in harm},
        )
        for row, name in enumerate(summary.event_names)
    ]


def zones_out(shown: Shown, event: int | None, *, is_exact: bool = False) -> RiskZonesOut:
    """Return the zones of a result, numbers to four digits for a screen or exact for a file."""
    ids = shown.result.arrays["zone_id"]
    told = exactly if is_exact else numbers
    return RiskZonesOut(
        ids=[str(int(key)) for key in ids],
        names=[shown.zone_names.get(int(key), "") for key in ids],
        event=None if event is None else shown.result.summary.event_names[event],
        columns=[
            RiskColumnOut(
                key=column.key,
                unit=column.unit,
                values=told(column.values),
                low=None if column.low is None else told(column.low),
                high=None if column.high is None else told(column.high),
            )
            for column in risk_tables.zone_columns(shown.result, event)
        ],
    )


def asset_out(shown: Shown, row: int, loss: float, intensity: float) -> RiskAssetOut:
    """Return one building."""
    arrays = shown.result.arrays
    zone, name = shown.zone(int(arrays["asset_zone"][row]))
    worth = float(arrays["asset_value"][row])
    curve = int(arrays["asset_curve"][row])
    uses, use = shown.city.buildings.uses, int(arrays["asset_use"][row])
    known = shown.is_served
    xy = shown.city.buildings.xy[row] if known else (nan, nan)
    return RiskAssetOut(
        id=str(int(arrays["asset_id"][row])),
        row=row,
        zone=zone,
        zone_name=name,
        use=uses[use] if 0 <= use < len(uses) else "",
        curve=shown.result.summary.curves[curve] if curve >= 0 else "",
        area_m2=number(float(arrays["asset_area"][row])),
        value=number(worth),
        intensity=number(intensity),
        loss=number(loss),
        loss_ratio=number(loss / worth) if worth > 0 else None,
        standing=Standing(int(arrays["asset_standing"][row])).name.lower(),  # type: ignore[arg-type]
        xy=place_xy((float(xy[0]), float(xy[1]))),
    )


def asset_why_out(shown: Shown, row: int, event: int | None) -> RiskWhyOut:
    """Return why a building's loss is what it is: intensity, curve, formula, parameters, source."""
    result, summary = shown.result, shown.result.summary
    seen = risk_tables.sampled_intensities(result, row)
    seen = seen[event : event + 1] if event is not None else seen
    is_band = summary.is_sampled or event is not None
    curve_row = int(result.arrays["asset_curve"][row])
    worth = float(result.arrays["asset_value"][row])
    mine, fragility, answer = None, None, None
    loss = np.full(seen.shape, nan)
    middle = float(np.median(seen)) if is_band else nan
    if curve_row >= 0:
        found, made_of = shown.brain.risk.engine.vulnerability(shown.run, summary.curves[curve_row])
        mine = found.in_unit(summary.unit)
        fragility = made_of.in_unit(summary.unit) if made_of else None
        loss = worth * mine.value(seen)
        answer = mine.explain(middle) if is_band else None
    mean = float(result.arrays["asset_mean"][row])
    one = asset_out(shown, row, float(loss[0]) if event is not None else mean, middle)
    return RiskWhyOut(
        asset=one,
        currency=summary.currency,
        year=summary.year,
        cost=_cost_of(summary.costs, one.use),
        measure=summary.measures[0],
        unit=summary.unit,
        event=None if event is None else summary.event_names[event],
        intensity=band_out(Band.of(seen) if is_band else Band(nan, nan, nan)),
        vulnerability=_curve(mine) if mine else None,
        answer=_answer(answer) if answer else None,
        fragility=_curve(fragility) if fragility else None,
        states=numbers(fragility.shares(middle)) if fragility and is_band else [],
        loss_band=band_out(Band.of(loss) if is_band else Band(nan, nan, nan)),
        versions=dict(summary.versions),
        seed=shown.run.wish.seed,
    )


def _cost_of(rows: tuple[CostRow, ...], use: str) -> RiskCostOut | None:
    fitting = [(len(s), row) for row in rows for s in row.uses if use.startswith(s)]
    return _cost(max(fitting, key=lambda pair: pair[0])[1]) if fitting else None


def _cost(row: CostRow) -> RiskCostOut:
    return RiskCostOut(uses=list(row.uses), per_m2=row.per_m2, status=row.status, source=row.source)


def _curve(curve: Curve) -> RiskCurveOut:
    kept = _thin(curve)
    return RiskCurveOut(
        id=curve.id,
        name=curve.name,
        kind=curve.kind.value,
        intensity=curve.intensity,
        unit=curve.unit,
        region=curve.region,
        source=curve.source,
        licence=curve.licence,
        status=curve.status.value,
        version=curve.version,
        note=curve.note,
        x=curve.x[kept].tolist(),
        mean=curve.mean[kept].tolist() if curve.mean.size else [],
        states=list(curve.states),
        median=curve.median.tolist(),
        beta=curve.beta.tolist(),
    )


def _thin(curve: Curve) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the knots that a screen gets: the ends, and those between by what they say."""
    size = curve.x.size
    if size <= KNOTS_SHOWN or not curve.mean.size:
        return np.arange(size, dtype=np.int64)
    wanted = np.linspace(curve.mean[0], curve.mean[-1], KNOTS_SHOWN - 2)
    kept = np.clip(np.searchsorted(curve.mean, wanted), 0, size - 1)
    return np.unique(np.concatenate([[0], kept, [size - 1]])).astype(np.int64)


def _answer(answer: CurveAnswer) -> RiskAnswerOut:
    return RiskAnswerOut(
        intensity=number(answer.intensity),
        value=[number(v) for v in answer.value],
        sd=number(answer.sd),
        formula=answer.formula.value,
        parameters={name: list(values) for name, values in answer.parameters.items()},
        beyond=answer.beyond.value if answer.beyond else None,
    )
