"""What to repair first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite, nan

import numpy as np
from scipy.sparse import csr_array

from rencheng.decide.after.schedule import Slot, list_schedule, priority_order, waiting
from rencheng.decide.after.upstream import Chains, chains
from rencheng.decide.evidence import about, cause, figure, why
from rencheng.decide.travel import open_streets, straight_m, travel_s
from rencheng.domain.city import F64, I32, City
from rencheng.domain.hazard import Bulletin
from rencheng.domain.impact import CityState, DamageState, Impact
from rencheng.domain.proposal import Action, Draft, ProposalKind
from rencheng.domain.provenance import Band, Figure, Text, Why
from rencheng.domain.recovery import RepairJob
from rencheng.domain.resource import Team, TeamKind
from rencheng.domain.rules import OperationRules, Rules

MODEL = "decide.repair"
_LAYERS = ("power_network", "water_network", "telecom_network", "roads", "dependencies", "teams")
_CREWS = {"power": TeamKind.REPAIR_POWER, "water": TeamKind.REPAIR_WATER}
"""Telecom has no kind of team yet: its jobs are listed without a crew."""
SURE = 0.5
"""Confidence from which an observation that an asset works takes it off the list; ours."""
LIKELY = 0.5
"""Share of samples with damage from which an asset is on the list; ours."""
TRIALS = 32
"""Samples in which orders are compared."""
HORIZON_H = 720.0
"""Waiting is counted up to here, as in the service forecast. [h]"""
FIRST_H = 24.0
"""Tasks are proposed for jobs that start before. [h]"""


@dataclass(frozen=True, slots=True)
class _Jobs:
    """Lifelines that are likely damaged; all arrays have one entry for each."""

    row: I32
    """Row in `Lifelines`."""
    state: I32
    hours: F64
    """Drive and work in its most likely state; NaN unknown or out of reach. [h]"""
    mean_h: F64
    """Drive and mean work over the samples where it is damaged, for the order. [h]"""
    sampled_h: F64
    """Drive and work by sample; 0 undamaged. [h] (trials, jobs)"""
    chains: Chains
    is_reachable: np.ndarray
    away_m: F64
    """Straight distance from the nearest crew base. [m]"""


def repair(
    city: City,
    state: CityState,
    impact: Impact | None,
    rules: Rules,
    graph: csr_array | None = None,
    bulletin: Bulletin | None = None,
) -> tuple[tuple[RepairJob, ...], Draft | None]:
    """Order the repair of lifelines and propose the first day's tasks.

    Parameters
    ----------
    graph
        Streets open to cars, from `open_streets`; built here when not given.
    bulletin
        Names the event that the proposal answers.

    Returns
    -------
    jobs, draft
        All jobs by rank, those out of reach or without a crew last; no draft without a job.

    Notes
    -----
    One queue for each sector, in the order of `priority_order` (people served per expected
    crew-hour, a supplier before those that it feeds), given to the crews of the sector by list
    scheduling. Hours are HAZUS restoration times taken as the work of one crew, plus the drive from
    the crew's base; start and end are those of the most likely states. A link that is open in fewer
    than `usable_share` of the samples is taken as blocked. Assets that an observation shows working
    are left out. Waiting is compared over samples for the sectors that have crews.
    """
    if impact is None:
        return (), None
    streets = graph if graph is not None else open_streets(city, impact, rules.operations)
    jobs, working = _jobs(city, state, impact, rules.operations, streets)
    if jobs.row.size == 0:
        return (), None
    ordered: list[tuple[float, int, RepairJob]] = []
    actions: list[Action] = []
    saved, plain = np.zeros(jobs.sampled_h.shape[0]), np.zeros(jobs.sampled_h.shape[0])
    for sector in dict.fromkeys(city.lifelines.sector):
        mine = [k for k, row in enumerate(jobs.row) if city.lifelines.sector[row] == sector]
        crews = [team for team in city.teams if team.kind is _CREWS.get(sector)]
        order = _order(jobs, mine)
        slots = list_schedule(order, list(jobs.hours), len(crews))
        for place, k in enumerate(order):
            job = _job(city, jobs, k, slots[k], crews)
            ordered.append((inf if np.isnan(job.start_h) else job.start_h, place, job))
        actions += [
            _action(city, jobs, k, crews[slots[k].crew])
            for k in order
            if slots[k].start_h < FIRST_H
        ]
        if crews:
            saved += _waiting(jobs, order, len(crews))
            plain += _waiting(jobs, sorted(mine, key=lambda k: (jobs.away_m[k], k)), len(crews))
    ordered.sort(key=lambda entry: entry[:2])
    ranked = tuple(replace(entry[2], rank=rank) for rank, entry in enumerate(ordered, 1))
    because = why(
        city, _LAYERS, model=MODEL, version=rules.version, as_of=state.at,
        notes=(Text("decide.repair.one_crew"),),
    )  # fmt: skip
    return ranked, Draft(
        kind=ProposalKind.REPAIR,
        cause=cause("lifelines", impact, bulletin),
        title=Text("decide.repair.title", {"jobs": len(ranked)}),
        reasons=_reasons(ranked, working),
        effect_with=_effect(saved, because),
        effect_without=_effect(plain, because),
        actions=tuple(actions),
        details=_details(ranked, saved, plain),
        why=because,
    )


def _jobs(
    city: City, state: CityState, impact: Impact, rules: OperationRules, graph: csr_array
) -> tuple[_Jobs, int]:
    sampled = impact.damage.lifeline_state
    is_likely = (sampled > DamageState.NONE).mean(axis=0) >= LIKELY
    seen = dict(zip(state.node, zip(state.up, state.confidence, strict=True), strict=True))
    works = np.array(
        [
            seen.get(name, (nan, 0.0))[0] == 1 and seen[name][1] >= SURE
            for name in city.lifelines.id
        ],
        dtype=bool,
    )
    row = np.flatnonzero(is_likely & ~works).astype(np.int32)
    drive, away = _drive_h(city, row, graph)
    trials = np.unique(np.linspace(0, sampled.shape[0] - 1, TRIALS).astype(int))
    work = _work_h(city, sampled[:, row], row, rules)
    mean = np.array([_mean_damaged(work[:, k]) for k in range(row.size)])
    mode = np.array([_mode(sampled[:, r]) for r in row], dtype=np.int32)
    usual = _work_h(city, mode[None, :], row, rules)[0]
    return _Jobs(
        row=row,
        state=mode,
        hours=np.where(np.isfinite(drive), usual + drive, nan),
        mean_h=np.where(np.isfinite(drive), mean + drive, nan),
        sampled_h=np.where(work[trials] > 0, work[trials] + drive, work[trials]),
        chains=chains(city, row),
        is_reachable=np.isfinite(drive),
        away_m=away,
    ), int((is_likely & works).sum())


def _mean_damaged(hours: F64) -> float:
    return float(hours[hours > 0].mean()) if (hours > 0).any() else nan


def _mode(states: np.ndarray) -> int:
    """Most frequent damaged state; those without a curve (-1) and without damage do not count."""
    return int(np.bincount(states[states > 0], minlength=5).argmax())


def _work_h(city: City, states: np.ndarray, row: I32, rules: OperationRules) -> F64:
    """Look up the hours of every sampled state; NaN where the kind has no row. (samples, jobs)"""
    days = {time.kind: (0.0, *time.days) for time in rules.repair_times}
    unknown = (0.0, nan, nan, nan, nan)
    table = np.array([days.get(city.lifelines.restoration[r], unknown) for r in row])
    found: F64 = 24.0 * np.take_along_axis(
        table.reshape(-1, 5).T, np.maximum(states, 0).astype(np.intp), axis=0
    )
    return found


def _drive_h(city: City, row: I32, graph: csr_array) -> tuple[F64, F64]:
    """Drive from the nearest base of the sector's crews; infinity: cut off. [h], [m]"""
    place = {name: i for i, name in enumerate(city.facilities.id)}
    drive, away = np.full(row.size, inf), np.full(row.size, inf)
    for sector in set(city.lifelines.sector):
        mine = np.array([city.lifelines.sector[r] == sector for r in row], dtype=bool)
        kind = _CREWS.get(sector)
        # Where nobody has the trade, any base tells whether the place can be reached.
        crews = [t for t in city.teams if t.kind is kind] or city.teams
        homes = {t.facility for t in crews if t.facility in place}
        bases = np.array(sorted(place[home] for home in homes), dtype=np.int32)
        if not mine.any() or bases.size == 0:
            continue
        targets = city.lifelines.road_node[row[mine]]
        times = travel_s(graph, city.facilities.road_node[bases], targets)
        drive[mine] = times.min(axis=0) / 3600
        straight = straight_m(city.facilities.xy[bases], city.lifelines.xy[row[mine]])
        away[mine] = straight.min(axis=0)
    return drive, away


