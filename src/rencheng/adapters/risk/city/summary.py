"""What a run of the city comes to: key figures, exceedance curves, tails, sources."""

from __future__ import annotations

import math
from math import nan

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.city.hazard import Hazard
from rencheng.adapters.risk.city.stock import CityStock
from rencheng.adapters.risk.faults import dark_faults
from rencheng.adapters.risk.results import YEARS
from rencheng.domain.city import City
from rencheng.domain.errors import TooMuchError
from rencheng.domain.provenance import Band, Origin, Text
from rencheng.domain.risk import EventImpact, Exceedance, left_out
from rencheng.domain.risk_annual import AnnualLoss, Between
from rencheng.model.risk.annual import annual_loss, annual_loss_at, annual_tail_mean, told
from rencheng.model.risk.tail import exceedance, loss_at, tail_mean
from rencheng.service.figures import BUILDING, PERSON
from rencheng.service.risk_runs import (
    Amount,
    Bounds,
    RiskRun,
    RiskSummary,
    Steps,
    Tail,
    YearSteps,
)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

STEPS_SHOWN = 300
"""Steps of an exceedance curve that a screen gets. Ours."""
RAREST = 1e-5
"""Least probability of a year's total that is drawn. Ours."""


def summary_of(
    run: RiskRun,
    city: City,
    stock: CityStock,
    hazard: Hazard,
    found: EventImpact,
    hurt: dict[str, F32],
) -> RiskSummary:
    """Return what a run came to, apart from its tables, people, study and measures."""
    rated = np.isfinite(found.rate).all()
    steps = exceedance(found.known_loss, found.rate) if rated else None
    value = float(np.nansum(stock.portfolio.value))
    rows = {use: stock.costs.row(use) for use in stock.used}
    synthetic = [one.name for one in city.layers if one.origin is Origin.SYNTHETIC]
    is_synthetic = run.set.origin is Origin.SYNTHETIC or "buildings" in synthetic
    year = _year(found) if steps is not None and hazard.is_annual else None
    return RiskSummary(
        is_annual=hazard.is_annual,
        is_sampled=hazard.is_sampled,
        events=found.rate.size,
        event_names=found.names,
        hazard=run.set.hazard,
        measures=(hazard.events.head.measure,),
        unit=hazard.events.head.unit,
        currency=found.currency,
        year=found.year,
        value=value,
        counts={one.name.lower(): many for one, many in found.counts.items()},
        figures=tuple(_figures(city, hazard, found, hurt, value)),
        tail=_tail(found, steps, year) if steps is not None and hazard.is_annual else (),
        steps=_thin(steps) if steps is not None else None,
        year_steps=_of_years(year) if year is not None else None,
        is_partial=found.is_partial,
        curves=tuple(curve.id for curve in stock.curves),
        costs=tuple(dict.fromkeys(row for row in rows.values() if row is not None)),
        data=hazard.data,
        missing=hazard.missing,
        notes=(*hazard.notes, Text("risk.note.worth"), *_people_notes(hurt)),
        versions={**found.versions, "fragility": "", "city": city.version},
        faults=(*stock.faults, *dark_faults(found, "buildings", stock.portfolio.id)),
        seconds=nan,
        origin=Origin.SYNTHETIC if is_synthetic else Origin.DERIVED,
    )


def _people_notes(hurt: dict[str, F32]) -> tuple[Text, ...]:
    return (Text("risk.note.people"),) if hurt else (Text("risk.note.no_people"),)


