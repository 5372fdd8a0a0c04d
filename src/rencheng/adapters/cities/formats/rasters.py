"""Rasters of any size: opening them, the window of the city, and reading it piece by piece."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from rencheng.adapters.cities.files.coordinates import agreed, is_shifted, short_name
from rencheng.adapters.cities.files.faults import check_size, open_zip
from rencheng.adapters.cities.readers import Job, Source
from rencheng.domain.city import F32, F64
from rencheng.domain.errors import InvalidInputError

DRIVERS = ("GTiff", "AAIGrid", "SRTMHGT", "HFA")
"""Formats of GDAL that are read. Others are left out on purpose: a virtual raster (VRT) may name
other files and addresses, and a file that somebody uploads must not."""
SUFFIXES = {".tif", ".tiff", ".asc", ".hgt", ".img"}
"""Of the one raster that a zip may hold beside other files."""
STRIP_CELLS = 2_000_000
"""Cells read at once: 16 MB as floats. Ours."""
CACHE_MB = 64
"""What GDAL may keep of blocks read; its own default is a share of the machine. Ours."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole cells of a raster: rows and columns from the upper left corner."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def cells(self) -> int:
        """Return how many cells it has."""
        return self.rows * self.columns


def strip_rows(window: Window, multiple: int = 1) -> int:
    """Return how many rows of a window are read at once, a multiple of `multiple`."""
    return max(1, STRIP_CELLS // max(1, window.columns) // multiple) * multiple


@dataclass(frozen=True, slots=True)
class Raster:
    """One band of an open raster whose rows run along the axes of its projection."""

    data: Any
    """The open dataset."""
    band: int
    crs: str
    corner: tuple[float, float]
    """x and y of the upper left corner of the first cell."""
    step: tuple[float, float]
    """Width and height of a cell, both positive."""
    is_flipped: bool
    """Whether the file's first row is the southernmost."""
    unknown: tuple[float, ...]
    """Values that mean nothing is known."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return its rows and columns."""
        return self.data.height, self.data.width

    def read(self, window: Window) -> F64:
        """Return the cells of a window from north to south, with what is unknown as NaN.

        Scale and offset of the file are applied. (rows, columns)

        Raises
        ------
        InvalidInputError
            When the file ends early or a block of it is damaged.
        """
        from rasterio.errors import RasterioError
        from rasterio.windows import Window as Part

        top = window.row
        if self.is_flipped:
            top = self.data.height - window.row - window.rows
        part = Part(window.column, top, window.columns, window.rows)
        try:
            raw = self.data.read(self.band, window=part)
        except RasterioError as error:
            raise _unreadable(Path(self.data.name), error) from error
        values = raw.astype(np.float64)
        for value in self.unknown:
            values[values == (np.float32(value) if raw.dtype == np.float32 else value)] = np.nan
        values[~np.isfinite(values)] = np.nan
        values = values * self.data.scales[self.band - 1] + self.data.offsets[self.band - 1]
        return np.asarray(values[::-1] if self.is_flipped else values)


@contextmanager
def open_raster(
    file: Path, source: Source, job: Job, *, band: int | None = None
) -> Iterator[Raster]:
    """Open one band of a raster file; nothing of its cells is read yet.

    Parameters
    ----------
    file
        A format of `DRIVERS`, also packed alone in a zip.
    source
        Options `band` (counted from 1) and `nodata`; `crs` where the file states none.
    job
        Memory allowed.
    band
        Instead of the option.

    Raises
    ------
    InvalidInputError
        When it is no raster, damaged, turned, without a coordinate system, or has several bands
        and none is named.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    check_size(file, job, factor=0.0)
    name = str(file)
    if file.suffix.lower() == ".zip":
        with open_zip(file, job) as archive:
            members = [m for m in archive.namelist() if Path(m).suffix.lower() in SUFFIXES]
        name = f"/vsizip/{file}/{members[0]}" if len(members) == 1 else f"/vsizip/{file}"
    with warnings.catch_warnings():
        # A raster without a place is refused below, in words of ours.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.Env(GDAL_CACHEMAX=CACHE_MB), _opened(file, name) as data:
            yield _checked(data, file, source, band)


def _opened(file: Path, name: str) -> Any:
    """Return the dataset, by the first format that takes it."""
    import rasterio
    from rasterio.errors import RasterioError

    errors = []
    for driver in DRIVERS:
        try:
            return rasterio.open(name, driver=driver)
        except RasterioError as error:
            errors.append(error)
    raise _unreadable(file, errors[0]) from errors[0]


def _checked(data: Any, file: Path, source: Source, band: int | None) -> Raster:
    wanted = band or source.options.get("band")
    number = int(wanted) if wanted is not None else 1
    params = {"source": source.id, "file": file.name, "bands": data.count, "band": number}
    if wanted is None and data.count > 1:
        raise InvalidInputError(
            "raster.bands",
            f"source {source.id!r}: {file.name} has {data.count} bands",
            hint="Name one with the option band",
            params=params,
        )
    if not 1 <= number <= data.count:
        raise InvalidInputError(
            "raster.no_band",
            f"source {source.id!r}: {file.name} has no band {number}, only {data.count}",
            hint="Name a band that exists; they are counted from 1",
            params=params,
        )
    at = data.transform
    if at.b or at.d:
        raise InvalidInputError(
            "raster.turned",
            f"source {source.id!r}: {file.name} is turned against the axes of its projection",
            hint="Warp it to its projection first (gdalwarp)",
            params=params,
        )
    declared = data.crs.to_wkt() if data.crs else ""
    if not (declared or source.crs) or at.is_identity or not (at.a > 0 and at.e):
        raise InvalidInputError(
            "raster.no_crs",
            f"source {source.id!r}: {file.name} does not say where on earth it lies",
            hint="Write crs beside the source; the file itself must state its corner and cell size",
            params=params,
        )
    bounds = (data.bounds.left, data.bounds.bottom, data.bounds.right, data.bounds.top)
    crs = agreed(declared, source.crs, bounds, source.id)
    if is_shifted(crs):
        raise InvalidInputError(
            "raster.shifted",
            f"source {source.id!r}: a raster cannot be in {crs}",
            hint="Warp it to WGS84 or CGCS2000 first",
            params={**params, "crs": crs},
        )
    nodata = source.options.get("nodata", data.nodatavals[number - 1])
    return Raster(
        data=data,
        band=number,
        crs=short_crs(crs),
        corner=(at.c, at.f if at.e < 0 else at.f + at.e * data.height),
        step=(at.a, abs(at.e)),
        is_flipped=at.e > 0,
        unknown=() if nodata is None or math.isnan(float(nodata)) else (float(nodata),),
    )


def short_crs(crs: str) -> str:
    """Return `EPSG:<n>` or `ESRI:<n>` of a definition where there is one, else the definition."""
    if crs.upper().startswith("EPSG:"):
        return crs.upper()
    name = short_name(crs)
    if name.startswith("EPSG:"):
        return name
    try:
        authority = CRS.from_user_input(crs).to_authority(min_confidence=70)
    except CRSError:
        return crs
    return ":".join(authority) if authority else crs


def box_in(crs: str, clip: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return a box of lon, lat as left, bottom, right, top in a projection; NaN out of reach."""
    try:
        turned = Transformer.from_crs(4326, crs, always_xy=True)
        west, south, east, north = turned.transform_bounds(*clip, densify_pts=21)
    except ProjError:
        return (math.nan, math.nan, math.nan, math.nan)
    return west, south, east, north


def shrink(values: F64, factor: int) -> F32:
    """Return the means of blocks of cells; NaN where less than half of a block is known.

    Examples
    --------
    >>> shrink(np.array([[1.0, 3.0], [np.nan, 5.0]]), 2).tolist()
    [[3.0]]
    """
    if factor == 1:
        return values.astype(np.float32)
    height, width = values.shape
    rows, columns = -(-height // factor), -(-width // factor)
    if (height, width) != (rows * factor, columns * factor):
        # A ragged edge: what lies beyond it is neither known nor unknown.
        inside = np.zeros((rows * factor, columns * factor), dtype=bool)
        inside[:height, :width] = True
        size = inside.reshape(rows, factor, columns, factor).sum(axis=(1, 3))
        padded = np.full(inside.shape, np.nan)
        padded[:height, :width] = values
        values = padded
    else:
        size = np.full((rows, columns), factor * factor)
    blocks = values.reshape(rows, factor, columns, factor)
    known = np.isfinite(blocks)
    if known.all():
        return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)
    mean = np.full((rows, columns), np.nan)
    if known.any():
        count = known.sum(axis=(1, 3))
        total = np.where(known, blocks, 0.0).sum(axis=(1, 3))
        np.divide(total, count, out=mean, where=2 * count >= np.maximum(size, 1))
    return mean.astype(np.float32)


def _unreadable(file: Path, error: Exception) -> InvalidInputError:
    said = str(error).replace(str(file.parent), "").lstrip("/")[:120]
    return InvalidInputError(
        "raster.unreadable",
        f"{file.name} is no raster, or it is damaged or cut short: {said}",
        hint="Open it in QGIS; fetch or export it again",
        params={"file": file.name, "said": said},
    )
