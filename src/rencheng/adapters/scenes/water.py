"""From two scenes to a map of water: the part over the city, on one grid, told by cell."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.exports.contents import GRID
from rencheng.adapters.exports.geometry import geometries
from rencheng.adapters.scenes.look import CLOUDS, Look
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.provenance import Mode, Origin
from rencheng.domain.scene import SceneKind, WaterMap
from rencheng.sense.water import METHOD, by_cell, decibels, two_classes, water_index

F64 = NDArray[np.float64]
MAX_PIXELS = 16_000_000
"""A city of 40 km at 10 m. Larger windows are averaged to coarser pixels. Ours."""
# Scene classification of Sentinel-2 level 2A: no data, saturated, cloud shadow, cloud of medium and
# high probability, cirrus, snow.
CLOUDY = (0, 1, 3, 8, 9, 10, 11)
_OUTLINE_POINTS = 20
"""Points along each side of the footprint, so that it follows the projection's curves."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What else a map of water must say."""

    run: str
    mode: Mode
    received: datetime
    source: str
    licence: str = ""
    origin: Origin = Origin.OBSERVED


def map_water(
    city: City,
    after: Look,
    before: Look,
    wanted: Wanted,
    *,
    progress: Progress = lambda _step: None,
) -> WaterMap:
    """Compare two scenes of the same sensor.

    Parameters
    ----------
    city
        Whose grid cells are told.
    after, before
        The scenes, the later one first.
    wanted
        What stands beside the result.
    progress
        Told the step that begins: `read`, `classes`, `cells`.

    Raises
    ------
    InvalidInputError
        When the scenes do not fit each other, do not show the city, or show one class only.
    """
    if after.kind is not before.kind:
        raise _no("scene.kinds", "one scene is radar, the other optical", "Compare like with like")
    if before.taken >= after.taken:
        raise _no("scene.order", f"{before.name} was not taken before {after.name}",
                  "Name the later scene first", before=before.name, after=after.name)  # fmt: skip
    progress("read")
    with ExitStack() as stack:
        frame = _frame(stack, city, after)
        now = _read(stack, frame, after)
        then = _read(stack, frame, before)
        cell = _cells(frame, city)
    progress("classes")
    # The darker class of radar is water; of the optical index it is the brighter one.
    sign = 1.0 if after.kind is SceneKind.RADAR else -1.0
    shown = np.isfinite(now) & np.isfinite(then)
    classes = two_classes(sign * np.where(shown, now, np.nan), sign * np.where(shown, then, np.nan))
    water, water_before = (classes.low_probability(sign * image) for image in (now, then))
    progress("cells")
    found = by_cell(water, water_before, cell, len(city.grid.id))
    rows = np.flatnonzero(found.seen > 0)
    if not len(rows):
        raise _outside(after)
    key = f"{wanted.run}|{city.version}|{METHOD}|{after.name}|{before.name}|{after.taken}"
    return WaterMap(
        id=hashlib.sha256(key.encode()).hexdigest()[:32],
        scene=after.name,
        before=before.name,
        kind=after.kind,
        taken=after.taken,
        before_taken=before.taken,
        received=wanted.received,
        source=wanted.source or after.platform,
        licence=wanted.licence or after.licence,
        origin=wanted.origin,
        footprint=frame.outline,
        pixel_m=frame.pixel_m,
        method=METHOD,
        threshold=sign * classes.threshold,
        separation=classes.separation,
        city=city.version,
        cells=tuple(city.grid.id[row] for row in rows),
        water=tuple(found.water[rows].tolist()),
        flooded=tuple(found.flooded[rows].tolist()),
        confidence=tuple(found.confidence[rows].tolist()),
        seen=tuple(found.seen[rows].tolist()),
        mode=wanted.mode,
        run=wanted.run,
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """The grid of pixels on which both scenes are read."""

    crs: Any
    transform: Any
    rows: int
    columns: int
    pixel_m: float
    outline: tuple[tuple[float, float], ...]


def _open(stack: ExitStack, file: Path) -> Any:
    import rasterio
    from rasterio.errors import RasterioError

    try:
        data = stack.enter_context(rasterio.open(file, driver="GTiff"))
    except RasterioError as error:
        raise _no("scene.unreadable", f"{file.name} cannot be read: {error}",
                  "Give a whole GeoTIFF", file=file.name, why=str(error)) from error  # fmt: skip
    if data.crs is None or data.transform.is_identity:
        raise _no("scene.no_place", f"{file.name} does not say where on earth it lies",
                  "Terrain-correct it first, into a projection", file=file.name)  # fmt: skip
    return data


def _frame(stack: ExitStack, city: City, look: Look) -> _Frame:
    """Return a scene's pixels over the city's box, coarser when there are too many.

    Where the box reaches beyond the scene its pixels are unknown, so that a cell of which the
    scene shows a corner only is not taken for seen.
    """
    from rasterio.transform import Affine
    from rasterio.warp import transform_bounds
    from rasterio.windows import from_bounds

    data = _open(stack, next(iter(look.bands.values()))[0])
    box = transform_bounds("EPSG:4326", data.crs, *city.bbox, densify_pts=21)
    window = from_bounds(*box, transform=data.transform)
    top, left = math.floor(window.row_off), math.floor(window.col_off)
    bottom = math.ceil(window.row_off + window.height)
    right = math.ceil(window.col_off + window.width)
    shown = max(0, top), max(0, left), min(data.height, bottom), min(data.width, right)
    if shown[2] <= shown[0] or shown[3] <= shown[1]:
        raise _outside(look)
    factor = max(1, math.ceil(math.sqrt((bottom - top) * (right - left) / MAX_PIXELS)))
    whole = data.transform
    x = whole.c + whole.a * left + whole.b * top
    y = whole.f + whole.d * left + whole.e * top
    a, b, d, e = (value * factor for value in (whole.a, whole.b, whole.d, whole.e))
    return _Frame(
        crs=data.crs,
        transform=Affine(a, b, x, d, e, y),
        rows=-(-(bottom - top) // factor),
        columns=-(-(right - left) // factor),
        pixel_m=_pixel_m(data, (top + bottom) / 2, (left + right) / 2) * factor,
        outline=_outline(data, shown),
    )


def _places(data: Any, rows: F64, columns: F64) -> tuple[list[float], list[float]]:
    """Return longitudes and latitudes of places in a raster, counted in rows and columns."""
    from rasterio.warp import transform

    at = data.transform
    lon, lat = transform(
        data.crs,
        "EPSG:4326",
        at.c + at.a * columns + at.b * rows,
        at.f + at.d * columns + at.e * rows,
    )
    return list(map(float, lon)), list(map(float, lat))


def _pixel_m(data: Any, row: float, column: float) -> float:
    """Return the width of a pixel, on the sphere of 6,371 km. [m]"""
    lon, lat = _places(data, np.array([row, row]), np.array([column, column + 1]))
    width = math.hypot((lon[1] - lon[0]) * math.cos(math.radians(lat[0])), lat[1] - lat[0])
    return math.radians(width) * 6_371_000.0


def _outline(data: Any, shown: tuple[int, int, int, int]) -> tuple[tuple[float, float], ...]:
    top, left, bottom, right = shown
    down, across = (np.linspace(*ends, _OUTLINE_POINTS) for ends in ((top, bottom), (left, right)))
    one = np.ones(_OUTLINE_POINTS)
    rows = np.concatenate([top * one, down, bottom * one, down[::-1]])
    columns = np.concatenate([across, right * one, across[::-1], left * one])
    return tuple(zip(*_places(data, rows, columns), strict=True))


def _read(stack: ExitStack, frame: _Frame, look: Look) -> F64:
    """Return a scene's image on the frame: decibels, or the index of water; NaN unknown."""
    if look.kind is SceneKind.RADAR:
        values = _band(stack, frame, look, "radar")
        # Backscatter is given as power, or as decibels, which are negative nearly everywhere.
        is_db = float(np.nanmedian(values)) < 0 if np.isfinite(values).any() else False
        return decibels(10.0 ** (values / 10.0) if is_db else values)
    green = _band(stack, frame, look, "green")
    image = water_index(green, _band(stack, frame, look, "infrared"))
    if CLOUDS in look.bands:
        image[np.isin(_band(stack, frame, look, CLOUDS), CLOUDY)] = np.nan
    return image


def _band(stack: ExitStack, frame: _Frame, look: Look, role: str) -> F64:
    from rasterio.enums import Resampling
    from rasterio.errors import RasterioError
    from rasterio.vrt import WarpedVRT

    file, number = look.bands[role]
    data = _open(stack, file)
    if number > data.count:
        raise _no("scene.band_number", f"{file.name} has no band {number}, only {data.count}",
                  "Bands of a GeoTIFF are counted from 1", file=file.name,
                  band=str(number))  # fmt: skip
    method = Resampling.nearest if role == CLOUDS else Resampling.average
    try:
        with WarpedVRT(
            data, crs=frame.crs, transform=frame.transform, width=frame.columns,
            height=frame.rows, resampling=method, dtype="float32", nodata=np.nan,
            src_nodata=data.nodatavals[number - 1],
        ) as view:  # fmt: skip
            return np.asarray(view.read(number), dtype=np.float64)
    except RasterioError as error:
        raise _no("scene.unreadable", f"{file.name} cannot be read: {error}",
                  "Give a whole GeoTIFF", file=file.name, why=str(error)) from error  # fmt: skip


def _cells(frame: _Frame, city: City) -> NDArray[np.int32]:
    """Return the row of the grid cell that holds each pixel's centre, -1: none. (rows, columns)"""
    import shapely
    from rasterio.features import rasterize
    from rasterio.warp import transform

    def onto(xy: F64) -> F64:
        return np.column_stack(transform("EPSG:4326", frame.crs, xy[:, 0], xy[:, 1]))

    found = geometries(GRID, city, np.arange(len(city.grid.id)))
    is_area = np.isin(shapely.get_type_id(found), (3, 6))  # polygon, multipolygon
    rows = np.flatnonzero(is_area)
    pairs = list(zip(shapely.transform(found[rows], onto), rows.tolist(), strict=True))
    if not pairs:
        raise _no("scene.no_cells", "the city has no cells with a shape", "Build it with a grid")
    return np.asarray(
        rasterize(pairs, (frame.rows, frame.columns), fill=-1, transform=frame.transform,
                  dtype="int32")
    )  # fmt: skip


def _outside(look: Look) -> InvalidInputError:
    return _no("scene.outside", f"{look.name} shows nothing of the city",
               "Take a scene whose footprint holds the city", scene=look.name)  # fmt: skip


def _no(key: str, problem: str, hint: str, **params: str) -> InvalidInputError:
    return InvalidInputError(key, problem, hint=hint, params=params)
