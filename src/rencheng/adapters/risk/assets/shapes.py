"""Assets given as areas and lines: read, covered with the points of an event set, computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.readers import Job
from rencheng.adapters.risk.assets.table import Assets, curves_for, portfolio, read_assets
from rencheng.adapters.risk.events.table import EventSet, Table, doubts
from rencheng.adapters.risk.faults import Named, fault, refuse, rows_fault
from rencheng.adapters.risk.tables import must_be_there
from rencheng.domain.curve import Curve
from rencheng.domain.errors import Fault
from rencheng.domain.risk import NO_PLACE, OUTSIDE, EventImpact, EventSource
from rencheng.domain.risk_parts import Parts
from rencheng.model.risk.blocks import BUDGET_MB
from rencheng.model.risk.parts import impact_of_parts

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


def run_shapes(
    assets: Table,
    events: EventSet,
    curves: Mapping[str, Curve],
    *,
    currency: str,
    year: int,
    budget_mb: float = BUDGET_MB,
    with_matrix: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> EventImpact:
    """Return what events do to assets that are areas, lines or points.

    Parameters
    ----------
    assets
        As `run` takes them, with `geometry` (shapely, lon, lat) instead of `lon` and `lat`; a
        `ShapeTable` says how finely it is cut.
    events, curves, currency, year, budget_mb, with_matrix, progress
        As `run`.

    Raises
    ------
    InvalidInputError, TooMuchError
        As `run`.

    Notes
    -----
    See `rencheng.adapters.risk.assets.covering.cover` and
    `rencheng.model.risk.parts.impact_of_parts`.
    """
    step, read, source, parts, found = located(assets, events, curves)
    fitting = curves_for(curves, source.head)
    folio, _ = portfolio(read, list(curves), np.zeros((0, 2)), 0.0, currency=currency, year=year)
    result = impact_of_parts(
        source,
        folio,
        parts,
        fitting,
        budget_mb=budget_mb,
        with_matrix=with_matrix,
        progress=progress,
        versions={
            "events": source.head.source,
            "step_m": f"{step:.6g}",
            **{f"curve {one.id}": one.version for one in fitting},
        },
    )
    return replace(result, faults=(*found, *doubts(source)))


def located(
    assets: Table, events: EventSet, curves: Mapping[str, Curve]
) -> tuple[float, Assets, EventSource, Parts, tuple[Fault, ...]]:
    """Return step [m], assets, events, where each part of an asset lies, and what is wrong."""
    from rencheng.adapters.risk.assets.covering import cover

    step = assets.step_m if isinstance(assets, ShapeTable) else STEP_M
    if not step > 0:
        refuse([fault("step", "step_m", [f"{step:g}"])])
    given = _objects(assets[GEOMETRY])
    refuse(
        [fault("geometry", "assets.geometry", no_shape)] if (no_shape := _no_shapes(given)) else []
    )
    shapes, middle, mended = _sound(given)
    plain = {str(n): assets[n] for n in assets if n not in {GEOMETRY, "lon", "lat"}}
    read = read_assets({**plain, "lon": middle[:, 0], "lat": middle[:, 1]}, curves)
    shapes[np.isnan(read.lonlat).any(axis=1)] = None
    source, parts = cover(shapes, events, step)
    wrong = rows_fault("mended", "assets.geometry", mended, read.id)
    return step, read, source, parts, (*read.faults, *wrong, *_outside(parts, read.id))


def standing_points(parts: Parts) -> NDArray[np.int32]:
    """Return a point of each asset, `OUTSIDE` or `NO_PLACE`, so that it is judged as a whole."""
    point = np.where(np.isnan(parts.outside), NO_PLACE, OUTSIDE).astype(np.int32)
    point[parts.asset] = parts.point
    return point


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


def _outside(parts: Parts, ids: NDArray[Any]) -> list[Fault]:
    names = _Shares(ids, parts)
    return [
        *rows_fault("outside", "assets.geometry", parts.outside == 1.0, ids),
        *rows_fault("partly", "assets.geometry", (parts.outside > 0) & (parts.outside < 1), names),
    ]


class _Shares(Named):
    """Ids with the share that lies outside."""

    def __init__(self, ids: NDArray[Any], parts: Parts) -> None:
        self._ids, self._parts = ids, parts

    def __getitem__(self, row: int, /) -> str:
        return f"{self._ids[row]} ({self._parts.outside[row]:.1%})"
