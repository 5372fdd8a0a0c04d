"""Models that look at the intensity alone: rapid national models, floods, dangerous water."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.intensity import factor
from rencheng.domain.provenance import Text
from rencheng.domain.risk import EventSource, Portfolio, Standing
from rencheng.domain.risk_people import (
    Crowd,
    Fate,
    PeopleEstimate,
    RapidModel,
    ShelterTable,
    Spanning,
)
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.people.fragilities import share
from rencheng.model.risk.people.shaking import intensity_of, rapid_rate
from rencheng.model.risk.people.sums import Base, Sums, Term, portions, reached
from rencheng.model.risk.people.water import ZONES, drowned, hazard_class, zone_of

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Progress = Callable[[int, int], None]
Respond = Callable[[int, int], F64]
"""Shares of the events `first` to `last` - 1: (stored, classes, terms)."""

# Quantile of the standard normal at 95 %: a range from 5 to 95 %.
_Z95 = 1.6448536269514722
_SI = {"water_depth": "m", "flow_speed": "m/s"}
AIDR, FLOODED, PRESENCE = "aidr", "flood.dwellings", "presence"
GRADES = (Fate.H1, Fate.H2, Fate.H3, Fate.H4, Fate.H5, Fate.H6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every model of this kind needs."""

    source: EventSource
    portfolio: Portfolio
    crowd: Crowd
    budget_mb: float = BUDGET_MB
    progress: Progress | None = None


def presence(job: Job) -> PeopleEstimate:
    """Return the people present where each event reaches with more than nothing."""

    def respond(first: int, last: int) -> F64:
        x = job.source.block(first, last)[1].astype(np.float64)
        return np.where(np.isnan(x), np.nan, x > 0.0)[:, None, None]

    sums = _tally(job, ((Base.PRESENT, 0),), 1, respond)
    return sums.estimate(PRESENCE, (Fate.EXPOSED,), (0,))


def rapid(job: Job, model: RapidModel) -> PeopleEstimate:
    """Return the deaths that a national model expects from shaking alone.

    Parameters
    ----------
    job
        Its events give MMI, or PGV or PGA, turned into intensity; see `shaking.intensity_of`.
    model
        Of the country.

    Notes
    -----
    Deaths = Σ people x Φ(ln(I/θ)/β): the median of a lognormal with ζ, whose 5 and 95 % are low
    and high; high is at most all people that the event reaches. The mean of that lognormal is
    exp(ζ²/2) times the median (China 3.2 times). People are the residents, wherever they are,
    or those present where no residents are known: PAGER counts settlements at no certain hour.
    For the first hours only; it knows nothing of the buildings.
    """
    head, crowd = job.source.head, job.crowd
    lived = np.isfinite(crowd.residents).any()
    base = Base.RESIDENTS if lived else Base.PRESENT

    def respond(first: int, last: int) -> F64:
        x = job.source.block(first, last)[1].astype(np.float64)
        rate = rapid_rate(model, intensity_of(x, head.measure, head.unit))
        return np.stack([rate, np.where(np.isnan(rate), np.nan, 1.0)], axis=1)[:, None, :]

    sums = _tally(job, ((base, 0), (base, 1)), 2, respond, grouped=1)
    dead, all_there = sums.by_event[:, :1], sums.by_event[:, 1:]
    spread = exp(_Z95 * model.zeta)
    bad = np.where(np.isnan(crowd.residents) & lived, Standing.BAD_DATA, 0).astype(np.uint8)
    times = exp(model.zeta**2 / 2.0)
    notes = [Text("people.note.pager", {"zeta": model.zeta, "g": model.g, "times": times})]
    if not model.is_own:
        notes.append(Text("people.note.pager_group", {"country": model.country}))
    if head.measure != "MMI":
        key = "people.note.from_pga" if head.measure == "PGA" else "people.note.from_pgv"
        notes.append(Text(key, {"measure": head.measure}))
    return sums.estimate(
        f"pager.{model.country}",
        (Fate.DEAD,),
        (0,),
        bounds=(dead / spread, np.minimum(dead * spread, all_there)),
        spanning=Spanning.ZETA,
        notes=notes,
        without=bad,
    )


