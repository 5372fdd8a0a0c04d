"""Water, food and shelter for three days, against what is in stock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from rencheng.decide.during.evacuation import usable_shelters
from rencheng.decide.evidence import about, cause, figure, typical, why
from rencheng.domain.city import F64, City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import CityState, Impact
from rencheng.domain.proposal import Action, Draft, ProposalKind
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Origin, Text, Why
from rencheng.domain.recovery import Need
from rencheng.domain.resource import Organisation
from rencheng.domain.rules import Rules, SupplyRule

MODEL = "decide.supplies"
_LAYERS = ("zones", "population", "buildings", "water_network", "stocks", "shelters")


def supplies(
    city: City,
    state: CityState,
    impact: Impact | None,
    rules: Rules,
    *,
    at: datetime,
    bulletin: Bulletin | None = None,
) -> tuple[tuple[Need, ...], Draft | None]:
    """Count what displaced people and people without tap water need, and propose to bring it.

    Parameters
    ----------
    bulletin
        Names the event that the proposal answers.

    Notes
    -----
    Need = people × days × published quantity, from now to the horizon of the rules. The displaced
    need everything all the time; residents at home need water while the forecast says that their
    tap is dry. One city-wide share of dry taps is used for the count in every sample, the median of
    each zone only to say where to bring things. Stock is what the city layer lists; nothing is
    known of losses in the warehouses or of household reserves.
    """
    if impact is None:
        return (), None
    days = rules.supplies.horizon_h / 24
    displaced = impact.people.displaced.sum(axis=1)
    dry_days = _dry_person_days(city, impact, rules.supplies.horizon_h, at)
    because = why(city, _LAYERS, model=MODEL, version=rules.version, as_of=state.at)
    needs = []
    for rule in rules.supplies.items:
        amount = displaced * rule.quantity * (days if rule.is_daily else 1.0)
        if not rule.is_for_displaced_only:
            amount = amount + dry_days * rule.quantity
        needs.append(_need(city, impact, rules, rule, Band.of(amount), because))
    if not any(need.need.band.p50 >= 1 for need in needs):
        return tuple(needs), None
    draft = _draft(city, impact, rules, tuple(needs), because, at)
    return tuple(needs), replace(draft, cause=cause("supplies", impact, bulletin))


def _dry_person_days(city: City, impact: Impact, horizon_h: float, at: datetime) -> F64:
    """Integrate residents at home without water from now to the horizon. [person·day] (samples,)

    NaN when the services were not modelled.
    """
    displaced = impact.people.displaced.sum(axis=1)
    services = impact.services
    if "water" not in services.names:
        return np.full(displaced.shape, np.nan)
    start = (at - impact.origin_time).total_seconds() / 3600
    hours, weight = _hours(services.time_h, start, start + horizon_h)
    level = services.level[services.names.index("water")].astype(np.float64)
    at_home = np.maximum(float(np.nansum(city.zones.population)) - displaced, 0.0)
    dry = np.array([np.interp(hours, services.time_h, 1.0 - row) for row in level])
    person_days: F64 = at_home * (dry @ weight) / 24
    return person_days


def _hours(time_h: F64, start: float, end: float) -> tuple[F64, F64]:
    """Return the forecast times within a window and the trapezoid's weights. [h]"""
    inside = time_h[(time_h > start) & (time_h < end)]
    hours = np.concatenate([[start], inside, [end]])
    step = np.diff(hours)
    weight = np.zeros(hours.size)
    weight[:-1] += step / 2
    weight[1:] += step / 2
    return hours, weight


def _need(
    city: City, impact: Impact, rules: Rules, rule: SupplyRule, band: Band, because: Why
) -> Need:
    stock, origin = _stock(city, impact, rules, rule)
    return Need(
        item=rule.item,
        need=figure(f"need_{rule.item}", band, rule.unit, because),
        stock=stock,
        stock_origin=origin,
        standard=rule.standard,
    )


def _stock(city: City, impact: Impact, rules: Rules, rule: SupplyRule) -> tuple[float, Origin]:
    """Sum what is in stock; NaN when the city lists none of it."""
    origins = {layer.name: layer.origin for layer in city.layers}
    if rule.stock == "shelter_places":
        places = city.facilities.shelter_places
        usable = np.isfinite(places) & usable_shelters(impact, city, rules.operations)
        total = float(places[usable].sum()) if np.isfinite(places).any() else float("nan")
        return total, origins.get("shelters", Origin.DERIVED)
    mine = [stock.quantity for stock in city.stocks if stock.item == rule.stock]
    if not mine:
        return float("nan"), Origin.MISSING
    return sum(mine), origins.get("stocks", Origin.SYNTHETIC)


