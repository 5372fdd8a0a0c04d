"""What a study, measures and people of a result come to, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rencheng.api.risk_out import Shown, summary_out
from rencheng.api.shapes.common import Shape
from rencheng.api.shapes.risk import RiskPeopleOut
from rencheng.api.shapes.risk_study import (
    RiskDrawnWorthOut,
    RiskRankOut,
    RiskSobolOut,
    RiskSpreadOut,
    RiskWorthOut,
)

Rows = tuple[list[str], list[list[Any]]]
LEVELS = ("p05", "p50", "p95")
RANGES = ("saving", "npv", "bcr", "rank")
DRAWN = (*(f"{name}_{p}" for name in RANGES for p in LEVELS), "probability_worth_it", "share_first")
"""Columns of measures over samples of what is uncertain."""


def extra_rows(shown: Shown, table: str) -> Rows:
    """Return a table of `study`, `ranks`, `sobol`, `measures` or `people`; its head alone without.

    Lists stand with `; ` between; units are those of the summary.
    """
    said = summary_out(shown)
    study, worth = said.study, said.appraisal
    found: dict[str, tuple[type[Shape], Sequence[Shape]]] = {
        "study": (RiskSpreadOut, study.rows if study else ()),
        "ranks": (RiskRankOut, study.ranks if study else ()),
        "sobol": (RiskSobolOut, study.sobol if study else ()),
        "measures": (RiskWorthOut, worth.rows if worth else ()),
        "people": (RiskPeopleOut, said.people),
    }
    shape, rows = found[table]
    head = [name for name in shape.model_fields if name not in ("notes", "band", "drawn")]
    bands = LEVELS if "band" in shape.model_fields else ()
    drawn = shape is RiskWorthOut
    return [*head, *bands, *(DRAWN if drawn else ())], [
        [
            *(_cell(getattr(row, name)) for name in head),
            *(getattr(row.band, b) for b in bands),  # type: ignore[attr-defined]
            *(_drawn(row.drawn) if isinstance(row, RiskWorthOut) else ()),
        ]
        for row in rows
    ]


def _drawn(one: RiskDrawnWorthOut | None) -> list[Any]:
    """Return the cells of `DRAWN`; blank where nothing was drawn."""
    if one is None:
        return [None] * len(DRAWN)
    ranges = [getattr(one, name) or (None,) * len(LEVELS) for name in RANGES]
    return [*(number for each in ranges for number in each), one.probability, one.first]


def _cell(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
