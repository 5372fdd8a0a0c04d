"""Trends of the city itself: construction and population between two versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.change import CityChange, LayerChange, ZoneChange
from rencheng.domain.city import F64, I64, Buildings, City, Shapes, Zones
from rencheng.domain.errors import InvalidInputError

FIRST = 5
"""How many changed things are named; chosen."""
_LAYERS = ("zones", "buildings", "roads", "facilities", "lifelines", "mains", "stops")
# Columns that follow from other layers: another zone row or road node is no change of the thing.
_DERIVED = frozenset(
    {"zone", "cell", "link", "road_node", "start", "end", "certainty", "xy", "centre", "node_xy"}
)
"""Not compared by value: rows of other tables, and places, which are compared by distance."""
_NAMES = {"curve": "curves", "use": "uses", "kind": "kinds"}
"""Columns that hold rows of a list of names, and the list."""


def changes(before: City, after: City) -> CityChange:
    """Return what differs between two versions of one city.

    A building or street is known by its permanent id, other things by their id. Places count as
    changed when they moved by more than about a metre.

    Raises
    ------
    InvalidInputError
        When the two are not versions of one city.
    """
    if before.id != after.id:
        raise InvalidInputError(
            "city.two_cities",
            f"{before.id} and {after.id} are two cities",
            hint="Compare two versions of the same city",
            params={"before": before.id, "after": after.id},
        )
    layers = [_layer(name, getattr(before, name), getattr(after, name)) for name in _LAYERS]
    return CityChange(
        city=after.id,
        before=before.version,
        after=after.version,
        layers=tuple(one for one in layers if one.added or one.removed or one.changed),
        zones=_by_zone(before, after),
    )


def _layer(name: str, before: Any, after: Any) -> LayerChange:
    here, there = _keys(before.id), _keys(after.id)
    new, gone = ~np.isin(there, here), ~np.isin(here, there)
    now, then = _pairs(here, there)
    differs = _differs(before, after, then, now)
    rows = [np.flatnonzero(new), np.flatnonzero(gone), now[differs]]
    firsts = [(after, i) for i in rows[0][:FIRST]] + [(before, i) for i in rows[1][:FIRST]]
    firsts += [(after, i) for i in rows[2][:FIRST]]
    return LayerChange(
        layer=name,
        added=rows[0].size,
        removed=rows[1].size,
        changed=rows[2].size,
        first=tuple(str(table.id[int(i)]) for table, i in firsts[:FIRST]),
        places=tuple(_place(table, int(i)) for table, i in firsts[:FIRST]),
    )


def _keys(ids: Sequence[str] | NDArray[Any]) -> NDArray[Any]:
    return np.asarray(ids) if len(ids) else np.empty(0, dtype=np.int64)


def _pairs(here: NDArray[Any], there: NDArray[Any]) -> tuple[I64, I64]:
    """Return the rows after and before of what is in both; of equal ids the first counts."""
    if not here.size or not there.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    _, then, now = np.intersect1d(here, there, return_indices=True)
    order = np.argsort(now)
    return now[order], then[order]


def _differs(before: Any, after: Any, then: I64, now: I64) -> NDArray[np.bool_]:
    """Return which of the paired rows have another value in any column of their own."""
    found = np.zeros(now.size, dtype=bool)
    for column in fields(after):
        if column.name in _DERIVED or column.name == "id" or column.name in _NAMES.values():
            continue
        old, new = getattr(before, column.name), getattr(after, column.name)
        if isinstance(new, Shapes):
            found |= _moved(old, new, then, now)
        elif column.name in _NAMES and hasattr(after, _NAMES[column.name]):
            names = (getattr(before, _NAMES[column.name]), getattr(after, _NAMES[column.name]))
            a, b = (np.asarray([*n, ""], dtype=object) for n in names)
            found |= a[old[then]] != b[new[now]]
        elif isinstance(new, tuple):
            a, b = (np.asarray(column, dtype=object) for column in (old, new))
            found |= a[then] != b[now]
        elif new.ndim in (1, 2) and new.shape[-1] == len(after.id):
            a, b = old[..., then], new[..., now]
            same = (a == b) | ((a != a) & (b != b))  # noqa: PLR0124 - NaN is the same unknown
            found |= ~(same if same.ndim == 1 else same.all(axis=0))
    if hasattr(after, "xy"):
        found |= (np.abs(before.xy[then] - after.xy[now]) > 1e-5).any(axis=1)
    return found


def _moved(old: Shapes, new: Shapes, then: I64, now: I64) -> NDArray[np.bool_]:
    """Return whose outline has another number of vertices or another sum of coordinates."""
    a, b = _outline(old)[then], _outline(new)[now]
    return np.asarray((np.abs(a - b) > 1e-5).any(axis=1))


def _outline(shapes: Shapes) -> F64:
    """Return number of vertices and mean lon, lat of each shape; zeros without one. (shapes, 3)"""
    first, last = shapes.part[shapes.shape[:-1]], shapes.part[shapes.shape[1:]]
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(shapes.xy - _origin(shapes), axis=0)])
    count = (last - first).astype(float)
    mean = (sums[last] - sums[first]) / np.maximum(count, 1.0)[:, None]
    return np.column_stack([count, np.where(count[:, None] > 0, mean + _origin(shapes), 0.0)])


def _origin(shapes: Shapes) -> F64:
    origin: F64 = shapes.xy[0] if len(shapes.xy) else np.zeros(2)
    return origin


def _place(table: Any, row: int) -> tuple[float, float]:
    if isinstance(table, Zones):
        x, y = table.centre[row]
    elif hasattr(table, "xy"):
        x, y = table.xy[row]
    else:
        shapes = table.shapes
        k = int(shapes.part[shapes.shape[row]])
        x, y = shapes.xy[k] if k < len(shapes.xy) else (np.nan, np.nan)
    return float(x), float(y)


def _by_zone(before: City, after: City) -> ZoneChange:
    zones = after.zones.id
    row = {int(z): i for i, z in enumerate(zones)}
    old_row = np.array([row.get(int(z), -1) for z in before.zones.id], dtype=np.int64)
    population = after.zones.population.astype(float).copy()
    known = np.zeros(zones.size, dtype=bool)
    for i, r in enumerate(old_row):
        if r >= 0:
            population[r] -= before.zones.population[i]
            known[r] = True
    here, there = before.buildings.id, after.buildings.id
    new, gone = ~np.isin(there, here), ~np.isin(here, there)
    return ZoneChange(
        zone=zones,
        built=_count(after.buildings.zone[new], zones.size),
        demolished=_count(_rows(before.buildings, old_row)[gone], zones.size),
        floor_area_m2=_floor(after.buildings.zone, after.buildings, zones.size)
        - _floor(_rows(before.buildings, old_row), before.buildings, zones.size),
        population=np.where(known, population, np.nan),
    )


def _rows(buildings: Buildings, old_row: I64) -> I64:
    """Return the later zone row of each earlier building, -1 where there is none."""
    zone = buildings.zone.astype(np.int64)
    return np.where(zone >= 0, old_row[np.maximum(zone, 0)], -1) if old_row.size else zone


def _count(rows: NDArray[Any], zones: int) -> I64:
    found: I64 = np.bincount(rows[rows >= 0], minlength=zones).astype(np.int64)
    return found


def _floor(rows: NDArray[Any], buildings: Buildings, zones: int) -> F64:
    inside = rows >= 0
    area = buildings.floor_area_m2[inside].astype(float)
    total = np.bincount(rows[inside], weights=np.nan_to_num(area), minlength=zones)
    return total.astype(np.float64)
