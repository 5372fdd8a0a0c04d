"""Who should leave the shore, where to, and who would find no room."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from rencheng.decide.evidence import PERSON, about, cause, exactly, figure, why
from rencheng.decide.transport import Assignment, assign
from rencheng.decide.travel import straight_m, travel_s, walking
from rencheng.domain.city import F64, I32, City, Flags
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.impact import CityState, DamageState, Impact
from rencheng.domain.proposal import Action, Draft, ProposalKind
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Text, Why
from rencheng.domain.rules import OperationRules, Rules

MODEL = "decide.evacuation"
_LAYERS = ("zones", "coast", "population", "buildings", "roads", "shelters")
_NAMED = 5
"""Shelters named in one task; the rest are counted."""
LIMIT_S = 3 * 3600.0
"""Longest walk considered; ours, no source. [s]"""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who goes where."""

    zones: I32
    """Coastal zones with somebody there. (origins,)"""
    shelters: I32
    """Rows in `Facilities`. (places,)"""
    walk_s: F64
    """(origins, places)"""
    assignment: Assignment
    unknown: I32
    """Coastal zones where nobody knows how many people are present."""
    shaken: int
    """Shelters left out because they are likely damaged."""


def evacuation(
    city: City,
    state: CityState,
    impact: Impact | None,
    bulletin: Bulletin | None,
    rules: Rules,
    *,
    at: datetime,
    walk_s: F64 | None = None,
) -> Draft | None:
    """Propose to move everybody from the coastal zones to shelters with room.

    Parameters
    ----------
    walk_s
        Walking times from zones to facilities, such as `walking_times` once found for this city.
        [s] (zones, facilities)

    Returns
    -------
    draft
        None when no tsunami is possible or no zone is coastal.

    Notes
    -----
    Inundation depth is unknown while the city has no terrain: the coastal band is a planning band,
    and a shelter counts as outside when its zone is outside. The number of lives saved is unknown
    for the same reason and is never computed.
    """
    if not is_tsunami_possible(impact, bulletin, rules.operations):
        return None
    if not city.zones.is_coastal.any():
        return None
    plan = _plan(city, state, impact, rules.operations, walk_s)
    people = float(plan.assignment.flow.sum() + plan.assignment.left.sum())
    left = float(plan.assignment.left.sum())
    missing = [] if impact and impact.tsunami.depth_is_known else ["terrain", "bathymetry"]
    because = why(
        city, _LAYERS, model=MODEL, version=rules.version, as_of=state.at, missing=missing,
        notes=(Text("decide.evacuation.no_depth"),) if missing else (),
    )  # fmt: skip
    late = _late(plan, impact, at)
    return Draft(
        kind=ProposalKind.EVACUATION,
        cause=cause("tsunami", impact, bulletin),
        title=Text("decide.evacuation.title", {"zones": int(city.zones.is_coastal.sum())}),
        reasons=_reasons(impact, bulletin, plan, late),
        effect_with=_effects(left, late, because),
        effect_without=_effects(people, None, because),
        actions=_actions(city, plan, rules.operations),
        details={
            "zones": int(city.zones.is_coastal.sum()),
            "people": about(people),
            "without_place": about(left),
            "shelters": int((plan.assignment.flow.sum(axis=0) > 0).sum()),
            "content": f"zones={plan.zones.tolist()} unknown={plan.unknown.tolist()}",
        },
        why=because,
        is_dangerous=True,
    )


def is_tsunami_possible(
    impact: Impact | None, bulletin: Bulletin | None, rules: OperationRules
) -> bool:
    """Say whether the last bulletin, the forecast, or failing both the magnitude points to one."""
    if bulletin is not None and bulletin.kind is BulletinKind.TSUNAMI_CANCEL:
        return False
    if bulletin is not None and bulletin.kind is not BulletinKind.EARTHQUAKE:
        return True
    if impact is not None:
        return impact.tsunami.is_possible
    return bulletin is not None and bulletin.magnitude >= rules.tsunami_magnitude


