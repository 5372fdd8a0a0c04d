"""How often losses are reached, of events and of years, as answers."""

from __future__ import annotations

from collections.abc import Sequence

from rencheng.api.shapes.risk import (
    RiskBoundsOut,
    RiskExceedanceOut,
    RiskTailOut,
    RiskTotalOut,
)
from rencheng.api.telling import number
from rencheng.domain.risk_annual import WIDEST
from rencheng.service.risk_runs import Bounds, RiskSummary, Tail, YearSteps


def tail_out(rows: Sequence[Tail]) -> list[RiskTailOut]:
    """Return what is lost once in so many years."""
    return [
        RiskTailOut(
            return_period=row.return_period,
            loss=number(row.loss),
            tail_mean=number(row.tail_mean),
            known_loss=number(row.known_loss),
            known_tail_mean=number(row.known_tail_mean),
            known_total=_bounds(row.known_total),
            known_total_mean=_bounds(row.known_total_mean),
        )
        for row in rows
    ]


def _bounds(one: Bounds | None) -> RiskBoundsOut | None:
    return RiskBoundsOut(best=one.best, low=one.low, high=one.high) if one else None


def exceedance_out(one: RiskSummary) -> RiskExceedanceOut:
    """Return how often a loss is reached; empty where a rate is unknown."""
    steps = one.steps
    return RiskExceedanceOut(
        unit=one.currency,
        is_annual=one.is_annual,
        is_partial=one.is_partial,
        loss=list(steps.loss) if steps else [],
        frequency=list(steps.frequency) if steps else [],
        total=_total(one.year_steps) if one.year_steps else None,
    )


def _total(year: YearSteps) -> RiskTotalOut:
    return RiskTotalOut(
        probability=list(year.probability),
        loss=list(year.loss),
        low=list(year.low),
        high=list(year.high),
        withheld=year.withheld,
        sure=WIDEST,
    )
