"""Coordinates, zones and terrain."""

from __future__ import annotations

import numpy as np
from pyproj import Transformer

from rencheng.adapters.cities.checks.notes import Notes
from rencheng.domain.city import F64, City, Flags
from rencheng.domain.finding import Severity

# Registered places may lie a little outside the zones' box. [deg] House default, no source.
_MARGIN = 0.05
# Difference between the zones and the census that is worth a word. No source: house default.
CENSUS_TOLERANCE = 0.05
# Age groups that miss the residents by more than this contradict them. House default.
_AGE_TOLERANCE = 0.05
# So many heights tell whole metres from chance.
_FEW = 100
# Land on Earth: shore of the Dead Sea, summit of Mount Everest. [m]
_LOWEST, _HIGHEST = -440.0, 8850.0


def coordinates(city: City, notes: Notes) -> None:
    """Note places outside the city's box, at 0° 0°, or with lon and lat changed over."""
    west, south, east, north = city.bbox
    low, high = np.array([west, south]) - _MARGIN, np.array([east, north]) + _MARGIN
    streams = [stream.id for stream in city.datastreams]
    stream_xy = np.array([stream.xy for stream in city.datastreams]).reshape(-1, 2)
    tables = (
        ("zones", "zones", city.zones.id, city.zones.centre),
        ("buildings", "buildings", city.buildings.id, city.buildings.xy),
        ("road_nodes", "roads", range(len(city.roads.node_xy)), city.roads.node_xy),
        ("facilities", "health_sites", city.facilities.id, city.facilities.xy),
        ("lifelines", "power_network", city.lifelines.id, city.lifelines.xy),
        ("bus_stops", "bus_stops", city.stops.id, city.stops.xy),
        ("sensors", "sensors", streams, stream_xy),
    )
    for key, layer, names, xy in tables:
        outside = ~_inside(xy, low, high)
        swapped = outside & _inside(xy[:, ::-1], low, high)
        zero = outside & (np.abs(xy) < 1e-9).all(axis=1)
        weight = Severity.INFO if key == "sensors" else Severity.ERROR
        notes.rows(layer, f"outside_{key}", weight, outside, names, xy)
        notes.rows(layer, "swapped_axes", Severity.ERROR, swapped, names, xy)
        notes.rows(layer, "at_zero", Severity.ERROR, zero, names, xy)


def _inside(xy: F64, low: F64, high: F64) -> Flags:
    # One column at a time: four times as fast as a reduction over the axis of two.
    x, y = xy[:, 0], xy[:, 1]
    found: Flags = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    return found


def zones(city: City, notes: Notes) -> None:
    """Note zones without people, names, area or a known distance to the sea."""
    table = city.zones
    names, xy = table.id, table.centre
    people = np.nan_to_num(table.population)
    notes.rows("population", "zones_empty", Severity.WARNING, ~(people > 0), names, xy)
    notes.rows("population", "population_negative", Severity.ERROR, people < 0, names, xy)
    unnamed = np.array([not name for name in table.name], dtype=bool)
    notes.rows("zones", "zones_unnamed", Severity.INFO, unnamed, names, xy)
    notes.rows("coast", "coast_unknown", Severity.WARNING, np.isnan(table.coast_m), names, xy)
    flat = ~(table.area_m2 > 0)
    notes.rows("zones", "zones_flat", Severity.ERROR, flat, names, xy)
    codes = [code for code in table.name if code]
    notes.ids("zones", "zones_same_name", Severity.INFO, _twice(codes))
    numbers = [str(number) for number in table.id]
    notes.ids("zones", "zones_same_id", Severity.ERROR, _twice(numbers))
    aged = table.age.sum(axis=0)
    with np.errstate(invalid="ignore"):
        apart = (np.abs(aged - people) > _AGE_TOLERANCE * np.maximum(people, 1.0)) | (
            table.age < 0
        ).any(axis=0)
    notes.rows("population", "ages_apart", Severity.WARNING, apart, names, xy)
    total, counted = float(np.nansum(table.population)), city.facts.get("population_2024")
    if counted and abs(total / counted - 1) > CENSUS_TOLERANCE:
        notes.fact(
            "population", "census", Severity.WARNING, people=round(total),
            counted=round(counted), share=(total / counted - 1) * 100,
        )  # fmt: skip


def _twice(names: list[str]) -> list[str]:
    """Return the names that stand more than once, in order of appearance."""
    count: dict[str, int] = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    return [name for name, number in count.items() if number > 1]


def terrain(city: City, notes: Notes) -> None:
    """Note heights that are whole metres, impossible or absent."""
    z = city.terrain.z
    if z.size == 0:
        return
    known = z[np.isfinite(z)]
    if known.size >= _FEW and bool((known == np.rint(known)).all()):
        notes.fact("terrain", "terrain_whole_metres", Severity.WARNING, int(known.size))
    wild = int(((known < _LOWEST) | (known > _HIGHEST)).sum())
    notes.fact("terrain", "terrain_wild", Severity.ERROR, wild)
    unknown = z.size - known.size
    notes.fact("terrain", "terrain_unknown", Severity.INFO, unknown, share=unknown / z.size)
    bare = np.isnan(_heights(city, city.zones.centre))
    notes.rows(
        "terrain", "zones_no_height", Severity.WARNING, bare, city.zones.id, city.zones.centre
    )


def _heights(city: City, xy: F64) -> F64:
    """Return the height of the cell under each place, NaN outside. [m] (n,)"""
    terrain = city.terrain
    place = Transformer.from_crs("EPSG:4326", terrain.crs[0], always_xy=True)
    x, y = place.transform(xy[:, 0], xy[:, 1])
    column = np.floor((np.asarray(x) - terrain.corner[0]) / terrain.step[0])
    row = np.floor((terrain.corner[1] - np.asarray(y)) / terrain.step[1])
    rows, columns = terrain.z.shape
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    found = np.full(len(xy), np.nan)
    found[inside] = terrain.z[row[inside].astype(int), column[inside].astype(int)]
    return found