def _plan(
    city: City,
    state: CityState,
    impact: Impact | None,
    rules: OperationRules,
    walk_s: F64 | None,
) -> _Plan:
    coastal = np.flatnonzero(city.zones.is_coastal).astype(np.int32)
    present = state.zone_present[coastal]
    zones = coastal[present > 0]
    is_safe = _is_safe_shelter(city)
    is_sound = usable_shelters(impact, city, rules)
    shelters = np.flatnonzero(is_safe & is_sound).astype(np.int32)
    times = (walking_times(city, rules) if walk_s is None else walk_s)[np.ix_(zones, shelters)]
    return _Plan(
        zones=zones,
        shelters=shelters,
        walk_s=times,
        assignment=assign(
            state.zone_present[zones], city.facilities.shelter_places[shelters], times
        ),
        unknown=coastal[np.isnan(present)],
        shaken=int((is_safe & ~is_sound).sum()),
    )


def usable_shelters(impact: Impact | None, city: City, rules: OperationRules) -> np.ndarray:
    """Say which facilities are less than extensively damaged in enough samples. (facilities,)

    Those without a curve (-1) are not assessed and stay in.
    """
    if impact is None:
        return np.ones(len(city.facilities.id), dtype=bool)
    is_sound = impact.damage.facility_state < DamageState.EXTENSIVE
    usable: np.ndarray = is_sound.mean(axis=0) >= rules.usable_share
    return usable


def _is_safe_shelter(city: City) -> Flags:
    """Say which facilities have room for people and lie outside the planning band. (facilities,)"""
    outside = ~city.zones.is_coastal[city.facilities.zone] & (city.facilities.zone >= 0)
    return np.asarray(outside & (np.nan_to_num(city.facilities.shelter_places) > 0))


def walking_times(city: City, rules: OperationRules) -> F64:
    """Return how long it takes on foot from coastal zones to shelters outside the planning band.

    Returns
    -------
    walk_s
        Infinity: farther than `LIMIT_S`, or not such a zone or shelter. [s] (zones, facilities)

    Notes
    -----
    Along the streets, of which all are open to walkers; where none leads, straight on with a
    detour. It depends on the city and the rules alone.
    """
    zones = np.flatnonzero(city.zones.is_coastal).astype(np.int32)
    shelters = np.flatnonzero(_is_safe_shelter(city)).astype(np.int32)
    along = travel_s(
        walking(city.roads, rules.walk_m_s),
        city.zones.road_node[zones],
        city.facilities.road_node[shelters],
        LIMIT_S,
    )
    straight = straight_m(city.zones.centre[zones], city.facilities.xy[shelters])
    guess = straight * rules.detour / rules.walk_m_s
    times = np.where(np.isfinite(along), np.maximum(along, straight / rules.walk_m_s), guess)
    walk_s = np.full((city.zones.id.size, len(city.facilities.id)), np.inf)
    walk_s[np.ix_(zones, shelters)] = np.where(times <= LIMIT_S, times, np.inf)
    return walk_s


def _late(plan: _Plan, impact: Impact | None, at: datetime) -> Band:
    """People who would still be on their way when the first wave may come. [people]"""
    if impact is None or not impact.tsunami.arrival_s.is_known:
        return UNKNOWN
    elapsed = (at - impact.origin_time).total_seconds()
    arrival = impact.tsunami.arrival_s

    def on_the_way(arrival_s: float) -> float:
        is_late = plan.walk_s > arrival_s - elapsed
        return float(plan.assignment.flow[is_late].sum() + plan.assignment.left.sum())

    return Band(on_the_way(arrival.p95), on_the_way(arrival.p50), on_the_way(arrival.p05))


def _effects(people: float, late: Band | None, because: Why) -> tuple[Figure, ...]:
    return (
        figure("coastal_people", exactly(people), PERSON, because),
        figure("not_in_shelter_at_arrival", late or exactly(people), PERSON, because),
        figure("tsunami_casualties", UNKNOWN, PERSON, because),
    )


