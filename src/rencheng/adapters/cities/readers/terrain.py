"""Terrain: heights of the ground from a GeoTIFF (also cloud-optimised) or an Esri ASCII grid.

Options
-------
band
    Band to read, counted from 1; needed when there are several.
nodata
    Value that means unknown, where the file declares none or a wrong one.
unit
    `metres` (default), `feet` (0.3048 m) or `us_feet` (1200/3937 m): what heights are counted in.
surface
    `true` when it is a surface model, with roofs and trees in it (radar and stereo models such as
    SRTM, Copernicus, ALOS are).
also
    Further tiles beside the file, such as `"*_S31_*.tif + b.tif"`, on the same grid.
max_cells
    Keep no more cells than this; a larger raster is averaged to coarser cells.

The raster keeps its own projection. A raster without a coordinate system takes `crs` of the source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rencheng.adapters.cities.files.coordinates import to_lonlat
from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.files.folders import layer_of_files
from rencheng.adapters.cities.formats.mosaic import Mosaic, open_mosaic, tiles_of
from rencheng.adapters.cities.formats.rasters import Window, shrink
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F32, F64, Terrain
from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.finding import Severity

SHARE = 0.25
"""Part of the job's memory that the terrain may fill. Ours."""
MAX_FACTOR = 256
"""A raster that would have to be averaged over more cells than this along each side is refused."""
USUAL_UNKNOWN = (-9999.0, -32768.0, -32767.0, -99999.0)
"""Values that files use for unknown without declaring them. From common practice, no source."""
# Shore of the Dead Sea (below -430 m) and the summit of Mount Everest (8,849 m), with some room.
LOWEST_M, HIGHEST_M = -500.0, 8900.0
MUCH_UNKNOWN = 0.2
"""Share of unknown cells from which the finding becomes a warning. Ours."""
FEW = 100
"""Fewer known cells than this say nothing about rounding. Ours."""
UNITS = {"metres": 1.0, "feet": 0.3048, "us_feet": 1200.0 / 3937.0}
_DECLARED = {
    "ft": "feet", "foot": "feet", "feet": "feet", "us survey foot": "us_feet", "ftus": "us_feet",
    "us_survey_foot": "us_feet", "foot_us": "us_feet",
}  # fmt: skip


@dataclass(slots=True)
class _Seen:
    """What is counted while the cells go by."""

    undeclared: int = 0
    impossible: int = 0
    known: int = 0
    whole: int = 0
    top: int = 0
    where: tuple[int, int] | None = None
    """Row and column of the first impossible height."""


class TerrainReader:
    """Reads `terrain`."""

    layers: tuple[str, ...] = ("terrain",)

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return the terrain of the city's box; see the module for options."""
        with open_mosaic(file, source, job) as raster:
            window = raster.window_of(job)
            factor = _factor(window, file, source, job)
            unit, is_declared = _unit(raster, source)
            z, seen = _heights(raster, window, factor, UNITS[unit], job)
            terrain = Terrain(
                z=z,
                corner=np.array(raster.corner_of(window)),
                step=np.array(raster.step) * factor,
                crs=(raster.crs,),
            )
            faults = Faults("terrain")
            _judge(terrain, seen, window, faults)
            if raster.first.unknown == () and seen.undeclared:
                faults.add("terrain_nodata", Severity.WARNING, [], count=seen.undeclared)
            if factor > 1:
                faults.add(
                    "terrain_coarser", Severity.INFO, [file.name], factor=factor,
                    step=_step_m(terrain),
                )  # fmt: skip
            if is_declared:
                faults.add("terrain_unit", Severity.INFO, [file.name], unit=unit)
            if source.options.get("surface") is True:
                faults.add("terrain_surface", Severity.WARNING, [file.name])
            layer = layer_of_files(
                "terrain", source, tiles_of(source, file), seen.known, crs=raster.crs[:60]
            )
        return Given(terrain=terrain, layers=(layer,), findings=faults.findings)


READER = TerrainReader()


def _factor(window: Window, file: Path, source: Source, job: Job) -> int:
    """Return how many cells along each side become one, so that the terrain fits."""
    fits = job.memory_mb * 1e6 * SHARE / 4
    wanted = source.options.get("max_cells")
    if isinstance(wanted, int) and wanted > 0:
        fits = min(fits, wanted)
    factor = max(1, math.ceil(math.sqrt(window.cells / fits)))
    if factor > MAX_FACTOR:
        need_mb = round(window.cells * 4 / 1e6)
        raise TooMuchError(
            "city.too_big",
            f"{file.name} has {window.cells} cells inside the city",
            hint="Cut it to the city, or give the job more memory",
            params={"file": file.name, "need_mb": need_mb, "have_mb": job.memory_mb},
        )
    return factor


