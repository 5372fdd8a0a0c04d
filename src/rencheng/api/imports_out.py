"""Imports as answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rencheng.api.problems import fault_out, problem_of
from rencheng.api.shapes.city import FindingOut, LayerOut
from rencheng.api.shapes.imports import (
    ColumnPreviewOut,
    ImportFileOut,
    ImportOut,
    ImportRulesOut,
    KindOut,
    OutcomeOut,
    PlanShape,
    PreviewOut,
    ProgressOut,
    SourceShape,
)
from rencheng.api.telling import number, point, text_out
from rencheng.domain.finding import DataFinding
from rencheng.domain.provenance import Layer
from rencheng.service.importing import (
    GRIDS,
    MISSING_LAYERS,
    Import,
    Outcome,
    Plan,
    Preview,
    Shelf,
    SourcePlan,
    Workshop,
    mark_of,
)

if TYPE_CHECKING:
    from rencheng.bootstrap import Brain


def import_out(brain: Brain, item: Import) -> ImportOut:
    """Return an import, with how far the work on it is."""
    served = brain.house.cities.current().id == item.city
    return ImportOut.model_validate(
        {
            "id": item.id,
            "city": item.city,
            "name_zh": item.name_zh,
            "name_en": item.name_en,
            "timezone": item.timezone,
            "created": item.created,
            "created_by": item.created_by,
            "version": item.version,
            "files": [
                ImportFileOut(
                    name=one.name, size=one.size, added=one.added, is_pointed=bool(one.path)
                )
                for one in item.files
            ],
            "plan": plan_out(item.plan),
            "task": item.task,
            "state": item.state.value,
            "progress": _progress_out(brain, item),
            "trouble": problem_of(item.trouble.error()) if item.trouble else None,
            "checked": _outcome_out(item, item.checked),
            "built": _outcome_out(item, item.built),
            "is_served_city": served,
            "current": brain.imports.versions.current(item.city),
            "command": "" if served else f"rencheng serve --city {item.city}",
        }
    )


def plan_out(plan: Plan) -> PlanShape:
    """Return the recipe."""
    sources = [
        SourceShape.model_validate({**asdict(one), "layers": list(one.layers)})
        for one in plan.sources
    ]
    return PlanShape.model_validate(
        {
            "sources": sources,
            "missing": dict(plan.missing),
            "grid": plan.grid,
            "seed": plan.seed,
            "bbox": plan.bbox,
        }
    )


def plan_of(shape: PlanShape) -> Plan:
    """Return the recipe that a page sent."""
    return Plan(
        sources=tuple(
            SourcePlan(
                id=one.id,
                kind=one.kind,
                file=one.file,
                layers=tuple(one.layers),
                columns=one.columns,
                values=one.values,
                crs=one.crs,
                options=one.options,
                licence=one.licence,
                citation=one.citation,
                as_of=one.as_of,
                origin=one.origin,
            )
            for one in shape.sources
        ),
        missing=dict(shape.missing),
        grid=shape.grid,
        seed=shape.seed,
        bbox=shape.bbox,
    )


def rules_out(shelf: Shelf, workshop: Workshop) -> ImportRulesOut:
    """Return what an import may consist of."""
    return ImportRulesOut(
        kinds=[
            KindOut(
                kind=one.kind,
                layers=list(one.layers),
                endings=list(one.endings),
                is_usable=one.is_usable,
            )
            for one in workshop.kinds()
        ],
        missing=list(MISSING_LAYERS),
        grids=list(GRIDS),
        columns={layer: list(names) for layer, names in workshop.columns().items()},
        largest_mb=shelf.largest / 1024**2,
        roots=list(shelf.roots()),
    )


def preview_out(seen: Preview) -> PreviewOut:
    """Return a first look at a file."""
    return PreviewOut(
        name=seen.name,
        size=seen.size,
        kind=seen.kind,
        layers=list(seen.layers),
        parts=list(seen.parts),
        part=seen.part,
        crs=seen.crs,
        bbox=seen.bbox,
        is_lonlat=seen.is_lonlat,
        geometry=seen.geometry,
        rows=seen.rows,
        columns=[
            ColumnPreviewOut(
                name=one.name,
                type=one.type,
                filled=number(one.filled),
                examples=list(one.examples),
            )
            for one in seen.columns
        ],
        first=[list(row) for row in seen.first],
        mapping={layer: dict(columns) for layer, columns in seen.mapping.items()},
        options=dict(seen.options),
        faults=[fault_out(one) for one in seen.faults],
        shapes=[dict(one) for one in seen.shapes],
    )


def finding_out(one: DataFinding) -> FindingOut:
    """Return a gap or a weakness of data."""
    return FindingOut(
        key=one.key,
        severity=one.severity.value,
        layer=one.layer,
        text=text_out(one.text),
        count=one.count,
        first=[str(name) for name in one.first],
        places=[point(xy) for xy in one.places],
        mend=text_out(one.mend),
    )


def layer_out(layer: Layer) -> LayerOut:
    """Return a layer with its provenance."""
    return LayerOut(
        name=layer.name,
        origin=layer.origin.value,
        source=layer.source,
        licence=layer.licence,
        version=layer.version,
        count=layer.count,
        coverage=layer.coverage,
        notes=text_out(layer.notes) if layer.notes else None,
        as_of=layer.as_of,
        crs=layer.crs,
    )


def _outcome_out(item: Import, found: Outcome | None) -> OutcomeOut | None:
    if found is None:
        return None
    return OutcomeOut(
        at=found.at,
        seconds=found.seconds,
        is_current=found.mark == mark_of(item),
        counts=dict(found.counts),
        by_source={name: dict(counts) for name, counts in found.by_source.items()},
        layers=[layer_out(one) for one in found.layers],
        findings=[finding_out(one) for one in found.findings],
        bbox=found.bbox,
        version=found.version,
    )


def _progress_out(brain: Brain, item: Import) -> ProgressOut | None:
    found = brain.imports.desk.step(item.id)
    if found is None or not item.is_busy:
        return None
    step, left_s = found
    return ProgressOut(
        source=step.source,
        step=step.step,
        number=step.number,
        total=step.total,
        share=step.share,
        left_s=number(left_s),
    )
