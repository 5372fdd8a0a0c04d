"""One turn of the loop: perceive → model → decide → control → assess. Read this file first.

Everything comes in as an argument and everything goes out in the result: no clock, no store, no
hidden randomness. The same inputs give the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from zoneinfo import ZoneInfo

import numpy as np

from rencheng.assess.assessment import assess
from rencheng.assess.curves import measure
from rencheng.control.boards import boards
from rencheng.decide.during.evacuation import walking_times
from rencheng.decide.propose import decide
from rencheng.domain.assessment import Assessment, CurveMeasures, Records
from rencheng.domain.city import F64, City
from rencheng.domain.control import SectorBoard
from rencheng.domain.hazard import Bulletin, BulletinKind, Shaking, ShakingMap, StationRecord
from rencheng.domain.impact import Access, CityState, Damage, FragilityTable, Impact, People
from rencheng.domain.observation import StreamStatus
from rencheng.domain.provenance import Figure
from rencheng.domain.recovery import Decisions, Onset, RestorationTable
from rencheng.domain.risk_people import CasualtyTable
from rencheng.domain.rules import IndicatorSet, OperationRules, Rules
from rencheng.domain.run import Phase
from rencheng.model.damage.state import assess_damage
from rencheng.model.hazards.earthquake.mapped import covers, shake_by_map
from rencheng.model.hazards.earthquake.shaking import shake
from rencheng.model.hazards.tsunami.arrival import forecast
from rencheng.model.networks.access import hospital_access
from rencheng.model.people.consequences import consequences
from rencheng.model.recovery.services import restore
from rencheng.perceive.presence import day_time
from rencheng.perceive.state import city_state
from rencheng.sense.solutions import preferred, standing
from rencheng.service.figures import figures
from rencheng.service.incidents import is_within_reach
from rencheng.service.weighing import weighed_assessment, weighed_boards, weighed_figures

SAMPLES = 200
CURRENT = timedelta(days=30)
"""How long after its origin an event is what the city deals with: the horizon of the recovery
curves, 720 h. Chosen; no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Everything that is data rather than code: curves, times, rules, indicators."""

    table: FragilityTable
    rates: CasualtyTable
    restoration: RestorationTable
    rules: Rules
    indicators: IndicatorSet


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleInputs:
    """Everything that one turn of the loop looks at."""

    city: City
    models: Models
    at: datetime
    """On the run's clock. [UTC]"""
    phase: Phase
    statuses: Mapping[str, StreamStatus]
    bulletins: Sequence[Bulletin]
    """All of the run, any order."""
    station_records: Sequence[StationRecord]
    """Good peak accelerations of the event; see `peaks`."""
    tide: Sequence[tuple[datetime, float]]
    """Good values of the tide gauge, oldest first. [m]"""
    own: Records
    """What the program's own records say of the run."""
    seed: int
    samples: int = SAMPLES
    verified_deaths: float = float("nan")
    weak: frozenset[str] = frozenset()
    """Layers of the city that its check found weak."""
    shaking_map: ShakingMap | None = None
    """The newest published map of the leading event; used where it covers every zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """What one turn of the loop found."""

    id: str
    run: str
    at: datetime
    finished: datetime
    duration_s: float
    seed: int
    samples: int
    bulletin: Bulletin | None
    """Earthquake and official tsunami word taken together; None on an ordinary day."""
    state: CityState
    impact: Impact | None
    decisions: Decisions
    boards: tuple[SectorBoard, ...]
    measures: tuple[CurveMeasures, ...]
    assessment: Assessment
    figures: tuple[Figure, ...]
    phase: Phase
    models: tuple[tuple[str, str], ...]
    stage_s: tuple[tuple[str, float], ...]
    """Wall time of each stage. [s]"""
    weak: frozenset[str] = frozenset()
    """Layers of the city that its check found weak; every figure says which of them it names."""


@dataclass(slots=True)
class Ways:
    """How long the ways to shelters are, found once for a city and its rules; for all runs."""

    known: tuple[tuple[str, OperationRules], F64] | None = None

    def on_foot(self, city: City, rules: OperationRules) -> F64:
        """Return `walking_times`. [s] (zones, facilities)"""
        key, known = (city.version, rules), self.known
        if known is None or known[0] != key:
            known = self.known = key, walking_times(city, rules)
        return known[1]


@dataclass(slots=True)
class Memory:
    """The physical damage of the turn before, used again while nothing it rests on has changed."""

    ways: Ways = field(default_factory=Ways)
    key: tuple[object, ...] = ()
    value: tuple[Shaking, Damage, People, Access] | None = None


@dataclass(slots=True)
class Watch:
    """How long each stage took."""

    stages: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time one stage."""
        start = perf_counter()
        yield
        self.stages.append((stage, perf_counter() - start))


def run_cycle(inputs: CycleInputs, memory: Memory | None = None) -> CycleResult:
    """Turn the loop once: from what was observed to the re-assessed city."""
    city, models, at = inputs.city, inputs.models, inputs.at
    watch, memory = Watch(), memory or Memory()
    bulletin = last_word(inputs.bulletins, at, partial(is_within_reach, city, models.rules))
    with watch("perceive"):
        state = city_state(city, inputs.statuses, inputs.tide, at, local_hour=local_hour(city, at))
    impact = model(inputs, bulletin, state, memory, watch)
    with watch("decide"):
        decisions = decide(
            city, state, impact, bulletin, models.rules,
            at=at, verified_deaths=inputs.verified_deaths,
            walk_s=memory.ways.on_foot(city, models.rules.operations),
        )  # fmt: skip
    with watch("control"):
        lights = boards(city, state, impact, at=at)
    with watch("assess"):
        measures = measure(impact.services, at=at) if impact else ()
        assessment = assess(city, impact, measures, inputs.own, models.indicators, at=at)
    weak = inputs.weak
    return CycleResult(
        id="", run="", weak=weak, at=at, finished=at, duration_s=sum(s for _, s in watch.stages),
        seed=inputs.seed, samples=inputs.samples, bulletin=bulletin, state=state, impact=impact,
        decisions=decisions, boards=weighed_boards(lights, weak), measures=measures,
        assessment=weighed_assessment(assessment, weak),
        figures=weighed_figures(figures(city, state, impact, at=at), weak), phase=inputs.phase,
        models=impact.model_versions if impact else (), stage_s=tuple(watch.stages),
    )  # fmt: skip


def model(
    inputs: CycleInputs, bulletin: Bulletin | None, state: CityState, memory: Memory, watch: Watch
) -> Impact | None:
    """Say what the earthquake does to the city; None before one was reported."""
    if bulletin is None or np.isnan(bulletin.magnitude):
        return None
    city, seed, samples = inputs.city, inputs.seed, inputs.samples
    shaking, damage, people, access = _physical(inputs, bulletin, memory, watch)
    with watch("tsunami"):
        coast = city.zones.centre[city.zones.is_coastal]
        tsunami = forecast(bulletin, coast, inputs.tide, samples=samples, seed=seed)
    with watch("services"):
        onset = Onset(origin_time=bulletin.origin_time, shaking=shaking)
        services = restore(
            city, damage, access, state, inputs.models.restoration, seed=seed, onset=onset
        )
    return Impact(
        at=inputs.at,
        origin_time=bulletin.origin_time,
        seed=seed,
        samples=samples,
        shaking=shaking,
        tsunami=tsunami,
        damage=damage,
        people=people,
        services=services,
        access=access,
        model_versions=(
            (shaking.model, shaking.version),
            ("damage", damage.curves_version),
            (tsunami.model, tsunami.version),
            ("restoration", inputs.models.restoration.version),
        ),
    )


def _physical(
    inputs: CycleInputs, bulletin: Bulletin, memory: Memory, watch: Watch
) -> tuple[Shaking, Damage, People, Access]:
    """Shake and damage the city, or take the turn before when nothing it rests on has changed."""
    city, seed, samples = inputs.city, inputs.seed, inputs.samples
    quake = replace(bulletin, kind=BulletinKind.EARTHQUAKE, id="", issued=bulletin.origin_time)
    version = inputs.models.table.version
    chart = inputs.shaking_map
    mapped = chart.id if chart is not None and chart.event == bulletin.event else ""
    key = (city.version, repr(quake), tuple(inputs.station_records), seed, samples, version, mapped)
    if memory.value is not None and memory.key == key:
        return memory.value
    with watch("shaking"):
        sites = city.zones.centre
        if chart is not None and mapped and covers(chart, sites):
            shaking = shake_by_map(chart, bulletin, sites, samples=samples, seed=seed)
        else:
            shaking = shake(bulletin, sites, inputs.station_records, samples=samples, seed=seed)
    with watch("damage"):
        damage = assess_damage(city, shaking, inputs.models.table, seed=seed)
    with watch("people"):
        when = day_time(local_hour(city, bulletin.origin_time))
        people = consequences(
            city, damage, shaking, when,
            table=inputs.models.table, rates=inputs.models.rates,
        )  # fmt: skip
    with watch("access"):
        access = hospital_access(city, damage, seed=seed)
    memory.key, memory.value = key, (shaking, damage, people, access)
    return memory.value


def last_word(
    bulletins: Sequence[Bulletin],
    at: datetime,
    concerns: Callable[[Bulletin], bool] = lambda _: True,
) -> Bulletin | None:
    """Return the last official word on the leading event: its earthquake, and its tsunami status.

    Parameters
    ----------
    concerns
        Says whether an earthquake is near enough for its magnitude to concern the city.

    Returns
    -------
    bulletin
        The earthquake's `preferred` solution; when an official tsunami message of the same event
        was issued, with that message's kind, id and issuer. None when no event is current.

    Notes
    -----
    The leading event is one with a tsunami message in force, then one that concerns the city, then
    the strongest, then the youngest: an aftershock takes nothing away from what its main shock did,
    nor does a giant on the other side of the ocean.
    """
    issued = standing([b for b in bulletins if b.issued <= at and b.origin_time >= at - CURRENT])
    if not issued:
        return None
    events = {bulletin.event for bulletin in issued}
    _, quake, tsunami = max(
        (_standing([b for b in issued if b.event == event], concerns) for event in events),
        key=lambda standing: standing[0],
    )
    if quake is None or tsunami is None:
        return quake or tsunami
    return replace(
        quake,
        id=tsunami.id,
        kind=tsunami.kind,
        issuer=tsunami.issuer,
        text=tsunami.text,
        issued=max(quake.issued, tsunami.issued),
    )


def _standing(
    issued: Sequence[Bulletin], concerns: Callable[[Bulletin], bool]
) -> tuple[tuple[bool, bool, float, datetime], Bulletin | None, Bulletin | None]:
    """Return an event's rank, its preferred solution and its last tsunami message."""
    quake = preferred(issued)
    tsunamis = [b for b in issued if b.kind is not BulletinKind.EARTHQUAKE]
    tsunami = tsunamis[-1] if tsunamis else None
    is_in_force = tsunami is not None and tsunami.kind is not BulletinKind.TSUNAMI_CANCEL
    is_sized = quake is not None and not np.isnan(quake.magnitude)
    magnitude = quake.magnitude if quake is not None and is_sized else float("-inf")
    is_near = quake is not None and concerns(quake)
    return (is_in_force, is_near, magnitude, issued[-1].origin_time), quake, tsunami


def local_hour(city: City, at: datetime) -> float:
    """Return the hour of the city's clock. [h]"""
    local = at.astimezone(ZoneInfo(city.timezone))
    return local.hour + local.minute / 60.0
