"""The list of sensors: searched, filtered and put in order before a page is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from rencheng.api.listing import Descending, Words, finds, natural, ordered
from rencheng.api.paging import Slice
from rencheng.api.shapes.city import SensorOut, SensorsOut
from rencheng.api.shapes.common import HealthName
from rencheng.api.telling import number, point
from rencheng.domain.city import City
from rencheng.service.situation import SensorState

Order = Literal[
    "name", "quantity", "health", "last", "age", "received", "suspect", "vital", "zone", "origin"
]
_WORST_FIRST = ("never", "silent", "stuck", "suspect", "ok")


@dataclass(frozen=True, slots=True)
class SensorWish:
    """Which sensors are wanted, in what order."""

    words: str
    health: Sequence[str]
    quantity: Sequence[str]
    sort: Order | None
    descending: bool


def sensor_wish(
    words: Words = "",
    health: Annotated[list[HealthName] | None, Query(description="Any of these.")] = None,
    quantity: Annotated[list[str] | None, Query(description="Any of these.")] = None,
    sort: Annotated[Order | None, Query(description="Without it, as registered.")] = None,
    descending: Descending = False,
) -> SensorWish:
    """Return which sensors are wanted."""
    return SensorWish(words, health or (), quantity or (), sort, descending)


SensorWishDep = Annotated[SensorWish, Depends(sensor_wish)]


def sensors_out(
    city: City, states: Sequence[SensorState], wish: SensorWish, part: Slice
) -> SensorsOut:
    """Return a page of the sensors that are wanted, with what there is in all."""
    found = [one for one in states if _is_wanted(city, one, wish)]
    if wish.sort is not None:
        keys = _keys(city)
        found = ordered(found, keys[wish.sort], descending=wish.descending)
    page = part.page([_out(city, one) for one in part.cut(found)], len(found))
    return SensorsOut(
        items=page.items,
        total=page.total,
        next=page.next,
        all=len(states),
        health=Counter(one.status.health.value for one in states),
        quantities=sorted({one.stream.quantity.value for one in states}),
    )


def _zone(city: City, state: SensorState) -> str:
    row = state.stream.zone
    return city.zones.name[row] if row >= 0 else ""


def _is_wanted(city: City, state: SensorState, wish: SensorWish) -> bool:
    stream = state.stream
    if wish.health and state.status.health.value not in wish.health:
        return False
    if wish.quantity and stream.quantity.value not in wish.quantity:
        return False
    texts = (stream.name, stream.id, stream.asset, stream.quantity.value, _zone(city, state))
    return not wish.words or finds(wish.words, texts)


def _keys(city: City) -> Mapping[str, Callable[[SensorState], Any]]:
    return {
        "name": lambda one: natural(one.stream.name),
        "quantity": lambda one: one.stream.quantity.value,
        "health": lambda one: _WORST_FIRST.index(one.status.health.value),
        "last": lambda one: number(one.status.last_value),
        "age": lambda one: number(one.status.age_s),
        "received": lambda one: one.count,
        "suspect": lambda one: one.suspect,
        "vital": lambda one: not one.stream.is_vital,
        "zone": lambda one: natural(_zone(city, one)),
        "origin": lambda one: one.stream.origin.value,
    }


def _out(city: City, state: SensorState) -> SensorOut:
    stream = state.stream
    return SensorOut(
        id=stream.id,
        name=stream.name,
        quantity=stream.quantity.value,
        unit=stream.unit,
        xy=point(stream.xy),
        asset=stream.asset,
        zone=_zone(city, state),
        is_vital=stream.is_vital,
        origin=stream.origin.value,
        health=state.status.health.value,
        last_value=number(state.status.last_value),
        last_time=state.status.last_time,
        age_s=number(state.status.age_s),
        count=state.count,
        suspect=state.suspect,
    )
