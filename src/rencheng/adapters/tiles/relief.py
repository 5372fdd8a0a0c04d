"""Terrain as picture tiles: heights in three bytes a pixel (Mapbox Terrain-RGB), as PNG."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.tiles.drawing import WORLD_BITS, to_lonlat
from rencheng.domain.city import F64, Flags, Terrain

SIDE = 256
"""Pixels along an edge of a tile."""
LOWEST_M, STEP_M = -10_000.0, 0.1
"""Mapbox Terrain-RGB v1: height = -10000 + 0.1 × (65536 R + 256 G + B). [m]"""
_FADE = SIDE / 8
"""How far known heights reach into the unknown. No source: our choice. [pixel]"""
_KNOTS = 17
"""Places along an edge that are projected exactly; between them the place is interpolated."""


@dataclass(frozen=True)
class Relief:
    """The terrain of a city, asked for by tile."""

    terrain: Terrain

    @property
    def is_known(self) -> bool:
        """Whether there is any terrain."""
        return self.terrain.z.size > 0 and len(self.terrain.crs) == 1

    @cached_property
    def _projected(self) -> Any:
        from pyproj import Transformer

        return Transformer.from_crs("EPSG:4326", self.terrain.crs[0], always_xy=True)

    @cached_property
    def _middle(self) -> float:
        return float(np.nanmedian(self.terrain.z))

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north of the raster, None without one. [deg]"""
        if not self.is_known:
            return None
        rows, columns = self.terrain.z.shape
        left, top = self.terrain.corner
        right = left + columns * self.terrain.step[0]
        bottom = top - rows * self.terrain.step[1]
        return tuple(
            float(v)
            for v in self._projected.transform_bounds(left, bottom, right, top, direction="INVERSE")
        )  # type: ignore[return-value]

    def heights(self, zoom: int, x: int, y: int) -> F64:
        """Return heights at the middles of a tile's pixels; NaN unknown. [m] (SIDE, SIDE)

        Bilinear between the cells' middles. Not averaged: far below the raster's own resolution a
        pixel is a sample of the ground under it.
        """
        east, north = self._places(zoom, x, y)
        table = self.terrain
        column = (east - table.corner[0]) / table.step[0] - 0.5
        row = (table.corner[1] - north) / table.step[1] - 0.5
        return _bilinear(table.z, row, column)

    def tile(self, zoom: int, x: int, y: int) -> bytes:
        """Return a tile as PNG; empty where no height in it is known.

        A pixel without a height fades from the nearest known one to the city's median: the format
        has no word for unknown, and a hole of -10,000 m would cast a shadow.
        """
        if not self.is_known:
            return b""
        heights = self.heights(zoom, x, y)
        known = np.isfinite(heights)
        if not known.any():
            return b""
        return png(coded(_filled(heights, known, self._middle)))

    def _places(self, zoom: int, x: int, y: int) -> tuple[F64, F64]:
        """Return where the middles of a tile's pixels lie in the raster's projection."""
        size = float(1 << (WORLD_BITS - zoom))
        knot = (np.linspace(0.0, SIDE, _KNOTS) / SIDE) * size
        across, down = np.meshgrid(x * size + knot, y * size + knot)
        lonlat = to_lonlat(np.stack([across, down], axis=-1))
        places = self._projected.transform(lonlat[..., 0], lonlat[..., 1])
        at = (np.arange(SIDE) + 0.5) / SIDE * (_KNOTS - 1)
        first = np.minimum(at.astype(np.int64), _KNOTS - 2)
        weight = np.zeros((SIDE, _KNOTS))
        weight[np.arange(SIDE), first] = 1.0 - (at - first)
        weight[np.arange(SIDE), first + 1] = at - first
        east, north = (weight @ np.asarray(place) @ weight.T for place in places)
        return east, north


def coded(heights: F64) -> NDArray[np.uint8]:
    """Return heights as red, green, blue; all are finite. [m] → (rows, columns, 3)

    Examples
    --------
    >>> coded(np.array([[-10_000.0, 0.0, 100.5]]))[0].tolist()
    [[0, 0, 0], [1, 134, 160], [1, 138, 141]]
    """
    step = np.clip(np.round((heights - LOWEST_M) / STEP_M), 0, 2**24 - 1).astype(np.uint32)
    return np.stack([step >> 16, step >> 8 & 255, step & 255], axis=-1).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as PNG (ISO/IEC 15948), each row as differences to the pixel before.

    Parameters
    ----------
    pixels
        Red, green, blue. (rows, columns, 3)
    """
    rows, columns, _ = pixels.shape
    lines = np.empty((rows, 1 + 3 * columns), dtype=np.uint8)
    lines[:, 0] = 1
    lines[:, 1:4] = pixels[:, 0]
    lines[:, 4:] = (pixels[:, 1:] - pixels[:, :-1]).reshape(rows, -1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 6)
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def _bilinear(z: NDArray[np.float32], row: F64, column: F64) -> F64:
    """Return values between cells; NaN outside the raster and beside an unknown cell."""
    rows, columns = z.shape
    outside = (row < -0.5) | (column < -0.5) | (row > rows - 0.5) | (column > columns - 0.5)
    row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
    upper = np.minimum(row.astype(np.int64), max(rows - 2, 0))
    left = np.minimum(column.astype(np.int64), max(columns - 2, 0))
    lower, right = np.minimum(upper + 1, rows - 1), np.minimum(left + 1, columns - 1)
    down, across = row - upper, column - left
    above = z[upper, left] * (1 - across) + z[upper, right] * across
    below = z[lower, left] * (1 - across) + z[lower, right] * across
    found: F64 = (above * (1 - down) + below * down).astype(np.float64)
    found[outside] = np.nan
    return found


def _filled(heights: F64, known: Flags, far: float) -> F64:
    """Return heights of which the unknown ones go from the nearest known to `far`, no step."""
    if known.all():
        return heights
    from scipy.ndimage import distance_transform_edt

    away, nearest = distance_transform_edt(~known, return_indices=True)
    share = np.exp(-away / _FADE)
    filled: F64 = heights[tuple(nearest)] * share + far * (1.0 - share)
    return filled
