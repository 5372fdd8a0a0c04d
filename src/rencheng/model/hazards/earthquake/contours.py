"""Lines of equal shaking on a published map, by marching squares.

Lorensen and Cline 1987 (doi:10.1145/37401.37422) in two dimensions; where a cell's corners cross
over, the mean of the four decides. Linear between the map's points, as `mapped` reads it.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from rencheng.domain.hazard import ShakingMap

F64 = NDArray[np.float64]
MOST_CELLS = 160_000
"""Cells that are looked at; of a finer map every second, third … row and column. Ours."""
TOP, RIGHT, BOTTOM, LEFT = range(4)


def contours(given: ShakingMap, level: float) -> list[F64]:
    """Return the lines on which a map's median PGA has a value.

    Parameters
    ----------
    given
        The map.
    level
        PGA. [g]

    Returns
    -------
    lines
        Lon, lat of their vertices; closed ones end where they begin. A line ends at the map's edge
        and where the map says nothing. [deg] each (vertices, 2)
    """
    values, x, y = _sampled(given)
    pieces = _pieces(values, x, y, level)
    pieces = pieces[(pieces[:, 0] != pieces[:, 1]).any(axis=1)]
    if not len(pieces):
        return []
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(pieces)))
    return [shapely.get_coordinates(one) for one in shapely.get_parts(merged)]


def _sampled(given: ShakingMap) -> tuple[F64, F64, F64]:
    """Return the map's PGA, thinned where there is too much of it, and its lons and lats."""
    step = int(np.ceil(np.sqrt(given.rows * given.columns / MOST_CELLS)))
    row = np.unique([*range(0, given.rows, step), given.rows - 1])
    column = np.unique([*range(0, given.columns, step), given.columns - 1])
    values = given.layers()[0][np.ix_(row, column)].astype(np.float64)
    return values, given.west + column * given.step_lon, given.north - row * given.step_lat


def _pieces(values: F64, x: F64, y: F64, level: float) -> F64:
    """Return the straight pieces of the lines within each cell. (pieces, 2, 2)"""
    lon, lat = np.meshgrid(x, y)
    grid = np.stack([lon, lat], axis=-1)
    flat = _crossing(values, grid, level, axis=1)
    upright = _crossing(values, grid, level, axis=0)
    edges = np.stack([flat[:-1], upright[:, 1:], flat[1:], upright[:, :-1]], axis=2)
    corners = np.stack(
        [values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]], axis=-1
    )
    above = np.greater_equal(corners, level)
    is_known = np.asarray(np.isfinite(corners).all(axis=-1, keepdims=True))
    crossed = np.isfinite(edges[..., 0]) & is_known
    simple = crossed.sum(axis=-1) == 2  # noqa: PLR2004 in by one edge, out by the other
    pair = np.argsort(~crossed[simple], axis=-1, kind="stable")[:, :2]
    found = [np.take_along_axis(edges[simple], pair[..., None], axis=1)]
    saddle = crossed.all(axis=-1)
    is_alike = np.asarray((corners[saddle].mean(axis=-1) >= level) == above[saddle][:, 0])
    four = edges[saddle]
    for alike, pairs in ((True, ((TOP, RIGHT), (LEFT, BOTTOM))),
                         (False, ((TOP, LEFT), (RIGHT, BOTTOM)))):  # fmt: skip
        found += [four[is_alike if alike else ~is_alike][:, ends] for ends in pairs]
    return np.concatenate(found)


def _crossing(values: F64, grid: F64, level: float, *, axis: int) -> F64:
    """Return where the level is crossed between neighbours along an axis; NaN: it is not."""
    first, last = (slice(None, -1), slice(1, None))
    one = values[:, first] if axis else values[first]
    two = values[:, last] if axis else values[last]
    start = grid[:, first] if axis else grid[first]
    end = grid[:, last] if axis else grid[last]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where((one >= level) != (two >= level), (level - one) / (two - one), np.nan)
    return np.asarray(start + (end - start) * part[..., None])