def _order(jobs: _Jobs, mine: list[int]) -> list[int]:
    """Put the jobs that can be done in the best order, the others behind."""
    able = [k for k in mine if isfinite(jobs.hours[k])]
    place = {k: i for i, k in enumerate(able)}
    parent = [place.get(jobs.chains.parent[k], -1) for k in able]
    people = [float(jobs.chains.people[k]) for k in able]
    best = priority_order([float(jobs.mean_h[k]) for k in able], people, parent)
    return [able[i] for i in best] + [k for k in mine if k not in place]


def _waiting(jobs: _Jobs, order: list[int], crews: int) -> F64:
    """Person-hours of waiting in each trial when crews follow the order. (trials,)"""
    total = np.zeros(jobs.sampled_h.shape[0])
    mine = set(order)
    parent = [p if p in mine else -1 for p in jobs.chains.parent]
    for trial, hours in enumerate(jobs.sampled_h):
        damaged = [k for k in order if hours[k] != 0]
        known = np.where(np.isinf(hours), nan, hours)
        slots = {k: Slot(-1, 0.0, 0.0) for k in order}
        slots |= list_schedule(damaged, list(known), crews)
        total[trial] = waiting(slots, list(jobs.chains.people), parent, HORIZON_H)
    return total


def _job(city: City, jobs: _Jobs, k: int, slot: Slot, crews: list[Team]) -> RepairJob:
    row = int(jobs.row[k])
    return RepairJob(
        rank=0,
        asset=city.lifelines.id[row],
        sector=city.lifelines.sector[row],
        state=DamageState(int(jobs.state[k])),
        people_served=float(city.lifelines.serves[row]),
        team=crews[slot.crew].id if slot.crew >= 0 else "",
        start_h=float(slot.start_h),
        end_h=float(slot.end_h),
        is_reachable=bool(jobs.is_reachable[k]),
    )


