"""Alarms on what is forecast: looked at in every turn of the loop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.alarm import Finding
from rencheng.domain.city import City
from rencheng.domain.impact import Impact
from rencheng.domain.provenance import Text
from rencheng.domain.readings import ROW, from_us, to_us
from rencheng.domain.watch import Input
from rencheng.sense.rules.foreseen import Ahead, Foreseen, foresee
from rencheng.service import alarms
from rencheng.service.cycle import CycleResult
from rencheng.service.house import Context, House
from rencheng.service.keeping import keep_forecast
from rencheng.service.local_time import local_time
from rencheng.service.rule_changes import clear_gone
from rencheng.service.rule_words import Params, about_condition, about_rule

F64 = NDArray[np.float64]
_HORIZON_H = 24.0


def review_forecasts(house: House, ctx: Context, city: City, result: CycleResult) -> None:
    """Raise and clear the alarms of rules on forecasts, then keep our own as it was issued."""
    figures = figures_of(city, result)
    _review(house, ctx.run, city, result, figures)
    with house.watch.state_lock, house.work() as work:
        keep_forecast(work, ctx, house.watch.keeper(ctx.run), city, figures, to_us(result.at))


def _review(
    house: House, run: str, city: City, result: CycleResult, figures: Mapping[str, F64]
) -> None:
    rules = house.watch.of(Input.FORECAST)
    if not rules:
        return
    now = to_us(result.at)
    rows = np.zeros(0, ROW)
    streams = [row for row, one in enumerate(city.datastreams) if one.is_forecast]
    with house.work() as work:
        is_open = {alarm.rule for alarm in work.alarms.list(run, where={"is_open": "true"})}
        if streams:
            longest = max(c.ahead_s for r in rules for s in r.steps for c in s.conditions)
            ids = [city.datastreams[row].id for row in streams]
            rows = work.observations.rows(run, ids, now, now + int(longest * 1e6))
            rows["stream"] = np.array(streams)[rows["stream"]]
    found, unknown = foresee(rules, city, Ahead(now, rows, figures))
    for rule in rules:
        own = [finding_of(city, one) for one in found if one.rule is rule]
        if own or rule.id in is_open:
            silent = {about for name, about in unknown if name == rule.id}
            alarms.review(house, run, own, rules={rule.id}, unknown=silent)
    clear_gone(house, run, rules)


def figures_of(city: City, result: CycleResult) -> Mapping[str, F64]:
    """Return the figures of our own forecast by zone. (samples, zones) each; see `FIGURES`."""
    impact = result.impact
    if impact is None:
        return {}
    figures: dict[str, F64] = {
        "pga": np.asarray(impact.shaking.pga_g, dtype=np.float64),
        "collapsed": np.asarray(impact.damage.collapsed, dtype=np.float64),
        "dead": impact.people.injured[:, :, 3],
        "injured": impact.people.injured[:, :, :3].sum(axis=2),
        "displaced": impact.people.displaced,
        "hospital_minutes": impact.access.after_s / 60.0,
        "tsunami_minutes": _tsunami_minutes(city, impact, result.at),
    }
    services = impact.services
    then = (result.at - impact.origin_time).total_seconds() / 3600.0 + _HORIZON_H
    time = int(np.argmin(np.abs(services.time_h - then)))
    for name in ("power", "water"):
        row = services.names.index(name)
        figures[f"{name}_24h"] = services.zone_level[row, :, time][None].astype(np.float64)
    return figures


def _tsunami_minutes(city: City, impact: Impact, at: datetime) -> F64:
    """Return the minutes until the first wave by zone, NaN where none is possible or it is past.

    As 101 samples, of which the quantiles are those of the forecast.
    """
    tsunami, zones = impact.tsunami, len(city.zones.id)
    found = np.full((101, zones), np.nan)
    if tsunami.is_possible and tsunami.observed_arrival is None:
        passed = (at - impact.origin_time).total_seconds()
        band = tsunami.arrival_s
        minutes = (np.array([band.p05, band.p50, band.p95]) - passed) / 60.0
        if minutes[-1] > 0:
            samples = np.interp(np.linspace(0.0, 1.0, 101), [0.05, 0.5, 0.95], minutes)
            found[:, city.zones.is_coastal] = np.maximum(samples, 0.0)[:, None]
    return found


def finding_of(city: City, one: Foreseen) -> Finding:
    """Return what is told of a step that holds in a forecast."""
    rule = one.rule
    time = local_time(city, from_us(one.at))
    params = about_rule(city, rule, one.object) | about_condition(one.condition)
    params |= {"value": one.value, "unit": one.unit, "time": time}
    text = Text("alarm.watch.forecast", params)
    if figure := one.condition.select.figure:
        text = _of_figure(figure, one, params | {"figure": figure})
    return Finding(
        rule=rule.id,
        rule_version=rule.version,
        object=one.object,
        level=rule.steps[one.step].level,
        text=text,
    )


def _of_figure(figure: str, one: Foreseen, params: Params) -> Text:
    """Return what is said of a figure of our own, in the way its unit is read."""
    if figure == "tsunami_minutes" and one.value < 1.0:
        return Text("alarm.watch.figure.now", params)
    if one.unit == "min":
        return Text("alarm.watch.figure.minutes", params)
    if one.unit == "1":
        return Text("alarm.watch.figure.share", params)
    if one.unit.startswith("{"):
        return Text("alarm.watch.figure.count", params)
    return Text("alarm.watch.figure", params)
