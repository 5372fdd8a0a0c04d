"""How each indicator is computed from the city, the forecast and the program's own records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rencheng.domain.assessment import Records
from rencheng.domain.city import F64, City
from rencheng.domain.impact import DamageState, Impact
from rencheng.domain.rules import IndicatorDefinition

NAN = float("nan")
REACH_S = 20 * 60.0
"""Driving time to a hospital that counts as within reach; ours, no source. [s]"""
# Sphere: survival water 7.5 L and food 2,100 kcal a person and day.
WATER_L, FOOD_KCAL = 7.5, 2100.0
DAYS = 3.0
"""ISO 37123 20.1 and 23.2 count 72 hours. [day]"""
SOURCE_SHARE = 0.05
"""ISO 37123 23.1 counts sources of at least 5 % of the supply. [1]"""
WEAK_CODES = ("LC", "PC")
"""Low code and pre-code: the design level at the end of a HAZUS curve's name."""
DUTIES = (
    "alert", "command", "evacuate", "shelter", "supply", "repair_power", "repair_water",
    "repair_telecom", "ambulance", "hospital", "roads", "bus", "inspect",
)  # fmt: skip
"""Duties that the program's proposals and plans give out."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What formulas may look at."""

    city: City
    impact: Impact | None
    records: Records


Formula = Callable[[Basis, IndicatorDefinition], float]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A formula and the layers or records that it rests on."""

    formula: Formula
    data: tuple[str, ...]


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else NAN


def fact(basis: Basis, definition: IndicatorDefinition) -> float:
    """Read a census or municipal fact; NaN when the city has none under this key."""
    return float(basis.city.facts.get(definition.fact, NAN))


def layers_known(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of the layers that are not missing."""
    layers = basis.city.layers
    return _share(sum(layer.origin != "missing" for layer in layers), len(layers))


def _quotient(over: str, under: str) -> Formula:
    def formula(basis: Basis, _: IndicatorDefinition) -> float:
        facts = basis.city.facts
        return _share(facts.get(over, NAN), facts.get(under, NAN))

    return formula