def drownings(
    job: Job, curves: Sequence[Curve], speed: EventSource | None = None
) -> tuple[PeopleEstimate, ...]:
    """Return the deaths that models of flood mortality expect, one estimate each.

    Parameters
    ----------
    job
        Its events give the depth of water.
    curves
        Mortality over depth.
    speed
        The same events' speed of flow at the same points, if known; what it does not store flows
        not at all.

    Notes
    -----
    Exposed = present x (1 - evacuated) x (1 - upstairs); where a share is unknown the asset is bad
    data. Deaths in cellars, underpasses, metros and vehicles are not in these curves. They differ
    by five to twelve times: none is taken, all stand side by side. `jonkman.zones` takes each
    asset's own rise and leaves out, as unknown, those without one where it would matter; it is
    given where any rise is known.
    """
    metres = factor("water_depth", job.source.head.unit, "m")
    by_id = {curve.id: curve.in_unit("m") for curve in curves}
    told = np.isfinite(job.crowd.rise_m_h).any()
    names = [n for n in drowned(by_id, np.zeros(1)) if n != ZONES or told]

    def respond(first: int, last: int) -> F64:
        depth = job.source.block(first, last)[1].astype(np.float64) * metres
        shares = drowned(by_id, depth, _flow(job.source, speed, first, last))
        return np.array([shares[name] for name in names]).transpose(1, 2, 0)

    terms = tuple((Base.AT_RISK, k) for k in range(len(names)))
    zone = zone_of(job.crowd.rise_m_h)
    sums = _tally(job, terms, len(names), respond, zone)
    notes = [Text("people.note.drowned")]
    if speed is None:
        notes.append(Text("people.note.no_breach"))
    bad = np.where(np.isnan(job.crowd.exposed), Standing.BAD_DATA, 0).astype(np.uint8)
    return tuple(
        sums.estimate(name, (Fate.DEAD,), (k,), notes=notes, without=bad)
        for k, name in enumerate(names)
    )


def deaths(job: Job, curves: Sequence[Curve]) -> tuple[PeopleEstimate, ...]:
    """Return the deaths that curves of mortality expect of the people present, one estimate each.

    Parameters
    ----------
    job
        Of any hazard.
    curves
        Share of the people present that dies, over the measure of the job; the worst state of a
        fragility. In any unit.
    """
    fitting = [curve.in_unit(job.source.head.unit) for curve in curves]
    if not fitting:
        return ()

    def respond(first: int, last: int) -> F64:
        x = job.source.block(first, last)[1].astype(np.float64)
        return np.stack([share(curve, x) for curve in fitting], axis=1)[:, None, :]

    terms = tuple((Base.PRESENT, k) for k in range(len(fitting)))
    sums = _tally(job, terms, len(fitting), respond)
    return tuple(sums.estimate(one.id, (Fate.DEAD,), (k,)) for k, one in enumerate(fitting))


def in_water(job: Job, speed: EventSource | None = None) -> PeopleEstimate:
    """Return the people present in water of each class H1 to H6.

    Notes
    -----
    Classes have no spread; where speed is unknown the class is *at least* that of still water, and
    a note says at how many depths that was so.
    """
    metres = factor("water_depth", job.source.head.unit, "m")
    least = []

    def respond(first: int, last: int) -> F64:
        depth = job.source.block(first, last)[1].astype(np.float64) * metres
        grade, is_least = hazard_class(depth, _flow(job.source, speed, first, last))
        least.append(int(is_least.sum()))
        share = (grade[:, None] == np.arange(1, len(GRADES) + 1)).astype(np.float64)
        share[grade < 0] = np.nan
        return np.asarray(share[:, None, :])

    terms = tuple((Base.PRESENT, k) for k in range(len(GRADES)))
    sums = _tally(job, terms, len(GRADES), respond)
    notes = [Text("people.note.at_least", {"count": sum(least)})] if sum(least) else []
    return sums.estimate(AIDR, GRADES, range(len(GRADES)), notes=notes)


