"""How resilient the city is, and what the event taught."""

from __future__ import annotations

from fastapi import APIRouter

from rencheng.api.alarms_out import score_out, titles_of
from rencheng.api.asking import CommandDep, RunDep
from rencheng.api.paging import SliceDep
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.assessment import (
    AdjustmentOut,
    AssessmentOut,
    ConditionOut,
    IndicatorOut,
    ItemOut,
    MaturityOut,
    MeasuresOut,
    ModelDecisionIn,
    ModelVersionOut,
    TimeToOut,
)
from rencheng.api.shapes.common import Page
from rencheng.api.telling import band_out, figures_out, number, text_out, why_out
from rencheng.domain.assessment import (
    Assessment,
    CurveMeasures,
    IndicatorValue,
    MaturityLevel,
)
from rencheng.domain.errors import ConflictError
from rencheng.domain.identity import Permission
from rencheng.domain.learning import ModelVersion
from rencheng.service import learning
from rencheng.service.lessons import learn_from

router = APIRouter(tags=["assessment"])


@router.get("/assessment")
@needs(Permission.ASSESS_READ)
def assessment(brain: BrainDep, run: RunDep) -> AssessmentOut:
    """Return the re-assessed city, as of the last turn of the loop."""
    turn = brain.turn(run)
    if turn is None:
        raise ConflictError(
            "assessment.not_yet",
            "the loop has not turned yet since the start",
            hint="Wait a few seconds and ask again",
        )
    found: Assessment = turn.assessment
    titles = titles_of(brain.house)
    return AssessmentOut(
        at=turn.at,
        curves=[_measures(one) for one in found.curves],
        indicators=[_indicator(one) for one in found.indicators],
        items=[
            ItemOut(
                item=one.item,
                dimension=one.dimension.value,
                coverage=one.coverage,
                score=band_out(one.score),
            )
            for one in found.items
        ],
        coverage=found.coverage,
        maturity=[_maturity(one) for one in found.maturity],
        level=found.level,
        delays=figures_out(found.delays),
        warnings=[score_out(one, titles) for one in found.warnings],
    )


@router.get("/models")
@needs(Permission.ASSESS_READ)
def models(brain: BrainDep, run: RunDep, part: SliceDep) -> Page[ModelVersionOut]:
    """Return versions of the fragilities that learning has proposed, newest first."""
    with brain.house.work() as work:
        found = part.cut(work.models.list(run, limit=part.end))
        return part.page([model_out(one) for one in found], work.models.count(run))


@router.post("/models/learn", status_code=201)
@needs(Permission.MODEL_APPROVE)
def learn(brain: BrainDep, command: CommandDep) -> ModelVersionOut:
    """Learn from the damage reports of the run; the result is a proposal and replaces nothing."""
    turn = brain.turn(command.run)
    return model_out(learn_from(brain.house, command, turn, brain.models.table))


@router.post("/models/{model}/decision")
@needs(Permission.MODEL_APPROVE)
def decide(
    model: str, body: ModelDecisionIn, brain: BrainDep, command: CommandDep
) -> ModelVersionOut:
    """Approve or refuse a model version."""
    decided = learning.decide(
        brain.house,
        command,
        model,
        body.version,
        approve=body.decision == "approve",
        reason=body.reason,
    )
    brain.wake()
    return model_out(decided)


def model_out(model: ModelVersion) -> ModelVersionOut:
    """Return a version of the fragilities."""
    return ModelVersionOut(
        id=model.id,
        base=model.base,
        adjustments=[
            AdjustmentOut(
                group=one.group,
                median_factor=band_out(one.median_factor),
                beta_factor=band_out(one.beta_factor),
                reports=one.reports,
            )
            for one in model.adjustments
        ],
        reports_used=model.reports_used,
        reports_held_out=model.reports_held_out,
        log_score_before=model.log_score_before,
        log_score_after=model.log_score_after,
        brier_before=model.brier_before,
        brier_after=model.brier_after,
        status=model.status.value,
        created=model.created,
        decided_by=model.decided_by,
        decided=model.decided,
        reason=model.reason,
        mode=model.mode.value,
        version=model.version,
    )


def _measures(one: CurveMeasures) -> MeasuresOut:
    return MeasuresOut(
        service=one.service,
        robustness=band_out(one.robustness),
        rapidity_per_day=band_out(one.rapidity),
        loss_days=band_out(one.loss),
        time_to=[TimeToOut(level=level, hours=band_out(band)) for level, band in one.time_to_h],
        horizon_h=one.horizon_h,
        is_censored=one.is_censored,
        why=why_out(one.why),
    )


def _maturity(one: MaturityLevel) -> MaturityOut:
    conditions = [ConditionOut(text=text_out(text), holds=holds) for text, holds in one.conditions]
    return MaturityOut.model_validate(
        {"level": one.level, "is_reached": one.is_reached, "conditions": conditions}
    )


def _indicator(one: IndicatorValue) -> IndicatorOut:
    return IndicatorOut(
        id=one.id,
        item=one.item,
        title_zh=one.title_zh,
        title_en=one.title_en,
        dimension=one.dimension.value,
        status=one.status.value,
        value=number(one.value),
        unit=one.unit,
        score=number(one.score),
        goalposts=one.goalposts,
        source=one.source,
        standard=one.standard,
        why=why_out(one.why),
    )
