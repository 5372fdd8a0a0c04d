"""Places with a public duty."""

from __future__ import annotations

import numpy as np

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.domain.city import City
from rencheng.domain.finding import Severity

# Two of a kind this near to each other may be one. [deg] About 50 m; house default, no source.
_NEAR = 0.00045
# The largest hospitals have about 10,000 beds (Zhengzhou, first affiliated hospital).
_MOST_BEDS = 12_000


def facilities(city: City, notes: Notes) -> None:
    """Note hospitals without beds, too little shelter room, and places given twice."""
    places = city.facilities
    hospital = np.array([kind == "hospital" for kind in places.kind], dtype=bool)
    if not hospital.any():
        notes.fact("health_sites", "no_hospital", Severity.ERROR)
    unknown = hospital & np.isnan(places.beds)
    notes.rows("beds", "beds_unknown", Severity.WARNING, unknown, places.id, places.xy)
    with np.errstate(invalid="ignore"):
        wild = (places.beds < 0) | (places.beds > _MOST_BEDS)
    notes.rows("beds", "beds_wild", Severity.ERROR, wild, places.id, places.xy)
    _shelters(city, notes)
    _doubles(city, notes)


def _shelters(city: City, notes: Notes) -> None:
    places, zones = city.facilities, city.zones
    is_shelter = np.nan_to_num(places.shelter_places) > 0
    by_sea = np.zeros(len(places.id), dtype=bool)
    known = places.zone >= 0
    by_sea[known] = zones.is_coastal[places.zone[known]]
    room = float(places.shelter_places[is_shelter & ~by_sea].sum())
    coastal = float(np.nansum(zones.population[zones.is_coastal]))
    if room < coastal:
        notes.fact(
            "shelters", "shelter_room", Severity.WARNING, room=round(room), people=round(coastal)
        )
    wet = is_shelter & by_sea
    notes.rows("shelters", "shelter_coastal", Severity.INFO, wet, places.id, places.xy)
    if not is_shelter.any():
        notes.fact("shelters", "no_shelter", Severity.WARNING)


def _doubles(city: City, notes: Notes) -> None:
    """Note places of one kind and name, or of one kind at one spot."""
    places = city.facilities
    seen: dict[tuple[str, str], int] = {}
    twice = np.zeros(len(places.id), dtype=bool)
    for row, (kind, name) in enumerate(zip(places.kind, places.name, strict=True)):
        key = (kind, name.strip().casefold())
        earlier = seen.setdefault(key, row)
        near = np.abs(places.xy[row] - places.xy[earlier]).max() < _NEAR
        twice[row] = earlier != row and bool(near) and bool(key[1])
    spot: dict[tuple[str, float, float], int] = {}
    for row, kind in enumerate(places.kind):
        at = (kind, round(float(places.xy[row, 0]), 6), round(float(places.xy[row, 1]), 6))
        twice[row] |= spot.setdefault(at, row) != row
    school = np.array([kind == "shelter" for kind in places.kind], dtype=bool)
    for layer, mine in (("schools", school), ("health_sites", ~school)):
        notes.rows(layer, "facilities_twice", Severity.WARNING, twice & mine, places.id, places.xy)
    first: dict[str, int] = {}
    again = np.array(
        [first.setdefault(name, row) != row for row, name in enumerate(places.id)], dtype=bool
    )
    notes.rows("health_sites", "facilities_id_twice", Severity.ERROR, again, places.id, places.xy)
