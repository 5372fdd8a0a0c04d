"""People hurt and displaced by states of damage: exact expectations, no sampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Text
from rencheng.domain.risk import EventSource, Portfolio, Standing
from rencheng.domain.risk_people import (
    CasualtyTable,
    Crowd,
    Dwelling,
    Fate,
    PeopleEstimate,
    ShelterTable,
    Spanning,
)
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.people.fragilities import coded
from rencheng.model.risk.people.sums import Base, Sums, Term, portions, reached

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Progress = Callable[[int, int], None]

STATES = ("slight", "moderate", "extensive", "complete")
"""That HAZUS gives rates for."""
HAZUS, SHELTER = "hazus", "hazus.shelter"
HURT = (Fate.SEVERITY_1, Fate.SEVERITY_2, Fate.SEVERITY_3, Fate.DEAD)
_HOMELESS = (Fate.DISPLACED, Fate.SHELTERED)
# Columns: severities 0 to 3, displaced 4, sheltered 5; then low and high of both.
_TERMS: tuple[Term, ...] = (
    *((Base.INDOORS, k) for k in range(4)),
    *((Base.OUTDOORS, k) for k in range(4)),
    *((Base.RESIDENTS, k) for k in (6, 4, 8)),
    (Base.PUBLIC_LOW, 7),
    (Base.PUBLIC, 5),
    (Base.PUBLIC_HIGH, 9),
)
_COLUMNS, _GROUPED = 10, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a state of damage does to people, and which row each asset takes."""

    casualties: CasualtyTable
    shelter: ShelterTable
    type: I32
    """Row in the casualty table, -1 unknown. (assets,)"""


def casualties(
    source: EventSource,
    portfolio: Portfolio,
    crowd: Crowd,
    curves: Sequence[Curve],
    rates: Rates,
    *,
    budget_mb: float = BUDGET_MB,
    progress: Progress | None = None,
) -> tuple[PeopleEstimate, ...]:
    """Return people hurt by severity, displaced and in need of shelter, by HAZUS.

    Parameters
    ----------
    source
        Sparse intensities; the points of an event rise strictly.
    portfolio
        Where the assets stand, and their curves in the first component; values play no part.
    crowd
        Who is there.
    curves
        Fragility with the states slight, moderate, extensive, complete, in the set's unit.
    rates
        Tables of HAZUS, and the structural type of each asset.
    budget_mb
        Memory that the job may take beyond its inputs. [MB]
    progress
        Called between blocks.

    Returns
    -------
    estimates
        `hazus` where a curve is for earthquakes and a structural type is known; `hazus.shelter`
        where residents are known.

    Raises
    ------
    InvalidInputError
        When a curve has other states.
    TooMuchError
        When one event does not fit the budget.

    Notes
    -----
    Expected people = Σ P[state] x share hurt in it x people indoors, and the same outdoors close
    by; `complete` is split by the share that collapses, the curve's own or else the table's.
    Exact: expectations need no sampling and no assumption on how buildings fail together (their
    spread would). HAZUS states no uncertainty of its rates; its authors speak of a factor of
    several. Left out: people in traffic, fire, aftershocks, rescue. Displaced: HAZUS' weights for
    single- and multi-family dwellings; where the kind is unknown, single-family is the low count
    and multi-family the central and high one (ours). Sheltered: low and high are the span of
    HAZUS' shares by income. Loss of power and water is not counted. Judged by hand cases and
    against the NumPy twin.
    """
    from rencheng.model.risk.people import kernel

    _fit(curves)
    head, many = source.head, source.head.rate.size
    here = reached(portfolio, crowd, len(head.place))
    kind, fates = _kinds(portfolio.curve[:, 0], curves, crowd.dwelling, rates)
    sums = Sums(here, len(head.place), many, _TERMS, _COLUMNS, _GROUPED)
    fragility = coded(curves, len(STATES))
    items = (here.things.first, here.things.curve, kind[here.things.asset])
    for first, last in portions(source, here, _COLUMNS, 0, budget_mb):
        point, x = source.block(first, last)
        start = np.asarray(source.start[first : last + 1], dtype=np.int64)
        kernel.harm(
            (start - start[0], point, x, head.rate[first:last]),
            items,
            fragility,
            fates,
            here.people,
            sums.coded,
            sums.part(first, last),
            sums.touched,
        )
        if progress:
            progress(last, many)
    return (*_hurt(sums, curves, rates, crowd), *_homeless(sums, crowd))


