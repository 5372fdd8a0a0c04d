"""Heights of the terrain at places."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from pyproj import Transformer

from rencheng.domain.city import F64, Terrain


@lru_cache(maxsize=8)
def _to_terrain(crs: str) -> Transformer:
    return Transformer.from_crs(4326, crs, always_xy=True)


def heights_at(terrain: Terrain, xy: F64) -> F64:
    """Return the height of the ground at places, between the centres of the cells.

    Parameters
    ----------
    terrain
        Heights on a raster; none at all gives NaN everywhere.
    xy
        Lon, lat (WGS84). [deg] (places, 2)

    Returns
    -------
    height
        NaN outside the raster, beside a cell of unknown height, and where a place is NaN. Within
        half a cell of the raster's edge it is the height of the outermost cells. [m] (places,)

    Notes
    -----
    Bilinear: exact on a plane, and never above or below the four cells around.

    Examples
    --------
    >>> ramp = Terrain(
    ...     z=np.array([[0.0, 10.0]], np.float32),
    ...     corner=np.array([0.0, 1.0]), step=np.array([1.0, 1.0]), crs=("EPSG:4326",),
    ... )
    >>> heights_at(ramp, np.array([[0.5, 0.5], [1.0, 0.5], [3.0, 0.5]])).tolist()
    [0.0, 5.0, nan]
    """
    places = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    height = np.full(len(places), np.nan)
    rows, columns = terrain.z.shape
    if not terrain.crs or not rows or not columns or not len(places):
        return height
    x, y = _to_terrain(terrain.crs[0]).transform(places[:, 0], places[:, 1])
    column = (np.asarray(x) - terrain.corner[0]) / terrain.step[0]
    row = (terrain.corner[1] - np.asarray(y)) / terrain.step[1]
    with np.errstate(invalid="ignore"):
        inside = (column >= 0) & (column <= columns) & (row >= 0) & (row <= rows)
    column = np.clip(column[inside] - 0.5, 0.0, columns - 1.0)
    row = np.clip(row[inside] - 0.5, 0.0, rows - 1.0)
    left = np.minimum(column.astype(np.int64), max(columns - 2, 0))
    top = np.minimum(row.astype(np.int64), max(rows - 2, 0))
    east, south = column - left, row - top
    total = np.zeros(len(left))
    for down, across, weight in (
        (0, 0, (1 - south) * (1 - east)),
        (0, 1, (1 - south) * east),
        (1, 0, south * (1 - east)),
        (1, 1, south * east),
    ):
        z = terrain.z[np.minimum(top + down, rows - 1), np.minimum(left + across, columns - 1)]
        total += np.where(weight > 0.0, weight * z, 0.0)
    height[inside] = total
    return height
