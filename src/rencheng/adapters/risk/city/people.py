"""People of the city in a run's events, by every model that fits, side by side."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.city.hazard import Hazard
from rencheng.adapters.risk.city.stock import BUILDING_CURVES, Shelves
from rencheng.adapters.risk.events.table import Pointwise, Table
from rencheng.adapters.risk.people.counting import people
from rencheng.domain.city import City, DayTime
from rencheng.domain.curve import Curve
from rencheng.domain.provenance import Band, Text
from rencheng.domain.risk_people import Circumstances, PeopleEstimate, PeopleImpact
from rencheng.service.risk_runs import PeopleRow, RiskRun

F64 = NDArray[np.float64]

MOST_PAIRS = 400_000_000
"""Pairs of stored intensity and building of which people are asked at the console: three minutes
of a processor at 0.45 s a million, measured on the default city; memory is that of a block. Ours.
"""


def people_rows(
    city: City,
    hazard: Hazard,
    shelves: Shelves,
    run: RiskRun,
    country: str,
    progress: Callable[[int, int], None],
) -> tuple[PeopleRow, ...]:
    """Return what each model says of each fate; none where a run is too large for the console.

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
    Buildings take the intensity of their point, as the losses do. Occupants stand in the city by
    time of day; outdoors nobody is counted.
    """
    events = hazard.events
    if pairs_of(hazard) > MOST_PAIRS:
        return ()
    curves = _fragilities(city, shelves) if run.set.hazard == "earthquake" else {}
    fitting = {n: c for n, c in curves.items() if c.intensity == events.head.measure}
    found = people(
        _table(city, hazard, fitting),
        Pointwise(source=events, reach_m=0.0),
        fitting,
        when=Circumstances(hour=run.wish.hour, country=country if fitting else ""),
        progress=progress,
    )
    return tuple(row for one in found.estimates for row in _rows(one, found, hazard))


def pairs_of(hazard: Hazard) -> int:
    """Return how many pairs of stored intensity and building there are."""
    events = hazard.events
    on_point = np.bincount(hazard.point[hazard.point >= 0], minlength=len(events.head.place))
    return int(on_point[events.point].sum())


def people_notes(hazard: Hazard) -> tuple[Text, ...]:
    """Return why people were left out; nothing where they were not."""
    pairs = pairs_of(hazard)
    said = {"pairs": pairs / 1e6, "most": MOST_PAIRS / 1e6}
    return (Text("risk.note.many_pairs", said),) if pairs > MOST_PAIRS else ()


def _fragilities(city: City, shelves: Shelves) -> dict[str, Curve]:
    names = {name: shelves.fragility(f"{BUILDING_CURVES}{name}") for name in city.buildings.curves}
    return {name: curve for name, curve in names.items() if curve is not None}


def _table(city: City, hazard: Hazard, curves: dict[str, Curve]) -> Table:
    """Return the buildings at their points, with those inside by time of day."""
    b, place = city.buildings, hazard.events.head.place
    at = np.full((b.id.size, 2), nan)
    known = hazard.point >= 0
    at[known] = place[hazard.point[known]]
    far = hazard.point == -1
    at[far] = b.xy[far]
    night = b.occupants[int(DayTime.NIGHT)].astype(np.float64)
    names = np.array([name if name in curves else "" for name in b.curves] + [""], dtype=object)
    uses = np.array([*b.uses, ""], dtype=object)
    return {
        # By row: two buildings of a source may have one id.
        "id": np.arange(b.id.size).astype(str).astype(object),
        "lon": at[:, 0],
        "lat": at[:, 1],
        "occupants_night": night,
        "occupants_day": b.occupants[int(DayTime.DAY)].astype(np.float64),
        "occupants_transit": b.occupants[int(DayTime.COMMUTE)].astype(np.float64),
        "residents": np.where(b.dwellings > 0, night, 0.0),
        "use": uses[b.use],
        "dwelling": np.where(b.dwellings == 1, "single", np.where(b.dwellings > 1, "multi", "")),
        **({"curve": names[b.curve]} if curves else {}),
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