def _unit(raster: Mosaic, source: Source) -> tuple[str, bool]:
    """Return the unit of the heights, and whether the file rather than the recipe states it."""
    said = source.options.get("unit")
    if said is None:
        declared = str(raster.first.data.units[raster.first.band - 1] or "").strip().lower()
        return _DECLARED.get(declared, "metres"), declared in _DECLARED
    if said not in UNITS:
        raise InvalidInputError(
            "terrain.unit",
            f"source {source.id!r}: unit {said!r}",
            hint=f"Use one of {', '.join(UNITS)}",
            params={"source": source.id, "unit": str(said), "units": ", ".join(UNITS)},
        )
    return str(said), False


def _heights(
    raster: Mosaic, window: Window, factor: int, metre: float, job: Job
) -> tuple[F32, _Seen]:
    """Read the window strip by strip, so that a huge raster never lies in memory whole."""
    z = np.empty((-(-window.rows // factor), -(-window.columns // factor)), np.float32)
    seen = _Seen()
    kind = np.dtype(raster.first.data.dtypes[raster.first.band - 1])
    top = float(np.iinfo(kind).max) if kind.kind in "ui" else math.inf
    for first, values in raster.strips(window, job, multiple=factor):
        _clean(values, raster, first, metre, seen)
        seen.top += int((values == top).sum())
        end = -(-(first + len(values)) // factor)
        z[first // factor : end] = shrink(values * metre, factor)
    return z, seen


def _clean(values: F64, raster: Mosaic, first: int, metre: float, seen: _Seen) -> None:
    """Make unknown what cannot be a height, and count."""
    if not raster.first.unknown:
        undeclared = np.isin(values, USUAL_UNKNOWN)
        seen.undeclared += int(undeclared.sum())
        values[undeclared] = np.nan
    with np.errstate(invalid="ignore"):
        impossible = (values * metre < LOWEST_M) | (values * metre > HIGHEST_M)
    if impossible.any():
        if seen.where is None:
            row, column = np.argwhere(impossible)[0]
            seen.where = (first + int(row), int(column))
        seen.impossible += int(impossible.sum())
        values[impossible] = np.nan
    known = np.isfinite(values)
    count = int(known.sum())
    if count and seen.whole == seen.known:  # one height that is not whole settles the question
        seen.whole += int((values[known] == np.rint(values[known])).sum())
    seen.known += count


def _judge(terrain: Terrain, seen: _Seen, window: Window, faults: Faults) -> None:
    unknown = window.cells - seen.known
    if not seen.known:
        faults.add("terrain_empty", Severity.ERROR, [], count=window.cells)
        return
    if seen.known >= FEW and seen.whole == seen.known:
        faults.add("terrain_whole_metres", Severity.WARNING, [], count=seen.known)
    if seen.top > seen.known // 1000:
        faults.add("terrain_capped", Severity.WARNING, [], count=seen.top)
    if unknown:
        share = unknown / window.cells
        weight = Severity.WARNING if share > MUCH_UNKNOWN else Severity.INFO
        faults.add("terrain_unknown", weight, [], count=unknown, share=share)
    if seen.impossible:
        at = _place(terrain, window, seen.where or (0, 0))
        faults.add(
            "terrain_impossible", Severity.WARNING, [], places=at, count=seen.impossible,
            low=LOWEST_M, high=HIGHEST_M,
        )  # fmt: skip
    if seen.known >= FEW and float(np.nanmax(terrain.z)) == float(np.nanmin(terrain.z)):
        faults.add("terrain_flat", Severity.WARNING, [], count=seen.known)


def _place(terrain: Terrain, window: Window, cell: tuple[int, int]) -> F64:
    """Return lon, lat of a cell of the window that was read. [deg] (1, 2)"""
    step = terrain.step * (terrain.z.shape[1] / window.columns)
    row, column = cell
    x = terrain.corner[0] + (column + 0.5) * step[0]
    y = terrain.corner[1] - (row + 0.5) * step[1]
    return to_lonlat(np.array([[x, y]]), terrain.crs[0])


def _step_m(terrain: Terrain) -> float:
    """Return the height of a cell over the ground. [m]"""
    rows, columns = terrain.z.shape
    x = terrain.corner[0] + terrain.step[0] * columns / 2
    y = terrain.corner[1] - terrain.step[1] * rows / 2
    ends = to_lonlat(np.array([[x, y], [x, y - terrain.step[1]]]), terrain.crs[0])
    lon, lat = np.radians(ends).T
    east = (lon[1] - lon[0]) * math.cos((lat[0] + lat[1]) / 2)
    return float(math.hypot(east, lat[1] - lat[0]) * 6371008.8)