def duties_covered(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of `DUTIES` that some organisation holds."""
    held = {duty for party in basis.city.organisations for duty in party.duties}
    return _share(len(held.intersection(DUTIES)), len(DUTIES))


def tasks_in_time(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of the tasks given out that were done before their due time."""
    return _share(basis.records.tasks_in_time, basis.records.tasks)


def proposals_decided(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of the proposals that a person accepted or refused."""
    return _share(basis.records.proposals_decided, basis.records.proposals)


def decision_minutes(basis: Basis, _: IndicatorDefinition) -> float:
    """Minutes from the origin of the event to the first decision; NaN: none yet."""
    start, end = basis.records.origin_time, basis.records.first_decision
    return (end - start).total_seconds() / 60 if start and end else NAN


def _with_backup(kinds: tuple[str, ...]) -> Formula:
    """Share of facilities of these kinds whose power has a backup; NaN if one is not described."""

    def formula(basis: Basis, _: IndicatorDefinition) -> float:
        city, needs = basis.city, basis.city.dependencies
        node = {name: row for row, name in enumerate(needs.node)}
        backed = []
        for name, kind in zip(city.facilities.id, city.facilities.kind, strict=True):
            if kind not in kinds:
                continue
            if name not in node:
                return NAN
            groups = range(needs.group_start[node[name]], needs.group_start[node[name] + 1])
            hours = [needs.backup_high_h[g] for g in groups if needs.service[g] == "power"]
            if np.isnan(hours).any():
                return NAN
            backed.append(min(hours, default=np.inf) > 0)
        return _share(sum(backed), len(backed))

    return formula


def beds_per_10k(basis: Basis, _: IndicatorDefinition) -> float:
    """Known beds of hospitals per 10,000 residents; NaN while a hospital's beds are unknown."""
    facilities = basis.city.facilities
    is_hospital = np.array([kind == "hospital" for kind in facilities.kind], dtype=bool)
    beds = facilities.beds[is_hospital]
    return _share(float(beds.sum()) * 10_000, _residents(basis)) if beds.size else NAN


def shelter_per_100k(basis: Basis, _: IndicatorDefinition) -> float:
    """Places in shelter candidates per 100,000 residents."""
    places = basis.city.facilities.shelter_places
    if not np.isfinite(places).any():
        return NAN
    return _share(float(np.nansum(places)) * 100_000, _residents(basis))


def _stock_72h(item: str, per_day: float) -> Formula:
    def formula(basis: Basis, _: IndicatorDefinition) -> float:
        found = [stock.quantity for stock in basis.city.stocks if stock.item == item]
        return _share(sum(found) / (per_day * DAYS), _residents(basis)) if found else NAN

    return formula


def vulnerable_buildings(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of buildings of unreinforced masonry or of low or no seismic design."""
    buildings = basis.city.buildings
    parts = [curve.split(".") for curve in buildings.curves]
    is_weak = np.array([p[-1] in WEAK_CODES or "URM" in p for p in parts], dtype=bool)
    return _share(float(is_weak[buildings.curve].sum()), buildings.curve.size)


def homes_usable(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of residents not displaced, median over the samples."""
    if basis.impact is None:
        return NAN
    displaced = float(np.median(basis.impact.people.displaced.sum(axis=1)))
    return 1.0 - _share(displaced, _residents(basis))


def _facilities_usable(kinds: tuple[str, ...]) -> Formula:
    """Mean share of assessed facilities that are less than extensively damaged."""

    def formula(basis: Basis, _: IndicatorDefinition) -> float:
        if basis.impact is None:
            return NAN
        mine = [row for row, kind in enumerate(basis.city.facilities.kind) if kind in kinds]
        state = basis.impact.damage.facility_state[:, mine]
        is_assessed = state >= 0
        usable = is_assessed & (state < DamageState.EXTENSIVE)
        return _share(float(usable.sum()), float(is_assessed.sum()))

    return formula


def _level_at(service: str, hours: float) -> Formula:
    """Median service level some hours after the event."""

    def formula(basis: Basis, _: IndicatorDefinition) -> float:
        if basis.impact is None or service not in basis.impact.services.names:
            return NAN
        services = basis.impact.services
        level = np.median(services.level[services.names.index(service)], axis=0)
        return float(np.interp(hours, services.time_h, level))

    return formula


def water_sources(basis: Basis, _: IndicatorDefinition) -> float:
    """Count treatment plants and wells that serve at least 5 % of the residents."""
    lifelines = basis.city.lifelines
    rows = [i for i, kind in enumerate(lifelines.kind) if kind in ("treatment", "well")]
    serves = lifelines.serves[rows]
    if not rows or np.isnan(serves).any():
        return NAN
    return float((serves >= SOURCE_SHARE * _residents(basis)).sum())


def _within(limit_s: float) -> Formula:
    """Share of residents who reach a working hospital within a time, median over the samples."""

    def formula(basis: Basis, _: IndicatorDefinition) -> float:
        if basis.impact is None:
            return NAN
        people = np.nan_to_num(basis.city.zones.population)
        reached = (basis.impact.access.after_s <= limit_s) @ people
        return _share(float(np.median(reached)), float(people.sum()))

    return formula


def community_cover(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of residents in a zone of a community organisation that has any duty."""
    people: F64 = np.nan_to_num(basis.city.zones.population)
    rows = {
        zone
        for party in basis.city.organisations
        if party.kind == "community" and party.duties
        for zone in party.zones
    }
    return _share(float(people[sorted(rows)].sum()), float(people.sum()))


def feeds_ok(basis: Basis, _: IndicatorDefinition) -> float:
    """Share of the datastreams that are in order."""
    return _share(basis.records.streams_ok, basis.records.streams_total)


def log_whole(basis: Basis, _: IndicatorDefinition) -> float:
    """1 when the chain of the log was checked and is whole, 0 when broken, NaN unchecked."""
    return NAN if basis.records.log_is_whole is None else float(basis.records.log_is_whole)


def lessons_approved(basis: Basis, _: IndicatorDefinition) -> float:
    """1 once damage reports have led to an approved model; NaN before there is a report."""
    if basis.records.damage_reports == 0:
        return NAN
    return float(basis.records.models_approved > 0)


def _residents(basis: Basis) -> float:
    return float(np.nansum(basis.city.zones.population))


_PUBLIC = ("hospital", "clinic", "urgent_care", "primary_care", "shelter", "fire_station")
_CRITICAL = ("hospital", "fire_station", "command_centre")
_DAMAGE = ("buildings", "damage forecast")
_OWN = ("own records",)

RECIPES: Mapping[str, Recipe] = {
    "fact": Recipe(fact, ("facts",)),
    "layers_known": Recipe(layers_known, ("layers",)),
    "investment_share": Recipe(
        _quotient("municipal_investment_clp", "municipal_budget_clp"), ("facts",)
    ),
    "own_revenue_share": Recipe(
        _quotient("municipal_own_revenue_clp", "municipal_revenue_clp"), ("facts",)
    ),
    "duties_covered": Recipe(duties_covered, ("organisations",)),
    "tasks_in_time": Recipe(tasks_in_time, _OWN),
    "proposals_decided": Recipe(proposals_decided, _OWN),
    "decision_minutes": Recipe(decision_minutes, _OWN),
    "hospital_backup": Recipe(_with_backup(("hospital",)), ("dependencies", "health_sites")),
    "critical_backup": Recipe(_with_backup(_CRITICAL), ("dependencies", "stations")),
    "beds_per_10k": Recipe(beds_per_10k, ("beds", "population")),
    "hospital_reach": Recipe(_within(REACH_S), ("roads", "population", "access forecast")),
    "not_cut_off": Recipe(_within(1e9), ("roads", "population", "access forecast")),
    "shelter_per_100k": Recipe(shelter_per_100k, ("shelters", "population")),
    "food_72h": Recipe(_stock_72h("food_kcal", FOOD_KCAL), ("stocks", "population")),
    "water_72h": Recipe(_stock_72h("water_l", WATER_L), ("stocks", "population")),
    "vulnerable_buildings": Recipe(vulnerable_buildings, ("buildings",)),
    "homes_usable": Recipe(homes_usable, (*_DAMAGE, "population")),
    "facilities_usable": Recipe(_facilities_usable(_PUBLIC), (*_DAMAGE, "health_sites")),
    "schools_usable": Recipe(_facilities_usable(("shelter",)), (*_DAMAGE, "shelters")),
    "power_24h": Recipe(_level_at("power", 24.0), ("power_network", "service forecast")),
    "water_level_72h": Recipe(_level_at("water", 72.0), ("water_network", "service forecast")),
    "telecom_24h": Recipe(_level_at("telecom", 24.0), ("telecom_network", "service forecast")),
    "water_sources": Recipe(water_sources, ("water_network",)),
    "community_cover": Recipe(community_cover, ("organisations", "population")),
    "feeds_ok": Recipe(feeds_ok, _OWN),
    "log_whole": Recipe(log_whole, _OWN),
    "lessons_approved": Recipe(lessons_approved, _OWN),
}
"""Formulas by the name that an indicator set uses."""
