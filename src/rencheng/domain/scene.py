"""What a picture from above says about water on the ground, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rencheng.domain.provenance import Mode, Origin


class SceneKind(StrEnum):
    """What a scene was taken with."""

    RADAR = "radar"
    """Backscatter of a radar, which sees through clouds."""
    OPTICAL = "optical"
    """Green light against near or short-wave infrared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterMap:
    """Water on the ground at the time of a scene, and what of it was not there before."""

    id: str
    scene: str
    """Name of the scene, such as the id of its STAC item."""
    before: str
    """Name of the scene it was compared with."""
    kind: SceneKind
    taken: datetime
    """[UTC]"""
    before_taken: datetime
    """[UTC]"""
    received: datetime
    """[UTC]"""
    source: str
    licence: str
    origin: Origin
    footprint: tuple[tuple[float, float], ...]
    """Outline of the scene's part that was read, closed. [deg]"""
    pixel_m: float
    """Side of a pixel that was judged. [m]"""
    method: str
    """Method and its version."""
    threshold: float
    """Value at which water and land are equally likely. [dB, or 1 for an index]"""
    separation: float
    """Ashman's D of the two classes; above 2 they stand apart."""
    city: str
    """Version of the city whose cells these are."""
    cells: tuple[str, ...]
    """Ids of the management grid's cells that the scene touches."""
    water: tuple[float, ...]
    """Expected share of a cell under water; NaN unknown. (cells,)"""
    flooded: tuple[float, ...]
    """Expected share of a cell under water now and dry before; NaN unknown. (cells,)"""
    confidence: tuple[float, ...]
    """Mean probability of the likelier class of its pixels, 0.5 to 1; NaN unknown. (cells,)"""
    seen: tuple[float, ...]
    """Share of a cell that both scenes show, without clouds and gaps. (cells,)"""
    mode: Mode
    run: str
