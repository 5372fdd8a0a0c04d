"""Putting a user's rows on the map: lon, lat of the right kind, valid areas, inside the clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from rencheng.adapters.cities.files import coordinates
from rencheng.adapters.cities.files.picking import Picked, as_texts
from rencheng.adapters.cities.given import Geometries
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F64, Flags
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.finding import Severity

POINTS, LINES, AREAS = "points", "lines", "polygons"
TYPES = {POINTS: (0, 4), LINES: (1, 5), AREAS: (3, 6)}
"""Numbers of shapely's geometry types: single and multiple."""
# A mended area that differs by more than this from the drawn one is no longer what was meant.
MAX_CHANGE = 0.2


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows with their place."""

    picked: Picked
    xy: F64
    """A point inside or on each thing. [deg] (rows, 2)"""
    shapes: Geometries
    """Areas or lines in lon, lat; None for points. (rows,)"""
    crs: str
    """What they came in; empty: lon, lat."""


def place(
    picked: Picked, source: Source, wanted: tuple[str, ...], job: Job
) -> tuple[Placed | None, list[Fault]]:
    """Return the rows that lie somewhere, or why none can.

    Parameters
    ----------
    wanted
        Kinds of geometry that the layer takes, of `TYPES`.
    """
    shapes, xy, wrong = _geometry(picked)
    if wrong:
        return None, wrong
    if source.options.get("swap_axes"):
        xy = xy[:, ::-1]
        shapes = None if shapes is None else shapely.transform(shapes, lambda c: c[:, ::-1])
    picked, xy, shapes = _present(picked, xy, shapes)
    if not len(xy):
        return None, [_fault("reading.nothing_placed", "geometry", "no row has a place")]
    crs, wrong = _system(picked, source, xy, job)
    if wrong:
        return None, wrong
    plain = coordinates.crs_name(crs) == coordinates.LONLAT
    if shapes is not None:
        shapes = coordinates.project_geometries(shapes, crs)
        picked, shapes = _right_kind(picked, shapes, wanted)
        if not len(shapes):
            return None, [_fault("reading.geometry", "geometry", "of another kind", wanted)]
        job.go_on(0.5)
        if AREAS in wanted:
            picked, shapes = _mended(picked, shapes)
        xy = points_of(shapes)
        box = shapely.bounds(shapes)
    else:
        _note_shift(picked, xy, crs)
        xy = coordinates.to_lonlat(xy, crs)
        box = np.column_stack([xy, xy])
        if POINTS not in wanted:
            return None, [_fault("reading.geometry", "geometry", "of another kind", wanted)]
    if shapes is not None:
        _note_shift(picked, xy, crs)
    good = _on_earth(box)
    if not good.any() and len(good):
        return None, [_fault("reading.crs_missing", "crs", "no place lies on the earth", (crs,))]
    picked.faults.add("place_out_of_range", Severity.ERROR, picked.ids[~good])
    if job.clip is not None:
        inside = good & _touches(box, job.clip)
        picked.faults.add("place_clipped", Severity.INFO, picked.ids[good & ~inside])
        good = inside
    areas = np.full(len(xy), None, dtype=object) if shapes is None else shapes
    return Placed(picked.keep(good), xy[good], areas[good], "" if plain else crs), []


def _fault(key: str, where: str, problem: str, first: tuple[str, ...] = ()) -> Fault:
    return Fault(where=where, key=key, problem=problem, hint="See the guide", first=first)


def _geometry(picked: Picked) -> tuple[Geometries | None, F64, list[Fault]]:
    """Return geometries, or none, and a point of each row in the file's own coordinates."""
    rows = picked.rows
    shapes = rows.geometry
    if shapes is None and picked.has("wkt"):
        texts = as_texts(rows.columns[picked.mapping["wkt"]])
        texts[texts == ""] = None
        shapes = shapely.from_wkt(texts, on_invalid="ignore")
    if shapes is not None:
        flat = coordinates.flattened(np.asarray(shapes, dtype=object))
        if (shapely.get_type_id(flat[:1000]) <= 0).all():
            return _only_points(flat)
        box = shapely.bounds(flat)
        return flat, (box[:, :2] + box[:, 2:]) / 2.0, []
    for x, y in (("lon", "lat"), ("x", "y")):
        if picked.has(x) and picked.has(y):
            return None, np.column_stack([picked.numbers(x), picked.numbers(y)]), []
    fault = _fault("reading.no_place", "lon, lat", "no columns say where things lie",
                   tuple(rows.names[:20]))  # fmt: skip
    return None, np.empty((0, 2)), [fault]


def _only_points(shapes: Geometries) -> tuple[Geometries | None, F64, list[Fault]]:
    """Return the places of points without keeping the geometries; of a mixture, both."""
    kinds = shapely.get_type_id(shapes)
    box = shapely.bounds(shapes)
    middle = (box[:, :2] + box[:, 2:]) / 2.0
    return (None if (kinds <= 0).all() else shapes), middle, []


def _present(
    picked: Picked, xy: F64, shapes: Geometries | None
) -> tuple[Picked, F64, Geometries | None]:
    """Leave out rows without a place, or with the place 0, 0 that means none."""
    there = np.isfinite(xy).all(axis=1)
    picked.faults.add("place_missing", Severity.WARNING, picked.ids[~there])
    zero = there & (xy == 0.0).all(axis=1)
    picked.faults.add("place_zero", Severity.ERROR, picked.ids[zero])
    good = there & ~zero
    if good.all():
        return picked, xy, shapes
    return picked.keep(good), xy[good], None if shapes is None else shapes[good]


