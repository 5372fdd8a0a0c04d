"""The re-assessed city on one screen."""

from __future__ import annotations

from datetime import datetime

from rencheng.assess.delays import delays
from rencheng.assess.formulas import Basis
from rencheng.assess.indicators import measure_indicators, score_items
from rencheng.assess.maturity import level_reached, maturity
from rencheng.assess.verification import verify
from rencheng.domain.assessment import Assessment, CurveMeasures, IndicatorStatus, Records
from rencheng.domain.city import City
from rencheng.domain.impact import Impact
from rencheng.domain.rules import IndicatorSet


def assess(
    city: City,
    impact: Impact | None,
    curve_measures: tuple[CurveMeasures, ...],
    records: Records,
    indicators: IndicatorSet,
    *,
    at: datetime,
) -> Assessment:
    """Assess the city: service curves, indicators, maturity, own delays, quality of alarms.

    Parameters
    ----------
    impact
        Forecast of the event at hand; without one, indicators that rest on it are missing.
    curve_measures
        Measures of the service curves, empty before there are any.
    records
        What the program's own records say of the run.
    """
    basis = Basis(city, impact, records)
    values = measure_indicators(basis, indicators, at=at)
    measured = sum(value.status is IndicatorStatus.MEASURED for value in values)
    coverage = measured / len(values) if values else 0.0
    levels = maturity(city, impact, curve_measures, records, coverage)
    return Assessment(
        curves=curve_measures,
        indicators=values,
        items=score_items(values, indicators),
        coverage=coverage,
        maturity=levels,
        level=level_reached(levels),
        delays=delays(records, at=at),
        warnings=verify(records.verdicts),
    )
