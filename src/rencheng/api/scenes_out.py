"""The list of maps of water: searched, filtered and put in order before a page is cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from rencheng.api.listing import Descending, Words, finds, natural, ordered
from rencheng.api.paging import Slice
from rencheng.api.shapes.scenes import SceneKindName, WaterCellsOut, WaterMapOut, WaterMapsOut
from rencheng.api.telling import number, numbers, why_out
from rencheng.domain.city import City
from rencheng.domain.scene import WaterMap
from rencheng.service import scenes

Order = Literal[
    "scene", "kind", "taken", "age", "flooded", "people", "confidence", "seen", "origin"
]


@dataclass(frozen=True, slots=True)
class SceneWish:
    """Which maps are wanted, in what order."""

    words: str
    kind: Sequence[str]
    sort: Order | None
    descending: bool


def scene_wish(
    words: Words = "",
    kind: Annotated[list[SceneKindName] | None, Query(description="Any of these.")] = None,
    sort: Annotated[Order | None, Query(description="Without it, the latest scene first.")] = None,
    descending: Descending = False,
) -> SceneWish:
    """Return which maps are wanted."""
    return SceneWish(words, kind or (), sort, descending)


SceneWishDep = Annotated[SceneWish, Depends(scene_wish)]


def maps_out(city: City, every: Sequence[WaterMap], wish: SceneWish, part: Slice) -> WaterMapsOut:
    """Return a page of the maps that are wanted, and how many there are in all."""
    found = sorted(
        (
            one
            for one in every
            if (not wish.kind or one.kind.value in wish.kind)
            and finds(wish.words, (one.scene, one.before, one.source))
        ),
        key=lambda one: one.taken,
        reverse=True,
    )
    if wish.sort is not None:
        found = ordered(found, _keys(city)[wish.sort], descending=wish.descending)
    page = part.page([WaterMapOut(**_out(city, one)) for one in part.cut(found)], len(found))
    return WaterMapsOut(items=page.items, total=page.total, next=page.next, all=len(every))


def map_out(city: City, one: WaterMap) -> WaterMapOut:
    """Return a map of water without its cells."""
    return WaterMapOut(**_out(city, one))


def cells_out(city: City, one: WaterMap) -> WaterCellsOut:
    """Return a map of water with its cells."""
    return WaterCellsOut(
        **_out(city, one),
        cells=list(one.cells),
        water=numbers(one.water),
        flooded=numbers(one.flooded),
        cell_confidence=numbers(one.confidence),
        cell_seen=numbers(one.seen),
    )


def _keys(city: City) -> Mapping[str, Callable[[WaterMap], Any]]:
    def total(name: str) -> Callable[[WaterMap], Any]:
        return lambda one: number(getattr(scenes.totals(city, one), name))

    return {
        "scene": lambda one: natural(one.scene),
        "kind": lambda one: one.kind.value,
        "taken": lambda one: one.taken,
        "age": lambda one: -one.taken.timestamp(),
        "flooded": total("flooded_km2"),
        "people": total("people"),
        "confidence": total("confidence"),
        "seen": total("seen"),
        "origin": lambda one: one.origin.value,
    }


def _out(city: City, one: WaterMap) -> dict[str, Any]:
    sums = scenes.totals(city, one)
    return {
        "id": one.id,
        "scene": one.scene,
        "before": one.before,
        "kind": one.kind.value,
        "taken": one.taken,
        "before_taken": one.before_taken,
        "received": one.received,
        "source": one.source,
        "licence": one.licence,
        "footprint": list(one.footprint),
        "pixel_m": one.pixel_m,
        "threshold": one.threshold,
        "separation": one.separation,
        "city": one.city,
        "flooded_km2": number(sums.flooded_km2),
        "people": number(sums.people),
        "confidence": number(sums.confidence),
        "seen": sums.seen,
        "origin": one.origin.value,
        "mode": one.mode.value,
        "why": why_out(scenes.why(one)),
    }
