"""The engine at the console: one run of an event set over the buildings of the served city."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.city.hazard import Hazard, hazard_of
from rencheng.adapters.risk.city.measures import MeasureFiles, measures_of, must_have_rates
from rencheng.adapters.risk.city.people import people_of
from rencheng.adapters.risk.city.sets import EventSets
from rencheng.adapters.risk.city.stock import CityStock, Shelves, stock_of
from rencheng.adapters.risk.city.studies import menu_of
from rencheng.adapters.risk.city.summary import summary_of
from rencheng.adapters.risk.city.uncertain import study_of
from rencheng.domain.city import City
from rencheng.domain.curve import Curve
from rencheng.domain.errors import ConflictError, NotFoundError
from rencheng.domain.impact import DamageState
from rencheng.domain.risk import EventImpact
from rencheng.model.damage.state import assess_damage
from rencheng.model.people.consequences import consequences
from rencheng.model.risk.impact import impact
from rencheng.model.risk.zonal import losses_by_zone
from rencheng.perceive.presence import day_time
from rencheng.service.cycle import Models
from rencheng.service.jobs import IsStopped, Step, Tell
from rencheng.service.ports import Cities
from rencheng.service.risk_runs import STOPPED, RiskResult, RiskRun
from rencheng.service.risk_study import StudyMenu

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

# How long each part takes beside the others; by the clock on the default city. Ours.
_PARTS = {"fields": 45, "losses": 5, "zones": 15, "measures": 30, "study": 600, "people": 35}
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
        self._measures = MeasureFiles(shelves.state)

    def menu(self, hazard: str) -> StudyMenu:
        """Return what a run of a hazard may vary."""
        return menu_of(self._shelves.state, hazard)

    def work(self, run: RiskRun, tell: Tell, is_stopped: IsStopped) -> RiskResult:
        """Return what a run comes to; see `service.risk_runs.Engine`.

        Notes
        -----
        Losses are expected losses given each event's intensities, exact on the curves. Damage and
        casualties are sampled once an event, with the same fields at the zones' centres.
        """
        began, during = monotonic(), _telling(run, tell, is_stopped)
        current = self._cities.current()
        is_served = current.version == run.city_version
        city = current if is_served else self._cities.load(run.city_version)
        during("fields")(0, 1)
        hazard = hazard_of(self._sets, city, run, during("fields"))
        measures = None
        if run.wish.measures is not None:
            must_have_rates(hazard)
            measures = self._measures.read(run.wish.measures)
        during("losses")(0, 1)
        head = hazard.events.head
        stock = stock_of(
            city, self._shelves, hazard.point,
            hazard=run.set.hazard, measure=head.measure, unit=head.unit,
        )  # fmt: skip
        during("losses")(0, 1)
        found = impact(
            hazard.events, stock.portfolio, stock.curves, progress=during("losses"),
            versions={**hazard.versions, "replacement cost": stock.costs.version},
        )  # fmt: skip
        by_zone = losses_by_zone(
            hazard.events, stock.portfolio, stock.curves, city.buildings.zone,
            city.zones.id.size, progress=during("zones"),
        )  # fmt: skip
        parts: dict[str, Any] = {}
        if measures is not None and run.wish.measures is not None:
            parts["appraisal"] = measures_of(
                city, hazard, self._shelves, stock, measures, run.wish.measures, during("measures")
            )
        if run.wish.study is not None:
            parts["study"] = study_of(
                city, hazard, self._shelves, run, stock, found, during("study")
            )
        during("people")(0, 1)
        hurt = self._harm(city, hazard, run, during("people"))
        during("people")(0, 1)
        fates, notes = people_of(
            city, hazard, self._shelves, run, stock.costs.country, during("people")
        )
        summary = summary_of(run, city, stock, hazard, found, hurt)
        summary = replace(
            summary,
            people=fates,
            notes=(*summary.notes, *notes),
            seconds=monotonic() - began,
            **parts,
        )
        return RiskResult(
            summary=summary, arrays=_arrays(city, stock, hazard, found, by_zone, hurt)
        )

    def _harm(
        self, city: City, hazard: Hazard, run: RiskRun, progress: Callable[[int, int], None]
    ) -> dict[str, F32]:
        """Return expected people and sampled buildings by key. (events, zones)"""
        if hazard.shaking is None:
            return {}
        table, rates = self._models.table, self._models.rates
        damage = assess_damage(city, hazard.shaking, table, seed=run.wish.seed)
        progress(0, 1)
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


def _telling(
    run: RiskRun, tell: Tell, is_stopped: IsStopped
) -> Callable[[str], Callable[[int, int], None]]:
    """Return what each part of a run tells its progress to; it ends the run after a stop."""
    asked = {"measures": run.wish.measures, "study": run.wish.study}
    parts = {name: many for name, many in _PARTS.items() if asked.get(name, run) is not None}
    whole, names = sum(parts.values()), list(parts)

    def during(step: str) -> Callable[[int, int], None]:
        first = sum(parts[name] for name in names[: names.index(step)]) / whole

        def progress(done: int, total: int) -> None:
            if is_stopped():
                raise ConflictError(STOPPED, "the run was stopped", hint="Ask for it again")
            share = first + parts[step] / whole * done / max(1, total)
            tell(Step(step=step, share=min(share, 0.99)))

        return progress

    return during


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
