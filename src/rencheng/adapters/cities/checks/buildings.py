"""Buildings and the people in them."""

from __future__ import annotations

import numpy as np

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.adapters.cities.stock.footprints import outlines
from rencheng.domain.city import City, Flags
from rencheng.domain.finding import Severity

# The tallest building has 163 storeys; what is above is taken for a slip. House default.
_MOST_STOREYS = 163
# Below this the mapping hardly knows more than the stock as a whole. House default, no source.
_UNSURE = 0.5


def buildings(city: City, notes: Notes) -> None:
    """Note buildings without cell, curve or people, given twice, or of impossible size."""
    table = city.buildings
    names, xy = table.id, table.xy
    if names.size == 0:
        return
    linked = table.link >= 0
    elsewhere = np.zeros(names.size, dtype=bool)
    elsewhere[linked] = city.roads.zone[table.link[linked]] != table.zone[linked]
    notes.rows("buildings", "buildings_off_street", Severity.INFO, elsewhere, names, xy)
    notes.rows("buildings", "buildings_no_street", Severity.WARNING, ~linked, names, xy)
    notes.rows("grid", "buildings_no_cell", Severity.ERROR, table.cell < 0, names, xy)
    notes.rows("building_types", "buildings_no_curve", Severity.WARNING, table.curve < 0, names, xy)
    with np.errstate(invalid="ignore"):
        unsure = table.certainty < _UNSURE
        small = (table.floor_area_m2 <= 0) | (table.storeys <= 0)
        small |= table.storeys > _MOST_STOREYS
        empty = np.asarray((table.occupants < 0).any(axis=0))
    notes.rows(
        "building_types", "types_unsure", Severity.INFO, unsure, names, xy,
        share=float(unsure.mean()) * 100,
    )  # fmt: skip
    notes.rows("buildings", "buildings_size", Severity.ERROR, small, names, xy)
    notes.rows("occupants", "occupants_negative", Severity.ERROR, empty, names, xy)
    outline = _again(outlines(table.shapes), nothing=0)
    notes.rows("buildings", "footprints_twice", Severity.WARNING, outline, names, xy)
    number = _again(table.id, nothing=None)
    notes.rows("buildings", "buildings_id_twice", Severity.WARNING, number, names, xy)
    _people(city, notes)


def _people(city: City, notes: Notes) -> None:
    table, zones = city.buildings, city.zones
    people = np.nan_to_num(zones.population)
    total = float(people.sum())
    night = float(table.occupants[0].sum(dtype=np.float64))
    built = np.bincount(table.zone[table.zone >= 0], minlength=zones.id.size) > 0
    lonely = ~built & (people > 0)
    homeless = float(people[lonely].sum())
    notes.rows(
        "buildings", "zones_no_building", Severity.WARNING, lonely, zones.id, zones.centre,
        people=round(homeless),
    )  # fmt: skip
    if abs(night - (total - homeless)) > 0.01 * max(total, 1.0):
        notes.fact(
            "occupants", "night", Severity.ERROR, night=round(night), people=round(total - homeless)
        )


def _again(number: np.ndarray, *, nothing: int | None) -> Flags:
    """Return which numbers stood there before. (n,)"""
    order = np.argsort(number, kind="stable")
    sorted_ = number[order]
    same = np.zeros(number.size, dtype=bool)
    same[order[1:]] = sorted_[1:] == sorted_[:-1]
    if nothing is not None:
        same &= number != nothing
    return same
