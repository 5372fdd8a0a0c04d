"""Which injured go to which hospital, with which ambulance."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from rencheng.decide.evidence import (
    PERSON,
    about,
    cause,
    exactly,
    figure,
    typical,
    whole_people,
    why,
)
from rencheng.decide.transport import Assignment, assign
from rencheng.decide.travel import open_streets, straight_m, travel_s
from rencheng.domain.city import F64, I32, City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import CityState, Impact
from rencheng.domain.proposal import Action, Draft, ProposalKind
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Text, Why
from rencheng.domain.resource import Team, TeamKind
from rencheng.domain.rules import OperationRules, Rules

MODEL = "decide.medical"
_LAYERS = ("zones", "population", "buildings", "roads", "health_sites", "teams")
# HAZUS 6.1 Earthquake Technical Manual, chapter 12: severity 2 needs a hospital, severity 3 is
# life-threatening; 1 needs first aid only, 4 is dead.
_SEVERITIES = slice(1, 3)
SIZEABLE = 0.5
"""Patients that the city must expect (median) before anything is proposed; ours. [people]"""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Patients by zone, hospitals, and who goes where."""

    zones: I32
    patients: F64
    """The city's median of injured who need a hospital, by zone. (origins,)"""
    band: Band
    """The same for the whole city."""
    hospitals: I32
    """Working hospitals whose free beds are known. (places,)"""
    unknown: I32
    """Working hospitals whose free beds nobody knows."""
    out: int
    """Hospitals that cannot be counted on."""
    drive_s: F64
    """(origins, places)"""
    assignment: Assignment


def medical(
    city: City,
    state: CityState,
    impact: Impact | None,
    rules: Rules,
    graph: csr_array | None = None,
    bulletin: Bulletin | None = None,
) -> Draft | None:
    """Propose where the injured of each zone go; None before there is a forecast of injured.

    Parameters
    ----------
    graph
        Streets open to cars, from `open_streets`; built here when not given.
    bulletin
        Names the event that the proposal answers.

    Notes
    -----
    A hospital counts when it works and can be reached in enough samples (`usable_share`). Known
    free beds are filled at the least total driving time. Unknown beds stay unknown: such hospitals
    are to be asked, and nobody is sent there by calculation. Ambulances: each trip goes to the one
    that can be there first, trips of one place follow each other.
    """
    if impact is None:
        return None
    plan = _plan(
        city,
        state,
        impact,
        rules.operations,
        graph if graph is not None else open_streets(city, impact, rules.operations),
    )
    if plan.band.p50 < SIZEABLE:
        return None
    sent = float(plan.assignment.flow.sum())
    unmet = float(plan.assignment.left.sum())
    trips, clear_h = _trips(city, plan, rules.operations)
    missing = tuple(f"free_beds:{city.facilities.id[row]}" for row in plan.unknown)
    because = why(
        city, _LAYERS, model=MODEL, version=rules.version, as_of=state.at, missing=missing,
    )  # fmt: skip
    return Draft(
        kind=ProposalKind.MEDICAL,
        cause=cause("injured", impact, bulletin),
        title=_title(plan, sent, unmet),
        reasons=_reasons(plan, sent, unmet, clear_h),
        effect_with=_effects(plan, exactly(unmet), exactly(clear_h), because),
        effect_without=_effects(plan, exactly(sent + unmet), UNKNOWN, because),
        actions=trips + _asks(city, plan, rules.operations),
        details={
            "patients": about(sent + unmet),
            "placed": about(sent),
            "unmet": about(unmet),
            "hospitals": plan.hospitals.size,
            "hospitals_unknown": plan.unknown.size,
            "content": f"hospitals={plan.hospitals.tolist()} unknown={plan.unknown.tolist()}",
        },
        why=because,
    )


def _plan(
    city: City, state: CityState, impact: Impact, rules: OperationRules, graph: csr_array
) -> _Plan:
    by_zone = impact.people.injured[:, :, _SEVERITIES].sum(axis=2)
    expected = whole_people(typical(by_zone))
    zones = np.flatnonzero(expected >= 1).astype(np.int32)
    works = impact.access.hospital_works
    usable = np.nan_to_num(works) >= rules.usable_share
    is_known = np.isfinite(state.free_beds)
    hospitals = np.flatnonzero(usable & is_known).astype(np.int32)
    times = travel_s(graph, city.zones.road_node[zones], city.facilities.road_node[hospitals])
    patients = expected[zones]
    return _Plan(
        zones=zones,
        patients=patients,
        band=Band.of(by_zone.sum(axis=1)),
        hospitals=hospitals,
        unknown=np.flatnonzero(usable & ~is_known).astype(np.int32),
        out=int((np.isfinite(works) & ~usable).sum()),
        drive_s=times,
        assignment=assign(patients, np.maximum(state.free_beds[hospitals], 0.0), times),
    )