def flooded(job: Job, table: ShelterTable) -> PeopleEstimate | None:
    """Return the residents whose dwelling a flood puts out of use, by a depth that is ours alone.

    None where no residents are known.
    """
    if np.isnan(job.crowd.residents).all():
        return None
    metres = factor("water_depth", job.source.head.unit, "m")
    # The deepest threshold gives the low count.
    depths = np.array(table.flood_m)[::-1]

    def respond(first: int, last: int) -> F64:
        depth = job.source.block(first, last)[1].astype(np.float64) * metres
        out = np.where(np.isnan(depth)[:, None], np.nan, depth[:, None] >= depths)
        return np.concatenate([out, out], axis=1)[:, None, :]

    terms: tuple[Term, ...] = (
        *((Base.RESIDENTS, k) for k in (2, 0, 4)),
        (Base.PUBLIC_LOW, 3), (Base.PUBLIC, 1), (Base.PUBLIC_HIGH, 5),
    )  # fmt: skip
    sums = _tally(job, terms, 6, respond, grouped=2)
    bad = np.where(np.isnan(job.crowd.residents), Standing.BAD_DATA, 0).astype(np.uint8)
    return sums.estimate(
        FLOODED,
        (Fate.DISPLACED, Fate.SHELTERED),
        (0, 1),
        bounds=(sums.by_event[:, 2:4], sums.by_event[:, 4:6]),
        spanning=Spanning.PARAMETERS,
        notes=(Text("people.note.flooded", {"depth_m": table.flood_m[1]}),),
        without=bad,
    )


def _tally(
    job: Job,
    terms: Sequence[Term],
    columns: int,
    respond: Respond,
    kind: I32 | None = None,
    *,
    grouped: int = 0,
) -> Sums:
    from rencheng.model.risk.people import kernel

    source, head = job.source, job.source.head
    many = head.rate.size
    here = reached(_bare(job.portfolio), job.crowd, len(head.place))
    sums = Sums(here, len(head.place), many, terms, columns, grouped or columns)
    row = np.zeros(here.items, dtype=np.int32) if kind is None else kind[here.things.asset]
    classes = 1 if kind is None else 3
    for first, last in portions(source, here, columns, classes * len(terms), job.budget_mb):
        point = source.block(first, last)[0]
        start = np.asarray(source.start[first : last + 1], dtype=np.int64)
        kernel.tally(
            (start - start[0], point, head.rate[first:last]),
            (here.things.first, row),
            np.ascontiguousarray(respond(first, last), dtype=np.float64),
            here.people,
            sums.coded,
            sums.part(first, last),
            sums.touched,
        )
        if job.progress:
            job.progress(last, many)
    return sums


def _bare(portfolio: Portfolio) -> Portfolio:
    """Return a portfolio whose assets need no curve."""
    return replace(portfolio, curve=np.zeros((portfolio.point.size, 1), dtype=np.int32))


def _flow(source: EventSource, speed: EventSource | None, first: int, last: int) -> F64 | None:
    """Return the speed of flow at each stored depth. [m/s]"""
    if speed is None:
        return None
    points = len(source.head.place)
    keys, flows = [], []
    for one in (source, speed):
        point, x = one.block(first, last)
        event = np.repeat(np.arange(last - first), np.diff(one.start[first : last + 1]))
        keys.append(event * np.int64(points) + point)
        flows.append(
            x.astype(np.float64) * factor(one.head.measure, one.head.unit, _SI[one.head.measure])
        )
    at = np.minimum(np.searchsorted(keys[1], keys[0]), max(keys[1].size - 1, 0))
    if not keys[1].size:
        return np.zeros(keys[0].size)
    return np.where(keys[1][at] == keys[0], flows[1][at], 0.0)


def must_match(depth: EventSource, other: EventSource, *, with_points: bool) -> None:
    """Refuse two sets that do not tell of the same events, or not at the same points.

    Raises
    ------
    InvalidInputError
        When names or their order differ, or, if asked, the points.
    """
    a, b = depth.head, other.head
    same = a.place.shape == b.place.shape and bool((a.place == b.place).all())
    if a.names != b.names or (with_points and not same):
        raise InvalidInputError(
            "risk.people.other_events",
            f"the sets of {a.measure} and {b.measure} differ in events or points",
            hint="Give both for the same events, in one order, at the same points",
            params={"one": a.measure, "other": b.measure},
        )
