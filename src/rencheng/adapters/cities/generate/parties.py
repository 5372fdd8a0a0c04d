"""Organisations with their zones, crews with their bases, goods in warehouses: generated."""

from __future__ import annotations

from rencheng.adapters.cities.generate.assumptions import Crews
from rencheng.adapters.cities.recipe import Party
from rencheng.domain.city import Facilities
from rencheng.domain.resource import Organisation, OrganisationKind, Stock, Team, TeamKind

# Seats in a bus, patients in an ambulance, people in a crew. No source: house defaults.
SEATS, PATIENTS, CREW = 40.0, 1.0, 5.0
_OWNER = {
    TeamKind.AMBULANCE: "ambulance_service",
    TeamKind.RESCUE: "emergency",
    TeamKind.REPAIR_POWER: "power_utility",
    TeamKind.REPAIR_WATER: "water_utility",
    TeamKind.ROADS: "roads_department",
    TeamKind.BUS: "transport_operator",
}
_DUTY = {
    TeamKind.AMBULANCE: "ambulance",
    TeamKind.RESCUE: "command",
    TeamKind.REPAIR_POWER: "repair_power",
    TeamKind.REPAIR_WATER: "repair_water",
    TeamKind.ROADS: "roads",
    TeamKind.BUS: "bus",
}


def make_organisations(
    parties: tuple[Party, ...], commune: tuple[str, ...]
) -> tuple[Organisation, ...]:
    """Return the organisations; one that names a commune gets the zones of it."""
    return tuple(
        Organisation(
            id=party.id,
            name_zh=party.name_zh,
            name_en=party.name_en,
            kind=party.kind,
            duties=party.duties,
            zones=tuple(
                z for z, code in enumerate(commune) if party.commune and code == party.commune
            ),
        )
        for party in parties
    )


def _owner(kind: TeamKind, organisations: tuple[Organisation, ...]) -> str:
    """Return who runs crews of a kind: by the usual name, else by duty, else the first office."""
    names = [one.id for one in organisations]
    if _OWNER[kind] in names:
        return _OWNER[kind]
    by_duty = [one.id for one in organisations if _DUTY[kind] in one.duties]
    office = [one.id for one in organisations if one.kind is OrganisationKind.EMERGENCY]
    return next(iter((*by_duty, *office, *names)), "")


def make_teams(
    crews: Crews, facilities: Facilities, organisations: tuple[Organisation, ...]
) -> tuple[Team, ...]:
    """Return the crews: ambulances at emergency sites, rescue at stations, the rest at depots."""
    by_kind: dict[str, list[str]] = {}
    for ident, kind in zip(facilities.id, facilities.kind, strict=True):
        by_kind.setdefault(kind, []).append(ident)
    teams: list[Team] = []

    def add(kind: TeamKind, bases: list[str], count: int, capacity: float) -> None:
        owner = _owner(kind, organisations)
        for number in range(count if bases else 0):
            ident = f"{kind.value}-{sum(t.kind == kind for t in teams) + 1:02d}"
            base = bases[number % len(bases)]
            team = Team(id=ident, organisation=owner, kind=kind, facility=base, capacity=capacity)
            teams.append(team)

    hospitals = by_kind.get("hospital", [])
    urgent = [*by_kind.get("urgent_care", []), *by_kind.get("ambulance_station", [])]
    stations, depots = by_kind.get("fire_station", []), by_kind.get("warehouse", [])
    add(TeamKind.AMBULANCE, hospitals, crews.ambulance_hospital * len(hospitals), PATIENTS)
    add(TeamKind.AMBULANCE, urgent, crews.ambulance_per_base * len(urgent), PATIENTS)
    add(TeamKind.RESCUE, stations, crews.rescue_per_station * len(stations), CREW)
    add(TeamKind.REPAIR_POWER, depots, crews.repair_power, CREW)
    add(TeamKind.REPAIR_WATER, depots, crews.repair_water, CREW)
    add(TeamKind.ROADS, depots, crews.roads, CREW)
    add(TeamKind.BUS, depots, crews.bus, SEATS)
    return tuple(teams)


def make_stocks(goods: dict[str, float], facilities: Facilities) -> tuple[Stock, ...]:
    """Return the goods, shared equally among the warehouses."""
    houses = [i for i, k in zip(facilities.id, facilities.kind, strict=True) if k == "warehouse"]
    return tuple(
        Stock(facility=house, item=item, quantity=amount / len(houses))
        for house in houses
        for item, amount in goods.items()
    )
