"""Makes scenes over the tiny city: sea in the west of the box, a flood over the zone 102."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from raster_kit import save
from tiny_parties import SOUTH, STEP_LAT, STEP_LON, WEST

PIXEL = STEP_LON / 100
"""About 5 m."""
ROWS, COLUMNS = 260, 420
CORNER = (WEST - 0.8 * STEP_LON, SOUTH + 2.3 * STEP_LAT)
LOOKS = 4.4


def places() -> tuple[np.ndarray, np.ndarray]:
    """Return zones east of the city's west edge and north of its south edge, pixel by pixel."""
    x = (CORNER[0] + (np.arange(COLUMNS) + 0.5) * PIXEL - WEST) / STEP_LON
    y = (CORNER[1] - (np.arange(ROWS) + 0.5) * PIXEL - SOUTH) / STEP_LAT
    return np.meshgrid(x, y)


def water(*, is_flooded: bool) -> np.ndarray:
    """Return which pixels are water: the sea, and the zone 102 when it is flooded."""
    x, y = places()
    sea = x < 0.25
    return sea | ((x >= 1) & (x < 2) & (y >= 0) & (y < 1)) if is_flooded else sea


def radar(file: Path, *, is_flooded: bool, seed: int = 1, **profile: object) -> Path:
    """Write backscatter of sea and land 10 dB apart, with speckle."""
    rng = np.random.default_rng(seed)
    mean = np.where(water(is_flooded=is_flooded), 10**-1.9, 10**-0.9)
    power = mean * rng.gamma(LOOKS, 1 / LOOKS, mean.shape)
    return save(file, power.astype(np.float32), corner=CORNER, step=(PIXEL, PIXEL), **profile)


def optical(file: Path, *, is_flooded: bool, clouds: np.ndarray | None = None) -> Path:
    """Write green and near infrared reflectance, and a band of classes with clouds."""
    rng = np.random.default_rng(3)
    wet = water(is_flooded=is_flooded)
    green = np.where(wet, 0.08, 0.10) + rng.normal(0, 0.01, wet.shape)
    infrared = np.where(wet, 0.02, 0.30) + rng.normal(0, 0.005, wet.shape)
    classes = np.where(clouds, 9, 4) if clouds is not None else np.full(wet.shape, 4)
    bands = [band.astype(np.float32) for band in (green, infrared, classes)]
    return save(file, *bands, corner=CORNER, step=(PIXEL, PIXEL))


def item(file: Path, taken: str, assets: dict[str, object], **properties: object) -> Path:
    """Write a STAC item."""
    body = {
        "type": "Feature", "stac_version": "1.1.0", "id": file.stem, "geometry": None,
        "properties": {"datetime": taken, **properties}, "assets": assets, "links": [],
    }  # fmt: skip
    file.write_text(json.dumps(body), encoding="utf-8")
    return file
