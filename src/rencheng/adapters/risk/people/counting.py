"""People in events: tables in, estimates of every model that fits out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.adapters.risk.assets.meeting import assets_of, meet
from rencheng.adapters.risk.assets.shapes import GEOMETRY, ShapeTable
from rencheng.adapters.risk.assets.table import Assets
from rencheng.adapters.risk.events.table import EventSet, Table, column
from rencheng.adapters.risk.faults import fault, refuse
from rencheng.adapters.risk.people.assets import (
    DENSEST,
    MOST,
    Tables,
    read_crowd,
    read_types,
)
from rencheng.adapters.risk.people.faults import people_fault
from rencheng.adapters.risk.people.tables import (
    casualty_table,
    presence_table,
    rapid_model,
    shelter_table,
)
from rencheng.domain.curve import Curve, CurveKind
from rencheng.domain.errors import Fault
from rencheng.domain.risk_people import Circumstances, Crowd, PeopleEstimate, PeopleImpact
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.people.casualties import Rates, casualties
from rencheng.model.risk.people.impact import gathered
from rencheng.model.risk.people.pieces import in_pieces
from rencheng.model.risk.people.responses import (
    Job,
    deaths,
    drownings,
    flooded,
    in_water,
    must_match,
    presence,
    rapid,
)

Progress = Callable[[int, int], None]

DROWNED = ("jonkman.remaining", "jonkman.rapid_rise", "worldbank.drowned", "boyd.drowned")
"""Curves of the library that every flood is asked with, side by side."""
_SHAKING = ("MMI", "PGV", "PGA")


def people(  # noqa: PLR0913
    assets: Table,
    events: EventSet | Sequence[EventSet],
    curves: Sequence[Curve] | Mapping[str, Curve] = (),
    *,
    when: Circumstances | None = None,
    budget_mb: float = BUDGET_MB,
    progress: Progress | None = None,
    state: str | Path = ".state",
) -> PeopleImpact:
    """Return what events do to people, by every model that can be asked, side by side.

    Parameters
    ----------
    assets
        Columns `id`, `lon`, `lat` [deg] and people: `residents`, `workers`, `pupils`, `guests`,
        `patients`, or those inside by time of day `occupants_night`, `occupants_day`,
        `occupants_transit`; `use`, `type`, `curve`, `dwelling`, `income`, groups. See
        docs/how-to/risk-people.md. With `geometry` (shapely, in lon, lat) instead of `lon` and
        `lat`, the people of areas and lines stand evenly over all that these cover.
    events
        A set, or several of the same events: depth and `flow_speed` at the same points; PGA and
        MMI. The first is the one that names and rates are taken from.
    curves
        Fragilities with the states slight, moderate, extensive, complete by the name that the
        assets use in `curve`; and mortalities of any measure (component `people`), asked beside
        those of the library.
    when
        Hour, day, country of the rapid model, shares evacuated and upstairs.
    budget_mb
        Memory that each model may take beyond its inputs. [MB]
    progress
        Called with events done and all events, from the start for every model.
    state
        State folder, which has the office's own curves.

    Returns
    -------
    result
        Its `faults` name rows that could not be assessed.

    Raises
    ------
    InvalidInputError
        With every fault that leaves nothing to compute.
    NotFoundError
        When there is no rapid model of the country.
    TooMuchError
        When a job cannot keep within its memory.

    Notes
    -----
    Depth gives classes H1 to H6, drownings and dwellings out of use; shaking gives HAZUS'
    casualties where curves are given, and the rapid model of the country; other hazards give
    displacement by damage where curves are given. See `rencheng.model.risk.people`.
    """
    asked = when or Circumstances()
    named = curves if isinstance(curves, Mapping) else {one.id: one for one in curves}
    deadly = [one for one in named.values() if one.component == "people"]
    frail = {name: one for name, one in named.items() if one.component != "people"}
    tables = Tables(presence=presence_table(), casualties=casualty_table(), shelter=shelter_table())
    read = assets_of(_valued(assets, frail), frail)
    crowd, faults = read_crowd(assets, read.id, tables, asked, most=_most(read))
    sets = [events] if not isinstance(events, Sequence) else list(events)
    made = [_job(one, read, list(frail), crowd, budget_mb) for one in sets]
    measures = [job.source.head.measure for job, _ in made]
    twice = sorted({one for one in measures if measures.count(one) > 1})
    refuse([fault("double_measure", "events.measure", twice)] if twice else [])
    jobs = {job.source.head.measure: job for job, _ in made}
    _fit(frail, deadly, jobs)
    first = next(iter(jobs.values()))
    work = _Work(
        jobs={name: replace(job, progress=progress) for name, job in jobs.items()},
        tables=tables,
        when=asked,
    )
    typed: tuple[Fault, ...] = ()
    found = [presence(replace(first, progress=progress))]
    if frail:
        kinds, typed = read_types(assets, read.id, read.curve[:, 0], frail, tables.casualties)
        found += work.damaged(frail, kinds)
        typed = typed if any(one.hazard == "earthquake" for one in frail.values()) else ()
    if asked.country:
        found += work.shaken()
    wet = [one for one in deadly if one.intensity == "water_depth"]
    if "water_depth" in jobs:
        library = CurveLibrary(Path(state))
        found += work.flooded([library.get(name) for name in DROWNED] + wet)
    for measure, job in work.jobs.items():
        found += deaths(job, [c for c in deadly if c.intensity == measure and c not in wet])
    result = gathered(first.source.head, crowd, found, _versions(work, named))
    return replace(result, faults=(*_told(made), *faults, *typed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The event sets by measure, and what their models need."""

    jobs: Mapping[str, Job]
    tables: Tables
    when: Circumstances

    def damaged(
        self, curves: Mapping[str, Curve], kinds: NDArray[np.int32]
    ) -> tuple[PeopleEstimate, ...]:
        """Return casualties and displacement by states of damage."""
        job = self.jobs[next(iter(curves.values())).intensity]
        owner = job.crowd.asset
        return casualties(
            job.source,
            job.portfolio,
            job.crowd,
            [curve.in_unit(job.source.head.unit) for curve in curves.values()],
            Rates(
                casualties=self.tables.casualties,
                shelter=self.tables.shelter,
                type=kinds if owner is None else kinds[owner],
            ),
            budget_mb=job.budget_mb,
            progress=job.progress,
        )

    def shaken(self) -> list[PeopleEstimate]:
        """Return the rapid model's deaths, of intensity, else of velocity, else of PGA."""
        model = rapid_model(self.when.country)
        measure = next((one for one in _SHAKING if one in self.jobs), "")
        return [rapid(self.jobs[measure], model)] if measure else []

    def flooded(self, curves: Sequence[Curve]) -> list[PeopleEstimate]:
        """Return classes of water, drownings and dwellings out of use."""
        job, flow = self.jobs["water_depth"], self.jobs.get("flow_speed")
        speed = flow.source if flow else None
        homeless = flooded(job, self.tables.shelter)
        return [
            in_water(job, speed),
            *drownings(job, curves, speed),
            *([homeless] if homeless else []),
        ]


def _valued(assets: Table, frail: Mapping[str, Curve]) -> Table:
    """Return the table with a worth that asks for a curve where curves are given."""
    many = len(column(assets, "id")) if "id" in assets else 0
    wanted = ("id", "curve", *((GEOMETRY,) if GEOMETRY in assets else ("lon", "lat")))
    kept = {name: assets[name] for name in wanted if name in assets}
    if "curve" not in kept and len(frail) != 1:
        kept["curve"] = np.full(many, "", dtype=object)
    kept["value"] = np.full(many, 1.0 if frail else 0.0)
    return (
        ShapeTable(columns=kept, step_m=assets.step_m) if isinstance(assets, ShapeTable) else kept
    )


def _most(read: Assets) -> NDArray[np.float64]:
    """Return how many people may be where each asset is: a building, or a district. (assets,)"""
    found = np.full(read.id.size, MOST)
    if read.shapes is not None:
        from rencheng.adapters.risk.assets.covering import areas_m2

        found += DENSEST * areas_m2(read.shapes)
    return found


def _job(
    events: EventSet, read: Assets, names: Sequence[str], crowd: Crowd, budget_mb: float
) -> tuple[Job, tuple[Fault, ...]]:
    met = meet(read, events, names, currency="", year=0)
    folio, people = in_pieces(met.portfolio, crowd, met.parts)
    job = Job(source=met.source, portfolio=folio, crowd=people, budget_mb=budget_mb)
    return job, met.faults


def _told(made: Sequence[tuple[Job, tuple[Fault, ...]]]) -> tuple[Fault, ...]:
    """Return the faults of all sets: those of the assets once, those of one set under its name."""
    told: dict[tuple[str, str], Fault] = {}
    for job, faults in made:
        for one in faults:
            mine = len(made) > 1 and one.key in ("risk.outside", "risk.partly")
            where = f"{job.source.head.measure}: {one.where}" if mine else one.where
            told[one.key, where] = replace(one, where=where)
    return tuple(told.values())


def _fit(frail: Mapping[str, Curve], deadly: Sequence[Curve], jobs: Mapping[str, Job]) -> None:
    """Refuse curves that no event set is for, and sets of other events."""
    wrong = [name for name, one in frail.items() if one.kind is not CurveKind.FRAGILITY]
    faults = [people_fault("kind", "curve", wrong)] if wrong else []
    need = dict.fromkeys(one.intensity for one in chain(frail.values(), deadly))
    lost = [
        f"{one.id} ({one.intensity})"
        for one in chain(frail.values(), deadly)
        if one.intensity not in jobs or (one.component != "people" and len(need) > 1 + bool(deadly))
    ]
    faults += [fault("other_measure", f"curves, {', '.join(jobs)}", lost)] if lost else []
    refuse(faults)
    first = next(iter(jobs.values()))
    for job in jobs.values():
        must_match(first.source, job.source, with_points=False)
    if {"water_depth", "flow_speed"} <= jobs.keys():
        depth, flow = jobs["water_depth"].source, jobs["flow_speed"].source
        must_match(depth, flow, with_points=True)


def _versions(work: _Work, curves: Mapping[str, Curve]) -> dict[str, str]:
    said: dict[str, Any] = {
        f"events {name}": job.source.head.source for name, job in work.jobs.items()
    }
    said |= {f"curve {one.id}": one.version for one in curves.values()}
    when = work.when
    return said | {
        "presence": work.tables.presence.version,
        "casualties": work.tables.casualties.version,
        "shelter": work.tables.shelter.version,
        "hour": "any" if when.hour is None else f"{when.hour:g}",
        "weekend": "any" if when.is_weekend is None else str(when.is_weekend).lower(),
        "country": when.country.upper(),
        "evacuated": f"{when.evacuated:g}",
        "upstairs": f"{when.upstairs:g}",
    }