def _figures(
    city: City, hazard: Hazard, found: EventImpact, hurt: dict[str, F32], value: float
) -> list[Amount]:
    money = found.currency
    # `is_partial` says when these are at least so much; of nothing at all they are unknown.
    known = 1.0 if left_out(found.counts) < found.standing.size else nan
    loss = found.known_loss * known
    if hazard.is_annual:
        made = [_amount("aal", f"{money}/a", found.known_aal * known, None, value, money)]
    elif hazard.is_sampled:
        made = [_amount("loss", money, float(loss.mean()), loss, value, money)]
    else:
        most = float(loss.max()) if loss.size else nan
        made = [_amount("largest_loss", money, most, None, value, money)]
    buildings, people = float(city.buildings.id.size), float(city.zones.population.sum())
    bases = {
        "damaged": (BUILDING, buildings), "complete": (BUILDING, buildings),
        "collapsed": (BUILDING, buildings), "dead": (PERSON, people),
        "injured": (PERSON, people), "displaced": (PERSON, people),
    }  # fmt: skip
    for key, table in hurt.items():
        unit, base = bases[key]
        total = table.sum(axis=1, dtype=np.float64)
        if hazard.is_annual:
            yearly = float((total * found.rate).sum())
            made.append(_amount(key, f"{unit}/a", yearly, None, base, unit))
        elif hazard.is_sampled:
            made.append(_amount(key, unit, float(total.mean()), total, base, unit))
        else:
            made.append(_amount(f"largest_{key}", unit, float(total.max()), None, base, unit))
    return made


def _amount(
    key: str, unit: str, mean: float, samples: F64 | None, base: float, base_unit: str
) -> Amount:
    band = Band.of(samples) if samples is not None else Band(nan, mean, nan)
    return Amount(
        key=key, unit=unit, mean=mean, p05=band.p05, p50=band.p50, p95=band.p95, base=base,
        base_unit=base_unit,
    )  # fmt: skip


def _tail(found: EventImpact, steps: Exceedance, year: AnnualLoss | None) -> tuple[Tail, ...]:
    """Return losses by return period; the total is of the years in which such an event is met."""
    rows = []
    for years in YEARS:
        least, mean = loss_at(steps, years), tail_mean(steps, years)
        asked = -1.0 / math.expm1(-1.0 / years)
        rows.append(
            Tail(
                return_period=float(years),
                loss=nan if found.is_partial else least,
                tail_mean=nan if found.is_partial else mean,
                known_loss=least,
                known_tail_mean=mean,
                known_total=_sure(annual_loss_at(year, asked)) if year else None,
                known_total_mean=_sure(annual_tail_mean(year, asked)) if year else None,
            )
        )
    return tuple(rows)


def _sure(one: Between) -> Bounds | None:
    """Return a number with its bounds; None where these lie too far apart to say anything."""
    if (sure := told(one)) is None:
        return None
    return Bounds(best=sure.best, low=sure.low, high=sure.high)


def _year(found: EventImpact) -> AnnualLoss | None:
    """Return the distribution of a year's total; None where there are too many events a year."""
    try:
        return annual_loss(found.known_loss, found.rate)
    except TooMuchError:
        return None


def _of_years(year: AnnualLoss) -> YearSteps | None:
    """Return the curve of a year's total at probabilities evenly spread, where it is sure.

    The loss at a probability lies for certain between those of the lower and of the upper bound.
    """
    most = -math.expm1(-year.frequency)
    if not most > RAREST:
        return None
    asked = np.geomspace(RAREST, most * (1.0 - 1e-9), STEPS_SHOWN)
    found = [(q, _sure(annual_loss_at(year, 1.0 / q))) for q in asked.tolist()]
    kept = [(q, one) for q, one in found if one is not None and one.best > 0.0]
    return YearSteps(
        probability=tuple(q for q, _ in kept),
        loss=tuple(one.best for _, one in kept),
        low=tuple(one.low for _, one in kept),
        high=tuple(one.high for _, one in kept),
        withheld=len(found) - len(kept),
    )


def _thin(steps: Exceedance) -> Steps:
    """Keep so many steps that a screen can show, the largest and the smallest among them."""
    size = steps.loss.size
    kept = np.unique(np.geomspace(1, max(size, 1), STEPS_SHOWN).round().astype(int)) - 1
    kept = kept[kept < size]
    return Steps(
        loss=tuple(steps.loss[kept].tolist()), frequency=tuple(steps.frequency[kept].tolist())
    )
