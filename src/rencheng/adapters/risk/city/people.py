"""People of the city in a run's events, by every model that fits, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.city.hazard import Hazard
from rencheng.adapters.risk.city.stock import BUILDING_CURVES, Shelves
from rencheng.adapters.risk.events.table import Pointwise, Table
from rencheng.adapters.risk.people.assets import MOST
from rencheng.adapters.risk.people.counting import people
from rencheng.domain.city import City, DayTime
from rencheng.domain.curve import Curve
from rencheng.domain.provenance import Band, Text
from rencheng.domain.risk import OUTSIDE
from rencheng.domain.risk_people import Circumstances, PeopleEstimate, PeopleImpact
from rencheng.service.risk_runs import PeopleRow, RiskRun

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

MOST_PAIRS = 400_000_000
"""Pairs of stored intensity and pool of which people are asked at the console: three minutes of a
processor at 0.45 s a million, measured on the default city; memory is that of a block. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pools:
    """Buildings that differ in nothing but how many people they hold, taken together."""

    row: I64
    """A building of each. (pools,)"""
    point: I32
    """(pools,)"""
    inside: F64
    """By time of day. (3, pools)"""


def people_of(
    city: City,
    hazard: Hazard,
    shelves: Shelves,
    run: RiskRun,
    country: str,
    progress: Callable[[int, int], None],
) -> tuple[tuple[PeopleRow, ...], tuple[Text, ...]]:
    """Return what each model says of each fate; where a run is too large, nothing and a note.

    Parameters
    ----------
    city, hazard, shelves, run
        Who, what happens, curves, and at what hour.
    country
        Of the national rapid model; empty: none is asked.
    progress
        Called with events done and all events.

    Notes
    -----
    Buildings take the intensity of their point, as the losses do. Those of one point, curve, use
    and kind of dwelling are taken together: every model is linear in people, so sums differ by
    rounding alone. Occupants stand in the city by time of day; outdoors nobody is counted.
    """
    events, pools = hazard.events, _pools(city, hazard)
    on_point = np.bincount(pools.point[pools.point >= 0], minlength=len(events.head.place))
    pairs = int(on_point[events.point].sum())
    if pairs > MOST_PAIRS:
        said = {"pairs": pairs / 1e6, "most": MOST_PAIRS / 1e6}
        return (), (Text("risk.note.many_pairs", said),)
    curves = _fragilities(city, shelves) if run.set.hazard == "earthquake" else {}
    fitting = {n: c for n, c in curves.items() if c.intensity == events.head.measure}
    found = people(
        _table(city, hazard, pools, fitting),
        [Pointwise(source=one, reach_m=0.0) for one in (events, hazard.speed) if one is not None],
        fitting,
        when=Circumstances(hour=run.wish.hour, country=country if fitting else ""),
        progress=progress,
    )
    return tuple(row for one in found.estimates for row in _rows(one, found, hazard)), ()


def _pools(city: City, hazard: Hazard) -> _Pools:
    """Return the pools; alone stay numbers that cannot be, and pools of too many for one place."""
    b, inside = city.buildings, city.buildings.occupants.astype(np.float64)
    alike = np.column_stack([hazard.point, b.curve, b.use, np.clip(b.dwellings, 0, 2)])
    kinds, which = np.unique(alike.astype(np.int64), axis=0, return_inverse=True)
    which = which.ravel()
    alone = np.asarray(((inside < 0.0) | ~(inside <= MOST)).any(axis=0))
    sums = [np.bincount(which[~alone], part[~alone], len(kinds)) for part in inside]
    alone |= np.asarray((np.stack(sums) > MOST).any(axis=0))[which]
    which[alone] = len(kinds) + np.arange(int(alone.sum()))
    _, row, which = np.unique(which, return_index=True, return_inverse=True)
    return _Pools(
        row=row.astype(np.int64),
        point=hazard.point[row],
        inside=np.stack([np.bincount(which, part, row.size) for part in inside]),
    )


def _fragilities(city: City, shelves: Shelves) -> dict[str, Curve]:
    names = {name: shelves.fragility(f"{BUILDING_CURVES}{name}") for name in city.buildings.curves}
    return {name: curve for name, curve in names.items() if curve is not None}


def _table(city: City, hazard: Hazard, pools: _Pools, curves: dict[str, Curve]) -> Table:
    """Return the pools at their points, with those inside by time of day."""
    b, place = city.buildings, hazard.events.head.place
    at = np.full((pools.row.size, 2), nan)
    known, far = pools.point >= 0, pools.point == OUTSIDE
    at[known] = place[pools.point[known]]
    at[far] = b.xy[pools.row[far]]
    homes = b.dwellings[pools.row]
    night = pools.inside[int(DayTime.NIGHT)]
    names = np.array([name if name in curves else "" for name in b.curves] + [""], dtype=object)
    uses = np.array([*b.uses, ""], dtype=object)
    return {
        "id": np.arange(pools.row.size).astype(str).astype(object),
        "lon": at[:, 0],
        "lat": at[:, 1],
        "occupants_night": night,
        "occupants_day": pools.inside[int(DayTime.DAY)],
        "occupants_transit": pools.inside[int(DayTime.COMMUTE)],
        "residents": np.where(homes > 0, night, 0.0),
        "use": uses[b.use[pools.row]],
        "dwelling": np.where(homes == 1, "single", np.where(homes > 1, "multi", "")),
        **({"curve": names[b.curve[pools.row]]} if curves else {}),
    }


def _rows(one: PeopleEstimate, found: PeopleImpact, hazard: Hazard) -> list[PeopleRow]:
    rows = []
    for k, fate in enumerate(one.fate):
        low, central, high = one.low[:, k], one.central[:, k], one.high[:, k]
        if hazard.is_sampled:
            over = Band.of(central)
            band = [over.p05, over.p50, over.p95]
            mean, span = float(central.mean()), (float(low.mean()), float(high.mean()))
        elif hazard.is_annual:
            often = found.rate
            mean = float((often * central).sum())
            band, span = [nan, mean, nan], (float((often * low).sum()), float((often * high).sum()))
        else:
            worst = int(np.argmax(central)) if central.size else 0
            mean = float(central[worst]) if central.size else nan
            band = [nan, mean, nan]
            span = (float(low[worst]), float(high[worst])) if central.size else (nan, nan)
        rows.append(
            PeopleRow(
                model=one.model, fate=fate.value, mean=mean, p05=float(band[0]),
                p50=float(band[1]), p95=float(band[2]), low=span[0], high=span[1],
                is_partial=one.is_partial, notes=one.notes,
            )
        )  # fmt: skip
    return rows
