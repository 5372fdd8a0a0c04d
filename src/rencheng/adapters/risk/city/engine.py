"""The engine at the console: one run of an event set over the buildings of the served city."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.city.hazard import Hazard, hazard_of
from rencheng.adapters.risk.city.people import people_rows
from rencheng.adapters.risk.city.sets import EventSets
from rencheng.adapters.risk.city.stock import CityStock, Shelves, stock_of
from rencheng.adapters.risk.results import YEARS
from rencheng.domain.city import City
from rencheng.domain.curve import Curve
from rencheng.domain.errors import ConflictError, NotFoundError
from rencheng.domain.impact import DamageState
from rencheng.domain.provenance import Band, Origin, Text
from rencheng.domain.risk import EventImpact, Exceedance, left_out
from rencheng.model.damage.state import assess_damage
from rencheng.model.people.consequences import consequences
from rencheng.model.risk.impact import impact
from rencheng.model.risk.tail import exceedance, loss_at, tail_mean
from rencheng.model.risk.zonal import losses_by_zone
from rencheng.perceive.presence import day_time
from rencheng.service.cycle import Models
from rencheng.service.figures import BUILDING, PERSON
from rencheng.service.jobs import IsStopped, Step, Tell
from rencheng.service.ports import Cities
from rencheng.service.risk_runs import (
    STOPPED,
    Amount,
    RiskResult,
    RiskRun,
    RiskSummary,
    Steps,
    Tail,
)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

STEPS_SHOWN = 300
"""Steps of an exceedance curve that a screen gets. Ours."""
# Shares of the whole time at which each part begins; by the clock on the default city. Ours.
_SHARES = {
    "fields": (0.0, 0.45),
    "losses": (0.45, 0.5),
    "zones": (0.5, 0.65),
    "people": (0.65, 0.98),
}
_SERIOUS, _DEAD = slice(1, 3), 3  # severities of the HAZUS casualty scale, as `service.figures`


class CityEngine:
    """Runs over the buildings of a city.

    Parameters
    ----------
    cities
        Versions of the city.
    sets
        What runs are made of.
    shelves
        Curves of buildings.
    models
        Fragility table and casualty rates of the loop.
    """

    def __init__(self, cities: Cities, sets: EventSets, shelves: Shelves, models: Models) -> None:
        self._cities, self._sets, self._shelves, self._models = cities, sets, shelves, models

    def work(self, run: RiskRun, tell: Tell, is_stopped: IsStopped) -> RiskResult:
        """Return what a run comes to; see `service.risk_runs.Engine`.

        Notes
        -----
        Losses are expected losses given each event's intensities, exact on the curves. Damage and
        casualties are sampled once an event, with the same fields at the zones' centres.
        """
        began = monotonic()

        def during(step: str) -> Callable[[int, int], None]:
            first, last = _SHARES[step]

            def progress(done: int, total: int) -> None:
                if is_stopped():
                    raise ConflictError(STOPPED, "the run was stopped", hint="Ask for it again")
                tell(Step(step=step, share=first + (last - first) * done / max(1, total)))

            return progress

        current = self._cities.current()
        is_served = current.version == run.city_version
        city = current if is_served else self._cities.load(run.city_version)
        during("fields")(0, 1)
        hazard = hazard_of(self._sets, city, run, during("fields"))
        head = hazard.events.head
        stock = stock_of(
            city, self._shelves, hazard.point,
            hazard=run.set.hazard, measure=head.measure, unit=head.unit,
        )  # fmt: skip
        found = impact(
            hazard.events, stock.portfolio, stock.curves, progress=during("losses"),
            versions={**hazard.versions, "replacement cost": stock.costs.version},
        )  # fmt: skip
        by_zone = losses_by_zone(
            hazard.events, stock.portfolio, stock.curves, city.buildings.zone,
            city.zones.id.size, progress=during("zones"),
        )  # fmt: skip
        during("people")(0, 1)
        hurt = self._harm(city, hazard, run)
        fates = people_rows(city, hazard, self._shelves, run, stock.costs.country, during("people"))
        summary = _summary(run, city, stock, hazard, found, hurt)
        summary = replace(summary, people=fates, seconds=monotonic() - began)
        return RiskResult(
            summary=summary, arrays=_arrays(city, stock, hazard, found, by_zone, hurt)
        )

    def _harm(self, city: City, hazard: Hazard, run: RiskRun) -> dict[str, F32]:
        """Return expected people and sampled buildings by key. (events, zones)"""
        if hazard.shaking is None:
            return {}
        table, rates = self._models.table, self._models.rates
        damage = assess_damage(city, hazard.shaking, table, seed=run.wish.seed)
        when = day_time(run.wish.hour)
        people = consequences(city, damage, hazard.shaking, when, table=table, rates=rates)
        states = damage.zone_buildings
        return {
            "damaged": states[:, :, DamageState.MODERATE :].sum(axis=2),
            "complete": states[:, :, DamageState.COMPLETE],
            "collapsed": damage.collapsed,
            "dead": people.injured[:, :, _DEAD].astype(np.float32),
            "injured": people.injured[:, :, _SERIOUS].sum(axis=2).astype(np.float32),
            "displaced": people.displaced.astype(np.float32),
        }

    def vulnerability(self, run: RiskRun, curve: str) -> tuple[Curve, Curve | None]:
        """Return the curve behind a loss, and the fragility that it was made of, if it was."""
        city = self._cities.current()
        if city.version != run.city_version:
            city = self._cities.load(run.city_version)
        fragility, _, use = curve.partition("+")
        name = fragility.partition("/")[2]
        for one in (use,) if use else city.buildings.uses:
            pair = self._shelves.pair(run.set.hazard, name, one, city.timezone)
            if pair is not None and pair.curve.id == curve:
                return pair.curve, pair.fragility
        raise NotFoundError(
            "risk.no_curve",
            f"the curve {curve[:80]!r} is not there any more",
            hint="Ask for the run again",
            params={"curve": curve[:80]},
        )


def _arrays(
    city: City,
    stock: CityStock,
    hazard: Hazard,
    found: EventImpact,
    by_zone: F32,
    hurt: dict[str, F32],
) -> dict[str, NDArray[np.generic]]:
    b, events = city.buildings, hazard.events
    worth = stock.portfolio.value[:, 0]
    placed = (b.zone >= 0) & np.isfinite(worth)
    value = np.bincount(b.zone[placed], worth[placed], city.zones.id.size)
    return {
        "rate": found.rate, "loss": found.known_loss, "unknown": found.unknown,
        "zone_id": city.zones.id, "zone_value": value, "zone_loss": by_zone,
        "zone_intensity": hazard.zone_intensity,
        **{f"zone_{key}": values for key, values in hurt.items()},
        "asset_id": b.id, "asset_zone": b.zone, "asset_use": b.use,
        "asset_area": b.floor_area_m2, "asset_value": worth,
        "asset_mean": _mean(found), "asset_standing": found.standing,
        "asset_curve": stock.portfolio.curve[:, 0], "asset_point": stock.portfolio.point,
        "start": events.start, "point": events.point, "intensity": events.intensity,
        **{f"event_{key}": values for key, values in hazard.extra.items()},
    }  # fmt: skip


def _mean(found: EventImpact) -> F64:
    """Return each asset's loss a year, or over the samples; NaN where something is unknown."""
    return found.eai if np.isfinite(found.rate).all() else np.full(found.eai.shape, nan)


