"""Uncertain inputs and measures of a run as answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from rencheng.api.problems import problem_of
from rencheng.api.shapes.risk_study import (
    RiskMeasureFileOut,
    RiskMeasuresOut,
    RiskMenuOut,
    RiskStudyOut,
)
from rencheng.service.risk_measures import MeasureFile, MeasuresSummary
from rencheng.service.risk_study import StudyMenu, StudySummary

Zone = Callable[[int], tuple[str, str]]


def menu_out(one: StudyMenu) -> RiskMenuOut:
    """Return what a run of a hazard may vary."""
    said = _plain(asdict(one))
    said["trouble"] = problem_of(one.trouble.error()) if one.trouble else None
    return RiskMenuOut.model_validate(said)


def study_out(one: StudySummary, zone: Zone) -> RiskStudyOut:
    """Return what uncertain inputs make of a run; `zone` gives id and name of a row."""
    said = _plain(asdict(one))
    for row, rank in zip(said["ranks"], one.ranks, strict=True):
        row["zone"], row["name"] = zone(rank.zone)
    return RiskStudyOut.model_validate(said)


def measures_out(one: MeasuresSummary) -> RiskMeasuresOut:
    """Return what measures are worth."""
    return RiskMeasuresOut.model_validate(_plain(asdict(one)))


def file_out(one: MeasureFile) -> RiskMeasureFileOut:
    """Return a file of measures."""
    said = _plain(asdict(one))
    del said["mark"]
    said["trouble"] = problem_of(one.trouble.error()) if one.trouble else None
    return RiskMeasureFileOut.model_validate(said)


def _plain(value: Any) -> Any:
    """Return a value with null for what is unknown (NaN) or without end."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