def _system(picked: Picked, source: Source, xy: F64, job: Job) -> tuple[str, list[Fault]]:
    """Return what the coordinates are in, or why it cannot be told."""
    bounds = (*xy.min(axis=0), *xy.max(axis=0))
    declared = picked.rows.crs
    try:
        crs = coordinates.agreed(declared, source.crs, bounds, source.id)
    except InvalidInputError as error:
        first = tuple(str(value) for value in error.params.values())
        key = "reading.crs_differs" if error.key == "city.crs_differs" else "reading.crs_unknown"
        return "", [
            Fault(where="crs", key=key, problem=error.problem, hint=error.hint, first=first[-2:])
        ]
    if coordinates.looks_swapped(xy, job.clip, crs):
        problem = f"x and y look swapped: first {xy[0, 0]:g}, {xy[0, 1]:g}"
        hint = "Set options.swap_axes = true, or mend the columns"
        told = (f"{xy[0, 0]:g}, {xy[0, 1]:g}",)
        fault = Fault(where="lon, lat", key="reading.axes", problem=problem, hint=hint, first=told)
        return "", [fault]
    if coordinates.is_degrees(crs) and not _on_earth(np.column_stack([xy, xy])).any():
        told = (f"{xy[0, 0]:g}, {xy[0, 1]:g}",)
        return "", [_fault("reading.crs_missing", "crs", "coordinates are no degrees", told)]
    return crs, []


def _note_shift(picked: Picked, xy: F64, crs: str) -> None:
    name = coordinates.crs_name(crs)
    if name in coordinates.SHIFTED:
        outside = ~coordinates.in_mainland(xy)
        picked.faults.add(
            "crs_shifted", Severity.INFO, picked.ids[~outside], xy[~outside], crs=name
        )
        picked.faults.add(
            "crs_shift_outside", Severity.WARNING, picked.ids[outside], xy[outside], crs=name
        )
    elif name == "EPSG:4490" or "CGCS2000" in str(coordinates.title(name)):
        picked.faults.add("crs_cgcs2000", Severity.INFO, picked.ids, crs=name)


def _on_earth(box: F64) -> Flags:
    with np.errstate(invalid="ignore"):
        west, south, east, north = box.T
        good = (west >= -180.0) & (east <= 180.0) & (south >= -90.0) & (north <= 90.0)
    return np.asarray(good, dtype=np.bool_)


def _touches(box: F64, clip: tuple[float, float, float, float]) -> Flags:
    west, south, east, north = clip
    return np.asarray(
        (box[:, 2] >= west) & (box[:, 0] <= east) & (box[:, 3] >= south) & (box[:, 1] <= north)
    )


def _right_kind(
    picked: Picked, shapes: Geometries, wanted: tuple[str, ...]
) -> tuple[Picked, Geometries]:
    kinds = [number for name in wanted for number in TYPES[name]]
    good = np.isin(shapely.get_type_id(shapes), kinds) & ~shapely.is_empty(shapes)
    picked.faults.add("geometry_wrong", Severity.ERROR, picked.ids[~good])
    return picked.keep(good), shapes[good]


def _mended(picked: Picked, shapes: Geometries) -> tuple[Picked, Geometries]:
    """Mend areas that cross themselves; leave out those that mending would change too much."""
    areas = np.isin(shapely.get_type_id(shapes), TYPES[AREAS])
    bad = np.flatnonzero(areas & ~shapely.is_valid(shapes))
    flat = np.flatnonzero(areas & (shapely.area(shapes) <= 0.0))
    good = np.ones(len(shapes), dtype=np.bool_)
    good[flat] = False
    bad = bad[good[bad]]
    if len(bad):
        drawn = shapely.area(shapes[bad])
        mended = _areas_only(shapely.make_valid(shapes[bad]))
        change = np.abs(shapely.area(mended) - drawn) / drawn
        lost = change > MAX_CHANGE
        shapes = shapes.copy()
        shapes[bad[~lost]] = mended[~lost]
        good[bad[lost]] = False
        kept = bad[~lost]
        at = shapely.bounds(shapes[kept])[:, :2]
        picked.faults.add("area_mended", Severity.WARNING, picked.ids[kept], at)
    at = shapely.bounds(shapes[~good])[:, :2]
    picked.faults.add("area_refused", Severity.ERROR, picked.ids[~good], at)
    return picked.keep(good), shapes[good]


def _areas_only(shapes: Geometries) -> Geometries:
    """Keep the polygons of collections that mending leaves behind. (n,)"""
    found = shapes.copy()
    for i in np.flatnonzero(shapely.get_type_id(shapes) == 7):
        parts = shapely.get_parts(shapes[i])
        kept = [p for p in shapely.get_parts(parts) if p.geom_type == "Polygon"]
        found[i] = shapely.union_all(kept) if kept else shapely.Polygon()
    return found


def points_of(shapes: Geometries) -> F64:
    """Return a point in or on each geometry: the centroid where it lies inside. [deg] (n, 2)"""
    middle = shapely.centroid(shapes)
    xy = shapely.get_coordinates(middle)
    is_area: Any = np.isin(shapely.get_type_id(shapes), TYPES[AREAS])
    apart = is_area & ~shapely.contains_xy(shapes, xy[:, 0], xy[:, 1])
    if apart.any():
        xy[apart] = shapely.get_coordinates(shapely.point_on_surface(shapes[apart]))
    return np.asarray(xy, dtype=np.float64)
