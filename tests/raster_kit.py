"""Makes small rasters for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


def save(
    file: Path, *bands, corner=(13.0, 53.0), step=(0.001, 0.001), crs="EPSG:4326", **profile
) -> Path:
    """Write bands of cells as a GeoTIFF and return the file."""
    rasterio = pytest.importorskip("rasterio", reason="the extra `data` is not installed")
    from rasterio.transform import Affine

    cells = [np.asarray(band) for band in bands]
    at = profile.pop("transform", Affine(step[0], 0, corner[0], 0, -step[1], corner[1]))
    with rasterio.open(
        file, "w", driver="GTiff", height=cells[0].shape[0], width=cells[0].shape[1],
        count=len(cells), dtype=cells[0].dtype, crs=crs, transform=at, **profile,
    ) as data:  # fmt: skip
        for number, band in enumerate(cells, start=1):
            data.write(band, number)
    return file