def _trips(city: City, plan: _Plan, rules: OperationRules) -> tuple[tuple[Action, ...], float]:
    """Give the trips to ambulances, largest first, and say after how many hours all are done."""
    teams = [team for team in city.teams if team.kind is TeamKind.AMBULANCE]
    flow = plan.assignment.flow
    pairs = [(int(i), int(j)) for i, j in zip(*np.nonzero(flow), strict=True)]
    pairs.sort(key=lambda pair: -flow[pair])
    bases = np.array([_base(city, team)[0] for team in teams]).reshape(-1, 2)
    away_m = straight_m(city.zones.centre[plan.zones], bases)
    free = [(0.0, k) for k in range(len(teams))]
    heapq.heapify(free)
    actions, last_s = [], 0.0
    for i, j in pairs:
        action = _transfer(city, plan, i, j, rules)
        if free:
            # The earliest free; among those free now, the nearest base.
            now = free[0][0]
            ready = [entry for entry in free if entry[0] <= now]
            best = min(ready, key=lambda entry: float(away_m[i, entry[1]]))
            free.remove(best)
            team = teams[best[1]]
            end = best[0] + _round_trips_s(plan, i, j, team, rules)
            free.append((end, best[1]))
            heapq.heapify(free)
            last_s = max(last_s, end)
            action = replace(action, team=team.id)
        actions.append(action)
    return tuple(actions), last_s / 3600 if teams and pairs else float("nan")


def _base(city: City, team: Team) -> F64:
    rows = [i for i, name in enumerate(city.facilities.id) if name == team.facility]
    return city.facilities.xy[rows[:1]] if rows else city.zones.centre[:1]


def _round_trips_s(plan: _Plan, i: int, j: int, team: Team, rules: OperationRules) -> float:
    capacity = team.capacity if team.capacity >= 1 else 1.0
    trips = np.ceil(plan.assignment.flow[i, j] / capacity)
    return float(trips * (2 * plan.drive_s[i, j] + rules.handling_min * 60))


def _transfer(city: City, plan: _Plan, i: int, j: int, rules: OperationRules) -> Action:
    zone, hospital = int(plan.zones[i]), int(plan.hospitals[j])
    patients = float(plan.assignment.flow[i, j])
    return Action(
        kind="ambulance",
        duty="ambulance",
        text=Text(
            "decide.medical.action",
            {
                "zone": city.zones.name[zone],
                "patients": patients,
                "hospital": city.facilities.name[hospital],
                "minutes": float(plan.drive_s[i, j]) / 60,
            },
        ),
        place=f"zone:{city.zones.id[zone]}",
        xy=(float(city.zones.centre[zone, 0]), float(city.zones.centre[zone, 1])),
        zone=zone,
        due_h=rules.medical_due_h,
        amount=patients,
        unit=PERSON,
        destination=city.facilities.id[hospital],
    )


def _asks(city: City, plan: _Plan, rules: OperationRules) -> tuple[Action, ...]:
    """Ask the hospitals whose free beds are unknown, if somebody is without a bed."""
    if plan.assignment.left.sum() == 0:
        return ()
    facilities = city.facilities
    return tuple(
        Action(
            kind="inform",
            duty="hospital",
            text=Text("decide.medical.ask", {"hospital": facilities.name[row]}),
            place=facilities.id[row],
            xy=(float(facilities.xy[row, 0]), float(facilities.xy[row, 1])),
            zone=int(facilities.zone[row]),
            due_h=rules.evacuate_due_h,
        )
        for row in plan.unknown
    )


def _title(plan: _Plan, sent: float, unmet: float) -> Text:
    if sent == 0:
        return Text("decide.medical.title_unmet", {"patients": unmet})
    hospitals = int((plan.assignment.flow.sum(axis=0) > 0).sum())
    return Text("decide.medical.title", {"patients": sent, "hospitals": hospitals})


def _reasons(plan: _Plan, sent: float, unmet: float, clear_h: float) -> tuple[Text, ...]:
    band = plan.band
    reasons = [
        Text("decide.medical.injured", {"p05": band.p05, "p50": band.p50, "p95": band.p95}),
        Text(
            "decide.medical.hospitals",
            {"usable": plan.hospitals.size + plan.unknown.size, "out": plan.out},
        ),
    ]
    if unmet:
        reasons.append(Text("decide.medical.unmet", {"patients": unmet, "placed": sent}))
    if plan.unknown.size:
        reasons.append(Text("decide.medical.unknown_beds", {"hospitals": plan.unknown.size}))
    if np.isfinite(clear_h):
        reasons.append(Text("decide.medical.clear", {"hours": clear_h}))
    else:
        reasons.append(Text("decide.medical.no_ambulance"))
    return tuple(reasons)


def _effects(plan: _Plan, unmet: Band, clear_h: Band, because: Why) -> tuple[Figure, ...]:
    return (
        figure("patients", plan.band, PERSON, because),
        figure("patients_without_bed", unmet, PERSON, because),
        figure("patients_clear_h", clear_h, "h", because),
    )
