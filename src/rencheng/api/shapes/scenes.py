"""Water seen from above."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from rencheng.api.shapes.common import ModeName, OriginName, Page, Shape, WhyOut

MAX_CELLS = 200_000
Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[list[Share | None], Field(max_length=MAX_CELLS)]
"""Null is unknown."""
SceneKindName = Literal["radar", "optical"]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class WaterMapIn(Shape):
    """A map of water as `rencheng scene water` makes it."""

    scene: Name
    before: Name
    kind: SceneKindName
    taken: AwareDatetime
    before_taken: AwareDatetime
    source: str = Field(default="", max_length=200)
    licence: str = Field(default="", max_length=200)
    origin: Literal["observed", "synthetic"] = "observed"
    footprint: list[tuple[float, float]] = Field(min_length=4, max_length=1000)
    pixel_m: float = Field(gt=0)
    method: Name
    threshold: float
    separation: float
    city: Name
    cells: list[Name] = Field(min_length=1, max_length=MAX_CELLS)
    water: Shares
    flooded: Shares
    confidence: Shares
    seen: list[Share] = Field(max_length=MAX_CELLS)

    @model_validator(mode="after")
    def _fits(self) -> WaterMapIn:
        lengths = {len(one) for one in (self.water, self.flooded, self.confidence, self.seen)}
        if lengths != {len(self.cells)}:
            raise ValueError("cells, water, flooded, confidence and seen differ in length")
        if self.before_taken >= self.taken:
            raise ValueError("before_taken is not before taken")
        return self


class WaterMapOut(Shape):
    """A map of water without its cells: what, when, where, how sure."""

    id: str
    scene: str
    before: str
    kind: SceneKindName
    taken: AwareDatetime
    before_taken: AwareDatetime
    received: AwareDatetime
    source: str
    licence: str
    footprint: list[tuple[float, float]]
    pixel_m: float
    threshold: float
    separation: float
    city: str
    flooded_km2: float | None
    """Expected area under water now and dry before."""
    people: float | None
    """Residents of that area, spread evenly over each cell."""
    confidence: float | None
    seen: float
    """Share of the city's cells that both scenes show."""
    origin: OriginName
    mode: ModeName
    why: WhyOut


class WaterMapsOut(Page[WaterMapOut]):
    """A page of maps of water; `total` counts those that were asked for."""

    all: int
    """How many there are, whatever was asked for."""


class WaterCellsOut(WaterMapOut):
    """A map of water with its cells; null is unknown."""

    cells: list[str]
    water: list[float | None]
    flooded: list[float | None]
    cell_confidence: list[float | None]
    cell_seen: list[float | None]