def _action(city: City, jobs: _Jobs, k: int, team: Team) -> Action:
    row, lifelines = int(jobs.row[k]), city.lifelines
    return Action(
        kind=f"repair_{lifelines.sector[row]}",
        duty=f"repair_{lifelines.sector[row]}",
        text=Text(
            "decide.repair.action",
            {
                "kind": lifelines.kind[row],
                "number": lifelines.id[row].rpartition("-")[2],
                "people": float(lifelines.serves[row]),
            },
        ),
        place=lifelines.id[row],
        xy=(float(lifelines.xy[row, 0]), float(lifelines.xy[row, 1])),
        zone=int(lifelines.zone[row]),
        due_h=float(np.ceil(jobs.hours[k] + FIRST_H)),
        team=team.id,
        amount=float(lifelines.serves[row]),
        unit="{person}",
    )


def _reasons(ranked: tuple[RepairJob, ...], working: int) -> tuple[Text, ...]:
    reasons = [Text("decide.repair.order"), Text("decide.repair.one_crew")]
    cut_off = sum(not job.is_reachable and job.sector in _CREWS for job in ranked)
    if cut_off:
        reasons.append(Text("decide.repair.cut_off", {"jobs": cut_off}))
    if uncrewed := sum(job.sector not in _CREWS for job in ranked):
        reasons.append(Text("decide.repair.no_crew", {"jobs": uncrewed}))
    if working:
        reasons.append(Text("decide.repair.working", {"assets": working}))
    return tuple(reasons)


def _effect(person_hours: F64, because: Why) -> tuple[Figure, ...]:
    return (figure("person_hours_waiting", Band.of(person_hours), "{person}.h", because),)


def _details(ranked: tuple[RepairJob, ...], saved: F64, plain: F64) -> dict[str, str | int | float]:
    assets = sorted(job.asset for job in ranked)
    return {
        "jobs": len(ranked),
        "person_hours": about(float(np.median(saved))),
        "person_hours_nearest_first": about(float(np.median(plain))),
        "content": " ".join(assets),
    }