def _reasons(
    impact: Impact | None, bulletin: Bulletin | None, plan: _Plan, late: Band
) -> tuple[Text, ...]:
    reasons = []
    if bulletin is not None and bulletin.kind is not BulletinKind.EARTHQUAKE:
        reasons.append(Text("decide.evacuation.bulletin", {"issuer": bulletin.issuer}))
    elif bulletin is not None and np.isfinite(bulletin.magnitude):
        reasons.append(Text("decide.evacuation.magnitude", {"magnitude": bulletin.magnitude}))
    if impact is not None and impact.tsunami.observed_arrival is not None:
        peak = impact.tsunami.observed_peak_m
        reasons.append(Text("decide.evacuation.observed", {"peak_m": peak}))
    elif impact is not None and impact.tsunami.arrival_s.is_known:
        arrival = impact.tsunami.arrival_s
        minutes = {"p05": arrival.p05 / 60, "p50": arrival.p50 / 60, "p95": arrival.p95 / 60}
        reasons.append(Text("decide.evacuation.arrival", minutes))
    people = float(plan.assignment.flow.sum() + plan.assignment.left.sum())
    used = plan.assignment.flow.sum(axis=0) > 0
    reasons.append(
        Text(
            "decide.evacuation.people",
            {"people": about(people, 3), "zones": plan.zones.size, "shelters": int(used.sum())},
        )
    )
    if left := float(plan.assignment.left.sum()):
        reasons.append(Text("decide.evacuation.no_room", {"people": about(left, 3)}))
    if late.is_known and late.p95 > 0:
        reasons.append(
            Text("decide.evacuation.late", {"p50": about(late.p50, 3), "p95": about(late.p95, 3)})
        )
    if plan.unknown.size:
        reasons.append(Text("decide.evacuation.unknown", {"zones": plan.unknown.size}))
    if plan.shaken:
        reasons.append(Text("decide.evacuation.shaken", {"shelters": plan.shaken}))
    if not (impact and impact.tsunami.depth_is_known):
        reasons.append(Text("decide.evacuation.no_depth"))
    return tuple(reasons)


def _actions(city: City, plan: _Plan, rules: OperationRules) -> tuple[Action, ...]:
    """Give one task for each coastal zone, those with most people first."""
    left = plan.assignment.left
    totals = plan.assignment.flow.sum(axis=1) + left
    nobody = np.zeros(plan.shelters.size)
    known = [
        _action(city, int(plan.zones[i]), plan.assignment.flow[i], float(left[i]), plan.shelters)
        for i in np.argsort(-totals, kind="stable")
    ]
    unknown = [
        _action(city, int(zone), nobody, float("nan"), plan.shelters) for zone in plan.unknown
    ]
    return tuple(replace(action, due_h=rules.evacuate_due_h) for action in known + unknown)


def _action(city: City, zone: int, flow: F64, left: float, shelters: I32) -> Action:
    used = [int(i) for i in np.argsort(-flow, kind="stable") if flow[i] > 0]
    names = [f"{city.facilities.name[shelters[i]]} {flow[i]:.0f}" for i in used[:_NAMED]]
    names += [f"+{len(used) - _NAMED}"] if len(used) > _NAMED else []
    facts: dict[str, str | int | float] = {
        "zone": city.zones.name[zone], "people": float(flow.sum()), "places": " · ".join(names),
    }  # fmt: skip
    if not used:
        text = Text("decide.evacuation.action_inland", {"zone": city.zones.name[zone]})
    elif left > 0:
        text = Text("decide.evacuation.action_left", {**facts, "left": left})
    else:
        text = Text("decide.evacuation.action", facts)
    return Action(
        kind="evacuate",
        duty="evacuate",
        text=text,
        place=f"zone:{city.zones.id[zone]}",
        xy=(float(city.zones.centre[zone, 0]), float(city.zones.centre[zone, 1])),
        zone=zone,
        due_h=0.0,
        amount=float(flow.sum()) + left,
        unit=PERSON,
        destination=city.facilities.id[shelters[used[0]]] if used else "",
    )