def _summary(
    run: RiskRun,
    city: City,
    stock: CityStock,
    hazard: Hazard,
    found: EventImpact,
    hurt: dict[str, F32],
) -> RiskSummary:
    rated = np.isfinite(found.rate).all()
    steps = exceedance(found.known_loss, found.rate) if rated else None
    value = float(np.nansum(stock.portfolio.value))
    rows = {use: stock.costs.row(use) for use in stock.used}
    synthetic = [one.name for one in city.layers if one.origin is Origin.SYNTHETIC]
    is_synthetic = run.set.origin is Origin.SYNTHETIC or "buildings" in synthetic
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
        tail=_tail(found, steps) if steps is not None and hazard.is_annual else (),
        steps=_thin(steps) if steps is not None else None,
        is_partial=found.is_partial,
        curves=tuple(curve.id for curve in stock.curves),
        costs=tuple(dict.fromkeys(row for row in rows.values() if row is not None)),
        data=hazard.data,
        missing=hazard.missing,
        notes=(*hazard.notes, Text("risk.note.worth"), *_people_notes(hurt)),
        versions={**found.versions, "fragility": "", "city": city.version},
        faults=(*stock.faults, *found.faults),
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


def _tail(found: EventImpact, steps: Exceedance) -> tuple[Tail, ...]:
    rows = []
    for years in YEARS:
        least, mean = loss_at(steps, years), tail_mean(steps, years)
        rows.append(
            Tail(
                return_period=float(years),
                loss=nan if found.is_partial else least,
                tail_mean=nan if found.is_partial else mean,
                known_loss=least,
            )
        )
    return tuple(rows)


def _thin(steps: Exceedance) -> Steps:
    """Keep so many steps that a screen can show, the largest and the smallest among them."""
    size = steps.loss.size
    kept = np.unique(np.geomspace(1, max(size, 1), STEPS_SHOWN).round().astype(int)) - 1
    kept = kept[kept < size]
    return Steps(
        loss=tuple(steps.loss[kept].tolist()), frequency=tuple(steps.frequency[kept].tolist())
    )
