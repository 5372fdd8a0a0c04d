"""A first look at a file, for the page on which its columns are mapped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rencheng.domain.errors import RenchengError
from rencheng.service.importing import Column, Preview

ROWS, SHAPES = 8, 300
"""Rows in the table, and geometries on the map of a preview."""
_VERTICES = 200
"""Geometries with more vertices are drawn as their box."""
Sample = tuple[tuple[tuple[str, ...], ...], tuple[Mapping[str, Any], ...]]


def preview(file: Path, part: str = "", crs: str = "") -> Preview:
    """Look at the beginning of a file: what it is, its columns, first rows and shapes."""
    from rencheng.adapters.cities.files.columns import inspect

    seen = inspect(file, part)
    names = [one.name for one in seen.columns]
    system = crs or seen.crs
    try:
        if seen.kind in ("vector", "road_table") and seen.geometry not in ("", "raster"):
            first, shapes = _of_vector(file, seen.part, names, system)
        elif file.suffix.lower() in (".csv", ".tsv", ".txt"):
            first, shapes = _of_table(file, names, system)
        else:
            first, shapes = (), ()
    except (RenchengError, OSError, ValueError, RuntimeError):
        first, shapes = (), ()  # what is wrong with the file stands in its faults
    return Preview(
        name=file.name,
        size=file.stat().st_size,
        kind=seen.kind,
        layers=seen.layers,
        parts=seen.parts,
        part=seen.part,
        crs=seen.crs,
        bbox=seen.bbox,
        is_lonlat=seen.is_lonlat,
        geometry=seen.geometry,
        rows=seen.rows if seen.rows >= 0 else None,
        columns=tuple(
            Column(
                name=one.name,
                type=one.type,
                filled=(one.count - one.nulls) / one.count if one.count else math.nan,
                examples=one.examples,
            )
            for one in seen.columns
        ),
        first=first,
        mapping=seen.mapping,
        options=seen.options,
        faults=seen.faults,
        shapes=shapes,
    )


def _of_vector(file: Path, part: str, names: list[str], crs: str) -> Sample:
    if file.suffix.lower() in (".parquet", ".geoparquet"):
        return (), ()
    import pyogrio
    import shapely

    where = f"/vsizip/{file}" if file.suffix.lower() == ".zip" else str(file)
    meta, _, wkb, data = pyogrio.raw.read(where, layer=part or None, max_features=SHAPES)
    held = [str(name) for name in meta["fields"]]
    first = tuple(
        tuple(_text(data[held.index(name)][row]) if name in held else "" for name in names)
        for row in range(min(ROWS, len(wkb) if wkb is not None else 0))
    )
    geometries = shapely.from_wkb(wkb) if wkb is not None else []
    return first, _geojson(geometries, crs or str(meta.get("crs") or ""))


def _of_table(file: Path, names: list[str], crs: str) -> Sample:
    import numpy as np
    import shapely

    from rencheng.adapters.cities.files.columns import guess_place
    from rencheng.adapters.cities.files.tabular import read_csv
    from rencheng.adapters.cities.readers import Job

    rows = read_csv(file, Job(), limit=SHAPES)
    known = {name: rows.columns[name] for name in names if name in rows.columns}
    count = len(next(iter(known.values()), ()))
    first = tuple(
        tuple(_text(known[name][row]) if name in known else "" for name in names)
        for row in range(min(ROWS, count))
    )
    place = guess_place(names)
    pair = ("lon", "lat") if "lon" in place else ("x", "y")
    if not set(pair) <= set(place):
        return first, ()
    xy = np.array([[_number(one) for one in known[place[axis]]] for axis in pair]).T
    return first, _geojson(shapely.points(xy[np.isfinite(xy).all(axis=1)]), crs)


def _geojson(geometries: Any, crs: str) -> tuple[Mapping[str, Any], ...]:
    """Return geometries in lon, lat as GeoJSON, large ones as their box."""
    import json

    import numpy as np
    import shapely

    from rencheng.adapters.cities.files.coordinates import project_geometries

    known = np.array([one for one in geometries if one is not None and not one.is_empty], object)
    if not known.size:
        return ()
    if crs and crs.upper() not in ("EPSG:4326", "OGC:CRS84"):
        known = np.asarray(project_geometries(known, crs), object)
    known = shapely.force_2d(known)
    many = shapely.get_num_coordinates(known) > _VERTICES
    known[many] = shapely.envelope(known[many])
    return tuple(json.loads(text) for text in shapely.to_geojson(known))


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value)[:80]


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan
