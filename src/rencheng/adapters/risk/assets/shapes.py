"""Assets given as areas and lines: read, and made sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.readers import Job
from rencheng.adapters.risk.assets.table import Assets, read_assets
from rencheng.adapters.risk.events.table import Table
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.adapters.risk.tables import must_be_there
from rencheng.domain.curve import Curve

STEP_M = 50.0
"""Ours. [m]"""
GEOMETRY = "geometry"
"""Column of shapely geometries in lon, lat."""
VECTORS = (".gpkg", ".geojson", ".json", ".fgb", ".shp", ".parquet", ".geoparquet")


@dataclass(frozen=True, kw_only=True)
class ShapeTable(Mapping[str, Any]):
    """A table of assets with `geometry`, and how finely it is cut."""

    columns: Table
    step_m: float = STEP_M
    """Pieces into which lines, and areas over points, are cut. [m]"""

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(map(str, self.columns))

    def __len__(self) -> int:
        return len(list(self))


def read_shapes(file: Path, step_m: float = STEP_M) -> ShapeTable:
    """Return the features of a vector file as columns, with `geometry` in lon, lat.

    Raises
    ------
    InvalidInputError
        When it cannot be read, or does not say its coordinate system.
    """
    from rencheng.adapters.cities.files.coordinates import project_geometries
    from rencheng.adapters.cities.files.features import read_features

    must_be_there(file)
    rows = read_features(file, Job())
    if rows.geometry is None:
        refuse([fault("columns", file.name, [GEOMETRY])])
    # GeoJSON is lon, lat by its standard (RFC 7946, section 4).
    if not rows.crs and file.suffix.lower() not in {".geojson", ".json"}:
        refuse([fault("crs", file.name, [file.name])])
    shapes = project_geometries(np.asarray(rows.geometry, dtype=object), rows.crs)
    return ShapeTable(columns={**rows.columns, GEOMETRY: shapes}, step_m=step_m)


def read_areas(table: Table, curves: Mapping[str, Curve]) -> Assets:
    """Return the assets of a table with `geometry`; see `meeting.assets_of`.

    Raises
    ------
    InvalidInputError
        As `read_assets`; when something else stands in place of a geometry, or the step is none.
    """
    step = table.step_m if isinstance(table, ShapeTable) else STEP_M
    if not step > 0:
        refuse([fault("step", "step_m", [f"{step:g}"])])
    given = _objects(table[GEOMETRY])
    refuse(
        [fault("geometry", "assets.geometry", no_shape)] if (no_shape := _no_shapes(given)) else []
    )
    shapes, middle, mended = _sound(given)
    plain = {str(n): table[n] for n in table if n not in {GEOMETRY, "lon", "lat"}}
    read = read_assets({**plain, "lon": middle[:, 0], "lat": middle[:, 1]}, curves)
    shapes[np.isnan(read.lonlat).any(axis=1)] = None
    wrong = rows_fault("mended", "assets.geometry", mended, read.id)
    return replace(read, shapes=shapes, step_m=step, faults=(*read.faults, *wrong))


def _objects(column: Any) -> NDArray[Any]:
    """Return a column of geometries as they stand."""
    given = np.empty(len(column), dtype=object)
    given[:] = list(column)
    return given


def _no_shapes(given: NDArray[Any]) -> list[str]:
    """Return what stands in place of a geometry, such as its text; blank is none."""
    import shapely

    rest = given[~shapely.is_geometry(given)]
    return [str(one) for one in rest if one is not None and one == one]


def _sound(given: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_]]:
    """Return geometries that can be measured, a place of each, and which had to be mended."""
    import shapely

    shapes = given.copy()
    shapes[~shapely.is_geometry(shapes)] = None
    shapes[shapely.is_empty(shapes)] = None
    wrong = ~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)
    wrong &= shapely.get_dimensions(shapes) == 2
    if wrong.any():
        shapes[wrong] = shapely.make_valid(shapes[wrong])
    box = shapely.bounds(shapes)
    lost = ~np.isfinite(box).all(axis=1)
    shapes[lost] = None
    middle = (box[:, :2] + box[:, 2:]) / 2
    middle[lost] = np.nan
    return shapes, middle, wrong & ~lost
