"""Sensors: where they are, and what nobody watches."""

from __future__ import annotations

import numpy as np

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.adapters.cities.ground import areas_of, row_of
from rencheng.domain.city import City
from rencheng.domain.finding import Severity
from rencheng.domain.observation import CITY_NEEDS

_LAYER = "sensors"


def sensors(city: City, notes: Notes) -> None:
    """Note sensors that lie outside, watch nothing known or share an id, and what is unwatched."""
    streams = city.datastreams
    ids = [stream.id for stream in streams]
    if streams:
        xy = np.array([stream.xy for stream in streams])
        outside = row_of(areas_of(city.zones.shapes), xy) < 0
        notes.rows(_LAYER, "sensors_outside", Severity.INFO, outside, ids, xy)
        known = {*city.lifelines.id, *city.facilities.id, ""}
        known |= {f"zone:{number}" for number in city.zones.id}
        astray = np.array([stream.asset not in known for stream in streams])
        notes.rows(_LAYER, "sensors_astray", Severity.ERROR, astray, ids, xy)
        first: dict[str, int] = {}
        twice = np.array([first.setdefault(name, row) != row for row, name in enumerate(ids)])
        notes.rows(_LAYER, "sensors_twice", Severity.ERROR, twice, ids, xy)
        odd = np.array([not one.low < one.high or not one.interval_s > 0 for one in streams])
        notes.rows(_LAYER, "sensors_range", Severity.ERROR, odd, ids, xy)
    watched = {stream.asset for stream in streams}
    places = city.facilities
    blind = np.array(
        [kind == "hospital" and name not in watched
         for name, kind in zip(places.id, places.kind, strict=True)], dtype=bool,
    )  # fmt: skip
    notes.rows(_LAYER, "hospitals_unwatched", Severity.WARNING, blind, places.id, places.xy)
    there = np.array([stream.zone for stream in streams], dtype=np.int64)
    count = np.bincount(there[there >= 0], minlength=city.zones.id.size)
    notes.rows(
        _LAYER, "zones_no_sensor", Severity.INFO, count == 0, city.zones.id, city.zones.centre
    )
    quantities = {stream.quantity for stream in streams}
    silent = [one.value for one in CITY_NEEDS if one not in quantities]
    notes.ids(_LAYER, "quantities_unwatched", Severity.WARNING, silent)