def _draft(
    city: City,
    impact: Impact,
    rules: Rules,
    needs: tuple[Need, ...],
    because: Why,
    at: datetime,
) -> Draft:
    actions = _actions(city, impact, rules, at)
    short = [_short(need) for need in needs]
    reasons = [
        Text(
            "decide.supplies.people",
            {"displaced": float(np.median(impact.people.displaced.sum(axis=1)))},
        ),
        *(_reason(need) for need in needs),
        Text("decide.supplies.standards"),
    ]
    worst = [need.item for need, band in zip(needs, short, strict=True) if band.p50 > 0]
    return Draft(
        kind=ProposalKind.SUPPLIES,
        cause="",
        title=Text("decide.supplies.title", {"hours": rules.supplies.horizon_h}),
        reasons=tuple(reasons),
        effect_with=tuple(
            figure(f"short_{need.item}", band, need.need.unit, because)
            for need, band in zip(needs, short, strict=True)
        ),
        effect_without=tuple(_whole(need, because) for need in needs),
        actions=actions,
        details={need.item: about(need.need.band.p50) for need in needs if need.need.band.is_known}
        | {"content": f"short={worst}"},
        why=because,
    )


def _short(need: Need) -> Band:
    """Need that the stock does not meet; unknown when either is."""
    band = need.need.band
    if not band.is_known or np.isnan(need.stock):
        return UNKNOWN
    return Band(*(max(q - need.stock, 0.0) for q in (band.p05, band.p50, band.p95)))


def _whole(need: Need, because: Why) -> Figure:
    return figure(f"short_{need.item}", need.need.band, need.need.unit, because)


def _reason(need: Need) -> Text:
    band = need.need.band
    unit = need.need.unit if need.need.unit[:1] != "{" else ""
    facts: dict[str, str | int | float] = {"standard": need.standard, "unit": unit}
    if not band.is_known:
        return Text("decide.supplies.need_unknown", facts)
    known: dict[str, str | int | float] = {
        **facts,
        "p05": band.p05,
        "p50": band.p50,
        "p95": band.p95,
    }
    if np.isnan(need.stock):
        return Text("decide.supplies.stock_unknown", known)
    return Text("decide.supplies.need", {**known, "stock": need.stock})


def _actions(city: City, impact: Impact, rules: Rules, at: datetime) -> tuple[Action, ...]:
    """Give each community with the duty a task: its share of the stock, where need is greatest."""
    people = _people_by_zone(city, impact, rules.supplies.horizon_h, at)
    water = [rule for rule in rules.supplies.items if rule.stock == "water_l"][:1]
    communities = [o for o in city.organisations if "supply" in o.duties and o.zones]
    shares = [float(np.nansum(people[list(o.zones)])) for o in communities]
    if not water or sum(shares) < 1:
        return ()
    per_person = rules.supplies.horizon_h / 24 * water[0].quantity
    stock, _ = _stock(city, impact, rules, water[0])
    part = min(stock / (sum(shares) * per_person), 1.0) if stock > 0 else 0.0
    return tuple(
        replace(
            _action(city, organisation, people, share * per_person, part),
            due_h=rules.operations.supply_due_h,
        )
        for organisation, share in zip(communities, shares, strict=True)
        if share >= 1
    )


def _people_by_zone(city: City, impact: Impact, horizon_h: float, at: datetime) -> F64:
    """Estimate the mean number of people in need, for distribution only. (zones,)"""
    displaced = typical(impact.people.displaced)
    services = impact.services
    if "water" not in services.names:
        return displaced
    start = (at - impact.origin_time).total_seconds() / 3600
    hours, weight = _hours(services.time_h, start, start + horizon_h)
    level = services.zone_level[services.names.index("water")].astype(np.float64)
    dry = np.array([np.interp(hours, services.time_h, 1.0 - row) for row in level])
    at_home = np.maximum(city.zones.population - displaced, 0.0)
    people: F64 = displaced + at_home * (dry @ weight) / horizon_h
    return people


def _action(
    city: City, organisation: Organisation, people: F64, need: float, part: float
) -> Action:
    zones = list(organisation.zones)
    zone = zones[int(np.nanargmax(people[zones]))]
    facts: dict[str, str | int | float] = {
        "zone": city.zones.name[zone], "people": float(np.nansum(people[zones])), "need": need,
    }  # fmt: skip
    warehouse = next((stock.facility for stock in city.stocks if stock.item == "water_l"), "")
    names = dict(zip(city.facilities.id, city.facilities.name, strict=True))
    if part > 0:
        place = names.get(warehouse, warehouse)
        text = Text("decide.supplies.action", {**facts, "litres": need * part, "warehouse": place})
    else:
        text = Text("decide.supplies.action_no_stock", facts)
    return Action(
        kind="supply",
        duty="supply",
        text=text,
        place=f"zone:{city.zones.id[zone]}",
        xy=(float(city.zones.centre[zone, 0]), float(city.zones.centre[zone, 1])),
        zone=zone,
        due_h=0.0,
        amount=need * part if part > 0 else float("nan"),
        unit="L",
    )