def _hurt(
    sums: Sums, curves: Sequence[Curve], rates: Rates, crowd: Crowd
) -> tuple[PeopleEstimate, ...]:
    if not any(curve.hazard == "earthquake" for curve in curves) or (rates.type < 0).all():
        return ()
    bare = np.where((rates.type < 0) & np.isfinite(crowd.present), Standing.NO_CURVE, 0)
    one = sums.estimate(
        HAZUS,
        HURT,
        range(4),
        notes=(Text("people.note.hazus"),),
        without=bare.astype(np.uint8),
    )
    return (one,)


def _homeless(sums: Sums, crowd: Crowd) -> tuple[PeopleEstimate, ...]:
    if np.isnan(crowd.residents).all():
        return ()
    bad = np.where(np.isnan(crowd.residents), Standing.BAD_DATA, 0).astype(np.uint8)
    low, high = sums.by_event[:, 6:8], sums.by_event[:, 8:10]
    one = sums.estimate(
        SHELTER,
        _HOMELESS,
        (4, 5),
        bounds=(low, high),
        spanning=Spanning.PARAMETERS,
        notes=(Text("people.note.shelter"),),
        without=bad,
    )
    return (one,)


def _fit(curves: Sequence[Curve]) -> None:
    other = [f"{curve.id} ({', '.join(curve.states)})" for curve in curves]
    other = [said for said, curve in zip(other, curves, strict=True) if curve.states != STATES]
    if other:
        raise InvalidInputError(
            "risk.people.states",
            f"{len(other)} curves have other states than {', '.join(STATES)}: {other[0]}",
            hint="Take curves with the states that HAZUS gives casualty rates for",
            params={"count": len(other), "first": other[0]},
        )


def _kinds(curve: I32, curves: Sequence[Curve], dwelling: I32, rates: Rates) -> tuple[I32, F64]:
    """Return each asset's row in `fates`, and those shares of people. (assets,), (kinds, 14, 4)"""
    share = np.array([one.collapse for one in curves] + [np.nan])
    shaken = np.array([one.hazard == "earthquake" for one in curves] + [False])
    own, which = np.unique(share, return_inverse=True)
    # One number for each combination: sorting rows takes far longer.
    kind = np.where(shaken[curve], rates.type, -1).astype(np.int64) + 1
    key = (kind * len(Dwelling) + dwelling + 1) * own.size + which.ravel()[curve]
    keys, row = np.unique(key, return_inverse=True)
    rows = zip(
        keys // (own.size * len(Dwelling)) - 1,
        keys // own.size % len(Dwelling) - 1,
        keys % own.size,
        strict=True,
    )
    fates = np.stack([_fates(int(t), int(d), float(own[c]), rates).T for t, d, c in rows])
    return row.ravel().astype(np.int32), np.ascontiguousarray(fates)


def _fates(kind: int, dwelling: int, collapse: float, rates: Rates) -> F64:
    """Return the share of people of each term at each state. (4, terms)"""
    fates = np.full((len(STATES), len(_TERMS)), np.nan)
    if kind >= 0:
        table = rates.casualties
        c = collapse if np.isfinite(collapse) else table.collapse[kind]
        for at, part in ((0, table.indoors[kind]), (4, table.outdoors[kind])):
            fates[:, at : at + 4] = part[:4]
            fates[3, at : at + 4] = (1.0 - c) * part[3] + c * part[4]
    single, multi = rates.shelter.uninhabitable
    low = multi if dwelling == Dwelling.MULTI else single
    high = single if dwelling == Dwelling.SINGLE else multi
    fates[:, 8:11] = np.column_stack([low, high, high])
    fates[:, 11:14] = fates[:, 8:11]
    return fates
